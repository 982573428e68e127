"""API tokens: everybody's own, and all of them for administrators; the secret is shown once."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import FieldError, Forbidden, Invalid, NotFound, msg
from guanxi.base.i18n import L
from guanxi.entrypoints.web.posting import (
    NONE,
    Errors,
    Told,
    administrator,
    ident_of,
    speaker,
    text_of,
    texts_of,
    ticked,
)
from guanxi.entrypoints.web.session import Visit, address_of, visit
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.shell import page, see_other
from guanxi.kernel.access.tokens import AGENT, SCOPES, Token, create_token, last_uses, list_tokens, revoke_token
from guanxi.kernel.changes.access_log import note

PLACE, OWN = "/settings/tokens", "/profile/tokens"
DAY = 86_400_000_000
LIVES = (("30", L("30 days", "30 天")), ("90", L("90 days", "90 天")), ("365", L("A year", "一年")),
         ("", L("Until revoked", "直到作废")))  # fmt: skip
SCOPE_WORDS = {
    "read": L("Read", "读取"),
    "write": L("Read and write", "读写"),
    "import": L("Import", "导入"),
    AGENT: L("AI agent", "AI 助手"),
}


def tokens_of(me: Visit, users: list[int]) -> list[Token]:
    """Tokens of these people, newest first, with their last use."""
    with me.space.db.read() as session:
        ids = [t.id for user in users for t in list_tokens(session, user)]
    used = last_uses(me.space.db, ids)
    with me.space.db.read() as session:
        found = [t for user in users for t in list_tokens(session, user, used)]
    return sorted(found, key=lambda t: -t.id)


def show_tokens(request: Request) -> Response:
    """All tokens of the workspace."""
    me = administrator(request)
    users = me.catalog.config["user"]
    return setting_page(request, me, "tokens", PLACE, tokens=tokens_of(me, list(users)), users=users,
                        words=SCOPE_WORDS)  # fmt: skip


def show_own(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200, secret: str = ""
) -> Response:
    """One's own tokens and the form of a new one."""
    me = visit(request)
    if not me.actor.rights.can("api"):
        raise NotFound
    return page(
        request, "settings/own_tokens.html", me, status=status, active="profile", tokens=tokens_of(me, [me.user]),
        errors=Told(errors), problem=errors.get("", ""), value=given_or(given, {}), secret=secret, lives=LIVES,
        scopes=SCOPES, words=SCOPE_WORDS, may_ai=me.actor.rights.can("ai"),
    )  # fmt: skip


def make_token(request: Request, me: Visit, form: FormData) -> Response:
    """Shows the secret on the page that answers, and never again."""
    if not me.actor.rights.can("api"):
        raise Forbidden(msg("Your roles do not let you use the API. Ask an administrator."))
    name, days = text_of(form, "name"), text_of(form, "days")
    if not name:
        text = msg("Say which program this is for.")
        raise Invalid(text, errors=[FieldError("name", "required", text)])
    agent = ticked(form, "agent")
    if agent and not me.actor.rights.can("ai"):
        raise Forbidden(msg("Your roles do not let an AI agent work in your name. Ask an administrator."))
    scopes = texts_of(form, "scopes")
    if not scopes:
        text = msg("Choose what the token may do.")
        raise Invalid(text, errors=[FieldError("scopes", "required", text)])
    now = me.space.clock()
    until = now + int(days) * DAY if days in dict(LIVES) and days else None
    with me.space.db.write() as session:
        secret, _ = create_token(
            session, me.space.ids, me.user, name=name, scopes=scopes, expires_at=until, now=now, agent=agent
        )
    note(me.space, "token_made", me.user, entry="form", address=address_of(request), detail={"scopes": list(scopes)})
    return show_own(request, secret=secret)


def revoke_own(request: Request, me: Visit, _form: FormData) -> Response:
    """Ends one of one's own tokens."""
    t = speaker(me.locale)
    with me.space.db.write() as session:
        revoke_token(session, ident_of(request), me.space.clock(), user=me.user)
    return see_other(OWN, note=t("Token revoked; it no longer works"))


def revoke_any(request: Request, me: Visit, _form: FormData) -> Response:
    """Ends anybody's token."""
    t = speaker(me.locale)
    with me.space.db.write() as session:
        revoke_token(session, ident_of(request), me.space.clock())
    return see_other(PLACE, note=t("Token revoked; it no longer works"))
