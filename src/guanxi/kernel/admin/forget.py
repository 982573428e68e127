"""Erasing a person everywhere: who that is, what goes and what the law keeps, and the deed itself (KD 3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import BadInput, Forbidden, NotFound, msg
from guanxi.kernel.admin.forgetters import FORGETTERS, Person, remove_now
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.changes.log import Entry, decode
from guanxi.kernel.jobs.queue import enqueue
from guanxi.kernel.records.shape import SET_TYPES, FieldShape, Shape, shape_of, targets_of
from guanxi.kernel.records.store import LOGGED_SYSTEM, link_table

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

BYTES_KIND = "erasure_bytes"
KEPT_TYPES = frozenset({"lookup", "user", "team", "links", "formula", "auto_number", "boolean"})
"""Fields that point at other records, count or switch: the record stays as a shell that others may refer to."""
CONTACTS = frozenset({"email", "phone"})
TEXTS = frozenset({"text", "long_text", "email", "phone", "url", "address", "tags", "files", "image"})
ASKED_BY = ("person", "guardian", "authority", "own")
MOST = 500  # records that go at once


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be erased. `texts`: the text of activities about them too; `also`: records of the same person."""

    object: str
    record: int
    asked_by: str = "person"
    texts: bool = True
    also: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True)
class Found:
    """What an erasure would touch: counts by object, records that may be the same person, what the law keeps."""

    person: Person
    texts: dict[str, int] = field(default_factory=dict)
    same: list[tuple[str, int]] = field(default_factory=list)
    kept: dict[str, int] = field(default_factory=dict)
    files: int = 0
    changes: int = 0


def is_personal(target: Object) -> bool:
    """Whether records of this object stand for people: they have an e-mail address or a number."""
    return target.kind == "record" and any(f.type in CONTACTS for f in target.fields)


def target_for(work: Work, name: str) -> Object:
    """The object of an erasure; only administrators erase."""
    if not work.actor.rights.admin:
        raise Forbidden(msg("Only administrators erase people."))
    target = work.catalog.objects.get(name)
    if target is None:
        raise NotFound
    if not is_personal(target):
        raise BadInput(msg("{objects} hold no personal data of this kind.", objects=target.plural))
    return target


def look(work: Work, wish: Wish) -> Found:
    """The preview; NotFound if there is no such record, in the trash or not."""
    if wish.asked_by not in ASKED_BY:
        raise BadInput(msg("«{name}» must be one of: {known}.", name="asked_by", known=", ".join(ASKED_BY)))
    records: list[tuple[Object, int]] = []
    for name, record in ((wish.object, wish.record), *wish.also):
        target = target_for(work, name)
        if (target, record) not in records:
            records += [(target, record), *_merged(work, target, record)]
    contacts, names = _known_by(work, records)
    pointing = list(_pointing(work, records))
    texts = [(t, i) for t, i, free in pointing if free and (wish.texts or t.access == "personal")]
    found = Found(Person(records, texts, tuple(contacts), tuple(names)))
    for target, _, free in pointing:
        counts = found.texts if free else found.kept
        counts[target.name] = counts.get(target.name, 0) + 1
    known = {(t.name, i) for t, i in records}
    found.same = [pair for pair in _same_person(work, contacts) if pair not in known]
    for name, total in (("file", "files"), ("change", "changes")):
        sql = f"SELECT count(*) FROM {work.session.table(name)} WHERE record = ? AND object = ?"
        setattr(found, total, sum(work.session.value(sql, (i, t.id)) for t, i in found.person.all))
    return found


def _merged(work: Work, target: Object, record: int) -> list[tuple[Object, int]]:
    """The record must be there; those merged into it are the same person."""
    table = work.session.table(target.table)
    if work.session.one(f'SELECT 1 FROM {table} WHERE "id" = ?', (record,)) is None:
        raise NotFound
    if "merged_into" not in work.catalog.columns(target):
        return []
    rows = work.session.rows(f'SELECT "id" FROM {table} WHERE "merged_into" = ?', (record,))
    return [(target, ident) for (ident,) in rows]


def _known_by(work: Work, records: Sequence[tuple[Object, int]]) -> tuple[list[str], list[str]]:
    """Every address, number and name the person has or had, from the records and their history."""
    contacts: dict[str, None] = {}
    names: dict[str, None] = {}
    for target, record in records:
        shape = shape_of(work.catalog, target)
        wanted = {k.key: k for k in shape.stored if k.field.type in CONTACTS or k.field.name == target.title}
        for known, value in _values(work, shape, wanted, record):
            if known.field.type == "phone":
                number = value.partition(";")[0]
                contacts |= dict.fromkeys((number, number[3:] if number.startswith("+86") else number[1:]))
            elif known.field.type == "email":
                contacts |= dict.fromkeys((value, value.casefold()))
            else:
                names[value] = None
    return list(contacts), list(names)


def _values(
    work: Work, shape: Shape, wanted: Mapping[str, FieldShape], record: int
) -> Iterator[tuple[FieldShape, str]]:
    columns = ", ".join(f'"{k.names[0]}"' for k in wanted.values())
    row = work.session.one(f'SELECT {columns} FROM {work.session.table(shape.object.table)} WHERE "id" = ?', (record,))
    for known, value in zip(wanted.values(), row or (), strict=False):
        if isinstance(value, str):
            yield known, value
    log = f"SELECT old, new FROM {work.session.table('change')} WHERE record = ? AND object = ?"
    for sides in work.session.rows(log, (record, shape.object.id)):
        for side in sides:
            for key, value in (decode(side) or {}).items():
                if key in wanted and isinstance(value, str):
                    yield wanted[key], value


