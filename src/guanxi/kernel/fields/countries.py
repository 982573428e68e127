"""Names of countries in both languages: read as codes; a slip of the pen in one is noticed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from babel import Locale

from guanxi.base.text import fold, nearest

NEAR = 0.9  # "Philipines" is one, "Indiana" and "Austin" are none


@cache
def _names() -> Mapping[str, str]:
    """Folded name -> code, English and Chinese."""
    found: dict[str, str] = {}
    for language in ("en", "zh"):
        territories: Mapping[str, str] = Locale(language).territories
        found.update({fold(name): code for code, name in territories.items() if len(code) == 2 and code.isalpha()})
    return found


def find(text: str) -> str:
    """The code of the country that the whole text names; "" if it names none."""
    return _names().get(fold(text.strip()), "")


@cache
def _english() -> tuple[str, ...]:
    territories: Mapping[str, str] = Locale("en").territories
    return tuple(name for code, name in territories.items() if len(code) == 2 and code.isalpha())


def misspelt(text: str) -> str:
    """The country that a text in one phrase nearly names; "" if there is none."""
    if not (5 <= len(text) <= 40 and text.isascii() and text.replace(" ", "").isalpha()):
        return ""
    return nearest(text, _english(), at_least=NEAR) or ""
