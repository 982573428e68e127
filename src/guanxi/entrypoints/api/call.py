"""One call of the API: its token, its parameters and body, its unit of work, its answer."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Protocol

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import BadInput, NotFound, Problem, TooMany, Unauthenticated, msg
from guanxi.base.gate import BadValue, clean, clean_text
from guanxi.entrypoints.api.problems import TooLarge, Unreadable, answer
from guanxi.kernel.access.actors import Actor
from guanxi.kernel.access.policy import check_address
from guanxi.kernel.access.tokens import (
    AGENT,
    BEARER_COLUMNS,
    FAILURES,
    actor_in,
    check_scope,
    count_failure,
    note_use,
    token_join,
    wrong_token,
)
from guanxi.kernel.access.tokens import hash_of as token_hash
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.changes.access_log import note
from guanxi.kernel.context import Bearer, Space, Work
from guanxi.kernel.records.idempotency import check_key, claim, hash_of, remember
from guanxi.kernel.records.types import Row

log = logging.getLogger("guanxi.api")
BODY_LIMIT = 10_000_000
SAFE = frozenset({"GET", "HEAD"})
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
encode = msgspec.json.Encoder().encode
MAX_ID = 2**63 - 1


class Site(Protocol):
    """What the API needs from whoever starts it."""

    def space(self, request: Request) -> Space:
        """The workspace of this host or path."""


@dataclass(frozen=True, slots=True)
class Done:
    """An effect in short, kept under its idempotency key: status, and ids to render the answer from."""

    status: int
    answer: Any
    replayed: bool = False
    row: Row | None = None  # the one record as stored, while it is at hand


class Call:
    """A request while it is answered. A plain class: it learns who calls inside the unit of work."""

    __slots__ = ("actor", "body", "language", "request", "secret", "space", "token")

    def __init__(self, request: Request, body: bytes) -> None:
        self.request, self.body = request, body
        site: Site = request.app.state.site
        self.space = site.space(request)
        self.secret = _bearer(request)
        self.language = asked_language(request) or "zh-CN"
        self.token = 0
        self.actor: Actor | None = None

    # --- who and where ------------------------------------------------------------------------------------------
    def _who(self, scope: str) -> Bearer:
        if not self.secret:
            raise Unauthenticated(msg("Send a token: Authorization: Bearer …"))

        def find(found: Sequence[Any], catalog: Catalog) -> Actor:
            self.actor, self.token = actor_in(found, catalog)
            check_address(catalog, self.actor.user, self.request.client.host if self.request.client else "")
            self.language = asked_language(self.request) or self.actor.language
            check_scope(self.actor, scope)
            return self.actor

        return Bearer(BEARER_COLUMNS, token_join, (token_hash(self.secret), self.space.clock()), find)

    @contextmanager
    def reading(self, scope: str = "read", *, timeout: float = 3.0) -> Iterator[Work]:
        """A read-only unit of work for the owner of the token."""
        with self.space.read(self._who(scope), timeout=timeout) as work:
            yield work

    @contextmanager
    def writing(self, scope: str = "write", *, kind: str = "edit", cause: str = "") -> Iterator[Work]:
        """A unit of work that commits when the block ends well."""
        with self.space.write(self._who(scope), entry="api", kind=kind, cause=cause) as work:
            work.entry = self.entry
            yield work

    @property
    def entry(self) -> str:
        """What the log names as the way in; known once the token is."""
        return AGENT if self.actor is not None and AGENT in self.actor.scopes else "api"

    @property
    def address(self) -> str:
        """Where the call comes from, for the access log."""
        return self.request.client.host if self.request.client else ""

    # --- what is asked ------------------------------------------------------------------------------------------
    def path(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])

    def id(self, name: str = "id") -> int:
        """A record's id in the address; anything that cannot be one is simply not there."""
        text = self.path(name)
        if text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MAX_ID:
            return int(text)
        raise NotFound

    def params(self, *known: str) -> dict[str, str]:
        """The parameters of the address, cleaned; a name that is not known is refused, not passed over."""
        found: dict[str, str] = {}
        for name, value in self.request.query_params.multi_items():
            if name not in known:
                near = get_close_matches(name, known, 1)
                if near:
                    raise BadInput(
                        msg("There is no parameter «{name}». Did you mean «{near}»?", name=name[:80], near=near[0])
                    )
                raise BadInput(msg("There is no parameter «{name}» here.", name=name[:80]))
            try:
                found[name] = clean_text(value, 20_000)
            except BadValue as error:
                raise BadInput(error.message) from error
        return found

    def json(self) -> Any:
        """The body, read and passed through the gate."""
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Unreadable(msg("Send JSON with the header Content-Type: application/json."))
        try:
            return clean(msgspec.json.decode(self.body))
        except BadValue as error:
            raise BadInput(error.message) from error
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise BadInput(msg("The body is not valid JSON: {reason}", reason=str(error)[:200])) from error

    def object(self) -> dict[str, Any]:
        """The body as a JSON object."""
        found = self.json()
        if not isinstance(found, dict):
            raise BadInput(msg("The body must be a JSON object."))
        return found

    # --- what is answered ---------------------------------------------------------------------------------------
    def once(self, work: Work, effect: Callable[[], Done]) -> Done:
        """Runs the effect, once per idempotency key."""
        given = self.request.headers.get("idempotency-key")
        if given is None:
            return effect()
        key = check_key(given)
        url = self.request.url
        first = claim(work, key, hash_of(self.request.method.encode(), f"{url.path}?{url.query}".encode(), self.body))
        if first is not None:
            return Done(first.status, first.answer, replayed=True)
        done = effect()
        remember(work, key, done.status, done.answer)
        return done


