"""Words close to a mistyped one: every Latin word of the index with one letter left out (SymSpell's deletions)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rapidfuzz.distance import OSA

from guanxi.base.grams import MAX_QUERY, folded
from guanxi.kernel.access.branches import pad
from guanxi.kernel.storage.session import Session

SHORTEST, LONGEST = 4, 20
"""Letters of a word that is kept: in shorter ones a typo makes another word, longer ones are codes."""
TWO_TYPOS_FROM = 8  # letters from which two typos are forgiven
NEAREST = 4
CHUNK = 512
_WORD = re.compile(r"[a-z]+")


def words_of(pieces: Iterable[str]) -> set[str]:
    """The Latin words of some texts, folded; e-mail addresses and links are left out."""
    found: set[str] = set()
    for piece in pieces:
        if piece[:1] != "+":
            plain = (part for part in piece.split() if "@" not in part and "/" not in part)
            found.update(_WORD.findall(folded(" ".join(plain))))
    return {w for w in found if SHORTEST <= len(w) <= LONGEST}


def latin_words(text: str) -> list[str]:
    """Words of a folded query that may be mistyped."""
    return [w for w in re.findall(r"\b[a-z]+\b", text[:MAX_QUERY]) if SHORTEST <= len(w) <= LONGEST]


def variants(word: str) -> set[str]:
    """
    The word and all it becomes by leaving out one letter. Two words one typo apart (letter wrong, missing, too many,
    or two swapped) share a variant (W. Garbe, Symmetric Delete, 2012).
    """
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


def learn(session: Session, words: Iterable[str]) -> int:
    """Adds words that are not known yet; gives how many."""
    new = set(words)
    for known in _known(session, new):
        new.discard(known)
    rows = [(variant, word) for word in sorted(new) for variant in sorted(variants(word))]
    if rows:
        session.many(
            f'INSERT INTO {session.table("search_near")} ("variant", "word") VALUES (?, ?) ON CONFLICT DO NOTHING', rows
        )
    return len(new)


def _known(session: Session, words: Iterable[str]) -> list[str]:
    wanted, found = sorted(words), []
    for start in range(0, len(wanted), CHUNK):
        some = pad(wanted[start : start + CHUNK])
        marks = ", ".join("?" * len(some))
        sql = f'SELECT "word" FROM {session.table("search_near")} WHERE "variant" IN ({marks}) AND "variant" = "word"'
        found += [row[0] for row in session.rows(sql, some)]
    return found


def unlearn(session: Session, words: Iterable[str]) -> None:
    """Takes words out, for instance those only an erased person had."""
    rows = [(variant, word) for word in set(words) for variant in variants(word)]
    if rows:
        session.many(f'DELETE FROM {session.table("search_near")} WHERE "variant" = ? AND "word" = ?', rows)


def near(session: Session, word: str) -> list[str]:
    """Known words one typo away (two for long words), nearest first; never the word itself."""
    if not SHORTEST <= len(word) <= LONGEST or not _WORD.fullmatch(word):
        return []
    asked = pad(sorted(variants(word)))
    marks = ", ".join("?" * len(asked))
    sql = f'SELECT DISTINCT "word" FROM {session.table("search_near")} WHERE "variant" IN ({marks})'
    most = 2 if len(word) >= TWO_TYPOS_FROM else 1
    found = []
    for (known,) in session.rows(sql, asked):
        distance = OSA.distance(word, known)
        if 0 < distance <= most:
            found.append((distance, known[0] != word[0], known))
    return [known for _, _, known in sorted(found)[:NEAREST]]
