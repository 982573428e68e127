"""Changes and undo: what was done, what taking it back would do, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from guanxi.base.dates import local_day
from guanxi.base.errors import Conflict, Forbidden, NotFound, TooSlow
from guanxi.base.i18n import L, Label, Locale
from guanxi.entrypoints.web.clashes import ClashLine, clash_lines
from guanxi.entrypoints.web.opwords import OPERATIONS, WAYS
from guanxi.entrypoints.web.posting import ident_of, posted, speaker, text_of
from guanxi.entrypoints.web.render import sentence
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.entrypoints.web.shell import go, page, piece, see_other
from guanxi.kernel.records.aftermath import FollowUp, Taken, follow_ups, taken_since
from guanxi.kernel.records.operations import Deed, OperationInfo, deeds, operation_info, operations
from guanxi.kernel.records.read import names
from guanxi.kernel.records.shape import OWNED
from guanxi.kernel.records.undo import (
    Edited,
    Undone,
    may_undo,
    preview,
    undo,
)
from guanxi.kernel.records.undo_jobs import AT_ONCE, UndoState, start_undo, undo_state
from guanxi.kernel.records.unmerge import Newer, newer

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

PAGE = 40
PREVIEWED = 20_000  # changes; larger ones are previewed when asked for
MOST_CHOSEN = 200  # records decided one by one
DAY = 86_400_000_000
QUIET = ("read", "seed")
FILTERS: tuple[tuple[str, Label, tuple[str, ...], tuple[str, ...]], ...] = (
    ("import", L("Imports", "导入"), ("import",), ()),
    ("bulk", L("Bulk edits", "批量改"), ("bulk",), ()),
    ("merge", L("Merges", "合并"), ("merge",), ()),
    ("automation", L("Automation", "自动流程"), (), ("automation",)),
    ("api", L("API and AI", "接口与 AI"), (), ("api", "agent")),
    ("undo", L("Undone", "撤销"), ("undo",), ()),
)
SINGLE: Mapping[str, tuple[Label, str]] = {
    "create": (L("Created", "新建"), "plus"),
    "trash": (L("Deleted", "删除"), "trash"),
    "restore": (L("Restored", "恢复"), "arrow-back-up"),
}
DEEDS: Mapping[str, Label] = {
    "create": L("created {n}", "新建 {n}"),
    "edit": L("changed {n}", "更新 {n}"),
    "trash": L("deleted {n}", "删除 {n}"),
    "restore": L("restored {n}", "恢复 {n}"),
    "undo": L("put back {n}", "退回 {n}"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One operation as the list shows it."""

    id: int
    title: str
    icon: str
    sub: str
    person: str
    actor: int
    at: int
    day: int
    left: int  # days in which it can still be undone
    undone: bool
    total: int


def show_operations(request: Request) -> Response:
    """The list, newest first, with the chosen operation's preview beside it."""
    me = visit(request)
    chosen = ident_of(request) if "id" in request.path_params else None
    with me.space.read(me.user) as work:
        found = found_for(work, request)
        if chosen is not None and all(o.id != chosen for o in found):
            found = [operation_info(work, chosen), *found] if chosen else found
        lines = lines_of(work, found, me.locale)
        people = sorted(((i, r["name"]) for i, r in work.catalog.config["user"].items() if r["active"]),
                        key=lambda p: p[1]) if me.actor.rights.can("undo_others") else []  # fmt: skip
        days = int(work.catalog.settings.get("undo_days", 90))
    at = next((line for line in lines if line.id == chosen), None)
    asked = request.query_params
    return page(
        request, "undo/list.html", me, active="/operations", lines=lines, at=at, days=days, people=people,
        filters=FILTERS, kind=asked.get("kind", ""), who=asked.get("person", ""), today=_today(me), ways=WAYS,
        way=asked.get("way", ""), cause=asked.get("cause", ""),
        older=found[-1].id if len(found) >= PAGE else None, told=told(request, me, at) if at else None,
    )  # fmt: skip


def found_for(work: Work, request: Request) -> list[OperationInfo]:
    """The operations the address asks for."""
    asked = request.query_params
    limits = {key: (kinds, entries) for key, _, kinds, entries in FILTERS}
    kinds, entries = limits.get(asked.get("kind", ""), ((), ()))
    quiet = QUIET if kinds or entries else (*QUIET, "reaction")  # what follows by itself has a filter of its own
    if asked.get("way") in WAYS:
        entries = (asked["way"],)
    person, before = asked.get("person", ""), asked.get("before", "")
    return operations(
        work, actor=int(person) if _is_id(person) else None, before=int(before) if _is_id(before) else None,
        limit=PAGE, kinds=kinds, entries=entries, without=quiet,
        cause=asked.get("cause", "").strip()[:100],
    )  # fmt: skip


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20


