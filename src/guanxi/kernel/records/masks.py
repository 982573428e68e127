"""Masks instead of values, in the one place where rows come out: which fields, on which rows, and who may edit them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import BadInput
from guanxi.kernel.access.branches import pad
from guanxi.kernel.access.rights import CLEAR, LEVELS, FieldRight, Level, Rights, may_ask
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.system import SYSTEM_NAMES
from guanxi.kernel.expr import Tree, parse, uses
from guanxi.kernel.expr.tree import Name, Node
from guanxi.kernel.fields.masked import Masked, mask_of
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.records.filters import readable, right_in, right_of, right_sql, test_of
from guanxi.kernel.records.sealing import open_rows, sealed_clear, sealed_of
from guanxi.kernel.records.shape import REFERENCES, Shape, shape_of
from guanxi.kernel.records.types import Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work
    from guanxi.kernel.records.draft import Draft

UNMASKABLE = (*REFERENCES, "files", "image")  # a mask of these would say nothing: they are left out instead
PERSON = ("me", "my_team", "my_teams")


@dataclass(frozen=True, slots=True)
class Veil:
    """A field whose value or whose editing depends on the row, or that is masked on every row."""

    field: Field
    columns: tuple[str, ...]
    right: FieldRight
    tests: tuple[tuple[Tree, Level], ...]

    @property
    def may(self) -> str:
        """Where a row tells the level that holds for it, if it differs from row to row."""
        return f"{self.field.column}__may"

    def column_of(self, place: int) -> str:
        return f"{self.field.column}__if{place}"


def shown(work: Work, target: Object) -> Mapping[str, Field]:
    """Fields for output: those readable in clear on every row, and those that show as masks or on some rows only."""
    key = ("shown", target.name, work.actor.user, work.actor.rights.admin)
    known: Mapping[str, Field] | None = work.catalog.memo.get(key)
    if known is None:
        clear, fields = readable(work, target), work.catalog.fields(target)
        more = {**veils(work, target), **sealed_clear(work, target)}
        known = clear if not more else {n: f for n, f in fields.items() if n in clear or n in more}
        work.catalog.memo[key] = known
    return known


def veils(work: Work, target: Object) -> Mapping[str, Veil]:
    """Fields of the object that are not simply clear or hidden for the caller, by name."""
    key = ("veils", target.name, work.actor.user, work.actor.rights.admin)
    known: Mapping[str, Veil] | None = work.catalog.memo.get(key)
    if known is None:
        known = work.catalog.memo[key] = dict(_veils(work, target))
    return known


def _veils(work: Work, target: Object) -> Iterable[tuple[str, Veil]]:
    rights = work.actor.rights
    if rights.admin or not rights.fields or not may_ask(rights, target.name, target.access):
        return
    for name, known in shape_of(work.catalog, target).fields.items():
        right = right_in(work, target, known.field)
        if name in SYSTEM_NAMES or not known.columns or (right.level in CLEAR and not right.better):
            continue
        tests = tuple((condition_tree(text), level) for text, level in right.better)
        if tests or (right.level == "masked" and known.field.type not in UNMASKABLE):
            yield name, Veil(known.field, known.logged, right, tests)


def condition_tree(text: str) -> Tree:
    """The condition of a right; people also write `owner = me` for `owner = me()`. One that is broken never holds."""
    try:
        return _with_person(parse(text))
    except BadInput:
        return parse("1 = 0")


def _with_person(tree: Tree) -> Tree:
    if isinstance(tree, Name) and tree.path in PERSON:
        return Node(tree.path, (), tree.at)
    if isinstance(tree, Node):
        return Node(tree.op, tuple(_with_person(a) for a in tree.args), tree.at)
    return tree


def veils_among(work: Work, target: Object, fields: Iterable[Field]) -> tuple[Veil, ...]:
    """The veils of the fields that a SELECT fetches."""
    found = veils(work, target)
    return tuple(found[f.name] for f in fields if f.name in found) if found else ()


def selects(work: Work, target: Object, some: Sequence[Veil]) -> tuple[dict[str, str], list[Any]]:
    """Result columns that say which conditions hold on a row, and their parameters."""
    texts: dict[str, str] = {}
    params: list[Any] = []
    for veil in some:
        for place, (tree, _) in enumerate(veil.tests):
            text, values = _condition(work, target, tree)
            name = veil.column_of(place)
            texts[name] = f'CASE WHEN {text} THEN 1 ELSE 0 END AS "{name}"'
            params += values
    return texts, params


def _condition(work: Work, target: Object, tree: Tree) -> tuple[str, list[Any]]:
    try:
        return right_sql(work, target, tree)
    except BadInput:  # it names a field that is gone: what it allowed is not allowed any more
        return "1 = 0", []


def veil_rows(some: Sequence[Veil], rows: Sequence[Row]) -> None:
    """Puts masks in place of values, in rows fetched with `selects`."""
    for veil in some:
        for row in rows:
            level = veil.right.level
            for place, (_, better) in enumerate(veil.tests):
                if row.pop(veil.column_of(place)):
                    level = max(level, better, key=LEVELS.index)
            _cover(veil, level, row)


def _cover(veil: Veil, level: Level, row: Row) -> None:
    if veil.tests:
        row[veil.may] = level
    if level in CLEAR or row.get(veil.columns[0]) is None:
        return
    value = hide(veil.field, tuple(row.get(c) for c in veil.columns), level)
    row.update(zip(veil.columns, value, strict=True))


def hide(field: Field, values: tuple[Any, ...], level: Level) -> tuple[Any, ...]:
    """Column values as somebody with this level may see them: the same, a mask, or nothing."""
    if level in CLEAR or not values or values[0] is None:
        return values
    nothing: tuple[Any, ...] = (None,) * (len(values) - 1)
    masked = level == "masked" and field.type not in UNMASKABLE
    return (mask_of(TYPES[field.type], field, values) if masked else None, *nothing)


def veil_stored(work: Work, target: Object, row: Row) -> Row | None:
    """A whole stored row as the caller sees it; None where only the database could tell."""
    found = veils(work, target)
    if not found and not sealed_of(target):
        return row
    covered = dict(row)
    open_rows(work, target, sealed_of(target), [covered])
    for veil in found.values():
        levels = [veil.right.level]
        for tree, better in veil.tests:
            held = _holds(work, target, tree, row)
            if held is None:
                return None
            levels += [better] if held else []
        _cover(veil, max(levels, key=LEVELS.index), covered)
    return covered


def _holds(work: Work, target: Object, tree: Tree, row: Mapping[str, Any]) -> bool | None:
    """Whether a condition holds on a stored row; None if it looks beyond the row."""
    if any("." in path for path in uses(tree).fields):
        return None
    try:
        return test_of(work, target, tree)(row)
    except BadInput:
        return False


def level_on(work: Work, target: Object, field: Field, row: Mapping[str, Any]) -> Level:
    """What the caller may do with a field of this row, as `get` and `find` gave it."""
    found: Level | None = row.get(f"{field.column}__may")
    return found or right_in(work, target, field).level


def levels_for_log(work: Work, target: Object, row: Mapping[str, Any] | None = None) -> dict[str, Level]:
    """By field: how far its values in the log may be seen; on this record if its row is known, else on every one."""
    return {
        name: veil.right.level if row is None else level_on(work, target, veil.field, row)
        for name, veil in veils(work, target).items()
    }


def hide_logged(field: Field, value: Any, level: Level) -> Any:
    """As `hide`, for a value as the log holds it: a list for several columns."""
    if not isinstance(value, list):
        return hide(field, (value,), level)[0]
    return list(hide(field, tuple(value), level))


def hide_triples(
    shape: Shape, rights: Rights, fields: Mapping[str, tuple[Any, Any, Any]]
) -> dict[str, tuple[Any, Any, Any]]:
    """What was, was set and is now, by the field's number in the log; conditions on the row allow nothing here."""
    known = {s.key: s.field for s in shape.stored}
    found: dict[str, tuple[Any, Any, Any]] = {}
    for key, (before, new, now) in fields.items():
        field = known.get(key)
        level = right_of(rights, shape.object, field).level if field is not None else "edit"
        if field is None or level in CLEAR:
            found[key] = (before, new, now)
        elif level == "masked":
            found[key] = (hide_logged(field, before, level), hide_logged(field, new, level),
                          hide_logged(field, now, level))  # fmt: skip
    return found


