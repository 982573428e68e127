"""`python -m bench [name …] [--rows 10000,1000000] [--db sqlite,postgresql]`: a table and a JSON line for each."""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Iterator
from contextlib import ExitStack

from bench.data import Company, open_company
from bench.databases import postgres_server
from bench.measure import Report, table

BENCHES = ("reads", "access", "writes", "duplicates", "api", "clients", "imports", "exports", "pages", "soak")


def main() -> None:
    """Runs what is asked for, size by size."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHES)} (all)")
    parser.add_argument("--rows", default="10000,1000000")
    parser.add_argument("--db", default="sqlite,postgresql")
    asked = parser.parse_args()
    unknown = set(asked.names) - set(BENCHES)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are: {', '.join(BENCHES)}")
    databases = asked.db.split(",")
    sizes = [int(size) for size in asked.rows.split(",")]
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server()) if "postgresql" in databases else ""
        for database in databases:
            for rows in sizes:
                company = open_company(database, rows, server)
                try:
                    for report in _reports(asked.names or BENCHES, company):
                        print(table(report), flush=True)
                        print(json.dumps(report.as_json(), ensure_ascii=False), flush=True)
                finally:
                    company.space.db.close()


def _reports(names: list[str] | tuple[str, ...], company: Company) -> Iterator[Report]:
    for name in names:
        yield importlib.import_module(f"bench.{name}").run(company)


if __name__ == "__main__":
    main()
