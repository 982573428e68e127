"""Filter operators: their names in both languages and the expression each one stands for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from guanxi.base.dates import iso_date, iso_datetime
from guanxi.base.errors import BadInput, msg
from guanxi.base.i18n import L, Label
from guanxi.base.money import plain
from guanxi.kernel.fields.base import FieldLike, ParseEnv
from guanxi.kernel.fields.regions import names_of
from guanxi.kernel.fields.registry import operators_of, result_type
from guanxi.kernel.fields.sealed import TOKEN, is_encrypted

Takes = Literal["nothing", "value", "two", "many", "text", "period", "region"]
"""What the user gives: one value of the field's type, two, a list, free text, a named period, a region code."""


@dataclass(frozen=True, slots=True)
class Operator:
    """`write(name, literals)` gives the expression; literals are already written in the expression language."""

    name: str
    label: Label
    takes: Takes
    write: Callable[[str, Sequence[str]], str]


def _compare(sign: str) -> Callable[[str, Sequence[str]], str]:
    return lambda name, given: f"{name} {sign} {given[0]}"


def _call(function: str) -> Callable[[str, Sequence[str]], str]:
    return lambda name, given: f"{function}({', '.join((name, *given))})"


def _set(function: str) -> Callable[[str, Sequence[str]], str]:
    return lambda name, given: f"{function}({name}, [{', '.join(given)}])"


def _constant(template: str) -> Callable[[str, Sequence[str]], str]:
    return lambda name, _given: template.format(name)


_ALL = (
    Operator("eq", L("is", "等于"), "value", _compare("=")),
    Operator("ne", L("is not", "不等于"), "value", _compare("!=")),
    Operator("gt", L("more than", "大于"), "value", _compare(">")),
    Operator("ge", L("at least", "至少"), "value", _compare(">=")),
    Operator("lt", L("less than", "小于"), "value", _compare("<")),
    Operator("le", L("at most", "至多"), "value", _compare("<=")),
    Operator("between", L("between", "介于"), "two", lambda n, g: f"{n} >= {g[0]} and {n} <= {g[1]}"),
    Operator("in", L("is one of", "是其中之一"), "many", lambda n, g: f"{n} in [{', '.join(g)}]"),
    Operator("not_in", L("is none of", "都不是"), "many", lambda n, g: f"not ({n} in [{', '.join(g)}])"),
    Operator("contains", L("contains", "包含"), "text", lambda n, g: f"contains(lower({n}), {g[0]})"),
    Operator("not_contains", L("does not contain", "不包含"), "text", lambda n, g: f"not contains(lower({n}), {g[0]})"),
    Operator("starts_with", L("starts with", "开头是"), "text", _call("starts_with")),
    Operator("is_empty", L("is empty", "没填"), "nothing", _call("is_empty")),
    Operator("not_empty", L("is filled in", "已填"), "nothing", lambda n, _g: f"not is_empty({n})"),
    Operator("is_true", L("yes", "是"), "nothing", _constant("{} = true")),
    Operator("is_false", L("no", "否"), "nothing", _constant("{} = false")),
    Operator("has_any", L("has any of", "含任一"), "many", _set("has_any")),
    Operator("has_all", L("has all of", "全都有"), "many", _set("has_all")),
    Operator("has_none", L("has none of", "都没有"), "many", lambda n, g: f"not has_any({n}, [{', '.join(g)}])"),
    Operator("in_period", L("in", "在"), "period", lambda n, g: PERIODS[g[0]].write(n)),
    Operator("is_me", L("is me", "是我"), "nothing", _constant("{} = me()")),
    Operator("is_my_team", L("is my team", "是我的团队"), "nothing", _constant("{} = my_team()")),
    Operator("is_my_teams", L("is my team or below", "是我的团队或下级"), "nothing", _constant("{} in my_teams()")),
    Operator("in_region", L("is in", "位于"), "region", _call("contains")),
)
OPERATORS: Mapping[str, Operator] = {o.name: o for o in _ALL}


@dataclass(frozen=True, slots=True)
class Period:
    """A named stretch of days; `first` and `after` are expressions for its first day and the day after its last."""

    name: str
    label: Label
    first: str
    after: str

    def write(self, field: str) -> str:
        return f"{field} >= {self.first} and {field} < {self.after}"


def _unit(unit: str, zh: str, offset: int) -> Period:
    which = {-1: ("last", "上"), 0: ("this", "本"), 1: ("next", "下")}[offset]
    chinese = {"今年": "今年", "本年": "今年", "上年": "去年", "下年": "明年"}.get(which[1] + zh, which[1] + zh)
    first = f'start_of("{unit}", {offset})' if offset else f'start_of("{unit}")'
    return Period(f"{which[0]}_{unit}", L(f"{which[0]} {unit}", chinese), first, f'start_of("{unit}", {offset + 1})')


