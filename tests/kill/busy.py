"""A process that does everything a workspace does, at random, and says aloud what was acknowledged."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from guanxi.base.errors import Conflict, Problem
from guanxi.bootstrap import open_space
from guanxi.kernel.admin.fields import add_field
from guanxi.kernel.changes.feed import follow, seal
from guanxi.kernel.context import Space
from guanxi.kernel.records.bulk import BulkEdit, bulk_edit
from guanxi.kernel.records.merge import Merge, merge
from guanxi.kernel.records.search_index import search_follower
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.write import save

Said = list[dict[str, Any]]


class Busy:
    """One such process; a plain class: it remembers what it made."""

    def __init__(self, space: Space, actor: int, seed: int) -> None:
        self.space, self.actor, self.seed = space, actor, seed
        self.chance, self.numbers = random.Random(seed), count(1)
        self.made: list[int] = []
        self.operations: list[int] = []

    def create(self) -> Said:
        wanted = [Change("create", "contact", self._values()) for _ in range(self.chance.choice((1, 1, 3, 40)))]
        with self.space.write(self.actor) as work:
            saved = save(work, wanted)
        self.operations.append(saved.operation)
        self.made += [int(o.id or 0) for o in saved.outcomes]
        return [{"id": o.id, "version": o.version} for o in saved.outcomes]

    def _values(self) -> dict[str, Any]:
        number = next(self.numbers)
        interests = self.chance.sample(["sport", "travel", "tea", "music"], 2)
        return {"name": f"王小明{self.seed}-{number}", "interests": interests, "tags": [f"t{number % 5}", "all"]}

    def edit(self) -> Said:
        ident = self.chance.choice(self.made)
        with self.space.write(self.actor) as work:
            values = {"title": f"经理{next(self.numbers)}", "tags": [f"t{next(self.numbers) % 7}"]}
            saved = save(work, [Change("edit", "contact", values, id=ident)], collect=True)
        return [{"id": o.id, "version": o.version} for o in saved.outcomes if not o.errors]

    def trash(self) -> Said:
        with self.space.write(self.actor) as work:
            saved = save(work, [Change("trash", "contact", id=self.chance.choice(self.made))], collect=True)
        return [{"id": o.id, "version": o.version} for o in saved.outcomes if not o.errors]

    def bulk(self) -> Said:
        number = next(self.numbers)
        edit = BulkEdit("edit", "contact", 'starts_with(name, "王")', values={"department": f"部门{number}"})
        result = bulk_edit(self.space, self.actor, edit)
        return [{"operation": result.operation}]

    def undo(self) -> Said:
        try:
            undo(self.space, self.actor, self.operations.pop(), edited="take")
        except Conflict:
            return []  # a merge of what was merged again since
        return []

    def merge(self) -> Said:
        winner, *losers = self.chance.sample(sorted(set(self.made)), min(len(set(self.made)), 3))
        try:
            with self.space.write(self.actor, kind="merge") as work:
                self.operations.append(merge(work, Merge("contact", winner, tuple(losers))).operation)
        except Problem:
            return []  # one of them is in the trash
        return []

    def field(self) -> Said:
        name = f"extra{self.seed}_{next(self.numbers)}"
        with self.space.write(self.actor, kind="catalog", catalog_change=True) as work:
            made = add_field(work, "contact", {"name": name, "type": "text", "label": {"en": name, "zh": name}})
        return [{"field": made.name}]

    def index(self) -> Said:
        seal(self.space.db)
        follow(self.space.db, search_follower(self.space))
        return []

    def step(self) -> Said:
        """Anything, with what exists already."""
        choices: list[Callable[[], Said]] = [self.create, self.index]
        if self.made:
            choices += [self.edit, self.edit, self.edit, self.trash, self.bulk]
        if len(set(self.made)) > 2:
            choices.append(self.merge)
        if self.operations:
            choices.append(self.undo)
        if self.chance.random() < 0.2:
            choices = [self.field]
        return self.chance.choice(choices)()


def run(url: str, folder: Path, actor: int, seed: int, out: int) -> None:
    """Works until killed; a line is written only after the commit returned."""
    busy = Busy(open_space(url, folder, node=seed), actor, seed)
    while True:
        said = busy.step()
        os.write(out, (json.dumps(said) + "\n").encode())
