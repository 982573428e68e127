"""What follows from changes: a follower turns sealed sets into events, and each reaction runs in a job of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from guanxi.base.errors import NotFound, msg
from guanxi.kernel.access.actors import system
from guanxi.kernel.catalog.model import App, Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.catalog.system import SYSTEM_BY_ID
from guanxi.kernel.changes.feed import Follower, SealedSet
from guanxi.kernel.changes.log import Entry, entries_of
from guanxi.kernel.jobs.queue import JobRun, enqueue
from guanxi.kernel.jobs.schedule import Schedule
from guanxi.kernel.storage.session import Session

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

DEEPEST = 8  # a reaction to a reaction to … : then we stop and say so
PAST = {"create": "created", "edit": "edited", "trash": "trashed", "restore": "restored", "undo": "undone"}
log = structlog.get_logger("guanxi.reactions")
Reaction = Callable[["Work", Sequence["Event"]], None]


@dataclass(frozen=True, slots=True)
class Event:
    """
    One change as reactions see it: `name` is "account.edited"; `old` and `new` hold the touched fields by name, in
    logged form. `key` names this change for ever: what is made from it can carry the key and be made only once.
    """

    name: str
    object: str
    id: int
    version: int
    at: int
    actor: int
    operation: int
    entry: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]

    @property
    def key(self) -> str:
        return f"{self.object}.{self.id}.{self.version}"


def reactions_follower(space: Space) -> Follower:
    """Reads the feed and puts one job per change-set and reaction into the queue, with its own position, once."""
    return Follower("reactions", partial(_handle, space))


def _handle(space: Space, session: Session, sets: Sequence[SealedSet]) -> None:
    wanted = reactions_of(space.apps)
    if not wanted:
        return
    catalog = space.catalog(session)
    for item in sets:
        names = sorted({name for entry in item.changes if (name := event_name(catalog, entry)) in wanted})
        if not names or item.kind in ("undo", "seed"):
            continue  # an undo takes back; what follows from it is listed, not run (KD 13)
        if item.depth >= DEEPEST:
            log.warning("reactions stopped", set=item.set_id, depth=item.depth, events=names)
            continue
        for name in names:
            for reaction in wanted[name]:
                enqueue(
                    session,
                    "reaction",
                    {"set": item.set_id, "event": name, "reaction": name_of(reaction), "at": item.at,
                     "actor": item.actor, "operation": item.operation, "entry": item.entry, "depth": item.depth},
                    operation=item.operation,
                )  # fmt: skip


def reactions_of(apps: Sequence[App]) -> dict[str, tuple[Reaction, ...]]:
    """All reactions by event, in the order of the apps."""
    found: dict[str, tuple[Reaction, ...]] = {}
    for app in apps:
        for name, functions in app.reactions.items():
            found[name] = (*found.get(name, ()), *functions)
    return found


def name_of(function: Callable[..., Any]) -> str:
    """How jobs call a function: its module and name."""
    return f"{function.__module__}:{function.__qualname__}"


def event_name(catalog: Catalog, entry: Entry) -> str:
    """ "account.created" for a change of a record; empty for other things in the log."""
    target = catalog.objects_by_id.get(entry.object)
    past = PAST.get(entry.op)
    return f"{target.name}.{past}" if target is not None and past else ""


def react_handler(space: Space, run: JobRun) -> None:
    """Runs one reaction for one change-set; effects and the job's end are one transaction."""
    args = run.args
    wanted = {name_of(r): r for r in reactions_of(space.apps).get(args["event"], ())}
    reaction = wanted.get(args["reaction"])
    if reaction is None:
        raise NotFound(msg("The reaction {name} is not there any more.", name=args["reaction"]))
    actor = system(f"reaction {args['reaction']} to {args['event']}")
    cause = f"{args['event']} of operation {args['operation']}"
    with space.write(
        actor, entry="automation", kind="reaction", cause=cause, parent=args["set"], depth=args["depth"] + 1
    ) as work:
        events = list(_events(work, args))
        if events:
            reaction(work, events)
        run.finish(work.session)


def _events(work: Work, args: Mapping[str, Any]) -> Iterator[Event]:
    catalog = work.catalog
    for entry in entries_of(work.session, args["set"]):
        if event_name(catalog, entry) != args["event"]:
            continue
        target = catalog.objects_by_id[entry.object]
        old, new = _named(target, entry.old), _named(target, entry.new)
        yield Event(
            args["event"], target.name, entry.record, entry.version, args["at"], args["actor"], args["operation"],
            args["entry"], old, new,
        )  # fmt: skip


def _named(target: Object, values: Mapping[str, Any] | None) -> dict[str, Any]:
    by_key = {str(f.id): f.name for f in target.fields} | {str(i): f.name for i, f in SYSTEM_BY_ID.items()}
    found = {key: by_key.get(key) for key in values or {}}
    return {name: (values or {})[key] for key, name in found.items() if name}


def schedules_of(space: Space) -> list[Schedule]:
    """The apps' jobs by the clock, in the workspace's zone."""
    with space.read(system("schedules")) as work:
        zone = str(work.catalog.settings.get("zone", "Asia/Shanghai"))
    return [Schedule(f"{app.name}.{job.name}", job.cron, f"clock.{app.name}.{job.name}", zone)
            for app in space.apps for job in app.jobs]  # fmt: skip


def clock_handlers(space: Space) -> dict[str, Callable[[JobRun], None]]:
    """What runs when one of those is due: `run(work)` in one transaction that also ends the job."""
    return {f"clock.{app.name}.{job.name}": partial(_run_clock, space, job.run)
            for app in space.apps for job in app.jobs}  # fmt: skip


def _run_clock(space: Space, function: Callable[[Work], Any], run: JobRun) -> None:
    actor = system(f"scheduled job {name_of(function)}")
    with space.write(actor, entry="automation", kind="job", cause=run.kind, bulk=True) as work:
        function(work)
        run.finish(work.session)
