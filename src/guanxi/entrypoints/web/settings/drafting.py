"""What the designer's forms and drags do: everything goes into the draft, after a rehearsal of publishing it."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import BadInput, FieldError, Invalid, NotFound, msg
from guanxi.entrypoints.web.posting import speaker, text_of, texts_of
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.designer import (
    drafted,
    fields_of,
    keep,
    put_sections,
    sections_of,
    target_of,
)
from guanxi.entrypoints.web.settings.fieldforms import LABELS, ROLLUP, spec_from
from guanxi.entrypoints.web.settings.objects import PLACE, label_of
from guanxi.entrypoints.web.shell import piece, see_other, wants_piece
from guanxi.kernel.admin.drafts import Draft, add_to, change_in, rehearse
from guanxi.kernel.catalog.model import Object, Section

LISTS = ("columns", "quick", "filters", "figures")


def back_to(target: Object, more: str = "") -> str:
    """The designer's address."""
    return f"{PLACE}/{target.name}{more}"


def settle(me: Visit, target: Object, draft: Draft) -> None:
    """A draft is kept only if it could be published as it is."""
    rehearse(me.space, me.user, target.name, draft)
    keep(me, target, draft)


def add_field(request: Request, me: Visit, form: FormData) -> Response:
    """A new field, placed in the chosen section of the form."""
    t, target = speaker(me.locale), target_of(request, me)
    kind = text_of(form, "type")
    if kind not in LABELS:
        raise BadInput(msg("There is no field type “{type}”.", type=kind))
    draft = drafted(me, target)
    with me.space.read(me.user) as work:
        spec = add_to(work, target.name, draft, spec_from(form, kind, me.catalog))
    _place(target, draft, spec.name, text_of(form, "section"))
    settle(me, target, draft)
    note = t("Added to the draft; publish to make it real")
    return see_other(back_to(target, f"?field={spec.name}"), note=note)


def _place(target: Object, draft: Draft, name: str, where: str) -> None:
    """Into the section with that number; "" leaves it out of the form."""
    sections = sections_of(target, draft, fields_of(target, draft))
    rest = [replace(s, fields=tuple(n for n in s.fields if n != name)) for s in sections]
    if where.isascii() and where.isdigit() and int(where) < len(rest):
        at = int(where)
        if name in sections[at].fields:
            return
        rest[at] = replace(rest[at], fields=(*rest[at].fields, name))
    if rest != sections or (where == "" and not target.form):
        put_sections(draft, rest)


def change_field(request: Request, me: Visit, form: FormData) -> Response:
    """A field's label, help, default, requirement, choices, place."""
    t, target = speaker(me.locale), target_of(request, me)
    name = str(request.path_params["field"])
    draft = drafted(me, target)
    shown = next((s for s in fields_of(target, draft) if s.field.name == name), None)
    if shown is None:
        raise NotFound
    kind = ROLLUP if shown.field.rollup is not None else shown.field.type
    spec = spec_from(form, kind, me.catalog, before=shown.field)
    if spec.label == shown.field.label:
        spec = msgspec.structs.replace(spec, label=None)
    if spec.choices is not None and spec.choices == tuple(shown.field.options.get("choices", ())):
        spec = msgspec.structs.replace(spec, choices=None)
    if spec != type(spec)():
        change_in(draft, name, spec)
    _place(target, draft, name, text_of(form, "section"))
    settle(me, target, draft)
    return see_other(back_to(target, f"?field={name}"), note=t("Kept in the draft"))


def retire_field(request: Request, me: Visit, _form: FormData) -> Response:
    """A field of the draft vanishes; a real one is retired when the draft is published."""
    t, target = speaker(me.locale), target_of(request, me)
    name = str(request.path_params["field"])
    draft = drafted(me, target)
    if any(spec.name == name for spec in draft.add):
        draft.add = [spec for spec in draft.add if spec.name != name]
        note = t("Taken out of the draft")
    else:
        field = me.catalog.field(target, name)
        if not field.custom:
            text = msg("“{name}” comes with the app: hide it instead.", name=field.label)
            raise Invalid(text, errors=[FieldError("label_zh", "declared", text)])
        draft.retire = [n for n in draft.retire if n != name] + [name] * (name not in draft.retire)
        note = t("Kept in the draft")
    _drop_from_layouts(target, draft, name)
    settle(me, target, draft)
    return see_other(back_to(target), note=note)


