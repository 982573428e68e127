"""What a changed sharing rule gives and takes, record by record, in chunks that may be begun again (KD 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from guanxi.kernel.access.actors import load_actor, system
from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.jobs.queue import JobRun
from guanxi.kernel.records.filters import binding, condition_sql
from guanxi.kernel.records.grants import KIND, give, place_of
from guanxi.kernel.records.sharing import Ruled, rules_of
from guanxi.kernel.records.types import Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

CHUNK = 2_000
WHO = system("sharing rules")
__all__ = ["KIND", "run_rule"]


def run_rule(space: Space, run: JobRun) -> None:
    """
    The worker's part. Whoever began to write by the rule's old text has ended once the catalogue's lock was ours;
    whoever begins later writes by the new one: between them the job meets every record.
    """
    with space.db.write(catalog_change=True):
        pass
    rule = int(run.args["rule"])
    for principal, kind in run.args.get("was", ()):
        while _forget(space, rule, int(principal), int(kind)):
            run.heartbeat()
    done, last = 0, 0
    while (last := _review(space, rule, last)) > 0:  # what was given: is it still so?
        run.heartbeat()
    last = 0
    while ids := _matching(space, rule, last):
        done += len(ids)
        _give_chunk(space, rule, ids)
        run.progress(done, done)
        last = ids[-1]


def derive_grants(space: Space) -> None:
    """All rules anew, for a restored or doubted workspace; shares are taken from their records."""
    with space.read(WHO) as work:
        rules = sorted(work.catalog.config.get("sharing_rule", {}))
    for rule in rules:
        last = 0
        while (last := _review(space, rule, last)) > 0:
            pass
        last = 0
        while ids := _matching(space, rule, last):
            _give_chunk(space, rule, ids)
            last = ids[-1]


def _found(work: Work, rule: int) -> tuple[Object, tuple[int, int], Ruled | None] | None:
    """The rule as it is now: its object, whom it gives what, and its compiled condition."""
    row = work.catalog.config.get("sharing_rule", {}).get(rule)
    place = place_of(work, row)
    if row is None or place is None:
        return None
    target = work.catalog.objects[str(row["object"])]
    known = rules_of(work, target)
    return target, place, next((r for r in known.rules if r.id == rule), None) if known else None


def _forget(space: Space, rule: int, principal: int, kind: int) -> int:
    """Takes a chunk of what the rule gave to whom it gives nothing now."""
    with space.write(WHO, entry="automation", bulk=True) as work:
        found = _found(work, rule)
        if found is not None and found[1] == (principal, kind):
            return 0  # changed back meanwhile
        table, held = work.session.table("grant_row"), 'WHERE "principal" = ? AND "object" = ? AND "reason" = ?'
        some = f'SELECT "record" FROM {table} {held} ORDER BY "record" LIMIT {CHUNK}'
        key = (principal, kind, f"r{rule}")
        return work.session.run(f'DELETE FROM {table} {held} AND "record" IN ({some})', (*key, *key))


def _review(space: Space, rule: int, last: int) -> int:
    """A chunk of what the rule gave: those that no longer match are taken, the level is set; gives where to go on."""
    with space.write(WHO, entry="automation", bulk=True) as work:
        found = _found(work, rule)
        if found is None:
            return 0
        target, place, ruled = found
        table, key = work.session.table("grant_row"), (*place, f"r{rule}")
        held = '"principal" = ? AND "object" = ? AND "reason" = ?'
        sql = f'SELECT "record" FROM {table} WHERE {held} AND "record" > ? ORDER BY "record" LIMIT {CHUNK}'
        given = [row[0] for row in work.session.rows(sql, (*key, last))]
        kept = _meeting(work, target, ruled, given)
        gone = [ident for ident in given if ident not in kept]
        if gone:
            work.session.many(f'DELETE FROM {table} WHERE {held} AND "record" = ?', [(*key, i) for i in gone])
        _store(work, place, ruled, sorted(kept))
        return given[-1] if len(given) == CHUNK else 0


def _matching(space: Space, rule: int, last: int) -> list[int]:
    """The next records the database finds for the rule; looked for without holding up writers."""
    with space.read(WHO, timeout=120.0) as work:
        found = _found(work, rule)
        if found is None or found[2] is None:
            return []
        target, condition = found[0], work.catalog.config["sharing_rule"][rule]["condition"]
        text, params = condition_sql(work, target, condition) if condition else ("1 = 1", [])
        sql = f'SELECT r."id" FROM {work.session.table(target.table)} r WHERE r."id" > ? AND {text}'
        return [row[0] for row in work.session.rows(f'{sql} ORDER BY r."id" LIMIT {CHUNK}', (last, *params))]


def _give_chunk(space: Space, rule: int, ids: Sequence[int]) -> None:
    with space.write(WHO, entry="automation", bulk=True) as work:
        found = _found(work, rule)
        if found is not None:
            target, place, ruled = found
            _store(work, place, ruled, sorted(_meeting(work, target, ruled, ids)))


def _store(work: Work, place: tuple[int, int], ruled: Ruled | None, ids: Sequence[int]) -> None:
    if ruled is not None:
        give(work, [(*place, ident, ruled.reason, ruled.level, None) for ident in ids])


def _meeting(work: Work, target: Object, ruled: Ruled | None, ids: Sequence[int]) -> set[int]:
    """Those of the records that meet the rule, as they are under our lock: their next writer waits and sees to it."""
    if ruled is None:
        return set()
    moment, columns = binding(work), tuple(sorted({"id", *ruled.columns}))
    names = ", ".join(f'"{c}"' for c in columns)
    lock = " FOR SHARE" if work.session.dialect == "postgresql" else ""
    found: set[int] = set()
    for start in range(0, len(ids), 512):
        some = pad(ids[start : start + 512])
        marks = ", ".join("?" * len(some))
        sql = f'SELECT {names} FROM {work.session.table(target.table)} WHERE "id" IN ({marks}) ORDER BY "id"{lock}'
        for values in work.session.rows(sql, some):
            row: Row = dict(zip(columns, values, strict=True))
            if ruled.meets(row, moment):
                found.add(row["id"])
    return found


def preview(work: Work, row: dict[str, Any], cap: int = 0) -> tuple[int, int]:
    """How many live records a rule would give, to how many people; BadInput names what is wrong with it."""
    target = work.catalog.objects.get(str(row.get("object")))
    if target is None:
        return 0, 0
    text, params = condition_sql(work, target, row["condition"]) if row.get("condition") else ("1 = 1", [])
    limit = f" LIMIT {cap}" if cap else ""
    sql = f'SELECT 1 FROM {work.session.table(target.table)} r WHERE r."trashed_at" IS NULL AND {text}{limit}'
    records = int(work.session.value(f"SELECT count(*) FROM ({sql}) AS c", params))
    return records, people_behind(work, int(row["to"])) if row.get("to") else 0


def people_behind(work: Work, principal: int) -> int:
    """How many people who may sign in are meant by a person, a team (with those below), a role or a temporary team."""
    active = (user for user, row in work.catalog.config["user"].items() if row["active"])
    return sum(principal in load_actor(work.catalog, user, work.now).principals for user in active)
