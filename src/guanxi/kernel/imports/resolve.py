"""From names in cells to records: users by name or e-mail, accounts by name or number, stages by either name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import Message, msg
from guanxi.base.text import fold, nearest
from guanxi.kernel.access.branches import pad, reach
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.records.aliases import ALIAS, winners
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.shape import OWNED, targets_of

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

KEYS = ("name", "name_en", "code", "key", "number", "email", "title", "subject")


MAX_TITLES = 5_000


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A cell that names no record (or several)."""

    message: Message
    code: str
    near: str = ""


def resolve(
    work: Work, field: Field, cells: Sequence[str], match: str, titles: dict[str, list[str]]
) -> Mapping[str, int | str | Unresolved]:
    """
    Cell text -> record id, for one reference field; one or two questions per chunk. `titles` keeps the names of small
    tables from chunk to chunk, for "did you mean". Where a field points at several objects a cell may say which:
    "lead:Ann"; else it is the first one.
    """
    names = targets_of(field) if field.name not in ("owner", "team") else (field.options["to"][0],)
    wanted = sorted({c for c in cells if c})
    if len(names) == 1 or field.type != "lookup":
        return _in_object(work, names[0], wanted, match, titles)
    found: dict[str, int | str | Unresolved] = {}
    for name in names:
        plain = {c: c.removeprefix(f"{name}:").strip() for c in wanted if _named(c, names) == name}
        known = _in_object(work, name, sorted(set(plain.values())), match, titles)
        for cell, text in plain.items():
            one = known.get(text)
            if one is not None:
                found[cell] = one if isinstance(one, Unresolved) else f"{name}:{one}"
    return found


def _named(cell: str, names: Sequence[str]) -> str:
    head = cell.partition(":")[0]
    return head if head in names else names[0]


def _in_object(
    work: Work, name: str, wanted: Sequence[str], match: str, titles: dict[str, list[str]]
) -> dict[str, int | Unresolved]:
    other = work.catalog.objects.get(name)
    if other is None or not wanted:
        return {}
    if other.kind == "config":
        return _in_snapshot(work, other, wanted, match)
    found: dict[str, int | Unresolved] = {}
    for key in _keys(work, other, match):
        open_cells = [c for c in wanted if c not in found]
        if open_cells:
            found.update(_in_table(work, other, key, open_cells))
    for cell in wanted:
        if cell not in found:
            found[cell] = _by_id(cell) or _unknown(other, cell, _near(work, other, cell, titles))
    return found


def _near(work: Work, other: Object, cell: str, titles: dict[str, list[str]]) -> str:
    """The most similar title among those the caller may see; large tables are not searched for it."""
    known = titles.get(other.name)
    if known is None and other.title not in readable(work, other):
        known = titles[other.name] = []
    if known is None:
        condition, params = reach(work.session, work.catalog, work.actor, other, "read", work.now).condition()
        also = f" AND {condition}" if condition else ""
        column = work.catalog.fields(other)[other.title].column
        sql = f'SELECT r."{column}" FROM {work.session.table(other.table)} r WHERE r."trashed_at" IS NULL{also} LIMIT ?'
        rows = work.session.rows(sql, [*params, MAX_TITLES + 1])
        known = titles[other.name] = [] if len(rows) > MAX_TITLES else [str(row[0]) for row in rows if row[0]]
    return nearest(cell, known, at_least=0.6) or ""


def _keys(work: Work, other: Object, match: str) -> list[Field]:
    fields = work.catalog.fields(other)
    names = [match] if match else list(dict.fromkeys((other.title, *KEYS)))
    clear = readable(work, other)  # looking a value up is a question: not by what one may not read
    return [fields[n] for n in names if n in clear and fields[n].type in ("text", "auto_number", "email")]


def _in_snapshot(work: Work, other: Object, cells: Sequence[str], match: str) -> dict[str, int | Unresolved]:
    known: dict[str, int | None] = {}
    shown: dict[str, str] = {}
    for ident, row in work.catalog.config[other.name].items():
        for word in _words(work, other, row, match):
            folded = fold(word)
            shown.setdefault(folded, word)
            known[folded] = ident if known.get(folded, ident) == ident else None
    found: dict[str, int | Unresolved] = {}
    for cell in cells:
        folded = fold(cell)
        one = known.get(folded)
        if one is not None:
            found[cell] = one
        elif folded in known:
            found[cell] = _several(other, cell)
        elif cell.isdigit() and int(cell) in work.catalog.config[other.name]:
            found[cell] = int(cell)
        else:
            found[cell] = _unknown(other, cell, nearest(cell, shown.values(), at_least=0.6) or "")
    return found


