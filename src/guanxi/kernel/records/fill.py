"""What a save adds by itself: defaults, numbers, the results of rules, base amounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import msg
from guanxi.base.money import to_base
from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.defaults import named, value
from guanxi.kernel.catalog.model import Read, Rule
from guanxi.kernel.fields.auto_number import FORMAT, render
from guanxi.kernel.fields.base import ParseError
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.shape import FieldShape, Shape
from guanxi.kernel.records.types import Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work


def fill_defaults(work: Work, shape: Shape, drafts: Sequence[Draft]) -> None:
    """Defaults of new records, for fields the caller did not mention."""
    for known in shape.stored:
        values = _default(work, known)
        if values is None:
            continue
        for draft in drafts:
            if known.field.name not in draft.change.values and draft.new[known.names[0]] is None:
                draft.new.update(zip(known.names, values, strict=True))


def _default(work: Work, known: FieldShape) -> tuple[Any, ...] | None:
    raw = known.field.default
    if raw in (None, ""):
        return None
    if named(raw):
        return (value(raw, work), *(None for _ in known.names[1:]))
    try:
        return known.type.parse(known.field, raw, work.env)
    except ParseError:  # checked when the catalogue was built; a retired choice may linger
        return None


def number(work: Work, shape: Shape, drafts: Sequence[Draft]) -> None:
    """Numbers from a series per field and period, taken in the record's own transaction: no gaps."""
    for known in shape.stored:
        if known.field.type != "auto_number":
            continue
        blank = [d for d in drafts if d.new[known.names[0]] is None and not d.errors]
        if not blank:
            continue
        pattern = str(known.field.options.get("format") or FORMAT)
        period = render("{yyyy}", 0, work.today) if "{yyyy}" in pattern else ""
        first = _take(work, shape.object.id, known.field.id, period, len(blank))
        for offset, draft in enumerate(blank):
            draft.new[known.names[0]] = render(pattern, first + offset, work.today)


def _take(work: Work, object_id: int, field_id: int, period: str, count: int) -> int:
    table, name = work.session.table("number_series"), f"{object_id}.{field_id}.{period}"
    work.session.run(f'INSERT INTO {table} ("name", "next") VALUES (?, 1) ON CONFLICT DO NOTHING', (name,))
    sql = f'UPDATE {table} SET "next" = "next" + ? WHERE "name" = ? RETURNING "next"'
    return int(work.session.value(sql, (count, name))) - count


def run_rules(work: Work, rules: Sequence[Rule], phase: str, drafts: Sequence[Draft]) -> None:
    """Pure rules in declared order; their facts are fetched once per list (KD 9)."""
    alive = [d for d in drafts if not d.errors]
    for rule in rules:
        if rule.phase != phase or not alive:
            continue
        if not rule.reads:
            for draft in alive:
                rule.fn(draft)
            continue
        facts = [fetch(work, read, alive) for read in rule.reads]
        for draft in alive:
            rule.fn(draft, {r.via: f.get(draft.new.get(r.via)) for r, f in zip(rule.reads, facts, strict=True)})


def fetch(work: Work, read: Read, drafts: Sequence[Draft]) -> Mapping[Any, Row]:
    """Rows a rule asked for, by id, whoever may see them: rules decide, they do not show."""
    target = work.catalog.object(read.object)
    if target.kind == "config":
        return work.catalog.config[read.object]
    ids = sorted({d.new[read.via] for d in drafts if d.new.get(read.via) is not None})
    columns = ("id", *read.fields)
    names = ", ".join(f'"{c}"' for c in columns)
    rows: dict[Any, Row] = {}
    for start in range(0, len(ids), 512):
        some = pad(ids[start : start + 512])
        marks = ", ".join("?" * len(some))
        sql = f'SELECT {names} FROM {work.session.table(target.table)} WHERE "id" IN ({marks})'
        for values in work.session.rows(sql, some):
            rows[values[0]] = dict(zip(columns, values, strict=True))
    return rows


def settle_money(work: Work, shape: Shape, drafts: Sequence[Draft]) -> None:
    """Currency and base amount follow the amount, whoever set it."""
    env = work.env
    for known in shape.stored:
        if known.field.type != "money":
            continue
        amount_of, currency_of, base_of = known.names
        for draft in drafts:
            amount = draft.new[amount_of]
            if amount is None:
                draft.new[currency_of] = draft.new[base_of] = None
                continue
            currency = draft.new[currency_of] = draft.new[currency_of] or env.currency
            if currency == env.currency:
                draft.new[base_of] = amount
            elif not draft.changed(amount_of) and not draft.changed(currency_of):
                continue
            elif (rate := env.rates.get(currency)) is None:
                message = msg("{field}: there is no rate for {currency}; add it in Settings › Currencies.")
                message.params.update(field=known.field.label, currency=currency)
                draft.error(known.field.name, message, "no_rate")
            else:
                draft.new[base_of] = to_base(amount, rate)
