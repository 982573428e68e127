"""A file as a table: CSV or XLSX, plain or gz; encoding, separator and header found; memory flat for CSV."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any

from python_calamine import CalamineError, CalamineWorkbook

from guanxi.base.errors import BadInput, NotFound, msg

MAX_CELL = 1_000_000  # characters; longer cells are told as faults of their row
MAX_COLUMNS = 500
MAX_LINE = 16 * MAX_CELL  # characters read of one line of text
MAX_UNPACKED = 4 << 30  # bytes; a small packed file may hold terabytes
MAX_AREA = 40_000_000  # cells of a sheet from its first to its last: they are all held in memory
HEAD_ROWS = 10
ENCODINGS = ("utf-8", "gb18030")
SEPARATORS = ",;\t|"
csv.field_size_limit(16 * MAX_CELL)
_ROWS = re.compile(rb"""\br=["'][A-Z]{0,3}(\d{1,7})["']""")
_COLUMNS = re.compile(rb"""\br=["']([A-Z]{1,3})\d{1,7}["']""")


@dataclass(frozen=True, slots=True)
class Line:
    """One data row: its number as a spreadsheet shows it, its cells, or why it could not be read."""

    number: int
    cells: tuple[str, ...]
    fault: str = ""  # "" | "unfinished" | "too_long" | "unreadable"


@dataclass(frozen=True, slots=True)
class TableFile:
    """What was found about a file; `lines` reads it anew each time."""

    path: Path
    name: str
    kind: str  # "csv" | "xlsx"
    header: tuple[str, ...]
    first: int  # number of the first data row
    encoding: str = ""
    separator: str = ","
    gz: bool = False
    notes: tuple[str, ...] = field(default_factory=tuple)

    def lines(self, start: int = 0) -> Iterator[Line]:
        """Data rows from number `start` on; rows without any content are left out."""
        for line in _xlsx_lines(self) if self.kind == "xlsx" else _csv_lines(self):
            if line.number >= max(start, self.first) and (line.fault or any(line.cells)):
                yield line


def open_table(path: Path, name: str = "") -> TableFile:
    """Looks at a file; BadInput says what is wrong with it as a whole (empty, binary, no header, odd encoding)."""
    name = name or path.name
    if not path.exists():
        raise NotFound(
            msg("The file of this import is gone: it held values of encrypted fields. Import the failed rows anew.")
        )
    with path.open("rb") as file:
        magic = file.read(4)
    if not magic:
        raise BadInput(msg("{file} is empty.", file=name))
    gz = magic[:2] == b"\x1f\x8b"
    inner = name[:-3] if gz and name.endswith(".gz") else name
    if magic == b"PK\x03\x04" or inner.lower().endswith((".xlsx", ".xlsm")):
        return _open_xlsx(path, name)
    encoding = _encoding(path, gz, name)
    table = TableFile(path, name, "csv", (), 1, encoding, ",", gz)
    separator = _separator(table)
    head = _head(TableFile(path, name, "csv", (), 1, encoding, separator, gz))
    header, first = _header(head, name)
    return TableFile(path, name, "csv", header, first, encoding, separator, gz)


class _Unpacked(gzip.GzipFile):
    """A packed file that ends with a refusal where it would go on without end."""

    def read(self, size: int | None = -1) -> bytes:
        return self._counted(super().read(size))

    def read1(self, size: int = -1) -> bytes:
        return self._counted(super().read1(size))

    def _counted(self, data: bytes) -> bytes:
        if self.tell() > MAX_UNPACKED:
            raise _too_large()
        return data


def _too_large() -> BadInput:
    return BadInput(msg("The file has more than {n} MB when unpacked. Split it.", n=MAX_UNPACKED >> 20))


def _open_binary(path: Path, gz: bool) -> IO[bytes]:
    return _Unpacked(path, "rb") if gz else path.open("rb")  # type: ignore[return-value] # GzipFile is a binary file


def _encoding(path: Path, gz: bool, name: str) -> str:
    """BOM, else the first of UTF-8 and GB18030 that decodes the whole file."""
    try:
        with _open_binary(path, gz) as file:
            start = file.read(4096)
            if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return "utf-16"
            if b"\x00" in start:
                raise BadInput(msg("{file} is no text file. Save it as CSV (UTF-8) or XLSX.", file=name))
        for encoding in ENCODINGS:
            if _decodes(path, gz, encoding):
                return "utf-8-sig" if encoding == "utf-8" else encoding
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        raise BadInput(msg("{file} is damaged or was not uploaded completely. Upload it again.", file=name)) from error
    raise BadInput(msg("{file} is neither UTF-8 nor GB18030. Save it as CSV UTF-8 and try again.", file=name))


def _decodes(path: Path, gz: bool, encoding: str) -> bool:
    """A file cut off inside its last character counts: that row is told as unfinished later."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with _open_binary(path, gz) as file:
        try:
            while block := file.read(1 << 20):
                decoder.decode(block)
        except UnicodeDecodeError:
            return False
    return True


def _separator(table: TableFile) -> str:
    with _text(table) as text:
        sample = [text.readline(100_000) for _ in range(HEAD_ROWS)]
    best = max(SEPARATORS, key=lambda s: max(line.count(s) for line in sample))
    return best if any(best in line for line in sample) else ","


def _text(table: TableFile) -> IO[str]:
    return io.TextIOWrapper(_open_binary(table.path, table.gz), encoding=table.encoding, errors="replace", newline="")


class _Lines:
    """The lines of a file for the CSV reader; knows whether the one before was ended, and whether one was cut."""

    def __init__(self, text: IO[str]) -> None:
        self._text, self.ended, self.cut = text, True, False

    def __iter__(self) -> Iterator[str]:
        last = ""
        while line := self._text.readline(MAX_LINE):
            last = line
            yield line
            while len(last) == MAX_LINE and not last.endswith(("\n", "\r")):
                self.cut = True
                last = self._text.readline(MAX_LINE)
        self.ended = last.endswith(("\n", "\r"))


def _csv_lines(table: TableFile) -> Iterator[Line]:
    """Rows one by one, one row behind the reader: only the last one can be unfinished."""
    with _text(table) as text:
        lines = _Lines(text)
        reader = csv.reader(lines, delimiter=table.separator, strict=True)
        held: Line | None = None
        number = 0
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                line = Line(number, (), "unfinished" if "end of data" in str(error) else "unreadable")
            else:
                fault = "too_long" if lines.cut or max(map(len, cells), default=0) > MAX_CELL else ""
                lines.cut = False
                line = Line(number, tuple(map(_clean, cells)), fault)
            if held is not None:
                yield held
            held = line
        if held is not None:
            short = 0 < len(held.cells) < len(table.header)
            cut = not lines.ended and (short or (bool(held.cells) and held.cells[-1].endswith("\ufffd")))
            yield replace(held, fault="unfinished") if cut else held


def _clean(cell: str) -> str:
    return cell.strip(" \t\r\n\ufeff\u3000") if cell else cell


def _head(table: TableFile) -> list[Line]:
    found = []
    for line in _csv_lines(table) if table.kind == "csv" else _xlsx_lines(table):
        found.append(line)
        if len(found) >= HEAD_ROWS:
            break
    return found


def _header(head: list[Line], name: str) -> tuple[tuple[str, ...], int]:
    """The first row as wide as most rows whose cells look like names; BadInput if there is none."""
    widths = [sum(1 for c in line.cells if c) for line in head]
    usual = Counter(w for w in widths if w)
    width = max(usual, key=lambda w: (usual[w], w), default=0)
    if width == 0:
        raise BadInput(msg("{file} has no rows.", file=name))
    for line, filled in zip(head, widths, strict=True):
        if filled >= (width if width <= 2 else width - 1):
            cells = line.cells
            while cells and not cells[-1]:
                cells = cells[:-1]
            names = [unicodedata.normalize("NFC", c) for c in cells if c]
            if any(_is_value(c) for c in names) or len(set(names)) < len(names):
                break
            if len(cells) > MAX_COLUMNS:
                raise BadInput(msg("{file} has more than {n} columns.", file=name, n=MAX_COLUMNS))
            return tuple(c or f"#{place + 1}" for place, c in enumerate(cells)), line.number + 1
    raise BadInput(
        msg("{file} has no row of column names. Put a different name over each column and try again.", file=name)
    )


def _is_value(cell: str) -> bool:
    """Numbers, dates and addresses of mail are data, not names of columns."""
    stripped = cell.replace(",", "").replace(".", "").replace("-", "").replace("/", "").replace(":", "")
    return stripped.strip("¥$€+% ").isdigit() or "@" in cell or len(cell) > 200


def _open_xlsx(path: Path, name: str) -> TableFile:
    table = TableFile(path, name, "xlsx", (), 1)
    try:
        _check_workbook(path)
        head = _head(table)
    except (CalamineError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise BadInput(
            msg("{file} cannot be opened as a workbook. Save it again as XLSX or CSV.", file=name)
        ) from error
    header, first = _header(head, name)
    return TableFile(path, name, "xlsx", header, first)


def _check_workbook(path: Path) -> None:
    """
    A sheet is held in memory from its first cell to its last: two cells far apart in a file of five kilobytes would
    take all there is, and end the whole process.
    """
    with zipfile.ZipFile(path) as parts:
        if sum(part.file_size for part in parts.infolist()) > MAX_UNPACKED:
            raise _too_large()
        sheets = [part for part in parts.infolist() if part.filename.startswith("xl/worksheets/")]
        if not sheets:
            raise ValueError(path.name)
        for sheet in sheets:
            with parts.open(sheet) as file:
                if _area(file) > MAX_AREA:
                    text = "A sheet spans more than {n} cells. Delete what lies far below or to the right of the table."
                    raise BadInput(msg(text, n=MAX_AREA))


def _area(sheet: IO[bytes]) -> int:
    """Rows times columns up to the last cell, from the places that cells and rows name."""
    rows, columns, rest = 1, 1, b""
    while block := sheet.read(1 << 20):
        text = rest + block
        rows = max(rows, *map(int, {b"1", *_ROWS.findall(text)}))
        columns = max(columns, *map(_column, {b"A", *_COLUMNS.findall(text)}))
        rest = text[-40:]
    return rows * columns


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _xlsx_lines(table: TableFile) -> Iterator[Line]:
    workbook = CalamineWorkbook.from_path(str(table.path))
    sheet = workbook.get_sheet_by_index(0)
    for number, row in enumerate(sheet.iter_rows(), 1):
        cells = tuple(map(_cell, row))
        yield Line(number, cells, "too_long" if any(len(c) > MAX_CELL for c in cells) else "")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return _clean(str(value))
