"""Notifications: the list, marking as read, and the stream of news to open pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from guanxi.base.dates import iso_datetime
from guanxi.base.errors import NotFound
from guanxi.entrypoints.web.live import stream
from guanxi.entrypoints.web.posting import ident_of, posted, speaker
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.entrypoints.web.shell import go, page, see_other, wants_piece
from guanxi.kernel.catalog.model import Choice
from guanxi.kernel.records.read import count, find
from guanxi.kernel.records.types import Change, Query, Row
from guanxi.kernel.records.write import save

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

PAGE = 50
CHUNK = 500
OBJECT = "notification"


async def show_events(request: Request) -> Response:
    """The stream of news; one a page."""
    me = await run_in_threadpool(visit, request)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(me.space, me.user), media_type="text/event-stream", headers=headers)


def show_notices(request: Request) -> Response:
    """One's own notifications, newest first; nobody else's whatever the roles say."""
    me = visit(request)
    only = request.query_params.get("show") == "unread"
    with me.space.read(me.user) as work:
        rows, following = own_notices(work, me.user, only=only, cursor=request.query_params.get("cursor"))
        unread, more = unread_of(work, me.user)
        kinds: dict[str, Choice] = {}
        if OBJECT in work.catalog.objects:
            kind = work.catalog.field(work.catalog.object(OBJECT), "kind")
            kinds = {c.key: c for c in kind.options["choices"]}
        people = {ident: str(row["name"]) for ident, row in work.catalog.config["user"].items()}
        icons = {o.name: o.icon for o in work.catalog.objects.values()}
    return page(
        request, "notices/list.html", me, active="/notifications", rows=rows, following=following, unread=unread,
        more=more, only=only, kinds=kinds, people=people, icons=icons,
    )  # fmt: skip


def own_notices(
    work: Work, user: int, *, only: bool = False, cursor: str | None = None
) -> tuple[list[Row], str | None]:
    """A page of one person's notifications."""
    if OBJECT not in work.catalog.objects:
        return [], None
    where = f"owner = {user}" + (" and is_empty(read_at)" if only else "")
    with work.as_system("own notifications"):
        found = find(work, Query(OBJECT, where, sort=("-created_at",), limit=PAGE, cursor=cursor))
    return found.rows, found.next


def unread_of(work: Work, user: int) -> tuple[int, bool]:
    """How many are unread, counted up to a thousand."""
    if OBJECT not in work.catalog.objects:
        return 0, False
    with work.as_system("own notifications"):
        return count(work, Query(OBJECT, f"owner = {user} and is_empty(read_at)"))


def open_notice(request: Request) -> Response:
    """Marks one as read and goes to what it is about."""
    me = visit(request)
    ident = ident_of(request)
    with me.space.read(me.user) as work:
        row = _own(work, me.user, ident)
    if row["read_at"] is None:
        mark(me, f"owner = {me.user} and id = {ident} and is_empty(read_at)")
    to = f"/o/{row['about__o']}/{row['about']}" if row.get("about") else "/notifications"
    return go(to, request)


def _own(work: Work, user: int, ident: int) -> Row:
    if OBJECT in work.catalog.objects:
        with work.as_system("own notifications"):
            rows = find(work, Query(OBJECT, f"owner = {user} and id = {ident}", limit=1)).rows
        if rows:
            return rows[0]
    raise NotFound


def mark(me: Visit, where: str) -> int:
    """Marks what matches as read, chunk by chunk; no entry on the undo page."""
    done = 0
    while True:
        with me.space.write(me.user, kind="read") as work, work.as_system("own notifications read"):
            rows = find(work, Query(OBJECT, where, ("id",), limit=CHUNK)).rows
            now = iso_datetime(work.now)
            if rows:
                save(work, [Change("edit", OBJECT, {"read_at": now}, id=row["id"]) for row in rows])
        done += len(rows)
        if len(rows) < CHUNK:
            return done


def read_all(request: Request, me: Visit, form: FormData) -> Response:
    """Marks all as read."""
    t = speaker(me.locale)
    n = mark(me, f"owner = {me.user} and is_empty(read_at)") if OBJECT in me.catalog.objects else 0
    if wants_piece(request) and "_csrf" not in form:
        return Response(status_code=204)
    return see_other("/notifications", note=t("Marked as read: {n}", n=n))


ROUTES = [
    Route("/events", show_events),
    Route("/notifications", show_notices),
    Route("/notifications/read", posted(read_all, who=visit), methods=["POST"]),
    Route("/notifications/{id}", open_notice),
]
