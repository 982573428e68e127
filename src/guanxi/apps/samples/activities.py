"""What people did and will do: calls, visits, meetings, notes, tasks of today, comments with mentions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from guanxi.apps.samples.words import CALL_LINES, CALL_LINES_EN, COMMENTS, TASK_LINES
from guanxi.apps.samples.world import DAY, HOUR, Batch, Row, World, iso, iso_day, link, ref

KINDS = (("call", 52), ("meeting", 13), ("visit", 17), ("note", 10), ("mail", 8))
RESULTS = (("progress", 45), ("again", 30), ("no_answer", 15), ("wechat_sent", 10))
PER_BATCH = 4000


def activity_batches(world: World) -> Iterator[Batch]:
    """The past by kind, then what is planned, then the talk among colleagues."""
    made: dict[str, list[Row]] = defaultdict(list)
    for deal in world.deals:
        for _ in range(world.pick(((1, 3), (2, 4), (3, 3)))):
            _about_deal(world, made, deal)
    for lead in world.leads:
        for _ in range(min(lead["follow_ups"], 2)):
            _about_lead(world, made, lead)
    _planned(world, made)
    for name, rows in made.items():
        for start in range(0, len(rows), PER_BATCH):
            yield name, rows[start : start + PER_BATCH]
    yield "comment", list(_comments(world))
    yield "follow", _follows(world)


def _about_deal(world: World, made: dict[str, list[Row]], deal: Row) -> None:
    person = world.dice.choice(deal["_people"])
    account = deal["_account"]["_id"]
    day = world.work_day(world.dice.randint(deal["_opened"], max(deal["_end"], deal["_opened"])))
    moment = min(world.at(min(day, world.today - 1)), world.now)
    name = world.pick(KINDS)
    row = _past(world, name, moment, "overseas" if deal["_person"].region == "overseas" else "")
    row |= {
        "about": link("opportunity", deal["_id"]),
        "account": ref(account),
        "contact": ref(person["_id"]),
        "owner": deal["owner"],
    }
    made[name].append(row)
    world.touch(moment, deal["_id"], account, person["_id"])


def _about_lead(world: World, made: dict[str, list[Row]], lead: Row) -> None:
    moment = min(world.at(min(lead["_day"] + world.dice.randrange(1, 20), world.today - 1)), world.now)
    moment = max(moment, lead["created_at"])
    row = _past(world, "call", moment, lead["_person"].region)
    made["call"].append(row | {"about": link("lead", lead["_id"]), "owner": lead["owner"]})
    world.touch(moment, lead["_id"])


def _past(world: World, name: str, moment: int, region: str) -> Row:
    body = world.dice.choice(CALL_LINES_EN if region == "overseas" else CALL_LINES)
    row: Row = {"_id": world.new_id(), "at": iso(moment), "body": body, "created_at": moment}
    if name in ("call", "meeting", "visit"):
        row["result"] = world.pick(RESULTS)
    if name == "call":
        row["minutes"] = world.dice.randrange(1, 28)
    elif name == "visit":
        row |= {"state": "done", "checked_in_at": iso(moment), "checked_out_at": iso(moment + HOUR)}
    elif name == "meeting":
        row |= {"ends_at": iso(moment + HOUR), "online": world.dice.random() < 0.4}
    return row


def _planned(world: World, made: dict[str, list[Row]]) -> None:
    """Four of five living deals have a task; standing ones have none: that is why they stand."""
    for deal in world.deals:
        if not deal["_open"] or deal["_still"] or world.dice.random() < 0.2:
            continue
        due = world.today + world.pick(((-2, 1), (-1, 2), (0, 5), (1, 3), (3, 4), (7, 4), (14, 2)))
        made["task"].append(_task(world, deal, world.work_day(due) if due > world.today else due))
    for deal in world.dice.sample(world.deals, world.count(700)):
        if not deal["_open"]:
            task = _task(world, deal, deal["_end"])
            moment = min(world.at(deal["_end"]), world.now)
            made["task"].append(task | {"done": True, "done_at": iso(moment), "created_at": moment - DAY})
    for person in world.people:
        mine = [deal for deal in world.deals if deal["_open"] and deal["_person"].id == person.id]
        for hour, deal in zip((10, 14, 16), world.dice.sample(mine, min(3, len(mine))), strict=False):
            made["visit"].append(_visit(world, deal, hour))


def _task(world: World, deal: Row, day: int) -> Row:
    person = deal["_people"][0]
    text, kind = world.dice.choice(TASK_LINES)
    return {
        "_id": world.new_id(),
        "subject": text.format(who=person["name"]),
        "kind": kind,
        "due_at": iso(world.at(day, 9.5, 17.5)),
        "priority": world.pick((("high", 2), ("normal", 7), ("low", 1))),
        "about": link("opportunity", deal["_id"]),
        "account": ref(deal["_account"]["_id"]),
        "contact": ref(person["_id"]),
        "owner": deal["owner"],
        "created_at": min(world.at(max(deal["_opened"], day - 5)), world.now),
    }


def _visit(world: World, deal: Row, hour: int) -> Row:
    account, person = deal["_account"], deal["_people"][0]
    return {
        "_id": world.new_id(),
        "subject": f"拜访{account['short_name']}，见{person['name']}",
        "at": iso(world.now + (hour - 9) * HOUR),
        "state": "planned",
        "place": account.get("address"),
        "about": link("opportunity", deal["_id"]),
        "account": ref(account["_id"]),
        "contact": ref(person["_id"]),
        "owner": deal["owner"],
        "created_at": world.now - 2 * DAY,
        "next_on": iso_day(world.today),
    }


def _comments(world: World) -> Iterator[Row]:
    managers = [world.names[world.users[mail]] for mail in ("wang.xiaoming", "liang.guodong", "he.jing")]
    open_deals = [deal for deal in world.deals if deal["_open"]]
    for deal in world.dice.sample(open_deals, min(len(open_deals), world.count(160))):
        who = world.dice.choice([deal["_person"].name, *managers])
        moment = world.now - world.dice.randrange(1, 20 * 24) * HOUR
        writer = world.dice.choice([*world.people]).id
        yield {
            "_id": world.new_id(),
            "about": link("opportunity", deal["_id"]),
            "body": world.dice.choice(COMMENTS).format(who=who),
            "created_at": max(moment, deal["created_at"]),
            "created_by": writer,
        }


def _follows(world: World) -> list[Row]:
    open_deals = [deal for deal in world.deals if deal["_open"]]
    return [
        {"_id": world.new_id(), "person": str(person.id), "about": link("opportunity", deal["_id"])}
        for person in world.people
        for deal in world.dice.sample(open_deals, min(4, len(open_deals)))
    ]


def stamp_last_contacts(world: World) -> None:
    """Records know their last contact: what the activities say."""
    people = [person for those in world.contacts.values() for person in those]
    for row in (*world.deals, *world.leads, *world.accounts, *people):
        moment = world.touched.get(row["_id"])
        if moment is not None:
            row["last_activity_at"] = iso(moment)
    ends = (ref(world.won), ref(world.renewal[3]))  # the fourth renewal stage is "renewed"
    bought = {row["_account"]["_id"] for row in world.deals if row["stage"] in ends}
    for account in world.accounts:
        if account["_id"] in bought and account.get("status") in (None, "prospect"):
            account["status"] = "active"
