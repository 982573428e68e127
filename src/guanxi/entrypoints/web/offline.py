"""What an installed Guanxi needs: its manifest, the page shown without a network, the worker that shows it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from guanxi.entrypoints.web.assets import STYLES, asset, load
from guanxi.entrypoints.web.shell import plain_page

FRESH = {"Cache-Control": "no-cache"}


def show_manifest(_request: Request) -> Response:
    """Name, colours and icon, so that a phone can keep it beside its other apps."""
    icon = {"src": asset("gx/mark.svg"), "sizes": "any", "type": "image/svg+xml"}
    data = {
        "name": "Guanxi",
        "short_name": "Guanxi",
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#F5F4F1",
        "theme_color": "#34509E",
        "icons": [icon, {**icon, "purpose": "maskable"}],
    }
    return JSONResponse(data, headers=FRESH, media_type="application/manifest+json")


def show_offline(request: Request) -> Response:
    """Kept on the device; says that nothing is lost and tries again."""
    return plain_page(request, "errors/offline.html")


def send_worker(_request: Request) -> Response:
    """The service worker, with the files of the offline page; a new version of them replaces the old."""
    script = load("gx/worker.js")
    assert script is not None
    files = ", ".join(f'"{path}"' for path in ("/offline", asset(STYLES), asset("gx/mark.svg")))
    body = script.body.decode().replace("FILES", f"[{files}]")
    return Response(body, media_type="text/javascript", headers=FRESH)


ROUTES: tuple[BaseRoute, ...] = (
    Route("/manifest.webmanifest", show_manifest),
    Route("/offline", show_offline),
    Route("/worker.js", send_worker),
)
