"""Normal forms of names, phones, e-mails, and what two of them have in common; in Chinese and Latin."""

from __future__ import annotations

import random

import pytest

from guanxi.kernel.matching.names import company, like_company, like_person, person_sound
from guanxi.kernel.matching.plan import read_parts, write_parts
from guanxi.kernel.matching.score import ComparePlan, KeyPlan, MatchPlan, judge, keys_of
from guanxi.kernel.matching.values import email, like_phone, phone
from tests.kernel.matching.febrl import figures

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉"
HEADS = "远山华芯晨光宏图瑞丰天成博雅盛世金桥海纳云帆启明恒通星河龙腾嘉和锦绣"
TRADES = ("自动化", "科技", "电子", "机械", "贸易", "新材料", "生物", "物流", "食品", "精密")
PLACES = ("上海", "苏州", "深圳市", "江苏省苏州市", "广东", "杭州", "北京市")
FORMS = ("有限公司", "股份有限公司", "有限责任公司", "集团", "集团有限公司")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("上海远山自动化有限公司", "远山自动化"),
        ("远山自动化（苏州）有限公司", "苏州远山自动化股份有限公司"),
        ("Acme Co., Ltd.", "ACME GmbH"),
        ("Müller Werkzeug GmbH", "Muller Werkzeug"),
        ("北京银行股份有限公司", "北京银行"),
    ],
)
def test_companies_are_the_same_without_legal_form_and_place(one: str, two: str) -> None:
    assert like_company(one, two) >= 0.95


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("上海远山自动化有限公司", "北京远山自动化有限公司"),
        ("远山自动化", "远海自动化"),
        ("远山科技", "远山自动化"),
        ("远山自动化有限公司上海分公司", "远山自动化有限公司"),
        ("北京银行", "上海银行"),
        ("Acme Tools", "Apex Tools"),
    ],
)
def test_companies_that_only_look_alike_are_not(one: str, two: str) -> None:
    assert like_company(one, two) < 0.75


def test_places_and_branches_are_taken_from_the_name() -> None:
    assert company("江苏省苏州市远山自动化股份有限公司").core == "远山自动化"
    assert company("海南航空集团").core == "海南航空"  # the place is the name
    assert company("远山自动化有限公司上海分公司").branch


def test_people_across_order_and_script() -> None:
    assert like_person("Wei Zhang", "ZHANG, Wei") == 1.0
    assert like_person("张伟明", "Weiming Zhang") >= 0.9
    assert person_sound("张伟明") == person_sound("Zhang Wei Ming")
    assert like_person("张伟", "张玮") == 0.85  # sounds the same, written otherwise
    assert like_person("张伟", "张强") < 0.5  # of two characters one makes another person


def test_phones_and_mails() -> None:
    assert phone("+8613800001234;ext=8") == phone("13800001234") == "3800001234"
    assert phone("+86 512 6288 1234") != phone("+86 21 6288 1234")
    assert like_phone("+8613800001234", "+8613800001235") < 1
    assert email("Li.Wei+news@Gmail.com") == email("liwei@gmail.com")
    assert email("li.wei+x@example.com") == "li.wei@example.com"


def test_parts_are_written_as_text_and_back() -> None:
    parts = read_parts("mobile, phone: phone + name: person")
    assert parts == ((("mobile", "phone"), "phone"), (("name",), "person"))
    assert read_parts(write_parts(parts)) == parts


def _plan() -> MatchPlan:
    from guanxi.base.i18n import L

    keys = (
        KeyPlan("name", L("Name", "名"), ((("name",), "company"),), 0, "warn"),
        KeyPlan("sound", L("Sound", "音"), ((("name",), "company_sound"),), 0, "warn"),
    )
    return MatchPlan(
        keys,
        (ComparePlan(("name",), ("name",), "company", 60, L("Name", "名")),),
        60,
        75,
        ("name",),
        frozenset({"name"}),
    )


def test_keys_tell_nothing_without_the_secret() -> None:
    row = {"id": 1, "name": "远山自动化"}
    one, two = keys_of(_plan(), row, "a", 7), keys_of(_plan(), row, "b", 7)
    assert {k for k, _ in one} == {"name", "sound"}
    assert not {v for _, v in one} & {v for _, v in two}
    assert all("远山" not in v and "yuan" not in v for _, v in one)


def _companies(seed: int, number: int) -> tuple[list[dict[str, object]], set[tuple[int, int]]]:
    """Companies with a name of three or four characters and a trade, each written in one to three ways."""
    rng = random.Random(seed)
    rows: list[dict[str, object]] = []
    true: set[tuple[int, int]] = set()
    for core in sorted({"".join(rng.sample(HEADS, rng.choice((2, 2, 3)))) + rng.choice(TRADES) for _ in range(number)}):
        place = rng.choice(PLACES)
        ids = []
        for _ in range(rng.choice((1, 1, 2, 3))):
            head = rng.choice((place, ""))
            inside = f"（{place}）" if not head and rng.random() < 0.3 else ""
            text = head + core + inside + rng.choice((*FORMS, ""))
            if rng.random() < 0.1:
                text = text.replace("自动化", "自动化设备")
            rows.append({"id": len(rows) + 1, "name": text})
            ids.append(len(rows))
        true |= {(a, b) for n, b in enumerate(ids) for a in ids[:n]}
    return rows, true


def test_chinese_company_names_written_in_several_ways() -> None:
    from guanxi.kernel.duplicates.linkage import by_keys

    rows, true = _companies(20261122, 3_000)
    by_id = {r["id"]: r for r in rows}
    plan = _plan()
    found = {p for p in by_keys(plan, rows) if judge(plan, by_id[p[0]], by_id[p[1]]).score >= plan.suggest}
    precision, recall = figures(found, true)
    print(f"Chinese companies: {len(rows)} names, {len(true)} pairs: precision {precision:.4f}, recall {recall:.4f}")
    assert precision >= 0.97
    assert recall >= 0.99


def test_chinese_names_and_their_pinyin() -> None:
    """The same person in characters and in Latin letters, in either order; homophones count as found wrongly."""
    rng = random.Random(7)
    names = sorted({rng.choice(SURNAMES) + "".join(rng.sample(GIVEN, rng.choice((1, 2)))) for _ in range(400)})
    from guanxi.base.text import pinyin

    right = sum(
        like_person(n, " ".join((s := pinyin(n).split())[1:]).replace(" ", "").title() + " " + s[0].title()) >= 0.9
        for n in names
    )
    wrong = sum(like_person(a, b) >= 0.9 for n, a in enumerate(names) for b in names[:n])
    print(f"Chinese people: {right} of {len(names)} found by their pinyin; {wrong} pairs of different people")
    assert right == len(names)
    assert wrong == 0
