"""A workspace whose people have encrypted fields of every type, in a home folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from guanxi.base.i18n import L
from guanxi.base.ids import IdSource
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.objects import CORE
from guanxi.kernel.catalog.declare import email, long_text, phone, text
from guanxi.kernel.catalog.model import App, Object
from guanxi.kernel.context import Space, now_micros
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from guanxi.kernel.storage.database import open_database
from guanxi.kernel.storage.install import install

if TYPE_CHECKING:
    from guanxi.kernel.storage.session import Session

CLIENT = Object(
    "client",
    L("Client", "客户"),
    L("Clients", "客户"),
    fields=(
        text("name", L("Name", "姓名"), required=True),
        text("code", L("Code", "编号"), encrypted=True, unique=True),
        text("id_number", L("ID number", "身份证号"), check="identity", encrypted=True, sensitive=True),
        long_text("diagnosis", L("Diagnosis", "诊断"), encrypted=True),
        phone("mobile", L("Mobile", "手机"), encrypted=True),
        email("mail", L("Mail", "邮箱"), encrypted=True),
    ),
    search=("name",),
)
APPS = (CORE, App("vault", L("Vault", "保险柜"), "Tests.", needs=("core",), objects=(CLIENT,)))
SECRETS = {"code": "Quetzal-77", "id_number": "11010519491231002X", "diagnosis": "gloomy sphinx",
           "mobile": "+8613912345678", "mail": "quartz@example.com"}  # fmt: skip
ALL = {"*": dict.fromkeys(("create", "read", "edit", "delete", "export"), "all")}
ROLES: dict[str, dict[str, Any]] = {
    "masked": {"objects": ALL, "fields": {f"client.{n}": "masked" for n in SECRETS}, "abilities": ["reveal"]},
    "blind": {"objects": ALL, "fields": {f"client.{n}": "none" for n in SECRETS}},
    "reads": {"objects": ALL},
}


@pytest.fixture
def space(engine: str, database_url: str, tmp_path: Path) -> Iterator[Space]:
    folder = tmp_path / "main"
    folder.mkdir()
    url = f"sqlite:///{folder / 'data.db'}" if engine == "sqlite" else database_url
    database = open_database(url, folder)
    with database.write(catalog_change=True) as session:
        install(session, APPS)
    yield Space("main", folder, database, IdSource(1, now_micros), APPS)
    database.close()


@pytest.fixture
def who(space: Space) -> dict[str, int]:
    """A person per role."""
    found: dict[str, int] = {}
    with space.write(system("test people")) as work:
        texts = {name: msgspec.json.encode(spec).decode() for name, spec in ROLES.items()}
        roles = {n: save(work, [Change("create", "role", {"name": n, "rights": r})]).id for n, r in texts.items()}
    with space.write(system("test people")) as work:
        for name, role in roles.items():
            values = {"name": name, "email": f"{name}@example.com", "roles": [role]}
            found[name] = save(work, [Change("create", "user", values)]).id
    return found


def client(space: Space, **values: str) -> int:
    with space.write(system("test")) as work:
        return save(work, [Change("create", "client", {"name": "Li", **values})]).id


def tables(session: Session) -> list[str]:
    if session.dialect == "sqlite":
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    else:
        sql = "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    return [name for (name,) in session.rows(sql)]


def everything_kept(space: Space) -> bytes:
    """All rows of all tables, and all bytes of the home folder but the keys."""
    with space.db.read(timeout=None) as session:
        rows = [str(session.rows(f"SELECT * FROM {session.table(name)}")) for name in tables(session)]
    files = [p.read_bytes() for p in space.folder.parent.rglob("*") if p.is_file() and p.parent.name != "keys"]
    return "\n".join(rows).encode() + b"\n".join(files)


def plain_in(kept: bytes) -> list[str]:
    """Secrets that stand in it, in any of the forms people write them."""
    forms = {*SECRETS.values(), "13912345678", "139 1234 5678", "quetzal-77", "11010519491231002x"}
    return sorted(s for s in forms if s.encode() in kept or s.encode("utf-16-le") in kept)
