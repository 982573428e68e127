"""Two years of deals: who sells how well, by season, lost where such deals are lost, some standing still."""

from __future__ import annotations

from collections.abc import Iterator

from guanxi.apps.samples.words import COMPETITORS, NEXT_STEPS, ORIGINS, TRADES
from guanxi.apps.samples.world import Batch, Row, World, iso, iso_day, link, ref

LOST_AT = (0.22, 0.2, 0.34, 0.2, 0.04)  # share of losses by stage: most go at the proposal
LOST_BECAUSE = (
    *(("price", 32), ("competitor", 20), ("no_budget", 14), ("postponed", 12)),
    *(("delivery", 9), ("product_fit", 8), ("no_decision", 5)),
)
WON_BECAUSE = (("relationship", 24), ("product_fit", 28), ("reference", 16), ("service", 18), ("delivery", 14))
PROJECTS = {key: project for key, _, _, project in TRADES}
PRICE_OF = {"piece": (8, 60), "machine": (1, 6), "set": (1, 2), "line": (1, 1), "year": (1, 2), "licence": (1, 5)}


def deal_batches(world: World) -> Iterator[Batch]:
    """Deals with their lines, then who plays which part in them."""
    for _ in range(world.count(2500)):
        deal = _deal(world)
        world.deals.append(deal)
        world.by_seller.setdefault(deal["_person"].id, []).append(deal)
    world.deals += [_renewal(world) for _ in range(world.count(60))]
    yield "opportunity", world.deals
    shown = [deal for deal in world.deals if deal["_open"] or world.dice.random() < 0.15]
    parts = [(person, "opportunity", deal) for deal in shown for person in deal["_people"][:3]]
    parts += [(person, "account", account) for account in world.accounts for person in world.contacts[account["_id"]]]
    yield "contact_role", [_role(world, person, name, about["_id"]) for person, name, about in parts]


def _role(world: World, person: Row, about: str, ident: int) -> Row:
    return {
        "contact": ref(person["_id"]),
        "about": link(about, ident),
        "role": person["_role"],
        "department": person["department"],
        "influence": "high" if person["_role"] == "decision_maker" else world.dice.choice(("medium", "low")),
    }


def _deal(world: World) -> Row:
    account = world.pick_account()
    seller = account["_person"]
    opened = max(world.some_day(), account["_day"])
    people = world.contacts[account["_id"]]
    lines, amount = _lines(world)
    length = max(4, round(world.dice.lognormvariate(3.75, 0.55) * (1.5 if amount > 800_000 else 1)))
    ident = world.new_id()
    row: Row = {
        "_id": ident,
        "_account": account,
        "_person": seller,
        "_people": people,
        "_opened": opened,
        "_lines": {"opportunity_line": lines},
        "name": account["short_name"]
        + world.dice.choice(("", "一期", "二期", "三号线"))
        + _project(world, account, lines),
        "account": ref(account["_id"]),
        "contact": ref(people[0]["_id"]),
        "opened_on": iso_day(opened),
        "type": world.pick((("new", 5), ("repeat", 3), ("upgrade", 2), ("service", 1))),
        "origin": world.pick(ORIGINS),
        "product": lines[0]["product"],
        "tags": account["tags"][:1],
        "owner": account["owner"],
        "created_at": world.at(opened),
    }
    if opened + length <= world.today:
        _close(world, row, opened + length, seller.skill)
    else:
        _keep_open(world, row, opened, length)
    return row


def _renewal(world: World) -> Row:
    """A yearly contract that runs out: the second pipeline has its own few stages."""
    row = _deal(world)
    place = world.pick(((0, 5), (1, 4), (2, 2), (3, 6), (4, 2)))
    closed = place > 2
    end = world.today - world.dice.randrange(3, 200) if closed else world.today
    opened = end - world.dice.randrange(8, 25)
    passed = [*world.renewal[: min(place, 2) + 1], *([world.renewal[place]] if closed else [])]
    row |= {
        "_opened": opened,
        "_end": end,
        "_open": not closed,
        "_still": False,
        "name": f"{row['_account']['short_name']}年度维保续约",
        "type": "renewal",
        "stage": ref(world.renewal[place]),
        "path": " ".join(str(s) for s in passed),
        "opened_on": iso_day(opened),
        "created_at": world.at(opened),
        "closed_on": iso_day(end) if closed else None,
        "close_on": iso_day(end if closed else world.today + world.dice.randrange(2, 40)),
        "stage_since": iso(min(world.at(end if closed else world.today - 3), world.now)),
        "close_reason": ("service" if place == 3 else "no_budget") if closed else None,
        "lost_to": None,
    }
    return row


