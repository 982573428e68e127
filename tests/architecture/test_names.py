"""Names say what a thing is; nothing is left half done."""

import ast
import re

from tests.architecture.sources import ROOT, files, place, python_files, tree

EMPTY_WORDS = re.compile(r"(Manager|Handler|Helper|Service|Utils?|Processor)$")
EMPTY_FILES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "handlers", "service", "services"}
HALF_DONE = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|raise NotImplemented" + r"Error")
WRITTEN = {".py", ".html", ".js", ".css", ".sh", ".md", ".toml"}


def test_classes_are_named_after_things():
    found = [
        place(path, node.lineno)
        for path in python_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and EMPTY_WORDS.search(node.name)
    ]
    assert found == []


def test_files_are_named_after_things():
    assert [place(path) for path in python_files() if path.stem in EMPTY_FILES] == []


def test_nothing_is_left_half_done():
    found = [
        place(path, number)
        for path in files()
        if path.suffix in WRITTEN
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if HALF_DONE.search(line)
    ]
    assert found == []


def test_every_module_says_what_it_is_for():
    silent = [
        place(path) for path in python_files(ROOT) if path.read_text().strip() and not ast.get_docstring(tree(path))
    ]
    assert silent == []
