"""`explain` leaves nothing out that a save runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guanxi.base.errors import BadInput
from guanxi.kernel.access.actors import system
from guanxi.kernel.explain import ROOT, explain, function_name


def test_every_rule_and_reaction_of_every_object_is_named_with_its_place(space: Any) -> None:
    with space.read(system("test")) as work:
        catalog = work.catalog
    for target in catalog.objects.values():
        steps = explain(catalog, target.name)
        assert [s.stage for s in steps][:2] == ["may", "parse"]
        named = {(s.name, s.place) for s in steps}
        for rule in target.rules:
            code = rule.fn.__code__
            place = f"{Path(code.co_filename).relative_to(ROOT)}:{code.co_firstlineno}"
            assert (function_name(rule.fn), place) in named
            for read in rule.reads:
                assert any(read.object in str(s.text) and s.place == place for s in steps)
        for app in catalog.apps:
            for event, functions in app.reactions.items():
                if event.startswith(f"{target.name}."):
                    assert {function_name(f) for f in functions} <= {s.name for s in steps if s.stage == "reaction"}
        for field in target.fields:
            if field.required:
                assert any(s.stage == "constraint" and s.name == field.name for s in steps)


def test_order_is_that_of_the_save(space: Any) -> None:
    with space.read(system("test")) as work:
        stages = [s.stage for s in explain(work.catalog, "opportunity")]
    order = ["may", "parse", "default", "number", "lines", "fill", "check", "constraint", "log", "follower", "reaction"]
    firsts = [stages.index(stage) for stage in order if stage in stages]
    assert firsts == sorted(firsts)
    assert {"fill", "check", "reaction", "number"} <= set(stages)


def test_a_mistyped_name_gets_the_nearest(space: Any) -> None:
    with space.read(system("test")) as work, pytest.raises(BadInput, match="opportunity"):
        explain(work.catalog, "oportunity")
