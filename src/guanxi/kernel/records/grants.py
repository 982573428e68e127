"""Rows of `grant_row`, kept in the transaction of whatever they come from: a share, a rule, a record's own values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from guanxi.base.errors import msg
from guanxi.kernel.access.actors import Actor
from guanxi.kernel.access.branches import pad, reach
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.jobs.queue import enqueue
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.filters import binding
from guanxi.kernel.records.shape import Shape
from guanxi.kernel.records.sharing import LEVELS, faults_of_rule, rules_of
from guanxi.kernel.records.types import Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

KIND = "sharing_rule"
AT_ONCE = 5_000  # grants of a rule that ends are taken back with it up to here; the job takes the rest

Key = tuple[int, int, int, str]  # principal, object, record, reason
Given = tuple[int, int, int, str, int, int | None]  # … level, until


def keep_grants(work: Work, shape: Shape, drafts: Sequence[Draft], columns: Iterable[str] | None = None) -> None:
    """Called for rows just stored; `columns` are those that changed. A handful of statements, however many rows."""
    if not drafts:
        return
    if shape.owned:
        _by_rules(work, shape, drafts, None if columns is None else frozenset(columns))
    elif shape.object.name == "share":
        _by_shares(work, drafts)
    elif shape.object.name == "sharing_rule":
        for draft in drafts:
            _rule_changed(work, draft)


def check_grants(work: Work, shape: Shape, drafts: Sequence[Draft]) -> None:
    """What only the kernel knows about its own objects: a rule's condition must fit."""
    if shape.object.name != "sharing_rule":
        return
    for draft in drafts:
        draft.errors += faults_of_rule(work, draft.new)


def check_given_again(work: Work, shape: Shape, drafts: Sequence[Draft]) -> None:
    """A share out of the trash gives anew: whoever takes it out must be able to share the record now."""
    if shape.object.name == "share" and not work.actor.is_system:
        refused = {id(d) for d in not_theirs_to_give(work, work.actor, drafts)}
        for draft in drafts:
            if id(draft) in refused:
                draft.error("id", msg("You may not share this. Ask whoever is responsible for it."), "not_allowed")


def not_theirs_to_give(work: Work, actor: Actor, drafts: Sequence[Draft]) -> list[Draft]:
    """Those shares whose record the person may not share so (any more)."""
    wanted: dict[tuple[str, str], list[Draft]] = {}
    for draft in drafts:
        wanted.setdefault((str(draft.new["object"]), str(draft.new["level"])), []).append(draft)
    refused: list[Draft] = []
    for (name, level), some in wanted.items():
        target = work.catalog.objects.get(name)
        ids = sorted({int(d.new["record"]) for d in some})
        verbs = ("share", "edit") if level == "edit" else ("share",)
        mine = _theirs(work, actor, target, ids, verbs) if target is not None else set()
        refused += [d for d in some if d.new["record"] not in mine]
    return refused


def _theirs(work: Work, actor: Actor, target: Object, ids: Sequence[int], verbs: Sequence[str]) -> set[int]:
    mine = set(ids)
    for verb in verbs:
        found = reach(work.session, work.catalog, actor, target, verb, work.now)
        if found.all:
            continue
        condition, params = found.condition()
        held: set[int] = set()
        for start in range(0, len(ids), 512):
            some = pad(ids[start : start + 512])
            marks = ", ".join("?" * len(some))
            sql = f'SELECT r."id" FROM {work.session.table(target.table)} r WHERE r."id" IN ({marks}) AND {condition}'
            held.update(row[0] for row in work.session.rows(sql, [*some, *params]))
        mine &= held
    return mine


def _by_rules(work: Work, shape: Shape, drafts: Sequence[Draft], columns: frozenset[str] | None) -> None:
    rules = rules_of(work, shape.object)
    if rules is None or (columns is not None and not any(rule.columns & columns for rule in rules.rules)):
        return
    moment, kind = binding(work), shape.object.id
    gone: list[Key] = []
    come: list[Given] = []
    for draft in drafts:
        before = set() if draft.old is None else rules.met(draft.old, moment, columns)
        after = rules.met(draft.new, moment, columns)
        gone += [(rule.principal, kind, draft.id, rule.reason) for rule in before - after]
        come += [(rule.principal, kind, draft.id, rule.reason, rule.level, None) for rule in after - before]
    take(work, gone)
    give(work, come)


def _by_shares(work: Work, drafts: Sequence[Draft]) -> None:
    gone: list[Key] = []
    come: list[Given] = []
    for draft in drafts:
        row, target = draft.new, work.catalog.objects.get(draft.new["object"])
        if target is None:
            continue
        key = (row["to"], target.id, row["record"], f"s{draft.id}")
        if row["trashed_at"] is None:
            come.append((*key, LEVELS[row["level"]], row["until"]))
        else:
            gone.append(key)
    take(work, gone)
    give(work, come)


def take(work: Work, keys: Sequence[Key]) -> None:
    """Removes those grants."""
    if keys:
        table = work.session.table("grant_row")
        sql = f'DELETE FROM {table} WHERE "principal" = ? AND "object" = ? AND "record" = ? AND "reason" = ?'
        work.session.many(sql, keys)


def give(work: Work, rows: Sequence[Given]) -> None:
    """Adds those grants, or corrects those that are there."""
    if rows:
        columns = ("principal", "object", "record", "reason", "level", "until")
        also = 'ON CONFLICT ("principal", "object", "record", "reason") DO UPDATE SET "level" = excluded."level",'
        sql = f'{work.session.insert_sql("grant_row", columns)} {also} "until" = excluded."until"'
        work.session.many(sql, rows)


def place_of(work: Work, row: Row | None) -> tuple[int, int] | None:
    """Whom a rule gives records of which object (as ids), if it is in force."""
    if row is None or not row["active"] or row["trashed_at"] is not None:
        return None
    target = work.catalog.objects.get(str(row["object"]))
    return (int(row["to"]), target.id) if target is not None else None


def _rule_changed(work: Work, draft: Draft) -> None:
    """A job gives and takes what the rule gives now; what nobody has by it any more ends at once, unless it is much."""
    was, now = place_of(work, draft.old), place_of(work, draft.new)
    if was is not None and was != now:
        table = work.session.table("grant_row")
        held = 'WHERE "principal" = ? AND "object" = ? AND "reason" = ?'
        some = f'SELECT "record" FROM {table} {held} ORDER BY "record" LIMIT {AT_ONCE}'
        sql = f'DELETE FROM {table} {held} AND "record" IN ({some})'
        key = (*was, f"r{draft.id}")
        work.session.run(sql, (*key, *key))
    enqueue(work.session, KIND, {"rule": draft.id, "was": [list(was)] if was is not None and was != now else []})
