"""Erasing a person: the preview with its choices, the deed, the certificate, and the list of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from guanxi.base.errors import NotFound
from guanxi.base.i18n import L
from guanxi.entrypoints.web.posting import NONE, Errors, administrator, ident_of, speaker, text_of, texts_of, ticked
from guanxi.entrypoints.web.render import sentence
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import setting_page
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.admin.erasures import certificate, certificates, forget
from guanxi.kernel.admin.forget import ASKED_BY, Wish, is_personal, look
from guanxi.kernel.records.read import names

PLACE = "/settings/erasures"
WISHES = {
    "person": L("The person", "本人"),
    "guardian": L("Somebody on their behalf", "代理人"),
    "authority": L("An authority", "主管部门"),
    "own": L("Ourselves", "我们自己"),
}
DEEDS = {
    "records": L("Records emptied", "清空的记录"),
    "texts": L("Texts of activities and messages", "活动和通知的文字"),
    "change": L("Entries of the log", "日志条目"),
    "file": L("Files", "文件"),
    "search_doc": L("Search index", "搜索索引"),
    "search_near": L("Words for typing errors", "容错词"),
    "match_key": L("Keys for duplicates", "查重键"),
    "duplicate_pair": L("Possible duplicates", "疑似重复"),
    "import_fault": L("Rows of imports", "导入的行"),
    "import_run": L("Files of imports", "导入文件"),
    "job": L("Jobs", "任务"),
    "job_fault": L("Faults of jobs", "任务里的错误"),
    "draft": L("Drafts", "草稿"),
    "operation": L("Notes of operations", "操作说明"),
    "idempotency": L("Kept answers", "留存的应答"),
    "follower": L("Error texts", "错误文字"),
}


def show_erasures(request: Request) -> Response:
    """All certificates, newest first."""
    me = administrator(request)
    with me.space.read(me.user) as work:
        found = certificates(work)
    kinds = [o for o in me.catalog.objects.values() if is_personal(o) and not o.retired]
    return setting_page(request, me, "erasures", PLACE, found=found, users=me.catalog.config["user"], wishes=WISHES,
                        objects=me.catalog.objects, kinds=kinds)  # fmt: skip


def show_erase(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """What would be erased, what the law keeps, and at whose wish."""
    me = administrator(request)
    asked: Mapping[str, Any] = given or request.query_params
    wish = _wish(asked)
    with me.space.read(me.user, timeout=30.0) as work:
        found = look(work, wish)
        titles = {(name, i): title for name, ids in _by_object([(t.name, i) for t, i in found.person.records]
                  + found.same).items() for i, title in names(work, name, ids).items()}  # fmt: skip
        target = work.catalog.object(wish.object)
    title = titles.get((wish.object, wish.record), f"{wish.record}")
    return setting_page(
        request, me, "erase", PLACE, errors=errors, status=status, found=found, wish=wish, target=target, title=title,
        titles=titles, objects=me.catalog.objects, wishes=[(k, sentence(WISHES[k], me.locale)) for k in ASKED_BY],
    )  # fmt: skip


def _by_object(pairs: list[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for name, ident in pairs:
        found.setdefault(name, []).append(ident)
    return found


def _wish(asked: Mapping[str, Any]) -> Wish:
    record = str(asked.get("record", ""))
    if not (record.isascii() and record.isdigit() and len(record) < 19):
        raise NotFound
    return Wish(str(asked.get("object", "")), int(record))


def erase(_request: Request, me: Visit, form: FormData) -> Response:
    """The deed; the certificate is the answer."""
    t = speaker(me.locale)
    known = _wish(form)
    also = tuple((name, int(i)) for name, _, i in (text.partition(":") for text in texts_of(form, "also"))
                 if i.isascii() and i.isdigit() and len(i) < 19)  # fmt: skip
    wish = Wish(known.object, known.record, text_of(form, "asked_by"), ticked(form, "texts"), also)
    done = forget(me.space, me.user, wish)
    return see_other(f"{PLACE}/{done.id}", note=t("The person is erased"))


def show_certificate(request: Request) -> Response:
    """The certificate to read and print; `format=json` for the file."""
    me = administrator(request)
    with me.space.read(me.user) as work:
        found = certificate(work, ident_of(request))
    if request.query_params.get("format") == "json":
        headers = {"Content-Disposition": f'attachment; filename="erasure-{found.id}.json"'}
        return JSONResponse({**found.report, "sha256": found.digest}, headers=headers)
    done = [(sentence(DEEDS[name], me.locale) if name in DEEDS else name, n)
            for name, n in found.report["erased"].items()]  # fmt: skip
    users = me.catalog.config["user"]
    return setting_page(request, me, "certificate", PLACE, found=found, done=done, wishes=WISHES, users=users,
                        objects=me.catalog.objects)  # fmt: skip
