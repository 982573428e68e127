"""Anchors: the heads of both chains, written every day to a second place that the database cannot rewrite (KD 3)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from guanxi.base.dates import iso_datetime
from guanxi.kernel.changes.access_log import last_access_seal
from guanxi.kernel.changes.log import START, last_seal
from guanxi.kernel.storage.session import Session


class Anchor(msgspec.Struct, frozen=True):
    """Where both chains stood. `restored` starts anew: what came later in the file was of another database."""

    at: str
    pos: int
    chain: str
    access_pos: int
    access_chain: str
    restored: bool = False


@dataclass(frozen=True, slots=True)
class AnchorVerdict:
    """`broken` is the time of the first anchor that does not fit ("" = all fit)."""

    anchors: int
    broken: str = ""
    why: str = ""


def heads(session: Session, at: int, *, restored: bool = False) -> Anchor:
    """An anchor of this moment."""
    pos, chain = last_seal(session)
    access_pos, access_chain = last_access_seal(session)
    return Anchor(iso_datetime(at), pos, chain, access_pos, access_chain, restored)


def drop_anchor(session: Session, path: Path, at: int, *, restored: bool = False) -> Anchor:
    """Appends one line, durably."""
    anchor = heads(session, at, restored=restored)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(msgspec.json.encode(anchor) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return anchor


def read_anchors(path: Path) -> list[Anchor]:
    """All lines since the database was last restored; that line is the first."""
    if not path.exists():
        return []
    found = [msgspec.json.decode(line, type=Anchor) for line in path.read_bytes().splitlines() if line.strip()]
    starts = [n for n, anchor in enumerate(found) if anchor.restored]
    return found[starts[-1] :] if starts else found


def verify_anchors(session: Session, path: Path) -> AnchorVerdict:
    """Compares every line with the chains: a database that was rewritten as a whole shows here."""
    try:
        found = read_anchors(path)
    except msgspec.MsgspecError as error:
        return AnchorVerdict(0, "?", f"a line cannot be read: {error}")
    for n, anchor in enumerate(found):
        pairs = (("seal", anchor.pos, anchor.chain), ("access_seal", anchor.access_pos, anchor.access_chain))
        for name, pos, chain in pairs:
            sql = f"SELECT chain FROM {session.table(name)} WHERE pos = ?"
            stored = session.value(sql, (pos,)) if pos else START
            if stored != chain:
                why = "the log ends before it" if stored is None else "the chain is another one"
                return AnchorVerdict(n, anchor.at, why)
    return AnchorVerdict(len(found))
