"""Files named by a record: only the saver's own new ones may be named, and from then on they belong to the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from guanxi.base.errors import msg
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.shape import FieldShape, Shape
from guanxi.kernel.records.types import Row
from guanxi.kernel.storage import files

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

KINDS = ("files", "image")


def check_files(work: Work, shape: Shape, drafts: Sequence[Draft]) -> None:
    """A file of somebody else, or of another record, cannot be claimed by naming its id."""
    for draft, known, ids in _new(shape, drafts):
        found = files.some(work.session, ids)
        for ident in ids:
            file = found.get(ident)
            own = file is not None and (file.created_by == work.person or work.actor.is_system)
            if file is None or not (own or file.record == draft.id):
                draft.error(known.field.name, msg("This file is gone. Upload it again."), "not_found")
                break


def tie_files(work: Work, shape: Shape, drafts: Sequence[Draft]) -> None:
    """Who may see the record may fetch its files."""
    for draft, _known, ids in _new(shape, drafts):
        files.attach(work.session, ids, shape.object.id, draft.id)


def hand_over(work: Work, shape: Shape, losers: Sequence[int], winner: int) -> None:
    """Files of merged records are the winner's: whoever may see it may fetch them."""
    files.move(work.session, shape.object.id, losers, winner)


def hand_back(work: Work, shape: Shape, rows: Sequence[Row]) -> None:
    """After an un-merge: what the records' own fields name is theirs again."""
    names = [k.names[0] for k in shape.stored if k.field.type in KINDS]
    for row in rows:
        ids = [int(i) for name in names for i in msgspec.json.decode(row.get(name) or "[]")]
        files.give(work.session, ids, shape.object.id, row["id"])


def _new(shape: Shape, drafts: Sequence[Draft]) -> list[tuple[Draft, FieldShape, list[int]]]:
    found = []
    for known in shape.stored:
        if known.field.type not in KINDS:
            continue
        name = known.names[0]
        for draft in drafts:
            if draft.new.get(name) and draft.changed(name):
                before = set(msgspec.json.decode((draft.old or {}).get(name) or "[]"))
                new = [int(i) for i in msgspec.json.decode(draft.new[name]) if i not in before]
                if new:
                    found.append((draft, known, new))
    return found
