"""Errors as RFC 9457 documents: what happened, in the caller's language, naming field and reason."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from guanxi.base.errors import Problem, TooMany
from guanxi.base.i18n import render, translate

MEDIA = "application/problem+json"
TITLES = {
    400: "The request cannot be understood.",
    401: "Sign in to go on.",
    403: "You may not do this.",
    404: "Not found, or not yours to see.",
    405: "This address does not know this method.",
    409: "Somebody changed the record since you read it.",
    412: "Somebody changed the record since you read it.",
    413: "The request is too large.",
    415: "The contents are of a kind that cannot be read here.",
    422: "Some values cannot be taken.",
    428: "Say which version you change.",
    429: "Too many attempts.",
    500: "Something went wrong on our side.",
    503: "The answer takes too long just now.",
    507: "The server's disk is full.",
}
TOLD = ("candidates", "current", "at", "excerpt", "retry_after")  # of an error's extras, these may leave the house


class MethodNotAllowed(Problem):
    status, code = 405, "method_not_allowed"


class PreconditionFailed(Problem):
    """The version in `If-Match` is not the one that is stored."""

    status, code = 412, "conflict"


class TooLarge(Problem):
    status, code = 413, "too_large"


class Unreadable(Problem):
    """The body is of a media type that this address does not take."""

    status, code = 415, "unsupported_media_type"


class VersionRequired(Problem):
    """Edits name the version they were made from, so that nobody's work is overwritten unseen (KD 16)."""

    status, code = 428, "version_required"


def document(problem: Problem, language: str) -> dict[str, Any]:
    """The members of the problem document."""
    told: dict[str, Any] = {
        "type": f"urn:guanxi:problem:{problem.code}",
        "title": translate(TITLES.get(problem.status, TITLES[400]), language),
        "status": problem.status,
        "code": problem.code,
        "detail": render(problem.message, language),
    }
    if problem.errors:
        told["errors"] = [
            {"field": e.field, "code": e.code, "message": render(e.message, language), "row": e.row}
            for e in problem.errors
        ]
    told |= {name: problem.extra[name] for name in TOLD if problem.extra.get(name) not in (None, "")}
    return told


def answer(problem: Problem, language: str) -> Response:
    """The problem as an HTTP answer."""
    response = Response(msgspec.json.encode(document(problem, language)), problem.status, media_type=MEDIA)
    response.headers["Content-Language"] = language
    response.headers["Cache-Control"] = "no-store"
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Guanxi"'
    if isinstance(problem, TooMany) or problem.status == 503:
        response.headers["Retry-After"] = str(problem.extra.get("retry_after", 1))
    if problem.status == 507:
        response.headers["Retry-After"] = "60"
    return response
