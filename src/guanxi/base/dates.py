"""Days and instants as integers: conversions, what people type, calendar bounds and relative display."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from guanxi.base.errors import msg
from guanxi.base.gate import BadValue

DAY = 86_400_000_000
"""Microseconds of a plain day; local days may be an hour longer or shorter."""
EPOCH_ORDINAL = 719_163
MIN_DAY, MAX_DAY = 1 - EPOCH_ORDINAL, dt.date.max.toordinal() - EPOCH_ORDINAL
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_NAIVE_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - UTC without saying so: writing it is faster
_US = dt.timedelta(microseconds=1)
MIN_US = (dt.datetime(1, 1, 2, tzinfo=dt.UTC) - _EPOCH) // _US
MAX_US = (dt.datetime(9999, 12, 30, tzinfo=dt.UTC) - _EPOCH) // _US
"""A day inside the years 1–9999, so that every zone can show the instant."""

_YMD = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DMY = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name.lower(): number for number, name in enumerate(_MONTH_NAMES, 1)}
_NAMED_DMY = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[\s-]+([a-z]{3,9})\.?,?[\s-]+(\d{4})")
_NAMED_MDY = re.compile(r"([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
_WORDS = {
    "today": 0, "今天": 0, "今日": 0, "yesterday": -1, "昨天": -1, "昨日": -1, "tomorrow": 1, "明天": 1, "明日": 1,
    "前天": -2, "后天": 2, "大后天": 3, "大前天": -3,
}  # fmt: skip
_AGO = re.compile(r"(\d{1,5})\s*(?:days?\s+ago|天前|天之前|天以前)")
_IN = re.compile(r"(?:in\s+(\d{1,5})\s*days?|(\d{1,5})\s*(?:天后|天之后|天以后))")
_TIME = re.compile(
    r"(?:(上午|下午|晚上|中午|早上|凌晨)\s*)?(\d{1,2})\s*[:点时]\s*"
    r"(?:(\d{1,2})\s*分?)?(?::(\d{1,2})(?:\.(\d{1,6}))?)?\s*(am|pm)?"
)


def to_day(date: dt.date) -> int:
    return date.toordinal() - EPOCH_ORDINAL


def from_day(day: int) -> dt.date:
    return dt.date.fromordinal(day + EPOCH_ORDINAL)


def to_us(moment: dt.datetime) -> int:
    """Microseconds since 1970 UTC of an aware datetime."""
    return (moment - _EPOCH) // _US


def from_us(us: int, zone: ZoneInfo | None = None) -> dt.datetime:
    """The instant as an aware datetime, in `zone` or UTC."""
    moment = _EPOCH + dt.timedelta(microseconds=us)
    return moment.astimezone(zone) if zone else moment


@lru_cache(maxsize=512)
def zone_of(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=4096)  # one page asks for the same "now" at every date it shows
def local_day(us: int, zone: str) -> int:
    """The calendar day of an instant in a zone."""
    return from_us(us, zone_of(zone)).date().toordinal() - EPOCH_ORDINAL


day_of = local_day


@lru_cache(maxsize=4096)
def day_start(day: int, zone: str) -> int:
    """The first instant of a local day: where midnight does not exist (clock change), the first that does."""
    tz = zone_of(zone)
    midnight = dt.datetime.combine(from_day(day), dt.time(), tz)
    us = to_us(midnight.astimezone(dt.UTC))
    if local_day(us, zone) == day and local_day(us - 1, zone) < day:
        return us
    low, high = us - DAY, us + DAY  # midnight was skipped or came twice: search the first instant of the day
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if local_day(middle, zone) < day else (low, middle)
    return high


def local_us(date: dt.date, time: dt.time, zone: str) -> int:
    """An instant given by the wall clock; in the hour that does not exist the clock is read as before the change."""
    return to_us(dt.datetime.combine(date, time, zone_of(zone)).astimezone(dt.UTC))


def add_months(day: int, months: int) -> int:
    """The same day of the month `months` later; the last day if that month is shorter."""
    date = from_day(day)
    index = date.year * 12 + date.month - 1 + months
    year, month = divmod(index, 12)
    last = (dt.date(year + (month == 11), (month + 1) % 12 + 1, 1) - dt.timedelta(days=1)).day if year < 9999 else 28
    return to_day(dt.date(year, month + 1, min(date.day, last)))


def period_start(unit: str, day: int) -> int:
    """First day of the day, week (Monday), month, quarter or year that holds `day`."""
    date = from_day(day)
    if unit == "day":
        return day
    if unit == "week":
        return day - date.weekday()
    if unit == "month":
        return to_day(date.replace(day=1))
    if unit == "quarter":
        return to_day(date.replace(month=(date.month - 1) // 3 * 3 + 1, day=1))
    if unit == "year":
        return to_day(date.replace(month=1, day=1))
    raise ValueError(f"unknown unit {unit}")


_UNIT_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def shift(unit: str, day: int, count: int) -> int:
    """`day` moved by `count` units."""
    if unit in _UNIT_MONTHS:
        return add_months(day, count * _UNIT_MONTHS[unit])
    return day + count * (7 if unit == "week" else 1)


def period(name: str, today: int) -> tuple[int, int]:
    """First day and day after the last of `today`, `this_week`, `last_month`, `next_quarter`, `last_7_days` …"""
    if name in ("today", "yesterday", "tomorrow"):
        day = today + {"today": 0, "yesterday": -1, "tomorrow": 1}[name]
        return day, day + 1
    if match := re.fullmatch(r"(last|next)_(\d{1,4})_days", name):
        count = int(match[2])
        return (today - count + 1, today + 1) if match[1] == "last" else (today, today + count)
    if match := re.fullmatch(r"(this|last|next)_(week|month|quarter|year)", name):
        unit = match[2]
        start = shift(unit, period_start(unit, today), {"this": 0, "last": -1, "next": 1}[match[1]])
        return start, shift(unit, start, 1)
    raise ValueError(f"unknown period {name}")


def _bad(raw: Any, example: str) -> BadValue:
    shown = str(raw)[:40] if isinstance(raw, str | int | float) else type(raw).__name__
    shown = shown.replace("\0", "␀").encode("utf-8", "replace").decode()
    return BadValue(
        "not_a_date", msg("“{value}” is not a date. Write it like {example}.", value=shown, example=example)
    )


def parse_date(raw: Any, today: int = 0) -> int:
    """Days since 1970 from ISO, 2026/11/21, 2026年11月21日, 21 Nov 2026,
    21/11/2026 (if unambiguous), 昨天, in 3 days."""
    if type(raw) is str:
        if len(raw) == 10 and raw[4] == "-" and raw[7] == "-" and raw.isascii():
            try:
                return dt.date.fromisoformat(raw).toordinal() - EPOCH_ORDINAL
            except ValueError:
                raise _bad(raw, "2026-11-21") from None
        return _parse_date_text(raw, today)
    if isinstance(raw, dt.datetime):
        return to_day(raw.date())
    if isinstance(raw, dt.date):
        return to_day(raw)
    raise _bad(raw, "2026-11-21")


def _parse_date_text(raw: str, today: int) -> int:
    if len(raw) > 60:
        raise _bad(raw, "2026-11-21")
    text = unicodedata.normalize("NFKC", raw).strip().casefold()
    try:
        if (match := _YMD.fullmatch(text)) or (match := _COMPACT.fullmatch(text)):
            return to_day(dt.date(int(match[1]), int(match[2]), int(match[3])))
        if match := _DMY.fullmatch(text):
            return _day_or_month_first(raw, int(match[1]), int(match[2]), int(match[3]))
        if (match := _NAMED_DMY.fullmatch(text)) and match[2][:3] in _MONTHS:
            return to_day(dt.date(int(match[3]), _MONTHS[match[2][:3]], int(match[1])))
        if (match := _NAMED_MDY.fullmatch(text)) and match[1][:3] in _MONTHS:
            return to_day(dt.date(int(match[3]), _MONTHS[match[1][:3]], int(match[2])))
        relative = _relative_day(text)
        if relative is not None:
            return to_day(from_day(today + relative))
        if "t" in text or ":" in text:  # an instant where a day is wanted, as spreadsheets write
            return to_day(dt.datetime.fromisoformat(text.upper().replace("/", "-")).date())
    except (ValueError, OverflowError) as error:
        if isinstance(error, BadValue):
            raise
    raise _bad(raw, "2026-11-21")


def _day_or_month_first(raw: str, first: int, second: int, year: int) -> int:
    if first != second and first <= 12 and second <= 12:
        raise BadValue(
            "ambiguous_date",
            msg("“{value}” may mean two days. Write year first, like {example}.", value=raw[:20], example="2026-11-21"),
        )
    day, month = (first, second) if second <= 12 else (second, first)
    return to_day(dt.date(year, month, day))


def _relative_day(text: str) -> int | None:
    if text in _WORDS:
        return _WORDS[text]
    if match := _AGO.fullmatch(text):
        return -int(match[1])
    if match := _IN.fullmatch(text):
        return int(match[1] or match[2])
    return None


def parse_datetime(raw: Any, zone: str, today: int = 0) -> int:
    """Microseconds UTC from RFC 3339, ISO or what people write; without an offset it is the wall clock of `zone`."""
    if isinstance(raw, dt.datetime):
        moment = raw
    elif isinstance(raw, dt.date):
        return _first_moment(to_day(raw), zone, raw)
    elif type(raw) is not str or len(raw) > 60:
        raise _bad(raw, "2026-11-21 16:00")
    else:
        try:
            moment = dt.datetime.fromisoformat(raw)
        except ValueError:
            return _parse_moment_text(raw, zone, today)
    try:
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone_of(zone))
        return _checked(to_us(aware.astimezone(dt.UTC)), raw)
    except OverflowError:
        raise _bad(raw, "2026-11-21 16:00") from None


def _checked(us: int, raw: Any) -> int:
    if MIN_US <= us <= MAX_US:
        return us
    raise _bad(raw, "2026-11-21 16:00")


def _first_moment(day: int, zone: str, raw: Any) -> int:
    if not MIN_DAY + 1 < day < MAX_DAY - 1:
        raise _bad(raw, "2026-11-21 16:00")
    return _checked(day_start(day, zone), raw)


def _parse_moment_text(raw: str, zone: str, today: int) -> int:
    text = unicodedata.normalize("NFKC", raw).strip()
    match = None
    for found in _TIME.finditer(text.casefold()):
        match = found
    if match is None or match.end() != len(text):
        return _first_moment(_parse_date_text(text, today), zone, raw)
    day_text = text[: match.start()].strip(" tT,")
    try:
        day = _parse_date_text(day_text, today) if day_text else today
        hour = int(match[2])
        if (match[6] == "pm" or match[1] in ("下午", "晚上")) and hour < 12:
            hour += 12
        if match[6] == "am" and hour == 12:
            hour = 0
        micro = int((match[5] or "0").ljust(6, "0"))
        time = dt.time(hour, int(match[3] or 0), int(match[4] or 0), micro)
        return _checked(local_us(from_day(day), time, zone), raw)
    except (ValueError, OverflowError):
        raise _bad(raw, "2026-11-21 16:00") from None


def iso_date(day: int) -> str:
    return dt.date.fromordinal(day + EPOCH_ORDINAL).isoformat()


def iso_datetime(us: int) -> str:
    """RFC 3339 in UTC with `Z`; microseconds only when there are any."""
    return (_NAIVE_EPOCH + dt.timedelta(0, 0, us)).isoformat() + "Z"


def show_date(day: int, language: str) -> str:
    """2026-11-21 or 21 Nov 2026: never a form that can be misread."""
    date = from_day(day)
    if language.startswith("zh"):
        return date.isoformat()
    return f"{date.day} {_MONTH_NAMES[date.month - 1]} {date.year}"


def show_datetime(us: int, zone: str, language: str) -> str:
    """2026-11-21 16:00 on the reader's wall clock."""
    moment = from_us(us, zone_of(zone))
    return f"{show_date(to_day(moment.date()), language)} {moment.hour:02d}:{moment.minute:02d}"


