"""Names of companies and people in a form that can be compared: without legal form, region, order and script."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz.distance import JaroWinkler
from rapidfuzz.fuzz import ratio, token_sort_ratio

from guanxi.base.text import fold, has_han, pinyin
from guanxi.kernel.fields import regions

_LEGAL_ZH = re.compile(
    r"(?:集团|控股|股份|有限|责任|公司|总公司|分公司|办事处|合伙企业|普通合伙|特殊普通合伙|个体工商户|"
    r"事务所|（集团）|\(集团\))++$"
)
"""Possessive, and no word made of two others: a name that repeats them must not be read in 2ⁿ ways."""
_BRANCH_ZH = re.compile(r"(?:分公司|办事处|分店|分部|支行|分行)$")
_LEGAL_EN = frozenset(
    [
        "co",
        "company",
        "corp",
        "corporation",
        "inc",
        "incorporated",
        "ltd",
        "limited",
        "llc",
        "llp",
        "plc",
        "gmbh",
        "ag",
        "kg",
        "ohg",
        "sa",
        "sas",
        "sarl",
        "srl",
        "spa",
        "bv",
        "nv",
        "ab",
        "oy",
        "as",
        "aps",
        "pte",
        "pty",
        "kk",
        "group",
        "holding",
        "holdings",
        "the",
        "and",
        "of",
        "intl",
        "international",
    ]
)
_BRACKETS = re.compile(r"[(（\[【]([^)）\]】]*)[)）\]】]")
_PLAIN = re.compile(
    r"(?:银行|航空|大学|医院|电力|燃气|地铁|水务|机场|港务|建工|汽车|钢铁|石化|证券|保险|信托|基金|旅游)$"
)
"""Words that name a company only together with its place: 北京银行, 海南航空."""
_WORD = re.compile(r"[^\W_]+")
_TITLES = frozenset(["mr", "mrs", "ms", "miss", "dr", "prof", "sir", "herr", "frau"])
_TITLES_ZH = re.compile(r"(?:先生|女士|小姐|老师|经理|总经理|总监|总|工程师|主任|博士|教授)$")


@dataclass(frozen=True, slots=True)
class Company:
    """A company's name taken apart: what is left without legal form and place, the place, whether it is a branch."""

    core: str
    region: str = ""
    branch: bool = False


@cache
def _places() -> dict[str, str]:
    """Provinces and cities by the name people write, with and without the ending."""
    found: dict[str, str] = {}
    for code, province in regions.provinces():
        names = [province, *(name for _, name in regions.children(code) if code[:2] not in regions.MUNICIPALITIES)]
        for name in names:
            short = regions.short_name(name)
            found[name] = short
            if len(short) >= 2:
                found.setdefault(short, short)
    return found


@cache
def _place_pattern() -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, _places()), key=len, reverse=True)))


@lru_cache(maxsize=65_536)
def company(name: str) -> Company:
    """Taken apart: `上海远山自动化设备有限公司` → 远山自动化设备, 上海; `Acme Co., Ltd.` → acme."""
    text = fold(name)
    if has_han(text):
        return _han_company(text)
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    words = [w for w in _WORD.findall(plain.replace("&", " ").replace(".", "").replace("'", "")) if w not in _LEGAL_EN]
    return Company(" ".join(words) or plain.strip())


def _han_company(text: str) -> Company:
    region = ""
    for inner in _BRACKETS.findall(text):
        region = region or _places().get(inner.strip(), "")
    text = re.sub(r"[\s·,，.。\-—_&]+", "", _BRACKETS.sub("", text))
    branch = bool(_BRANCH_ZH.search(text))
    core = _LEGAL_ZH.sub("", text) or text
    while (match := _place_pattern().match(core)) and len(core) - match.end() >= 2:
        if len(core) - match.end() <= 3 and _PLAIN.search(core):
            break
        region = region or _places()[match[0]]
        core = core[match.end() :]
    if branch and (inner_place := _place_pattern().search(core)) and inner_place.start() >= 2:
        region, core = _places()[inner_place[0]], core[: inner_place.start()]
        core = _LEGAL_ZH.sub("", core) or core
    return Company(core, region, branch)


@lru_cache(maxsize=65_536)
def letters(text: str) -> str:
    """Latin letters of a text, Han read as pinyin, accents gone."""
    plain = unicodedata.normalize("NFD", pinyin(fold(text)))
    return "".join(c for c in plain if c.isascii() and c.isalnum())


def company_sound(name: str) -> str:
    """What the first characters sound like: homophones and cut-off names meet here."""
    core = company(name).core
    if has_han(core):
        return letters(core[:3])
    first = core.split(" ")[0] if core else ""
    return first[:6] if len(first) >= 3 else core.replace(" ", "")[:6]


def like_company(a: str, b: str) -> float:
    """0–1. Other places or a branch and its head office are near, not the same."""
    one, two = company(a), company(b)
    if one.core == two.core:
        same = 1.0
    elif has_han(one.core) and has_han(two.core):
        same = _like_cores(one.core, two.core)
    elif has_han(one.core) or has_han(two.core):
        same = 0.9 if letters(one.core) == letters(two.core) else 0.0
    else:
        tight = one.core.replace(" ", "") == two.core.replace(" ", "")
        same = 0.98 if tight else _like_words(one.core, two.core)
    if one.branch != two.branch:
        return same * 0.72
    if one.region and two.region and one.region != two.region:
        return same * 0.72
    return same * (0.97 if one.region != two.region else 1.0)


def _like_cores(a: str, b: str) -> float:
    alike = ratio(a, b) / 100
    if a[:2] == b[:2]:
        return alike
    return alike if letters(a) == letters(b) and alike > 0.9 else max(alike * 0.6, 0.9 * (letters(a) == letters(b)))


def _like_words(a: str, b: str) -> float:
    if not a or not b:
        return 0.0
    alike = token_sort_ratio(a, b) / 100
    return (
        alike
        if JaroWinkler.similarity(a.split(" ", maxsplit=1)[0], b.split(" ", maxsplit=1)[0]) >= 0.8
        else alike * 0.6
    )


@lru_cache(maxsize=65_536)
def person(name: str) -> str:
    """Words in order of the alphabet, without titles: `Dr. Wei ZHANG`, `Zhang, Wei` → `wei zhang`; Han without gaps."""
    text = fold(name).strip()
    if has_han(text):
        plain = "".join(_WORD.findall(text))
        bare = _TITLES_ZH.sub("", plain)
        return bare if len(bare) > 1 else plain
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return " ".join(sorted(w for w in _WORD.findall(plain) if w not in _TITLES)) or plain


def person_sound(name: str) -> str:
    """The letters of the pinyin in order of the alphabet: 张伟明, Zhang Weiming and Weiming Zhang meet here."""
    return "".join(sorted(letters(person(name))))


def like_person(a: str, b: str) -> float:
    """0–1, across order and script; of short Chinese names one other character makes another person."""
    one, two = person(a), person(b)
    if one == two:
        return 1.0
    han = has_han(one), has_han(two)
    if all(han):
        if letters(one) == letters(two):
            return 0.85
        return 0.55 * ratio(one, two) / 100
    if any(han):
        return 0.92 if person_sound(one) == person_sound(two) else 0.0
    if letters(one.replace(" ", "")) and person_sound(one) == person_sound(two):
        return 0.95
    alike = max(float(JaroWinkler.similarity(one, two)), token_sort_ratio(one, two) / 100)
    return alike if alike >= 0.85 else alike * 0.5  # any two Latin names share letters
