"""The rows and JSON that hold run-time changes of the catalogue, and how they become the frozen values of `model`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from guanxi.base.errors import BadInput, msg
from guanxi.base.i18n import Label
from guanxi.kernel.catalog.model import Choice, Field, Object, ObjectKind, OnDelete, Rollup, Section, Steps, Unique
from guanxi.kernel.catalog.rollups import as_rollup

Row = dict[str, Any]


class Session(Protocol):
    """The part of `storage.Session` that reading the catalogue needs (storage lies above)."""

    def table(self, name: str) -> str: ...
    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...
    def value(self, sql: str, params: Sequence[Any] = ()) -> Any: ...
    def run(self, sql: str, params: Sequence[Any] = ()) -> int: ...


class FieldSpec(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """A run-time field, or what is changed about a declared one; None means "as it was"."""

    name: str = ""
    type: str = ""
    label: Label | None = None
    help: Label | None = None
    required: bool | None = None
    unique: bool | None = None
    default: Any = None
    history: bool | None = None
    sensitive: bool | None = None
    read_only: bool | None = None
    hidden: bool | None = None
    choices: tuple[Choice, ...] | None = None
    to: tuple[str, ...] | None = None
    on_delete: OnDelete | None = None
    scale: int | None = None
    min: int | None = None
    max: int | None = None
    max_length: int | None = None
    formula: str | None = None
    result: str | None = None
    format: str | None = None
    gapless: bool | None = None
    multiline: bool | None = None
    sortable: bool | None = None
    pinyin: bool | None = None
    rollup: Rollup | None = None


class ObjectSpec(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """A run-time object, or what is changed about a declared one; None means "as it was"."""

    name: str = ""
    label: Label | None = None
    plural: Label | None = None
    kind: ObjectKind | None = None
    title: str | None = None
    subtitle: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None
    form: tuple[Section, ...] | None = None
    quick: tuple[str, ...] | None = None
    figures: tuple[str, ...] | None = None
    filters: tuple[str, ...] | None = None
    sorts: tuple[str, ...] | None = None
    sort: str | None = None
    steps: Steps | None = None
    unique: tuple[Unique, ...] | None = None
    access: Literal["own", "parent", "all"] | None = None
    access_via: str | None = None
    timeline: str | None = None
    search: tuple[str, ...] | None = None
    icon: str | None = None
    area: str | None = None
    fields: tuple[FieldSpec, ...] = ()


T = TypeVar("T", FieldSpec, ObjectSpec)
OPTIONS = (
    "choices",
    "to",
    "on_delete",
    "scale",
    "min",
    "max",
    "max_length",
    "formula",
    "result",
    "format",
    "gapless",
    "multiline",
    "sortable",
    "pinyin",
    "rollup",
)
PLAIN = ("label", "help", "required", "unique", "default", "history", "sensitive", "read_only", "hidden")
DEFAULT_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "text": {"max_length": 255, "sortable": True, "pinyin": True},
    "long_text": {"max_length": 100_000, "multiline": True},
    "email": {"max_length": 254, "sortable": False},
    "url": {"max_length": 2048, "sortable": False},
    "decimal": {"scale": 4},
    "user": {"to": ("user",), "on_delete": "refuse"},
    "team": {"to": ("team",), "on_delete": "refuse"},
    "lookup": {"on_delete": "clear"},
    "auto_number": {"gapless": False, "sortable": False},
}


class MetaObject(msgspec.Struct, frozen=True):
    """One row of `meta_object`."""

    id: int
    name: str
    table_name: str
    custom: bool
    retired: bool
    overlay: str  # JSON of an ObjectSpec


class MetaField(msgspec.Struct, frozen=True):
    """One row of `meta_field`."""

    id: int
    object: int
    name: str
    column_name: str
    type: str
    custom: bool
    retired: bool
    spec: str  # JSON of a FieldSpec


def read_objects(session: Session) -> list[MetaObject]:
    """All rows of `meta_object`, by id."""
    sql = f"SELECT id, name, table_name, custom, retired, overlay FROM {session.table('meta_object')} ORDER BY id"
    return [MetaObject(i, n, t, bool(c), bool(r), o or "{}") for i, n, t, c, r, o in session.rows(sql)]


def read_fields(session: Session) -> list[MetaField]:
    """All rows of `meta_field`, by id."""
    names = "id, object, name, column_name, type, custom, retired, spec"
    sql = f"SELECT {names} FROM {session.table('meta_field')} ORDER BY id"
    return [MetaField(i, o, n, c, t, bool(u), bool(r), s or "{}") for i, o, n, c, t, u, r, s in session.rows(sql)]


def encode(spec: FieldSpec | ObjectSpec) -> str:
    """Canonical JSON of a spec: only what is set."""
    return msgspec.json.encode(spec, order="deterministic").decode()


def field_spec(text: str | Mapping[str, Any] | FieldSpec) -> FieldSpec:
    """A field's spec from stored JSON or a mapping; BadInput names what cannot be read."""
    return _convert(text, FieldSpec)


