"""money: an amount with its currency, and the same in the workspace's base currency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guanxi.base.errors import msg
from guanxi.base.gate import clean_int
from guanxi.base.i18n import Locale
from guanxi.base.money import DIGITS, currency_code, format_money, parse_money, plain, plain_money, to_base
from guanxi.kernel.fields.base import Column, Columns, FieldLike, FieldType, ParseEnv, ParseError
from guanxi.kernel.fields.parts import NUMBER_OPS, check_range

COLUMNS = (Column("", "INT"), Column("__c", "TEXT"), Column("__b", "INT"))
NOTHING: Columns = (None, None, None)


def base_amount(amount: int, currency: str, env: ParseEnv) -> int:
    """The amount in base currency; a currency without a rate is refused."""
    if currency == env.currency:
        return amount
    rate = env.rates.get(currency)
    if rate is None:
        raise ParseError(
            "unknown_currency",
            msg("There is no exchange rate for {currency}. Add it under Settings › Currencies.", currency=currency),
        )
    return clean_int(to_base(amount, rate))


def parse(field: FieldLike, raw: Any, env: ParseEnv) -> Columns:
    currency = env.currency
    if isinstance(raw, Mapping):
        unknown = next((k for k in raw if k not in ("amount", "currency")), None)
        given = raw.get("currency")
        if unknown is not None or not isinstance(given, str | None):
            raise ParseError(
                "bad_money", msg("Write an amount like {example}.", example='{"amount": "1234.50", "currency": "CNY"}')
            )
        raw = raw.get("amount")
        if raw in (None, ""):
            return NOTHING
        currency = currency_code(given[:10], env.currency) if given else env.currency
    amount, currency = parse_money(raw, currency)
    check_range(field, amount, lambda v: plain(v, DIGITS))
    return amount, currency, base_amount(amount, currency, env)


def to_json(_field: FieldLike, values: Columns) -> Any:
    return None if values[0] is None else {"amount": plain_money(values[0]), "currency": values[1]}


def show(_field: FieldLike, values: Columns, locale: Locale) -> str:
    return "" if values[0] is None else format_money(values[0], values[1] or locale.currency, locale.language)


MONEY = FieldType(
    name="money",
    kind="number",
    columns=lambda _f: COLUMNS,
    parse=parse,
    to_json=to_json,
    show=show,
    operators=NUMBER_OPS,
    example=lambda _f: {"amount": "1234.50", "currency": "CNY"},
    sort=lambda _f: "__b",
    scale=lambda _f: DIGITS,
)