def _project(world: World, account: Row, lines: list[Row]) -> str:
    return world.dice.choice((PROJECTS.get(account["industry"], "自动化改造"), lines[0]["_name"]))


def _lines(world: World) -> tuple[list[Row], int]:
    """One to three products, and their sum in yuan for deciding how long such a deal takes."""
    main = world.pick([(p, 1 + (p["unit"] in ("set", "machine"))) for p in world.products])
    chosen = [main, *world.dice.sample(world.products[:6], world.pick(((0, 6), (1, 3), (2, 1))))]
    lines: list[Row] = []
    total = 0
    for product in {p["_id"]: p for p in chosen}.values():
        low, high = PRICE_OF[product["unit"]]
        quantity = world.dice.randint(low, high)
        discount = world.pick(((0, 5), (5, 3), (8, 2), (12, 1)))
        total += quantity * int(product["price"]) * (100 - discount) // 100
        lines.append(
            {
                "_name": product["name"].split()[0],
                "product": ref(product["_id"]),
                "quantity": str(quantity),
                "price": product["price"],
                "discount": str(discount) if discount else None,
            }
        )
    return lines, total


def _close(world: World, row: Row, day: int, skill: float) -> None:
    """Won or lost by skill, origin and type; a lost deal keeps the stages it really passed."""
    day = min(world.work_day(day), world.today)
    chance = 0.46 * skill + (0.12 if row["origin"] == "referral" else 0) + (0.1 if row["type"] == "repeat" else 0)
    stages = world.stages
    won = world.dice.random() < chance
    far = len(stages) - 1 if won else world.dice.choices(range(len(stages)), LOST_AT)[0]
    passed = [s for n, s in enumerate(stages[: far + 1]) if n in (0, far) or world.dice.random() < 0.94]
    end = world.won if won else world.lost
    row |= {
        "_open": False,
        "_end": day,
        "stage": ref(end),
        "path": " ".join(str(s) for s in (*passed, end)),
        "closed_on": iso_day(day),
        "close_on": iso_day(day + world.dice.randrange(-12, 9)),
        "stage_since": iso(world.at(day)),
        "close_reason": world.pick(WON_BECAUSE if won else LOST_BECAUSE),
        "next_step": None,
    }
    if row["close_reason"] in ("price", "competitor", "delivery") and not won:
        row["lost_to"] = world.dice.choice(COMPETITORS)


def _keep_open(world: World, row: Row, opened: int, length: int) -> None:
    """Somewhere on the way; one in six stands still."""
    stages = world.stages
    way = (world.today - opened) / length
    place = min(int(way * len(stages) + world.dice.random() * 0.8), len(stages) - 1)
    still = world.dice.random() < 0.17
    days = world.dice.randrange(22, 45) if still else world.dice.randrange(0, 10)
    since = max(world.today - days, opened)
    close = world.work_day(max(opened + length, world.today + world.dice.randrange(1, 60)))
    row |= {
        "_open": True,
        "_end": since if still else world.today,
        "_still": still,
        "stage": ref(stages[place]),
        "path": " ".join(str(s) for s in stages[: place + 1]),
        "close_on": iso_day(close if world.dice.random() < 0.93 else world.today - world.dice.randrange(1, 15)),
        "stage_since": iso(min(world.at(since), world.now)),
        "competitor": world.dice.choice(COMPETITORS) if world.dice.random() < 0.3 else None,
        "next_step": world.dice.choice(NEXT_STEPS) or None,
    }
    if row["next_step"]:
        row["next_step_on"] = iso_day(world.work_day(world.today + world.dice.randrange(-3, 15)))