def object_spec(text: str | Mapping[str, Any] | ObjectSpec) -> ObjectSpec:
    """An object's spec from stored JSON or a mapping; BadInput names what cannot be read."""
    return _convert(text, ObjectSpec)


def _convert(raw: Any, kind: type[T]) -> T:
    try:
        if isinstance(raw, str):
            return msgspec.json.decode(raw, type=kind)
        return raw if isinstance(raw, kind) else msgspec.convert(raw, kind)
    except msgspec.DecodeError as error:
        raise BadInput(msg("The definition cannot be read: {reason}", reason=str(error))) from error


def merge(old: T, new: T) -> T:
    """The old spec with everything that the new one sets; name, type and new fields are not changes."""
    fixed = {"name", "type", "fields"}
    given = {n: v for n in old.__struct_fields__ if n not in fixed and (v := getattr(new, n)) is not None}
    return msgspec.structs.replace(old, **given)


def build_field(meta: MetaField) -> Field:
    """A run-time field from its row."""
    spec = field_spec(meta.spec)
    label = spec.label or Label(meta.name, meta.name)
    blank = Field(
        name=meta.name,
        type=meta.type,
        label=label,
        column=meta.column_name,
        id=meta.id,
        custom=meta.custom,
        retired=meta.retired,
        options=DEFAULT_OPTIONS.get(meta.type, {}),
    )
    made = overlay_field(blank, spec)
    return replace(made, read_only=True) if meta.type in {"formula", "auto_number"} else made


def overlay_field(field: Field, spec: FieldSpec) -> Field:
    """The field with everything that the spec sets."""
    plain = {name: value for name in PLAIN if (value := getattr(spec, name)) is not None}
    if plain.get("default") == "":  # the empty string clears a default
        plain["default"] = None
    options = {name: value for name in OPTIONS if (value := getattr(spec, name)) is not None}
    if "choices" in options:
        options["choices"] = merge_choices(field.options.get("choices", ()), options["choices"])
    if options:
        plain["options"] = {**field.options, **options}
    made = replace(field, **plain) if plain else field
    return as_rollup(made) if "rollup" in options else made


def merge_choices(declared: Sequence[Choice], wanted: Sequence[Choice]) -> tuple[Choice, ...]:
    """Wanted choices in their order; declared ones that are missing come after, because none may disappear."""
    known = {c.key: c for c in declared}
    merged = [
        replace(w, locked=known[w.key].locked, retired=w.retired and not known[w.key].locked)
        if w.key in known
        else replace(w, locked=False)
        for w in wanted
    ]
    named = {w.key for w in wanted}
    return (*merged, *(c for c in declared if c.key not in named))


def build_object(meta: MetaObject) -> Object:
    """A run-time object from its row, without fields."""
    spec = object_spec(meta.overlay)
    label = spec.label or Label(meta.name, meta.name)
    blank = Object(
        name=meta.name,
        label=label,
        plural=spec.plural or label,
        fields=(),
        table=meta.table_name,
        id=meta.id,
        custom=True,
        retired=meta.retired,
        kind=spec.kind or "record",
    )
    return overlay_object(blank, spec)


LAYOUT = (
    "label",
    "plural",
    "title",
    "subtitle",
    "columns",
    "form",
    "quick",
    "figures",
    "filters",
    "sorts",
    "sort",
    "steps",
    "access",
    "access_via",
    "timeline",
    "search",
    "icon",
    "area",
)


def overlay_object(obj: Object, spec: ObjectSpec) -> Object:
    """The object with everything that the spec sets; uniques are added to the declared ones."""
    changes = {name: value for name in LAYOUT if (value := getattr(spec, name)) is not None}
    if spec.unique:
        changes["unique"] = (*obj.unique, *(u for u in spec.unique if u not in obj.unique))
    return replace(obj, **changes) if changes else obj
