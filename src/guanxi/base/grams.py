"""The one search tokenizer: what is stored of a record, what is asked for a query, and why something matched."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from guanxi.base.text import HAN, fold, han_syllables

GRAMS_VERSION = 1
"""Raise when `doc_grams` changes: the index is then rebuilt."""
MAX_QUERY = 100
MAX_PIECE = 2000
"""Characters of one piece that are indexed."""
MAX_ASKED = 12
"""Grams of one run that are asked; the re-check does the rest."""

_CJK = f"{HAN}\u3040-\u30ff\uac00-\ud7af"
_TOKEN = re.compile(f"([{_CJK}]+)|([^\\W_{_CJK}]+)")
_CJK_CHAR = re.compile(f"[{_CJK}]")
_WORD = re.compile(r"[a-z0-9]+")
_HAN_ONLY = re.compile(f"[{HAN}]+")
_PHONE = re.compile(r"\+\d{6,15}(?:;ext=\d+)?")
_LONGEST_NAME = 20
"""Han runs up to this length are taken for names and also found by their pinyin."""

Why = Literal["text", "pinyin", "initials", "phone"]


@dataclass(frozen=True, slots=True)
class Match:
    """Characters `start`–`stop` of piece number `piece` answered a word of the query."""

    piece: int
    start: int
    stop: int
    why: Why


@lru_cache(maxsize=65_536)
def _fold_marks(text: str) -> str:
    plain = unicodedata.normalize("NFD", fold(text))
    return unicodedata.normalize("NFC", "".join(c for c in plain if unicodedata.category(c) != "Mn"))


def folded(text: str) -> str:
    """The form in which texts are compared: no case, no width, no marks on letters."""
    return text.lower() if text.isascii() else _fold_marks(text)


@lru_cache(maxsize=131_072)
def _word_grams(word: str) -> tuple[str, ...]:
    grams = [word[i : i + 3] for i in range(len(word) - 2)]
    grams.append("^" + word[0])
    if len(word) > 1:
        grams.append("^" + word[:2])
    return tuple(grams)


@lru_cache(maxsize=131_072)
def _cjk_grams(run: str) -> tuple[str, ...]:
    grams = set(run)
    grams.update(run[i : i + 2] for i in range(len(run) - 1))
    if len(run) <= _LONGEST_NAME and _HAN_ONLY.fullmatch(run):
        syllables = [s for s in han_syllables(run) if s]
        if syllables:
            joined, initials = "".join(syllables), "".join(s[0] for s in syllables)
            grams.update(_word_grams(joined))
            grams.update(_word_grams(initials))
            for i, one in enumerate(syllables):  # names are also asked for from the middle: 李张伟 by "zhang", "zw"
                grams.update(("^" + one[0], "^" + one[:2], "^" + initials[i : i + 2]))
    return tuple(grams)


def doc_grams(pieces: Iterable[str]) -> set[str]:
    """All grams of a record's text pieces; phones come as E.164, of e-mails only the part before @ is indexed."""
    grams: set[str] = set()
    for piece in pieces:
        text = piece[:MAX_PIECE]
        if "@" in text and " " not in text:
            text = text.partition("@")[0]
        elif text[:1] == "+" and _PHONE.fullmatch(text):
            text = _national(text)
        text = folded(text)
        if text.isascii():
            for word in _WORD.findall(text):
                grams.update(_word_grams(word))
            continue
        for cjk, word in _TOKEN.findall(text):
            grams.update(_cjk_grams(cjk) if cjk else _word_grams(word))
    return grams


def _national(phone: str) -> str:
    """Digits people type: without +86; other countries keep theirs."""
    number, _, extension = phone.partition(";ext=")
    number = number[3:] if number.startswith("+86") else number[1:]
    return f"{number} {extension}" if extension else number


