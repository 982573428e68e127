"""The designer of one object: its fields, its form, one field in detail; everything a draft until published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import NotFound
from guanxi.base.i18n import L
from guanxi.entrypoints.web.posting import NONE, Errors, administrator, speaker
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.fieldforms import ICONS, LABELS, RESULTS, ROLLUP, TONES, TYPES
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.settings.objects import PLACE, designable
from guanxi.entrypoints.web.settings.rollups import MEASURES, sources_of, ways_to
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.access.rights import add_up, read_spec
from guanxi.kernel.admin.drafts import Draft, publish, read_draft, write_draft
from guanxi.kernel.admin.fields import retired_fields
from guanxi.kernel.catalog.model import Field, Object, Section
from guanxi.kernel.catalog.rows import MetaField, build_field, encode, overlay_field
from guanxi.kernel.records.read import count
from guanxi.kernel.records.types import Query

REST = L("Fields", "字段")


@dataclass(frozen=True, slots=True)
class Shown:
    """A field as the palette shows it: as it will be when the draft is published."""

    field: Field
    state: str = ""  # "new", "changed", "retiring" or nothing


def target_of(request: Request, me: Visit) -> Object:
    """The object in the address."""
    found = me.catalog.objects.get(str(request.path_params["name"]))
    if found is None or found not in designable(me.catalog):
        raise NotFound
    return found


def drafted(me: Visit, target: Object) -> Draft:
    """What this administrator has prepared."""
    return read_draft(me.space.db, me.user, target.name)


def keep(me: Visit, target: Object, draft: Draft) -> None:
    """Stores the draft."""
    write_draft(me.space.db, me.user, target.name, draft, me.space.clock())


def fields_of(target: Object, draft: Draft) -> list[Shown]:
    """Declared fields, own fields, and those that wait in the draft."""
    shown = []
    for field in target.fields:
        if field.hidden and field.name not in draft.change:
            continue
        changed = draft.change.get(field.name)
        state = "retiring" if field.name in draft.retire else "changed" if changed is not None else ""
        shown.append(Shown(overlay_field(field, changed) if changed is not None else field, state))
    for spec in draft.add:
        row = MetaField(0, target.id, spec.name, "", spec.type, True, False, encode(spec))
        shown.append(Shown(build_field(row), "new"))
    return shown


def sections_of(target: Object, draft: Draft, shown: Sequence[Shown]) -> list[Section]:
    """The form as it will be: laid out by hand, or all fields in one section."""
    form = draft.layouts.form if draft.layouts.form is not None else target.form
    live = {s.field.name for s in shown if s.state != "retiring"}
    if not form:
        return [Section(REST, tuple(s.field.name for s in shown if s.field.name in live))]
    return [replace(s, fields=tuple(n for n in s.fields if n in live)) for s in form]


def show_designer(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """`?field=` opens a field, `?add=` the form of a new one of that type."""
    me = administrator(request)
    target = target_of(request, me)
    draft = drafted(me, target)
    shown = fields_of(target, draft)
    sections = sections_of(target, draft, shown)
    asked = request.query_params
    wanted = str(request.path_params.get("field", "")) or asked.get("field", "")
    at = next((s for s in shown if s.field.name == wanted), None)
    kind = str(given.get("type", "")) if given is not None and at is None else asked.get("add", "")
    with me.space.read(me.user) as work:
        number, more = count(work, Query(target.name), 100_000)
        retired = [f for f in retired_fields(work, target.name) if f.name not in draft.restore]
    see, change = reach_of(me, target.name)
    return setting_page(
        request, me, "designer", PLACE, errors=errors, status=status, target=target, draft=draft, shown=shown,
        sections=sections, at=at, kind=kind if kind in LABELS else ("text" if kind else ""), types=TYPES, icons=ICONS,
        labels=LABELS, tones=TONES, results=RESULTS, retired=retired, value=given_or(given, _row(at)),
        objects=designable(me.catalog), ways=ways_to(me.catalog, target), sources=sources_of(me.catalog, target),
        measures=MEASURES, is_rollup=kind == ROLLUP or bool(at and at.field.rollup), records=number,
        more=more, see=see, change=change,
        by_name={s.field.name: s for s in shown}, placed={n for s in sections for n in s.fields},
    )  # fmt: skip


def _row(at: Shown | None) -> dict[str, Any]:
    if at is None:
        return {}
    field = at.field
    return {
        "label_zh": field.label.zh, "label_en": field.label.en,
        "help_zh": field.help.zh if field.help else "", "help_en": field.help.en if field.help else "",
        "required": field.required, "unique": field.unique, "sensitive": field.sensitive,
        "default": "" if field.default is None else field.default, "formula": field.options.get("formula", ""),
        **_rollup_row(field),
    }  # fmt: skip


def _rollup_row(field: Field) -> dict[str, str]:
    made_of = field.rollup
    if made_of is None:
        return {}
    return {
        "of": f"{made_of.object}.{made_of.via}", "measure": made_of.measure, "where": made_of.where,
        "source": f"{made_of.object}.{made_of.field}",
    }  # fmt: skip


def reach_of(me: Visit, name: str) -> tuple[int, int]:
    """How many roles see the object, and how many change it."""
    rights = [add_up([read_spec(row["rights"])]) for row in me.catalog.config["role"].values()]
    see = sum(r.scope(name, "read") != "none" for r in rights)
    return see, sum(r.scope(name, "edit") != "none" for r in rights)


def publish_draft(request: Request, me: Visit, _form: FormData) -> Response:
    """All of it at once; forms, lists, import and API follow with the next request."""
    t, target = speaker(me.locale), target_of(request, me)
    draft = drafted(me, target)
    with me.space.write(me.user, kind="settings", catalog_change=True) as work:
        publish(work, target.name, draft)
    keep(me, target, Draft())
    return see_other(f"{PLACE}/{target.name}", note=t("Published: {n} changes", n=draft.size))


def discard_draft(request: Request, me: Visit, _form: FormData) -> Response:
    """Nothing of it was visible to others."""
    t, target = speaker(me.locale), target_of(request, me)
    keep(me, target, Draft())
    return see_other(f"{PLACE}/{target.name}", note=t("Draft discarded"))


def put_sections(draft: Draft, sections: Sequence[Section]) -> None:
    """The form's new layout, in the draft."""
    draft.layouts = msgspec.structs.replace(draft.layouts, form=tuple(sections))
