"""Many changes in one transaction: all of them or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from guanxi.base.errors import BadInput, msg
from guanxi.entrypoints.api.call import Call, Done, reply
from guanxi.entrypoints.api.records import id_in, saving, split, target_for_writing
from guanxi.kernel.context import Work
from guanxi.kernel.records.types import Change

MOST = 1_000
OPS = ("create", "edit", "trash", "restore")
KEYS = frozenset({"op", "object", "id", "ref", "values", "version", "lines"})


def run_batch(call: Call) -> Response:
    """A list of changes; a new record may be named by `ref` and pointed at by `{"$ref": …}` further down."""
    call.params()
    with call.writing() as work:

        def effect() -> Done:
            saved = saving(work, changes_of(work, call.json()))
            outcomes = [{"id": o.id, "done": o.done, "version": o.version} for o in saved.outcomes]
            return Done(200, {"operation": saved.operation, "outcomes": outcomes})

        done = call.once(work, effect)
    outcomes = [{**o, "id": str(o["id"])} for o in done.answer["outcomes"]]
    operation = done.answer["operation"]
    return reply({"operation": str(operation) if operation else None, "outcomes": outcomes}, done=done)


def changes_of(work: Work, body: Any) -> list[Change]:
    """The list as changes, ids of new records given beforehand so that later items may use them."""
    if not isinstance(body, list):
        raise BadInput(msg("The body must be a list of changes."))
    if len(body) > MOST:
        raise BadInput(msg("At most {n} changes fit into one batch.", n=MOST))
    refs: dict[str, int] = {}
    return [_change(work, place, item, refs) for place, item in enumerate(body)]


def _change(work: Work, place: int, item: Any, refs: dict[str, int]) -> Change:
    if not isinstance(item, dict) or item.get("op") not in OPS or not isinstance(item.get("object"), str):
        raise BadInput(msg("Change {n} needs «op» ({known}) and «object».", n=place, known=", ".join(OPS)))
    unknown = next((key for key in item if key not in KEYS), None)
    if unknown is not None:
        raise BadInput(msg("Change {n} has no part «{name}».", n=place, name=unknown[:80]))
    op, target = item["op"], target_for_writing(work, item["object"])
    values, lines, version = item.get("values") or {}, item.get("lines") or {}, item.get("version")
    if not isinstance(values, dict) or not isinstance(lines, dict):
        raise BadInput(msg("«values» and «lines» of change {n} must be objects.", n=place))
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise BadInput(msg("«{name}» must be a whole number.", name="version"))
    unknown = next((name for name in lines if name not in target.lines), None)
    if unknown is not None:
        raise BadInput(msg("Change {n} has no part «{name}».", n=place, name=unknown[:80]))
    fields, parts = split(target, {**_resolved(values, refs), **{n: _resolved(v, refs) for n, v in lines.items()}})
    if op == "create":
        ident = work.space.ids.next()
        if isinstance(item.get("ref"), str):
            refs[item["ref"]] = ident
    else:
        ident = refs.get(str(item.get("ref"))) or id_in(item.get("id"))
    return Change(op, target.name, fields if op in ("create", "edit") else {}, id=ident, version=version, lines=parts)


def _resolved(value: Any, refs: Mapping[str, int]) -> Any:
    """The value with `{"$ref": name}` replaced by the id of the record made earlier in the list."""
    if isinstance(value, dict):
        if value.keys() == {"$ref"}:
            known = refs.get(str(value["$ref"]))
            if known is None:
                raise BadInput(msg("There is no earlier change named «{name}».", name=str(value["$ref"])[:80]))
            return str(known)
        return {key: _resolved(part, refs) for key, part in value.items()}
    if isinstance(value, list):
        return [_resolved(part, refs) for part in value]
    return value
