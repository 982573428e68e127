"""What apps let people do, by name: list of actions with the schema of their input, and running one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from guanxi.base.errors import BadInput, FieldError, Invalid, NotFound, msg
from guanxi.base.gate import BadValue, clean
from guanxi.entrypoints.api.call import Call, Done, reply
from guanxi.kernel.catalog.model import Action
from guanxi.kernel.context import Work
from guanxi.kernel.records.read import target_of
from guanxi.kernel.records.types import Saved


def actions_of(work: Work) -> dict[str, Action]:
    """Actions on objects the caller may see, by name."""
    found: dict[str, Action] = {}
    for app in work.catalog.apps:
        for action in app.actions:
            try:
                target_of(work, action.object)
            except NotFound:
                continue
            found[action.name] = action
    return found


def input_schema(action: Action) -> dict[str, Any]:
    """The input as JSON Schema; ids may be sent as text, as they are received."""
    schema = msgspec.json.schema(action.input)
    name = schema.get("$ref", "").rpartition("/")[2]
    inner: dict[str, Any] = schema.get("$defs", {}).get(name, schema)
    made: dict[str, Any] = _loosened({key: value for key, value in inner.items() if key != "title"})
    made["additionalProperties"] = False
    return made


def _loosened(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_loosened(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "integer":
        rest = {key: value for key, value in schema.items() if key != "type"}
        return {**rest, "type": ["integer", "string"], "pattern": "^[0-9]{1,19}$"}
    return {key: _loosened(part) for key, part in schema.items()}


def list_actions(call: Call) -> Response:
    """Everything that can be done by name."""
    call.params()
    with call.reading() as work:
        found = actions_of(work)
        data = [
            {
                "name": action.name,
                "object": action.object,
                "label": {"en": action.label.en, "zh-CN": action.label.zh},
                "needs": action.needs,
                "when": action.when or None,
                "input": input_schema(action),
            }
            for action in found.values()
        ]
    return reply({"data": data})


def run_action(call: Call) -> Response:
    """Runs an action in one transaction."""
    call.params()
    with call.writing(cause=call.path("name")[:80]) as work:
        action = actions_of(work).get(call.path("name"))
        if action is None:
            raise NotFound
        given = read_input(action, call.object())
        done = call.once(work, lambda: Done(200, result_json(work, action.run(work, given))))
    return reply(done.answer, done=done)


def read_input(action: Action, body: Mapping[str, Any]) -> Any:
    """The input as its frozen value; what does not fit is named."""
    known = {field.name for field in dataclasses.fields(action.input)}
    unknown = next((key for key in body if key not in known), None)
    if unknown is not None:
        text = msg("There is no field «{name}» you could set.", name=unknown[:80])
        raise Invalid(text, errors=[FieldError(unknown[:80], "unknown_field", text)])
    try:
        given: Any = msgspec.convert(body, action.input, strict=False)
        clean(msgspec.to_builtins(given))  # numbers sent as text are bounded here
    except BadValue as error:
        raise BadInput(error.message) from error
    except (msgspec.ValidationError, ValueError) as error:
        reason, _, place = str(error).partition(" - at `$.")
        text = msg("The input does not fit: {reason}", reason=reason[:200])
        raise Invalid(text, errors=[FieldError(place.rstrip("`") or "", "invalid", text)]) from error
    return given


def result_json(work: Work, result: Any) -> Any:
    """What an action gives, as JSON with ids as text."""
    if isinstance(result, Saved):
        outcomes = [{"id": str(o.id), "done": o.done, "version": o.version} for o in result.outcomes]
        return {"operation": str(result.operation) if result.operation else None, "outcomes": outcomes}
    plain = _ids_as_text(msgspec.to_builtins(result))
    operation = str(work.operation) if work.operation else None
    return {"operation": operation, "result": plain}


def _ids_as_text(value: Any) -> Any:
    """Numbers too large for JavaScript are ids: they travel as text."""
    if isinstance(value, dict):
        return {str(key): _ids_as_text(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_ids_as_text(part) for part in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return str(value)
    return value
