"""What every sub-command is made of and given: the site, the terminal and its language."""

from __future__ import annotations

import argparse
import locale
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from guanxi.base.errors import NotFound, msg
from guanxi.base.i18n import Language, translate
from guanxi.kernel.access.actors import Actor, system
from guanxi.kernel.access.passwords import user_by_email
from guanxi.kernel.context import Space
from guanxi.kernel.storage.backup import Manifest
from guanxi.kernel.storage.crypt import Key
from guanxi.settings import Settings


class Loops(Protocol):
    """The background work."""

    def start(self) -> None: ...

    def run(self) -> None: ...

    def round(self) -> int: ...

    def stop(self) -> None: ...


class Host(Protocol):
    """What the command line needs from the program around it."""

    settings: Settings
    default: str

    def workspaces(self) -> list[str]: ...

    def open(self, name: str = ..., *, create: bool = ...) -> Space: ...

    def worker(self, names: Sequence[str] = ...) -> Loops: ...

    def serve(self, host: str, port: int, processes: int, ready: Callable[[str], None]) -> None: ...

    def samples(self, space: Space) -> int: ...

    def raw(self, name: str, *, create: bool = ...) -> AbstractContextManager[Space]: ...

    def restore(self, name: str, source: Path, *, key: Key | None = ..., log: Path | None = ...) -> Manifest: ...

    def export_log(self, name: str, target: Path, since: Manifest | None, *, key: Key | None = ...) -> Manifest: ...

    def go_back(self, name: str, source: Path, *, key: Key | None = ...) -> str: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where a command works and speaks."""

    host: Host
    language: Language
    workspace: str

    def space(self) -> Space:
        """The workspace named on the command line."""
        return self.host.open(self.workspace)

    def say(self, text: str, /, **params: Any) -> None:
        """One translated line on standard output."""
        print(self.text(text, **params), flush=True)

    def note(self, text: str, /, **params: Any) -> None:
        """One translated line on standard error: not part of the result."""
        print(self.text(text, **params), file=sys.stderr, flush=True)

    def actor(self, space: Space, email: str | None) -> Actor | int:
        """The person named with --as; without it the system, for whoever has the files may do everything."""
        if not email:
            return system("command line")
        with space.read(system("command line")) as work:
            user = user_by_email(work.catalog, email)
        if user is None:
            raise NotFound(msg("There is no active user with the e-mail {email}.", email=email))
        return user

    def text(self, text: str, /, **params: Any) -> str:
        return translate(text, self.language, **params)


@dataclass(frozen=True, slots=True)
class Command:
    """One sub-command: a module each, listed in `main.COMMANDS`. `run` gives the exit code."""

    name: str
    summary: str  # English, translated when shown
    declare: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Terminal, argparse.Namespace], int]


def terminal_language() -> Language:
    """The language of the terminal; English unless it is Chinese."""
    names = [os.environ.get(name, "") for name in ("GUANXI_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")]
    chosen = next((name for name in names if name), "") or (locale.getlocale()[0] or "")
    return "zh-CN" if chosen.lower().startswith(("zh", "chinese")) else "en"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns under each other; a Chinese character takes two places."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)] if rows else []
    return "\n".join(
        "  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def width(text: str) -> int:
    """How many places the text takes in a terminal."""
    return sum(2 if "\u2e80" <= char <= "\uffe6" else 1 for char in text)
