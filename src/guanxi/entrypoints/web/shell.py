"""The frame around every page: navigation from the catalogue, notes after a redirect, answers to pages and htmx."""

from __future__ import annotations

import base64
import binascii
import json
from functools import lru_cache
from typing import Any

from jinja2 import Template
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from guanxi.base.i18n import L, Label, Language, Locale
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.parts import NavArea, NavItem
from guanxi.entrypoints.web.session import NOTE_COOKIE, Visit, guest_locale, safe_path, theme_of
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.quality.checks import measured

AREAS: dict[str, Label] = {
    "sales": L("Sales", "销售"),
    "customers": L("Customers", "客户"),
    "marketing": L("Marketing", "营销"),
    "service": L("Service", "服务"),
    "collaboration": L("Collaboration", "协作"),
    "loyalty": L("Loyalty", "会员"),
    "partners": L("Partners", "伙伴"),
    "analytics": L("Insight", "分析"),
}
HOME = NavItem(L("Home", "首页"), "home", "/", key="h", name="home")
INBOX = NavItem(L("Inbox", "收件箱"), "inbox", "/notifications", key="i", name="notifications")
REPORTS = NavItem(L("Reports", "报表"), "chart-bar", "/reports", key="r", name="reports")
QUALITY = NavItem(L("Data quality", "数据质量"), "checks", "/quality", name="quality")
IMPORTS = NavItem(L("Imports", "导入"), "upload", "/import", name="imports")
FOOT = (
    NavItem(L("Tasks", "后台任务"), "clock", "/tasks", name="/tasks"),
    NavItem(L("Changes & undo", "变更与撤销"), "history", "/operations", key="u", name="operations"),
    NavItem(L("Trash", "回收站"), "trash", "/trash", key="x", name="trash"),
    NavItem(L("Settings", "设置"), "settings", "/settings", key="s", name="settings"),
)
MINE = (
    NavItem(L("Temporary teams", "临时小组"), "users-group", "/temporary-teams"),
    NavItem(L("My profile", "我的资料"), "user", "/profile"),
)
KEYS = {"lead": "l", "account": "a", "contact": "c", "opportunity": "o", "quote": "q", "ticket": "t"}
PHONE = ("opportunity", "account")


def navigation(me: Visit) -> tuple[NavArea, ...]:
    """Home first, then the objects this person may see, by area; made once per snapshot and person."""
    key = ("navigation", me.user)
    known: tuple[NavArea, ...] | None = me.catalog.memo.get(key)
    if known is None:
        groups: dict[str, list[NavItem]] = {}
        for item in me.catalog.objects.values():
            if item.area and not item.retired and me.actor.rights.scope(item.name, "read") != "none":
                groups.setdefault(item.area, []).append(_item(item))
        if me.actor.rights.scope("opportunity", "read") != "none":
            groups.setdefault("analytics", []).insert(0, REPORTS)
        if any(me.actor.rights.scope(o.name, "read") != "none" for o in measured(me.catalog)):
            groups.setdefault("analytics", []).append(QUALITY)
        order = [name for name in AREAS if name in groups] + [name for name in groups if name not in AREAS]
        areas = (NavArea(AREAS.get(name) or Label(name.title(), name), tuple(groups[name])) for name in order)
        known = me.catalog.memo[key] = (NavArea(None, (HOME, INBOX)), *areas)
    return known


def _item(item: Object) -> NavItem:
    return NavItem(item.plural, item.icon, f"/o/{item.name}", key=KEYS.get(item.name, ""), name=item.name)


def creatable(me: Visit) -> tuple[NavItem, ...]:
    """What the New menu offers; made once per snapshot and person."""
    key = ("creatable", me.user)
    known: tuple[NavItem, ...] | None = me.catalog.memo.get(key)
    if known is None:
        rights = me.actor.rights
        known = me.catalog.memo[key] = tuple(
            NavItem(item.label, item.icon, f"/o/{item.name}/new", name=item.name)
            for item in me.catalog.objects.values()
            if item.area and not item.retired and item.kind in ("record", "document")
            if rights.scope(item.name, "create") != "none"
        )
    return known


def tabbar(me: Visit) -> tuple[NavItem, ...]:
    """The phone's bottom line: home, two objects, inbox (the plus goes between)."""
    seen = [i for area in navigation(me) for i in area.items if i.name in PHONE]
    chosen = sorted(seen, key=lambda i: PHONE.index(i.name))
    return (HOME, *chosen, INBOX)


def foot(me: Visit) -> tuple[NavItem, ...]:
    """Below the areas: imports, undo, trash, and settings for administrators."""
    imports = (IMPORTS,) if me.actor.rights.can("import") else ()
    return (*imports, *(FOOT if me.actor.rights.admin else FOOT[:-1]))


def side(me: Visit, areas: tuple[NavArea, ...], below: tuple[NavItem, ...], active: str) -> Markup:
    """The side bar as HTML: the same for all who see the same lines, so it is made once and marked per page."""
    lines = (*(item for area in areas for item in area.items), *below)
    key = ("side", me.locale.language, tuple(item.name for item in lines))
    kept: str | None = me.catalog.memo.get(key)
    if kept is None:
        kept = me.catalog.memo[key] = render.fragment("parts/side.html", {"nav": areas, "nav_foot": below}, me.locale)
    here = next((item.url for item in lines if active and active in (item.name, item.url)), "")
    mark = f' data-at="{escape(here)}"'
    return Markup(kept.replace(mark, mark + ' aria-current="page"', 1) if here else kept)  # noqa: S704 - our template


