"""The audit page: both logs on one time line, alerts, who has read a record, and counts by person and period."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.dates import day_start, iso_date, parse_date
from guanxi.base.errors import NotFound
from guanxi.base.gate import BadValue
from guanxi.base.i18n import L, Label, Locale
from guanxi.entrypoints.web.opwords import OPERATIONS, WAYS
from guanxi.entrypoints.web.posting import administrator, speaker, text_of
from guanxi.entrypoints.web.render import sentence
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.auditwords import said
from guanxi.entrypoints.web.settings.frame import setting_page
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.admin.watch import acknowledge, alerts
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.changes.trail import Asked, Line, Trace, readers, report, timeline
from guanxi.kernel.records.read import names

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

PLACE = "/settings/audit"
PAGE = 50
DAYS = 30  # the report's period unless another is asked for
ACCESS: Mapping[str, tuple[Label, str]] = {
    "sign_in": (L("Signed in", "登录"), "user"),
    "sign_in_failed": (L("Sign-in failed", "登录失败"), "alert-triangle"),
    "sign_out": (L("Signed out", "退出"), "logout"),
    "read": (L("Read", "查看"), "eye"),
    "list": (L("Listed", "列表查看"), "table"),
    "reveal": (L("Uncovered", "查看明文"), "eye"),
    "export": (L("Exported", "导出"), "download"),
    "use": (L("Data used", "使用数据"), "shield-lock"),
    "print": (L("Printed", "打印"), "file"),
    "token_made": (L("Token made", "新建令牌"), "key"),
    "token_used": (L("Token first used", "令牌首次使用"), "key"),
    "view_as": (L("Viewed as somebody", "以他人身份查看"), "users"),
    "right_used": (L("Special right used", "使用特别权限"), "shield-lock"),
    "alert": (L("Alert", "告警"), "bell"),
    "retention": (L("Dropped after its time", "到期清理"), "clock"),
}
SYSTEM = L("System", "系统")
RULES: Mapping[str, Label] = {
    "read": L("Sensitive records opened in a day", "一天内打开的敏感记录"),
    "list": L("Sensitive records listed in a day", "一天内列出的敏感记录"),
    "export": L("Records exported in a day", "一天内导出的记录"),
    "reveal": L("Masked values uncovered in a day", "一天内查看的明文"),
    "sign_in_failed": L("Failed sign-ins in an hour", "一小时内的登录失败"),
    "night": L("Reading or exporting at night", "夜间查看或导出"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the time line."""

    at: int
    actor: int
    who: str
    text: str
    icon: str
    object: str
    title: str
    url: str
    count: int
    entry: str
    address: str
    detail: str


def show_audit(request: Request) -> Response:
    """The time line with its filters; with a record also who has read it."""
    me = administrator(request)
    given = {name: request.query_params.get(name, "") for name in
             ("person", "kind", "object", "record", "entry", "from", "to", "cursor")}  # fmt: skip
    with me.space.read(me.user, timeout=10.0) as work:
        asked = _asked(work, given, me.locale)
        found, following = timeline(work.session, asked, limit=PAGE, cursor=given["cursor"])
        seen = readers(work.session, asked.object, asked.record) if asked.record else []
        lines = _shown(work, found, me.locale)
        waiting = alerts(work.session, open_only=True)
    users = me.catalog.config["user"]
    target = me.catalog.objects.get(given["object"])
    return setting_page(
        request, me, "audit", PLACE, lines=lines, next=following, given=given, users=users, people=_people(me),
        kinds=_kinds(me.locale), objects=_objects(me), entries=list(WAYS.items()), alerts=waiting, rules=RULES,
        readers=seen, target=target,
    )  # fmt: skip


def _people(me: Visit) -> list[tuple[str, str]]:
    return sorted(((str(i), str(r["name"])) for i, r in me.catalog.config["user"].items()), key=lambda pair: pair[1])


def _objects(me: Visit) -> list[Object]:
    return [o for o in me.catalog.objects.values() if o.kind in ("record", "document", "config") and not o.retired]


def _kinds(locale: Locale) -> list[tuple[str, str]]:
    both = {**OPERATIONS, **ACCESS}
    return [(key, sentence(text, locale)) for key, (text, _) in both.items()]


