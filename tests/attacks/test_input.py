"""Hostile input: cursors, words, bombs, endless bodies, guessed passwords, files of hidden fields."""

from __future__ import annotations

import base64
import gzip
import io
import time
import zipfile
from pathlib import Path
from threading import Barrier, Thread

import msgspec
import pytest
import xlsxwriter
from starlette.testclient import TestClient

from guanxi.base.errors import BadInput, Problem, TooMany, Unauthenticated
from guanxi.entrypoints.web.app import create_web
from guanxi.kernel.access import passwords
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.imports import table as tables
from guanxi.kernel.imports.table import open_table
from guanxi.kernel.matching.values import ALIKE, NORMAL
from guanxi.kernel.records.near_words import words_of
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests import make
from tests.attacks.conftest import People
from tests.entrypoints.api.conftest import Client, OneSpace

CURSORS = [
    (["name"], ["a", "b"]),
    (["name"], [1, 2]),
    (["created_at"], ["x", 1]),
    (["created_at"], [None, 1]),
    (["created_at"], [2**70, 1]),
    (["created_at"], [True, 1]),
    (["created_at"], [1, 2**64]),
    (["created_at"], [1, None]),
    (["name"], ["a\0b", 1]),
    (["employees"], ["1", 1]),
]


@pytest.mark.parametrize(("sort", "values"), CURSORS)
def test_a_made_up_cursor_is_refused(people: People, client: Client, sort: list[str], values: list[object]) -> None:
    data = base64.urlsafe_b64encode(msgspec.json.encode([sort, values, 0, 1])).decode().rstrip("=")
    answer = client(user=people.anna).get("/account", params={"sort": ",".join(sort), "cursor": data})
    assert answer.status_code == 400, answer.text


WORDS = [
    "'",
    "\\",
    '"',
    ":*",
    "a & b | !c",
    "x" * 5_000,
    "字" * 5_000,
    "a'b\\c",
    "-- ;",
    "(((",
    "%_",
    "\u202e你好",
    "👩‍👩‍👧",
    "NEAR(a b)",
]


@pytest.mark.parametrize("word", WORDS)
def test_any_word_can_be_searched_for(people: People, client: Client, word: str) -> None:
    caller = client(user=people.anna)
    assert caller.get("/account", params={"q": word}).status_code in (200, 400)
    assert caller.get("/account/count", params={"q": word}).status_code in (200, 400)
    assert caller.get("/search", params={"q": word[:200]}).status_code in (200, 400)
    written = word.replace("\\", "\\\\").replace('"', '\\"')
    assert caller.get("/account", params={"filter": f'name = "{written}"'}).status_code in (200, 400)
    assert caller.get("/account", params={"filter": f'contains(name, "{written}")'}).status_code in (200, 400)


def test_a_gzip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_UNPACKED", 5_000_000)
    bomb = tmp_path / "bomb.csv.gz"
    with gzip.open(bomb, "wb", compresslevel=1) as out:
        out.write(b"name,phone\n")
        for _ in range(8):
            out.write(b"a,1\n" * 250_000)
    with pytest.raises(BadInput, match="unpacked"):
        open_table(bomb)


def test_a_line_without_end_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_LINE", 1_000_000)
    endless = tmp_path / "endless.csv"
    endless.write_bytes(b"name,phone\na,1\n" + b"x" * 3_000_000 + b"\nb,2\n")
    lines = list(open_table(endless).lines())
    assert [line.fault for line in lines if line.fault]
    assert max(len(c) for line in lines for c in line.cells or ("",)) <= 1_000_000


def test_a_sheet_with_one_cell_far_away_is_refused(tmp_path: Path) -> None:
    """Read as a whole it would be seventeen billion cells."""
    path = tmp_path / "far.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write(0, 0, "name")
    sheet.write(1_048_575, 16_383, "x")
    book.close()
    with pytest.raises(BadInput):
        open_table(path)


def test_a_zip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_UNPACKED", 5_000_000)
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made)
    book.add_worksheet().write(0, 0, "name")
    book.close()
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for item in source.infolist():
            out.writestr(item, source.read(item))
        out.writestr("xl/more.xml", b" " * 20_000_000)
    with pytest.raises(BadInput):
        open_table(path)


def test_guesses_at_once_count_like_guesses_in_turn(
    space: Space, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def compare(given: str, _stored: str) -> bool:
        tried.append(given)
        return False

    monkeypatch.setattr(passwords, "check_password", compare)
    monkeypatch.setattr(passwords, "_nobody", lambda: "x")
    with space.read(system("test")) as work:
        catalog, now = work.catalog, work.now
    barrier = Barrier(12)

    def guess() -> None:
        barrier.wait()
        for _ in range(3):
            try:
                passwords.authenticate(space.db, catalog, "a@example.com", "wrong", address="1", now=now)
            except (Unauthenticated, TooMany):
                continue
            except Problem:
                continue

    threads = [Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tried) <= passwords.PER_ACCOUNT


def test_a_form_has_an_end(space: Space) -> None:
    """Nobody needs an account to send one."""
    browser = TestClient(create_web(OneSpace(space)), raise_server_exceptions=False)

    def endless() -> object:
        for _ in range(40):
            yield b"x" * 1_000_000

    kind = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    answer = browser.post("/sign-in", content=endless(), headers=kind)  # type: ignore[arg-type]  # an iterator of bytes
    assert answer.status_code == 413
    answer = browser.post("/sign-in", content=b"", headers={**kind, "Content-Length": "30000000"})
    assert answer.status_code == 413
    assert browser.post("/sign-in", content=b"", headers={**kind, "Content-Length": "ten"}).status_code in (400, 413)


def test_files_of_a_hidden_field_are_not_handed_out(space: Space, people: People, client: Client) -> None:
    spec = {
        "objects": {"*": {"create": "all", "read": "all", "edit": "all"}},
        "abilities": ["api"],
        "fields": {"contact.files": "none"},
    }
    with space.write(system("test")) as work:
        save(work, [Change("create", "role", {"name": "R", "key": "r", "rights": msgspec.json.encode(spec).decode()})])
    anna = client(user=people.anna)
    file = anna.post("/files", params={"name": "a.txt"}, content=b"secret").json()["id"]
    made = anna.post("/contact", json={"name": "C", "files": [file]})
    assert made.status_code == 201, made.text
    assert anna.get(f"/files/{file}").status_code == 200
    assert client(user=make.person(space, "r")).get(f"/files/{file}").status_code == 404


def test_a_person_with_an_impossible_zone_can_still_work(space: Space) -> None:
    for zone in ("Nowhere/Land", "../../etc/passwd", "x" * 200):
        user = make.person(space, "sales", zone=zone)
        with space.read(user) as work:
            assert work.today > 0


@pytest.mark.parametrize("name", ["远山" + "有限责任" * 60 + "x", "（" * 250, "公司集团" * 60 + "甲", "a" * 250])
def test_no_name_takes_long_to_be_compared(name: str) -> None:
    """Keys are made inside the transaction that writes: a name of 255 characters must not hold everybody up."""
    began = time.process_time()
    for way in NORMAL.values():
        way(name)
    for alike in ALIKE.values():
        alike(name, name[::-1])
    assert time.process_time() - began < 2


def test_a_long_text_without_gaps_is_split_at_once() -> None:
    began = time.process_time()
    assert words_of(["a" * 100_000, "zhang@example.com Wang"]) == {"wang"}
    assert time.process_time() - began < 2
