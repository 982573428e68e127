"""Snapshots are quick to make, and what did not change is taken over."""

import time

import pytest

from guanxi.base.errors import BadInput
from guanxi.base.i18n import L
from guanxi.kernel.access.objects import CORE
from guanxi.kernel.catalog import declare as d
from guanxi.kernel.catalog.model import App, Object
from guanxi.kernel.catalog.snapshot import load, raise_version
from guanxi.kernel.storage.install import install

X = L("X", "甲")
MANY = tuple(
    Object(f"thing_{n}", X, X, fields=(d.text("name", X), *(d.integer(f"n{i}", X) for i in range(49))))
    for n in range(100)
)
APPS = (CORE, App("mine", X, "", objects=MANY))


def test_a_hundred_objects_of_fifty_fields_load_in_a_quarter_of_a_second(database):
    with database.write(catalog_change=True) as session:
        install(session, APPS)
        took = []
        for _ in range(3):
            start = time.process_time()
            first = load(session, APPS)
            took.append(time.process_time() - start)
        assert min(took) <= 0.25
        assert load(session, APPS, first) is first
        raise_version(session)
        second = load(session, APPS, first)
        assert second.version == first.version + 1
        assert all(second.objects[name] is first.objects[name] for name in first.objects)
        assert second.memo == {}


def test_unknown_names_get_the_nearest(database):
    with database.write(catalog_change=True) as session:
        install(session, (CORE,))
        catalog = load(session, (CORE,))
    with pytest.raises(BadInput, match="Did you mean “currency”"):
        catalog.object("curency")
    with pytest.raises(BadInput, match="Did you mean “email”"):
        catalog.field(catalog.object("user"), "emial")
