"""Files as they come: encodings, separators, packing, title rows, rows that are wrong in themselves."""

from __future__ import annotations

import gzip
import tracemalloc
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from guanxi.base.errors import BadInput
from guanxi.kernel.imports.table import Line, open_table

ROWS = "名称,城市\n启衡包装,苏州\n禾木智能,无锡\n"


def read(path: Path) -> tuple[tuple[str, ...], list[Line]]:
    table = open_table(path)
    return table.header, list(table.lines())


def given(tmp_path: Path, data: bytes, name: str = "a.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data",
    [
        ROWS.encode(),
        ROWS.encode("utf-8-sig"),
        ROWS.encode("utf-16"),
        ROWS.encode("gb18030"),
        ROWS.replace(",", ";").encode(),
        ROWS.replace(",", "\t").encode("gb18030"),
        ROWS.replace("\n", "\r\n").encode(),
        ROWS.replace("\n", "\r").encode(),
        gzip.compress(ROWS.encode()),
        gzip.compress(ROWS.encode("gb18030")),
        ("客户名单 2026\n\n" + ROWS).encode(),
        ("客户名单,2026\n\n" + ROWS).replace("名单,2026", "名单").encode(),
    ],
    ids=["utf8", "bom", "utf16", "gb18030", "semicolon", "tab", "crlf", "cr", "gz", "gz-gb", "title", "title-2"],
)
def test_reads_the_same_rows_however_they_are_written(tmp_path: Path, data: bytes) -> None:
    header, lines = read(given(tmp_path, data))
    assert header == ("名称", "城市")
    assert [line.cells for line in lines] == [("启衡包装", "苏州"), ("禾木智能", "无锡")]
    assert not any(line.fault for line in lines)


def test_reads_workbooks(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["展会名单"])
    sheet.write_row(2, 0, ["名称", "人数", "日期"])
    sheet.write_row(3, 0, ["启衡", 120])
    sheet.write_datetime(3, 2, date(2026, 11, 5), book.add_format({"num_format": "yyyy-mm-dd"}))
    book.close()
    header, lines = read(tmp_path / "a.xlsx")
    assert header == ("名称", "人数", "日期")
    assert [(line.number, line.cells) for line in lines] == [(4, ("启衡", "120", "2026-11-05"))]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\x89PNG\x00\x00\x00", "no text"),
        (b"1,2\n3,4\n5,6\n", "no row of column names"),
        (b"name,name\na,b\n", "no row of column names"),
        (b"PK\x03\x04 broken", "workbook"),
        (gzip.compress(ROWS.encode() * 500)[:-20], "damaged"),
        (b"\xff\xff\xff caf\xe9\n", "neither UTF-8"),
    ],
)
def test_says_what_is_wrong_with_a_whole_file(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read(given(tmp_path, data))


@pytest.mark.parametrize("tail", ["启衡", '启衡,"苏州', '启衡,苏州,江苏,"2'])
def test_a_file_cut_off_in_a_row_tells_that_row_only(tmp_path: Path, tail: str) -> None:
    _, lines = read(given(tmp_path, ("名称,城市,省\n禾木,无锡,江苏\n" + tail).encode()))
    assert [line.fault for line in lines] == ["", "unfinished"]


def test_a_file_cut_off_inside_a_character(tmp_path: Path) -> None:
    data = "名称,城市\n禾木,无锡\n启衡,苏州".encode()[:-1]
    _, lines = read(given(tmp_path, data))
    assert [line.fault for line in lines] == ["", "unfinished"]
    assert lines[0].cells == ("禾木", "无锡")


def test_a_last_row_without_its_line_end_is_whole(tmp_path: Path) -> None:
    _, lines = read(given(tmp_path, b"name,city\na,b\nc,d"))
    assert [(line.cells, line.fault) for line in lines] == [(("a", "b"), ""), (("c", "d"), "")]


def test_wild_quotes_spoil_their_own_row(tmp_path: Path) -> None:
    _, lines = read(given(tmp_path, b'name,city\n"a"x,b\nc,d\n'))
    assert [line.fault for line in lines] == ["unreadable", ""]
    assert lines[1].cells == ("c", "d")


def test_a_ten_megabyte_cell_is_one_faulty_row(tmp_path: Path) -> None:
    data = b'name,city\na,"' + b"x" * 10_000_000 + b'"\nc,d\n'
    _, lines = read(given(tmp_path, data))
    assert [line.fault for line in lines] == ["too_long", ""]


def test_memory_stays_flat_however_long_the_file_is(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("w") as file:
        file.write("name,city,phone\n")
        for start in range(0, 120_000, 1_000):
            file.write("".join(f"Company number {start + i},Suzhou,+86138{start + i:08d}\n" for i in range(1_000)))
    table = open_table(path)
    tracemalloc.start()
    count = sum(1 for _ in table.lines())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 120_000
    assert peak < 2_500_000 < path.stat().st_size


def test_rows_start_where_asked(tmp_path: Path) -> None:
    table = open_table(given(tmp_path, b"name,city\na,b\n\nc,d\ne,f\n"))
    assert [line.number for line in table.lines(4)] == [4, 5]