@lru_cache(maxsize=4)
def palette_html(language: Language) -> Markup:
    """The search box and the list of keys, without what belongs to a page."""
    return Markup(render.fragment("parts/palette.html", {}, Locale(language)))  # noqa: S704 - our template


def hidden_token(me: Visit) -> Markup:
    """What stands inside every form that posts."""
    return Markup('<input type="hidden" name="_csrf" value="{}">').format(me.csrf)


def frame(request: Request, me: Visit, active: str = "") -> dict[str, Any]:
    """What layout.html needs."""
    areas, below = navigation(me), foot(me)
    return {
        **basics(request),
        "me": {"id": me.user, "name": me.actor.name},
        "workspace": me.catalog.settings.get("name") or me.space.name,
        "nav": areas,
        "side_html": side(me, areas, below, active),
        "tabbar": tabbar(me),
        "creatable": creatable(me),
        "palette_html": palette_html(me.locale.language),
        "theme": me.theme,
        "csrf": me.csrf,
        "csrf_field": hidden_token(me),
        "banner_html": viewing_banner(me),
    }


def viewing_banner(me: Visit) -> Markup:
    """On every page while an administrator looks as somebody else: as whom, and the way back."""
    if not me.viewer:
        return Markup("")
    around = {"name": me.actor.name, "csrf_field": hidden_token(me)}
    return Markup(render.fragment("parts/viewing.html", around, me.locale))  # noqa: S704 - our template


def basics(request: Request) -> dict[str, Any]:
    """What pages without an account need."""
    note = read_note(request)
    return {
        "request": request,
        "path": request.url.path,
        "theme": theme_of(request),
        "csrf": "",
        "csrf_field": "",
        "notes": [note] if note else [],
    }


def page(request: Request, template: str | Template, me: Visit, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A whole page in the frame; `active` marks a line of the side bar."""
    around = frame(request, me, str(context.get("active", "")))
    around["phone_title"] = _title(around["nav"], str(context.get("active", "")), str(around["workspace"]), me)
    html = render.fragment(template, {**around, **context}, me.locale)
    answer = render.respond(html, status)
    if NOTE_COOKIE in request.cookies:
        answer.delete_cookie(NOTE_COOKIE, path="/")
    return answer


def _title(areas: tuple[NavArea, ...], active: str, workspace: str, me: Visit) -> str:
    """What a phone shows at the top: the line of the navigation one is in, else the workspace."""
    lines = (item for area in (*areas, NavArea(None, FOOT)) for item in area.items)
    found = next((item for item in lines if active and active in (item.name, item.url)), None)
    return render.sentence(found.label, me.locale) if found is not None else workspace


def piece(
    request: Request,
    template: str | Template,
    me: Visit,
    *,
    status: int = 200,
    trigger: dict[str, Any] | None = None,
    **context: Any,
) -> HTMLResponse:
    """A fragment for htmx; `trigger` fires events there, such as `{"gx:toast": {"text": …, "undo": …}}`."""
    names = {"request": request, "csrf": me.csrf, "csrf_field": hidden_token(me)}
    html = render.fragment(template, {**names, **context}, me.locale)
    return render.respond(html, status, {"HX-Trigger": json.dumps(trigger)} if trigger else None)


def plain_page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A page for somebody who is not signed in."""
    html = render.fragment(template, {**basics(request), **context}, guest_locale(request))
    return render.respond(html, status)


def see_other(path: str, *, note: str = "", undo: str = "", tone: str = "") -> RedirectResponse:
    """After a POST: go to `path` and say there what was done, with a link that undoes it."""
    answer = RedirectResponse(safe_path(path), 303)
    if note:
        data = json.dumps({"text": note[:300], "undo": undo or None, "tone": tone}).encode()
        value = base64.urlsafe_b64encode(data).decode()
        answer.set_cookie(NOTE_COOKIE, value, max_age=60, path="/", httponly=True, samesite="lax")
    return answer


def read_note(request: Request) -> dict[str, Any] | None:
    """The note that a redirect left; shown once as a toast."""
    try:
        data = json.loads(base64.urlsafe_b64decode(request.cookies.get(NOTE_COOKIE, "").encode()))
    except (ValueError, binascii.Error):
        return None
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        return None
    undo = data.get("undo")
    return {"text": data["text"][:300], "undo": safe_path(undo) if isinstance(undo, str) else None,
            "tone": "red" if data.get("tone") == "red" else ""}  # fmt: skip


def wants_piece(request: Request) -> bool:
    """Whether htmx asks for a part of a page."""
    return render.is_fragment(request)


def go(path: str, request: Request) -> Response:
    """Sends the browser to another page, also when htmx asked."""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"HX-Redirect": safe_path(path)})
    return RedirectResponse(safe_path(path), 303)
