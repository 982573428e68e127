"""Every piece renders in both languages, and the page that holds them obeys the Content-Security-Policy."""

import json
import re

import pytest
from starlette.testclient import TestClient

from guanxi.base.i18n import L, Locale
from guanxi.entrypoints.web import parts, render
from guanxi.entrypoints.web.assets import STYLES, asset, join_scripts, load, version
from guanxi.entrypoints.web.session import safe_path
from tests.entrypoints.web.kitchen import make_app


@pytest.fixture
def kitchen():
    yield TestClient(make_app())
    render.ENV.clear()


@pytest.mark.parametrize("part", ["list", "board", "record", "home", "states", "sign-in"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_piece_renders(kitchen, part, lang):
    page = kitchen.get("/", params={"part": part, "lang": lang})
    assert page.status_code == 200
    assert not re.search(r"<[^>]*\s(style|on[a-z]+)=", page.text)
    assert f'lang="{"en" if lang == "en" else "zh-CN"}"' in page.text
    assert ("Skip to content" in page.text) == (lang == "en" and part != "sign-in")


def test_static_files_are_kept_for_ever_and_packed(kitchen):
    answer = kitchen.get(asset(STYLES), headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert kitchen.get(f"/static/old/{STYLES}").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["../app.py", "gx/../../app.py", "%2e%2e/app.py", "gx/none.css", ""])
def test_nothing_else_is_served(kitchen, name):
    assert kitchen.get(f"/static/{version()}/{name}").status_code == 404
    assert load("../render.py") is None


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("陈晓雯", "晓雯"),
        ("欧阳修", "阳修"),
        ("李薇", "李薇"),
        ("Li Wei", "LW"),
        ("Ada", "A"),
        ("", "?"),
        ("Mary-Jane O", "MO"),
    ],
)
def test_initials(name, short):
    assert parts.initials(name) == short


def test_dates_by_language():
    zh, en = (Locale(language, now=1_795_500_000_000_000) for language in ("zh-CN", "en"))
    assert parts.show_date(20_781, zh) == "11/24 周二"
    assert parts.show_date(20_781, en) == "Tue 24 Nov"
    assert parts.show_date(20_781, en, "full") == "24 Nov 2026"
    assert parts.show_date(None, zh) == ""


def test_sentences_with_markup_escape_their_gaps():
    token = render.LOCALE.set(Locale("en"))
    assert render.th("<b>{name}</b>", name="<i>") == "<b>&lt;i&gt;</b>"
    assert render.label(L("Amount", "金额")) == "Amount"
    render.LOCALE.reset(token)


def test_json_cannot_leave_its_script():
    text = str(render.to_json({"a": "</script><b>'&"}))
    assert not set("<>&'") & set(text)
    assert json.loads(text) == {"a": "</script><b>'&"}


@pytest.mark.parametrize("bad", ["//evil.example", "https://evil.example", "/\\evil", "/a\nb", "", "evil", "/a\\b"])
def test_only_our_own_paths_are_followed(bad):
    assert safe_path(bad) == "/"
    assert safe_path("/o/account?view=3") == "/o/account?view=3"


def test_urls_leave_empty_values_out():
    assert render.url("/o/x", view=None, q="", page=2, tag=["a", "b"]) == "/o/x?page=2&tag=a&tag=b"


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("禾木智能装备（苏州）有限公司", "禾"),
        ("上海博川电子厂", "博"),
        ("苏州银行", "苏"),
        ("Alder & Finch", "A"),
        ("…", "?"),
    ],
)
def test_marks_of_companies(name, mark):
    assert parts.mark_of(name) == mark


def test_scripts_of_every_page_are_one_module():
    text = join_scripts()
    declared = re.findall(r"^(?:export )?(?:const|let|class|(?:async )?function) (\w+)", text, re.MULTILINE)
    assert len(declared) == len(set(declared)), "a top-level name stands in two of the joined modules"
    assert not re.search(r"^import ", text, re.MULTILINE)
    other = load("gx/grid.js")
    assert other is not None
    assert b"./toast.js" not in other.body
