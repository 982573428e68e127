"""The Febrl sets of person records with known duplicates, and rules for them; kept outside of the project."""

from __future__ import annotations

import csv
import gzip
import os
from pathlib import Path
from typing import Any

from guanxi.base.i18n import Label
from guanxi.kernel.matching.score import ComparePlan, KeyPlan, MatchPlan

FOLDER = Path(os.environ.get("GUANXI_DATA", Path(__file__).parents[4] / "shared" / "data")) / "febrl_duplicates"
SETS = ("dataset1", "dataset2", "dataset3")


def _key(name: str, *parts: tuple[str, str]) -> KeyPlan:
    return KeyPlan(name, Label(name, name), tuple(((column,), how) for column, how in parts), 0, "warn")


def _compare(column: str, how: str, weight: int) -> ComparePlan:
    return ComparePlan((column,), (column,), how, weight, Label(column, column))


KEYS = (
    _key("soc", ("soc_sec_id", "code")),
    _key("names", ("given_name", "sound"), ("surname", "sound")),
    _key("birth", ("date_of_birth", "code"), ("postcode", "code")),
    _key("born", ("given_name", "start"), ("date_of_birth", "code")),
    _key("street", ("address_1", "text"), ("street_number", "text")),
)
COMPARE = (
    _compare("given_name", "text", 15),
    _compare("surname", "text", 20),
    _compare("date_of_birth", "code", 20),
    _compare("soc_sec_id", "code", 25),
    _compare("postcode", "code", 8),
    _compare("suburb", "text", 8),
    _compare("address_1", "text", 8),
    _compare("street_number", "text", 3),
    _compare("state", "text", 3),
)
COLUMNS = tuple(c.columns[0] for c in COMPARE)
PLAN = MatchPlan(KEYS, COMPARE, enough=60, suggest=60, columns=COLUMNS, key_columns=frozenset(COLUMNS))


def read(name: str) -> tuple[list[dict[str, Any]], set[tuple[int, int]]]:
    """Rows with numbers as ids, and the true pairs."""
    with gzip.open(FOLDER / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
        raw = [{k.strip(): v.strip() for k, v in row.items()} for row in csv.DictReader(file)]
    people: dict[str, list[int]] = {}
    rows = []
    for number, row in enumerate(raw, 1):
        people.setdefault(row["rec_id"].split("-")[1], []).append(number)
        rows.append({"id": number, **{c: row[c] or None for c in COLUMNS}})
    true = {(a, b) for ids in people.values() for n, b in enumerate(ids) for a in ids[:n]}
    return rows, true


def figures(found: set[tuple[int, int]], true: set[tuple[int, int]]) -> tuple[float, float]:
    """Precision and recall."""
    right = len(found & true)
    return right / max(1, len(found)), right / max(1, len(true))