def reply(data: Any, status: int = 200, *, done: Done | None = None, **headers: str) -> Response:
    """JSON; header names are written with underscores."""
    response = Response(encode(data), status, media_type="application/json", headers=HEADERS)
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    if done is not None and done.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


Handle = Callable[[Call], Response]


def endpoint(handle: Handle, limit: int = BODY_LIMIT) -> Callable[[Request], Any]:
    """Reads the body, then lets a thread answer: database work never holds the event loop."""

    async def run(request: Request) -> Response:
        body = b""
        if request.method not in SAFE:
            body_or_problem = await read_body(request, limit)
            if isinstance(body_or_problem, Response):
                return body_or_problem
            body = body_or_problem
        return await run_in_threadpool(respond, handle, request, body)

    return run


async def read_body(request: Request, limit: int) -> bytes | Response:
    """The whole body, or the answer that it is too large."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            text = msg("At most {n} MB can be sent at once.", n=limit // 1_000_000)
            return answer(TooLarge(text), asked_language(request) or "zh-CN")
        parts.append(part)
    return b"".join(parts)


def respond(handle: Handle, request: Request, body: bytes) -> Response:
    """The handler's answer, or what went wrong as a problem document."""
    call: Call | None = None
    try:
        call = Call(request, body)
        response = handle(call)
        if call.token and note_use(call.space.db, call.token, call.space.clock()) and call.actor is not None:
            note(call.space, "token_used", call.actor.user, entry="api", address=call.address,
                 detail={"token": str(call.token)})  # fmt: skip
    except Unauthenticated as problem:
        return _refuse_token(call, request, problem)
    except Problem as problem:
        return answer(problem, call.language if call else asked_language(request) or "zh-CN")
    except Exception as error:  # noqa: BLE001 - the last resort: logged in full, the caller gets its number
        return defect(request, error, call.language if call else "")
    return response


def defect(request: Request, error: Exception, language: str = "") -> Response:
    """Our own mistake: a number for the caller, the whole story for the log."""
    number = str(getattr(request.state, "number", "")) or secrets.token_hex(4).upper()
    log.error("request %s failed: %s %s", number, request.method, request.url.path, exc_info=error)
    problem = Problem(msg("Something went wrong on our side. Tell your administrator the number {n}.", n=number))
    problem.status, problem.code = 500, "defect"
    return answer(problem, language or asked_language(request) or "zh-CN")


def _refuse_token(call: Call | None, request: Request, problem: Problem) -> Response:
    """401, or 429 for an address that sends wrong tokens again and again; a right token is never held up."""
    language = asked_language(request) or "zh-CN"
    if call is None or not call.secret:
        return answer(problem, language)
    address = request.client.host if request.client else "?"
    left, seconds = count_failure(call.space.db, address, call.space.clock())
    if left < 0:
        minutes = max(1, seconds // 60)
        problem = TooMany(msg("Too many attempts. Try again in {n} minutes.", n=minutes), retry_after=seconds)
    response = answer(problem, language)
    response.headers["RateLimit-Limit"] = str(FAILURES)
    response.headers["RateLimit-Remaining"] = str(max(0, left))
    response.headers["RateLimit-Reset"] = str(seconds)
    return response


def _bearer(request: Request) -> str:
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    if not kind:
        return ""
    if kind.lower() != "bearer" or not 0 < len(secret.strip()) < 200:
        raise wrong_token()
    return secret.strip()


def asked_language(request: Request) -> str:
    """The first language of `Accept-Language` that we speak; empty if none is asked for."""
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.partition(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh-CN"
        if tag.startswith("en"):
            return "en"
    return ""


def whole(params: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """A whole number among the parameters."""
    text = params.get(name)
    if text is None or text == "":
        return default
    if text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most:
        return int(text)
    raise BadInput(msg("«{name}» must be a whole number from {least} to {most}.", name=name, least=least, most=most))


def flag(params: Mapping[str, str], name: str) -> bool:
    """Yes or no among the parameters."""
    text = params.get(name, "")
    if text in ("true", "1"):
        return True
    if text in ("", "false", "0"):
        return False
    raise BadInput(msg("«{name}» must be true or false.", name=name))


def words(params: Mapping[str, str], name: str) -> Sequence[str]:
    """A list separated by commas."""
    return [word for part in params.get(name, "").split(",") if (word := part.strip())]
