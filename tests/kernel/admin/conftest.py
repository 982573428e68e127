"""A small workspace of its own: the kernel's objects and one app, on both databases."""

import pytest

from guanxi.base.i18n import L
from guanxi.base.ids import IdSource
from guanxi.kernel.access.objects import CORE
from guanxi.kernel.catalog import declare as d
from guanxi.kernel.catalog.model import App, Object, Section
from guanxi.kernel.context import Space, now_micros
from guanxi.kernel.storage.install import install

ACCOUNT = Object(
    "account",
    L("Account", "客户"),
    L("Accounts", "客户"),
    fields=(
        d.text("name", L("Name", "名称"), required=True, max_length=100),
        d.choice(
            "grade",
            L("Grade", "等级"),
            d.c("a", L("A", "A"), locked=True),
            d.c("b", L("B", "B")),
            d.c("c", L("C", "C")),
        ),
        d.money("revenue", L("Revenue", "营收")),
    ),
    columns=("name", "grade"),
    form=(Section(L("Main", "基本"), ("name", "grade")),),
)
APPS = (CORE, App("crm", L("CRM", "客户"), "test", objects=(ACCOUNT,)))


@pytest.fixture
def crm(database, tmp_path):
    with database.write(catalog_change=True) as session:
        install(session, APPS)
    return Space("t", tmp_path, database, IdSource(0, now_micros), APPS)


@pytest.fixture
def other(crm, tmp_path):
    """Another process on the same database: its own snapshot."""
    return Space("t", tmp_path, crm.db, IdSource(1, now_micros), APPS)


@pytest.fixture
def add_rows(crm):
    """Records by plain SQL."""

    def add(object_name, n, **values):
        with crm.db.write() as session:
            obj = crm.catalog(session).object(object_name)
            ids = [crm.ids.next() for _ in range(n)]
            columns = ("id", "version", "created_at", "updated_at", *values)
            session.insert(obj.table, columns, [(i, 1, 0, 0, *values.values()) for i in ids])
        return ids

    return add
