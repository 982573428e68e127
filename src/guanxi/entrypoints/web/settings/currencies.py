"""Currencies and their rates against the base currency."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.money import plain
from guanxi.entrypoints.web.posting import NONE, Errors, administrator, ident_of, speaker, text_of, ticked
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.settings.users import undo_link
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

PLACE = "/settings/currencies"
SCALE = 8


def show_currencies(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """All currencies, each a small form, and one for a new one."""
    me = administrator(request)
    rows = sorted(me.catalog.config["currency"].values(), key=lambda r: str(r["code"]))
    shown = [{**row, "rate": plain(row["rate"], SCALE)} for row in rows]
    base = str(me.catalog.settings.get("currency", "CNY"))
    at = str(request.path_params.get("id", ""))
    return setting_page(request, me, "currencies", PLACE, errors=errors, status=status, rows=shown, base=base, at=at,
                        value=given_or(given, {}))  # fmt: skip


def save_currency(request: Request, me: Visit, form: FormData) -> Response:
    """Amounts already entered keep the rate of their day; new ones take this."""
    t = speaker(me.locale)
    ident = ident_of(request) if "id" in request.path_params else None
    values: dict[str, object] = {"name": text_of(form, "name"), "rate": text_of(form, "rate"),
                                 "active": ticked(form, "active")}  # fmt: skip
    if ident is None:
        values |= {"code": text_of(form, "code").upper(), "active": True}
    with me.space.write(me.user) as work:
        saved = save(work, [Change("edit" if ident else "create", "currency", values, id=ident)])
    return see_other(PLACE, note=t("Currency saved"), undo=undo_link(saved.operation))
