"""Grouped counts and sums, and the history of a record, over REST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from guanxi.base.dates import iso_date, iso_datetime
from guanxi.base.errors import BadInput, msg
from guanxi.entrypoints.api.call import Call, reply, whole, words
from guanxi.entrypoints.api.records import ASK, query_of
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.context import Work
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.history import FieldStep, Step, steps
from guanxi.kernel.records.looks import note_steps
from guanxi.kernel.records.output import json_value
from guanxi.kernel.records.read import names, target_of
from guanxi.kernel.records.shape import targets_of
from guanxi.kernel.records.tally import MAX_GROUPS, tally
from guanxi.kernel.records.types import Group

MOST_KEYS, MOST_SUMS = 4, 10
MAX_VERSION = 2**62


def group_records(call: Call) -> Response:
    """Counts and sums by up to four fields; a date field may name its period: `close_on:month`."""
    params = call.params(*ASK, "by", "sum")
    by, sums = (tuple(dict.fromkeys(words(params, name))) for name in ("by", "sum"))
    if len(by) > MOST_KEYS or len(sums) > MOST_SUMS:
        raise BadInput(msg("At most {keys} groups and {sums} sums fit.", keys=MOST_KEYS, sums=MOST_SUMS))
    with call.reading() as work:
        name = call.path("object")
        target = target_of(work, name)
        groups = tally(work, query_of(params, name), by, sums)
        keys = {word: _key_field(work, target, word) for word in by}
        measures = {word: readable(work, target)[word] for word in sums}
        data = [_group(work, group, keys, measures) for group in groups]
    return reply({"groups": data, "more": len(groups) >= MAX_GROUPS})


def _key_field(work: Work, target: Object, word: str) -> Field | None:
    """The field behind a group key; None for a period, whose key is a day."""
    path, _, period = word.partition(":")
    head, _, rest = path.partition(".")
    field = readable(work, target).get(head)
    if period or field is None:
        return None
    return readable(work, work.catalog.object(targets_of(field)[0])).get(rest) if rest else field


def _group(work: Work, group: Group, keys: Mapping[str, Field | None], measures: Mapping[str, Field]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for (word, field), value in zip(keys.items(), group.keys, strict=True):
        if field is None:
            shown[word] = None if value is None else iso_date(value)
        else:
            shown[word] = json_value(work.catalog, field, (value,))
    sums = {
        word: None if group.values[word] is None else json_value(work.catalog, field, (group.values[word],))
        for word, field in measures.items()
    }
    return {"keys": shown, "count": group.count, "sum": sums}


def read_history(call: Call) -> Response:
    """What happened to one record, newest first, in the fields the caller may read."""
    params = call.params("before", "limit")
    with call.reading() as work:
        limit = whole(params, "limit", 50, 1, 500)
        before = whole(params, "before", 0, 0, MAX_VERSION) or None
        found = steps(work, call.path("object"), call.id(), before=before, limit=limit)
        note_steps(work, call.path("object"), call.id(), found, entry="api", address=call.address)
        people = names(work, "user", {step.actor for step in found if step.actor})
        data = [_step(work, step, people) for step in found]
    return reply({"data": data, "before": found[-1].version if len(found) == limit else None})


def _step(work: Work, step: Step, people: Mapping[int, str]) -> dict[str, Any]:
    return {
        "version": step.version,
        "op": step.op,
        "at": iso_datetime(step.at),
        "by": {"id": str(step.actor), "name": people.get(step.actor, "")} if step.actor else None,
        "entry": step.way,
        "kind": step.kind,
        "operation": str(step.operation),
        "fields": {part.field.name: _sides(work, part) for part in step.fields},
    }


def _sides(work: Work, part: FieldStep) -> dict[str, Any]:
    return {
        "old": json_value(work.catalog, part.field, part.old),
        "new": json_value(work.catalog, part.field, part.new),
    }
