"""What stands below a line of the day: customer, deal and its money, how to reach the person. A question per object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from guanxi.base.i18n import Label
from guanxi.kernel.context import Work
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.read import rows_of
from guanxi.kernel.records.types import Row

WANTED = {
    "opportunity": ("name", "account", "contact", "amount", "stage", "state"),
    "lead": ("name", "company", "mobile", "phone", "budget"),
    "contact": ("name", "mobile", "phone", "account"),
    "account": ("name", "phone"),
}
NOTHING: dict[int, Row] = {}


class Line(Protocol):
    """What `gather` looks at."""

    @property
    def about(self) -> tuple[str, int] | None: ...
    @property
    def contact(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and figures around one line; empty where the reader may not see them."""

    title: str = ""  # of the record it is about
    account: str = ""
    contact: str = ""
    phone: str = ""
    amount: int | None = None  # base currency × 10^4
    stage: Label | None = None


NONE = Facts()


def gather(work: Work, lines: Sequence[Line]) -> list[Facts]:
    """Facts for each line, in order."""
    pointed: dict[str, set[int]] = {name: set() for name in WANTED}
    for line in lines:
        if line.about is not None and line.about[0] in pointed:
            pointed[line.about[0]].add(line.about[1])
        if line.contact is not None:
            pointed["contact"].add(line.contact)
    known = {"opportunity": _rows(work, "opportunity", pointed["opportunity"])}
    pointed["contact"].update(_values(known["opportunity"], "contact"))
    known["contact"] = _rows(work, "contact", pointed["contact"])
    pointed["account"].update(_values(known["opportunity"], "account"), _values(known["contact"], "account"))
    known["account"] = _rows(work, "account", pointed["account"])
    known["lead"] = _rows(work, "lead", pointed["lead"])
    return [_facts(work, line, known) for line in lines]


def _values(rows: dict[int, Row], field: str) -> Iterable[int]:
    return (row[field] for row in rows.values() if row.get(field) is not None)


def _rows(work: Work, name: str, ids: Iterable[int]) -> dict[int, Row]:
    wanted = sorted(ids)
    target = work.catalog.objects.get(name)
    if not wanted or target is None:
        return {}
    allowed = readable(work, target)
    fields = tuple(field for field in WANTED[name] if field in allowed)
    return rows_of(work, name, wanted, fields) if fields else {}


def _facts(work: Work, line: Line, known: dict[str, dict[int, Row]]) -> Facts:
    name, ident = line.about or ("", 0)
    row: Row = known.get(name, NOTHING).get(ident, {})
    person: Row = known["contact"].get(line.contact or row.get("contact") or (ident if name == "contact" else 0), {})
    customer = ident if name == "account" else row.get("account") or person.get("account") or 0
    account: Row = known["account"].get(customer, {})
    return Facts(
        title=str(row.get("name") or ""),
        account=str(account.get("name") or row.get("company") or ""),
        contact=str(person.get("name") or ""),
        phone=str(_first(person, row, account)),
        amount=row.get("amount__b") or row.get("budget__b"),
        stage=_stage(work, row),
    )


def _first(*rows: Row) -> Any:
    return next((row[field] for row in rows for field in ("mobile", "phone") if row.get(field)), "")


def _stage(work: Work, row: Row) -> Label | None:
    stage = work.catalog.config.get("stage", {}).get(row.get("stage") or 0)
    return Label(stage["name_en"] or stage["name"], stage["name"]) if stage else None