def clear_fields(work: Work, target: Object, row: Mapping[str, Any]) -> dict[str, Field]:
    """Fields whose value the caller knows on this row."""
    found = veils(work, target)
    if not found:
        return dict(shown(work, target))
    return {n: f for n, f in shown(work, target).items() if n not in found or level_on(work, target, f, row) in CLEAR}


def without_masks(row: Row) -> Row:
    """The row as if masked fields were not there: for work that goes on with its values."""
    return {name: None if type(value) is Masked else value for name, value in row.items()}


def may_become_edit(work: Work, target: Object, name: str) -> bool:
    """Whether some condition lets the caller set a field that is closed on other rows."""
    veil = veils(work, target).get(name)
    return veil is not None and any(level == "edit" for _, level in veil.tests)


def fillable(work: Work, target: Object) -> dict[str, Field]:
    """Fields for the form of a new record: also those that a record of one's own lets one set."""
    fields = {**readable(work, target), **sealed_clear(work, target)}
    row: Row = {**shape_of(work.catalog, target).blank, "owner": work.actor.user or None, "team": work.actor.team}
    for name, veil in veils(work, target).items():
        if any(level == "edit" and _holds(work, target, tree, row) for tree, level in veil.tests):
            fields[name] = veil.field
    return fields


def refused(work: Work, target: Object, name: str, drafts: Sequence[Draft]) -> list[Draft]:
    """Those drafts whose record does not let the caller set this field: judged as it was, a new one as it becomes."""
    tests = [tree for tree, level in veils(work, target)[name].tests if level == "edit"]
    known = [d.id for d in drafts if d.old is not None]
    open_ids = _ids_where(work, target, tests, known) if known else set()
    return [
        d
        for d in drafts
        if (d.id not in open_ids if d.old is not None else not any(_holds(work, target, t, d.new) for t in tests))
    ]


def _ids_where(work: Work, target: Object, tests: Sequence[Tree], ids: Sequence[int]) -> set[int]:
    conditions = [_condition(work, target, tree) for tree in tests]
    text = " OR ".join(f"({sql})" for sql, _ in conditions)
    params = [p for _, values in conditions for p in values]
    found: set[int] = set()
    for start in range(0, len(ids), 512):
        some = pad(sorted(ids[start : start + 512]))
        marks = ", ".join("?" * len(some))
        sql = f'SELECT r."id" FROM {work.session.table(target.table)} r WHERE r."id" IN ({marks}) AND ({text})'
        found.update(row[0] for row in work.session.rows(sql, [*some, *params]))
    return found