def _asked(text: str) -> list[tuple[str, bool]]:
    """Words of a query, each with whether it is CJK; at most eight."""
    text = text[:MAX_QUERY]
    if "@" in text:
        text = re.sub(r"@\S*", " ", text)
    plain = folded(text)
    if re.fullmatch(r"\+?[\d\s()-]{7,}", plain):  # a phone number in groups is one word
        digits = re.sub(r"\D", "", plain)
        plain = digits[2:] if digits.startswith("86") and len(digits) > 11 else digits
    return [(cjk or word, bool(cjk)) for cjk, word in _TOKEN.findall(plain)][:8]


def query_grams(text: str) -> list[str]:
    """The grams a record must all have to be a candidate; [] asks nothing (no usable character)."""
    asked: dict[str, None] = {}
    for word, cjk in _asked(text):
        if cjk:
            grams = [word] if len(word) == 1 else [word[i : i + 2] for i in range(len(word) - 1)]
        elif len(word) < 3:
            grams = ["^" + word]
        else:
            grams = [word[i : i + 3] for i in range(len(word) - 2)]
        step = -(-len(grams) // MAX_ASKED)
        asked.update(dict.fromkeys(grams[::step]))
    return list(asked)


def matches(pieces: Sequence[str], query: str) -> list[Match] | None:
    """Where each word of the query is found, and how; None when a word is nowhere (the candidate is no hit)."""
    words = _asked(query)
    if not words:
        return None
    found: list[Match] = []
    for word, _ in words:
        hits = [hit for n, piece in enumerate(pieces) if (hit := _find(n, piece[:MAX_PIECE], word))]
        if not hits:
            return None
        found.extend(hits)
    return found


def _find(n: int, piece: str, word: str) -> Match | None:
    if piece[:1] == "+" and _PHONE.fullmatch(piece):
        start = piece.find(word, 3 if piece.startswith("+86") else 1)
        return Match(n, start, start + len(word), "phone") if start >= 0 else None
    searched = piece.partition("@")[0] if "@" in piece and " " not in piece else piece
    plain = folded(searched)
    start = _word_at(plain, word)
    if start >= 0:
        if len(plain) == len(searched):
            return Match(n, start, start + len(word), "text")
        return Match(n, *_unfold(searched, start, start + len(word)), "text")
    return _find_pinyin(n, searched, word) if word.isascii() and not piece.isascii() else None


def _word_at(text: str, word: str) -> int:
    """One or two Latin characters count only where a word begins: that is all the index knows of them."""
    if len(word) > 2 or not word.isascii():
        return text.find(word)
    start = text.find(word)
    while start > 0 and text[start - 1].isalnum() and not _CJK_CHAR.match(text[start - 1]):
        start = text.find(word, start + 1)
    return start


def _unfold(text: str, start: int, stop: int) -> tuple[int, int]:
    """Positions in `text` of positions in its folded form, where folding changed the length."""
    ends: list[int] = []
    length = 0
    for char in text:
        length += len(folded(char))
        ends.append(length)
    first = next((i for i, end in enumerate(ends) if end > start), 0)
    last = next((i for i, end in enumerate(ends) if end >= stop), len(text) - 1)
    return first, last + 1


def _find_pinyin(n: int, piece: str, word: str) -> Match | None:
    for run in _HAN_ONLY.finditer(piece):
        if len(run[0]) > _LONGEST_NAME:
            continue
        syllables = han_syllables(run[0])
        for i in range(len(syllables)):
            covered = _covered(syllables, i, word)
            if covered:
                return Match(
                    n, run.start() + i, run.start() + i + covered, "pinyin" if len(word) > covered else "initials"
                )
    return None


def _covered(syllables: Sequence[str], first: int, word: str) -> int:
    """How many syllables from `first` on spell `word`, in full (the last may be begun) or by initials; 0 = none."""
    rest = word
    for count, one in enumerate(syllables[first:], 1):
        if not one:
            break
        if one.startswith(rest):
            return count
        if not rest.startswith(one):
            break
        rest = rest[len(one) :]
    initials = "".join(s[:1] for s in syllables[first : first + len(word)])
    return len(word) if initials == word else 0
