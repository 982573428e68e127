"""The condition builder: what it offers, its lines as an expression and back, an estimate for each line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import BadInput, Problem, msg
from guanxi.base.gate import BadValue
from guanxi.base.i18n import Locale
from guanxi.entrypoints.web.lists.facets import config_options
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.expr import ExprError, Tree, parse, unparse
from guanxi.kernel.expr.filters import Write, groups_of, tree_of
from guanxi.kernel.fields.operators import OPERATORS, PERIODS, offered, write_filter
from guanxi.kernel.fields.registry import kind_of
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.read import count, names
from guanxi.kernel.records.sealing import sealed_clear, without_values
from guanxi.kernel.records.shape import targets_of
from guanxi.kernel.records.types import Query

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

CAP = 1_000
MOST_LINES = 24
LOOKED_UP = ("eq", "ne", "is_empty", "not_empty", "is_me")
SKIPPED = ("image", "files", "links", "formula")


def field_named(work: Work, target: Object, path: str) -> Field:
    """A field of the object, or of the record a lookup points at (`account.industry`), under that name."""
    head, _, rest = path.partition(".")
    field = readable(work, target).get(head) or (None if rest else sealed_clear(work, target).get(head))
    if field is not None and rest:
        targets = targets_of(field) if field.type == "lookup" else ()
        other = work.catalog.objects.get(targets[0]) if len(targets) == 1 else None
        inner = readable(work, other).get(rest) if other is not None else None
        field = replace(inner, name=path) if inner is not None else None
    if field is None:
        raise BadInput(msg("There is no field «{name}».", name=path[:80]))
    return field


def writer(work: Work, target: Object) -> Write:
    """Writes one line of the builder as an expression, as the caller types values."""

    def write(path: str, operator: str, values: Sequence[Any]) -> str:
        field = field_named(work, target, path)
        try:
            return write_filter(field, operator, [_plain(v) for v in values], work.env)
        except BadValue as error:
            raise BadInput(error.message) from error

    return write


def _plain(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def expression_of(work: Work, target: Object, groups: Any) -> str:
    """The builder's groups as text; empty if there is no complete line."""
    cleaned = complete(groups)
    if not cleaned:
        return ""
    text = without_values(work, target, unparse(tree_of(cleaned, writer(work, target)))) or ""
    return unparse(parse(text))  # brackets that change nothing fall away: the same condition, the same address


def complete(group: Any) -> dict[str, Any] | None:
    """The groups without lines that are not filled in yet."""
    if not isinstance(group, Mapping):
        return None
    for key in ("all", "any"):
        if isinstance(parts := group.get(key), list):
            kept = [found for part in parts[:MOST_LINES] if (found := complete(part)) is not None]
            return {key: kept} if kept else None
    if group.get("text"):
        return {"text": str(group["text"])}
    return dict(group) if group.get("field") and group.get("op") and _filled(group) else None


def groups_in(work: Work, target: Object, where: str) -> dict[str, Any]:
    """An expression as groups of the builder; each line that names records carries their titles in `shown`."""
    groups = groups_of(parse(where)) if where else {"all": []}
    _name(work, target, groups)
    return groups


def _name(work: Work, target: Object, group: dict[str, Any]) -> None:
    for part in (*group.get("all", ()), *group.get("any", ())):
        _name(work, target, part)
    if "field" not in group:
        return
    group["values"] = [str(v) if isinstance(v, int) and not isinstance(v, bool) else v for v in group["values"]]
    try:
        field = field_named(work, target, group["field"])
    except Problem:
        return
    targets = targets_of(field) if field.type in ("lookup", "user", "team") else ()
    if len(targets) == 1 and targets[0] not in work.catalog.config:
        found = names(work, targets[0], [int(v) for v in group["values"] if str(v).isdigit()])
        group["shown"] = {str(k): v for k, v in found.items()}


