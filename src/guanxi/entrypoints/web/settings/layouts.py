"""Layouts of an object as ordered lists: columns, quick form, facets, key figures; and its name."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.i18n import L
from guanxi.entrypoints.web.posting import NONE, Errors, administrator
from guanxi.entrypoints.web.settings.designer import drafted, fields_of, target_of
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.settings.objects import PLACE
from guanxi.kernel.catalog.system import system_fields

TITLES = (
    ("columns", L("List columns", "列表列"), L("What a list shows until somebody chooses", "没自己选列时显示这些")),
    ("quick", L("Quick form", "快速新建"), L("The few fields of making one in passing", "顺手新建时只问这几项")),
    ("filters", L("Filter words", "筛选词"), L("Offered first, at most four", "先给出的，最多四个")),
    ("figures", L("Key figures", "关键数字"), L("In the head of the record page", "记录页最上面")),
)  # fmt: skip


def show_layouts(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """Each layout: its fields in order, then all others to tick."""
    me = administrator(request)
    target = target_of(request, me)
    draft = drafted(me, target)
    fields = {f.name: f for f in (*system_fields(target.kind), *(s.field for s in fields_of(target, draft)))}
    lists = []
    for name, title, text in TITLES:
        drafted_names = getattr(draft.layouts, name)
        chosen = [n for n in (drafted_names if drafted_names is not None else getattr(target, name)) if n in fields]
        rest = [n for n in fields if n not in chosen and n not in ("id", "version", "trashed_at")]
        lists.append((name, title, text, chosen, rest))
    spec = draft.layouts
    row: dict[str, str] = {}
    for name in ("label", "plural"):
        shown = getattr(spec, name) or getattr(target, name)
        row |= {f"{name}_zh": shown.zh, f"{name}_en": shown.en}
    return setting_page(request, me, "layouts", PLACE, errors=errors, status=status, target=target, draft=draft,
                        lists=lists, fields=fields, value=given_or(given, row))  # fmt: skip
