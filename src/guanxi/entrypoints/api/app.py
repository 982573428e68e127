"""The API as one application to mount at `/api/v1`: its addresses, and what an unknown one answers."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from guanxi.base.errors import NotFound, Problem, msg
from guanxi.entrypoints.api import (
    actions,
    audit,
    batch,
    catalogue,
    docs,
    duplicates,
    feed,
    figures,
    files,
    finding,
    imports,
    merging,
    openapi,
    operations,
    quality,
    records,
    reveals,
    roles,
    shares,
    tasks,
    uses,
)
from guanxi.entrypoints.api.call import Handle, Site, asked_language, defect, endpoint
from guanxi.entrypoints.api.problems import MethodNotAllowed, answer


def route(path: str, handle: Handle, method: str = "GET", *, limit: int = 10_000_000) -> Route:
    """An address, its handler and method."""
    return Route(path, endpoint(handle, limit), methods=[method])


FIXED: list[BaseRoute] = [
    route("/me", catalogue.read_me),
    route("/objects", catalogue.list_objects),
    route("/objects/{name}", catalogue.read_object),
    route("/batch", batch.run_batch, "POST"),
    route("/changes", feed.read_feed),
    route("/search", finding.search_records),
    route("/actions", actions.list_actions),
    route("/actions/{name}", actions.run_action, "POST"),
    route("/operations", operations.list_operations),
    route("/operations/{id}", operations.read_operation),
    route("/operations/{id}/undo", operations.undo_operation, "POST"),
    route("/files", files.add_file, "POST", limit=files.LIMIT),
    route("/files/{id}", files.read_file),
    route("/role/{id}/preview", roles.preview, "POST"),
    route("/audit", audit.read_audit),
    route("/erasures", audit.erase_person, "POST"),
    route("/erasures/{id}", audit.read_certificate),
    route("/quality", quality.read_quality),
    route("/uses", uses.check_use, "POST"),
    route("/exports", tasks.begin_export, "POST"),
    route("/bulk", tasks.begin_bulk, "POST"),
    route("/tasks", tasks.list_tasks),
    route("/tasks/{id}", tasks.read_task),
    route("/tasks/{id}/file", tasks.read_result),
    route("/tasks/{id}/left", tasks.list_left),
    route("/tasks/{id}/{wish}", tasks.wish, "POST"),
    route("/openapi.json", openapi.read_openapi),
    *imports.ROUTES,
    *docs.ROUTES,
]
RECORDS: list[BaseRoute] = [
    route("/{object}", records.list_records),
    route("/{object}", records.create_record, "POST"),
    route("/{object}/count", records.count_records),
    route("/{object}/duplicates", duplicates.find_duplicates, "POST"),
    route("/{object}/group", figures.group_records),
    route("/{object}/merge", merging.merge_records, "POST"),
    route("/{object}/{id}", records.read_record),
    route("/{object}/{id}", records.change_record, "PATCH"),
    route("/{object}/{id}", records.trash_record, "DELETE"),
    route("/{object}/{id}/restore", records.restore_record, "POST"),
    route("/{object}/{id}/history", figures.read_history),
    route("/{object}/{id}/shares", shares.list_shares),
    route("/{object}/{id}/shares", shares.add_share, "POST"),
    route("/{object}/{id}/shares/{share}", shares.end_share, "DELETE"),
    route("/{object}/{id}/reveal", reveals.reveal_value, "POST"),
]


def create_api(site: Site, routes: Sequence[BaseRoute] = ()) -> Starlette:
    """The application; `routes` (imports and the like) come before those of records, whose names are free."""
    app = Starlette(
        routes=[*FIXED, *routes, *RECORDS],
        exception_handlers={HTTPException: on_http, Exception: on_defect},
    )
    app.state.site = site
    return app


def on_http(request: Request, error: Exception) -> Response:
    """Unknown address or method."""
    assert isinstance(error, HTTPException)
    language = asked_language(request) or "zh-CN"
    problem: Problem = NotFound()
    if error.status_code == 405:
        problem = MethodNotAllowed(msg("This address does not know this method."))
    elif error.status_code != 404:
        problem = Problem(msg("The request cannot be understood."))
    response = answer(problem, language)
    if error.status_code == 405 and error.headers:
        response.headers["Allow"] = error.headers.get("Allow", "")
    return response


def on_defect(request: Request, error: Exception) -> Response:
    """What no handler caught."""
    return defect(request, error)
