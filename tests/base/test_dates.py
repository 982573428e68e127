"""Days and instants: what people type, clock changes, calendar bounds, relative words."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.base import dates
from guanxi.base.gate import BadValue

DAY = dates.to_day(dt.date(2026, 11, 21))


@pytest.mark.parametrize(
    "raw",
    [
        "2026-11-21",
        "2026/11/21",
        "2026.11.21",
        "2026年11月21日",
        "21/11/2026",
        "11/21/2026",
        "20261121",
        "21 Nov 2026",
        "Nov 21, 2026",
        "２０２６年１１月２１日",
        "今天",
        "today",
        "2026-11-21T10:00:00",
        dt.date(2026, 11, 21),
    ],
)
def test_reads_dates(raw):
    assert dates.parse_date(raw, DAY) == DAY


@pytest.mark.parametrize(
    "raw",
    ["1/2/2026", "2026-02-30", "2026-13-01", "0000-01-01", "10000-01-01", "x", "", 5, None, "99999 days ago " * 9],
)
def test_refuses_what_is_no_clear_date(raw):
    with pytest.raises(BadValue):
        dates.parse_date(raw, DAY)


def test_reads_relative_days():
    assert dates.parse_date("3 天前", DAY) == DAY - 3
    assert dates.parse_date("in 2 days", DAY) == DAY + 2
    assert dates.parse_date("昨天", DAY) == DAY - 1


@pytest.mark.parametrize(
    ("raw", "utc"),
    [
        ("2026-11-21 16:00", "2026-11-21T08:00:00Z"),
        ("2026-11-21T16:00:00+08:00", "2026-11-21T08:00:00Z"),
        ("2026年11月21日 下午4点", "2026-11-21T08:00:00Z"),
        ("昨天 16:00", "2026-11-20T08:00:00Z"),
        ("2026/11/21 4:30 pm", "2026-11-21T08:30:00Z"),
        ("2026-11-21", "2026-11-20T16:00:00Z"),
    ],
)
def test_reads_instants_on_the_wall_clock(raw, utc):
    assert dates.iso_datetime(dates.parse_datetime(raw, "Asia/Shanghai", DAY)) == utc


@given(st.integers(dates.to_day(dt.date(1900, 1, 3)), dates.to_day(dt.date(2090, 1, 1))))
@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Africa/Cairo"]
)
def test_a_day_starts_at_its_first_instant(zone, day):
    start = dates.day_start(day, zone)
    assert dates.local_day(start - 1, zone) < day <= dates.local_day(start, zone)


def test_midnight_that_does_not_exist():
    day = dates.to_day(dt.date(2018, 11, 4))  # São Paulo went from 23:59:59 to 01:00
    assert dates.iso_datetime(dates.day_start(day, "America/Sao_Paulo")) == "2018-11-04T03:00:00Z"


def test_periods():
    def bounds(name):
        first, after = dates.period(name, DAY)
        return dates.iso_date(first), dates.iso_date(after)

    assert bounds("this_week") == ("2026-11-16", "2026-11-23")
    assert bounds("last_month") == ("2026-10-01", "2026-11-01")
    assert bounds("next_quarter") == ("2027-01-01", "2027-04-01")
    assert bounds("this_year") == ("2026-01-01", "2027-01-01")
    assert bounds("last_7_days") == ("2026-11-15", "2026-11-22")
    assert dates.iso_date(dates.add_months(dates.parse_date("2026-01-31"), 1)) == "2026-02-28"


def test_relative_words():
    now = dates.parse_datetime("2026-11-21 18:00", "Asia/Shanghai")

    def show(raw, language="zh-CN"):
        return dates.show_relative(dates.parse_datetime(raw, "Asia/Shanghai"), now, "Asia/Shanghai", language)

    assert show("2026-11-20 16:00") == "昨天 16:00"
    assert show("2026-11-21 17:55") == "5 分钟前"
    assert show("2026-11-18 09:00", "en") == "3 days ago"
    assert show("2026-11-23 09:00", "en") == "in 2 days"
    assert show("2025-01-02 09:00", "en") == "2 Jan 2025"
