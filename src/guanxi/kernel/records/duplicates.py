"""The check at entry: which records are like the ones about to be saved, and what the caller may know of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from guanxi.base.errors import Conflict, FieldError, Message, msg
from guanxi.kernel.access.branches import pad, reach
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.fields.base import ParseError
from guanxi.kernel.matching.plan import plan_of
from guanxi.kernel.matching.score import Judged, MatchPlan, judge, keys_of
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.hits import Found, Hidden, Hit
from guanxi.kernel.records.match_keys import TABLE, secret_of
from guanxi.kernel.records.probes import veiled
from guanxi.kernel.records.shape import shape_of
from guanxi.kernel.records.types import Row
from guanxi.kernel.records.visibility import seen_ids
from guanxi.kernel.storage.session import lock_key

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

Policy = Literal["allow", "ask"]
"""allow: only rules that refuse are looked at; ask: everything from the suggested score on stops the save."""
CANDIDATES = 200  # looked at for one record
SHOWN = 5
BUCKETS = 1024  # locks of an object on PostgreSQL: its lock table is small
AT_ONCE = 400  # keys in one question
LIKE, REFUSED = "looks_like", "duplicate"  # codes of faults


class LooksLike(Conflict):
    """There are records like this one; `found` says which, by row of the list."""

    code = "duplicate"

    def __init__(self, message: Message, found: Mapping[int, Found], errors: Sequence[FieldError]) -> None:
        super().__init__(message, errors=errors, candidates=[h for f in found.values() for h in told(f)])
        self.found = found


def told(found: Found) -> list[dict[str, Any]]:
    """What a program is told: ids and scores of what it may see, teams of the rest."""
    seen = [{"id": str(h.id), "title": h.title, "score": h.score, "refused": h.refused} for h in found.hits
            if h.row is None]  # fmt: skip
    return [*seen, *({"hidden": True, "team": h.team, "refused": h.refused} for h in found.hidden)]


def check_duplicates(work: Work, target: Object, op: str, drafts: Sequence[Draft], policy: Policy) -> dict[int, Found]:
    """
    Notes a fault on each draft that is like a live record, or like a draft before it. Runs in the transaction that
    writes: on SQLite under the writer's turn, on PostgreSQL under locks on the keys, so that of two writers one sees
    the other's record.
    """
    plan = plan_of(work.catalog, target)
    if plan is None or not drafts:
        return {}
    asking = policy == "ask"
    blocking = frozenset(k.key for k in plan.keys if k.action == "block")
    rules = frozenset(k.key for k in plan.keys) if asking else blocking
    fresh = op != "edit"
    touched = [d for d in drafts if fresh or any(map(d.changed, plan.key_columns))] if rules else []
    if not touched:
        return {}
    found = look(work, target, [d.new for d in touched], rules=rules, lock=True)
    told = [one if asking and op == "create" else only_refused(one) for one in found]
    noted: dict[int, Found] = {}
    for draft, kept in zip(touched, veiled(work, target, told), strict=True):
        if kept:
            noted[draft.index] = kept
            draft.error(target.title, sentence(kept), REFUSED if only_refused(kept) else LIKE)
    return noted


def only_refused(found: Found) -> Found:
    """Those that stop a save whatever the caller says."""
    return Found(tuple(h for h in found.hits if h.refused), tuple(h for h in found.hidden if h.refused))


def sentence(found: Found) -> Message:
    """The first hit in one sentence."""
    if found.hits:
        hit = found.hits[0]
        if hit.row is not None:
            return msg("Looks like row {n} of the same list ({score}).", n=hit.row + 1, score=hit.score)
        return msg("Looks like «{title}» ({score}).", title=hit.title, score=hit.score)
    if found.hidden and found.hidden[0].team:
        return msg("A record like this exists, owned by {team}; ask for it.", team=found.hidden[0].team)
    return msg("A record like this exists already.")


def row_of(work: Work, target: Object, values: Mapping[str, Any]) -> Row:
    """Raw values as a stored row, as far as they can be read and the caller may set them; for a check while typing."""
    shape = shape_of(work.catalog, target)
    row: Row = dict(shape.blank)
    row["id"] = 0
    for name, raw in values.items():
        known = shape.fields.get(name)
        if known is None or raw in (None, "", []) or work.actor.rights.level(target.name, name) != "edit":
            continue
        try:
            row.update(zip(known.names, known.type.parse(known.field, raw, work.env), strict=True))
        except ParseError:
            continue  # half a number; the form tells when it is sent
    return row


def look(
    work: Work, target: Object, rows: Sequence[Row], *, rules: frozenset[str] | None = None, lock: bool = False
) -> list[Found]:
    """For each row what is like it; rows themselves (equal ids) are left out."""
    plan = plan_of(work.catalog, target)
    if plan is None:
        return [Found() for _ in rows]
    secret = secret_of(work.catalog)
    sealed = [[k for k in keys_of(plan, r, secret, target.id) if rules is None or k[0] in rules] for r in rows]
    wanted = list(dict.fromkeys(k for keys in sealed for k in keys))
    if lock:
        _lock(work, target, wanted)
    held = holders(work, target, plan, wanted, len(rows))
    there: dict[int, Row] = {row["id"]: row for some in held.values() for row in some}
    seen = _seen(work, target, list(there.values()))
    allowed = frozenset(readable(work, target))
    blocking = frozenset(k.key for k in plan.keys if k.action == "block")
    judge_one = _Judge(work, target, plan, allowed, blocking, seen)
    earlier: dict[tuple[str, str], list[int]] = {}
    found = []
    for n, (row, keys) in enumerate(zip(rows, sealed, strict=True)):
        known = {r["id"]: r for k in keys for r in held.get(k, ())}
        before = dict.fromkeys(m for k in keys for m in earlier.get(k, ()))
        found.append(judge_one.found(row, list(known.values()), [(m, rows[m]) for m in before]))
        for k in keys:
            earlier.setdefault(k, []).append(n)
    return found


class _Judge:
    """Scores candidates of one object for one caller. A plain class: it carries what is the same for all rows."""

    __slots__ = ("allowed", "blocking", "closed", "plan", "seen", "target", "title", "work")

    def __init__(
        self, work: Work, target: Object, plan: MatchPlan, allowed: frozenset[str], blocking: frozenset[str],
        seen: set[int],
    ) -> None:  # fmt: skip
        self.work, self.target, self.plan = work, target, plan
        self.allowed, self.blocking, self.seen = allowed, blocking, seen
        self.title = work.catalog.field(target, target.title).column
        closed = (f.column for f in target.fields if f.name not in allowed and f.column in plan.columns)
        self.closed: Row = dict.fromkeys(closed)

    def found(self, row: Row, there: Sequence[Row], before: Sequence[tuple[int, Row]]) -> Found:
        hits: list[Hit] = []
        hidden: list[tuple[int, Hidden]] = []
        for other in there:
            if other["id"] == row.get("id"):
                continue
            judged = judge(self.plan, row, other, self.allowed)
            refused = bool(judged.equal & self.blocking)
            if judged.score < self.plan.suggest and not refused:
                continue
            if other["id"] in self.seen:
                hits.append(self._hit(row, other, judged, refused))
            else:
                hidden.append((judged.score, self._hidden(other, refused)))
        for n, other in before[-CANDIDATES:]:
            judged = judge(self.plan, row, other, self.allowed)
            refused = bool(judged.equal & self.blocking)
            if judged.score >= self.plan.suggest or refused:
                hits.append(Hit(int(other["id"] or 0), "", judged.score, judged.reasons, refused, row=n))
        hits.sort(key=lambda h: (not h.refused, -h.score, h.id))
        hidden.sort(key=lambda h: -h[0])
        return Found(tuple(hits[:SHOWN]), tuple(one for _, one in hidden[:SHOWN]))

    def _hit(self, row: Row, other: Row, judged: Judged, refused: bool) -> Hit:
        """Judged by what the caller may read of it; if that is not enough, it is a hit to be counted."""
        blind = False
        if self.closed:
            plain = judge(self.plan, row, {**other, **self.closed}, self.allowed)
            blind = plain.score < self.plan.suggest and not plain.equal & self.blocking
            judged = judged if blind else plain
        title = str(other.get(self.title) or "") if self.target.title in self.allowed else ""
        return Hit(other["id"], title or f"#{other['id']}", judged.score, judged.reasons, refused, blind=blind)

    def _hidden(self, row: Row, refused: bool) -> Hidden:
        team = self.work.catalog.config["team"].get(row["team"] or 0, {})
        return Hidden(str(team.get("name") or ""), row["id"], row["owner"], refused)


def _lock(work: Work, target: Object, keys: Sequence[tuple[str, str]]) -> None:
    """PostgreSQL: who comes second waits here until the first has committed, then sees its record."""
    if work.session.dialect != "postgresql" or not keys:
        return
    numbers = sorted({lock_key(*key) % BUCKETS for key in keys})
    base = lock_key(TABLE, work.session.schema or "", str(target.id)) - BUCKETS
    marks = ", ".join(["(?)"] * len(numbers))
    sql = f"SELECT count(pg_advisory_xact_lock(k.n)) FROM (VALUES {marks}) AS k(n)"
    work.session.rows(sql, [base + n for n in numbers])


def holders(
    work: Work, target: Object, plan: MatchPlan, keys: Sequence[tuple[str, str]], count: int
) -> dict[tuple[str, str], list[Row]]:
    """Live records by key, in one question per AT_ONCE keys."""
    title = work.catalog.field(target, target.title).column
    names = tuple(dict.fromkeys(("id", "owner", "team", title, *plan.columns)))
    listed = ", ".join(f'r."{n}"' for n in names)
    table, stored = work.session.table(target.table), work.session.table(TABLE)
    found: dict[tuple[str, str], list[Row]] = {}
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        kinds, values = pad(sorted({k for k, _ in some})), pad([v for _, v in some])
        # every kind with every value: a value is sealed with its kind, so it is found under no other; an OR of pairs
        # makes SQLite read all keys of the object
        sql = (
            f"SELECT m.kind, m.value, {listed} FROM {stored} m CROSS JOIN {table} r WHERE m.object = ?"
            f" AND m.kind IN ({', '.join('?' * len(kinds))}) AND m.value IN ({', '.join('?' * len(values))})"
            ' AND r."id" = m.record AND r."trashed_at" IS NULL LIMIT ?'
        )
        limit = CANDIDATES * max(1, min(count, 100))
        for kind, value, *row in work.session.rows(sql, [target.id, *kinds, *values, limit]):
            found.setdefault((kind, value), []).append(dict(zip(names, row, strict=True)))
    return found


def _seen(work: Work, target: Object, rows: Sequence[Row]) -> set[int]:
    """Those that the caller may read; no question for those who see everything."""
    ids = {r["id"] for r in rows}
    if not ids or reach(work.session, work.catalog, work.actor, target, "read", work.now).all:
        return ids
    return seen_ids(work, target, ids)
