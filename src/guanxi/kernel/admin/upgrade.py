"""An upgrade: look, back up, add what is missing, take the steps one by one, compare; and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from guanxi.base.errors import Conflict, msg
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.upgrades import STEPS
from guanxi.kernel.admin.upgrades.step import Step
from guanxi.kernel.catalog import snapshot
from guanxi.kernel.catalog.model import App
from guanxi.kernel.context import Space
from guanxi.kernel.storage import schema
from guanxi.kernel.storage.backup import Manifest, backup, saved_tables
from guanxi.kernel.storage.backups import name_of
from guanxi.kernel.storage.crypt import Key
from guanxi.kernel.storage.engine import Database
from guanxi.kernel.storage.install import install
from guanxi.kernel.storage.level import LEVEL, is_born, level, mark_step
from guanxi.kernel.storage.session import Session

LIVELY = frozenset({"operation", "change_set", "change", "seal", "unsealed", "schema_step", "setting", "job",
                    "schedule", "schedule_fire", "follower", "meta_field", "meta_object"})  # fmt: skip
"""Tables that an upgrade itself may write to: what it does is logged, what the program adds is numbered."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an upgrade would do."""

    level: int
    steps: tuple[tuple[Step, int], ...]  # with the number of rows each would change


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What it did."""

    archive: Path
    backup: Manifest
    steps: tuple[Step, ...]


def outlook(database: Database) -> Outlook:
    """The steps to take; refuses a database that is newer than the program or holds no workspace."""
    with database.read(timeout=None) as session:
        if not is_born(session):
            raise Conflict("There is no workspace in this database yet. Start with: guanxi setup")
        found = level(session)
        if found > LEVEL:
            text = "This workspace was written by a newer version of Guanxi (step {found}, this program knows {known})."
            raise Conflict(msg(text, found=found, known=LEVEL))
        return Outlook(found, tuple((step, step.count(session)) for step in STEPS if step.number > found))


def upgrade(
    space: Space, folder: Path, *, key: Key | None = None, tell: Callable[[Step], None] = lambda _step: None
) -> Upgraded:
    """
    Takes all steps that are missing. A backup is made first, each step is one transaction: killed at any moment, the
    same call goes on where it ended. Nobody else may use the workspace meanwhile.
    """
    pending = [step for step, _ in outlook(space.db).steps]
    archive = folder / name_of(space.name, space.clock(), sealed=key is not None, why="upgrade")
    manifest = backup(space.db, archive, key=key)
    with space.db.write(catalog_change=True) as session:
        install(session, space.apps)
    for step in pending:
        with space.write(system("upgrade"), entry="cli", kind="upgrade", catalog_change=True) as work:
            if level(work.session) < step.number:
                step.run(work)
                mark_step(work.session, step.number, step.name)
                tell(step)
    with space.db.read(timeout=None) as session:
        _compare(session, space.apps, {n: info.rows for n, info in manifest.tables.items()}, pending)
    return Upgraded(archive, manifest, tuple(pending))


def _compare(session: Session, apps: Sequence[App], before: Mapping[str, int], steps: Sequence[Step]) -> None:
    """The schema is whole, and no table has lost or gained rows that no step speaks of."""
    missing = schema.plan(session, snapshot.load(session, apps).objects.values(), backing=False)
    if missing:
        raise Conflict(msg("The upgrade left something out: {statement}. Go back with: guanxi upgrade --back",
                           statement=missing[0][:200]))  # fmt: skip
    free = LIVELY.union(*(step.grows for step in steps))
    now = {name: session.value(f"SELECT count(*) FROM {session.table(name)}") for name in saved_tables(session)}
    wrong = [name for name, rows in before.items() if name not in free and now.get(name) != rows]
    if wrong:
        raise Conflict(msg("The upgrade changed the number of rows of {table}. Go back with: guanxi upgrade --back",
                           table=wrong[0]))  # fmt: skip
