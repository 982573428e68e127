"""People of two teams with a manager above, and the API, for tests that try to get at what is not theirs."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests import make
from tests.entrypoints.api.conftest import app, client

__all__ = ["app", "client"]


@dataclass(frozen=True, slots=True)
class People:
    """Sellers of two teams, the manager of the first one, an administrator."""

    anna: int
    bert: int
    manager: int
    admin: int
    team: int
    other_team: int


def teams(space: Space) -> tuple[int, int, int]:
    """A team above, one below it, and one beside."""
    with space.write(system("test")) as work:
        above, beside = save(work, [Change("create", "team", {"name": n}) for n in ("Above", "Beside")]).ids
    with space.write(system("test")) as work:
        below = save(work, [Change("create", "team", {"name": "Below", "parent": str(above)})]).id
    return above, below, beside


@pytest.fixture
def people(space: Space) -> People:
    above, below, beside = teams(space)
    return People(
        make.person(space, "sales", team=below),
        make.person(space, "sales", team=beside),
        make.person(space, "sales_manager", team=above),
        make.person(space, "administrator"),
        below,
        beside,
    )
