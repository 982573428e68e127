"""Who asks: the signed-in visitor of a request, and the language, theme and zone to answer in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import Forbidden, NotFound, Unauthenticated, msg
from guanxi.base.i18n import LANGUAGES, Language, Locale
from guanxi.entrypoints.web.security import cookie_name, is_secure, token_of
from guanxi.kernel.access.actors import Actor, load_actor, system
from guanxi.kernel.access.policy import held_roles, policy_of
from guanxi.kernel.access.second_factor import who_has
from guanxi.kernel.access.sessions import WebSession, csrf_of, read_session
from guanxi.kernel.admin.view_as import seen_by, viewed
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.context import Space

LANGUAGE_COOKIE, THEME_COOKIE, NOTE_COOKIE = "guanxi_language", "guanxi_theme", "guanxi_note"
VIEW_COOKIE = "guanxi_view_as"
SET_UP = "/profile/second-factor"
WITHOUT_FACTOR = (SET_UP, "/sign-out", "/language", "/theme")  # open to those who must set up a second factor first
COMMON_ZONES = ("Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Tokyo", "Asia/Singapore", "Asia/Kolkata",
                "Asia/Dubai", "Europe/London", "Europe/Berlin", "Europe/Moscow", "America/New_York", "America/Chicago",
                "America/Los_Angeles", "America/Sao_Paulo", "Australia/Sydney", "UTC")  # fmt: skip
THEMES = ("light", "dark", "auto")
YEAR, LONGEST = 365 * 86_400, 90 * 86_400


class Site(Protocol):
    """What the web needs from whoever starts it."""

    def space(self, request: Request) -> Space:
        """The workspace of this host or path."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request by somebody who is signed in; the catalogue is the snapshot at its start."""

    space: Space
    catalog: Catalog
    user: int
    actor: Actor
    locale: Locale
    csrf: str
    session: WebSession
    theme: str = "auto"
    viewer: int = 0  # the administrator who looks as this person; nothing can be written then


def space_of(request: Request) -> Space:
    """The workspace this request is about."""
    site: Site = request.app.state.site
    return site.space(request)


def visit(request: Request) -> Visit:
    """The visitor; `Unauthenticated` (the sign-in page) if nobody is signed in. Looked up once per request."""
    known: Visit | None = getattr(request.state, "visit", None)
    if known is None:
        known = request.state.visit = as_somebody(request, _look_up(request))
    if known.viewer:
        only_look(request, known)
    return known


def as_somebody(request: Request, me: Visit) -> Visit:
    """The visit as the person an administrator looks as; asked only where the browser says that somebody does."""
    if VIEW_COOKIE not in request.cookies:
        return me
    seen = viewed(me.space, me.catalog, me.session.id, me.user)
    if seen is None:
        return me
    space = seen_by(me.space, me.user)
    return replace(me, space=space, user=seen.user, actor=seen, viewer=me.user)


def only_look(request: Request, me: Visit) -> None:
    """Refuses what would change something, take something away, or is the person's alone."""
    path = request.url.path
    if path in ("/view-as/stop", "/sign-out", "/preview") or path.endswith("/estimate"):
        return
    taken = "/export" in path or path.endswith(("/print", "/file", "/left.csv"))
    alone = taken or path.startswith(("/profile", "/notifications/"))
    if alone or request.method not in ("GET", "HEAD"):
        raise Forbidden(msg("You are looking as {name}: nothing can be changed or taken away. Stop first.",
                            name=me.actor.name))  # fmt: skip


def _look_up(request: Request) -> Visit:
    space, token = space_of(request), token_of(request.scope)
    now = space.clock()
    if not token:
        raise Unauthenticated(msg("Sign in to go on."))
    with space.read(system("sign-in")) as work:
        catalog, policy = work.catalog, policy_of(work.catalog)
        equipped = who_has(work.session, catalog) if policy.needs != "nobody" else frozenset()
    session = read_session(space.db, token, now, policy)
    if session is None:
        raise Unauthenticated(msg("Sign in to go on."))
    try:
        actor = load_actor(catalog, session.user)
    except NotFound:
        raise Unauthenticated(msg("Sign in to go on.")) from None
    roles = held_roles(catalog, session.user) if policy.networks or policy.needs != "nobody" else ()
    if not policy.admits(address_of(request), roles):
        raise Unauthenticated(msg("Sign in to go on."))
    if policy.asks(roles) and session.user not in equipped and not request.url.path.startswith(WITHOUT_FACTOR):
        raise Unauthenticated(msg("Set up the second factor first."), go=SET_UP)
    language: Language = "en" if actor.language == "en" else "zh-CN"
    locale = Locale(language, actor.zone, str(catalog.settings.get("currency", "CNY")), now)
    return Visit(space, catalog, session.user, actor, locale, csrf_of(token), session, theme_of(request, actor.theme))


def address_of(request: Request) -> str:
    """Where the request comes from; behind a proxy that is believed, what it says."""
    return request.client.host if request.client else ""


def guest_locale(request: Request) -> Locale:
    """Language of somebody not signed in: their choice, what the browser asks for, else Chinese."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen not in LANGUAGES:
        asked = request.headers.get("accept-language", "")
        chosen = next((_match(part) for part in asked.split(",") if _match(part)), "zh-CN")
    return Locale("en" if chosen == "en" else "zh-CN")


def _match(part: str) -> str:
    tag = part.partition(";")[0].strip().lower()
    return "zh-CN" if tag.startswith("zh") else "en" if tag.startswith("en") else ""


def reader(request: Request) -> Locale:
    """The locale of a request, signed in or not; never fails."""
    known: Visit | None = getattr(request.state, "visit", None)
    return known.locale if known is not None else guest_locale(request)


def theme_of(request: Request, saved: str = "auto") -> str:
    """This device's choice, else the saved one."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else saved if saved in THEMES else "auto"


def keep_token(request: Request, response: Response, token: str) -> None:
    """Puts a new session into the browser; the server ends it earlier."""
    keep_secret(request, response, cookie_name(request.scope), token, LONGEST)


def keep_secret(request: Request, response: Response, name: str, token: str, seconds: int) -> None:
    """A cookie that scripts cannot read."""
    secure = is_secure(request.scope)
    response.set_cookie(name, token, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def drop_token(request: Request, response: Response) -> None:
    """Takes the session out of the browser."""
    response.delete_cookie(cookie_name(request.scope), path="/", secure=is_secure(request.scope), httponly=True)


def keep_choice(request: Request, response: Response, name: str, value: str) -> None:
    """Remembers language or theme on this device for a year."""
    response.set_cookie(name, value, max_age=YEAR, path="/", secure=is_secure(request.scope), samesite="lax")


def safe_path(path: str) -> str:
    """A path of this site to go on to, never another site's address."""
    fine = path.startswith("/") and not path.startswith(("//", "/\\")) and not any(ord(c) < 33 for c in path)
    return path if fine and "\\" not in path else "/"
