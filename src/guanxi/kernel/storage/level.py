"""How far a database has come: upgrade steps it has taken, and what follows when the program knows more or fewer."""

from __future__ import annotations

from guanxi import __version__
from guanxi.base.errors import Conflict, msg
from guanxi.kernel.storage.session import Session
from guanxi.kernel.storage.tables import existing_columns, table

LEVEL = 1
"""The newest step in `admin/upgrades`, which lies above; a test holds both together."""

table("schema_step", "number int key, name text must, version text, at int must")


class NeedsUpgrade(Conflict):
    """The database is older than the program."""

    code = "needs_upgrade"


def level(session: Session) -> int:
    """The last step taken; 0 for a database from before there were steps."""
    if "schema_step" not in existing_columns(session):
        return 0
    return int(session.value(f"SELECT max(number) FROM {session.table('schema_step')}") or 0)


def is_born(session: Session) -> bool:
    """Whether this database holds a workspace already."""
    known = existing_columns(session)
    return "meta_version" in known and bool(session.value(f"SELECT count(*) FROM {session.table('meta_version')}"))


def mark_step(session: Session, number: int, name: str) -> None:
    """In the transaction of the step: it is taken, or it is not."""
    row = (number, name, __version__, session.now())
    session.insert("schema_step", ("number", "name", "version", "at"), [row])


def refuse_other_level(session: Session) -> None:
    """Neither an older program on newer data nor a newer one on data that it would misread."""
    if not is_born(session):
        return
    found = level(session)
    if found > LEVEL:
        text = "This workspace was written by a newer version of Guanxi (step {found}, this program knows {known})."
        raise Conflict(msg(text, found=found, known=LEVEL))
    if found < LEVEL:
        text = "This workspace is from an older version: stop Guanxi and run: guanxi upgrade ({n} steps to take)"
        raise NeedsUpgrade(msg(text, n=LEVEL - found))
