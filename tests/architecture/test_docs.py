"""The docs tell the truth: tests they name exist, commands, functions and links as well, pictures stay small."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from guanxi.entrypoints.cli.main import COMMANDS, make_parser
from guanxi.kernel.expr.functions import FUNCTIONS
from guanxi.kernel.fields.registry import TYPES
from tests.architecture.sources import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")
COMMAND = re.compile(r"(?:^|`|\| |/)guanxi +([a-z]+)\b", re.MULTILINE)
MOST_PICTURES, MOST_BYTES = 20, 200_000


def named_tests() -> set[tuple[str, str]]:
    return {pair for name in ("capabilities.md", "security.md") for pair in TEST.findall((DOCS / name).read_text())}


def test_every_named_test_exists() -> None:
    known: dict[str, set[str]] = {}
    for path, _ in named_tests():
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8")) if (ROOT / path).is_file() else ast.Module([], [])
        known[path] = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert sorted(f"{path}::{name}" for path, name in named_tests() if name not in known[path]) == []


def test_each_capability_has_its_test_and_says_how_much_holds() -> None:
    rows = re.findall(r"^\| (C\d+) \| ([^|]+) \| (.+?) \|$", (DOCS / "capabilities.md").read_text(), re.MULTILINE)
    assert len(rows) == len({ident for ident, _, _ in rows}) >= 24
    for ident, holds, rest in rows:
        assert TEST.search(rest), ident
        assert holds.split(" (")[0] in ("Yes", "Partly"), ident
        assert holds != "Partly" or "Missing: " in rest, f"{ident} says what is missing"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert broken == []


def test_every_command_is_described_and_no_other() -> None:
    known = {command.name for command in COMMANDS}
    page = (DOCS / "guide" / "command-line.md").read_text(encoding="utf-8")
    assert known - set(COMMAND.findall(page)) == set()
    told = {name: set(COMMAND.findall(path.read_text(encoding="utf-8"))) for path in PAGES for name in [path.name]}
    assert {name: words - known for name, words in told.items() if words - known} == {}


def test_every_option_of_the_command_line_in_the_docs_exists() -> None:
    make_parser("en")
    help_of = {command.name: _help(command.name) for command in COMMANDS}
    for path in PAGES:
        for name, rest in re.findall(
            r"^(?:\.venv/bin/)?guanxi +([a-z]+)([^\n#|]*)", path.read_text("utf-8"), re.MULTILINE
        ):
            for option in re.findall(r" (--[a-z][a-z_-]*)", rest):
                assert option in help_of[name], (path.name, name, option)


def _help(name: str) -> str:
    parser = make_parser("en")
    (known,) = (a.choices for a in parser._actions if isinstance(a.choices, dict))
    below = [known[name]]
    text = ""
    while below:
        one = below.pop()
        text += one.format_help()
        below += [p for a in one._actions if isinstance(a.choices, dict) for p in a.choices.values()]
    return text


def test_every_function_of_the_language_is_described() -> None:
    page = (DOCS / "guide" / "conditions.md").read_text(encoding="utf-8")
    assert set(FUNCTIONS) == set(re.findall(r"^\| `(\w+)\(", page, re.MULTILINE))


def test_every_kind_of_field_is_named_in_the_guide() -> None:
    for page in ("own-objects-and-fields.md", "own-objects-and-fields.zh-CN.md"):
        text = (DOCS / "guide" / page).read_text(encoding="utf-8")
        assert {name for name in TYPES if f"../fields/{name}.md" not in text} == set()


def test_pictures_are_few_small_and_used() -> None:
    pictures = sorted((DOCS / "guide" / "pictures").glob("*.png"))
    assert 0 < len(pictures) <= MOST_PICTURES
    assert [p.name for p in pictures if p.stat().st_size > MOST_BYTES] == []
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [p.name for p in pictures if f"pictures/{p.name}" not in text] == []
