"""Numbers as scaled integers: reading what people type, exact half-up arithmetic, and fast display."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from babel.core import Locale as BabelLocale
from babel.numbers import get_currency_precision, get_currency_symbol, list_currencies

from guanxi.base.errors import msg
from guanxi.base.gate import BadValue, clean_int

DIGITS = 4
SCALE = 10**DIGITS
"""Money is stored × 10^4."""

_UNITS = {"万": 4, "萬": 4, "亿": 8, "億": 8, "千": 3, "百万": 6, "k": 3, "m": 6, "b": 9, "bn": 9, "w": 4}
_SYMBOLS = {
    "¥": "", "￥": "", "元": "CNY", "圆": "CNY", "块": "CNY", "人民币": "CNY", "rmb": "CNY", "cn¥": "CNY",
    "$": "USD", "us$": "USD", "美元": "USD", "€": "EUR", "欧元": "EUR", "£": "GBP", "英镑": "GBP",
    "hk$": "HKD", "港币": "HKD", "港元": "HKD", "日元": "JPY", "jp¥": "JPY", "円": "JPY", "₩": "KRW", "韩元": "KRW",
    "nt$": "TWD", "新台币": "TWD", "s$": "SGD", "a$": "AUD", "c$": "CAD",
    "₹": "INR", "₽": "RUB", "₫": "VND", "฿": "THB",
}  # fmt: skip
_SHAPE = re.compile(
    r"(?P<open>\()?\s*(?P<sign1>[-+])?\s*(?P<before>[^\d\s().,+-]*?)\s*(?P<sign2>[-+])?\s*"
    r"(?P<number>\d[\d,' ]*(?:\.\d*)?|\.\d+)(?P<exp>[eE][-+]?\d{1,2})?\s*"
    r"(?P<unit>百万|[万萬亿億千]|(?:bn|[kKmMbBwW])(?![A-Za-z]))?\s*(?P<after>[^\d\s().,+-]*)\s*(?P<close>\))?"
)
_GROUPED = re.compile(r"\d{1,3}(?:([,' ])\d{3})(?:\1\d{3})*|\d{1,4}(?:,\d{4})+|\d+")


def half_up(numerator: int, denominator: int) -> int:
    """Integer division rounded half away from zero; the one rounding of the whole system."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def divide(a: int, b: int, scale: int = SCALE) -> int | None:
    """Quotient with the scale of `a` where `b` is scaled by `scale`; division by zero is no value."""
    return half_up(a * scale, b) if b else None


RATE = 10**8
"""Exchange rates are base units per unit × 10^8."""


def to_base(amount: int, rate: int) -> int:
    """An amount in base currency."""
    return half_up(amount * rate, RATE)


def rescale(value: int, digits: int, wanted: int) -> int:
    """The same number with another count of fraction digits, half-up."""
    return value * 10 ** (wanted - digits) if wanted >= digits else half_up(value, 10 ** (digits - wanted))


def _bad(raw: Any, example: str) -> BadValue:
    return BadValue(
        "not_a_number", msg("“{value}” is not a number. Write it like {example}.", value=_cut(raw), example=example)
    )


def _cut(raw: Any) -> str:
    text = (
        raw
        if isinstance(raw, str)
        else type(raw).__name__
        if isinstance(raw, list | dict | tuple | set)
        else f"{raw!s:.40}"
    )
    text = text[:41].replace("\0", "␀").encode("utf-8", "replace").decode()
    return text[:40] + "…" if len(text) > 40 else text


def parse_scaled(raw: Any, digits: int, *, example: str = "1234.5") -> int:
    """A number × 10^digits from text, int, float or Decimal; extra fraction digits are rounded half-up."""
    if type(raw) is str:
        if len(raw) < 19 and raw.isascii():  # the common case: plain digits with a point
            whole, _, fraction = raw.partition(".")
            if whole.isdigit() and len(fraction) <= digits and (fraction.isdigit() or "." not in raw):
                return clean_int(int(whole + fraction.ljust(digits, "0")))
        return _parse_text(raw, digits, example)[0]
    if isinstance(raw, bool):
        raise _bad(raw, example)
    if isinstance(raw, int):
        return clean_int(clean_int(raw) * 10**digits)
    if isinstance(raw, float | Decimal):
        return _from_decimal(raw, digits, example)
    raise _bad(raw, example)


def _from_decimal(raw: float | Decimal, digits: int, example: str) -> int:
    try:
        number = Decimal(repr(raw)) if isinstance(raw, float) else raw
    except InvalidOperation:
        raise _bad(raw, example) from None
    if not number.is_finite():
        raise BadValue("out_of_range", msg("The number is not finite or too large."))
    if number.adjusted() > 30:
        raise BadValue("out_of_range", msg("The number is too large."))
    if number.adjusted() < -60:
        return 0
    sign, figures, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    value = int("".join(map(str, figures)) or "0")
    shift = exponent + digits
    value = value * 10**shift if shift >= 0 else half_up(value, 10**-shift)
    return clean_int(-value if sign else value)


