"""One thing wrong with the catalogue, where it is, and the error that carries all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from guanxi.base.errors import FieldError, Invalid, Message, msg


@dataclass(frozen=True, slots=True)
class Fault:
    """`where` is app.object.field, as far as it goes; `code` is stable, for tests and the API."""

    app: str
    object: str
    field: str
    code: str
    message: Message

    @property
    def where(self) -> str:
        return ".".join(part for part in (self.app, self.object, self.field) if part)

    def __str__(self) -> str:
        source = locate(self.app, self.object, self.field)
        return f"{self.where}: {self.message}" + (f" ({source})" if source else "")


def fault(app: str, obj: str, field: str, code: str, text: str, /, **params: Any) -> Fault:
    """Short form with the sentence made in place."""
    return Fault(app, obj, field, code, msg(text, **params))


class CatalogError(Exception):
    """The apps' declarations do not fit together; the program does not start. Lists every fault."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  - {f}" for f in self.faults)
        super().__init__(f"{len(self.faults)} fault(s) in the catalogue:\n{lines}")


def refused(faults: Sequence[Fault]) -> Invalid:
    """The answer to an administrator whose change would not fit."""
    errors = [FieldError(f.field or f.object, f.code, f.message) for f in faults]
    return Invalid(faults[0].message, errors=errors)


def locate(app: str, obj: str, field: str) -> str:
    """File and line of the declaration, found by its text; only errors pay for the search. "" if not found."""
    found = find_spec(f"guanxi.apps.{app}") if app and app.isidentifier() and app != "core" else None
    for root in (found.submodule_search_locations if found else None) or ():
        for path in sorted(Path(root).rglob("*.py")):
            line = _line(path.read_text(encoding="utf-8"), obj, field)
            if line:
                return f"{path.relative_to(Path(root).parent)}:{line}"
    return ""


def _line(source: str, obj: str, field: str) -> int:
    start = re.search(rf"Object\(\s*(name=)?\"{re.escape(obj)}\"", source) if obj else None
    if start is None and not (field and f'"{obj}"' in source):
        return 0
    begin = start.start() if start else 0
    spot = re.compile(rf"\(\s*\"{re.escape(field)}\"").search(source, begin + 1) if field else start
    where = spot.start() if spot else begin
    return source.count("\n", 0, where) + 1
