"""email, phone, url: ways to reach somebody, stored in one canonical form."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from guanxi.base.errors import msg
from guanxi.base.i18n import Locale
from guanxi.kernel.fields.base import Columns, FieldLike, FieldType, ParseEnv, ParseError
from guanxi.kernel.fields.masked import mask_email, mask_phone
from guanxi.kernel.fields.parts import NONE, TEXT_OPS, as_is, one_column, quoted, searched, show_plain, wants_text
from guanxi.kernel.fields.text import text_columns, text_sort, with_key

_EMAIL = re.compile(r"[^\s@,;:<>()\[\]\"\\]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]")
_IN_BRACKETS = re.compile(r"[^<>]*<([^<>]+)>\s*")
_CN_MOBILE = re.compile(r"(?:\+86[- ]?)?(1[3-9]\d)[- ]?(\d{4})[- ]?(\d{4})")
_CN_LANDLINE = re.compile(r"(?:\+86[- ]?|0)([1-9]\d{1,2})[- ]?(\d{7,8})")
_EXTENSION = re.compile(r"(?:转|分机|ext\.?|#|x)\s*(\d{1,7})\s*$", re.IGNORECASE)
_STORED = re.compile(r"\+\d{4,15}(;ext=\d{1,7})?")


def parse_email(field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    text = unicodedata.normalize("NFKC", wants_text(raw, 400)).strip().removeprefix("mailto:")
    if not text:
        return with_key(field, None)
    if "<" in text and (match := _IN_BRACKETS.fullmatch(text)):
        text = match[1].strip()
    local = text.partition("@")[0]
    if (
        len(text) > 254
        or not _EMAIL.fullmatch(text)
        or not text.isprintable()
        or ".." in text
        or local[0] == "."
        or local[-1] == "."
    ):
        raise ParseError(
            "not_an_email",
            msg(
                "“{value}” is not an e-mail address. Write it like {example}.",
                value=quoted(raw),
                example="li@example.com",
            ),
        )
    return with_key(field, unicodedata.normalize("NFC", text.lower()))


EMAIL = FieldType(
    name="email",
    kind="text",
    columns=text_columns,
    parse=parse_email,
    to_json=as_is,
    show=show_plain,
    operators=TEXT_OPS,
    example=lambda _f: "li@example.com",
    search=searched,
    sort=text_sort,
    mask=mask_email,
)


def parse_phone(_field: FieldLike, raw: Any, env: ParseEnv) -> Columns:
    text = wants_text(raw, 200).strip()
    if text.isascii() and (env.country == "CN" or text.startswith("+86")):  # the usual forms, twenty times faster
        plain = _CN_MOBILE.fullmatch(text) or _CN_LANDLINE.fullmatch(text)
        if plain is not None:
            return ("+86" + "".join(plain.groups()),)
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        return NONE
    extension = ""
    if _STORED.fullmatch(text):
        text, _, extension = text.partition(";ext=")
    elif match := _EXTENSION.search(text):
        text, extension = text[: match.start()], match[1]
    try:
        number = phonenumbers.parse(text, env.country)
    except (NumberParseException, ValueError):
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ParseError(
            "not_a_phone",
            msg(
                "“{value}” is not a phone number. Write it like {example}.",
                value=quoted(raw),
                example="138 0000 1234, 0512-6288 1234, +49 30 901820",
            ),
        )
    extension = extension or number.extension or ""
    number.extension = None
    stored = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return (f"{stored};ext={extension}" if extension else stored,)


@lru_cache(maxsize=16_384)
def national(stored: str, zh: bool) -> str:
    """A stored number as people write it at home (China) or with its country code."""
    number, _, extension = stored.partition(";ext=")
    if number.startswith("+861") and len(number) == 14:
        shown = f"{number[3:6]} {number[6:10]} {number[10:]}"
    else:
        try:
            parsed = phonenumbers.parse(number, None)
        except NumberParseException:
            return stored
        style = PhoneNumberFormat.NATIONAL if parsed.country_code == 86 else PhoneNumberFormat.INTERNATIONAL
        shown = phonenumbers.format_number(parsed, style)
    if not extension:
        return shown
    return f"{shown} 转 {extension}" if zh else f"{shown} ext. {extension}"


def show_phone(_field: FieldLike, values: Columns, locale: Locale) -> str:
    return national(values[0], locale.language == "zh-CN") if values[0] else ""


PHONE = FieldType(
    name="phone",
    kind="text",
    columns=one_column("TEXT"),
    parse=parse_phone,
    to_json=as_is,
    show=show_phone,
    operators=TEXT_OPS,
    example=lambda _f: "+8613800001234",
    search=searched,
    mask=mask_phone,
)


def parse_url(field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    text = wants_text(raw, 2000).strip()
    if not text:
        return with_key(field, None)
    wrong = ParseError(
        "not_a_url",
        msg(
            "“{value}” is not a web address. Write it like {example}.",
            value=quoted(raw),
            example="https://www.example.com",
        ),
    )
    if "://" not in text[:20]:
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:(?!\d+(/|$))", text):
            raise wrong  # another scheme, such as javascript: or data:
        text = "https://" + text.lstrip("/")
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise wrong from None
    known = parts.scheme.lower() in ("http", "https") and ("." in host or host == "localhost" or ":" in host)
    if not known or not text.isprintable() or any(c in text for c in ' "<>\\`{}|^') or ".." in host or host[:1] == ".":
        raise wrong
    return with_key(field, f"{parts.scheme.lower()}://{text.partition('://')[2]}")


def show_url(_field: FieldLike, values: Columns, _locale: Locale) -> str:
    return (values[0] or "").removeprefix("https://").removeprefix("http://").removesuffix("/")


URL = FieldType(
    name="url",
    kind="text",
    columns=text_columns,
    parse=parse_url,
    to_json=as_is,
    show=show_url,
    operators=TEXT_OPS,
    example=lambda _f: "https://www.example.com/about",
    search=lambda _f, v: (urlsplit(v[0]).hostname or "",) if v[0] else (),
    sort=text_sort,
)
