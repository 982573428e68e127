"""From raw values to drafts: what the caller wants, parsed, with every fault named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import FieldError, Forbidden, NotFound, msg
from guanxi.base.text import sort_key
from guanxi.kernel.access.branches import pad, reach
from guanxi.kernel.access.rights import may_ask
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.fields.base import ParseEnv, ParseError
from guanxi.kernel.records.aliases import ALIAS, lead_on
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.masks import may_become_edit, refused, veils
from guanxi.kernel.records.sealing import is_marker, seal_draft
from guanxi.kernel.records.shape import REFERENCES, FieldShape, Shape, pointed_at, shape_of
from guanxi.kernel.records.transfer import check_transfer
from guanxi.kernel.records.types import Change, Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

Numbered = Sequence[tuple[int, Change]]
VERB_OF = {"create": "create", "edit": "edit", "trash": "delete", "restore": "delete"}
SET_BY_HAND = ("owner", "team")
SEEN = ("masked", "read")  # levels at which a field is known to be there, and closed
BACK_DATED = ("created_at", "created_by", "updated_at")
OFTEN_ALIKE = frozenset(
    {"choice", "multi_choice", "tags", "boolean", "date", "percent", "money", "lookup", "user", "team", "address"}
)
"""Types whose values repeat from record to record."""


def drafts_for(work: Work, target: Object, op: str, changes: Numbered) -> list[Draft]:
    """Drafts for changes of one kind on one object, in order; rights on object and records are checked here."""
    may(work, target, VERB_OF[op])
    if op == "create":
        drafts = blank_drafts(work, target, changes)
    else:
        rows = current_rows(work, target, op, [c.id for _, c in changes if c.id is not None])
        drafts = [_draft_of(work, target, change, index, rows) for index, change in changes]
    if op == "restore":
        for draft in drafts:
            if draft.old is not None and draft.old.get(ALIAS) is not None:
                draft.error("id", msg("It was merged into another record. Undo the merge to have it back."), "merged")
    if op in ("create", "edit"):
        shape = shape_of(work.catalog, target)
        good = [d for d in drafts if not d.errors]
        read_columns(work, shape, good)
        if target.access == "personal":
            for draft in good:
                keep_personal(draft, shape)
        check_references(work, shape, drafts)
        if shape.owned and not is_free(work):
            check_transfer(work, target, op, [d for d in drafts if not d.errors])
    return drafts


def may(work: Work, target: Object, verb: str) -> None:
    """Refuses a verb the caller has for no record of this object."""
    actor = work.actor
    if actor.rights.admin or target.access == "personal":
        return
    # "everything" in a role means records: settings such as users, roles and stages must be named (no self-promotion)
    named = target.kind != "config" or target.name in actor.rights.objects
    if not named or actor.rights.scope(target.name, verb) == "none":
        if not may_ask(actor.rights, target.name, target.access):
            raise NotFound
        raise Forbidden(msg("Your roles do not let you do this with {objects}.", objects=target.plural))


def blank_draft(work: Work, target: Object, change: Change, index: int) -> Draft:
    """A new record before anything is read into it."""
    return blank_drafts(work, target, [(index, change)])[0]


def blank_drafts(work: Work, target: Object, changes: Numbered) -> list[Draft]:
    """New records before anything is read into them."""
    shape = shape_of(work.catalog, target)
    blank: Row = dict(shape.blank)
    blank["version"] = 1
    blank["created_at"] = blank["updated_at"] = work.now
    blank["created_by"] = blank["updated_by"] = work.person
    if shape.owned:
        blank["owner"], blank["source"] = work.actor.user or None, work.entry
        blank["team"] = work.actor.team
    ids = iter(work.space.ids.take(sum(1 for _, change in changes if change.id is None)))
    drafts: list[Draft] = []
    for index, change in changes:
        new = blank.copy()
        new["id"] = change.id if change.id is not None else next(ids)
        drafts.append(Draft(work, target, change, index, None, new))
    return drafts


def current_rows(work: Work, target: Object, op: str, ids: Sequence[int]) -> dict[int, Row]:
    """Rows the caller may change, locked until the commit (SQLite's writer turn locks all)."""
    shape = shape_of(work.catalog, target)
    verb = "delete" if op in ("trash", "restore") else "edit"
    condition, params = reach(work.session, work.catalog, work.actor, target, verb, work.now).condition()
    live = "IS NOT NULL" if op == "restore" else "IS NULL"
    lock = (" FOR UPDATE" if op == "trash" else " FOR NO KEY UPDATE") if work.session.dialect == "postgresql" else ""
    table = work.session.table(target.table)
    names = ", ".join(f'r."{c}"' for c in shape.columns)
    rows: dict[int, Row] = {}
    for start in range(0, len(ids), 512):
        some = pad(sorted(ids[start : start + 512]))
        marks = ", ".join("?" * len(some))
        sql = f'SELECT {names} FROM {table} r WHERE r."id" IN ({marks}) AND r."trashed_at" {live}'
        sql += f" AND {condition}" if condition else ""
        order = f' ORDER BY r."id"{lock}' if lock else ""
        for values in work.session.rows(sql + order, [*some, *params]):
            row = dict(zip(shape.columns, values, strict=True))
            rows[row["id"]] = row
    return rows


def _draft_of(work: Work, target: Object, change: Change, index: int, rows: dict[int, Row]) -> Draft:
    old = rows.get(change.id or 0)
    if old is None:
        draft = Draft(work, target, change, index, {"version": 0}, {"id": change.id or 0})
        draft.error("id", msg("Not found, or not yours to change."), "not_found")
        return draft
    draft = Draft(work, target, change, index, old, dict(old))
    if change.version is not None and change.version != old["version"]:
        draft.error("version", msg("Somebody changed this record since you opened it."), "conflict")
    return draft


def read_columns(work: Work, shape: Shape, drafts: Sequence[Draft]) -> None:
    """The values of many drafts, field by field: what holds for all is found out once."""
    alike: dict[tuple[str, ...], list[Draft]] = {}
    for draft in drafts:
        alike.setdefault(tuple(draft.change.values), []).append(draft)
    free = is_free(work)
    columns: dict[str, Callable[[Sequence[Draft]], None] | None] = {}
    for names, group in alike.items():
        for name in names:
            if name not in columns:
                known = shape.fields.get(name)
                may_set = known is not None and _settable(work, shape.object, known, free)
                columns[name] = _column_reader(known, work.env) if known is not None and may_set else None
            read = columns[name]
            if read is not None:
                read(group if free else _let(work, shape, name, group))
                continue
            for draft in group:
                _read_value(draft, shape, name, draft.change.values[name], free)


def _let(work: Work, shape: Shape, name: str, drafts: Sequence[Draft]) -> Sequence[Draft]:
    """
    Those drafts whose record lets the caller set the field; the others get the answer of a field that is closed. A
    new record is judged when it is complete (`check_own_fields`).
    """
    if not may_become_edit(work, shape.object, name) or level_of(drafts[0], name) == "edit":
        return drafts
    closed = {id(d) for d in refused(work, shape.object, name, [d for d in drafts if d.old is not None])}
    for draft in drafts:
        if id(draft) in closed:
            _refuse(draft, shape.object, name)
    return [d for d in drafts if id(d) not in closed]


def check_own_fields(work: Work, shape: Shape, drafts: Sequence[Draft]) -> None:
    """New records: fields that only some rows let the caller set, judged on the row they become."""
    if is_free(work) or not veils(work, shape.object):
        return
    for name in {n for d in drafts for n in d.change.values}:
        if not may_become_edit(work, shape.object, name) or work.actor.rights.level(shape.object.name, name) == "edit":
            continue
        given = [d for d in drafts if d.old is None and d.change.values.get(name) not in (None, "", [])]
        for draft in refused(work, shape.object, name, given) if given else ():
            _refuse(draft, shape.object, name)


def _refuse(draft: Draft, target: Object, name: str) -> None:
    label = draft.work.catalog.field(target, name).label
    draft.error(name, msg("{field} cannot be changed here.", field=label), "read_only")


def _column_reader(known: FieldShape, env: ParseEnv) -> Callable[[Sequence[Draft]], None]:
    """Parses one field of many drafts; cells that come again are parsed once."""
    name, names, field, parse = known.field.name, known.names, known.field, known.type.parse
    if field.encrypted:
        return _sealing_reader(known, env)
    blank, kept = (None,) * len(names), dict[str, tuple[Any, ...]]()
    often, single = field.type in OFTEN_ALIKE, names[0] if len(names) == 1 else None

    def read(drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            raw = draft.change.values[name]
            if not raw and (raw is None or raw in ("", [])):
                values = blank
            elif often and type(raw) is str and raw in kept:
                values = kept[raw]
            else:
                try:
                    values = parse(field, raw, env)
                except ParseError as error:
                    draft.error(name, error.message, error.code)
                    continue
                if often and type(raw) is str:
                    kept[raw] = values
            if single is not None:
                (draft.new[single],) = values
            else:
                draft.new.update(zip(names, values, strict=True))

    return read


def _sealing_reader(known: FieldShape, env: ParseEnv) -> Callable[[Sequence[Draft]], None]:
    """Parses and at once encrypts one field of many drafts: nothing after this sees the value."""
    name, field = known.field.name, known.field

    def read(drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            raw = draft.change.values[name]
            if is_marker(raw):
                continue
            try:
                plain = None if raw is None or raw in ("", []) else known.type.parse(field, raw, env)[0]
            except ParseError as error:
                draft.error(name, error.message, error.code)
                continue
            seal_draft(draft, field, plain)

    return read


def is_free(work: Work) -> bool:
    """Whether fields may be set that are closed to callers."""
    return work.actor.is_system or work.kind in ("demo", "undo")


def read_values(draft: Draft, shape: Shape) -> None:
    """Parses the raw values the caller may set into the draft."""
    free = is_free(draft.work)
    for name, raw in draft.change.values.items():
        _read_value(draft, shape, name, raw, free)


def _read_value(draft: Draft, shape: Shape, name: str, raw: Any, free: bool) -> None:
    work, known = draft.work, shape.fields.get(name)
    if known is not None and _settable(work, shape.object, known, free):
        _column_reader(known, work.env)([draft] if free else _let(work, shape, name, [draft]))
    elif shape.owned and name in SET_BY_HAND and (free or level_of(draft, name) == "edit"):
        _set_owner(draft, name, raw)
    elif name in BACK_DATED and work.kind == "demo":
        draft.new[name] = int(raw)
    elif (known is not None or (shape.owned and name in SET_BY_HAND)) and level_of(draft, name) in SEEN:
        _refuse(draft, shape.object, name)
    else:
        draft.error(name, msg("There is no field «{name}» you could set.", name=name[:80]), "unknown_field")


def level_of(draft: Draft, name: str) -> str:
    """What the caller may do with a field of this record."""
    return draft.work.actor.rights.level(draft.object.name, name)


def keep_personal(draft: Draft, shape: Shape) -> None:
    """A personal thing is its maker's own; only the system makes things for others. Sharing is an ability."""
    work = draft.work
    if work.actor.is_system or work.kind in ("demo", "undo"):
        return
    name = shape.object.access_via or "owner"
    column = work.catalog.field(shape.object, name).column
    if draft.new[column] is None:
        draft.new[column] = work.actor.user
    elif draft.new[column] != work.actor.user:
        draft.error(name, msg("This is a personal thing; it can only be your own."), "not_yours")
    shared = shape.fields.get("shared")
    if shared is not None and draft.new[shared.field.column] and draft.changed(shared.field.column):
        if not work.actor.rights.can("share_views"):
            draft.error("shared", msg("Your roles do not let you share views with everyone."), "not_allowed")


def _settable(work: Work, target: Object, known: FieldShape, free: bool) -> bool:
    """Nobody sets a roll-up, the system neither."""
    return known.field.rollup is None and (free or _writable(work, target, known))


def _writable(work: Work, target: Object, known: FieldShape) -> bool:
    field = known.field
    kept = field.type == "auto_number" and work.kind == "import"  # numbers of the system the records come from
    if (field.read_only and not kept) or field.retired or not known.columns:
        return False
    level = work.actor.rights.level(target.name, field.name)
    return level == "edit" or may_become_edit(work, target, field.name)


def _set_owner(draft: Draft, name: str, raw: Any) -> None:
    rows = draft.config[{"owner": "user", "team": "team"}[name]]
    try:
        ident = None if raw in (None, "") else int(raw)
    except (TypeError, ValueError):
        ident = -1
    if ident is not None and ident not in rows:
        draft.error(name, msg("There is no such person or team."), "not_found")
        return
    draft.new[name] = ident
    if name == "owner":
        draft.new["team"] = rows[ident]["team"] if ident is not None else None


def check_references(work: Work, shape: Shape, drafts: Sequence[Draft]) -> None:
    """Every lookup that changes must point at a live record the caller may see; one statement per target."""
    for known in shape.stored:
        if known.field.type not in REFERENCES or known.field.name == shape.object.parent:
            continue  # a line's parent is the document it is saved with
        wanted: dict[str, set[int]] = {}
        pending: list[tuple[Draft, str, tuple[int, ...]]] = []
        for draft in drafts:
            if draft.errors or not any(map(draft.changed, known.names)):
                continue
            found = pointed_at(known, draft.new)
            if found is not None:
                pending.append((draft, *found))
                wanted.setdefault(found[0], set()).update(found[1])
        seen = {target: visible_ids(work, target, ids) for target, ids in wanted.items()}
        lost = [draft for draft, name, ids in pending if not seen[name].issuperset(ids)]
        if lost and lead_on(work, shape, lost):  # those that were merged are led to what they are now
            check_references(work, shape, [p[0] for p in pending])
            continue
        for draft, target, ids in pending:
            if not seen[target].issuperset(ids):
                label = known.field.label
                draft.error(
                    known.field.name, msg("{field}: no such record, or not yours to see.", field=label), "not_found"
                )


def visible_ids(work: Work, target_name: str, ids: set[int]) -> set[int]:
    """Those of the ids that are live and that the caller may see."""
    target = work.catalog.objects.get(target_name)
    if target is None:
        return set()
    if target.kind == "config":
        known = ids & work.catalog.config[target_name].keys()
        if known == ids or not work.settings_changed:
            return known  # else some may have been made in this unit of work: the snapshot does not have them yet
    condition, params = reach(work.session, work.catalog, work.actor, target, "read", work.now).condition()
    also = f" AND {condition}" if condition else ""
    found: set[int] = set()
    ordered = sorted(ids)
    for start in range(0, len(ordered), 512):
        some = pad(ordered[start : start + 512])
        marks = ", ".join("?" * len(some))
        sql = f'SELECT r."id" FROM {work.session.table(target.table)} r WHERE r."id" IN ({marks})'
        sql += f' AND r."trashed_at" IS NULL{also}'
        if work.session.dialect == "postgresql":  # whoever trashes it waits for us, or we for them; edits do not
            sql += ' ORDER BY r."id" FOR KEY SHARE OF r'
        found.update(row[0] for row in work.session.rows(sql, [*some, *params]))
    return found


def refresh_keys(shape: Shape, drafts: Sequence[Draft]) -> None:
    """Sort keys follow the text they are made from, whoever set it."""
    keyed = [(s.field.column, s.field.column + "__k") for s in shape.stored if s.field.column + "__k" in s.names]
    for column, key in keyed:
        made: dict[str, str] = {}  # job titles and places repeat
        for draft in drafts:
            old, new = draft.old, draft.new
            text = new[column]
            if old is not None and old.get(column) == text:
                new[key] = old.get(key)
            elif text:
                found = made.get(text)
                new[key] = made[text] = sort_key(text) if found is None else found
            else:
                new[key] = None


def errors_of(drafts: Sequence[Draft]) -> list[FieldError]:
    return [error for draft in drafts for error in draft.errors]
