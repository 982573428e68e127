"""Looking behind a mask: asked for field by field, noted before the value is told, and limited per person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import BadInput, Forbidden, TooMany, msg
from guanxi.kernel.access import throttle
from guanxi.kernel.access.rights import CLEAR
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.changes.access_log import note
from guanxi.kernel.records.masks import level_on, shown, veils
from guanxi.kernel.records.output import json_value
from guanxi.kernel.records.read import get, target_of
from guanxi.kernel.records.sealing import open_value

if TYPE_CHECKING:
    from guanxi.kernel.access.actors import Actor
    from guanxi.kernel.context import Space, Work

MINUTE = 60_000_000
LIMITS = (("reveals_an_hour", 30, 60 * MINUTE), ("reveals_a_day", 200, 24 * 60 * MINUTE))
"""Setting, its default, and the time it counts in."""


@dataclass(frozen=True, slots=True)
class Revealed:
    """One value in clear: the field, its columns and its JSON form."""

    object: Object
    field: Field
    values: tuple[Any, ...]
    json: Any


def reveal(
    space: Space, actor: Actor | int, object_name: str, ident: int, name: str, *, entry: str, address: str = ""
) -> Revealed:
    """
    The value behind a mask. Refused without the right "reveal" or over the limit; unknown and hidden fields get the
    same answer. The access log has it before the caller has.
    """
    with space.read(actor) as work:
        found, masked = _value(work, object_name, ident, name)
        person, settings = work.actor.user, work.catalog.settings
    if masked:
        _count(space, person, settings)
        note(space, "reveal", person, object=object_name, record=ident, detail={"field": name}, entry=entry,
             address=address, at_once=True)  # fmt: skip
    return found


def _value(work: Work, object_name: str, ident: int, name: str) -> tuple[Revealed, bool]:
    target = target_of(work, object_name)
    row = get(work, object_name, ident, trashed=True)
    field = shown(work, target).get(name)
    if field is None or (level := level_on(work, target, field, row)) == "none":
        raise BadInput(msg("There is no field «{name}».", name=name[:80]))
    veil = veils(work, target).get(name)
    if veil is None or level in CLEAR:
        values = tuple(row.get(c) for c in (veil.columns if veil else (field.column,)))
        return Revealed(target, field, values, json_value(work.catalog, field, values)), False
    if not work.actor.rights.can("reveal"):
        raise Forbidden(msg("Your roles show this field masked. Ask somebody who may reveal it."))
    columns = ", ".join(f'"{c}"' for c in veil.columns)
    sql = f'SELECT {columns} FROM {work.session.table(target.table)} WHERE "id" = ?'
    values = open_value(work, target, field, ident, work.session.rows(sql, (ident,))[0])
    return Revealed(target, field, values, json_value(work.catalog, field, values)), True


def _count(space: Space, person: int, settings: Mapping[str, Any]) -> None:
    for setting, usual, window in LIMITS:
        limit = int(settings.get(setting, usual))
        with space.db.ephemeral() as session:  # counted also when it is refused after: the transaction is its own
            over = throttle.over(session, f"{setting}:{person}", limit, space.clock(), window)
        if over:
            minutes = -(-over // MINUTE)
            raise TooMany(
                msg("You have revealed {limit} values lately; that is the limit. Try again in {n} minutes.",
                    limit=limit, n=minutes),
                retry_after=-(-over // 1_000_000),
            )  # fmt: skip
