"""Static files under an address that changes with their content, so that browsers may keep them for ever."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
FOREVER = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}
STYLES = "gx/gx.css"  # all of gx/*.css in the order of their names


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    packed: bytes | None
    type: str


@cache
def version() -> str:
    """One short hash over everything static; part of every address."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file() and path.suffix != ".gz" and "vendor" not in path.relative_to(STATIC).parts:
            digest.update(path.read_bytes())
    manifest = STATIC / "vendor" / "manifest.json"
    digest.update(manifest.read_bytes() if manifest.is_file() else b"")
    return digest.hexdigest()[:12]


def has_vendor() -> bool:
    """Whether the files of others are in place (`make assets`)."""
    return (STATIC / "vendor" / "manifest.json").is_file()


def asset(name: str) -> str:
    """The address of a static file: `asset("vendor/htmx.js")`."""
    return f"/static/{version()}/{name}"


@cache
def load(name: str) -> Asset | None:
    """A static file by name, read once; None if there is none (or the name leads elsewhere)."""
    if name == STYLES:
        body = b"\n".join(path.read_bytes() for path in sorted((STATIC / "gx").glob("*.css")))
    else:
        path = (STATIC / name).resolve()
        if not path.is_relative_to(STATIC) or not path.is_file():
            return None
        body = path.read_bytes()
    suffix = Path(name).suffix
    kind = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    ready = STATIC / f"{name}.gz"
    packed = ready.read_bytes() if ready.is_file() else gzip.compress(body, 6, mtime=0) if len(body) > 500 else None
    return Asset(body, packed, kind)


def serve(request: Request) -> Response:
    """`/static/{version}/{name}`; an old version still answers, but is not kept."""
    found = load(request.path_params["name"]) if ".." not in request.path_params["name"] else None
    if found is None:
        return PlainTextResponse("Not found", status_code=404)
    headers = dict(FOREVER) if request.path_params["version"] == version() else {"Cache-Control": "no-cache"}
    if found.packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, media_type=found.type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(found.body, media_type=found.type, headers=headers)