def offers(work: Work, target: Object, locale: Locale) -> list[dict[str, Any]]:
    """Fields the builder offers: the object's own, then one step through its lookups."""
    allowed = {**readable(work, target), **sealed_clear(work, target)}
    own = [f for f in allowed.values() if _fits(f)]
    order = {name: n for n, name in enumerate((*target.columns, *target.filters))}
    own.sort(key=lambda f: (order.get(f.name, 999), f.name in ("version", "id"), f.name))
    found = [_offer(work, f, f.label.in_(locale.language), locale) for f in own if f.name not in ("id", "version")]
    for field in own:
        targets = targets_of(field) if field.type == "lookup" else ()
        other = work.catalog.objects.get(targets[0]) if len(targets) == 1 else None
        if other is None or other.kind == "config" or other.name == target.name:
            continue
        for inner in readable(work, other).values():
            wanted = inner.name in other.filters or inner.name in other.columns or inner.type == "address"
            if wanted and _fits(inner) and inner.type not in ("tags", "multi_choice"):
                label = f"{field.label.in_(locale.language)} · {inner.label.in_(locale.language)}"
                found.append(_offer(work, replace(inner, name=f"{field.name}.{inner.name}"), label, locale))
    return found


def _fits(field: Field) -> bool:
    several = field.type == "lookup" and len(targets_of(field)) > 1
    return not field.hidden and field.type not in SKIPPED and not several and kind_of(field) != "none"


def _offer(work: Work, field: Field, label: str, locale: Locale) -> dict[str, Any]:
    operators = offered(field)
    found: dict[str, Any] = {"name": field.name, "label": label, "type": field.type}
    if field.options.get("choices"):
        found["options"] = [[c.key, c.label.in_(locale.language)] for c in field.options["choices"] if not c.retired]
    elif field.type in ("lookup", "user", "team"):
        options = config_options(work, field, locale)
        if options:
            found["options"] = [list(pair) for pair in options]
        else:
            found["lookup"] = targets_of(field)[0]
            operators = tuple(o for o in operators if o.name in LOOKED_UP)
    found["operators"] = [[o.name, o.label.in_(locale.language), o.takes] for o in operators]
    return found


def periods(locale: Locale) -> list[list[str]]:
    """Named stretches of days."""
    return [[p.name, p.label.in_(locale.language)] for p in PERIODS.values()]


def estimates(work: Work, target: Object, groups: Any, rest: str | None) -> dict[str, Any]:
    """For each line (by its place, "0", "1.0") and for all together how many records match, counted up to a cap."""
    lines: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    _estimate(work, target, groups, "", lines, errors)
    answer: dict[str, Any] = {"lines": lines, "errors": errors, "text": "", "total": None}
    if errors:
        return answer
    text = expression_of(work, target, groups)
    joined = " and ".join(f"({part})" for part in (text, rest) if part)
    answer["text"], answer["total"] = text, list(count(work, Query(target.name, joined or None), CAP))
    return answer


def _estimate(
    work: Work, target: Object, group: Any, place: str, lines: dict[str, Any], errors: dict[str, Any]
) -> None:
    if not isinstance(group, Mapping) or len(lines) >= MOST_LINES:
        return
    parts = group.get("all", group.get("any"))
    if isinstance(parts, list):
        for n, part in enumerate(parts):
            _estimate(work, target, part, f"{place}.{n}" if place else str(n), lines, errors)
        return
    if complete(group) is None:
        return
    try:
        tree: Tree = tree_of(dict(group), writer(work, target))
        lines[place] = list(count(work, Query(target.name, tree), CAP))
    except ExprError as problem:
        errors[place] = problem.within(str(group.get("text", ""))) if group.get("text") else problem
    except Problem as problem:
        errors[place] = problem


def _filled(group: Mapping[str, Any]) -> bool:
    """A line somebody is still typing in is no fault yet."""
    known = OPERATORS.get(str(group["op"]))
    takes = known.takes if known is not None else "value"
    values = [v for v in group.get("values", ()) if v not in ("", None)]
    return takes == "nothing" or len(values) >= (2 if takes == "two" else 1)
