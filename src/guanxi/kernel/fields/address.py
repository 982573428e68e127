"""address: a postal address; places in China are recognised and stored with their region code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from guanxi.base.errors import msg
from guanxi.base.i18n import Locale
from guanxi.base.text import has_han, nearest
from guanxi.kernel.fields import countries, regions
from guanxi.kernel.fields.base import Column, Columns, FieldLike, FieldType, ParseEnv, ParseError
from guanxi.kernel.fields.parts import EMPTY_OPS, dump, load, quoted, wants_text

COLUMNS = (Column("", "TEXT"), Column("__r", "TEXT"))
PARTS = ("country", "region", "province", "city", "district", "street", "postcode")
NOTHING: Columns = (None, None)
EXAMPLE = "江苏省苏州市姑苏区人民路100号"
_ZONE = re.compile(
    r"[\u4e00-\u9fff]{0,8}?(?:工业园区|高新技术产业开发区|高新区|经济技术开发区|经济开发区|经开区|开发区|园区|新区|保税区|示范区)"
)
_POSTCODE = re.compile(r"(?:^|\s|邮编[::：]?\s*)(\d{6})\s*$|^(\d{6})\s+")


def parse(_field: FieldLike, raw: Any, env: ParseEnv) -> Columns:
    if isinstance(raw, Mapping):
        return _stored(_from_parts(raw, env))
    text = wants_text(raw, 1000).strip()
    if not text:
        return NOTHING
    if text.startswith("{"):
        return parse(_field, _object(text), env)
    if country := countries.find(text):  # all that some lists know of a place
        return dump({"country": country}), None
    return _stored(_from_text(" ".join(text.split()), env))


def _object(text: str) -> Mapping[str, Any]:
    try:
        value = load(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, Mapping):
        return value
    raise ParseError(
        "bad_address", msg("“{value}” is not an address. Write it like {example}.", value=quoted(text), example=EXAMPLE)
    )


def _stored(parts: dict[str, str]) -> Columns:
    kept = {key: parts[key] for key in PARTS if parts.get(key)}
    if not kept.keys() - {"country"}:
        return NOTHING
    return dump(kept), kept.get("region")


def _from_text(text: str, env: ParseEnv) -> dict[str, str]:
    postcode = ""
    if match := _POSTCODE.search(text):
        postcode = match[1] or match[2]
        text = (text[: match.start()] + text[match.end() :]).strip()
    region, rest = regions.read(text)
    if region is None:
        if env.country == "CN" and has_han(text):
            raise _unknown(text)
        if near := countries.misspelt(text):
            raise ParseError(
                "unknown_country", msg("“{value}” is no country. Did you mean “{near}”?", value=quoted(text), near=near)
            )
        return {"street": text, "postcode": postcode}
    return {"country": "CN", **_names(region, rest), "postcode": postcode}


def _names(region: regions.Region, rest: str) -> dict[str, str]:
    district = region.district
    if region.city and not district and (match := _ZONE.match(rest)):  # zones have no code of their own
        district, rest = match[0], rest[match.end() :]
    return {
        "region": region.code,
        "province": region.province,
        "city": region.city,
        "district": district,
        "street": rest.strip(),
    }


def _unknown(name: str) -> ParseError:
    head = re.split(r"[省市区县\s/,，]", name)[0][:10] or name[:10]
    near = nearest(head, [regions.short_name(n) for n in regions.all_names()], at_least=0.4)
    if near:
        return ParseError(
            "unknown_region",
            msg(
                "The place in “{value}” is unknown. Did you mean “{near}”? Write it like {example}.",
                value=quoted(name),
                near=near,
                example=EXAMPLE,
            ),
        )
    return ParseError(
        "unknown_region",
        msg("The place in “{value}” is unknown. Write it like {example}.", value=quoted(name), example=EXAMPLE),
    )


def _from_parts(raw: Mapping[Any, Any], env: ParseEnv) -> dict[str, str]:
    unknown = next((k for k in raw if k not in PARTS), None)
    if unknown is not None:
        raise ParseError(
            "bad_address",
            msg(
                "An address has no part “{name}”; its parts are {parts}.", name=quoted(unknown), parts=", ".join(PARTS)
            ),
        )
    parts = {k: " ".join(wants_text(v, 500).split()) for k, v in raw.items() if v is not None}
    country = parts.get("country", "").upper() or (
        env.country if parts.get("region") or has_han(parts.get("province", "")) else ""
    )
    if country and not re.fullmatch(r"[A-Z]{2}", country):
        raise ParseError(
            "bad_country",
            msg("“{value}” is not a country code. Write it like {example}.", value=quoted(country), example="CN"),
        )
    parts["country"] = country
    if country != "CN":
        parts.pop("region", None)
        return parts
    return {**parts, **_chinese(parts)}


def _chinese(parts: dict[str, str]) -> dict[str, str]:
    given = parts.get("region")
    if given:
        region = regions.names_of(given)
        if region is None:
            raise ParseError(
                "unknown_region",
                msg("“{value}” is not a region code. Write it like {example}.", value=quoted(given), example="320508"),
            )
        district = region.district or parts.get("district", "")
        return {"region": given, "province": region.province, "city": region.city, "district": district}
    province, city, district = parts.get("province", ""), parts.get("city", ""), parts.get("district", "")
    if not (province or city):
        return {"region": ""}
    found, missing = regions.find(province or city, city if province else "", district)
    if found is None or (missing and missing != district):
        raise _unknown(missing)
    return {
        "region": found.code,
        "province": found.province,
        "city": found.city,
        "district": found.district or district,
    }


def to_json(_field: FieldLike, values: Columns) -> Any:
    return load(values[0]) if values[0] else None


def one_line(parts: Mapping[str, str], zh: bool) -> str:
    """The address in one line, from large to small in Chinese, as written elsewhere."""
    province, city = parts.get("province", ""), parts.get("city", "")
    names = [province, city if city != province else "", parts.get("district", "")]
    street, postcode = parts.get("street", ""), parts.get("postcode", "")
    if parts.get("country") == "CN" or (not parts.get("country") and zh):
        return " ".join(filter(None, ("".join(names) + street, postcode)))
    return ", ".join(filter(None, (street, *reversed(names), postcode, parts.get("country", ""))))


def show(_field: FieldLike, values: Columns, locale: Locale) -> str:
    return one_line(load(values[0]), locale.language == "zh-CN") if values[0] else ""


def search(_field: FieldLike, values: Columns) -> tuple[str, ...]:
    if not values[0]:
        return ()
    parts = load(values[0])
    return tuple(parts[k] for k in ("city", "district", "street") if parts.get(k))


ADDRESS = FieldType(
    name="address",
    kind="text",
    columns=lambda _f: COLUMNS,
    parse=parse,
    to_json=to_json,
    show=show,
    operators=("in_region", *EMPTY_OPS),
    example=lambda _f: EXAMPLE,
    search=search,
    sort=lambda _f: "__r",
)
