"""What can be wrong with one field: its name, type, options, default, what it points at, what an overlay loosens."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from guanxi.kernel.catalog.columns import LINKED, link_table
from guanxi.kernel.catalog.defaults import DEFAULTS
from guanxi.kernel.catalog.fault import Fault, fault
from guanxi.kernel.catalog.model import Choice, Field, Object
from guanxi.kernel.catalog.rows import FieldSpec
from guanxi.kernel.catalog.system import system_columns
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.fields.sealed import CHECKS, SEALABLE

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
CHOICE_KEY = re.compile(r"[^\s\",\[\]]{1,64}")
MAX_NAME = 40
RESULTS = frozenset({"text", "integer", "decimal", "percent", "money", "date", "datetime", "boolean"})
NOT_UNIQUE = frozenset({"formula", "address", "image", "files", "long_text", *LINKED})
ON_DELETE = frozenset({"refuse", "clear", "cascade"})


@dataclass(frozen=True, slots=True)
class Around:
    """What a field may refer to: the live objects, and which apps each app needs (None: everything)."""

    objects: Mapping[str, Object]
    needs: Mapping[str, Collection[str]]

    def reachable(self, app: str, target: Object) -> bool:
        """Apps meet through lookups only where the manifest says so; what is made at run time may use all."""
        return target.custom or not app or target.app in {app, "core", ""} or target.app in self.needs.get(app, ())


def check_field(obj: Object, f: Field, around: Around) -> Iterator[Fault]:
    """All faults of one field."""

    def wrong(code: str, text: str, /, **params: object) -> Fault:
        return fault(f.app or obj.app, obj.name, f.name, code, text, **params)

    if not NAME.fullmatch(f.name) or len(f.name) > MAX_NAME:
        yield wrong("name", "“{name}” is not a field name: small letters, digits and single underscores.", name=f.name)
    if f.name in system_columns(obj.kind) or re.fullmatch(r"f_\d+", f.name):
        yield wrong("reserved", "“{name}” is a name of the system.", name=f.name)
    if not f.label.en.strip() or not f.label.zh.strip():
        yield wrong("label", "A label in both languages is missing.")
    if f.type not in TYPES:
        yield wrong("type", "There is no field type “{type}”.", type=f.type)
        return
    yield from _options(f, wrong)
    yield from _default(f, wrong)
    if f.encrypted:
        yield from _sealed(obj, f, wrong)
    if f.type in {"lookup", "links", "user", "team"}:
        yield from _targets(obj, f, around, wrong)
    if f.type in LINKED and len(link_table(obj, f)) > 63:
        yield wrong("name", "The names of object and field together are too long for a link table.")
    if f.unique and f.type in NOT_UNIQUE:
        yield wrong("unique", "A field of type {type} cannot be unique.", type=f.type)
    if f.type == "formula" and f.required:
        yield wrong("required", "A formula cannot be required.")


Wrong = Callable[..., Fault]


def _sealed(obj: Object, f: Field, wrong: Wrong) -> Iterator[Fault]:
    """An encrypted field is asked for by equality only, so nothing may rest on its words or its order."""
    if f.type not in SEALABLE or obj.kind == "config":
        yield wrong("encrypted", "A field of type {type} cannot be encrypted here.", type=f.type)
    if f.default is not None or f.copies or f.options.get("sortable"):
        yield wrong("encrypted", "An encrypted field has no default, copies nothing and is not sorted by.")
    steps = obj.steps.field if obj.steps is not None else ""
    if f.name in {obj.title, steps, *obj.subtitle, *obj.search, *obj.filters, *obj.sorts, *obj.figures}:
        yield wrong("encrypted", "An encrypted field is no title, facet, figure or order, and is not searched.")
    parts = obj.matching.keys if obj.matching is not None else ()
    if any(f.name in names for key in parts for names, _ in key.parts):
        yield wrong("encrypted", "Duplicates cannot be found by an encrypted field; make it unique instead.")
    if any(f.name in u.fields for u in obj.unique) or any(f.name in cap.per for cap in obj.caps):
        yield wrong("encrypted", "An encrypted field may be unique on its own only.")


def _options(f: Field, wrong: Wrong) -> Iterator[Fault]:
    options = f.options
    if f.type in {"choice", "multi_choice"}:
        yield from _choices(options.get("choices", ()), wrong)
    low, high = options.get("min"), options.get("max")
    if low is not None and high is not None and low > high:
        yield wrong("range", "The smallest value is larger than the largest.")
    if not 0 <= options.get("scale", 0) <= 12:
        yield wrong("scale", "A number has 0 to 12 decimals.")
    if options.get("check") not in {None, *CHECKS}:
        yield wrong("check", "There is no check “{name}”.", name=options["check"])
    if options.get("max_length", 1) < 1:
        yield wrong("max_length", "The longest text must be at least one character.")
    if f.type == "auto_number" and not re.search(r"\{0+\}", options.get("format", "")):
        yield wrong(
            "format", "The format of an automatic number needs a place for it, such as {example}.", example="{0000}"
        )
    if f.type == "formula":
        if not options.get("formula", "").strip():
            yield wrong("formula", "The formula is empty.")
        if options.get("result") not in RESULTS:
            yield wrong("result", "A formula cannot give “{result}”.", result=options.get("result"))


def _choices(choices: tuple[Choice, ...], wrong: Wrong) -> Iterator[Fault]:
    if not choices:
        yield wrong("choices", "A choice needs at least one value.")
    keys = [c.key for c in choices]
    for key in sorted({k for k in keys if keys.count(k) > 1}):
        yield wrong("choices", "The value “{key}” is there twice.", key=key)
    for key in keys:
        if not CHOICE_KEY.fullmatch(key):
            yield wrong("choices", "“{key}” cannot be the key of a value.", key=key)
    for c in choices:
        if c.tone not in {"", "accent", "green", "amber", "red", "grey"}:
            yield wrong("choices", "There is no tone “{tone}”.", tone=c.tone)


def _default(f: Field, wrong: Wrong) -> Iterator[Fault]:
    given = f.default
    if isinstance(given, str) and given.startswith("@"):
        if given not in DEFAULTS or f.type not in DEFAULTS[given][0]:
            yield wrong("default", "“{default}” is no default for a field of type {type}.", default=given, type=f.type)
    elif given is not None and f.type in {"choice", "multi_choice"}:
        keys = {c.key for c in f.options.get("choices", ()) if not c.retired}
        for key in (given,) if isinstance(given, str) else tuple(given):
            if key not in keys:
                yield wrong("default", "The default “{key}” is not one of the values.", key=key)


def _targets(obj: Object, f: Field, around: Around, wrong: Wrong) -> Iterator[Fault]:
    targets = f.options.get("to", ())
    if not targets:
        yield wrong("target", "It is not said what the field points at.")
    for name in targets:
        target = around.objects.get(name)
        if target is None:
            yield wrong("target", "It points at “{name}”, and there is no such object.", name=name)
        elif not around.reachable(f.app or obj.app, target):
            text = "It points at “{name}” of the app {app}, which is not among what this app needs."
            yield wrong("needs", text, name=name, app=target.app)
    if f.type != "links":
        on_delete = f.options.get("on_delete")
        if on_delete not in ON_DELETE:
            yield wrong("on_delete", "“{value}” is not something to do on deletion.", value=on_delete)
        elif on_delete == "clear" and f.required:
            yield wrong("on_delete", "A required field cannot be cleared when its target goes; refuse or cascade.")


def check_overlay(obj: Object, declared: Field, spec: FieldSpec) -> Iterator[Fault]:
    """What a workspace's change of a declared field would loosen; it may only add or tighten."""

    def wrong(code: str, text: str, /, **params: object) -> Fault:
        return fault(declared.app or obj.app, obj.name, declared.name, code, text, **params)

    for name in ("required", "unique", "sensitive", "read_only", "hidden", "history"):
        if getattr(spec, name) is False and getattr(declared, name):
            yield wrong("loosened", "“{option}” comes with the app and cannot be switched off.", option=name)
    for name in ("to", "on_delete", "scale", "formula", "result", "format", "gapless", "multiline", "sortable"):
        if getattr(spec, name) not in {None, declared.options.get(name)}:
            yield wrong("fixed", "“{option}” comes with the app and cannot be changed.", option=name)
    for name, looser in (("max_length", 1), ("max", 1), ("min", -1)):
        new, old = getattr(spec, name), declared.options.get(name)
        if new is not None and old is not None and (new - old) * looser > 0:
            yield wrong("loosened", "“{option}” can only be made tighter.", option=name)
    if spec.choices is not None:
        locked = {c.key for c in declared.options.get("choices", ()) if c.locked}
        for key in sorted(locked & {c.key for c in spec.choices if c.retired}):
            yield wrong("locked", "The value “{key}” is used by the app and cannot be retired.", key=key)
