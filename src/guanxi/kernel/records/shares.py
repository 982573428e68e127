"""Giving one's records to a person or team, taking them back, and who has them now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guanxi.base.dates import iso_datetime
from guanxi.base.errors import BadInput, Forbidden, Invalid, NotFound, msg
from guanxi.kernel.access.branches import pad, reach
from guanxi.kernel.access.teams import lasts
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.read import rows_of, target_of
from guanxi.kernel.records.shape import OWNED
from guanxi.kernel.records.types import Change, Outcome, Saved
from guanxi.kernel.records.write import save

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

TAKERS = ("user", "team", "virtual_team")
REASON = "sharing"


@dataclass(frozen=True, slots=True)
class Given:
    """One line of "shared with": a share (with its `id`), or a sharing rule that gives the record (`rule`)."""

    id: int
    to_object: str
    to: int
    name: str
    level: str
    role: str = ""
    until: int | None = None
    by: int | None = None
    at: int | None = None
    rule: str = ""
    ended: bool = False


def can_share(target: Object) -> bool:
    """Whether records of this kind have rights of their own that can be given."""
    return target.kind in OWNED and target.access == "own"


def share(
    work: Work,
    object_name: str,
    ids: Sequence[int],
    to: tuple[str, int],
    level: str = "read",
    *,
    until: int | None = None,
    role: str = "",
) -> Saved:
    """
    Gives records to a person or team. What they have by an earlier share is changed, not doubled. Records that are
    not the caller's to share are told in their outcome; if that is all of them, it is refused.
    """
    target = shareable(work, object_name)
    _check(work, to, level, until)
    mine = _reached(work, target, ids, "share", level)
    if not mine:
        if not rows_of(work, object_name, ids, ("id",)):
            raise NotFound
        if level == "edit" and _reached(work, target, ids, "share", "read"):
            raise Forbidden(msg("You may not edit this yourself: share it for reading."))
        raise Forbidden(msg("You may not share this. Ask whoever is responsible for it."))
    there = _there(work, target, mine, to[1])
    values: dict[str, Any] = {
        "level": level,
        "role": role.strip() or None,
        "until": iso_datetime(until) if until is not None else None,
        "by": str(work.actor.user) if work.actor.user else None,
    }
    given = {"to": {"object": to[0], "id": str(to[1])}, "object": object_name, **values}
    fresh = [Change("create", "share", {**given, "record": i}) for i in mine if i not in there]
    again = [Change("edit", "share", values, id=there[i]) for i in mine if i in there]
    with work.as_system(REASON):
        saved = save(work, [*fresh, *again])
    left = tuple(Outcome(i, "failed") for i in ids if i not in set(mine))
    return Saved((*saved.outcomes, *left), saved.operation)


def unshare(work: Work, object_name: str, ident: int, shares: Iterable[int]) -> Saved:
    """Takes shares of a record back: whoever may share it, whoever gave it, and whoever it was given to."""
    target = shareable(work, object_name)
    wanted = {g.id: g for g in given_to(work, target, ident) if g.id and not g.rule}
    chosen = [wanted[i] for i in shares if i in wanted]
    if not chosen:
        raise NotFound
    may_all = bool(_reached(work, target, [ident], "share", "read"))
    if not may_all and not all(work.actor.user in (g.by, g.to) for g in chosen):
        raise Forbidden(msg("You may not take this back. Ask whoever shared it."))
    with work.as_system(REASON):
        return save(work, [Change("trash", "share", id=g.id) for g in chosen])


def shareable(work: Work, object_name: str) -> Object:
    """The object, if the caller may read it and it can be shared; NotFound otherwise."""
    target = target_of(work, object_name)
    if not can_share(target):
        raise BadInput(msg("{objects} have no rights of their own: share what they belong to.", objects=target.plural))
    return target


def _check(work: Work, to: tuple[str, int], level: str, until: int | None) -> None:
    if level not in ("read", "edit"):
        raise BadInput(msg("A share lets people read or edit; «{level}» is neither.", level=level[:80]))
    row = work.catalog.config[to[0]].get(to[1]) if to[0] in TAKERS else None
    if row is None or (to[0] == "user" and not row["active"]):
        raise Invalid(msg("Choose the person or team to share with."))
    if to[0] == "virtual_team" and lasts(work.catalog, row)[1] <= work.now:
        raise Invalid(msg("This temporary team has ended."))
    if until is not None and until <= work.now:
        raise Invalid(msg("This end lies in the past."))


def _reached(work: Work, target: Object, ids: Sequence[int], verb: str, level: str) -> list[int]:
    """Those of the live records the caller may share, and edit too if that is what is given."""
    parts = [reach(work.session, work.catalog, work.actor, target, v, work.now).condition()
             for v in (verb, "read", *(("edit",) if level == "edit" else ()))]  # fmt: skip
    also = "".join(f" AND {text}" for text, _ in parts if text)
    params = [p for _, values in parts for p in values]
    found: list[int] = []
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), 512):
        some = pad(wanted[start : start + 512])
        sql = f'SELECT r."id" FROM {work.session.table(target.table)} r WHERE r."id" IN ({", ".join("?" * len(some))})'
        rows = work.session.rows(f'{sql} AND r."trashed_at" IS NULL{also}', [*some, *params])
        found += [row[0] for row in rows]
    return found


def _there(work: Work, target: Object, ids: Sequence[int], to: int) -> dict[int, int]:
    """Shares of these records with that person or team, by record."""
    found: dict[int, int] = {}
    for start in range(0, len(ids), 512):
        some = pad(ids[start : start + 512])
        sql = (
            f'SELECT "record", "reason" FROM {work.session.table("grant_row")} WHERE "principal" = ? AND "object" = ?'
            f' AND "record" IN ({", ".join("?" * len(some))})'
        )
        rows = work.session.rows(sql, (to, target.id, *some))
        found.update({record: int(reason[1:]) for record, reason in rows if reason[0] == "s"})
    return found


def given_to(work: Work, target: Object, ident: int) -> list[Given]:
    """Everybody a record was given to, shares first; the caller must have read the record before."""
    table = work.session.table("grant_row")
    rows = work.session.rows(
        f'SELECT "principal", "level", "reason", "until" FROM {table} WHERE "record" = ? AND "object" = ?',
        (ident, target.id),
    )
    shares = {int(reason[1:]): until for _, _, reason, until in rows if reason[0] == "s"}
    found = sorted(_shares(work, shares), key=lambda g: (g.role == "", g.ended, g.at or 0))
    for principal, level, reason, until in rows:
        rule = work.catalog.config["sharing_rule"].get(int(reason[1:])) if reason[0] == "r" else None
        if rule is not None:
            kind = str(rule["to__o"])
            given = "edit" if level > 1 else "read"
            found.append(Given(0, kind, principal, _name(work, kind, principal), given, until=until,
                               rule=str(rule["name"])))  # fmt: skip
    return found


def _shares(work: Work, wanted: dict[int, int | None]) -> Iterable[Given]:
    if not wanted:
        return
    some = pad(sorted(wanted))
    columns = '"id", "to", "to__o", "level", "role", "until", "by", "created_at"'
    sql = f'SELECT {columns} FROM {work.session.table("share")} WHERE "id" IN ({", ".join("?" * len(some))})'
    for ident, to, kind, level, role, until, by, at in work.session.rows(sql, some):
        end = until
        team = work.catalog.config["virtual_team"].get(to)
        if team is not None:
            last = lasts(work.catalog, team)[1]
            end = last if until is None else min(until, last)
        ended = end is not None and end <= work.now
        yield Given(ident, kind, to, _name(work, kind, to), level, role or "", end, by, at, ended=ended)


def _name(work: Work, kind: str, ident: int) -> str:
    return str(work.catalog.config.get(kind, {}).get(ident, {}).get("name", "?"))
