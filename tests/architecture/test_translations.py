"""Every sentence has its Chinese one, with the same gaps and Chinese punctuation."""

import ast
import re
from string import Formatter

from babel.messages.pofile import read_po

from tests.architecture.sources import PACKAGE, SPEAKERS, calls, place, python_files, sentences

FOLDER = PACKAGE / "base" / "locale" / "zh_CN"
HAN = r"[\u3400-\u9fff]"
HALF_WIDTH = re.compile(rf"{HAN}\s*[,;:!?]|{HAN}\.(?!\w)|\({HAN}|{HAN}\)|[\"']{HAN}|{HAN}[\"']|\.\.\.|{HAN} +{HAN}")


def entries() -> dict[str, tuple[str, str]]:
    """Chinese sentence and file by English sentence."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(FOLDER.glob("*.po")):
        with path.open("rb") as file:
            for entry in read_po(file, locale="zh_CN"):
                if entry.id and isinstance(entry.id, str) and isinstance(entry.string, str):
                    found[entry.id] = (entry.string, path.name)
    return found


def gaps(text: str) -> set[str]:
    """Names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def declared_labels() -> list[tuple[str, str]]:
    """Chinese text of `L("…", "…")` with its place."""
    found = []
    for path in python_files():
        for name, call in calls(path):
            if name in {"L", "Label"} and len(call.args) == 2:
                text = call.args[1]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found.append((text.value, place(path, call.lineno)))
    return found


def test_every_sentence_is_translated():
    known = entries()
    missing = [f"{where}: {text!r}" for text, where in sentences().items() if not known.get(text, ("", ""))[0]]
    assert missing == []


def test_gaps_are_the_same():
    wrong = [f"{file}: {text!r}" for text, (chinese, file) in entries().items() if gaps(text) != gaps(chinese)]
    assert wrong == []


def test_chinese_is_punctuated_in_chinese():
    texts = [(chinese, file) for chinese, file in entries().values()] + declared_labels()
    wrong = [f"{where}: {text}" for text, where in texts if HALF_WIDTH.search(text) or "您" in text]
    assert wrong == []


def test_sentences_are_whole():
    """A sentence put together by an f-string, `+` or `%` cannot be translated."""
    wrong = [
        place(path, call.lineno)
        for path in python_files()
        for name, call in calls(path)
        if name in SPEAKERS and call.args and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
    ]
    assert wrong == []
