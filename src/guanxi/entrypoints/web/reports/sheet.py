"""A report as it is shown and exported: a finding, a chart, the table behind it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from guanxi.base.errors import Message
from guanxi.base.i18n import Label
from guanxi.base.i18n import render as words
from guanxi.base.money import plain, plain_money

Kind = Literal["text", "number", "money", "percent", "days"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table; money in base currency × 10^4, percent in 1/10000."""

    label: Label
    kind: Kind = "number"


@dataclass(frozen=True, slots=True)
class Line:
    """One row; `urls` by column lead to the records behind a figure."""

    cells: tuple[Any, ...]
    urls: Mapping[int, str] = field(default_factory=dict)
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """`title` is the finding, `sub` says what is measured; `steps` are the bars of a funnel."""

    name: str
    title: Message
    sub: Message
    columns: Sequence[Column]
    lines: Sequence[Line]
    total: Line | None = None
    chart: Mapping[str, Any] | None = None
    steps: Sequence[Any] = ()
    figures: Sequence[Mapping[str, Any]] = ()


def as_csv(sheet: Sheet, language: str) -> bytes:
    """The table for a spreadsheet: plain numbers, a mark that it is UTF-8, nothing that starts a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.label.in_(language) for column in sheet.columns])
    for line in [*sheet.lines, *([sheet.total] if sheet.total else [])]:
        writer.writerow([_cell(c.kind, v, language) for c, v in zip(sheet.columns, line.cells, strict=True)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _cell(kind: Kind, value: Any, language: str) -> str:
    if value is None:
        return ""
    if kind == "money":
        return plain_money(value)
    if kind == "percent":
        return plain(value, 2)
    if kind in ("number", "days"):
        return str(value)
    shown = str(words(value, language))
    return f"'{shown}" if shown[:1] in ("=", "+", "-", "@", "\t", "\r") else shown
