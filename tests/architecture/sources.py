"""What the architecture tests read: our own files, their syntax trees, the sentences people see."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "guanxi"
PROBLEMS = {
    "BadInput", "Unauthenticated", "NotFound", "Forbidden", "Conflict", "Invalid", "TooMany", "TooSlow", "Problem",
}  # fmt: skip
SPEAKERS = {"msg", "Message", "_", "t"} | PROBLEMS
SAID_IN_TEMPLATE = re.compile(r"""(?<![\w.])(?:_|t|msg)\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")


@cache
def files() -> tuple[Path, ...]:
    """Files of the project as git sees them (ignored ones are not ours)."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(sorted(path for name in listed.split("\0") if name and (path := ROOT / name).is_file()))


def python_files(below: Path = PACKAGE) -> Iterator[Path]:
    """Python files below a folder."""
    return (path for path in files() if path.suffix == ".py" and path.is_relative_to(below))


def templates() -> Iterator[Path]:
    """All templates."""
    return (path for path in files() if path.suffix == ".html" and path.is_relative_to(PACKAGE))


@cache
def tree(path: Path) -> ast.Module:
    """Its syntax tree, parsed once."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def place(path: Path, line: int | None = None) -> str:
    """How a complaint names a spot."""
    return f"{path.relative_to(ROOT)}:{line}" if line else str(path.relative_to(ROOT))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the last part of the called name."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id, node
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr, node


def sentences() -> dict[str, str]:
    """English sentences that people may see, and where each is said first."""
    found: dict[str, str] = {"Not found, or not yours to see.": "src/guanxi/base/errors.py"}
    for path in python_files():
        for name, call in calls(path):
            first = call.args[0] if call.args else None
            if name in SPEAKERS and isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value:
                found.setdefault(first.value, place(path, call.lineno))
    for path in templates():
        text = path.read_text(encoding="utf-8")
        for match in SAID_IN_TEMPLATE.finditer(text):
            found.setdefault(ast.literal_eval(match[1]), place(path, text.count("\n", 0, match.start()) + 1))
    return found
