"""Makes the sample company and loads it into a workspace as one operation that can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from random import Random

from guanxi.apps.samples.activities import activity_batches, stamp_last_contacts
from guanxi.apps.samples.customers import customer_batches
from guanxi.apps.samples.deals import deal_batches
from guanxi.apps.samples.leads import lead_batches
from guanxi.apps.samples.people import product_batches, team_batches, user_batches
from guanxi.apps.samples.world import Batch, Row, World
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.settings import store_setting
from guanxi.kernel.changes.log import close_operation
from guanxi.kernel.context import Space, Work
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

SEED = 20_210_601
COMPANY, COMPANY_EN = "远山自动化", "Yuanshan Automation"
Config = Mapping[str, Mapping[str, int]]


def sample_changes(
    today: int, new_id: Callable[[], int], config: Config, *, seed: int = SEED, size: float = 1.0
) -> Iterator[list[Batch]]:
    """
    The whole company as batches of rows, in three parts that must be committed one after the other: settings,
    people, records. Pure: the same arguments give the same rows. `_id` is the row's id, other `_` keys are notes.
    """
    world = World(today, new_id, config, Random(seed), size)  # noqa: S311 - dice, not secrets
    yield list(team_batches(world))
    yield list(user_batches(world))
    makers = (product_batches, customer_batches, deal_batches, lead_batches, activity_batches)
    batches = [batch for maker in makers for batch in maker(world)]
    stamp_last_contacts(world)
    yield batches


def load_samples(space: Space, *, seed: int = SEED, size: float = 1.0) -> int:
    """Loads the sample company, dated so that today is alive; returns the operation (undo it to start empty)."""
    actor = system("sample data")
    with space.write(actor, entry="demo", kind="demo") as work:
        operation = work.begin_operation()
        store_setting(work, "samples", operation)  # pages say that it is sample data, and how to be rid of it
        parts = sample_changes(work.today, space.ids.next, _known(work), seed=seed, size=size)
        _store(work, next(parts))
    for part in parts:
        with space.write(actor, entry="demo", kind="demo", bulk=True, operation=operation) as work:
            _store(work, part)
    with space.write(actor, entry="demo", kind="demo", operation=operation) as work:
        close_operation(work.session, operation)
        store_setting(work, "name", COMPANY if work.catalog.settings.get("language") != "en" else COMPANY_EN)
        store_setting(work, "samples", str(operation))
    return operation


def _known(work: Work) -> Config:
    """Settings the workspace has from its first day, by key or in order."""
    config = work.catalog.config
    first = min(config["pipeline"].values(), key=lambda row: (row["position"] or 0, row["id"]))["id"]
    stages = sorted(
        (row for row in config["stage"].values() if row["pipeline"] == first), key=lambda row: row["position"] or 0
    )
    open_ones = [row for row in stages if row["kind"] == "open"]
    closed = [next(row for row in stages if row["kind"] == kind) for kind in ("won", "lost")]
    return {
        "role": {row["key"]: ident for ident, row in config["role"].items()},
        "stage": {str(row["id"]): row["id"] for row in (*open_ones, *closed)},
        "customer_class": {row["name"]: ident for ident, row in config["customer_class"].items()},
    }


def _store(work: Work, batches: Iterable[Batch]) -> None:
    for name, rows in batches:
        save(work, [_change(name, row) for row in rows])


def _change(name: str, row: Row) -> Change:
    values = {key: value for key, value in row.items() if not key.startswith("_") and value is not None}
    lines = {line: [_change(line, one) for one in many] for line, many in row.get("_lines", {}).items()}
    return Change("edit" if row.get("_edit") else "create", name, values, id=row.get("_id"), lines=lines)
