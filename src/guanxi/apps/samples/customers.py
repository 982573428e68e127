"""Accounts with their contacts: most in the east of China, some abroad."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from guanxi.apps.samples.words import CITIES, FOREIGN, GIVEN, ORIGINS, POSTS, STEMS, SURNAMES, TAGS, TRADES, WESTERN
from guanxi.apps.samples.world import YEARS_BACK, Batch, Person, Row, World, iso_day, ref

SIZES = ((12, 3), (45, 6), (120, 9), (280, 8), (650, 4), (1500, 2), (4200, 1))
TERMS = ("预付 30%，发货前 60%，质保 10%", "月结 45 天", "月结 60 天", "款到发货", "3-3-3-1")


def customer_batches(world: World) -> Iterator[Batch]:
    """Accounts first, then the people in them."""
    wanted = world.count(600)
    combinations = list(product(STEMS, TRADES))
    world.dice.shuffle(combinations)
    for stem, trade in combinations[: wanted - len(FOREIGN)]:
        world.accounts.append(_chinese(world, stem, trade))
    world.accounts += [_foreign(world, *firm) for firm in FOREIGN]
    _set_parents(world)
    yield "account", [row for row in world.accounts if not row.get("parent")]
    yield "account", [row for row in world.accounts if row.get("parent")]
    people: list[Row] = []
    for account in world.accounts:
        made = [_contact(world, account) for _ in range(world.pick(((1, 3), (2, 4), (3, 3), (4, 2))))]
        world.contacts[account["_id"]] = made
        people += made
    yield "contact", people


def _seller(world: World, region: str) -> Person:
    return world.pick([(p, p.busy) for p in world.people if p.region == region])  # type: ignore[no-any-return]  # a Person


def _chinese(world: World, stem: tuple[str, str], trade: tuple[str, str, str, str]) -> Row:
    city, city_en, province, town, code, region = world.pick([(c, 6 if c[5] == "east" else 2.5) for c in CITIES])
    key, zh, en, _ = trade
    seller = _seller(world, region)
    street = world.dice.choice(("星湖街", "长江路", "科技大道", "创新路", "工业北路", "海棠路"))
    row = _common(world, seller, key, region)
    row |= {
        "name": f"{stem[0]}{zh}（{city}）有限公司",
        "short_name": f"{stem[0]}{zh}",
        "name_en": f"{stem[1]} {en} ({city_en}) Co., Ltd.",
        "phone": f"{code}-6{world.dice.randrange(10_000, 99_999):05}{world.dice.randrange(100):02}"[:13],
        "address": {
            "country": "CN",
            "province": province,
            "city": town or province,
            "street": f"{street} {world.dice.randrange(1, 900)} 号",
        },
        "credit_code": credit_code(world.dice.randrange(10**8)),
        "payment_terms": world.dice.choice(TERMS),
    }
    return row


def _foreign(world: World, name: str, industry: str, country: str) -> Row:
    row = _common(world, _seller(world, "overseas"), industry, "overseas")
    return row | {"name": name, "short_name": name.split(maxsplit=1)[0], "name_en": name, "description": country}


def _common(world: World, seller: Person, industry: str, region: str) -> Row:
    people = round(world.pick(SIZES) * world.dice.uniform(0.6, 1.5))
    classes = [(ident, 5 if n else 2) for n, ident in enumerate(world.config["customer_class"].values())]
    since = world.today - round(world.dice.triangular(30, YEARS_BACK + 400, YEARS_BACK))
    return {
        "_id": world.new_id(),
        "_person": seller,
        "industry": industry,
        "employees": people,
        "revenue": str(round(people * world.dice.uniform(400_000, 1_100_000), -4)),
        "founded": world.dice.randrange(1985, 2021),
        "region": ref(world.config["region"][region]),
        "customer_class": ref(world.pick(classes)),
        "origin": world.pick(ORIGINS),
        "tags": world.dice.sample(TAGS, world.pick(((0, 5), (1, 4), (2, 2)))),
        "kinds": ["enterprise", *(["high_value"] if people > 600 else [])],
        "owner": str(seller.id),
        "created_at": world.at(since),
        "_day": since,
    }


def _set_parents(world: World) -> None:
    """Some firms of one family name belong together."""
    first: dict[str, Row] = {}
    for row in world.accounts:
        stem = row["name"][:2]
        if stem not in first:
            first[stem] = row
        elif world.dice.random() < 0.12:
            row["parent"] = ref(first[stem]["_id"])


def _contact(world: World, account: Row) -> Row:
    foreign = "address" not in account
    title, department, role = world.dice.choice(POSTS)
    name, roman, sex = person_name(world, foreign)
    ident = world.new_id()
    row = {
        "_id": ident,
        "_role": role,
        "name": name,
        "name_en": roman,
        "sex": sex,
        "account": ref(account["_id"]),
        "title": title,
        "department": department,
        "mobile": None if foreign else mobile(world),
        "email": f"{roman.lower().replace(' ', '.')}{ident % 97}@{account['name_en'].split()[0].lower()}.example",
        "origin": account["origin"],
        "kinds": ["enterprise"],
        "channels": world.dice.sample(("phone", "wechat", "email", "visit"), 2),
        "interests": world.dice.sample(("sport", "travel", "reading", "tea", "cars", "family", "photography"), 2),
        "owner": account["owner"],
        "created_at": account["created_at"],
    }
    if world.dice.random() < 0.5:
        row["birthday"] = iso_day(world.today - world.dice.randrange(25 * 365, 58 * 365))
    return row


def person_name(world: World, foreign: bool = False) -> tuple[str, str, str]:
    """Name, romanised name, sex."""
    sex = world.dice.choice(("male", "female"))
    if foreign:
        name = world.dice.choice(WESTERN)
        return name, name, sex
    surname, surname_en = world.dice.choice(SURNAMES)
    given, given_en = world.dice.choice(GIVEN[sex])
    return surname + given, f"{given_en} {surname_en}", sex


def mobile(world: World) -> str:
    """A number of a block that is used as an example everywhere."""
    return f"138000{world.dice.randrange(100_000):05}"


def credit_code(number: int) -> str:
    """A made-up unified social credit code with a right check character."""
    signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    body = f"91320500{number:09}"[:17]
    total = sum(signs.index(sign) * weight for sign, weight in zip(body, weights, strict=True))
    return body + signs[(31 - total % 31) % 31]
