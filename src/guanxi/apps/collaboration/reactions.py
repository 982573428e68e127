"""What follows from comments, activities and new owners: notifications, and the last contact of the records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from guanxi.apps.collaboration.comment import COMMENTED
from guanxi.base.dates import iso_datetime
from guanxi.base.errors import NotFound
from guanxi.kernel.access.actors import load_actor
from guanxi.kernel.access.teams import people_of
from guanxi.kernel.context import Work
from guanxi.kernel.records.reactions import Event
from guanxi.kernel.records.read import find, names, rows_of
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save

QUIET = ("demo", "import")
"""Nobody is told about, or credited with, what comes in by the thousand from elsewhere."""


def notify_comment(work: Work, events: Sequence[Event]) -> None:
    """Whoever is mentioned hears of it, and whoever follows the record; each once, the author never."""
    for event in events:
        about = _pointed(event.new.get("about"))
        if event.entry in QUIET or about is None:
            continue
        mentioned = {int(i) for i in msgspec.json.decode(event.new.get("mentions") or "[]")}
        where = f"about = {about[1]}"
        follows = find(work, Query("follow", where=where, fields=("person",), limit=1_000)).rows
        followers = ({row["person"] for row in follows} | owner_of(work, about)) - mentioned
        text = str(event.new.get("excerpt") or "")
        tell(work, mentioned - {event.actor}, "mention", about, event.actor, text)
        tell(work, followers - {event.actor}, "comment", about, event.actor, text)


def owner_of(work: Work, about: tuple[str, int]) -> set[int]:
    """Whoever is responsible for the record; nobody where nobody is."""
    target = work.catalog.objects.get(about[0])
    if target is None or target.kind not in ("record", "document"):
        return set()
    rows = rows_of(work, about[0], [about[1]], ("owner",))
    return {row["owner"] for row in rows.values() if row["owner"] is not None}


def notify_shared(work: Work, events: Sequence[Event]) -> None:
    """Whoever a record is shared with hears of it; its owner too, if somebody else brought the help."""
    for event in events:
        to, target = _pointed(event.new.get("to")), work.catalog.objects.get(str(event.new.get("object")))
        record = event.new.get("record")
        if event.entry in QUIET or to is None or target is None or target.name not in COMMENTED:
            continue
        about = (target.name, int(str(record)))
        part = str(event.new.get("role") or "")
        new = _people(work, to) - {event.actor}
        tell(work, new, "shared", about, event.actor, part)
        names_of = ", ".join(str(work.catalog.config["user"][p]["name"]) for p in sorted(new)[:3])
        tell(work, owner_of(work, about) - {event.actor} - new, "helper", about, event.actor, names_of)


def _people(work: Work, to: tuple[str, int]) -> set[int]:
    """The people behind a share: one, a team's own members, those of a temporary team."""
    if to[0] == "user":
        return {to[1]}
    if to[0] == "virtual_team":
        return set(people_of(work.catalog.config["virtual_team"].get(to[1], {"members": None, "lead": None})))
    return {i for i, row in work.catalog.config["user"].items() if row["team"] == to[1] and row["active"]}


def notify_owner(work: Work, events: Sequence[Event]) -> None:
    """Somebody given a record by a colleague hears of it."""
    for event in events:
        owner = event.new.get("owner")
        if event.entry not in QUIET and owner is not None and owner != event.actor:
            tell(work, {owner}, "assigned", (event.object, event.id), event.actor, "")


def notify_keeper(work: Work, events: Sequence[Event]) -> None:
    """The owner of a record hears who met it while entering one like it."""
    for event in events:
        keeper, person = event.new.get("keeper"), event.new.get("person")
        if keeper and person and event.new["object"] in COMMENTED:
            tell(work, {keeper}, "asked", (event.new["object"], event.new["record"]), person, "")


def touch_records(work: Work, events: Sequence[Event]) -> None:
    """A call, meeting, visit or mail is the last contact with all it is about, unless there was a later one."""
    latest: dict[tuple[str, int], int] = {}
    for event in events:
        moment = event.new.get("at")
        if event.entry in QUIET or moment is None or moment > work.now or event.new.get("state") == "planned":
            continue
        links = [_pointed(event.new.get("about"))]
        links += [(name, event.new[name]) for name in ("account", "contact") if event.new.get(name)]
        for link in links:
            if link is not None:
                latest[link] = max(latest.get(link, 0), moment)
    for name in sorted({name for name, _ in latest}):
        wanted = {ident: moment for (other, ident), moment in latest.items() if other == name}
        rows = rows_of(work, name, sorted(wanted), ("last_activity_at",))
        changes = [
            Change("edit", name, {"last_activity_at": iso_datetime(wanted[ident])}, id=ident)
            for ident, row in rows.items()
            if wanted[ident] > (row["last_activity_at"] or 0)
        ]
        save(work, changes)


def tell(work: Work, people: Iterable[int], kind: str, about: tuple[str, int], by: int, text: str) -> None:
    """A notification for each person who may see the record."""
    changes = []
    for person in sorted(people):
        title = _title_for(work, person, about)
        if title is None:
            continue  # they may not see the record: a notification would show what is in it
        values: dict[str, Any] = {
            "kind": kind,
            "text": (f"{title}: {text}" if text else title)[:255],
            "by": str(by) if by else None,
            "about": {"object": about[0], "id": str(about[1])},
            "owner": str(person),
        }
        changes.append(Change("create", "notification", values))
    save(work, changes)


def _title_for(work: Work, person: int, about: tuple[str, int]) -> str | None:
    """The record's name as that person may see it."""
    before = work.actor
    try:
        work.actor = load_actor(work.catalog, person)
        return names(work, about[0], [about[1]]).get(about[1])
    except NotFound:
        return None
    finally:
        work.actor = before


def _pointed(value: Any) -> tuple[str, int] | None:
    """A lookup to several objects as the log has it: [id, object]."""
    return (value[1], value[0]) if isinstance(value, list | tuple) and value[0] is not None else None


REACTIONS = {
    "comment.created": (notify_comment,),
    "share.created": (notify_shared,),
    "record_request.created": (notify_keeper,),
    **{f"{name}.created": (touch_records,) for name in ("call", "meeting", "visit", "mail")},
    **{f"{name}.edited": (notify_owner,) for name in ("account", "lead", "opportunity")},
}
