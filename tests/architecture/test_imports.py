"""Imports go down only; SQL and commits stay where they belong."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import PACKAGE, ROOT, calls, place, python_files, tree

STATEMENT = re.compile(
    r"\s*(SELECT\s.+\sFROM\s|INSERT INTO\s|UPDATE\s\S+\sSET\s|DELETE FROM\s|CREATE (TABLE|INDEX)\s)", re.DOTALL
)
DATABASE_LIBRARIES = {"sqlalchemy", "psycopg", "sqlite3"}
COMMITTERS = (PACKAGE / "kernel" / "context.py", PACKAGE / "kernel" / "storage")


def test_import_contracts_hold():
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert program, "import-linter is not installed: make setup"
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def imported(path: Path) -> set[str]:
    """Top names of what a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_database_libraries_stay_in_the_kernel():
    outside = [path for path in python_files() if not path.is_relative_to(PACKAGE / "kernel")]
    assert [place(path) for path in outside if imported(path) & DATABASE_LIBRARIES] == []


def test_no_sql_outside_the_kernel():
    found = [
        place(path, node.lineno)
        for path in python_files()
        if not path.is_relative_to(PACKAGE / "kernel")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value)
    ]
    assert found == []


def test_only_the_unit_of_work_and_the_storage_commit():
    found = [
        place(path, call.lineno)
        for path in python_files()
        if not any(path.is_relative_to(allowed) for allowed in COMMITTERS)
        for name, call in calls(path)
        if name == "commit"
    ]
    assert found == []
