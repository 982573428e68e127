"""Precision and recall on the Febrl sets: of the scorer at entry, and of the search through everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from guanxi.kernel.duplicates import linkage
from guanxi.kernel.matching.score import judge
from tests.kernel.matching import febrl

pytestmark = pytest.mark.skipif(not febrl.FOLDER.exists(), reason="the Febrl data sets are not beside the project")
PUBLISHED = {"dataset1": 0.978, "dataset2": 0.964, "dataset3": 0.961}
"""Recall of five blocking keys and weighted Jaro-Winkler, at a precision of 0.9997 or more."""


@pytest.mark.parametrize("name", febrl.SETS)
def test_the_scorer_at_entry(name: str) -> None:
    rows, true = febrl.read(name)
    by_id = {r["id"]: r for r in rows}
    candidates = linkage.by_keys(febrl.PLAN, rows)
    scores = {(a, b): judge(febrl.PLAN, by_id[a], by_id[b]).score for a, b in candidates}
    precision, recall = febrl.figures({p for p, s in scores.items() if s >= febrl.PLAN.suggest}, true)
    print(f"{name} entry: precision {precision:.4f}, recall {recall:.4f}")
    assert precision >= 0.999
    assert recall >= PUBLISHED[name]


@pytest.mark.parametrize("name", febrl.SETS)
def test_the_search_through_everything(name: str, tmp_path: Path) -> None:
    rows, true = febrl.read(name)
    found = {(a, b) for a, b, _ in linkage.pairs_of(febrl.PLAN, rows, tmp_path)}
    precision, recall = febrl.figures(found, true)
    print(f"{name} search: precision {precision:.4f}, recall {recall:.4f}")
    assert precision >= 0.999
    assert recall >= PUBLISHED[name]
