"""A mask on a page, with the eye that reveals the value; and the value when it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from guanxi.base.i18n import translate
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.posting import ident_of
from guanxi.entrypoints.web.session import Visit, address_of
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.records.reveal import reveal

if TYPE_CHECKING:
    from guanxi.kernel.catalog.model import Field, Object
    from guanxi.kernel.context import Work

PLAIN = Markup('<span class="gx-masked">{}</span>')
WITH_EYE = (
    '<span class="gx-masked">{{}}<button type="button" class="gx-reveal" hx-post="/o/{object}/{{}}/reveal/{field}"'
    ' hx-target="closest .gx-masked" hx-swap="outerHTML" aria-label="{word}" title="{word}">{icon}</button></span>'
)
REVEALED = Markup('<span class="gx-revealed" data-revealed>{}</span>')


def eye_for(work: Work, target: Object, field: Field, language: str) -> Markup:
    """A pattern for mask and record id: with an eye for those who may reveal."""
    if not work.actor.rights.can("reveal"):
        return PLAIN
    word, icon = translate("Reveal; this is noted", language), render.icon("eye", 14)
    return Markup(WITH_EYE.format(object=target.name, field=field.name, word=word, icon=icon))  # noqa: S704 - names of the catalogue


def reveal_value(request: Request, me: Visit, _form: FormData) -> Response:
    """The value in clear in place of the mask; the access log has it first."""
    object_name, name = str(request.path_params["object"]), str(request.path_params["field"])
    ident = ident_of(request)
    found = reveal(me.space, me.user, object_name, ident, name, entry="form", address=address_of(request))
    kind = TYPES[found.field.type]
    padded = (*found.values, *([None] * (3 - len(found.values))))
    html = REVEALED.format("" if padded[0] is None else kind.show(found.field, padded, me.locale))
    return HTMLResponse(html, headers={"Cache-Control": "no-store"})
