"""What each table does when a person is erased: one function per table that holds personal data (KD 3)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from guanxi.base.errors import BadInput, Conflict, msg
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.imports import state, table
from guanxi.kernel.records.near_words import unlearn, words_of
from guanxi.kernel.records.search_index import drop_docs
from guanxi.kernel.storage.files import path_of

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

UPLOADS = "uploads"  # a note of the transaction: what `look_through` found before it
QUIET = ("done", "failed", "draft", "checked", "paused")
QUOTES = (('"', '"'), ("'", "'"), ("«", "»"), ("“", "”"), ("「", "」"))
BARE = {ord(char): None for char in " -()./（）"}


@dataclass(frozen=True, slots=True)
class Person:
    """
    Who is erased: `records` are all that go (the record, what was merged into it, what was named besides), `texts`
    those of which the free text goes. `contacts` are addresses and numbers they had, `names` what they were called.
    """

    records: Sequence[tuple[Object, int]]
    texts: Sequence[tuple[Object, int]]
    contacts: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def all(self) -> Sequence[tuple[Object, int]]:
        return (*self.records, *self.texts)

    def in_text(self, text: str) -> bool:
        """Whether a text speaks of this person for sure: by an address or number, or by their name in quotes."""
        bare = text.translate(BARE)  # numbers are typed with spaces, dashes and brackets
        found = any(value in text or value in bare for value in self.contacts)
        return found or any(f"{a}{name}{b}" in text for name in self.names for a, b in QUOTES)

    def in_cells(self, cells: Sequence[str]) -> bool:
        """Whether a row of a file is about this person; the same name counts, rather than leave something."""
        return any(cell.strip() in self.names or self.in_text(cell) for cell in cells)


Forget = Callable[["Work", Person], int]


def forget_log(work: Work, person: Person) -> int:
    """Payload and salt go; the leaf stays, so that the chain still proves the rest."""
    sql = (
        f"UPDATE {work.session.table('change')} SET old = NULL, new = NULL, salt = NULL"
        " WHERE record = ? AND object = ? AND salt IS NOT NULL"
    )
    return sum(work.session.run(sql, (record, target.id)) for target, record in person.all)


def forget_operations(work: Work, person: Person) -> int:
    """Causes and notes are free text outside the chain."""
    return _blank(work, person, "operation", "id", ("cause", "note"))


def forget_files(work: Work, person: Person) -> int:
    """Rows at once; contents when this commits, unless somebody else has the very same file."""
    table_name, paths, done = work.session.table("file"), list[Path](), 0
    for target, record in person.all:
        found = work.session.rows(
            f"SELECT id, sha256 FROM {table_name} WHERE record = ? AND object = ?", (record, target.id)
        )
        for ident, digest in found:
            done += work.session.run(f"DELETE FROM {table_name} WHERE id = ?", (ident,))
            if work.session.value(f"SELECT 1 FROM {table_name} WHERE sha256 = ? LIMIT 1", (digest,)) is None:
                paths.append(path_of(work.space.folder, digest))
    _remove_later(work, paths)
    return done


def forget_search(work: Work, person: Person) -> int:
    """The index would follow anyway; here it is gone with the same commit."""
    drop_docs(work.session, [record for _, record in person.all])
    return len(person.all)


def forget_words(work: Work, person: Person) -> int:
    """Words learnt for typing errors: all that the index holds of the person, and those of older names."""
    doc, words = work.session.table("search_doc"), words_of((*person.names, *person.contacts))
    for _, record in person.all:
        for (held,) in work.session.rows(f"SELECT doc FROM {doc} WHERE record = ?", (record,)):
            words |= words_of(piece for some in msgspec.json.decode(held).values() for piece in some)
    unlearn(work.session, words)
    return len(words)


def forget_keys(work: Work, person: Person) -> int:
    """Normalised numbers and names by which duplicates are found."""
    sql = f"DELETE FROM {work.session.table('match_key')} WHERE record = ? AND object = ?"
    return sum(work.session.run(sql, (record, target.id)) for target, record in person.all)


def forget_pairs(work: Work, person: Person) -> int:
    """Pairs that wait to be judged: there is nothing left to compare."""
    sql = f"DELETE FROM {work.session.table('duplicate_pair')} WHERE a = ? OR b = ?"
    return sum(work.session.run(sql, (record, record)) for _, record in person.all)


def forget_faults(work: Work, person: Person) -> int:
    """Rows of imports that wait to be mended, and their mends."""
    return sum(_rows_with_cells(work, person, name) for name in ("import_fault", "import_patch"))


def _rows_with_cells(work: Work, person: Person, name: str) -> int:
    gone = [
        (run, row)
        for some in work.session.stream(f"SELECT run, row, cells FROM {work.session.table(name)}")
        for run, row, cells in some
        if person.in_text(cells)
    ]
    work.session.many(f"DELETE FROM {work.session.table(name)} WHERE run = ? AND row = ?", gone)
    return len(gone)


def forget_uploads(work: Work, person: Person) -> int:
    """Files of imports that hold the person are deleted whole; an import at work must end first."""
    done = 0
    seen, held = work.session.notes.get(UPLOADS, (frozenset(), frozenset()))
    for run in uploads(work):
        if run.id not in held and (run.id in seen or not _holds(state.path_of(work.space, run), run.name, person)):
            continue
        refuse_at_work([run])
        _remove_later(work, [state.folder_of(work.space, run)])
        done += 1
    return done


def refuse_at_work(runs: Sequence[state.Run]) -> None:
    """A running import would go on writing the person."""
    for run in runs:
        if run.state not in QUIET:
            text = "The import «{name}» holds this person and is at work. Wait for its end."
            raise Conflict(msg(text, name=run.name))


def uploads(work: Work) -> list[state.Run]:
    """Imports that still have their file."""
    names = ", ".join(state.COLUMNS)
    found = work.session.rows(f"SELECT {names} FROM {work.session.table('import_run')}")
    runs = [state.Run(*values) for values in found]
    return [run for run in runs if state.path_of(work.space, run).exists()]


def look_through(space: Space, runs: Sequence[state.Run], person: Person) -> tuple[frozenset[int], frozenset[int]]:
    """Reads those files outside of any transaction, for they may be large: (all of them, those with the person)."""
    held = (run.id for run in runs if _holds(state.path_of(space, run), run.name, person))
    return frozenset(run.id for run in runs), frozenset(held)


def _holds(path: Path, name: str, person: Person) -> bool:
    if not path.exists():
        return False
    try:
        return any(person.in_cells(line.cells) for line in table.open_table(path, name).lines())
    except BadInput:  # not a table: look at the bytes
        data = path.read_bytes()
        return any(value.encode() in data for value in (*person.names, *person.contacts))


def forget_jobs(work: Work, person: Person) -> int:
    """
    Arguments and errors of jobs that have ended; one that waits for the person is taken out. Files that exports made
    go whole: whoever needs one exports again. How far a job is stays, without the sentences of what it had to leave.
    """
    job = work.session.table("job")
    found = work.session.rows(f"SELECT id, args, error FROM {job} WHERE args IS NOT NULL OR error IS NOT NULL")
    gone = [(i,) for i, args, error in found if person.in_text(args or "") or person.in_text(error or "")]
    work.session.many(f"UPDATE {job} SET args = '{{}}', error = NULL WHERE id = ? AND status <> 'ready'", gone)
    work.session.many(f"DELETE FROM {job} WHERE id = ? AND status = 'ready'", gone)
    kept = [(i, msgspec.json.decode(text)) for i, text in work.session.rows(
        f"SELECT id, keep FROM {job} WHERE keep LIKE '%\"faults\"%'")]  # fmt: skip
    bare = [(msgspec.json.encode({**keep, "faults": []}).decode(), i) for i, keep in kept]
    work.session.many(f"UPDATE {job} SET keep = ? WHERE id = ?", bare)
    _remove_later(work, sorted((work.space.folder / "exports").glob("*")))
    return len(gone)


def forget_job_faults(work: Work, person: Person) -> int:
    """Records that a job had to leave, with what was wrong; also where another's sentence names the person."""
    place = work.session.table("job_fault")
    done = sum(work.session.run(f"DELETE FROM {place} WHERE record = ?", (record,)) for _, record in person.all)
    return done + sum(work.session.run(f"DELETE FROM {place} WHERE message LIKE ?", (part,)) for part in _parts(person))


