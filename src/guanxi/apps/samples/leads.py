"""Leads of two years: old ones converted or dropped, new ones waiting."""

from __future__ import annotations

from collections.abc import Iterator

from guanxi.apps.samples.customers import mobile, person_name
from guanxi.apps.samples.words import CITIES, ORIGINS, STEMS, TRADES
from guanxi.apps.samples.world import Batch, Row, World, iso, iso_day, ref

INTERESTS = ("产线改造", "视觉检测", "AGV 小车", "码垛", "伺服改造", "MES 对接", "备件", "年度维保")
DROPPED = (("no_need", 4), ("unreachable", 3), ("no_budget", 3), ("competitor", 2), ("wrong_data", 1))
CAMPAIGNS = {
    "exhibition": ("上海工博会", "深圳机械展", "青岛制博会"),
    "wechat": ("公众号 · 视觉检测专题", "直播 · 产线改造"),
}


def lead_batches(world: World) -> Iterator[Batch]:
    """Leads with a state that fits their age."""
    for _ in range(world.count(900)):
        world.leads.append(_lead(world))
    yield "lead", world.leads


def _lead(world: World) -> Row:
    seller = world.pick([(p, p.busy) for p in world.people])
    foreign = seller.region == "overseas"
    name, roman, _ = person_name(world, foreign)
    stem, trade, city = world.dice.choice(STEMS), world.dice.choice(TRADES), world.dice.choice(CITIES)
    day = world.some_day() if world.dice.random() < 0.8 else world.today - world.dice.randrange(12)
    origin = world.pick(ORIGINS)
    row: Row = {
        "_id": world.new_id(),
        "_day": day,
        "_person": seller,
        "name": name,
        "company": f"{stem[1]} {trade[2]} Ltd." if foreign else f"{city[0]}{stem[0]}{trade[1]}厂",
        "title": world.dice.choice(("采购", "设备经理", "老板", "工程师")),
        "mobile": None if foreign else mobile(world),
        "email": f"{roman.lower().replace(' ', '.')}@{stem[1].lower()}-{trade[0].replace('_', '-')}.example",
        "origin": origin,
        "campaign_name": world.dice.choice(CAMPAIGNS[origin]) if origin in CAMPAIGNS else None,
        "interest": world.dice.choice(INTERESTS),
        "product": ref(world.dice.choice(world.products)["_id"]),
        "budget": str(world.dice.randrange(3, 120) * 10_000) if world.dice.random() < 0.6 else None,
        "region": ref(world.config["region"][seller.region]),
        "rating": world.pick((("hot", 2), ("warm", 4), ("cold", 4))),
        "owner": str(seller.id),
        "created_at": min(world.at(day), world.now),
    }
    _settle(world, row, world.today - day)
    return row


def _settle(world: World, row: Row, age: int) -> None:
    """What has become of a lead of that age."""
    if age > 45:
        state = world.pick((("converted", 38), ("unqualified", 52), ("contacted", 6), ("qualified", 4)))
    elif age > 7:
        state = world.pick((("contacted", 40), ("qualified", 25), ("new", 12), ("unqualified", 15), ("converted", 8)))
    else:
        state = world.pick((("new", 70), ("contacted", 30)))
    row["state"] = row["_state"] = state
    row["follow_ups"] = 0 if state == "new" else world.dice.randrange(1, 5)
    if state == "unqualified":
        row["unqualified_because"] = world.pick(DROPPED)
    elif state == "converted":
        _converted(world, row, age)
    elif state != "new" and age < 200:
        row["next_follow_up_on"] = iso_day(world.work_day(world.today + world.dice.randrange(-4, 14)))


def _converted(world: World, row: Row, age: int) -> None:
    """It became one of the deals that began about then, of the same seller."""
    began = world.today - age
    found = [d for d in world.by_seller.get(row["_person"].id, ()) if 0 <= d["_opened"] - began < 40]
    if not found:
        row["state"] = row["_state"] = "unqualified"
        row["unqualified_because"] = "no_need"
        return
    deal = world.dice.choice(found)
    account, person = deal["_account"], deal["_people"][0]
    row |= {
        "name": person["name"],
        "company": account["name"],
        "mobile": person["mobile"],
        "email": person["email"],
        "title": person["title"],
        "converted_at": iso(deal["created_at"]),
        "converted_account": ref(account["_id"]),
        "converted_contact": ref(person["_id"]),
        "converted_opportunity": ref(deal["_id"]),
    }