def _today(me: Visit) -> int:
    return local_day(me.locale.now, me.locale.zone)


def lines_of(work: Work, found: Sequence[OperationInfo], locale: Locale) -> list[Line]:
    """Titles and counts of many operations; statements do not grow with their number."""
    done = deeds(work, [o.id for o in found])
    single: dict[str, set[int]] = {}
    for known in done.values():
        target = work.catalog.objects_by_id.get(known[0].object)
        if len(known) == 1 and known[0].count == 1 and target is not None:
            single.setdefault(target.name, set()).add(known[0].record)
    titles = {name: names(work, name, ids) for name, ids in single.items()}
    days = int(work.catalog.settings.get("undo_days", 90))
    return [_line(work, info, done.get(info.id, []), titles, days, locale) for info in found]


def _line(
    work: Work, info: OperationInfo, done: Sequence[Deed], titles: Mapping[str, Mapping[int, str]], days: int,
    locale: Locale,
) -> Line:  # fmt: skip
    language = locale.language
    about = about_of(work, _foremost(work, info, done), titles, language)
    sums: dict[str, int] = {}
    for deed in done:
        if deed.object in work.catalog.objects_by_id:
            sums[deed.op] = sums.get(deed.op, 0) + deed.count
    kind, icon = kind_of(info, sums, settings=bool(done) and not sums)
    parts = [DEEDS.get(op, DEEDS["edit"]).in_(language).format(n=f"{n:,}") for op, n in sums.items()]
    person = work.catalog.config["user"].get(info.actor, {}).get("name") or speaker(locale)("System")
    left = days - max(0, (work.now - info.at) // DAY)
    title = f"{kind.in_(language)} · {about}" if about else kind.in_(language)
    return Line(info.id, title, icon, " · ".join(parts),
                str(person), info.actor, info.at, local_day(info.at, locale.zone), max(0, int(left)),
                info.state == "undone", sum(d.count for d in done))  # fmt: skip


def _foremost(work: Work, info: OperationInfo, done: Sequence[Deed]) -> Sequence[Deed]:
    """A merge is named after what was merged, not after the most of what moved."""
    known = work.catalog.objects_by_id
    merged = [d for d in done if d.op == "trash" and (o := known.get(d.object)) is not None and o.kind in OWNED]
    return merged if info.kind == "merge" and merged else done


def about_of(
    work: Work, done: Sequence[Deed], titles: Mapping[str, Mapping[int, str]], language: str
) -> str:  # fmt: skip
    """The record if it is one, else the objects: the first, and how many others."""
    found = {d.object: target for d in done if (target := work.catalog.objects_by_id.get(d.object)) is not None}
    if not found:
        return ""
    target, first = next(iter(found.values())), done[0]
    if len(done) == 1 and first.count == 1:
        name = titles.get(target.name, {}).get(first.record, "")
        label = target.label.in_(language)
        return f"{label} · {name}" if name else label
    return target.plural.in_(language) + (f" +{len(found) - 1}" if len(found) > 1 else "")


def kind_of(info: OperationInfo, sums: Mapping[str, int], *, settings: bool) -> tuple[Label, str]:
    """Word and icon: the kind of operation, or for plain changes what was done."""
    if settings:
        return OPERATIONS["settings"]
    label, icon = OPERATIONS.get(info.kind, OPERATIONS["edit"])
    if (info.kind == "edit" or info.kind not in OPERATIONS) and len(sums) == 1:
        label, icon = SINGLE.get(next(iter(sums)), (label, icon))
    return label, {"api": "api", "agent": "robot", "automation": "bolt"}.get(info.entry, icon)


@dataclass(frozen=True, slots=True)
class Told:
    """What the right side says about one operation."""

    undone: Undone | None
    lines: Sequence[ClashLine]
    edited: str
    why_not: str
    job: UndoState | None
    large: bool
    settings: bool
    chosen: Mapping[int, Edited]
    follow_ups: Sequence[FollowUp] = ()
    taken: Sequence[tuple[str, Taken]] = ()
    newer: Sequence[tuple[str, Newer]] = ()  # came to the winner of a merge afterwards

    @property
    def count(self) -> int:
        """Records the button would change."""
        return self.undone.restored + self.undone.trashed if self.undone else 0


def told(request: Request, me: Visit, line: Line) -> Told:
    """The preview, or why there is none."""
    asked = request.query_params
    edited: Edited = "take" if asked.get("edited") == "take" else "skip"
    chosen = chosen_in(asked.getlist("take"), asked.getlist("keep"))
    large = line.total > PREVIEWED and asked.get("count") != "1"
    why_not, result, shown = "", None, list[ClashLine]()
    with me.space.read(me.user) as work:
        job = undo_state(work, line.id)
        after, taken = follow_ups(work, line.id), taken_since(work, operation_info(work, line.id))
        came = [(work.catalog.object(n.object).label.in_(me.locale.language), n) for n in newer(work, line.id, line.at)]
        named = [(work.catalog.object(t.object).plural.in_(me.locale.language), t) for t in taken]
        try:
            may_undo(work, line.id)
        except (Forbidden, Conflict) as problem:
            why_not = sentence(problem.message, me.locale)
    busy = job is not None and job.status in ("ready", "running")
    if not why_not and not large and not busy:
        try:
            result = preview(me.space, me.user, line.id)
            with me.space.read(me.user) as work:
                shown = clash_lines(work, result.clashes, me.locale)
            if (edited == "take" or chosen) and result.skipped:
                result = _with_all(result, preview(me.space, me.user, line.id, edited=edited, chosen=chosen))
        except TooSlow as problem:
            why_not = sentence(problem.message, me.locale)
    settings = result is not None and not (result.restored or result.trashed or result.skipped)
    shown_job = job if busy or (job is not None and job.status == "dead") else None
    return Told(result, shown, edited, why_not, shown_job, large, settings, chosen, after, named, came)


def chosen_in(take: Sequence[Any], keep: Sequence[Any]) -> dict[int, Edited]:
    """Records edited since that were decided one by one."""
    found: dict[int, Edited] = {int(i): "take" for i in take if _is_id(str(i))}
    found.update({int(i): "skip" for i in keep if _is_id(str(i))})
    return dict(list(found.items())[:MOST_CHOSEN])


def _with_all(skipping: Undone, taking: Undone) -> Undone:
    """Counts of what is decided; those edited since as they are."""
    return Undone(skipping.operation, 0, taking.restored, taking.trashed, skipping.skipped, skipping.clashes)


def run_undo(request: Request, me: Visit, form: FormData) -> Response:
    """Takes the operation back: at once, or as a job when it is large."""
    ident = ident_of(request)
    edited: Edited = "take" if text_of(form, "edited") == "take" else "skip"
    back = f"/operations/{ident}"
    with me.space.read(me.user) as work:
        total = may_undo(work, ident).changes
    chosen = chosen_in(form.getlist("take"), form.getlist("keep"))
    if total > AT_ONCE:
        start_undo(me.space, me.user, ident, edited=edited, total=total, chosen=chosen)
        return go(back, request) if _from_page(form) else Response(status_code=202)
    result = undo(me.space, me.user, ident, edited=edited, chosen=chosen)
    if not _from_page(form):
        return Response(status_code=200)
    note = noted(result, me)
    return see_other(f"/operations/{result.undo}", note=note, undo=f"/operations/{result.undo}/undo")


def _from_page(form: FormData) -> bool:
    return "_csrf" in form


def noted(result: Undone, me: Visit) -> str:
    """What was done, in one sentence."""
    t = speaker(me.locale)
    return t("Undone: {restored} put back, {trashed} deleted, {skipped} left as they are",
             restored=result.restored, trashed=result.trashed, skipped=result.skipped)  # fmt: skip


def show_progress(request: Request) -> Response:
    """How far an undo in the background is; asks again by itself until it is over."""
    me = visit(request)
    ident = ident_of(request)
    with me.space.read(me.user) as work:
        operation_info(work, ident)
        job = undo_state(work, ident)
    if job is None:
        raise NotFound
    if job.status not in ("ready", "running"):
        return go(f"/operations/{ident}", request)
    return piece(request, "undo/progress.html", me, job=job, operation=ident)


def show_old_address(request: Request) -> Response:
    """`/changes` was the first name of this page."""
    return go("/operations", request)


ROUTES = [
    Route("/operations", show_operations),
    Route("/changes", show_old_address),
    Route("/operations/{id}", show_operations),
    Route("/operations/{id}/progress", show_progress),
    Route("/operations/{id}/undo", posted(run_undo, who=visit), methods=["POST"]),
]
