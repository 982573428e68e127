"""Objects made at run time, layouts, settings, packs."""

import pytest

from guanxi.base.errors import BadInput, Invalid
from guanxi.kernel.access.actors import SYSTEM
from guanxi.kernel.admin.fields import add_field, change_field
from guanxi.kernel.admin.layouts import reset_layouts, set_layouts
from guanxi.kernel.admin.objects import add_object, change_object, restore_object, retire_object
from guanxi.kernel.admin.packs import apply_pack
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.catalog import pack
from guanxi.kernel.storage import schema

LABEL = {"en": "Machine", "zh": "设备"}
SPEC = {
    "label": LABEL,
    "fields": [
        {"name": "serial", "type": "text", "label": LABEL, "unique": True},
        {"name": "account", "type": "lookup", "label": LABEL, "to": ["account"]},
        {"name": "price", "type": "money", "label": LABEL},
    ],
    "sorts": ["name", "price"],
    "filters": ["account"],
}


def admin(space):
    return space.write(SYSTEM, kind="catalog", catalog_change=True)


def test_an_object_is_a_table_that_others_see(crm, other):
    with admin(crm) as work:
        made = add_object(work, SPEC)
        assert (made.name, made.table, made.custom) == ("machine", f"x_{made.id}", True)
        assert [f.name for f in made.fields] == ["name", "serial", "account", "price"]
    with other.read(SYSTEM) as work:
        seen = work.catalog.object("machine")
        live = schema.inspect(work.session)
        assert live.columns[seen.table] == set(work.catalog.columns(seen))
        assert {i.name for i in schema.indexes(seen)} <= live.indexes
        assert [o.name for o, _ in work.catalog.referrers("account")] == ["machine"]


def test_a_failed_object_leaves_nothing(crm):
    with pytest.raises(Invalid), admin(crm) as work:
        add_object(work, {**SPEC, "sorts": ["nothing"]})
    with crm.read(SYSTEM) as work:
        assert not [t for t in schema.inspect(work.session).columns if t.startswith("x_")]
        assert "machine" not in work.catalog.objects


def test_retired_and_back(crm, add_rows):
    with admin(crm) as work:
        made = add_object(work, SPEC)
    add_rows("machine", 3)
    with admin(crm) as work:
        retire_object(work, "machine")
        assert "machine" not in work.catalog.objects
        assert work.catalog.objects_by_id[made.id].retired
    with admin(crm) as work:
        assert restore_object(work, "machine") == made
        assert work.session.value(f"SELECT COUNT(*) FROM {work.session.table(made.table)}") == 3
        add_field(work, "account", {"name": "main", "type": "lookup", "label": LABEL, "to": ["machine"]})
    with pytest.raises(Invalid, match="machine"), admin(crm) as work:
        retire_object(work, "machine")
    with pytest.raises(Invalid), admin(crm) as work:
        retire_object(work, "account")


def test_layouts_are_lists_and_can_be_reset(crm):
    with admin(crm) as work:
        set_layouts(work, "account", {"columns": ["revenue", "name"], "filters": ["grade"], "sort": "-revenue"})
        account = work.catalog.object("account")
        assert (account.columns, account.filters, account.sort) == (("revenue", "name"), ("grade",), "-revenue")
        assert any(i.columns[0] == "grade" for i in schema.indexes(account))
        assert reset_layouts(work, "account").columns == ("name", "grade")
    with pytest.raises(Invalid, match="nothing"), admin(crm) as work:
        set_layouts(work, "account", {"columns": ["nothing"]})
    with pytest.raises(BadInput), admin(crm) as work:
        set_layouts(work, "account", {"kind": "plain"})


def test_a_form_laid_out_by_hand_takes_new_fields(crm):
    with admin(crm) as work:
        form = [{"label": LABEL, "fields": ["name"]}]
        set_layouts(work, "account", {"form": form})
        add_field(work, "account", {"name": "size", "type": "integer", "label": LABEL})
        assert work.catalog.object("account").form[0].fields == ("name", "size")
        set_layouts(work, "account", {"form": form})
        assert work.catalog.object("account").form[0].fields == ("name",)


def test_settings_are_checked_and_seen(crm, other, add_rows):
    with admin(crm) as work:
        change_settings(work, {"name": "苏州机械", "currency": "USD"})
    with other.read(SYSTEM) as work:
        assert work.catalog.settings["name"] == "苏州机械"
        assert work.catalog.settings["currency"] == "USD"
    with pytest.raises(Invalid) as caught, admin(crm) as work:
        change_settings(work, {"currency": "yuan", "zone": "Mars/Base", "colour": "red"})
    assert [e.field for e in caught.value.errors] == ["currency", "zone", "colour"]
    add_rows("account", 1, revenue=10, revenue__c="USD", revenue__b=10)
    with pytest.raises(Invalid, match="amounts"), admin(crm) as work:
        change_settings(work, {"currency": "EUR"})


def test_a_pack_goes_out_and_comes_in_the_same(crm, tmp_path):
    with admin(crm) as work:
        add_object(work, SPEC)
        add_object(work, {"name": "site", "label": LABEL, "fields": [
            {"name": "machine", "type": "links", "label": LABEL, "to": ["machine"]}]})  # fmt: skip
        add_field(work, "machine", {"name": "site", "type": "lookup", "label": LABEL, "to": ["site"]})
        add_field(work, "account", {"name": "size", "type": "integer", "label": LABEL, "default": 3})
        change_field(work, "account", "grade", {"required": True})
        change_object(work, "account", {"columns": ["name", "size"], "icon": "factory"})
        change_settings(work, {"name": "Here"})
    with crm.read(SYSTEM) as work:
        out = pack.encode(pack.export(work.session, work.catalog, "mine"))
    from guanxi.base.ids import IdSource
    from guanxi.kernel.context import Space, now_micros
    from guanxi.kernel.storage.database import open_database
    from guanxi.kernel.storage.install import install

    database = open_database(f"sqlite:///{tmp_path / 'second' / 'data.db'}", tmp_path / "second")
    with database.write(catalog_change=True) as session:
        install(session, crm.apps)
    second = Space("s", tmp_path / "second", database, IdSource(2, now_micros), crm.apps)
    for _ in range(2):
        with admin(second) as work:
            apply_pack(work, pack.decode(out))
        with second.read(SYSTEM) as work:
            assert pack.encode(pack.export(work.session, work.catalog, "mine")) == out
    database.close()
    assert {"objects", "changes", "fields"} <= set(pack.json_schema()["$defs"]["Pack"]["properties"])
    with pytest.raises(BadInput, match="colour"):
        pack.decode('{"colour": 1}')
