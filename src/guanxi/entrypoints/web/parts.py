"""Small values that templates show: people, dates in words, places in the navigation."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Any

from guanxi.base.dates import from_day, from_us, local_day, zone_of
from guanxi.base.i18n import Label, Locale

# 上海博川电子厂 is known as 博川; only where enough of a name is left
PLACES = re.compile(
    r"^[（(]?(中国|北京|上海|天津|重庆|广州|深圳|苏州|杭州|南京|武汉|成都|西安|青岛|宁波|无锡|佛山|东莞|厦门|合肥|济南|长沙|郑州"
    r"|沈阳|大连|福州|江苏|浙江|广东|山东|福建|四川|湖北|湖南|河南|河北|安徽)[省市]?[）)]?(?=[\u4e00-\u9fff]{4})"
)
WEEKDAYS_ZH = "一二三四五六日"
WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class NavItem:
    """One line of the side bar. `hot` paints the count red; `key` is the letter after G."""

    label: Label
    icon: str
    url: str
    count: int | None = None
    hot: bool = False
    key: str = ""
    name: str = ""  # object name, for `active`


@dataclass(frozen=True, slots=True)
class NavArea:
    """A titled group of lines; without a title it stands at the top."""

    label: Label | None
    items: tuple[NavItem, ...]


def is_han(text: str) -> bool:
    """Whether a name is written in Chinese characters."""
    return any("\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf" for char in text)


def initials(name: str) -> str:
    """The last two characters of a Chinese name, two Latin initials otherwise."""
    name = name.strip()
    if is_han(name):
        return "".join(char for char in name if is_han(char))[-2:]
    words = [word for word in name.replace(".", " ").replace("-", " ").split() if word]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def mark_of(name: str) -> str:
    """One character for an organisation: the first that is its own, places and brackets before it left out."""
    name = PLACES.sub("", name.strip()) or name.strip()
    first = next((char for char in name if char.isalnum()), "?")
    return first.upper()


def pair_of(ident: Any) -> int:
    """Which of the eight muted colour pairs belongs to this id; the same in every process."""
    return zlib.crc32(str(ident).encode()) % 8


def show_date(day: int | None, locale: Locale, style: str = "short") -> str:
    """12/18 周五 · Fri 18 Dec; `full` and other years carry the year; `plain` leaves the weekday out."""
    if day is None:
        return ""
    date = from_day(day)
    today = from_day(local_day(locale.now, locale.zone)) if locale.now else date
    with_year = style == "full" or date.year != today.year
    if locale.language == "zh-CN":
        text = f"{date.year}/{date.month:02}/{date.day:02}" if with_year else f"{date.month:02}/{date.day:02}"
        return f"{text} 周{WEEKDAYS_ZH[date.weekday()]}" if style == "short" and not with_year else text
    text = f"{date.day} {MONTHS_EN[date.month - 1]}" + (f" {date.year}" if with_year else "")
    return f"{WEEKDAYS_EN[date.weekday()]} {text}" if style == "short" and not with_year else text


def show_moment(us: int | None, locale: Locale, style: str = "short") -> str:
    """A date with its time in the reader's zone."""
    if us is None:
        return ""
    moment = from_us(us, zone_of(locale.zone))
    day = local_day(us, locale.zone)
    return f"{show_date(day, locale, 'plain' if style == 'short' else style)} {moment:%H:%M}"