def _words(work: Work, other: Object, row: Mapping[str, Any], match: str) -> list[str]:
    """What a setting may be called: its names, and with the thing it belongs to: "Standard / Won"."""
    own = [value for name in ([match] if match else KEYS) if isinstance(value := row.get(name), str) and value]
    if match:
        return own
    words = list(own)
    for field in other.fields:
        if field.type == "lookup" and field.required:
            parent = work.catalog.config.get(targets_of(field)[0], {}).get(row.get(field.column) or 0, {})
            words += [f"{parent[k]} / {name}" for k in ("name", "name_en") if parent.get(k) for name in own]
    return words


def _in_table(work: Work, other: Object, key: Field, cells: Sequence[str]) -> dict[str, int | Unresolved]:
    condition, params = reach(work.session, work.catalog, work.actor, other, "read", work.now).condition()
    also = f" AND {condition}" if condition else ""
    found: dict[str, int | Unresolved] = {}
    table = work.session.table(other.table)
    for start in range(0, len(cells), 512):
        some = pad(list(cells[start : start + 512]))
        marks = ", ".join("?" * len(some))
        sql = f'SELECT r."{key.column}", r."id" FROM {table} r WHERE r."{key.column}" IN ({marks})'
        for text, ident in work.session.rows(sql + f' AND r."trashed_at" IS NULL{also}', [*some, *params]):
            found[text] = ident if found.get(text, ident) == ident else _several(other, text)
    return found


def _by_id(cell: str) -> int | None:
    """An id from an export of ours; `save` checks that it exists."""
    return int(cell) if cell.isdigit() and len(cell) > 15 else None


def _unknown(other: Object, cell: str, near: str) -> Unresolved:
    if near:
        message = msg("There is no {object} «{name}». Did you mean «{near}»?", object=other.label, name=cell, near=near)
    else:
        message = msg("There is no {object} «{name}».", object=other.label, name=cell)
    return Unresolved(message, "unresolved", near)


def _several(other: Object, cell: str) -> Unresolved:
    message = msg("Several {objects} are called «{name}»; use the number or id.", objects=other.plural, name=cell)
    return Unresolved(message, "ambiguous")


def keys_of(work: Work, target: Object, key: Field) -> dict[int, int]:
    """Hash of every key in sight -> id: one pass over the table instead of one for each chunk without an index."""
    seen, params = _in_sight(work, target)
    sql = (
        f'SELECT r."{key.column}", r."id" FROM {work.session.table(target.table)} r WHERE r."{key.column}" IS NOT NULL'
    )
    rows = work.session.stream(f'{sql}{seen} ORDER BY r."id" DESC', params)
    return {hash(value): ident for some in rows for value, ident in some}


def existing(
    work: Work, target: Object, key: Field, values: Sequence[Any], known: Mapping[int, int] | None = None
) -> dict[Any, int]:
    """
    Stored key value -> id of the live record that has it, the oldest if several; for updates by key. Records that the
    caller may not read are as if they were not there: what a file learns of them is what the form tells too, that a
    unique value is taken.
    """
    column, wanted = (
        (key.column, values) if known is None else ("id", [known[h] for h in map(hash, values) if h in known])
    )
    seen, params = _in_sight(work, target)
    found: dict[Any, int] = {}
    for start in range(0, len(wanted), 512):
        some = pad(list(wanted[start : start + 512]))
        marks = ", ".join("?" * len(some))
        sql = (
            f'SELECT r."{key.column}", r."id" FROM {work.session.table(target.table)} r WHERE r."{column}" IN ({marks})'
        )
        found.update(work.session.rows(f'{sql}{seen} ORDER BY r."id" DESC', [*some, *params]))
    return found


def merged_keys(work: Work, target: Object, key: Field, values: Sequence[Any]) -> dict[Any, int]:
    """Key value of a record that was merged into another -> what it is now, as far as the caller sees that."""
    if target.kind not in OWNED or not values:
        return {}
    table = work.session.table(target.table)
    held: dict[Any, int] = {}
    for start in range(0, len(values), 512):
        some = pad(list(values[start : start + 512]))
        sql = f'SELECT r."{key.column}", r."id" FROM {table} r WHERE r."trashed_at" IS NOT NULL'
        sql += f' AND r."{ALIAS}" IS NOT NULL AND r."{key.column}" IN ({", ".join("?" * len(some))}) ORDER BY r."id"'
        held.update(work.session.rows(sql, some))
    become = winners(work, target, held.values())
    if not become:
        return {}
    ids = pad(sorted(set(become.values())))
    seen, params = _in_sight(work, target)
    sql = f'SELECT r."id" FROM {table} r WHERE r."id" IN ({", ".join("?" * len(ids))}){seen}'
    there = {row[0] for row in work.session.rows(sql, [*ids, *params])}
    return {value: become[ident] for value, ident in held.items() if become.get(ident) in there}


def _in_sight(work: Work, target: Object) -> tuple[str, list[Any]]:
    """Live, and readable by the caller; goes behind a WHERE."""
    condition, params = reach(work.session, work.catalog, work.actor, target, "read", work.now).condition()
    return ' AND r."trashed_at" IS NULL' + (f" AND {condition}" if condition else ""), list(params)
