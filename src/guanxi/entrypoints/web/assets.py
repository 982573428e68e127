"""Static files under an address that changes with their content, so that browsers may keep them for ever."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
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
SCRIPT = "gx/app.js"  # what every page needs, sent as one module
EVERY_PAGE = ("overlay", "toast", "palette", "sse", "app")
_OURS = re.compile(r'"\./(?:' + "|".join(EVERY_PAGE) + r')\.js"')
_IMPORT = re.compile(r'^import [^;]*"\./(?:' + "|".join(EVERY_PAGE) + r')\.js";\n', re.MULTILINE)


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
    elif name == SCRIPT:
        body = join_scripts().encode()
    else:
        path = (STATIC / name).resolve()
        if not path.is_relative_to(STATIC) or not path.is_file():
            return None
        body = path.read_bytes()
        if name.startswith("gx/") and path.suffix == ".js":
            body = _OURS.sub('"./app.js"', body.decode()).encode()
    suffix = Path(name).suffix
    kind = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    ready = STATIC / f"{name}.gz"
    packed = ready.read_bytes() if ready.is_file() else gzip.compress(body, 6, mtime=0) if len(body) > 500 else None
    return Asset(body, packed, kind)


def join_scripts() -> str:
    """The modules of every page in one; their top-level names must differ, and exports are all the file's own."""
    parts = ((STATIC / "gx" / f"{name}.js").read_text(encoding="utf-8") for name in EVERY_PAGE)
    return "\n".join(_IMPORT.sub("", part) for part in parts)


def serve(request: Request) -> Response:
    """`/static/{version}/{name}`; an old version still answers, but is not kept."""
    found = load(request.path_params["name"]) if ".." not in request.path_params["name"] else None
    if found is None:
        return PlainTextResponse("Not found", status_code=404)
    headers = dict(FOREVER) if request.path_params["version"] == version() else {"Cache-Control": "no-cache"}
    if found.packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, media_type=found.type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(found.body, media_type=found.type, headers=headers)
