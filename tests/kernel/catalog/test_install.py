"""Installing declared objects: real tables, stable numbers, nothing changed the second time."""

from guanxi.base.i18n import L
from guanxi.kernel.access.objects import CORE
from guanxi.kernel.catalog import declare as d
from guanxi.kernel.catalog.model import App, Object, Steps
from guanxi.kernel.catalog.snapshot import load, version
from guanxi.kernel.storage import schema
from guanxi.kernel.storage.install import install

ACCOUNT = Object(
    "account",
    L("Account", "客户"),
    L("Accounts", "客户"),
    fields=(
        d.text("name", L("Name", "名称"), required=True),
        d.choice("grade", L("Grade", "等级"), d.c("a", L("A", "A")), d.c("b", L("B", "B"))),
        d.lookup("parent", L("Part of", "上级"), to="account"),
        d.money("revenue", L("Revenue", "营收")),
        d.tags("tags", L("Tags", "标签")),
        d.address("place", L("Address", "地址")),
        d.lookup("about", L("About", "关于"), to=("account", "user")),
        d.text("number", L("Number", "编号"), unique=True),
    ),
    columns=("name", "grade", "owner"),
    filters=("grade", "owner"),
    sorts=("name", "revenue", "created_at"),
    steps=Steps("grade"),
)
CRM = App("crm", L("CRM", "客户"), "test", objects=(ACCOUNT,))
APPS = (CORE, CRM)


def test_install_gives_tables_ids_and_settings(database):
    with database.write(catalog_change=True) as session:
        install(session, APPS)
        catalog = load(session, APPS)
        account = catalog.object("account")
        assert account.id > 100
        assert all(f.id > 100 for f in account.fields)
        assert schema.inspect(session).columns["account"] == set(catalog.columns(account))
        assert {"revenue", "revenue__c", "revenue__b", "name__k", "place__r", "about__o"} <= set(
            catalog.columns(account)
        )
        assert catalog.settings["currency"] == "CNY"
        assert set(catalog.config) == {
            "user",
            "team",
            "role",
            "currency",
            "sharing_rule",
            "virtual_team",
            "duplicate_rule",
        }
        assert catalog.field(account, "owner").type == "user"
        assert [f.name for _, f in catalog.referrers("account")] == ["parent", "about"]


def test_installing_twice_changes_nothing(database):
    with database.write(catalog_change=True) as session:
        install(session, APPS)
    with database.write(catalog_change=True) as session:
        before = load(session, APPS)
        assert schema.plan(session, before.objects.values()) == []
        install(session, APPS)
        assert version(session) == before.version
        after = load(session, APPS)
        assert after.fields_by_id.keys() == before.fields_by_id.keys()


def test_a_declared_object_may_grow(database):
    more = Object(
        **{f: getattr(ACCOUNT, f) for f in ACCOUNT.__dataclass_fields__}
        | {"fields": (*ACCOUNT.fields, d.date("since", L("Since", "起始"))), "sorts": ("since",)}
    )
    with database.write(catalog_change=True) as session:
        install(session, APPS)
        before = load(session, APPS)
    apps = (CORE, App("crm", L("CRM", "客户"), "test", objects=(more,)))
    with database.write(catalog_change=True) as session:
        install(session, apps)
        after = load(session, apps, before)
        assert after.version == before.version + 1
        assert "since" in schema.inspect(session).columns["account"]
        assert "i_account_since_id" in schema.inspect(session).indexes
        assert after.object("user") is before.object("user")


def test_indexes_are_few_and_serve_the_lists():
    made = {i.columns for i in schema.indexes(ACCOUNT)}
    assert {("updated_at", "id"), ("owner", "updated_at", "id"), ("team", "updated_at", "id"), ("parent",)} <= made
    assert ("about__o", "about") in made
    assert ("grade", "updated_at", "id", "owner", "team") in made
    assert ("revenue__b", "id") in made
    assert ("name__k", "id") in made
    assert len(made) + len(schema.uniques(ACCOUNT)) < schema.MAX_INDEXES
