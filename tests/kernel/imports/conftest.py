"""Imports made in one line: bytes in, a run out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from guanxi.base.i18n import render
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.imports import state
from guanxi.kernel.imports.mapping import ColumnMap, FileMap, suggest
from guanxi.kernel.imports.run import execute
from guanxi.kernel.imports.state import Fault, Run
from guanxi.kernel.imports.table import open_table

Start = Callable[..., Run]


def start_run(space: Space, target: str, data: bytes, *, name: str = "file.csv", **given: Any) -> Run:
    """An import with its file in place and a mapping: suggested, or `fields` as {field: column or ColumnMap}."""
    who = given.pop("who", None) or system("test")
    fields = given.pop("fields", None)
    with space.write(who) as work:
        run = state.new_run(work, target, name)
        state.keep_file(space, run, [data])
        table = open_table(state.path_of(space, run), name)
        if fields is None:
            made = suggest(work, work.catalog.object(target), table.header)
            file_map = FileMap(made.fields, **{"key": made.key, **given})
        else:
            maps = [m if isinstance(m, ColumnMap) else ColumnMap(f, m) for f, m in fields.items()]
            file_map = FileMap(maps, **given)
        state.set_map(work.session, run, FileMap(file_map.fields, file_map.key, file_map.mode, file_map.empty,
                                                 file_map.fixed, table.header, file_map.similar))  # fmt: skip
    return run


@pytest.fixture
def start(space: Space) -> Start:
    return lambda *given, **named: start_run(space, *given, **named)


@pytest.fixture
def load(space: Space) -> Start:
    """Starts an import and runs it to its end."""
    return lambda *given, **named: execute(space, start_run(space, *given, **named))


@pytest.fixture
def faults(space: Space) -> Callable[[Run], list[Fault]]:
    def found(run: Run) -> list[Fault]:
        with space.read(system("test")) as work:
            return state.faults_of(work.session, run.id)

    return found


def said(fault: Fault) -> str:
    """The first reason in English."""
    return str(render(fault.errors[0][2], "en"))
