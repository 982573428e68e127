"""The Maven files counted without Guanxi: what its figures must equal. Reads the CSV files and nothing else."""

from __future__ import annotations

import csv
import gzip
import io
import os
from collections import Counter, defaultdict
from pathlib import Path

SPELLING = {"GTXPro": "GTX Pro"}


def folder() -> Path | None:
    """Where the data lie: GUANXI_TEST_DATA, or `shared/data` beside the project."""
    roots = [os.environ.get("GUANXI_TEST_DATA"), Path(__file__).parents[3] / "shared" / "data"]
    found = (Path(root) / "maven_crm_sales" for root in roots if root)
    return next((path for path in found if path.is_dir()), None)


def deals(where: Path) -> list[dict[str, str]]:
    """The pipeline as it is in the file."""
    (path,) = where.glob("sales_pipeline*")
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(data.decode())))


class Figures:
    """Counts and sums of won deals, and the funnel."""

    def __init__(self, rows: list[dict[str, str]]) -> None:
        won = [r for r in rows if r["deal_stage"] == "Won"]
        self.won = len(won)
        self.value = sum(int(r["close_value"]) for r in won)
        self.states = Counter(r["deal_stage"] for r in rows)
        self.by_agent: dict[str, int] = defaultdict(int)
        self.by_product: dict[str, int] = defaultdict(int)
        self.by_quarter: dict[str, int] = defaultdict(int)
        for r in won:
            self.by_agent[r["sales_agent"]] += int(r["close_value"])
            self.by_product[SPELLING.get(r["product"], r["product"])] += int(r["close_value"])
            year, month, _ = r["close_date"].split("-")
            self.by_quarter[f"{year}-Q{(int(month) + 2) // 3}"] += int(r["close_value"])
