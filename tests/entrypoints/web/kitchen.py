"""A page with every piece on it, served without a workspace: for tests and for looking at."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from guanxi.base.i18n import L, Locale
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.assets import serve
from guanxi.entrypoints.web.parts import NavArea, NavItem
from guanxi.entrypoints.web.security import HEADERS
from guanxi.entrypoints.web.shell import FOOT, HOME, INBOX

NOW = 1_795_500_000_000_000
SALES = tuple(
    NavItem(label, icon, f"/{icon}", count=count, hot=hot, name=icon)
    for label, icon, count, hot in (
        (L("Leads", "线索"), "user-search", 38, False),
        (L("Accounts", "客户"), "building", None, False),
        (L("Opportunities", "商机"), "target-arrow", None, False),
        (L("Payments", "回款"), "cash", 1, True),
    )
)
FRAME = {
    "workspace": "远山自动化",
    "nav": (NavArea(None, (HOME, INBOX)), NavArea(L("Sales", "销售"), SALES)),
    "nav_foot": FOOT,
    "tabbar": (HOME, SALES[2], SALES[1], INBOX),
    "creatable": SALES[:3],
    "me": {"id": 1, "name": "陈晓雯"},
    "unread": 2,
    "csrf": "x",
    "csrf_field": "",
    "notes": [],
    "active": "target-arrow",
}


def show(request: Request) -> Response:
    query = request.query_params
    locale = Locale("en" if query.get("lang") == "en" else "zh-CN", now=NOW)
    context = {**FRAME, "part": query.get("part", "states"), "theme": query.get("theme", "light")}
    name = {"sign-in": "auth/sign_in.html"}.get(query.get("part", ""), "kitchen.html")
    return HTMLResponse(render.fragment(name, context, locale), headers=HEADERS)


def make_app() -> Starlette:
    render.add_templates([Path(__file__).parent / "templates"])
    return Starlette(routes=[Route("/", show), Route("/static/{version}/{name:path}", serve)])
