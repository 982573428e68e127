"""The start page: what today asks of a person in one queue, follow-up in the row, figures of the month beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from guanxi.base.dates import day_start, from_day, iso_date, iso_datetime, local_day, parse_date
from guanxi.base.errors import BadInput, NotFound, msg
from guanxi.entrypoints.web.home_sections import MADE, offered_sections, sections_of
from guanxi.entrypoints.web.parts import MONTHS_EN, WEEKDAYS_EN, WEEKDAYS_ZH
from guanxi.entrypoints.web.posting import posted, speaker, text_of, texts_of
from guanxi.entrypoints.web.render import url
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.entrypoints.web.shell import page, piece, see_other
from guanxi.kernel.catalog.model import Action, Choice
from guanxi.kernel.records.filters import askable
from guanxi.kernel.records.operations import operation_info
from guanxi.kernel.records.read import count, find, get
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save
from guanxi.kernel.reports.run import reports, run_report

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

SHOWN = 8  # lines of a section before "n more"
HOUR = 3_600_000_000
FIRST_OBJECTS = ("account", "lead", "opportunity")
WIDE = 5_000  # records of an object beyond which figures come in a request of their own
DONE: dict[str, dict[str, Any]] = {"task": {"done": True}, "visit": {"state": "done"}}
SNOOZE = {"task": "due_at", "visit": "at", "lead": "next_follow_up_on"}
LATER = {"tomorrow": 1, "three_days": 3, "next_week": 7}
NONE = {"now": 0, "before": 0, "pace": 0}


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure of the month: now, all of last month, what last month had reached on this day."""

    key: str
    now: int
    before: int
    pace: int
    money: bool = False
    url: str = ""

    @property
    def percent(self) -> float:
        return 100 * self.now / self.before if self.before else (100.0 if self.now else 0.0)

    @property
    def tick(self) -> float | None:
        return min(100 * self.pace / self.before, 99) if self.before else None

    @property
    def behind(self) -> bool:
        return self.now < self.pace


def show_home(request: Request) -> Response:
    """`/`"""
    me = visit(request)
    with me.space.read(me.user) as work:
        context = gather_home(work, dict(request.query_params))
    title = day_name(context["today"], me.locale.language)
    return page(request, "home/page.html", me, active="home", phone_title=title, **context)


def day_name(day: int, language: str) -> str:
    """11月24日 周二, Tue 24 Nov."""
    date = from_day(day)
    if language == "zh-CN":
        return f"{date.month}月{date.day}日 周{WEEKDAYS_ZH[date.weekday()]}"
    return f"{WEEKDAYS_EN[date.weekday()]} {date.day} {MONTHS_EN[date.month - 1]}"


def again(request: Request, me: Visit, form: FormData, note: str, operation: int) -> Response:
    """The body anew after something was done, with a note that undoes it."""
    with me.space.read(me.user) as work:
        context = gather_home(work, {"scope": text_of(form, "scope"), "kind": text_of(form, "kind")})
    toast = {"gx:toast": {"text": note, "undo": f"/operations/{operation}/undo" if operation else None}}
    return piece(request, "home/body.html", me, trigger=toast, **context)


def show_panel(request: Request) -> Response:
    """`/home/panel`: the figures beside the queue, where summing them up takes a while."""
    me = visit(request)
    with me.space.read(me.user) as work:
        context = gather_home(work, dict(request.query_params), at_once=True)
    return piece(request, "home/panel.html", me, **context)


def is_wide(work: Work) -> bool:
    """Whether this person's figures are summed over so many records that the queue should not wait for them."""
    for name in ("opportunity", "lead"):
        try:
            if count(work, Query(name), WIDE)[1]:
                return True
        except (BadInput, NotFound):
            continue
    return False


