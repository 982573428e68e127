"""How long files and functions are: what fails the build, and the figures we aim at."""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXCEPTIONS = ROOT / "tests" / "architecture" / "size_exceptions.txt"
FILE_LIMIT, FUNCTION_LIMIT = 400, 50
FILE_MEDIAN_AIM, FUNCTION_P90_AIM = 80, 20
FOLDERS = ("src", "tests", "tools", "bench", "examples")
TEXT_SUFFIXES = {".py", ".html", ".js", ".css", ".sh"}


def source_files() -> Iterator[Path]:
    """Everything we wrote ourselves."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            made = any(part.startswith(("vendor", "__pycache__", ".")) for part in path.relative_to(ROOT).parts)
            if path.suffix in TEXT_SUFFIXES and path.is_file() and not made:
                yield path


def file_lengths() -> dict[str, int]:
    """Lines of each file, by its path from the root."""
    return {str(p.relative_to(ROOT)): p.read_text(encoding="utf-8").count("\n") for p in source_files()}


def function_lengths() -> dict[str, int]:
    """Lines of each Python function from `def` to its end, by `path:name`."""
    lengths: dict[str, int] = {}
    for path in source_files():
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    name = f"{path.relative_to(ROOT)}:{node.name}"
                    lengths[name] = max(lengths.get(name, 0), (node.end_lineno or node.lineno) - node.lineno + 1)
    return lengths


def exceptions() -> dict[str, int]:
    """What is allowed to be longer, and exactly how long it is: `path[:function] lines`."""
    lines = [line.strip() for line in EXCEPTIONS.read_text().splitlines()]
    pairs = [line.rsplit(" ", 1) for line in lines if line and not line.startswith("#")]
    return {name: int(length) for name, length in pairs}


def too_long() -> dict[str, int]:
    """Everything above its limit, whether excepted or not."""
    files = {name: n for name, n in file_lengths().items() if n > FILE_LIMIT}
    return files | {name: n for name, n in function_lengths().items() if n > FUNCTION_LIMIT}


def complaints() -> list[str]:
    """What fails the build: something too long that is not excepted, or an exception that could shrink."""
    allowed, found = exceptions(), too_long()
    longer = [
        f"{name}: {n} lines, allowed {allowed.get(name, 'are the limit')}"
        for name, n in sorted(found.items())
        if n > allowed.get(name, 0)
    ]
    looser = [
        f"{name}: the exception says {n}, it is {found.get(name, 'within the limit')} now: lower or remove it"
        for name, n in sorted(allowed.items())
        if found.get(name, 0) < n
    ]
    return longer + looser


def main() -> int:
    """Print the figures; fail on complaints."""
    ours = sorted(n for name, n in file_lengths().items() if name.startswith("src/") and name.endswith(".py") and n)
    functions = sorted(n for name, n in function_lengths().items() if name.startswith("src/"))
    p90 = functions[int(len(functions) * 0.9)] if functions else 0
    print(
        f"{len(ours)} files, {sum(ours):,} lines; median {statistics.median(ours):.0f} (aim {FILE_MEDIAN_AIM}); "
        f"{len(functions)} functions, p90 {p90} lines (aim {FUNCTION_P90_AIM})"
    )
    problems = complaints()
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
