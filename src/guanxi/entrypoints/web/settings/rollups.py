"""Roll-ups in the designer: what may be added up, the definition a form means, its value on one record beforehand."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import FieldError, Invalid, Problem, msg
from guanxi.base.i18n import L, Label
from guanxi.entrypoints.web.posting import text_of
from guanxi.entrypoints.web.render import sentence
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.shell import piece
from guanxi.kernel.admin.rollups import Sample, sample_of
from guanxi.kernel.catalog.model import Field, Object, Rollup
from guanxi.kernel.catalog.rollups import field_named, measurable, result_of
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.fields.registry import TYPES

MEASURES: tuple[tuple[str, Label], ...] = (
    ("count", L("Number of records", "记录数")),
    ("sum", L("Sum", "合计")),
    ("avg", L("Average", "平均")),
    ("min", L("Smallest or earliest", "最小 / 最早")),
    ("max", L("Largest or latest", "最大 / 最晚")),
)


def ways_to(catalog: Catalog, target: Object) -> list[tuple[str, Object, Field]]:
    """Lookups that point at the object: what may be added up on it, as `object.lookup`."""
    found = [(o, f) for o, f in catalog.referrers(target.name) if f.type == "lookup" and o.access != "personal"]
    return [(f"{o.name}.{f.name}", o, f) for o, f in found if not f.hidden]


def sources_of(catalog: Catalog, target: Object) -> list[tuple[str, Object, Field]]:
    """Fields that may be added up or compared, as `object.field`."""
    children = dict.fromkeys(o.name for _, o, _ in ways_to(catalog, target))
    return [(f"{name}.{f.name}", catalog.objects[name], f) for name in children
            for f in measurable(catalog.objects[name])]  # fmt: skip


def rollup_from(form: FormData, catalog: Catalog, before: Field | None) -> dict[str, Any]:
    """What a filled-in form says about the roll-up; nothing if it is as it was."""
    made_of = definition(form)
    child = catalog.object(made_of.object)
    source = field_named(child, made_of.field) if made_of.field else None
    kind = result_of(made_of.measure, source.type if source is not None else "")
    if kind is None:
        text = msg("Choose a field of {object} that can be measured this way.", object=child.label)
        raise Invalid(text, errors=[FieldError("source", "required", text)])
    if before is not None:
        return {"rollup": made_of} if made_of != before.rollup else {}
    scale = TYPES[source.type].scale(source) if source is not None and source.type == "decimal" else 2
    return {"type": kind, "rollup": made_of, **({"scale": scale} if kind == "decimal" else {})}


def definition(form: FormData) -> Rollup:
    """The roll-up as the form describes it."""
    name, _, via = text_of(form, "of").partition(".")
    measure = text_of(form, "measure")
    if not name or measure not in dict(MEASURES):
        text = msg("Choose what is added up.")
        raise Invalid(text, errors=[FieldError("of", "required", text)])
    owner, _, source = text_of(form, "source").partition(".")
    if measure == "count":
        source = ""
    elif owner != name:
        text = msg("Choose a field of the records that are added up.")
        raise Invalid(text, errors=[FieldError("source", "required", text)])
    return Rollup(name, via, measure, source, text_of(form, "where").strip())  # type: ignore[arg-type]  # looked up above


def show_value(request: Request, me: Visit, form: FormData) -> Response:
    """The value on one record, before anything is published."""
    target = me.catalog.object(str(request.path_params["name"]))
    found: Sample | None = None
    problem = shown = ""
    try:
        given = rollup_from(form, me.catalog, None)
        with me.space.read(me.user) as work:
            found = sample_of(work, target, given["type"], given["rollup"], given.get("scale"))
        if found is not None and found.values[0] is not None:
            shown = TYPES[found.field.type].show(found.field, found.values, me.locale)
    except Problem as error:
        problem = sentence(error.message, me.locale)
    return piece(request, "settings/rollup_value.html", me, found=found, problem=problem, shown=shown or "–",
                 target=target)  # fmt: skip