def _parse_text(raw: str, digits: int, example: str) -> tuple[int, str]:
    """The scaled number and whatever stood around it (a currency sign or code, possibly empty)."""
    if len(raw) > 100:
        raise _bad(raw, example)
    text = unicodedata.normalize("NFKC", raw).strip().replace("−", "-").replace("，", ",").replace("\u00a0", " ")
    match = _SHAPE.fullmatch(text)
    if not match or bool(match["open"]) != bool(match["close"]) or (match["before"] and match["after"]):
        raise _bad(raw, example)
    whole, _, fraction = match["number"].partition(".")
    whole = whole.strip()
    if (whole and not _GROUPED.fullmatch(whole)) or not (whole + fraction).isascii():
        raise _bad(raw, example)
    plain = re.sub(r"\D", "", whole) or "0"
    exponent = int(match["exp"][1:]) if match["exp"] else 0
    number = Decimal(f"{plain}.{fraction or 0}").scaleb(exponent + _UNITS.get((match["unit"] or "").lower(), 0))
    value = _from_decimal(number, digits, example)
    signs = (match["sign1"] or "") + (match["sign2"] or "")
    if len(signs) > 1 or (signs and match["open"]):
        raise _bad(raw, example)
    negative = signs == "-" or bool(match["open"])
    return (-value if negative else value), (match["before"] or match["after"] or "").strip()


def parse_number_text(raw: str, digits: int, *, example: str) -> tuple[int, str]:
    """A scaled number and the word or sign beside it, e.g. ("12.5%" → 1250, "%")."""
    return _parse_text(raw, digits, example)


@cache
def known_currencies() -> frozenset[str]:
    return frozenset(list_currencies())


def currency_code(text: str, default: str) -> str:
    """The ISO code meant by a sign, word or code; `¥` is the workspace's yuan or yen."""
    word = text.strip()
    if not word:
        return default
    found = _SYMBOLS.get(word.lower())
    if found is not None:
        return found or ("JPY" if default == "JPY" else "CNY")
    code = word.upper()
    if len(code) == 3 and code in known_currencies():
        return code
    raise BadValue(
        "unknown_currency", msg("“{value}” is not a currency. Write a code like CNY or USD.", value=_cut(word))
    )


def parse_money(raw: Any, default: str = "CNY") -> tuple[int, str]:
    """Amount × 10^4 and currency from "¥1,234.56", "1.2万", "1,234.50 USD", "(1,200)", 1234.5 …"""
    if isinstance(raw, str):
        if len(raw) < 15 and raw.isascii() and raw.replace(".", "", 1).isdigit():
            return parse_scaled(raw, DIGITS, example="¥1,234.50"), default
        amount, beside = _parse_text(raw, DIGITS, "¥1,234.50")
        return amount, currency_code(beside, default)
    return parse_scaled(raw, DIGITS, example="¥1,234.50"), default


def plain(value: int, digits: int) -> str:
    """A scaled number as a decimal string without grouping or trailing zeros ("12.5"): JSON, CSV."""
    if not digits:
        return str(value)
    sign, value = ("-", -value) if value < 0 else ("", value)
    whole, fraction = divmod(value, 10**digits)
    if not fraction:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:0{digits}d}".rstrip("0")


def plain_money(value: int) -> str:
    """An amount for JSON: at least two decimals ("1234.50")."""
    text = plain(value, DIGITS)
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"


def grouped(value: int, digits: int, decimals: int | None = None) -> str:
    """A scaled number for people, with thousands separators; `decimals` fixed, or as many as needed."""
    sign, size = ("-", -value) if value < 0 else ("", value)
    if decimals is None:
        whole, fraction = divmod(size, 10**digits)
        tail = f".{fraction:0{digits}d}".rstrip("0") if fraction else ""
        return f"{sign}{whole:,}{tail}"
    size = rescale(size, digits, decimals)
    if not decimals:
        return f"{sign if size else ''}{size:,}"
    whole, fraction = divmod(size, 10**decimals)
    return f"{sign if size else ''}{whole:,}.{fraction:0{decimals}d}"


@cache
def decimals_of(currency: str) -> int:
    """How many decimals people write for this currency."""
    return min(get_currency_precision(currency), DIGITS)


@cache
def symbol(currency: str, language: str) -> str:
    """The sign written before an amount; yuan is always ¥, so yen is JP¥."""
    if currency == "CNY":
        return "¥"
    if currency == "JPY":
        return "JP¥"
    sign = get_currency_symbol(currency, BabelLocale.parse("zh_Hans_CN" if language.startswith("zh") else "en"))
    return sign if sign != currency else f"{currency} "


def format_money(amount: int, currency: str, language: str = "zh-CN") -> str:
    """¥1,234,567.80"""
    text = grouped(amount, DIGITS, decimals_of(currency))
    sign = symbol(currency, language)
    return f"-{sign}{text[1:]}" if text[0] == "-" else f"{sign}{text}"


_STEPS = {"zh": ((10**8, "亿"), (10**4, "万")), "en": ((10**9, "B"), (10**6, "M"), (10**3, "K"))}


def compact(value: int, digits: int, language: str = "zh-CN") -> str:
    """A scaled number in few characters: 123.5万, 1.2M; small numbers without decimals."""
    size = abs(value)
    sign = "-" if value < 0 else ""
    scale = 10**digits
    steps = _STEPS["zh" if language.startswith("zh") else "en"]
    for n, (step, name) in enumerate(steps):
        tenths = half_up(size * 10, step * scale)
        if tenths < 10 and not (n == len(steps) - 1 and size >= step * scale):
            continue
        whole, tenth = divmod(tenths, 10)
        return f"{sign}{whole:,}{f'.{tenth}' if tenth else ''}{name}"
    whole = half_up(size, scale)
    return f"{sign if whole else ''}{whole:,}"


def compact_money(amount: int, currency: str, language: str = "zh-CN") -> str:
    """¥123.5万 / ¥1.2M: for heads, boards and cards."""
    text = compact(amount, DIGITS, language)
    sign = symbol(currency, language)
    return f"-{sign}{text[1:]}" if text[0] == "-" else f"{sign}{text}"
