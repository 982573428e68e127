"""The commands as a person runs them, in this process, on both databases."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guanxi.bootstrap import Site, main
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.passwords import authenticate
from guanxi.kernel.records.read import find, get
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save
from guanxi.settings import read_settings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def place(engine: str, database_url: str, home: Path) -> list[str]:
    """Global options of a fresh installation on this engine."""
    return ["--home", str(home), *(["--database", database_url] if engine == "postgresql" else [])]


@pytest.fixture
def run(place: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("GUANXI_LANGUAGE", "en")
    for name in ("GUANXI_HOME", "GUANXI_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def call(*argv: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = main([*place, *argv])
        found = capsys.readouterr()
        return code, found.out, found.err

    return call


@pytest.fixture
def site(place: list[str]) -> Callable[[], Site]:
    """Opens the same installation as the commands do."""
    url = place[3] if len(place) > 2 else None
    return lambda: Site(read_settings({}, home=place[1], database_url=url))


def write(site: Callable[[], Site], changes: list[Change]) -> tuple[tuple[int, ...], int]:
    opened = site()
    try:
        with opened.open().write(system("test"), entry="cli") as work:
            saved = save(work, changes)
        return saved.ids, saved.operation
    finally:
        opened.close()


def test_first_steps(run: Run, site: Callable[[], Site]) -> None:
    code, out, err = run("export", "account")
    assert code == 1
    assert "guanxi setup" in err
    assert "Traceback" not in err
    code, out, _ = run("setup", "--email", "ann@example.com", "--password-stdin", "--set-name", "Acme",
                       stdin="a long enough one\n")  # fmt: skip
    assert code == 0
    assert "ann@example.com" in out
    assert "has an administrator already" in run("setup")[1]
    assert run("user", "add", "bo@example.com", "--role", "sales", "--name", "Bo", "--password-stdin",
               stdin="another long one\n")[0] == 0  # fmt: skip
    code, _, err = run("user", "add", "cy@example.com", "--role", "boss")
    assert code == 1
    assert "administrator" in err
    code, _, err = run("user", "add", "cy@example.com", "--role", "sales", "--password-stdin", stdin="short\n")
    assert (code, "10 characters" in err) == (1, True)
    code, out, _ = run("token", "add", "--user", "bo@example.com", "--days", "3")
    assert code == 0
    assert out.startswith("gx_")
    opened = site()
    space = opened.open()
    with space.read(system("test")) as work:
        catalog, now = work.catalog, work.now
    assert catalog.settings["name"] == "Acme"
    assert authenticate(space.db, catalog, "bo@example.com", "another long one", address="x", now=now)
    opened.close()


def test_export_gives_every_row_back(run: Run, site: Callable[[], Site], tmp_path: Path) -> None:
    run("setup")
    names = [f"Firm {n:04}" for n in range(1_203)] + ["=2+3", "+86 wrong", "远山，自动化"]
    ids, _ = write(site, [Change("create", "account", {"name": name}) for name in names])
    target = tmp_path / "accounts.csv"
    assert run("export", "account", "-o", str(target), "--bom")[0] == 0
    assert target.read_bytes().startswith(b"\xef\xbb\xbf")
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["id"]) for row in rows] == sorted(ids)
    assert {row["name"] for row in rows} == {*names[:1203], "'=2+3", "'+86 wrong", "远山，自动化"}
    code, out, _ = run("export", "account", "--format", "jsonl", "--fields", "name")
    assert [json.loads(line)["name"] for line in out.splitlines()] == names
    code, out, _ = run("export", "account", "--filter", 'name = "Firm 0007"', "--fields", "id,name")
    assert out.splitlines() == ["id,name", f"{ids[7]},Firm 0007"]
    code, _, err = run("export", "accout")
    assert (code, "account" in err) == (1, True)


def test_exported_values_can_be_saved_again(run: Run, site: Callable[[], Site]) -> None:
    run("setup")
    run("user", "add", "bo@example.com", "--role", "sales")
    (account,), _ = write(site, [Change("create", "account", {"name": "远山"})])
    first = {
        "name": '产线 "A", 二期',
        "account": str(account),
        "amount": {"amount": "1234.50", "currency": "CNY"},
        "close_on": "2027-01-31",
        "tags": ["VIP", "展会"],
    }
    (deal,), _ = write(site, [Change("create", "opportunity", first)])
    out = run("export", "opportunity")[1]
    (row,) = csv.DictReader(io.StringIO(out, newline=""))
    assert row["account:name"] == "远山"
    opened = site()
    space = opened.open()
    with space.write(system("test"), entry="cli") as work:
        fields = {f.name for f in work.catalog.object("opportunity").fields if not f.read_only and f.type != "formula"}
        values = {k: v for k, v in row.items() if k in fields and k != "number"}
        copy = save(work, [Change("create", "opportunity", values)]).id
        before, after = get(work, "opportunity", deal), get(work, "opportunity", copy)
    same = [c for c in before if c not in ("id", "number", "created_at", "updated_at", "stage_since")]
    assert {c: before[c] for c in same} == {c: after[c] for c in same}
    opened.close()


def test_export_shows_only_what_the_person_may_read(run: Run, site: Callable[[], Site]) -> None:
    run("setup")
    run("user", "add", "bo@example.com", "--role", "sales")
    run("user", "add", "em@example.com", "--role", "service")
    opened = site()
    space = opened.open()
    with space.write(system("test")) as work:
        users = {row["email"]: ident for ident, row in work.catalog.config["user"].items()}
        role = next(i for i, row in work.catalog.config["role"].items() if row["key"] == "sales")
        rights = json.loads(work.catalog.config["role"][role]["rights"])
        rights["fields"] = {"account.phone": "none"}
        work.session.run(f"UPDATE {work.session.table('role')} SET rights = ? WHERE id = ?", (json.dumps(rights), role))
        work.settings_changed = True
        save(work, [Change("create", "account", {"name": "mine", "owner": str(users["bo@example.com"])}),
                    Change("create", "account", {"name": "not mine"})])  # fmt: skip
    opened.close()
    out = run("export", "account", "--as", "bo@example.com")[1]
    (row,) = csv.DictReader(io.StringIO(out))
    assert row["name"] == "mine"
    assert "phone" not in row
    code, _, err = run("export", "account", "--as", "bo@example.com", "--fields", "phone")
    assert (code, "phone" in err) == (1, True)
    code, out, err = run("export", "account", "--as", "em@example.com")
    assert (code, out) == (1, "")
    assert "export" in err
    assert run("export", "account", "--as", "no@example.com")[0] == 1


def test_undo_says_what_it_does(run: Run, site: Callable[[], Site]) -> None:
    run("setup")
    _, operation = write(site, [Change("create", "account", {"name": f"Firm {n}"}) for n in range(3)])
    assert str(operation) in run("undo")[1]
    dry = run("undo", str(operation), "--dry-run")[1]
    assert json.loads(dry.splitlines()[-1])["trashed"] == 3
    assert len(run("export", "account")[1].splitlines()) == 4
    done = json.loads(run("undo", str(operation))[1].splitlines()[-1])
    assert (done["trashed"], done["skipped"]) == (3, 0)
    assert len(run("export", "account")[1].splitlines()) == 1
    code, _, err = run("undo", str(operation))
    assert (code, "already" in err) == (1, True)
    assert run("undo", "17")[0] == 1


def test_backup_goes_into_another_place(run: Run, site: Callable[[], Site], tmp_path: Path) -> None:
    run("setup")
    write(site, [Change("create", "account", {"name": "远山"})])
    archive = tmp_path / "all.tar"
    assert run("backup", str(archive))[0] == 0
    assert run("restore", str(archive), "--check")[0] == 0
    code, _, err = run("restore", str(archive))
    assert (code, "empty" in err) == (1, True)
    assert run("restore", str(archive), "--workspace", "copy")[0] == 0
    assert run("export", "account", "--workspace", "copy", "--fields", "name")[1].splitlines() == ["name", "远山"]
    assert run("--workspace", "copy", "audit", "verify")[0] == 0
    assert run("restore", str(tmp_path / "no.tar"))[0] == 1


def test_audit_finds_a_changed_log(run: Run, site: Callable[[], Site]) -> None:
    run("setup")
    write(site, [Change("create", "account", {"name": "远山"})])
    assert run("audit", "verify")[0] == 0
    opened = site()
    with opened.open().db.write() as session:
        session.run(f"UPDATE {session.table('change')} SET new = ? WHERE op = 'create' AND n = 0", ('{"999":"x"}',))
    opened.close()
    code, _, err = run("audit", "verify")
    assert (code, "altered" in err) == (1, True)


def test_help_and_mistakes(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for argv, code in ((["--help"], 0), (["export", "--help"], 0), (["fly"], 2), ([], 2)):
        with pytest.raises(SystemExit) as ended:
            main(argv)
        assert ended.value.code == code
    monkeypatch.setenv("GUANXI_LANGUAGE", "zh-CN")
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "导出" in capsys.readouterr().out


def test_reindex_makes_every_row_of_the_search_index_anew(run: Run) -> None:
    run("setup", "--email", "ann@example.com", "--name", "Ann")
    code, out, _ = run("reindex")
    assert code == 0
    assert "records are indexed anew" in out


def test_check_says_what_is_missing(run: Run) -> None:
    _, out, _ = run("check")
    assert "guanxi setup" in out
    run("setup")
    _, out, _ = run("check")
    assert "objects" in out


def test_a_new_workspace_keeps_one_set_of_ids(run: Run, site: Callable[[], Site]) -> None:
    """Two processes at the same time issue different ids; one after the other never the same."""
    run("setup")
    first, second = site(), site()
    assert first.node.ids.node != second.node.ids.node
    made: set[Any] = set(first.node.ids.take(5_000)) | set(second.node.ids.take(5_000))
    first.close()
    second.close()
    third = site()
    third.house.release_node(third.node)  # somebody else may have it now
    with third.house.database.write() as session:
        session.run(f"UPDATE {session.table('node')} SET holder = 'somebody' WHERE id = ?", (third.node.ids.node,))
    space = third.open()
    third.renew()
    assert space.ids is third.node.ids
    made |= set(third.node.ids.take(5_000))
    third.close()
    assert len(made) == 15_000
    opened = site()
    with opened.open().read(system("test")) as work:
        assert find(work, Query("account")).rows == []
    opened.close()