def forget_answers(work: Work, person: Person) -> int:
    """Answers kept for repeated requests."""
    return _drop(work, person, "idempotency", ("actor", "key"), "answer")


def forget_followers(work: Work, person: Person) -> int:
    """What a follower could not digest may stand in its error."""
    return _blank(work, person, "follower", "name", ("error",))


def _blank(work: Work, person: Person, name: str, key: str, columns: Sequence[str]) -> int:
    done = 0
    for column in columns:
        place = work.session.table(name)
        likes = " OR ".join(f"{column} LIKE ?" for _ in _parts(person))
        if not likes:
            continue
        found = work.session.rows(f"SELECT {key} FROM {place} WHERE {likes}", _parts(person))
        work.session.many(f"UPDATE {place} SET {column} = NULL WHERE {key} = ?", found)
        done += len(found)
    return done


def _parts(person: Person) -> list[str]:
    return [f"%{value}%" for value in (*person.contacts, *(n for n in person.names if len(n) > 1))]


def _drop(work: Work, person: Person, name: str, keys: Sequence[str], column: str) -> int:
    place, marks = work.session.table(name), " AND ".join(f'"{key}" = ?' for key in keys)
    named = ", ".join(f'"{key}"' for key in keys)
    found = work.session.rows(f'SELECT {named}, "{column}" FROM {place} WHERE "{column}" IS NOT NULL')
    gone = [row[:-1] for row in found if person.in_text(row[-1])]
    work.session.many(f"DELETE FROM {place} WHERE {marks}", gone)
    return len(gone)


