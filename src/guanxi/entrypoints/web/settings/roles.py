"""Roles: how far each verb reaches by object, field levels, abilities, parts; checked and compared before they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import NotFound
from guanxi.entrypoints.web.posting import (
    NONE,
    Errors,
    Told,
    administrator,
    ident_of,
    speaker,
    text_of,
    texts_of,
    ticked,
)
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.settings.objects import INNER
from guanxi.entrypoints.web.settings.rolewords import (
    ABILITY_WORDS,
    LEVEL_WORDS,
    SCOPE_WORDS,
    VERB_WORDS,
    change_in_words,
    sentence_of,
    summary,
)
from guanxi.entrypoints.web.settings.users import undo_link
from guanxi.entrypoints.web.shell import piece, see_other
from guanxi.kernel.access.rights import ABILITIES, EVERY, LEVELS, SCOPES, VERBS, read_spec
from guanxi.kernel.access.roles import closure, roles_of
from guanxi.kernel.admin.people import keep_an_administrator
from guanxi.kernel.admin.role_change import RoleChange, heavy, preview_role
from guanxi.kernel.admin.roles import check_spec
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

PLACE = "/settings/roles"
WORDS = {"scopes": SCOPE_WORDS, "verbs": VERB_WORDS, "levels": LEVEL_WORDS, "abilities": ABILITY_WORDS}


def matrix_objects(catalog: Catalog) -> list[Object]:
    """Objects a role may limit: all that people work with."""
    known = catalog.objects.values()
    return [o for o in known if o.kind != "config" and o.access != "personal" and not o.parent and o.name not in INNER]


def show_roles(request: Request) -> Response:
    """All roles with their summaries and how many people have them."""
    me = administrator(request)
    roles = me.catalog.config["role"]
    people: dict[int, int] = {}
    for row in me.catalog.config["user"].values():
        for role in closure(roles, roles_of(row)) if row["active"] else ():
            people[role] = people.get(role, 0) + 1
    language = me.locale.language
    said = {ident: summary(me.catalog, read_spec(row["rights"]), language) for ident, row in roles.items()}
    return setting_page(request, me, "roles", PLACE, rows=list(roles.values()), people=people, said=said)


def show_role(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """The editor of one role."""
    return edit_role(request, administrator(request), errors=errors, given=given, status=status)


def edit_role(
    request: Request, me: Visit, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200,
    change: RoleChange | None = None,
) -> Response:  # fmt: skip
    """The editor, after a check with what the change would do."""
    ident, row = _asked(request, me)
    spec = _spec_to_save(me, row, given) if given is not None else read_spec(row.get("rights"))
    language = me.locale.language
    shown = texts_of(given, "fields_of") if given is not None else [request.query_params.get("object", "")]
    wrong = {key.split(".")[1] for key in errors if key.startswith(("field.", "when."))}
    open_fields = [o for o in matrix_objects(me.catalog) if o.name in {*shown, *wrong}]
    lines = change_in_words(me.catalog, change, language) if change is not None else []
    parts = {str(one) for one in spec.get("includes", ())}
    return setting_page(
        request, me, "role", PLACE, errors=errors, status=status, ident=ident, row=row, value=given_or(given, row),
        spec=spec, objects=_offered_lines(me, spec), words=WORDS, every=EVERY, scopes=SCOPES, verbs=VERBS,
        levels=LEVELS, abilities=ABILITIES, open_fields={o.name: o for o in open_fields}, parts=parts,
        said=summary(me.catalog, spec, language), roles=me.catalog.config["role"], change=change, lines=lines,
        digest=digest(spec) if change is not None else "",
    )  # fmt: skip


def _asked(request: Request, me: Visit) -> tuple[int, Mapping[str, Any]]:
    ident = ident_of(request) if "id" in request.path_params else 0
    row: Mapping[str, Any] | None = me.catalog.config["role"].get(ident) if ident else {}
    if row is None:
        raise NotFound
    return ident, row


def _offered_lines(me: Visit, spec: Mapping[str, Any]) -> Sequence[tuple[Object, str, int]]:
    """Each object with what the role says about it, and how many of its fields are limited."""
    language, objects = me.locale.language, spec.get("objects", {})
    every = objects.get(EVERY, {})
    found = []
    for target in matrix_objects(me.catalog):
        said = {**every, **objects.get(target.name, {}), **({"read": "all"} if target.access == "all" else {})}
        text = sentence_of(target.plural.in_(language), said, language)
        limited = sum(full.startswith(target.name + ".") for full in spec.get("fields", {}))
        found.append((target, text, limited))
    return found


def show_fields(request: Request) -> Response:
    """The field levels of one object, for the editor: asked for when somebody opens them."""
    me = administrator(request)
    target = next((o for o in matrix_objects(me.catalog) if o.name == request.query_params.get("object")), None)
    role = (
        me.catalog.config["role"].get(int(asked)) if (asked := request.query_params.get("role", "")).isdigit() else {}
    )
    if target is None or role is None:
        raise NotFound
    spec = read_spec(role.get("rights")) if role else {}
    return piece(request, "settings/role_fields.html", me, target=target, spec=spec, words=WORDS, errors=Told())


def spec_of(catalog: Catalog, form: FormData) -> dict[str, Any]:
    """The rights as the form says them; "as above" is left out, fields that may be changed too."""
    if ticked(form, "admin"):
        return {"admin": True}
    objects: dict[str, dict[str, str]] = {}
    for name in (EVERY, *(o.name for o in matrix_objects(catalog))):
        said = {verb: text_of(form, f"scope.{name}.{verb}") for verb in VERBS}
        kept: dict[str, str] = {verb: scope for verb, scope in said.items() if scope in SCOPES}
        if kept:
            objects[name] = kept
    spec: dict[str, Any] = {"objects": objects, "abilities": [a for a in texts_of(form, "abilities") if a in ABILITIES]}
    fields = {key.removeprefix("field."): _field_of(form, key.removeprefix("field.")) for key in form
              if key.startswith("field.")}  # fmt: skip
    spec["fields"] = {name: said for name, said in fields.items() if said != "edit"}
    parts = [one for one in texts_of(form, "includes") if one.isascii() and one.isdigit()]
    return {**spec, "includes": parts} if parts else spec


def _field_of(form: FormData, name: str) -> str | dict[str, Any]:
    """A level, or a level with the conditions under which a record allows more."""
    level = text_of(form, f"field.{name}")
    level = level if level in LEVELS else "edit"
    when = [one.strip() for one in form.getlist(f"when.{name}") if isinstance(one, str)]
    then = [one for one in form.getlist(f"then.{name}") if isinstance(one, str)]
    better = [[text, best if best in LEVELS else "read"] for text, best in zip(when, then, strict=False) if text]
    return {"level": level, "better": better} if better and level != "edit" else level


def _spec_to_save(me: Visit, known: Mapping[str, Any], form: FormData) -> dict[str, Any]:
    """As the form says, with what it did not show left as it is."""
    spec = spec_of(me.catalog, form)
    if spec.get("admin"):
        return spec
    before = read_spec(known.get("rights"))
    offered = {EVERY, *(o.name for o in matrix_objects(me.catalog))}
    shown = set(texts_of(form, "fields_of"))
    kept = {n: v for n, v in before.get("fields", {}).items() if n.partition(".")[0] not in shown}
    for target in matrix_objects(me.catalog):  # whoever may sign in sees these: the form does not ask
        read = before.get("objects", {}).get(target.name, {}).get("read")
        if target.access == "all" and read and target.name in spec["objects"]:
            spec["objects"][target.name]["read"] = read
    spec["objects"] = {**{n: v for n, v in before.get("objects", {}).items() if n not in offered}, **spec["objects"]}
    spec["fields"] = {**kept, **spec.get("fields", {})}
    return spec


def digest(spec: Mapping[str, Any]) -> str:
    """Names exactly these rights: what was looked at is what is saved."""
    return hashlib.sha256(msgspec.json.encode(spec, order="deterministic")).hexdigest()[:24]


def save_role(request: Request, me: Visit, form: FormData) -> Response:
    """Holds from everybody's next request on; what takes something away is shown first."""
    t = speaker(me.locale)
    ident, known = _asked(request, me)
    spec = _spec_to_save(me, known, form)
    with me.space.read(me.user) as work:
        check_spec(work, ident or None, spec)
    if text_of(form, "do") == "check" or (ident and text_of(form, "checked") != digest(spec)):
        change = preview_role(me.space, me.catalog, ident or None, spec)
        if text_of(form, "do") == "check" or heavy(change):
            return edit_role(request, me, given=form, change=change)
    values = {"name": text_of(form, "name"), "description": text_of(form, "description"),
              "rights": msgspec.json.encode(spec).decode()}  # fmt: skip
    with me.space.write(me.user) as work:
        saved = save(work, [Change("edit" if ident else "create", "role", values, id=ident or None)])
        keep_an_administrator(work)
    return see_other(f"{PLACE}/{saved.id}", note=t("Role saved; it holds at once"), undo=undo_link(saved.operation))
