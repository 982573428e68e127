"""Fields made at run time: real columns, seen by others, taken back together on failure."""

from contextlib import suppress

import pytest

from guanxi.base.errors import BadInput, Forbidden, Invalid
from guanxi.base.i18n import L
from guanxi.kernel.access.actors import SYSTEM, Actor
from guanxi.kernel.access.rights import Rights
from guanxi.kernel.admin.fields import add_field, change_field, restore_field, retire_field, retired_fields
from guanxi.kernel.catalog.model import Choice
from guanxi.kernel.storage import schema

LABEL = {"en": "Staff count", "zh": "人数"}


def admin(space):
    return space.write(SYSTEM, kind="catalog", catalog_change=True)


def columns(space, table):
    with space.read(SYSTEM) as work:
        return schema.inspect(work.session).columns.get(table, set())


def test_a_field_is_a_column_that_others_see(crm, other):
    with other.read(SYSTEM) as work:
        before = work.catalog
    with admin(crm) as work:
        made = add_field(work, "account", {"type": "integer", "label": LABEL})
        assert (made.name, made.custom, made.column) == ("staff_count", True, f"f_{made.id}")
        assert work.catalog.object("account").form[-1].fields == ("name", "grade", "staff_count")
    assert made.column in columns(crm, "account")
    with other.read(SYSTEM) as work:
        assert work.catalog.version > before.version
        assert work.catalog.field(work.catalog.object("account"), "staff_count") == made
        assert work.catalog.object("user") is before.object("user")
        assert work.catalog.fields_by_id[made.id][1] == made


@pytest.mark.parametrize("kind", ["money", "tags", "address", "text", "date", "files", "user", "boolean"])
def test_every_kind_gets_its_columns(crm, kind):
    with admin(crm) as work:
        made = add_field(work, "account", {"name": "extra", "type": kind, "label": LABEL})
        account = work.catalog.object("account")
        assert set(work.catalog.columns(account)) <= schema.inspect(work.session).columns["account"]
        assert schema.plan(work.session, [account]) == []
    if kind == "tags":
        assert columns(crm, f"m_account_{made.column}") == {"a", "b"}


def test_a_failed_change_leaves_nothing(crm):
    before = columns(crm, "account")
    with suppress(ZeroDivisionError), admin(crm) as work:
        add_field(work, "account", {"type": "integer", "label": LABEL})
        1 / 0  # noqa: B018 - the process stumbles after the DDL
    bad = {"name": "x", "type": "lookup", "label": LABEL, "to": ["nowhere"]}
    with pytest.raises(Invalid) as caught, admin(crm) as work:
        add_field(work, "account", bad)
    assert caught.value.errors[0].field == "x"
    assert columns(crm, "account") == before
    with crm.read(SYSTEM) as work:
        assert "staff_count" not in work.catalog.fields(work.catalog.object("account"))
        assert work.session.value(f"SELECT COUNT(*) FROM {work.session.table('meta_field')} WHERE custom = 1") == 0


def test_retired_and_back(crm, add_rows):
    with admin(crm) as work:
        made = add_field(work, "account", {"name": "size", "type": "integer", "label": LABEL})
    add_rows("account", 1, **{made.column: 7})
    with admin(crm) as work:
        retire_field(work, "account", "size")
        account = work.catalog.object("account")
        assert "size" not in work.catalog.fields(account)
        assert account.form[-1].fields == ("name", "grade")
        assert work.catalog.fields_by_id[made.id][1].retired
        assert [f.name for f in retired_fields(work, "account")] == ["size"]
    with pytest.raises(Invalid), admin(crm) as work:
        add_field(work, "account", {"name": "size", "type": "text", "label": LABEL})
    with admin(crm) as work:
        back = restore_field(work, "account", "size")
        assert back == made
        table = work.session.table("account")
        assert work.session.value(f'SELECT "{back.column}" FROM {table}') == 7


def test_what_a_formula_needs_cannot_go(crm):
    with admin(crm) as work:
        add_field(work, "account", {"name": "size", "type": "integer", "label": LABEL})
        twice = {"name": "twice", "type": "formula", "label": LABEL, "formula": "size * 2", "result": "integer"}
        add_field(work, "account", twice)
    with pytest.raises(Invalid) as caught, admin(crm) as work:
        retire_field(work, "account", "size")
    assert caught.value.errors[0].field == "twice"


def test_a_declared_field_may_be_tightened_only(crm):
    with admin(crm) as work:
        grade = change_field(
            work,
            "account",
            "grade",
            {
                "required": True,
                "label": {"en": "Class", "zh": "级别"},
                "choices": [
                    {"key": "d", "label": {"en": "D", "zh": "D"}},
                    {"key": "b", "label": {"en": "Second", "zh": "乙"}, "retired": True},
                ],
            },
        )
        assert grade.required
        assert grade.label.en == "Class"
        keys = [(c.key, c.retired) for c in grade.options["choices"]]
        assert keys == [("d", False), ("b", True), ("a", False), ("c", False)]
        assert change_field(work, "account", "name", {"max_length": 50}).options["max_length"] == 50
    for wish in ({"required": False}, {"max_length": 500}, {"sortable": False}, {"type": "long_text"}):
        with pytest.raises(Invalid), admin(crm) as work:
            change_field(work, "account", "name", wish)
    gone = Choice("a", L("A", "A"), retired=True)
    with pytest.raises(Invalid), admin(crm) as work:
        change_field(work, "account", "grade", {"choices": [gone]})
    with pytest.raises(Invalid), admin(crm) as work:
        retire_field(work, "account", "name")


def test_a_run_time_choice_keeps_its_old_values(crm):
    with admin(crm) as work:
        a, b = ({"key": k, "label": {"en": k, "zh": k}} for k in "ab")
        add_field(work, "account", {"name": "hue", "type": "choice", "label": LABEL, "choices": [a, b]})
        changed = change_field(work, "account", "hue", {"choices": [b]})
        assert [c.key for c in changed.options["choices"]] == ["b", "a"]


def test_unique_needs_distinct_values(crm, add_rows):
    add_rows("account", 2, name="Same")
    with pytest.raises(Invalid) as caught, admin(crm) as work:
        change_field(work, "account", "name", {"unique": True})
    assert "Same" in str(caught.value)


def test_bad_wishes_are_named(crm):
    with pytest.raises(BadInput, match="colour"), admin(crm) as work:
        add_field(work, "account", {"type": "colour", "label": LABEL})
    with pytest.raises(BadInput, match="lable"), admin(crm) as work:
        add_field(work, "account", {"type": "text", "lable": LABEL})
    with pytest.raises(BadInput, match="Did you mean “account”"), admin(crm) as work:
        add_field(work, "acount", {"type": "text", "label": LABEL})
    somebody = Actor(7, "Somebody", Rights())
    with pytest.raises(Forbidden), crm.write(somebody, catalog_change=True) as work:
        add_field(work, "account", {"type": "text", "label": LABEL})


def test_the_change_is_logged(crm):
    with admin(crm) as work:
        made = add_field(work, "account", {"name": "size", "type": "integer", "label": LABEL})
    with crm.read(SYSTEM) as work:
        sql = f"SELECT object, op FROM {work.session.table('change')} WHERE record = ?"
        assert work.session.rows(sql, (made.id,)) == [(22, "create")]
