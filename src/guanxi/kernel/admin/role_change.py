"""What a change of a role would do, before it is saved: who loses and gains how many records, verbs and fields."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from guanxi.base.errors import NotFound, TooSlow, msg
from guanxi.kernel.access.actors import Actor, build_actor
from guanxi.kernel.access.branches import Reach, reach
from guanxi.kernel.access.rights import ABILITIES, LEVELS, FieldRight, Level, Verb
from guanxi.kernel.access.roles import Roles, closure, roles_of, with_spec
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.context import Space
from guanxi.kernel.storage.session import Session

MOST = 10_000  # records are counted exactly up to here
BUDGET = 4.0  # seconds
COUNTED: tuple[Verb, ...] = ("read", "edit", "export", "delete", "bulk", "share", "transfer")


@dataclass(frozen=True, slots=True)
class RecordChange:
    """People who lose (or gain) a verb on records; `more`: at least that many. `create` counts no records."""

    object: str
    verb: Verb
    gained: bool
    people: int
    records: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class LevelChange:
    """People for whom a field is hidden, masked, readable or editable from now on."""

    object: str
    field: str
    before: FieldRight
    after: FieldRight
    people: int


@dataclass(frozen=True, slots=True)
class RoleChange:
    """The whole difference. `complete`: everything was counted within the time."""

    people: int
    records: Sequence[RecordChange] = ()
    levels: Sequence[LevelChange] = ()
    abilities: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # name -> (people who gain, who lose)
    complete: bool = True

    @property
    def empty(self) -> bool:
        return not (self.records or self.levels or self.abilities)


Pair = tuple[Actor, Actor]


def preview_role(
    space: Space, catalog: Catalog, role: int | None, spec: Mapping[str, Any], *, budget: float = BUDGET
) -> RoleChange:
    """Compares what the people with that role reach now and would reach; a new role belongs to nobody yet."""
    pairs: Sequence[Pair] = _pairs(catalog, role, spec) if role is not None else []
    pairs = _without_idle_principals(space, pairs)
    changed = [(old, new) for old, new in pairs if old.rights != new.rights or old.principals != new.principals]
    counter = _Counter(space, catalog, changed, time.monotonic() + budget)
    lines = [line for target in _objects(catalog) for line in counter.lines(target)]
    return RoleChange(len(pairs), lines, _levels(catalog, changed), _abilities(changed), counter.complete)


def _pairs(catalog: Catalog, role: int, spec: Mapping[str, Any]) -> list[Pair]:
    """Each person who has the role, also by way of another one, as they are and as they would be."""
    before: Roles = catalog.config["role"]
    after = with_spec(before, role, spec)
    found = []
    for user, row in catalog.config["user"].items():
        if row["active"] and role in closure(before, roles_of(row)):
            try:
                found.append((build_actor(catalog, user, before), build_actor(catalog, user, after)))
            except NotFound:
                continue
    return found


def _without_idle_principals(space: Space, pairs: Sequence[Pair]) -> Sequence[Pair]:
    """Roles that nothing is shared with make no difference as principals."""
    moved = sorted({p for old, new in pairs for p in {*old.principals} ^ {*new.principals}})
    if not moved:
        return pairs
    with space.db.read() as session:
        marks = ", ".join("?" * len(moved))
        sql = f'SELECT 1 FROM {session.table("grant_row")} WHERE "principal" IN ({marks}) LIMIT 1'
        if session.rows(sql, moved):
            return pairs
    return [(old, replace(new, principals=old.principals)) for old, new in pairs]


def _objects(catalog: Catalog) -> list[Object]:
    """Objects whose records people have rights on, the ones they work with first."""
    known = [o for o in catalog.objects.values() if o.kind != "config" and o.access != "personal"]
    return sorted(
        (o for o in known if not o.retired and not o.parent), key=lambda o: (o.access == "parent", not o.area)
    )


class _Counter:
    """Counts by object and verb within one time limit; a question that is alike for several people is asked once."""

    def __init__(self, space: Space, catalog: Catalog, pairs: Sequence[Pair], until: float) -> None:
        self.space, self.catalog, self.pairs, self.until = space, catalog, pairs, until
        self.complete = True
        self.now = space.clock()

    def lines(self, target: Object) -> Iterable[RecordChange]:
        yield from self._creation(target)
        for verb in COUNTED:
            pairs = [p for p in self.pairs if _differs(p, target, verb)]
            if not pairs:
                continue
            for gained in (False, True):
                line = self._line(target, verb, gained, pairs)
                if line is not None:
                    yield line

    def _creation(self, target: Object) -> Iterable[RecordChange]:
        def may(actor: Actor) -> bool:
            return actor.rights.scope(target.name, "create") != "none"

        for gained in (False, True):
            n = sum(may(new) and not may(old) if gained else may(old) and not may(new) for old, new in self.pairs)
            if n:
                yield RecordChange(target.name, "create", gained, n)

    def _line(self, target: Object, verb: Verb, gained: bool, pairs: Sequence[Pair]) -> RecordChange | None:
        found: set[int] = set()
        asked: dict[Any, tuple[set[int], bool]] = {}
        people, more = 0, False
        try:
            with self.space.db.read(max(self._left(), 0.05)) as session:
                for old, new in pairs:
                    if self._left() <= 0:
                        raise TooSlow(msg("The time for counting is over."))
                    wide, narrow = (new, old) if gained else (old, new)
                    limit = MOST + 1 if len(found) <= MOST else 1  # beyond: only whether there is any
                    ids, cut = self._difference(session, target, verb, wide, narrow, asked, limit)
                    people += bool(ids)
                    found |= ids
                    more = more or cut
        except TooSlow:
            self.complete, more = False, True
        if not people:
            return None
        return RecordChange(target.name, verb, gained, people, min(len(found), MOST), more or len(found) > MOST)

    def _left(self) -> float:
        return self.until - time.monotonic()

    def _difference(
        self,
        session: Session,
        target: Object,
        verb: Verb,
        wide: Actor,
        narrow: Actor,
        asked: dict[Any, tuple[set[int], bool]],
        limit: int,
    ) -> tuple[set[int], bool]:
        """Ids that one reaches and the other does not, at most one more than MOST; and whether there are more."""
        had = reach(session, self.catalog, wide, target, verb, self.now)
        has = reach(session, self.catalog, narrow, target, verb, self.now)
        if had.nothing or has.all or had == has:
            return set(), False
        key = (had, has)
        if key not in asked:
            sql, params = _difference_sql(session.table(target.table), had, has, limit)
            ids = {row[0] for row in session.rows(sql, params)}
            asked[key] = ids, len(ids) > MOST
        return asked[key]


def _difference_sql(table: str, had: Reach, has: Reach, limit: int) -> tuple[str, list[Any]]:
    wanted, params = had.condition()
    kept, more = has.condition()
    # a row where the narrower condition is unknown (no owner, no team) is one that it does not reach
    left_out = f" AND {kept} IS NOT TRUE" if kept and not has.nothing else ""
    text = f'SELECT r."id" FROM {table} r WHERE r."trashed_at" IS NULL' + (f" AND {wanted}" if wanted else "")
    return f"{text}{left_out} LIMIT {limit}", [*params, *(more if left_out else ())]


def _differs(pair: Pair, target: Object, verb: Verb) -> bool:
    old, new = pair
    same = old.rights.admin == new.rights.admin and old.rights.scope(target.name, verb) == new.rights.scope(
        target.name, verb
    )
    return not same or old.principals != new.principals


def _levels(catalog: Catalog, pairs: Sequence[Pair]) -> list[LevelChange]:
    found: dict[tuple[str, FieldRight, FieldRight], int] = {}
    for old, new in pairs:
        for full in {*old.rights.fields, *new.rights.fields}:
            name, _, field_name = full.partition(".")
            target = catalog.objects.get(name)
            if target is None or field_name not in catalog.fields(target) or not _reads(target, old, new):
                continue
            before, after = old.rights.field(name, field_name), new.rights.field(name, field_name)
            if before != after:
                found[full, before, after] = found.get((full, before, after), 0) + 1
    lines = []
    for (full, before, after), people in found.items():
        name, _, field_name = full.partition(".")
        lines.append(LevelChange(name, field_name, before, after, people))
    return sorted(lines, key=lambda line: (line.object, line.field, -line.people))


def _reads(target: Object, old: Actor, new: Actor) -> bool:
    """Whether both see records of the object: otherwise the change of records says it all."""
    return target.access == "all" or all(a.rights.scope(target.name, "read") != "none" for a in (old, new))


def _abilities(pairs: Sequence[Pair]) -> dict[str, tuple[int, int]]:
    found = {}
    for name in ABILITIES:
        gain = sum(new.rights.can(name) and not old.rights.can(name) for old, new in pairs)
        lose = sum(old.rights.can(name) and not new.rights.can(name) for old, new in pairs)
        if gain or lose:
            found[name] = (gain, lose)
    admins = (
        sum(new.rights.admin and not old.rights.admin for old, new in pairs),
        sum(old.rights.admin and not new.rights.admin for old, new in pairs),
    )
    return {"admin": admins, **found} if any(admins) else found


def rank(right: FieldRight) -> tuple[int, int]:
    """How much a field's right allows, for comparing two: its level on every row, then under conditions."""
    best: Level = max((right.level, *(level for _, level in right.better)), key=LEVELS.index)
    return LEVELS.index(right.level), LEVELS.index(best)


def heavy(change: RoleChange) -> bool:
    """Whether somebody should look before it is saved: it takes something away, or gives a lot."""
    takes = any(not line.gained for line in change.records) or any(lost for _, lost in change.abilities.values())
    hides = any(rank(line.after) < rank(line.before) for line in change.levels)
    gives = any(
        line.gained and (line.records >= 1_000 or line.more or line.verb == "export") for line in change.records
    )
    return takes or hides or gives or bool(change.abilities.get("admin")) or not change.complete


def users_of(catalog: Catalog, role: int) -> int:
    """How many active people have a role, also by way of another."""
    roles = catalog.config["role"]
    return sum(bool(r["active"]) and role in closure(roles, roles_of(r)) for r in catalog.config["user"].values())
