"""The log since a backup as one file: change-sets and what goes with them, the kernel's own tables whole (KD 2)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from guanxi import __version__
from guanxi.base.errors import Conflict, msg
from guanxi.kernel.storage.backup import FORMAT, Manifest, add_files, add_manifest, dump, newest, saved_tables, whole
from guanxi.kernel.storage.crypt import Key
from guanxi.kernel.storage.engine import Database
from guanxi.kernel.storage.level import level
from guanxi.kernel.storage.session import Session
from guanxi.kernel.storage.tables import KERNEL

DAY = 86_400_000_000


def export_log(
    database: Database,
    target: Path,
    since: Manifest | None = None,
    *,
    key: Key | None = None,
    erasures: Sequence[str] = (),
) -> Manifest:
    """
    Everything that a backup lacks to become this database, read from the log and the kernel's own tables alone: record
    tables may be damaged or gone. Without `since` the whole log. `erasures` is the register outside of the database.
    """
    pos, chain, made = (0, "", 0) if since is None else (since.pos, since.chain, since.made_at - DAY)
    with whole(target, key) as tar, database.read(timeout=None) as session:
        refuse_stranger(session, pos, chain)
        older = f"(SELECT set_id FROM {session.table('seal')} WHERE pos <= {int(pos)})"
        parts = {
            "seal": f" WHERE pos > {int(pos)}",
            "change_set": f" WHERE id NOT IN {older}",
            "change": f" WHERE set_id NOT IN {older}",
        }
        names = [name for name in saved_tables(session) if name in KERNEL.tables]
        tables = {name: dump(session, name, tar, lambda: None, parts.get(name, "")) for name in names}
        sql = f"SELECT DISTINCT sha256 FROM {session.table('file')} WHERE created_at >= ? ORDER BY sha256"
        wanted = [sha256 for (sha256,) in session.rows(sql, (made,))]
        count, missing = add_files(tar, database.folder, wanted, lambda: None)
        end, end_chain = newest(session)
        manifest = Manifest(
            FORMAT, database.clock(), database.dialect, tables, count, missing, kind="log", version=__version__,
            level=level(session), pos=end, chain=end_chain, since=pos, since_chain=chain,
            erasures=list(erasures),
        )  # fmt: skip
        add_manifest(tar, manifest)
    return manifest


def refuse_stranger(session: Session, pos: int, chain: str) -> None:
    """The log continues a backup only if it holds the very chain that the backup ends with."""
    if not pos:
        return
    found = session.value(f"SELECT chain FROM {session.table('seal')} WHERE pos = ?", (pos,))
    if found != chain:
        raise Conflict(msg("This log does not continue that backup: they part before change-set {pos}.", pos=pos))
