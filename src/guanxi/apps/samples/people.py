"""Teams, users and products of the sample company."""

from __future__ import annotations

from collections.abc import Iterator

from guanxi.apps.samples.words import CATEGORIES, PRODUCTS
from guanxi.apps.samples.world import Batch, Person, Row, World

TEAMS = (
    ("hq", "远山自动化", None, None),
    ("east", "华东销售部", "hq", "华东"),
    ("south", "华南销售部", "hq", "华南"),
    ("north", "华北销售部", "hq", "华北"),
    ("overseas", "海外销售部 Overseas", "hq", "海外"),
    ("east1", "华东一组", "east", "华东"),
    ("east2", "华东二组", "east", "华东"),
    ("marketing", "市场部", "hq", None),
    ("service", "服务部", "hq", None),
)
REGIONS = (
    ("east", "华东", "East"),
    ("south", "华南", "South"),
    ("north", "华北", "North"),
    ("overseas", "海外", "Overseas"),
)

# name, mail, title, team, role, sells in, busy, skill
USERS = (
    ("陈远", "chen.yuan", "总经理", "hq", "management", None, 0, 0),
    ("何静", "he.jing", "销售运营", "hq", "operations", None, 0, 0),
    ("王晓明", "wang.xiaoming", "华东大区经理", "east", "sales_manager", "east", 0.5, 1.15),
    ("梁国栋", "liang.guodong", "华南大区经理", "south", "sales_manager", "south", 0.5, 1.05),
    ("宋若兰", "song.ruolan", "华北大区经理", "north", "sales_manager", "north", 0.5, 1.0),
    ("Clara Weiss", "clara.weiss", "Head of overseas sales", "overseas", "sales_manager", "overseas", 0.6, 1.1),
    ("陈晓雯", "chen.xiaowen", "高级销售", "east1", "sales", "east", 1.4, 1.25),
    ("赵一航", "zhao.yihang", "销售工程师", "east1", "sales", "east", 1.1, 1.0),
    ("周楠", "zhou.nan", "销售工程师", "east1", "sales", "east", 1.0, 0.9),
    ("李薇", "li.wei", "高级销售", "east2", "sales", "east", 1.2, 1.1),
    ("徐文博", "xu.wenbo", "销售工程师", "east2", "sales", "east", 0.8, 0.7),
    ("黄佳宁", "huang.jianing", "高级销售", "south", "sales", "south", 1.2, 1.1),
    ("罗天宇", "luo.tianyu", "销售工程师", "south", "sales", "south", 1.0, 0.85),
    ("唐雨桐", "tang.yutong", "销售工程师", "south", "sales", "south", 0.9, 1.0),
    ("韩立新", "han.lixin", "销售工程师", "north", "sales", "north", 1.0, 0.95),
    ("冯思琪", "feng.siqi", "销售工程师", "north", "sales", "north", 0.9, 0.8),
    ("Oliver Kemp", "oliver.kemp", "Area sales manager", "overseas", "sales", "overseas", 0.9, 0.95),
    ("林静怡", "lin.jingyi", "市场专员", "marketing", "marketing", None, 0, 0),
    ("何涛", "he.tao", "服务工程师", "service", "service", None, 0, 0),
)
RENEWAL_STAGES = (
    ("到期提醒", "Due soon", "open", "40"),
    ("续约报价", "Offer sent", "open", "70"),
    ("待签", "To be signed", "open", "90"),
    ("已续约", "Renewed", "won", "100"),
    ("未续约", "Not renewed", "lost", "0"),
)
LEADS_OF = (
    *(("hq", "chen.yuan"), ("east", "wang.xiaoming"), ("south", "liang.guodong"), ("north", "song.ruolan")),
    *(("overseas", "clara.weiss"), ("east1", "chen.xiaowen"), ("east2", "li.wei")),
)
DOMAIN = "yuanshan.example"


def team_batches(world: World) -> Iterator[Batch]:
    """Three levels of teams, currencies, regions and product categories: settings that users and records need."""
    for key, name, parent, region in TEAMS:  # one by one: a team must be stored before those below it
        world.teams[key] = world.new_id()
        above = str(world.teams[parent]) if parent else None
        yield "team", [{"_id": world.teams[key], "name": name, "parent": above, "region": region}]
    yield (
        "currency",
        [
            {"code": "USD", "name": "US dollar", "rate": "7.12"},
            {"code": "EUR", "name": "Euro", "rate": "7.75"},
        ],
    )
    renewal = world.new_id()
    yield "pipeline", [{"_id": renewal, "name": "服务续约", "name_en": "Service renewal", "position": 2}]
    world.renewal = [world.new_id() for _ in RENEWAL_STAGES]
    yield (
        "stage",
        [
            {
                "_id": ident,
                "name": zh,
                "name_en": en,
                "pipeline": str(renewal),
                "position": n,
                "kind": kind,
                "probability": chance,
                "rotting_days": 30 if kind == "open" else None,
            }
            for n, (ident, (zh, en, kind, chance)) in enumerate(zip(world.renewal, RENEWAL_STAGES, strict=True), 1)
        ],
    )
    for name, entries in (("region", REGIONS), ("product_category", CATEGORIES)):
        ids = {key: world.new_id() for key, _, _ in entries}
        world.config = {**world.config, name: ids}
        yield (
            name,
            [{"_id": ids[key], "name": zh, "name_en": en, "position": n} for n, (key, zh, en) in enumerate(entries, 1)],
        )


def user_batches(world: World) -> Iterator[Batch]:
    """Nineteen people; those who sell get a region, a workload and a skill."""
    rows: list[Row] = []
    for n, (name, mail, title, team, role, region, busy, skill) in enumerate(USERS, 1):
        ident = world.new_id()
        world.users[mail] = ident
        world.names[ident] = name
        if region:
            world.people.append(Person(ident, name, world.teams[team], region, busy, skill))
        rows.append(
            {
                "_id": ident,
                "name": name,
                "email": f"{mail}@{DOMAIN}",
                "title": title,
                "team": str(world.teams[team]),
                "roles": [str(world.config["role"][role])],
                "active": True,
                "language": "en" if team == "overseas" else "zh-CN",
                "number": f"YS{n:03}",
            }
        )
    yield "user", rows
    yield "team", [{"_id": world.teams[key], "_edit": True, "lead": str(world.users[mail])} for key, mail in LEADS_OF]


def product_batches(world: World) -> Iterator[Batch]:
    """What the company sells."""
    owner = world.users["he.jing"]
    for name, name_en, code, category, series, price, cost, unit in PRODUCTS:
        row = {
            "_id": world.new_id(),
            "name": name,
            "name_en": name_en,
            "code": code,
            "category": str(world.config["product_category"][category]),
            "series": series,
            "price": str(price),
            "cost": str(cost),
            "unit": unit,
            "active": True,
            "owner": str(owner),
        }
        world.products.append(row)
    yield "product", world.products