def _pointing(work: Work, records: Sequence[tuple[Object, int]]) -> Iterator[tuple[Object, int, bool]]:
    """Records that point at the person, once each: (object, id, whether its text is about the person)."""
    seen: set[tuple[str, int]] = {(t.name, i) for t, i in records}
    for target, record in records:
        for other, by in work.catalog.referrers(target.name):
            free = other.access in ("personal", "parent") and other.kind != "document" and other.parent is None
            for ident in _ids(work, other, by, target, record):
                if (other.name, ident) not in seen:
                    seen.add((other.name, ident))
                    yield other, ident, free


def _ids(work: Work, other: Object, by: Field, target: Object, record: int) -> list[int]:
    shape = shape_of(work.catalog, other)
    known = shape.fields.get(by.name)
    if known is None:
        return []
    if by.type == "links":
        sql = f'SELECT "a" FROM {work.session.table(link_table(shape, known))} WHERE "b" = ?'
        return [i for (i,) in work.session.rows(sql, (record,))]
    several = len(targets_of(by)) > 1
    also = f' AND "{known.names[1]}" = ?' if several else ""
    sql = f'SELECT "id" FROM {work.session.table(other.table)} WHERE "{known.names[0]}" = ?{also}'
    return [i for (i,) in work.session.rows(sql, (record, target.name) if several else (record,))]


def _same_person(work: Work, contacts: Sequence[str]) -> list[tuple[str, int]]:
    """Records with one of the addresses or numbers: an administrator says whether they are the same person."""
    found: dict[tuple[str, int], None] = {}
    for target in work.catalog.objects.values():
        if not is_personal(target) or target.retired:
            continue
        for known in shape_of(work.catalog, target).stored:
            if known.field.type not in CONTACTS or not contacts:
                continue
            marks = ", ".join("?" * len(contacts))
            table = work.session.table(target.table)
            sql = f'SELECT "id" FROM {table} WHERE "{known.names[0]}" IN ({marks}) LIMIT 50'
            found |= dict.fromkeys((target.name, ident) for (ident,) in work.session.rows(sql, contacts))
    return list(found)


def ready(work: Work, wish: Wish) -> Found:
    """As `look`, and refuses what is too much for one transaction."""
    found = look(work, wish)
    if len(found.person.all) > MOST:
        text = "This would erase more than {n} records at once. Leave the texts for a second step."
        raise BadInput(msg(text, n=MOST))
    return found


def erase(work: Work, wish: Wish) -> tuple[Found, dict[str, int]]:
    """The deed, in one transaction; what it did by table. Call `remove_now` when it is committed."""
    found = ready(work, wish)
    done = {name: forgetter(work, found.person) for name, forgetter in FORGETTERS.items()}
    for target, record in found.person.records:
        clear_row(work, target, record, KEPT_TYPES, trash=True)
    for target, record in found.person.texts:
        wanted = frozenset(f.type for f in target.fields) - TEXTS
        clear_row(work, target, record, wanted, trash=False)
    done["records"], done["texts"] = len(found.person.records), len(found.person.texts)
    files = [str(p.relative_to(work.space.folder)) for p in work.session.notes.get("remove", ())]
    # a process that dies right after the commit leaves the files: the job removes them as well
    enqueue(work.session, BYTES_KIND, {"remove": files}, queue="bulk", dedupe=None if files else BYTES_KIND)
    return found, {name: count for name, count in done.items() if count}


def clear_row(work: Work, target: Object, record: int, kept: frozenset[str], *, trash: bool) -> None:
    """Empties the columns and link rows; the title says that something was here."""
    shape, session = shape_of(work.catalog, target), work.session
    table = session.table(target.table)
    lock = " FOR UPDATE" if session.dialect == "postgresql" else ""
    row = session.one(f'SELECT "version", "trashed_at" FROM {table} WHERE "id" = ?{lock}', (record,))
    if row is None:
        return
    gone = [k for k in shape.stored if k.field.type not in kept]
    columns = [name for k in gone for name in k.names if not _is_step(k)]
    sets: dict[str, Any] = dict.fromkeys(columns) | {"version": row[0] + 1, "updated_at": work.now}
    title = shape.fields.get(target.title)
    if title is not None and title.names[0] in sets and title.field.type in ("text", "long_text"):
        sets[title.names[0]] = "已抹除" if work.language == "zh-CN" else "Erased"
    put_away = trash and row[1] is None and "trashed_at" in shape.blank
    if put_away:
        sets["trashed_at"] = work.now
    text = ", ".join(f'"{name}" = ?' for name in sets)
    session.run(f'UPDATE {table} SET {text} WHERE "id" = ?', (*sets.values(), record))
    for known in gone:
        if known.field.type in SET_TYPES:
            session.run(f'DELETE FROM {session.table(link_table(shape, known))} WHERE "a" = ?', (record,))
    key = LOGGED_SYSTEM["trashed_at"]
    sides: tuple[dict[str, Any], dict[str, Any]] = ({key: None}, {key: work.now}) if put_away else ({}, {})
    work.log([Entry(target.id, record, row[0] + 1, "trash" if put_away else "edit", *sides)])


def _is_step(known: FieldShape) -> bool:
    """How far a lead came is no personal value, and lists need it."""
    return known.field.type == "choice" and (known.field.required or known.field.name == "state")


__all__ = ["ASKED_BY", "BYTES_KIND", "Found", "Wish", "clear_row", "erase", "is_personal", "look", "remove_now"]