def gather_home(work: Work, asked: dict[str, str], *, at_once: bool = False) -> dict[str, Any]:
    """Everything on the page; some twenty statements, however many lines there are."""
    known = reports(work)
    scope, kind = asked.get("scope") or None, asked.get("kind") or None
    day = run_report(work, "today", scope=scope, kind=kind) if "today" in known else EMPTY_DAY
    later = not at_once and is_wide(work)
    sections = [] if later else sections_of(work, day["where"])
    wanted = {section.name for section in sections}
    goals = _goals(work, day["where"]) if "month" in wanted else []
    news = run_report(work, "news") if "news" in known and "news" in wanted else {"followed": [], "assigned": []}
    items = [item for section in day["sections"] for item in section["items"]]
    idle = not later and not items and not any(goal.now or goal.before for goal in goals)
    people = {ident: {"id": ident, "name": row["name"]} for ident, row in work.catalog.config["user"].items()}
    return {
        "day": day,
        "later": later,
        "kind": kind,
        "first": items[0] if items else None,
        "stops": [(item, place_of(item.place)) for item in items if item.kind == "visit"],
        "goals": goals,
        "sections": sections,
        "choices": offered_sections(work),
        "news": news,
        "people": people,
        "icons": {name: target.icon for name, target in work.catalog.objects.items()},
        "labels": {name: target.label for name, target in work.catalog.objects.items()},
        "empty": idle and is_empty(work),
        "samples": samples_of(work),
        "admin": work.actor.rights.admin,
        "may": {name for name in work.catalog.objects if work.actor.rights.scope(name, "edit") != "none"},
        "today": work.today,
        "day_name": day_name(work.today, work.actor.language),
        "shown": SHOWN,
        "may_import": work.actor.rights.can("import"),
        "zone": work.zone,
    }


EMPTY_DAY: dict[str, Any] = {
    "scope": "mine", "scopes": ["mine"], "where": None, "filters": {}, "sections": [], "shown": 0, "count": 0,
    "kinds": {}, "capped": [],
}  # fmt: skip


def _goals(work: Work, where: str | None) -> list[Goal]:
    known, goals = reports(work), []
    rights = work.actor.rights
    asked = ("closed_on", "opened_on", "state")
    seen = "month" in known and rights.scope("opportunity", "read") != "none"
    if seen and askable(work, "opportunity", *asked) == asked:
        found = run_report(work, "month", where=where)
        won = f"{found['filter']} and {where}" if where else found["filter"]
        address = url("/o/opportunity", where=won)
        if askable(work, "opportunity", "amount"):
            goals.append(Goal("won_amount", **found["won_amount"], money=True, url=address))
        goals += [
            Goal("won", **found["won"], url=address),
            Goal("opened", **found["opened"]),
        ]
    if "contacts_month" in known:
        found = run_report(work, "contacts_month", where=where)
        goals += [Goal("activities", **found["activities"]), Goal("visits", **found["visits"])]
    return goals


def samples_of(work: Work) -> int:
    """The operation that loaded the sample company, unless it was undone; 0 if there is none."""
    kept = str(work.catalog.settings.get("samples") or "")
    operation = int(kept) if kept.isdigit() else 0
    if not operation:
        return 0
    try:
        with work.as_system("whether the sample company is still there"):
            return 0 if operation_info(work, operation).state == "undone" else operation
    except NotFound:
        return 0


def is_empty(work: Work) -> bool:
    """Whether there is nothing at all yet for this person to see."""
    for name in FIRST_OBJECTS:
        if name in work.catalog.objects and work.actor.rights.scope(name, "read") != "none":
            if find(work, Query(name, fields=("id",), limit=1)).rows:
                return False
    return True


def ask_follow_up(request: Request) -> Response:
    """The form that opens below a line: result, next date, one line of text."""
    me, given = visit(request), request.query_params
    with me.space.read(me.user) as work:
        about, ident = given.get("about", ""), _whole(given.get("id", ""))
        action_for(work, about)
        record = get(work, about, ident)
        title = record.get(work.catalog.field(work.catalog.object(about), work.catalog.object(about).title).column)
        context: dict[str, Any] = {
            "about": about,
            "id": ident,
            "title": title,
            "contact": _whole(given.get("contact") or "0") or "",
            "task": _whole(given.get("task") or "0") or "",
            "visit": _whole(given.get("visit") or "0") or "",
            "scope": given.get("scope", ""),
            "kind": given.get("kind", ""),
            "results": _results(work),
            "next_days": next_days(work.today),
        }
    return piece(request, "home/follow_up.html", me, **context)


def _results(work: Work) -> tuple[Choice, ...]:
    call = work.catalog.objects.get("call")
    found: tuple[Choice, ...] = work.catalog.field(call, "result").options["choices"] if call else ()
    return found


