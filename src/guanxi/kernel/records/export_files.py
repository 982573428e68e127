"""Rows of an export as CSV, JSON lines or XLSX on a stream."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import IO, Any

SHEET_ROWS = 1_048_576  # what a sheet of Excel holds, the header included
CELL_TEXT = 32_767  # … and one of its cells
RISKY_STARTS = frozenset("=@\t\r\n+-")
_RISKY = re.compile(r"^(?:[=@\t\r\n]|[+\-](?![\d.,\s%]+$))")


def guard(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers and phones do not."""
    return f"'{value}" if isinstance(value, str) and _RISKY.match(value) else value


def guarded(values: Sequence[Any]) -> list[Any]:
    return [guard(v) if type(v) is str and v[:1] in RISKY_STARTS else v for v in values]


def write_csv(headings: Sequence[str], rows: Iterator[Iterator[tuple[Any, ...]]], out: IO[bytes], bom: bool) -> int:
    text = io.TextIOWrapper(out, "utf-8-sig" if bom else "utf-8", newline="", write_through=False)
    writer, count = csv.writer(text), 0
    writer.writerow(headings)
    for page in rows:
        some = list(page)
        writer.writerows(some)
        count += len(some)
    text.flush()
    text.detach()
    return count


def write_xlsx(
    headings: Sequence[str], rows: Iterator[tuple[Any, ...]], out: IO[bytes], sheet_rows: int, title: str
) -> int:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    import xlsxwriter  # most processes never write a workbook: 0.08 s at start

    book = xlsxwriter.Workbook(out, options)
    bold, count, place = book.add_format({"bold": True}), 0, 1
    sheet = _sheet(book, headings, bold, title)
    for row in rows:
        if place >= sheet_rows:
            sheet, place = _sheet(book, headings, bold, title), 1
        for n, value in enumerate(row):
            if isinstance(value, int) and abs(value) < 10**15:
                sheet.write_number(place, n, value)
            elif value is not None:
                sheet.write_string(place, n, str(value)[:CELL_TEXT])
        place += 1
        count += 1
    book.close()
    return count


def _sheet(book: Any, headings: Sequence[str], bold: Any, title: str) -> Any:
    number = len(book.worksheets()) + 1
    sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\]", " ", title)[:25] + (f" {number}" if number > 1 else ""))
    sheet.freeze_panes(1, 0)
    for n, heading in enumerate(headings):
        sheet.write_string(0, n, heading, bold)
    return sheet