def _drop_from_layouts(target: Object, draft: Draft, name: str) -> None:
    """A field that goes may not stay named in a layout."""
    spec = draft.layouts
    form = spec.form if spec.form is not None else target.form
    if any(name in s.fields for s in form):
        put_sections(draft, [replace(s, fields=tuple(n for n in s.fields if n != name)) for s in form])
    for layout in LISTS:
        given = getattr(spec, layout)
        names = given if given is not None else getattr(target, layout)
        if name in names:
            kept = tuple(n for n in names if n != name)
            draft.layouts = msgspec.structs.replace(draft.layouts, **{layout: kept})


def restore_field(request: Request, me: Visit, _form: FormData) -> Response:
    """A retired field comes back with its values when the draft is published."""
    t, target = speaker(me.locale), target_of(request, me)
    name = str(request.path_params["field"])
    draft = drafted(me, target)
    if name in draft.retire:
        draft.retire.remove(name)
    elif name not in draft.restore:
        draft.restore.append(name)
    settle(me, target, draft)
    return see_other(back_to(target), note=t("Kept in the draft"))


def lay_out(request: Request, me: Visit, form: FormData) -> Response:
    """After a drag: `[[number of the section, [fields…]], …]` in the new order."""
    target = target_of(request, me)
    draft = drafted(me, target)
    shown = fields_of(target, draft)
    sections = sections_of(target, draft, shown)
    known = {s.field.name for s in shown}
    try:
        given = [(int(n), [str(f) for f in fields]) for n, fields in json.loads(text_of(form, "form"))]
    except (ValueError, TypeError) as error:
        raise BadInput(msg("The layout cannot be read.")) from error
    put_sections(draft, [
        replace(sections[n], fields=tuple(f for f in dict.fromkeys(fields) if f in known))
        for n, fields in given if 0 <= n < len(sections)
    ])  # fmt: skip
    settle(me, target, draft)
    if wants_piece(request):
        return piece(request, "settings/draft.html", me, target=target, draft=draft)
    return see_other(back_to(target))


def add_section(request: Request, me: Visit, form: FormData) -> Response:
    """A new section at the end."""
    t, target = speaker(me.locale), target_of(request, me)
    label = label_of(form, "label")
    if label is None:
        raise Invalid(msg("Give the section a name."))
    draft = drafted(me, target)
    put_sections(draft, [*sections_of(target, draft, fields_of(target, draft)), Section(label, ())])
    settle(me, target, draft)
    return see_other(back_to(target), note=t("Section added to the draft"))


def change_section(request: Request, me: Visit, form: FormData) -> Response:
    """Renames a section, or takes it away when it is empty."""
    t, target = speaker(me.locale), target_of(request, me)
    draft = drafted(me, target)
    sections = sections_of(target, draft, fields_of(target, draft))
    place = int(request.path_params["n"])
    if not 0 <= place < len(sections):
        raise NotFound
    if "drop" in form:
        if sections[place].fields:
            raise Invalid(msg("Move the fields of this section elsewhere first."))
        sections.pop(place)
    else:
        sections[place] = replace(sections[place], label=label_of(form, "label") or sections[place].label)
    put_sections(draft, sections)
    settle(me, target, draft)
    return see_other(back_to(target), note=t("Kept in the draft"))


def save_lists(request: Request, me: Visit, form: FormData) -> Response:
    """List columns, quick form, facets, key figures; name, icon and place of the object."""
    t, target = speaker(me.locale), target_of(request, me)
    draft = drafted(me, target)
    given: dict[str, object] = {}
    for layout in LISTS:
        if f"has.{layout}" in form:
            wanted = tuple(texts_of(form, layout))
            if wanted != getattr(target, layout):
                given[layout] = wanted
    for name in ("label", "plural"):
        label = label_of(form, name)
        if label is not None and label != getattr(target, name):
            given[name] = label
    draft.layouts = msgspec.structs.replace(draft.layouts, **given)
    settle(me, target, draft)
    return see_other(back_to(target, "/layouts"), note=t("Kept in the draft"))
