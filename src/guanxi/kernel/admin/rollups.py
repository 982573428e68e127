"""A roll-up tried on one record before it is made: what it would say, of which record, over how many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from guanxi.base.errors import Forbidden, msg
from guanxi.base.i18n import Label
from guanxi.kernel.catalog.fault import refused
from guanxi.kernel.catalog.model import Field, Object, Rollup
from guanxi.kernel.catalog.rollups import as_rollup, faults_of
from guanxi.kernel.context import Work
from guanxi.kernel.records.read import names
from guanxi.kernel.rollups.compute import computed
from guanxi.kernel.rollups.plan import Group

NEWEST = 200  # children whose parents are tried


@dataclass(frozen=True, slots=True)
class Sample:
    """A record and the columns of the value it would have."""

    record: int
    title: str
    field: Field
    values: tuple[Any, ...]


def sample_of(work: Work, target: Object, kind: str, made_of: Rollup, scale: int | None = None) -> Sample | None:
    """On a record that one of the newest children points at; None if there is none. Refuses what could not be made."""
    if not work.actor.rights.admin:
        raise Forbidden(msg("Only administrators change objects, fields and settings."))
    options = {"rollup": made_of, **({"scale": scale} if scale is not None else {})}
    field = as_rollup(Field("sample", kind, Label("Roll-up", "汇总"), "sample", options=options))
    wrong = list(faults_of(target, field, work.catalog.objects))
    if wrong:
        raise refused(wrong)
    child = work.catalog.object(made_of.object)
    via = work.catalog.field(child, made_of.via)
    group = Group(target, child, via, (field,), None)
    found = _parents(work, group)
    if not found:
        return None
    figures = computed(work.session, work.catalog, group, found, (field,))
    ident = next((i for i in found if figures[i][field.column]), found[0])  # one that says more than nothing
    return Sample(ident, names(work, target.name, [ident]).get(ident, "…"), field, tuple(figures[ident].values()))


def _parents(work: Work, group: Group) -> list[int]:
    """Records that the newest children point at."""
    column = f'"{group.via.column}"'
    kind = f' AND {column[:-1]}__o" = ?' if group.typed else ""
    sql = (
        f'SELECT {column} FROM {work.session.table(group.child.table)} WHERE "trashed_at" IS NULL'
        f' AND {column} IS NOT NULL{kind} ORDER BY "id" DESC LIMIT {NEWEST}'
    )
    rows = work.session.rows(sql, (group.parent.name,) if group.typed else ())
    return list(dict.fromkeys(row[0] for row in rows))