def _days(name: str, label: Label, first: int, after: int) -> Period:
    def day(n: int) -> str:
        return "today()" if n == 0 else f"today() {'+' if n > 0 else '-'} days({abs(n)})"

    return Period(name, label, day(first), day(after))


_UNITS = (("week", "周"), ("month", "月"), ("quarter", "季度"), ("year", "年"))
PERIODS: Mapping[str, Period] = {
    p.name: p
    for p in (
        _days("today", L("today", "今天"), 0, 1),
        _days("yesterday", L("yesterday", "昨天"), -1, 0),
        _days("tomorrow", L("tomorrow", "明天"), 1, 2),
        *(_unit(unit, zh, offset) for unit, zh in _UNITS for offset in (0, -1, 1)),
        *(_days(f"last_{n}_days", L(f"last {n} days", f"最近 {n} 天"), 1 - n, 1) for n in (7, 30, 90, 365)),
        *(_days(f"next_{n}_days", L(f"next {n} days", f"今后 {n} 天"), 0, n) for n in (7, 30, 90)),
    )
}


def literal(field: FieldLike, raw: Any, env: ParseEnv) -> str:
    """A raw value of the field as the expression language writes it; ParseError if the type cannot take it."""
    kind = result_type(field)
    if kind.kind == "set":
        return _item(field, raw, env)
    if is_encrypted(field) and isinstance(raw, str) and raw.startswith(TOKEN):
        return quote(raw)
    values = kind.parse(field, raw, env)
    value = values[-1] if kind.name == "money" else values[0]
    if value is None:
        raise BadInput(msg("Give a value to compare {field} with.", field=field.name))
    if kind.kind == "number":
        return plain(value, kind.scale(field))
    if kind.kind == "date":
        return f'date("{iso_date(value)}")'
    if kind.kind == "datetime":
        return f'datetime("{iso_datetime(value)}")'
    if kind.kind == "boolean":
        return "true" if value else "false"
    return str(value) if kind.kind == "ref" else quote(value)


def _item(field: FieldLike, raw: Any, env: ParseEnv) -> str:
    """One member of a set."""
    found = result_type(field).parse(field, [raw], env)[0]
    members: list[str] = json.loads(found) if found else []
    if len(members) != 1:
        raise BadInput(msg("Give a value to compare {field} with.", field=field.name))
    return members[0] if field.type == "links" else quote(members[0])


def quote(text: str) -> str:
    """A text literal."""
    return json.dumps(text, ensure_ascii=False)


def ascii_lower(text: str) -> str:
    """As the expression function `lower`: only A to Z."""
    return "".join(c.lower() if "A" <= c <= "Z" else c for c in text)


def write_filter(field: FieldLike, operator: str, given: Sequence[Any], env: ParseEnv) -> str:
    """The expression for a filter put together on screen: `("amount", "ge", ["1万"])` → `amount >= 10000`."""
    found = OPERATORS.get(operator)
    if found is None or operator not in operators_of(field):
        raise BadInput(msg("{field} cannot be filtered by “{operator}”.", field=field.name, operator=operator))
    wanted = {"nothing": 0, "two": 2, "many": None}.get(found.takes, 1)
    if (wanted is None and not given) or (wanted is not None and len(given) != wanted):
        raise BadInput(msg("Give a value to compare {field} with.", field=field.name))
    return found.write(field.name, [_given(field, found, value, env) for value in given])


def _given(field: FieldLike, operator: Operator, raw: Any, env: ParseEnv) -> str:
    if operator.takes == "period":
        if raw not in PERIODS:
            raise BadInput(
                msg("“{value}” is not a period. Choose one of: {choices}.", value=raw, choices=", ".join(PERIODS))
            )
        return str(raw)
    if operator.takes == "region":
        region = names_of(str(raw))
        if region is None:
            raise BadInput(msg("“{value}” is not a region code. Write it like {example}.", value=raw, example="320508"))
        code = str(raw)
        prefix = code[:2] if code[2:] == "0000" else code[:4] if code[4:] == "00" else code
        return quote(f'"region":"{prefix}')  # as stored in the address; typed quotes are escaped there
    if operator.takes == "text":
        if not isinstance(raw, str) or not raw.strip():
            raise BadInput(msg("Give a value to compare {field} with.", field=field.name))
        return quote(raw.strip() if operator.name == "starts_with" else ascii_lower(raw.strip()))
    return literal(field, raw, env)


def offered(field: FieldLike) -> tuple[Operator, ...]:
    """The operators a filter builder shows for the field, the likeliest first."""
    return tuple(OPERATORS[name] for name in operators_of(field))