def forget_drafts(work: Work, person: Person) -> int:
    """Forms begun and not saved; they lie in the file of short-lived rows."""
    with work.space.db.ephemeral() as session:
        place = session.table("draft")
        found = session.rows(f'SELECT "user", "key", "value" FROM {place} WHERE "value" IS NOT NULL')
        gone = [row[:2] for row in found if person.in_text(row[2])]
        session.many(f'DELETE FROM {place} WHERE "user" = ? AND "key" = ?', gone)
        recent = [(record,) for _, record in person.all]
        session.many(f'DELETE FROM {session.table("recent")} WHERE "record" = ?', recent)
    return len(gone)


def _remove_later(work: Work, paths: Sequence[Path]) -> None:
    """Deleted after the commit: a rolled-back erasure has taken nothing away."""
    work.session.notes.setdefault("remove", []).extend(paths)


def remove_now(work: Work) -> None:
    """Called after the commit of the erasure."""
    for path in work.session.notes.get("remove", ()):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


FORGETTERS: Mapping[str, Forget] = {
    "change": forget_log,
    "operation": forget_operations,
    "file": forget_files,
    "search_near": forget_words,  # before the index, which it reads
    "search_doc": forget_search,
    "match_key": forget_keys,
    "duplicate_pair": forget_pairs,
    "import_fault": forget_faults,
    "import_run": forget_uploads,
    "job": forget_jobs,
    "job_fault": forget_job_faults,
    "idempotency": forget_answers,
    "follower": forget_followers,
    "draft": forget_drafts,
}
"""By table; a test holds that every kernel table is here or in `NOTHING`. Tables of records: `forget.clear_rows`."""

NOTHING = frozenset(
    {
        # ids, numbers, times and digests only
        "access_alert", "access_log", "access_seal", "change_set", "duplicate_run", "erasure", "erasure_record",
        "grant_row", "heartbeat", "schema_step",
        "last_seen", "meta_version", "number_series", "quality_day", "recent", "retention", "schedule",
        "schedule_fire", "seal",
        "search_state", "unsealed",
        # covered by another table's function
        "import_patch", "search_gram",
        # about colleagues and how the workspace is set up, not about customers
        "backup_run", "credential", "doctor_round", "known_device", "meta_field", "meta_object",
        "recovery_code", "rollup_state", "scan_report", "second_factor", "setting", "sign_in_step", "throttle", "token",
        "view_as", "web_session",
    }
)  # fmt: skip
