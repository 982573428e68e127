"""The search through everything: Splink on DuckDB learns what agreement is worth, among records that share a key."""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from guanxi.base.text import pinyin
from guanxi.kernel.matching.names import company, person
from guanxi.kernel.matching.score import ComparePlan, MatchPlan, judge, plain_keys
from guanxi.kernel.matching.values import NORMAL

Row = Mapping[str, Any]
SMALL = 2_000  # records below which there is not enough to learn from
HOT = 60  # a key that more records share tells nothing: a switchboard, a data entry default
SURE, NEARLY = 0.99, 15  # Splink's word counts for pairs that the rules leave this little below the suggestion
FORMS: Mapping[str, Callable[[Any], str]] = {
    "person": lambda v: " ".join(sorted(pinyin(person(str(v))).split())),
    "company": lambda v: pinyin(company(str(v)).core),
}
EXACT = ("ref", "city")
SLIPS = ("phone", "email", "code")
MEMORY = "2GB"
ENOUGH_PAIRS, MOST_PAIRS = 20, 20_000_000  # that agree in a value, to learn from


def pairs_of(plan: MatchPlan, rows: Iterable[Row], folder: Path) -> list[tuple[int, int, int]]:
    """(a, b, score) of all pairs worth looking at; `folder` takes what does not fit into memory."""
    kept = list(rows)
    keys = [dict(_first(plain_keys(plan, row))) for row in kept]
    if len(kept) < SMALL:
        candidates = dict.fromkeys(by_keys(plan, kept), 0.0)
    else:
        candidates = _linked(plan, kept, keys, folder)
        several = frozenset(k.key for k in plan.keys if any(len(fields) > 1 for fields, _ in k.parts))
        candidates = {**dict.fromkeys(by_keys(plan, kept, several), 0.0), **candidates}
    by_id = {row["id"]: row for row in kept}
    found = []
    for (a, b), probability in candidates.items():
        score = judge(plan, by_id[a], by_id[b]).score
        if score < plan.suggest and probability >= SURE and score >= plan.suggest - NEARLY:
            score = plan.suggest
        if score >= plan.suggest:
            found.append((a, b, score))
    return found


def by_keys(plan: MatchPlan, rows: Sequence[Row], rules: frozenset[str] | None = None) -> set[tuple[int, int]]:
    """Pairs that share a key which is not too common; Splink is given only the first key of each rule."""
    holders: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        for key in plain_keys(plan, row) if rules is None or rules else ():
            if rules is not None and key[0] not in rules:
                continue
            holders.setdefault(key, []).append(row["id"])
    return {
        (min(a, b), max(a, b))
        for ids in holders.values()
        if len(ids) <= HOT
        for n, a in enumerate(ids)
        for b in ids[:n]
        if a != b
    }


def _first(keys: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    seen: set[str] = set()
    for rule, text in keys:
        if rule not in seen:
            seen.add(rule)
            yield rule, text


def _table(plan: MatchPlan, rows: Sequence[Row], keys: Sequence[Mapping[str, str]]) -> Any:
    """Normal forms and keys as an Arrow table; keys that too many share are left out."""
    import pyarrow as pa

    columns: dict[str, list[Any]] = {"unique_id": [row["id"] for row in rows]}
    for n, part in enumerate(plan.compare):
        columns[f"c{n}"] = [_form(part, row) for row in rows]
    for n, rule in enumerate(plan.keys):
        held = Counter(k[rule.key] for k in keys if rule.key in k)
        columns[f"k{n}"] = [v if (v := k.get(rule.key)) is not None and held[v] <= HOT else None for k in keys]
    return pa.table({name: pa.array(values) if name == "unique_id" else
                          pa.array(values, pa.string()) for name, values in columns.items()})  # fmt: skip


def _form(part: ComparePlan, row: Row) -> str | None:
    value = next((v for c in part.columns if (v := row.get(c)) not in (None, "")), None)
    if value is None:
        return None
    return (FORMS.get(part.how) or NORMAL[part.how])(value) or None


def _linked(
    plan: MatchPlan, rows: Sequence[Row], keys: Sequence[Mapping[str, str]], folder: Path
) -> dict[tuple[int, int], float]:
    """Pairs with Splink's probability. Its packages are loaded here only: nobody else waits for them."""
    import duckdb
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI
    from splink.internals.exceptions import EMTrainingException

    logging.getLogger("splink").setLevel(logging.ERROR)
    table = _table(plan, rows, keys)
    taught = _taught_by(plan, table)
    if not taught:  # too few records agree in anything to learn from them
        return dict.fromkeys(by_keys(plan, rows), 0.0)
    connection = duckdb.connect(":memory:")
    connection.execute(f"SET memory_limit = '{MEMORY}'")
    connection.execute("SET threads = 2")
    connection.execute("SET enable_progress_bar = false")
    connection.execute(f"SET temp_directory = '{str(folder).replace(chr(39), chr(39) * 2)}'")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = DuckDBAPI(connection).register(table)
            settings = SettingsCreator(
                link_type="dedupe_only",
                comparisons=[_comparison(n, part) for n, part in enumerate(plan.compare)],
                blocking_rules_to_generate_predictions=[block_on(f"k{n}") for n in range(len(plan.keys))],
                probability_two_random_records_match=1 / (5 * len(rows)),
                retain_intermediate_calculation_columns=False,
                retain_matching_columns=False,
            )
            linker = Linker(data, settings, log_level=logging.ERROR)
            linker.training.estimate_u_using_random_sampling(max_pairs=5e5, seed=1)
            for n in taught:
                with suppress(EMTrainingException):  # these agree too seldom; the other comparison teaches
                    linker.training.estimate_parameters_using_expectation_maximisation(block_on(f"c{n}"))
            name = linker.inference.predict(threshold_match_probability=0.5).physical_name
            sql = f'SELECT unique_id_l, unique_id_r, match_probability FROM "{name}"'
            found = connection.execute(sql).fetchall()
    finally:
        connection.close()
    return {(min(a, b), max(a, b)): p for a, b, p in found}


def _comparison(n: int, part: ComparePlan) -> Any:
    import splink.comparison_library as library

    if part.how in EXACT:
        return library.ExactMatch(f"c{n}")
    if part.how in SLIPS:
        return library.LevenshteinAtThresholds(f"c{n}", [1])
    return library.JaroWinklerAtThresholds(f"c{n}", [0.95, 0.85])


def _taught_by(plan: MatchPlan, table: Any) -> list[int]:
    """Two comparisons by whose agreement the others are learned: of two different ones none stays unlearned."""
    telling = sorted(range(len(plan.compare)), key=lambda n: (plan.compare[n].how not in SLIPS, n))
    found = []
    for n in telling:
        held = Counter(v for v in table.column(f"c{n}").to_pylist() if v is not None)
        if ENOUGH_PAIRS <= sum(k * (k - 1) // 2 for k in held.values()) <= MOST_PAIRS:
            found.append(n)
    return found[:2]