def _asked(work: Work, given: Mapping[str, str], locale: Locale) -> Asked:
    target = work.catalog.objects.get(given["object"])
    since, until = _day(given["from"], locale), _day(given["to"], locale)
    return Asked(
        actor=_number(given["person"]),
        kind=given["kind"] if given["kind"] in ACCESS or given["kind"] in OPERATIONS else "",
        object=target.name if target is not None else "",
        object_id=target.id if target is not None else 0,
        record=_number(given["record"]) if target is not None else None,
        entry=given["entry"] if given["entry"] in WAYS else "",
        since=day_start(since, locale.zone) if since is not None else None,
        until=day_start(until + 1, locale.zone) if until is not None else None,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _day(text: str, locale: Locale) -> int | None:
    try:
        return parse_date(text, locale.now // 86_400_000_000) if text else None
    except BadValue:
        return None


def _shown(work: Work, found: Sequence[Trace], locale: Locale) -> list[Shown]:
    wanted: dict[str, set[int]] = {}
    named = [(t, _object_of(work, t)) for t in found]
    for trace, target in named:
        if target is not None and trace.record:
            wanted.setdefault(target.name, set()).add(trace.record)
    titles = {name: names(work, name, ids) for name, ids in wanted.items()}
    return [_line(work, t, target, titles, locale) for t, target in named]


def _object_of(work: Work, trace: Trace) -> Object | None:
    if trace.source == "change":
        return work.catalog.objects_by_id.get(trace.detail.get("object", 0))
    return work.catalog.objects.get(trace.object)


def _line(
    work: Work, trace: Trace, target: Object | None, titles: Mapping[str, Mapping[int, str]], locale: Locale
) -> Shown:
    known = ACCESS if trace.source == "access" else OPERATIONS
    text, icon = known.get(trace.kind, (L(trace.kind, trace.kind), "edit"))
    person = work.catalog.config["user"].get(trace.actor)
    title = titles.get(target.name, {}).get(trace.record or 0, "") if target is not None else ""
    url = f"/o/{target.name}/{trace.record}" if target is not None and title and target.kind != "config" else ""
    if trace.source == "change" and not title:
        url = f"/operations/{trace.ident}"
    fields = work.catalog.fields(target) if target is not None else {}
    cause = said(str(trace.detail.get("cause") or ""), locale)
    detail = cause if trace.source == "change" else _detail(trace, fields, locale)
    return Shown(
        trace.at, trace.actor, str(person["name"]) if person else sentence(SYSTEM, locale) if not trace.actor else "?",
        sentence(text, locale), icon, sentence(target.label, locale) if target is not None else "", title, url,
        trace.count, sentence(WAYS[trace.entry], locale) if trace.entry in WAYS else trace.entry,
        trace.address, detail,
    )  # fmt: skip


def _detail(trace: Trace, fields: Mapping[str, Field], locale: Locale) -> str:
    """Names of fields as people know them, else what was noted."""
    labels = {n: sentence(f.label, locale) for n, f in fields.items()}
    parts = []
    for key, value in trace.detail.items():
        if key in ("field", "fields"):
            shown = [labels.get(str(name), str(name)) for name in (value if isinstance(value, list) else [value])]
            parts.append(("、" if locale.language == "zh-CN" else ", ").join(shown))
        elif key == "rule" and value in RULES:
            parts.append(sentence(RULES[value], locale))
        elif isinstance(value, str | int) and not isinstance(value, bool) and value != "none":
            parts.append(said(str(value), locale))
    return " · ".join(parts)


def see_alert(_request: Request, me: Visit, form: FormData) -> Response:
    """Somebody has looked into an alert."""
    t = speaker(me.locale)
    actor, day = _number(text_of(form, "actor")), _number(text_of(form, "day"))
    if actor is None or day is None:
        raise NotFound
    with me.space.db.write() as session:
        acknowledge(session, text_of(form, "rule"), actor, day, me.user, me.space.clock())
    return see_other(PLACE, note=t("Marked as looked into"))


def show_report(request: Request) -> Response:
    """Counts by person and kind; `format=csv` as a file."""
    me = administrator(request)
    today = me.locale.now // 86_400_000_000
    first = _day(request.query_params.get("from", ""), me.locale)
    last = _day(request.query_params.get("to", ""), me.locale)
    first, last = today - DAYS if first is None else first, today if last is None else last
    with me.space.read(me.user, timeout=30.0) as work:
        found = report(work.session, day_start(first, me.locale.zone), day_start(last + 1, me.locale.zone))
    shown = [(line, _person(me, line), _kind(line, me.locale)) for line in found]
    if request.query_params.get("format") == "csv":
        return _as_csv(shown)
    return setting_page(request, me, "audit_report", PLACE, lines=shown, first=iso_date(first), last=iso_date(last))


def _person(me: Visit, line: Line) -> str:
    row = me.catalog.config["user"].get(line.actor)
    return str(row["name"]) if row else sentence(SYSTEM, me.locale)


def _kind(line: Line, locale: Locale) -> str:
    known = (ACCESS if line.source == "access" else OPERATIONS).get(line.kind)
    return sentence(known[0], locale) if known is not None else line.kind


def _as_csv(shown: Sequence[tuple[Line, str, str]]) -> Response:
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["person", "kind", "log", "times", "records"])
    rows.writerows([person, line.kind, line.source, line.times, line.records] for line, person, _ in shown)
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"', "Cache-Control": "no-store"}
    return Response("\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)
