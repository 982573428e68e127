"""Roles: a matrix of scopes, field levels and abilities, and in words what it adds up to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import NotFound
from guanxi.base.i18n import L, Label
from guanxi.entrypoints.web.posting import NONE, Errors, administrator, ident_of, speaker, text_of, texts_of, ticked
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.settings.objects import INNER
from guanxi.entrypoints.web.settings.users import undo_link
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.access.rights import ABILITIES, EVERY, LEVELS, SCOPES, VERBS, read_spec
from guanxi.kernel.admin.people import keep_an_administrator
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

PLACE = "/settings/roles"
SCOPE_WORDS: Mapping[str, Label] = {
    "": L("as above", "同上"),
    "none": L("nothing", "没有"),
    "own": L("own", "自己的"),
    "team": L("team", "本团队"),
    "subtree": L("team and below", "本团队及下级"),
    "all": L("everything", "全部"),
}
VERB_WORDS: Mapping[str, Label] = {
    "create": L("Create", "新建"),
    "read": L("See", "查看"),
    "edit": L("Change", "修改"),
    "delete": L("Delete", "删除"),
    "export": L("Export", "导出"),
    "bulk": L("Bulk edit", "批量改"),
    "share": L("Share", "共享"),
    "transfer": L("Transfer", "转移"),
}
LEVEL_WORDS: Mapping[str, Label] = {
    "none": L("hidden", "看不到"),
    "masked": L("masked", "打码"),
    "read": L("may see", "只看"),
    "edit": L("may change", "可改"),
}
ABILITY_WORDS: Mapping[str, Label] = {
    "import": L("Import files", "导入文件"),
    "undo_others": L("Undo what others did", "撤销别人的改动"),
    "api": L("Use the API with a token", "用令牌调用接口"),
    "ai": L("Let an AI agent work in one's name", "让 AI 助手以自己的名义工作"),
    "print": L("Print", "打印"),
    "share_views": L("Share views with everyone", "把视图共享给所有人"),
    "reveal": L("Show masked values one by one, which is logged", "逐个查看打码的值（会记录）"),
}


def matrix_objects(catalog: Catalog) -> list[Object]:
    """Objects a role may limit: all that people work with."""
    known = catalog.objects.values()
    return [o for o in known if o.kind != "config" and o.access != "all" and not o.parent and o.name not in INNER]


def show_roles(request: Request) -> Response:
    """All roles with their summaries and how many people have them."""
    me = administrator(request)
    people: dict[int, int] = {}
    for row in me.catalog.config["user"].values():
        for role in msgspec.json.decode(row["roles"] or b"[]") if row["active"] else ():
            people[int(role)] = people.get(int(role), 0) + 1
    rows = list(me.catalog.config["role"].values())
    language = me.locale.language
    said = {row["id"]: summary(me.catalog, read_spec(row["rights"]), language) for row in rows}
    return setting_page(request, me, "roles", PLACE, rows=rows, people=people, said=said)


def show_role(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """The matrix of one role."""
    me = administrator(request)
    ident = ident_of(request) if "id" in request.path_params else 0
    row: Mapping[str, Any] | None = me.catalog.config["role"].get(ident) if ident else {}
    if row is None:
        raise NotFound
    spec = spec_of(me.catalog, given) if given is not None else read_spec(row.get("rights"))
    shown = request.query_params.get("object", "")
    target = me.catalog.objects.get(shown)
    words = {"scopes": SCOPE_WORDS, "verbs": VERB_WORDS, "levels": LEVEL_WORDS, "abilities": ABILITY_WORDS}
    return setting_page(
        request, me, "role", PLACE, errors=errors, status=status, ident=ident, row=row, value=given_or(given, row),
        spec=spec, objects=matrix_objects(me.catalog), words=words, every=EVERY, scopes=SCOPES, verbs=VERBS,
        levels=LEVELS, abilities=ABILITIES, target=target, said=summary(me.catalog, spec, me.locale.language),
    )  # fmt: skip


def spec_of(catalog: Catalog, form: FormData) -> dict[str, Any]:
    """The rights as the form says them; "as above" is left out, fields that may be changed too."""
    objects: dict[str, dict[str, str]] = {}
    for name in (EVERY, *(o.name for o in matrix_objects(catalog))):
        said = {verb: text_of(form, f"scope.{name}.{verb}") for verb in VERBS}
        kept: dict[str, str] = {verb: scope for verb, scope in said.items() if scope in SCOPES}
        if kept:
            objects[name] = kept
    fields = {}
    for key, value in form.multi_items():
        name = key.removeprefix("field.")
        if name != key and value in ("none", "masked", "read"):
            fields[name] = value
    spec: dict[str, Any] = {"objects": objects, "abilities": [a for a in texts_of(form, "abilities") if a in ABILITIES]}
    if fields:
        spec["fields"] = fields
    return {"admin": True} if ticked(form, "admin") else spec


def save_role(request: Request, me: Visit, form: FormData) -> Response:
    """Holds from everybody's next request on."""
    t = speaker(me.locale)
    ident = ident_of(request) if "id" in request.path_params else None
    known = me.catalog.config["role"].get(ident or 0)
    if ident is not None and known is None:
        raise NotFound
    spec = spec_of(me.catalog, form)
    shown = set(texts_of(form, "fields_of"))
    before = read_spec(known["rights"]) if known else {}
    kept = {n: v for n, v in before.get("fields", {}).items() if n.partition(".")[0] not in shown}
    kept_objects = {n: v for n, v in before.get("objects", {}).items() if n not in _offered(me.catalog)}
    if not spec.get("admin"):
        spec["objects"] = {**kept_objects, **spec["objects"]}
        spec["fields"] = {**kept, **spec.get("fields", {})}
    values = {"name": text_of(form, "name"), "description": text_of(form, "description"),
              "rights": msgspec.json.encode(spec).decode()}  # fmt: skip
    with me.space.write(me.user) as work:
        saved = save(work, [Change("edit" if ident else "create", "role", values, id=ident)])
        keep_an_administrator(work)
    return see_other(f"{PLACE}/{saved.id}", note=t("Role saved; it holds at once"), undo=undo_link(saved.operation))


