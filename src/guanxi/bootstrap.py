"""The one place where everything is put together: apps, database, workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from guanxi.apps.collaboration.manifest import COLLABORATION
from guanxi.apps.customers.manifest import CUSTOMERS
from guanxi.apps.sales.manifest import SALES
from guanxi.base.ids import IdSource
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.defaults import ROLES
from guanxi.kernel.access.objects import CORE
from guanxi.kernel.storage.install import install
from guanxi.kernel.catalog.model import App
from guanxi.kernel.context import Space, Work, now_micros
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from guanxi.kernel.storage.database import open_database

APPS: tuple[App, ...] = (CORE, CUSTOMERS, SALES, COLLABORATION)


def open_space(
    url: str,
    folder: Path,
    *,
    name: str = "main",
    schema: str | None = None,
    apps: tuple[App, ...] = APPS,
    node: int = 0,
    last_ms: int = 0,
    clock: Callable[[], int] = now_micros,
) -> Space:
    """Opens a workspace; a new database gets its tables, roles and the apps' first rows."""
    database = open_database(url, folder, schema)
    ids = IdSource(node, clock, last_ms)
    with database.write(catalog_change=True) as session:
        install(session, apps)
    space = Space(name, folder, database, ids, apps, clock)
    _seed(space)
    return space


def _seed(space: Space) -> None:
    with space.read(system("start")) as work:
        done = set(work.catalog.settings.get("seeded", ()))
    if done.issuperset(app.name for app in space.apps):
        return
    with space.write(system("first rows of a workspace"), entry="cli", kind="seed") as work:
        for app in space.apps:
            if app.name == CORE.name and app.name not in done:
                seed_roles(work)
            elif app.seed is not None and app.name not in done:
                app.seed(work)
        value = msgspec.json.encode([app.name for app in space.apps]).decode()
        table = work.session.table("setting")
        work.session.run(f"DELETE FROM {table} WHERE name = ?", ("seeded",))
        work.session.insert("setting", ("name", "value"), [("seeded", value)])
        work.settings_changed = True


def seed_roles(work: Work) -> None:
    """The default roles, with rights an administrator may change, and the base currency."""
    zh = str(work.catalog.settings.get("language", "zh-CN")).startswith("zh")
    language = "zh-CN" if zh else "en"
    roles = [
        {
            "key": key,
            "name": label.in_(language),
            "description": purpose.in_(language),
            "rights": msgspec.json.encode(rights).decode(),
        }
        for key, label, purpose, rights in ROLES
    ]
    save(work, [Change("create", "role", values) for values in roles])
    currency = work.catalog.settings.get("currency", "CNY")
    save(work, [Change("create", "currency", {"code": currency, "name": currency, "rate": "1"})])
