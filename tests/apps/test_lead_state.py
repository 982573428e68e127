"""A lead becomes converted by converting it, not by choosing the word."""

from __future__ import annotations

import pytest

from guanxi.base.errors import Invalid
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save


def test_the_state_converted_needs_what_it_became(space: Space) -> None:
    with space.write(system("test"), entry="form") as work:
        ident = save(work, [Change("create", "lead", {"name": "何女士", "mobile": "13800001234"})]).id
    with pytest.raises(Invalid) as caught, space.write(system("test"), entry="form") as work:
        save(work, [Change("edit", "lead", {"state": "converted"}, id=ident)])
    assert caught.value.errors[0].field == "state"
