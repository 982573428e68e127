"""An expression that cannot be used: the sentence, the character it is about, and that line with a caret."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from guanxi.base.errors import BadInput, Message, msg


class ExprError(BadInput):
    """`at` counts characters from 0, -1 when the tree did not come from text."""

    code = "bad_expression"

    def __init__(self, message: Message, at: int = -1, text: str = "") -> None:
        self.at, self.text = at, text
        super().__init__(message, at=at, excerpt=excerpt(text, at) if text and at >= 0 else "")

    def within(self, text: str) -> ExprError:
        """The same error, now that the text is known."""
        return ExprError(self.message, self.at, text)


def excerpt(text: str, at: int) -> str:
    """The line the error is in and, below, a caret; wide characters count twice so that the caret stands right."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)]
    first = max(0, at - start - 60)
    before = line[first : at - start]
    width = sum(2 if "\u2e80" <= c <= "\uffef" else 1 for c in before)
    return f"{line[first : first + 120]}\n{' ' * width}^"


def unknown(kind: Message, name: str, known: Iterable[str], at: int) -> ExprError:
    """`kind` is a sentence with a gap {name}; near names are offered."""
    near = get_close_matches(name, list(known), n=3, cutoff=0.5)
    if not near:
        return ExprError(kind, at)
    return ExprError(msg("{problem} Did you mean {near}?", problem=kind, near=", ".join(near)), at)
