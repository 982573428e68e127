"""Everything that saving a record of one object runs, in order, with the place of each function in the code."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guanxi.base.errors import Message, msg
from guanxi.kernel.catalog.defaults import named
from guanxi.kernel.catalog.model import Field, Object, Rule
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.records.reactions import PAST
from guanxi.kernel.records.shape import REFERENCES, shape_of
from guanxi.kernel.rollups.plan import feeding

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens; `stage`: may, parse, default, number, lines, fill, check, constraint, log, …"""

    stage: str
    text: Message
    name: str = ""  # of the function or field
    place: str = ""  # file:line
    app: str = ""


def explain(catalog: Catalog, name: str, *, followers: Sequence[str] = ("reactions",)) -> list[Step]:
    """The steps of creating or editing a record, in the order they run; BadInput for an unknown object."""
    target = catalog.object(name)
    return [
        *_parsing(catalog, target),
        *_filling(target),
        *_lines(catalog, target),
        *(_rule(target, rule) for rule in target.rules if rule.phase == "fill"),
        *(_rule(target, rule) for rule in target.rules if rule.phase == "check"),
        *_constraints(catalog, target),
        Step("log", msg("The change goes into the log with its old and new values, in the same transaction.")),
        *(Step("follower", msg("After the commit “{name}” reads the change.", name=f), f) for f in followers),
        *_rollups(catalog, target),
        *_reactions(catalog, target),
    ]


def place_of(function: Callable[..., Any]) -> str:
    """File and line of a function, from the root of the sources."""
    inner: Any = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    code = inspect.unwrap(inner).__code__
    path = Path(code.co_filename).resolve()
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return f"{shown}:{code.co_firstlineno}"


def function_name(function: Callable[..., Any]) -> str:
    """The name a reader looks for."""
    inner: Any = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    return str(getattr(inner, "__qualname__", repr(inner))).replace(".<locals>", "")


def _parsing(catalog: Catalog, target: Object) -> Iterator[Step]:
    count = len(shape_of(catalog, target).stored)
    yield Step("may", msg("The roles of the caller are asked: may they do this with {objects}?", objects=target.plural))
    yield Step("parse", msg("{n} fields are read by their types; what does not fit is named.", n=count))
    for field in target.fields:
        if field.type in REFERENCES:
            to = ", ".join(field.options.get("to", (field.type,)))
            text = msg("“{field}” must point at a live {target} that the caller may see.", field=field.label, target=to)
            yield Step("parse", text, field.name, app=field.app)


def _filling(target: Object) -> Iterator[Step]:
    for field in target.fields:
        if field.default not in (None, ""):
            word = field.default if named(field.default) else repr(field.default)
            yield Step("default", msg("New: “{field}” starts as {value}.", field=field.label, value=str(word)),
                       field.name, app=field.app)  # fmt: skip
    for field in target.fields:
        if field.type == "auto_number":
            form = str(field.options.get("format") or "{0000}")
            text = msg("New: “{field}” gets the next number {format}, without gaps.", field=field.label, format=form)
            yield Step("number", text, field.name, app=field.app)


def _lines(catalog: Catalog, target: Object) -> Iterator[Step]:
    for name in target.lines:
        line = catalog.object(name)
        yield Step("lines", msg("{lines} given with it are prepared in the same way first.", lines=line.plural), name)
        yield from (_rule(line, rule) for rule in line.rules)


def _rule(target: Object, rule: Rule) -> Step:
    stage = "fill" if rule.phase == "fill" else "check"
    doc = (inspect.getdoc(rule.fn) or "").split("\n", 1)[0]
    reads = "; ".join(f"{r.object} ← {r.via} ({', '.join(r.fields)})" for r in rule.reads)
    text = msg("{doc} Reads {reads}.", doc=doc, reads=reads) if reads else msg("{doc}", doc=doc)
    return Step(stage, text, function_name(rule.fn), place_of(rule.fn), target.app)


def _constraints(catalog: Catalog, target: Object) -> Iterator[Step]:
    yield from (s for field in target.fields for s in _limits(field))
    for unique in target.unique:
        names = ", ".join(unique.fields)
        yield Step("constraint", msg("{fields} together occur only once.", fields=names), names)
    for cap in target.caps:
        names = ", ".join(cap.per)
        text = msg("At most {n} live records for the same {fields}.", n=cap.limit, fields=names)
        if cap.where:
            text = msg("At most {n} live records for the same {fields} where {where}.", n=cap.limit, fields=names,
                       where=cap.where)  # fmt: skip
        yield Step("constraint", text, names)
    for other, field in catalog.referrers(target.name):
        deed = field.options.get("on_delete")
        if deed == "refuse":
            text = msg("Trash: refused while {objects} point at it through “{field}”.", objects=other.plural,
                       field=field.label)  # fmt: skip
            yield Step("constraint", text, f"{other.name}.{field.name}", app=other.app)


def _limits(field: Field) -> Iterator[Step]:
    if field.required:
        yield Step("constraint", msg("“{field}” may not be empty.", field=field.label), field.name, app=field.app)
    if field.unique:
        yield Step("constraint", msg("“{field}” occurs only once.", field=field.label), field.name, app=field.app)
    for name, word in (("min", "≥"), ("max", "≤"), ("max_length", "≤")):
        limit = field.options.get(name)
        if limit is not None:
            text = msg("“{field}” {sign} {limit} ({option}, stored form).", field=field.label, sign=word,
                       limit=limit, option=name)  # fmt: skip
            yield Step("constraint", text, field.name, app=field.app)


def _rollups(catalog: Catalog, target: Object) -> Iterator[Step]:
    for group in feeding(catalog).get(target.id, ()):
        for field in group.fields:
            text = msg("Where it concerns it, “{field}” of {object} is worked out anew, through “{via}”.",
                       field=field.label, object=group.parent.label, via=group.via.label)  # fmt: skip
            yield Step("follower", text, f"{group.parent.name}.{field.name}", app=field.app)


def _reactions(catalog: Catalog, target: Object) -> Iterator[Step]:
    for app in catalog.apps:
        for past in PAST.values():
            event = f"{target.name}.{past}"
            for function in app.reactions.get(event, ()):
                text = msg("On {event}: {doc}", event=event, doc=(inspect.getdoc(function) or "").split("\n", 1)[0])
                yield Step("reaction", text, function_name(function), place_of(function), app.name)