def _offered(catalog: Catalog) -> set[str]:
    """What the matrix shows; rights on anything else (settings objects) stay as they are."""
    return {EVERY, *(o.name for o in matrix_objects(catalog))}


SAYS: Mapping[str, Label] = {
    "admin": L("Sees and changes everything, settings included.", "能看、能改所有内容，包括设置。"),
    "every": L("Every object", "所有对象"),
    "others": L("All other objects", "其他对象"),
    "nothing": L("{name}: not visible.", "{name}：看不到。"),
    "read": L("sees {scope}", "看{scope}"),
    "edit": L("changes {scope}", "改{scope}"),
    "delete": L("deletes {scope}", "删{scope}"),
    "create": L("may create", "可新建"),
    "no_edit": L("changes nothing", "不能改"),
    "no_delete": L("deletes nothing", "不能删"),
    "no_create": L("may not create", "不能新建"),
    "line": L("{name}: {parts}.", "{name}：{parts}。"),
    "hidden": L("Does not see {n} fields.", "看不到 {n} 个字段。"),
    "can": L("May: {list}.", "可以：{list}。"),
}  # fmt: skip


def summary(catalog: Catalog, spec: Mapping[str, Any], language: str) -> list[str]:
    """What somebody with this role alone sees and does, in a few sentences."""
    if spec.get("admin"):
        return [SAYS["admin"].in_(language)]
    objects = spec.get("objects", {})
    every = objects.get(EVERY, {})
    lines = [_sentence(SAYS["others" if len(objects) > 1 else "every"].in_(language), every, language)]
    for name, said in objects.items():
        target = catalog.objects.get(name)
        if name != EVERY and target is not None:
            lines.append(_sentence(target.plural.in_(language), {**every, **said}, language))
    hidden = [f for f, level in spec.get("fields", {}).items() if level == "none"]
    if hidden:
        lines.append(SAYS["hidden"].in_(language).format(n=len(hidden)))
    can = [ABILITY_WORDS[a].in_(language) for a in spec.get("abilities", ()) if a in ABILITY_WORDS]
    if can:
        joined = "、".join(can) if language.startswith("zh") else "; ".join(c[0].lower() + c[1:] for c in can)
        lines.append(SAYS["can"].in_(language).format(list=joined))
    return lines


def _sentence(name: str, said: Mapping[str, str], language: str) -> str:
    if said.get("read", "none") == "none":
        return SAYS["nothing"].in_(language).format(name=name)
    parts = []
    for verb in ("read", "edit", "delete", "create"):
        scope = said.get(verb, "none")
        text = SAYS[verb if scope != "none" else f"no_{verb}"].in_(language)
        parts.append(text.format(scope=SCOPE_WORDS[scope].in_(language)))
    joined = ("，" if language.startswith("zh") else ", ").join(parts)
    return SAYS["line"].in_(language).format(name=name, parts=joined)
