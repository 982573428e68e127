"""A time zone as a short list of offsets, so that a database can tell the local day of a moment by itself."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

DAY = 86_400_000_000
FIRST, LAST = 2000, 2060  # years whose changes of the clock are known; before and after, the nearest offset holds
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Zone:
    """`offsets[i]` (µs east of UTC) holds from `moments[i - 1]` (µs UTC) on; `offsets[0]` before all of them."""

    name: str
    moments: tuple[int, ...]
    offsets: tuple[int, ...]

    def offset(self, moment: int) -> int:
        return self.offsets[bisect_right(self.moments, moment)] if self.moments else self.offsets[0]

    def day(self, moment: int) -> int:
        """The local day (days since 1970-01-01) of a moment."""
        return (moment + self.offset(moment)) // DAY

    def midnight(self, day: int) -> int:
        """The first moment of a local day; where the clock skips midnight, the moment it skips to."""
        if not self.moments:
            return day * DAY - self.offsets[0]
        low, high = day * DAY - DAY, day * DAY + DAY
        while low < high:
            middle = (low + high) // 2
            if self.day(middle) >= day:
                high = middle
            else:
                low = middle + 1
        return low

    def moment(self, local: int) -> int:
        """The moment of a local clock reading (µs as if UTC); of two the earlier, of none the one after the gap."""
        for offset in sorted({self.offset(local - DAY), self.offset(local + DAY)}, reverse=True):
            if self.offset(local - offset) == offset:
                return local - offset
        return local - self.offset(local - DAY)


@cache
def zone(name: str) -> Zone:
    """The zone of that name between the years FIRST and LAST."""
    info = ZoneInfo(name)
    at, end = datetime(FIRST, 1, 1, tzinfo=UTC), datetime(LAST, 12, 31, tzinfo=UTC)
    moments: list[int] = []
    offsets = [_offset(info, at)]
    while at < end:
        later = at + timedelta(days=7)
        if _offset(info, later) != offsets[-1]:
            at = _change(info, at, later, offsets[-1])
            moments.append(_micros(at))
            offsets.append(_offset(info, at))
        else:
            at = later
    return Zone(name, tuple(moments), tuple(offsets))


def _change(info: ZoneInfo, low: datetime, high: datetime, before: int) -> datetime:
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (middle, high) if _offset(info, middle) == before else (low, middle)
    return high


def _offset(info: ZoneInfo, at: datetime) -> int:
    return (at.astimezone(info).utcoffset() or timedelta()) // timedelta(microseconds=1)


def _micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)