def show_relative_day(day: int, today: int, language: str) -> str:
    """今天, 3 天前, in 2 days; farther than a month the date itself."""
    delta, zh = day - today, language.startswith("zh")
    if abs(delta) <= 1:
        return {0: ("Today", "今天"), 1: ("Tomorrow", "明天"), -1: ("Yesterday", "昨天")}[delta][zh]
    if abs(delta) <= 30:
        if delta < 0:
            return f"{-delta} 天前" if zh else f"{-delta} days ago"
        return f"{delta} 天后" if zh else f"in {delta} days"
    return show_date(day, language)


def show_relative(us: int, now: int, zone: str, language: str) -> str:
    """刚刚, 5 分钟前, 昨天 16:00, 3 天前, in 2 hours: for lists and timelines (the exact time goes beside it)."""
    zh, delta = language.startswith("zh"), now - us
    minutes = abs(delta) // 60_000_000
    day, today = local_day(us, zone), local_day(now, zone)
    if minutes < 1:
        return "刚刚" if zh else "just now"
    if minutes < 60 and (delta > 0 or day == today):
        if zh:
            return f"{minutes} 分钟{'前' if delta > 0 else '后'}"
        unit = "minute" if minutes == 1 else "minutes"
        return f"{minutes} {unit} ago" if delta > 0 else f"in {minutes} {unit}"
    if abs(day - today) <= 1:
        moment = from_us(us, zone_of(zone))
        return f"{show_relative_day(day, today, language)} {moment.hour:02d}:{moment.minute:02d}"
    return show_relative_day(day, today, language)
