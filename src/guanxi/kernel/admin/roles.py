"""Rights of a role as somebody writes them: checked before they are stored, with errors that name the place."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from guanxi.base.errors import FieldError, Invalid, Message, Problem, msg
from guanxi.kernel.access.rights import ABILITIES, EVERY, LEVELS, SCOPES, VERBS
from guanxi.kernel.access.roles import Roles, closure, included, loops
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.context import Work
from guanxi.kernel.expr import check_condition, parse, uses
from guanxi.kernel.records.filters import ObjectFields
from guanxi.kernel.records.masks import condition_tree

LONGEST = 500  # characters of a condition
MOST = 5  # conditions on one field


def check_spec(work: Work, role: int | None, spec: Mapping[str, Any]) -> None:
    """Raises Invalid with every mistake: unknown names, conditions that cannot be judged, roles in a circle."""
    errors = [*_objects(work.catalog, spec), *_fields(work, spec), *_parts(work.catalog.config["role"], role, spec)]
    unknown = [name for name in spec.get("abilities", ()) if name not in ABILITIES]
    errors += [FieldError("abilities", "unknown", msg("There is no ability «{name}».", name=str(n))) for n in unknown]
    if errors:
        raise Invalid(errors[0].message, errors=errors)


def _objects(catalog: Catalog, spec: Mapping[str, Any]) -> list[FieldError]:
    errors = []
    for name, said in spec.get("objects", {}).items():
        if name != EVERY and name not in catalog.objects:
            errors.append(FieldError(f"scope.{name}", "unknown", msg("There is no object «{name}».", name=str(name))))
        for verb, scope in said.items():
            if verb not in VERBS or scope not in SCOPES:
                text = msg("«{verb}: {scope}» is no right.", verb=str(verb), scope=str(scope))
                errors.append(FieldError(f"scope.{name}.{verb}", "unknown", text))
    return errors


def _fields(work: Work, spec: Mapping[str, Any]) -> list[FieldError]:
    errors = []
    for full, said in spec.get("fields", {}).items():
        name, _, field_name = str(full).partition(".")
        target = work.catalog.objects.get(name)
        field = work.catalog.fields(target).get(field_name) if target is not None else None
        if target is None or field is None:
            text = msg("There is no field «{name}».", name=str(full))
            errors.append(FieldError(f"field.{full}", "unknown", text))
            continue
        level, better = (said, ()) if isinstance(said, str) else (said.get("level"), said.get("better", ()))
        if level not in LEVELS or len(better) > MOST or any(one[1] not in LEVELS for one in better):
            errors.append(FieldError(f"field.{full}", "unknown", msg("«{name}» has no such level.", name=field.label)))
        for condition, _level in better:
            wrong = _condition(work, target, field, str(condition))
            if wrong is not None:
                errors.append(FieldError(f"when.{full}", "condition", wrong))
    return errors


def _condition(work: Work, target: Object, field: Field, text: str) -> Message | None:
    """What is wrong with a condition on the row of a field, naming the field."""
    try:
        parse(text[: LONGEST + 1])
        tree = condition_tree(text)
        check_condition(tree, ObjectFields(work, target, partial(_plain_fields, work)))
        beyond = next((path for path in uses(tree).fields if "." in path), None)
    except Problem as problem:
        return msg("Condition of «{field}»: {reason}", field=field.label, reason=problem.message)
    if len(text) > LONGEST or beyond is not None:
        reason = msg("it may only look at fields of the record itself")
        return msg("Condition of «{field}»: {reason}", field=field.label, reason=reason)
    return None


def _plain_fields(work: Work, target: Object) -> Mapping[str, Field]:
    return {n: f for n, f in work.catalog.fields(target).items() if f.type != "formula" and not f.retired}


def _parts(roles: Roles, role: int | None, spec: Mapping[str, Any]) -> list[FieldError]:
    parts = included(spec)
    for part in parts:
        if part not in roles:
            return [FieldError("includes", "unknown", msg("One of the roles to include no longer exists."))]
    if loops(roles, role, parts):
        wrong = next(p for p in parts if p == role or role in closure(roles, (p,)))
        text = msg("A role cannot include itself: «{name}» includes this one already.", name=roles[wrong]["name"])
        return [FieldError("includes", "loop", text)]
    return []
