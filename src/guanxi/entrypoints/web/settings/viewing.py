"""Looking at the product as somebody else: begin on their page, stop from the banner; they are told."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.i18n import translate
from guanxi.entrypoints.web.posting import ident_of, speaker
from guanxi.entrypoints.web.security import is_secure
from guanxi.entrypoints.web.session import VIEW_COOKIE, Visit, address_of
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.view_as import start_view, stop_view
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

NOTICE = "notification"


def start(request: Request, me: Visit, _form: FormData) -> Response:
    """From now on this device shows what the other person sees, for an hour at most."""
    user = ident_of(request)
    seen = start_view(me.space, me.catalog, me.session.id, me.user, user, address=address_of(request))
    if NOTICE in me.catalog.objects:
        text = translate("{name} looked at the product as you.", seen.language, name=me.actor.name)
        with me.space.write(system("view as"), kind="notice") as work:
            save(work, [Change("create", NOTICE, {"kind": "system", "text": text, "owner": str(user)})])
    answer = see_other("/")
    answer.set_cookie(VIEW_COOKIE, "1", max_age=3600, path="/", secure=is_secure(request.scope), httponly=True,
                      samesite="lax")  # fmt: skip
    return answer


def stop(request: Request, me: Visit, _form: FormData) -> Response:
    """Back to one's own eyes, on the page of the person one looked as."""
    stop_view(me.space, me.session.id)
    t = speaker(me.locale)
    answer = see_other(f"/settings/users/{me.user}" if me.viewer else "/", note=t("You are yourself again"))
    answer.delete_cookie(VIEW_COOKIE, path="/", secure=is_secure(request.scope), httponly=True, samesite="lax")
    return answer
