"""Two languages: labels carry both; sentences are English and translated by catalogues under `locale/`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel.messages.pofile import read_po

from guanxi.base.errors import Message

Language = Literal["en", "zh-CN"]
LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")


@dataclass(frozen=True, slots=True)
class Label:
    """A name in both languages, given where the thing is declared."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en

    def in_(self, language: str) -> str:
        return self.zh if language.startswith("zh") else self.en


def L(en: str, zh: str) -> Label:  # noqa: N802 - reads as a literal in declarations
    """Short form of `Label` for declarations."""
    return Label(en, zh)


@dataclass(frozen=True, slots=True)
class Locale:
    """How one person reads: language, time zone, base currency."""

    language: Language = "zh-CN"
    zone: str = "Asia/Shanghai"
    currency: str = "CNY"
    now: int = 0  # microseconds UTC, for relative dates

    @property
    def babel(self) -> str:
        return "zh_Hans_CN" if self.language == "zh-CN" else "en"

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


@cache
def catalogue(language: str) -> dict[str, str]:
    """All sentences of one language; English is its own catalogue."""
    if language == "en":
        return {}
    sentences: dict[str, str] = {}
    for path in sorted((Path(__file__).parent / "locale" / language.replace("-", "_")).glob("*.po")):
        with path.open("rb") as file:
            for entry in read_po(file, locale="zh_CN"):
                if entry.id and entry.string:
                    sentences[str(entry.id)] = str(entry.string)
    return sentences


def translate(text: str, language: str, /, **params: Any) -> str:
    """The sentence in that language with its gaps filled; unknown sentences stay English."""
    sentence = catalogue(language).get(text, text)
    if not params:
        return sentence
    filled = {k: v.in_(language) if isinstance(v, Label) else render(v, language) for k, v in params.items()}
    return sentence.format(**filled)


def render(value: Any, language: str) -> Any:
    """A `Message` or `Label` as text in that language; anything else as it is."""
    if isinstance(value, Message):
        return translate(value.text, language, **value.params)
    if isinstance(value, Label):
        return value.in_(language)
    return value
