"""What the command line says is there in Chinese."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from pathlib import Path

from guanxi.base.i18n import catalogue
from guanxi.entrypoints.cli import main

FOLDER = Path(main.__file__).parent


def help_texts(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from (choice.help for choice in action._choices_actions if choice.help)
            for sub in action.choices.values():
                yield from help_texts(sub)
        elif action.help and action.help != argparse.SUPPRESS:
            yield action.help


def test_help_is_translated() -> None:
    chinese = list(help_texts(main.make_parser("zh-CN")))
    left = [text for text in chinese if not any("\u3400" <= char <= "\u9fff" for char in text)]
    assert len(chinese) > 40
    assert left == []


def test_every_sentence_said_is_translated() -> None:
    known, missing = catalogue("zh-CN"), []
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            first = node.args[0]
            said = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
            if node.func.attr in ("say", "note", "text") and said and said not in known:
                missing.append(f"{path.name}:{node.lineno} {said}")
    assert missing == []
