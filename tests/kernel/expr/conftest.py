"""Both databases, opened once for all tests of expressions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import postgres
from tests.kernel.expr.table import Both


@pytest.fixture(scope="module")
def both(pg_server: str) -> Iterator[Both]:
    with postgres.fresh_database(pg_server) as url:
        found = Both(url)
        yield found
        found.close()
