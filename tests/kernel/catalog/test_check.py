"""Planted faults: each is found, and named by app, object and field."""

from dataclasses import dataclass, replace

import pytest

from guanxi.base.i18n import L
from guanxi.kernel.access.objects import CORE
from guanxi.kernel.catalog import declare as d
from guanxi.kernel.catalog.check import check, faults
from guanxi.kernel.catalog.fault import CatalogError
from guanxi.kernel.catalog.model import (
    Action,
    App,
    Cap,
    Field,
    Object,
    Read,
    Rule,
    ScheduledJob,
    Section,
    Steps,
    Unique,
)
from guanxi.kernel.catalog.system import KERNEL_TABLES

X = L("X", "甲")
NAME = d.text("name", X)


def thing(*fields: Field, **options) -> Object:
    options.setdefault("name", "thing")
    return Object(label=X, plural=X, fields=(NAME, *fields), **options)


def apps(*objects: Object, **options) -> tuple[App, ...]:
    other = App("other", X, "", objects=(Object("far", X, X, fields=(NAME,)),))
    return (CORE, other, App("mine", X, "", objects=objects, **options))


@dataclass(frozen=True)
class Nothing:
    pass


def act(*_: object) -> None: ...


FAULTS = {
    "lookup to nowhere": (apps(thing(d.lookup("a", X, to="nowhere"))), "mine.thing.a", "target"),
    "one of several targets": (apps(thing(d.lookup("a", X, to=("user", "nowhere")))), "mine.thing.a", "target"),
    "lookup outside needs": (apps(thing(d.lookup("a", X, to="far"))), "mine.thing.a", "needs"),
    "links outside needs": (apps(thing(d.links("a", X, to="far"))), "mine.thing.a", "needs"),
    "extension outside needs": (apps(extends={"far": (d.date("on", X),)}), "mine.far", "needs"),
    "extension of nothing": (apps(extends={"nowhere": (d.date("on", X),)}), "mine.nowhere", "extends"),
    "required extension": (
        apps(needs=("other",), extends={"far": (d.date("on", X, required=True),)}),
        "mine.far.on",
        "required",
    ),
    "unknown need": (apps(needs=("gone",)), "mine", "needs"),
    "two fields": (apps(thing(d.date("a", X), d.text("a", X))), "mine.thing.a", "duplicate"),
    "column of another": (apps(thing(d.money("a", X), d.text("a__c", X))), "mine.thing.a__c", "name"),
    "column of a run-time field": (apps(thing(d.text("f_101", X))), "mine.thing.f_101", "reserved"),
    "two objects": (apps(thing(), thing()), "mine.thing", "duplicate"),
    "object of the core again": (apps(thing(name="user")), "mine.user", "duplicate"),
    "system column": (apps(thing(d.user("owner", X))), "mine.thing.owner", "reserved"),
    "kernel table": (apps(thing(name="change")), "mine.change", "reserved"),
    "kernel prefix": (apps(thing(name="x_thing")), "mine.x_thing", "reserved"),
    "bad name": (apps(thing(d.text("Größe", X))), "mine.thing.Größe", "name"),
    "no type": (apps(thing(Field("a", "colour", X, "a"))), "mine.thing.a", "type"),
    "no choices": (apps(thing(d.choice("a", X))), "mine.thing.a", "choices"),
    "a choice twice": (apps(thing(d.choice("a", X, d.c("k", X), d.c("k", X)))), "mine.thing.a", "choices"),
    "default no choice": (apps(thing(d.choice("a", X, d.c("k", X), default="z"))), "mine.thing.a", "default"),
    "default of another type": (apps(thing(d.date("a", X, default="@me"))), "mine.thing.a", "default"),
    "range": (apps(thing(d.integer("a", X, min=5, max=1))), "mine.thing.a", "range"),
    "number format": (apps(thing(d.auto_number("a", X, format="OPP"))), "mine.thing.a", "format"),
    "unique files": (apps(thing(d.files("a", X, unique=True))), "mine.thing.a", "unique"),
    "required but cleared": (
        apps(thing(d.lookup("a", X, to="user", required=True, on_delete="clear"))),
        "mine.thing.a",
        "on_delete",
    ),
    "formula does not parse": (
        apps(thing(d.formula("a", X, formula="1 +", result="decimal"))),
        "mine.thing.a",
        "expression",
    ),
    "formula of nothing": (
        apps(thing(d.formula("a", X, formula="price * 2", result="decimal"))),
        "mine.thing.a",
        "expression",
    ),
    "formula of another kind": (
        apps(thing(d.formula("a", X, formula="name", result="decimal"))),
        "mine.thing.a",
        "expression",
    ),
    "formula of itself": (
        apps(thing(d.formula("a", X, formula="a + 1", result="decimal"))),
        "mine.thing.a",
        "expression",
    ),
    "unknown title": (apps(thing(title="nam")), "mine.thing.nam", "layout"),
    "unknown column": (apps(thing(columns=("nam",))), "mine.thing.nam", "layout"),
    "unknown in form": (apps(thing(form=(Section(X, ("nam",)),))), "mine.thing.nam", "layout"),
    "twice in form": (apps(thing(form=(Section(X, ("name", "name")),))), "mine.thing.name", "layout"),
    "unknown facet": (apps(thing(filters=("nam",))), "mine.thing.nam", "filters"),
    "facet of text": (apps(thing(d.long_text("a", X), filters=("a",))), "mine.thing.a", "filters"),
    "unknown sort": (apps(thing(sort="-nam")), "mine.thing.nam", "sorts"),
    "sort by tags": (apps(thing(d.tags("a", X), sorts=("a",))), "mine.thing.a", "sorts"),
    "seven sorts": (
        apps(thing(*(d.date(f"d{i}", X) for i in range(7)), sorts=tuple(f"d{i}" for i in range(7)))),
        "mine.thing",
        "sorts",
    ),
    "steps by text": (apps(thing(steps=Steps("name"))), "mine.thing.name", "steps"),
    "steps by record": (apps(thing(d.lookup("a", X, to="thing"), steps=Steps("a"))), "mine.thing.a", "steps"),
    "unique of nothing": (apps(thing(unique=(Unique(("nam",)),))), "mine.thing.nam", "unique"),
    "cap of nothing": (apps(thing(caps=(Cap(("nam",), 1),))), "mine.thing.nam", "caps"),
    "cap with a wrong condition": (apps(thing(caps=(Cap(("name",), 1, "nam = 1"),))), "mine.thing", "expression"),
    "rule reads nothing": (
        apps(thing(d.user("a", X), rules=(Rule(act, (Read("user", "a", ("colour",)),)),))),
        "mine.thing.a",
        "rules",
    ),
    "access through nothing": (apps(thing(access="parent")), "mine.thing", "lookup"),
    "lines of a record": (apps(thing(lines=("far",))), "mine.thing", "lines"),
    "action of nothing": (apps(actions=(Action("go", "gone", X, act, Nothing),)), "mine.gone", "action"),
    "action input": (apps(thing(), actions=(Action("go", "thing", X, act, int),)), "mine.thing", "action"),
    "no event": (apps(reactions={"paid": (act,)}), "mine", "event"),
    "no cron": (apps(jobs=(ScheduledJob("j", "hourly", act),)), "mine", "cron"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_and_named(name):
    planted, where, code = FAULTS[name]
    found = {(f.where, f.code) for f in faults(planted)}
    assert (where, code) in found


def test_all_faults_come_in_one_error():
    planted = apps(thing(d.lookup("a", X, to="nowhere"), d.choice("b", X), columns=("c",)))
    with pytest.raises(CatalogError) as caught:
        check(planted)
    assert [f.where for f in caught.value.faults] == ["mine.thing.a", "mine.thing.b", "mine.thing.c"]
    assert "nowhere" in str(caught.value)


def test_right_declarations_pass():
    line = Object("line", X, X, kind="plain", parent="thing", access="parent", access_via="thing",
                  fields=(NAME, d.lookup("thing", X, to="thing", on_delete="cascade", required=True)))  # fmt: skip
    whole = thing(
        d.money("amount", X), d.percent("odds", X), d.lookup("far", X, to="far"), d.lookup("boss", X, to="user"),
        d.formula("hope", X, formula="amount * odds / 100", result="money"),
        d.formula("twice", X, formula="hope + hope", result="money"),
        kind="document", lines=("line",), columns=("name", "owner", "hope", "created_at"), sorts=("name", "amount"),
        caps=(Cap(("owner",), 3, "amount > 10 and boss.name != null"),),
    )  # fmt: skip
    assert [str(f) for f in faults(apps(whole, line, needs=("other",)))] == []


def test_the_reserved_names_are_all_kernel_tables():
    from guanxi.kernel.storage.tables import EPHEMERAL, KERNEL

    assert {*KERNEL.tables, *EPHEMERAL.tables} <= KERNEL_TABLES


def test_core_is_without_fault():
    assert list(faults((CORE,))) == []
    assert replace(CORE) == CORE