def next_days(today: int) -> list[tuple[int, str]]:
    """Tomorrow, the end of this or the next week, and the second day of the week after: what people usually choose."""
    weekday = from_day(today).weekday()
    friday = today + (4 - weekday if weekday < 3 else 11 - weekday)
    tuesday = today - weekday + 8
    days = sorted({today + 1, friday, tuesday} - {today})
    return [(day, iso_date(day)) for day in days]


def action_for(work: Work, about: str) -> Action:
    """The follow-up action of that object; NotFound if it has none."""
    name = f"log_follow_up_{about}"
    for app in work.catalog.apps:
        for action in app.actions:
            if action.name == name:
                return action
    raise NotFound


def log_follow_up(request: Request, me: Visit, form: FormData) -> Response:
    """Stores what came of a conversation, and when the next one is."""
    t = speaker(me.locale)
    with me.space.write(me.user, cause="log_follow_up") as work:
        action = action_for(work, text_of(form, "about"))
        chosen = text_of(form, "next_date") or text_of(form, "next_on")
        given: dict[str, Any] = {
            "id": _whole(text_of(form, "id")),
            "kind": text_of(form, "how") or "call",
            "result": text_of(form, "result") or None,
            "text": text_of(form, "text") or None,
            "next_on": iso_date(parse_date(chosen, work.today)) if chosen else None,
        }
        given |= {name: _whole(value) for name in ("contact", "task", "visit") if (value := text_of(form, name))}
        try:
            wanted: Any = msgspec.convert(given, action.input)
        except msgspec.ValidationError as error:
            raise BadInput(msg("Choose one of the results offered.")) from error
        logged = action.run(work, wanted)
    return again(request, me, form, t("Follow-up logged"), logged.operation)


def complete(request: Request, me: Visit, form: FormData) -> Response:
    """A task or visit is done."""
    name, ident = text_of(form, "object"), _whole(text_of(form, "id"))
    if name not in DONE:
        raise NotFound
    with me.space.write(me.user, cause="complete") as work:
        saved = save(work, [Change("edit", name, DONE[name], id=ident)])
    return again(request, me, form, speaker(me.locale)("Done"), saved.operation)


def snooze(request: Request, me: Visit, form: FormData) -> Response:
    """Puts a line off to another day; a task keeps its hour."""
    name, ident, t = text_of(form, "object"), _whole(text_of(form, "id")), speaker(me.locale)
    if name not in SNOOZE or text_of(form, "to") not in LATER:
        raise NotFound
    with me.space.write(me.user, cause="snooze") as work:
        record, field = get(work, name, ident), SNOOZE[name]
        day = work.today + LATER[text_of(form, "to")]
        value = iso_date(day)
        if field != "next_follow_up_on":
            at = record[field]
            hour = 9 * HOUR if at is None else at - day_start(local_day(at, work.zone), work.zone)
            value = iso_datetime(day_start(day, work.zone) + hour)
        saved = save(work, [Change("edit", name, {field: value}, id=ident)])
    return again(request, me, form, t("Put off to {day}", day=iso_date(day)), saved.operation)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise NotFound
    return int(text)


def place_of(stored: str | None) -> str:
    """An address in one line."""
    parts = json.loads(stored) if stored else {}
    return " ".join(str(parts[name]) for name in ("city", "district", "street") if parts.get(name))


def choose_sections(_request: Request, me: Visit, form: FormData) -> Response:
    """Which sections one's start page shows, in which order; `reset` gives back those of one's roles."""
    wanted = [name for name in texts_of(form, "section") if name in MADE]
    kept = "" if form.get("reset") else msgspec.json.encode(wanted).decode()
    with me.space.write(me.user) as work, work.as_system("own start page"):
        save(work, [Change("edit", "user", {"home": kept}, id=me.user)])
    return see_other("/", note=speaker(me.locale)("Start page saved"))


ROUTES = (
    Route("/home/sections", posted(choose_sections, who=visit), methods=["POST"]),
    Route("/", show_home, methods=["GET"]),
    Route("/home/panel", show_panel, methods=["GET"]),
    Route("/home/follow-up", ask_follow_up, methods=["GET"]),
    Route("/home/follow-up", posted(log_follow_up, who=visit), methods=["POST"]),
    Route("/home/done", posted(complete, who=visit), methods=["POST"]),
    Route("/home/snooze", posted(snooze, who=visit), methods=["POST"]),
)
