"""Worlds are made in the small shop; the other tests here use the whole product."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from guanxi.base.ids import IdSource
from guanxi.kernel.context import Space, now_micros
from guanxi.kernel.storage.install import install
from tests.kernel.records import shop

if TYPE_CHECKING:
    from guanxi.kernel.storage.database import Database


@pytest.fixture
def small(database: Database, tmp_path: Path) -> Any:
    """An installed workspace of the made-up shop."""
    with database.write(catalog_change=True) as session:
        install(session, shop.APPS)
    return Space("test", tmp_path, database, IdSource(1, now_micros), shop.APPS)
