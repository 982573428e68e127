"""What a person opened last: search puts it first. Kept beside the sessions, never in the log."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from guanxi.kernel.storage.session import Full

if TYPE_CHECKING:
    from guanxi.kernel.context import Space

KEPT = 200
PRUNE_EVERY = 50
_last: WeakKeyDictionary[Space, dict[int, tuple[int, int]]] = WeakKeyDictionary()  # what was noted last, by person


def note_opened(space: Space, person: int, object_id: int, record: int) -> None:
    """The person opened the record's page; the same one again and again is written once."""
    last = _last.setdefault(space, {})
    if last.get(person) == (object_id, record):
        return
    if len(last) > 10_000:
        last.clear()
    last[person] = (object_id, record)
    with suppress(Full), space.db.ephemeral() as session:  # a full disk must not keep people from reading
        table = session.table("recent")
        session.run(
            f'INSERT INTO {table} ("user", "object", "record", "at") VALUES (?, ?, ?, ?)'
            ' ON CONFLICT ("user", "object", "record") DO UPDATE SET "at" = excluded."at"',
            (person, object_id, record, space.clock()),
        )
        if record % PRUNE_EVERY == 0:  # ids are as good as dice
            oldest = f'SELECT "at" FROM {table} WHERE "user" = ? ORDER BY "at" DESC LIMIT 1 OFFSET {KEPT}'
            session.run(f'DELETE FROM {table} WHERE "user" = ? AND "at" <= ({oldest})', (person, person))


def opened(space: Space, person: int) -> list[tuple[int, int]]:
    """(object id, record), newest first, at most `KEPT`; whoever shows them asks for rights again."""
    with space.db.ephemeral(write=False) as session:
        table = session.table("recent")
        sql = f'SELECT "object", "record" FROM {table} WHERE "user" = ? ORDER BY "at" DESC LIMIT {KEPT}'
        rows = session.rows(sql, (person,))
    return [(row[0], row[1]) for row in rows]
