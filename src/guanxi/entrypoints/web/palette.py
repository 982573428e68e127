"""Search and commands in one box: records by name, pinyin, initials or phone tail; pages; new ones; actions here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from guanxi.base.grams import matches
from guanxi.base.i18n import L, Label
from guanxi.entrypoints.web.parts import NavItem
from guanxi.entrypoints.web.render import url
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.entrypoints.web.settings.frame import CONTENTS
from guanxi.entrypoints.web.shell import MINE, creatable, foot, navigation, page, piece
from guanxi.kernel.records.read import names
from guanxi.kernel.records.search import Hit, search

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

RECORDS, PAGES, RECENT, ALL = 7, 4, 6, 100
WHY = {
    "pinyin": L("pinyin", "拼音"),
    "initials": L("pinyin initials", "拼音首字母"),
    "phone": L("phone ending", "手机尾号"),
    "near": L("similar spelling", "拼写相近"),
}
ACT = (
    ("f", "message-plus", L("Log follow-up", "记跟进")),
    ("e", "pencil", L("Edit or complete", "编辑或完成")),
)


@dataclass(frozen=True, slots=True)
class Found:
    """One line: a link, or a key that is pressed on the page below; `why` says what answered."""

    text: Markup | str
    url: str
    icon: str
    sub: Markup | str = ""
    why: Label | str = ""
    key: str = ""
    press: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A titled part of the list."""

    title: Label
    lines: Sequence[Found]


def show_palette(request: Request) -> Response:
    """`/palette?q=&at=&recent=`: `>` lists commands only, `#` looks for a number."""
    me, given = visit(request), request.query_params
    asked = given.get("q", "").strip()[:100]
    only_commands = asked[:1] in (">", "》", "＞")
    words = asked.lstrip(">》＞#＃").strip()
    groups: list[Group] = []
    if not only_commands:
        with me.space.read(me.user) as work:
            if words:
                groups.append(Group(L("Records", "记录"), _records(work, words, RECORDS)))
            else:
                groups.append(Group(L("Recent", "最近"), _recent(work, given.get("recent", ""))))
    groups.append(Group(L("On this page", "在这一页"), _actions(given.get("at", ""), words, me)))
    groups.append(Group(L("New", "新建"), _items(creatable(me), words, "plus") if words or only_commands else ()))
    groups.append(Group(L("Go to", "去"), _pages(me, words, None if only_commands else PAGES)))
    more = url("/search", q=words) if words and not only_commands else ""
    return piece(request, "palette/list.html", me, groups=[g for g in groups if g.lines], asked=words, more=more)


def show_search(request: Request) -> Response:
    """`/search?q=`: everything found, object by object."""
    me = visit(request)
    words = request.query_params.get("q", "").strip()[:100]
    found: dict[str, list[Found]] = {}
    with me.space.read(me.user) as work:
        hits = search(work, words, limit=ALL) if words else []
        for hit in hits:
            found.setdefault(hit.object, []).append(_found(work, hit))
        groups = [(work.catalog.object(name), lines, url(f"/o/{name}", q=words)) for name, lines in found.items()]
    return page(request, "palette/search.html", me, words=words, groups=groups, count=len(hits), most=ALL)


def _records(work: Work, words: str, limit: int) -> list[Found]:
    """Customers and deals before the tasks and calls about them."""
    hits = search(work, words, limit=ALL)
    hits.sort(key=lambda hit: work.catalog.object(hit.object).access == "parent")
    return [_found(work, hit) for hit in hits[:limit]]


def _found(work: Work, hit: Hit) -> Found:
    """The title with what answered marked in it; another field's text beside the object's name."""
    target = work.catalog.object(hit.object)
    in_title = hit.field == target.title
    shown: Markup | str = marked(hit.title, hit.spans) if in_title and hit.matched == hit.title else hit.title
    sub = Markup.escape(target.label.in_(work.actor.language))
    why: Label | str = WHY.get(hit.why, "")
    if not in_title:
        sub += Markup(" · ") + marked(hit.matched, hit.spans)
        why = why or work.catalog.field(target, hit.field).label
    return Found(shown or "…", f"/o/{hit.object}/{hit.id}", target.icon, sub, why)


def marked(text: str, spans: Sequence[tuple[int, int]]) -> Markup:
    """The text with those characters marked."""
    out, at = Markup(), 0
    for start, stop in sorted(spans):
        if start < at:
            continue
        out += Markup("{}<mark>{}</mark>").format(text[at:start], text[start:stop])
        at = stop
    return out + Markup.escape(text[at:])


def _recent(work: Work, given: str) -> list[Found]:
    """Records this browser has shown, as far as they may still be seen: `opportunity.12,account.7`."""
    wanted: list[tuple[str, int]] = []
    for part in given.split(",")[:RECENT]:
        name, _, ident = part.partition(".")
        if name in work.catalog.objects and ident.isascii() and ident.isdigit() and len(ident) < 20:
            wanted.append((name, int(ident)))
    titles: dict[tuple[str, int], str] = {}
    for name in dict.fromkeys(name for name, _ in wanted):
        found = names(work, name, [ident for other, ident in wanted if other == name])
        titles.update({(name, ident): title for ident, title in found.items()})
    language = work.actor.language
    return [
        Found(
            titles[key],
            f"/o/{key[0]}/{key[1]}",
            work.catalog.object(key[0]).icon,
            work.catalog.object(key[0]).label.in_(language),
        )
        for key in wanted
        if key in titles
    ]


def _actions(at: str, words: str, me: Visit) -> list[Found]:
    """What can be done with the record that is open: its own keys are pressed."""
    parts = at.strip("/").split("/")
    if len(parts) != 3 or parts[0] != "o" or not parts[2].isdigit():
        return []
    lines = []
    for key, icon, label in ACT:
        text = label.in_(me.locale.language)
        if not words or matches([label.zh, label.en], words):
            lines.append(Found(text, at, icon, key=key.upper(), press=key))
    return lines


def _pages(me: Visit, words: str, limit: int | None) -> list[Found]:
    """Where one may go; settings only to what was typed, else they would bury the rest."""
    items = [item for area in navigation(me) for item in area.items] + [*foot(me), *MINE]
    if words and me.actor.rights.admin:
        items += [NavItem(place.label, place.icon, place.url) for _, places in CONTENTS for place in places]
    once = {item.url: item for item in reversed(items)}
    return _items([*reversed(once.values())], words)[: limit if not words else None]


def _items(items: Sequence[NavItem], words: str, icon: str = "") -> list[Found]:
    """Pages whose name in either language answers, also by pinyin and initials."""
    found = []
    for item in items:
        if words and not matches([item.label.zh, item.label.en], words):
            continue
        key = f"G {item.key.upper()}" if item.key and not icon else ""
        found.append(Found(_label(item), item.url, icon or item.icon, key=key))
    return found


def _label(item: NavItem) -> Any:
    return item.label


ROUTES = (
    Route("/palette", show_palette, methods=["GET"]),
    Route("/search", show_search, methods=["GET"]),
)
