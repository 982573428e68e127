"""What look-up fields offer: the newest first, or what the typed letters find; and the places of an address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from guanxi.base.errors import NotFound, msg
from guanxi.base.grams import matches
from guanxi.base.text import fold
from guanxi.entrypoints.web.records.desk import speaking
from guanxi.entrypoints.web.records.inputs import config_options
from guanxi.entrypoints.web.records.markdown import to_html
from guanxi.entrypoints.web.render import label
from guanxi.entrypoints.web.session import visit
from guanxi.entrypoints.web.shell import piece
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.context import Work
from guanxi.kernel.fields import regions
from guanxi.kernel.records.masks import shown
from guanxi.kernel.records.read import find, target_of
from guanxi.kernel.records.search import search
from guanxi.kernel.records.search_index import searched
from guanxi.kernel.records.types import Query

SHOWN = 8
MOST_PREVIEW = 100_000


@dataclass(frozen=True, slots=True)
class Option:
    """One line: the value to keep, the text to show, a word beside it."""

    value: str
    text: str
    note: str = ""
    icon: str = ""
    person: int = 0


def show_options(request: Request) -> Response:
    """`/options/account?q=`, or several objects: `/options/account,contact?q=` (values are then `object:id`)."""
    me = visit(request)
    asked = request.query_params.get("q", "").strip()[:100]
    names = request.path_params["object"].split(",")[:12]
    with me.space.read(me.user) as work, speaking(me.locale):
        targets = [t for n in names if (t := _readable(work, n)) is not None]
        if not targets:
            raise NotFound(msg("Not found, or not yours to see."))
        several = len(names) > 1
        found = _search(work, targets, asked, several) if asked else _recent(work, targets, several)
        create = None
        if len(names) == 1 and targets[0].kind in ("record", "document") and asked:
            create = targets[0] if work.actor.rights.scope(targets[0].name, "create") != "none" else None
        return piece(request, "record/options.html", me, options=found, create=create, asked=asked)


def _readable(work: Work, name: str) -> Object | None:
    try:
        return target_of(work, name)
    except NotFound:
        return None


def _recent(work: Work, targets: Sequence[Object], several: bool) -> list[Option]:
    """What was changed last stands first; settings stand in their order."""
    found: list[Option] = []
    for target in targets:
        if target.kind == "config":
            found += _config(work, target, "", several)
            continue
        if target.title not in shown(work, target):
            continue
        rows = find(work, Query(target.name, fields=(target.title,), sort=("-updated_at",), limit=SHOWN)).rows
        title = work.catalog.field(target, target.title).column
        found += [_option(target, int(r["id"]), str(r[title] or "…"), several) for r in rows]
    return found[:SHOWN] if len(targets) == 1 and targets[0].kind != "config" else found[:40]


def _search(work: Work, targets: Sequence[Object], asked: str, several: bool) -> list[Option]:
    found: list[Option] = []
    looked = [t.name for t in targets if t.kind != "config" and searched(work.catalog, t)]
    if looked:
        for hit in search(work, asked, looked, SHOWN):
            note = hit.matched if hit.matched != hit.title else ""
            found.append(_option(work.catalog.object(hit.object), hit.id, hit.title or "…", several, note[:40]))
    for target in targets:
        if target.kind == "config":
            found += _config(work, target, asked, several)
        elif target.name not in looked:
            found += [o for o in _recent(work, [target], several) if fold(asked) in fold(o.text)]
    return found


def _config(work: Work, target: Object, asked: str, several: bool) -> list[Option]:
    """Settings and people: few enough to be compared here, by pinyin too."""
    people = target.name == "user"
    found = []
    for ident, text in config_options(work, target.name):
        if asked and not matches([text], asked) and fold(asked) not in fold(text):
            continue
        row = work.catalog.config[target.name][int(ident)]
        note = str(row.get("title") or "") if people else ""
        value = f"{target.name}:{ident}" if several else ident
        found.append(Option(value, text, note, "" if people else target.icon, int(ident) if people else 0))
    return found[:40]


def _option(target: Object, ident: int, text: str, several: bool, note: str = "") -> Option:
    if several:
        return Option(f"{target.name}:{ident}", text, note or label(target.label), target.icon)
    return Option(str(ident), text, note, target.icon)


def show_regions(request: Request) -> Response:
    """Cities of a province or districts of a city, for the cascade."""
    visit(request)
    code = request.path_params["code"]
    if not (code.isdigit() and len(code) == 6):
        raise NotFound
    return JSONResponse(regions.children(code), headers={"Cache-Control": "private, max-age=86400"})


async def preview(request: Request) -> Response:
    """Markdown as it will look."""
    form = await request.form(max_files=0, max_fields=5)
    text = form.get("text")
    return await run_in_threadpool(_preview, request, text[:MOST_PREVIEW] if isinstance(text, str) else "")


def _preview(request: Request, text: str) -> Response:
    visit(request)
    return HTMLResponse(to_html(text))
