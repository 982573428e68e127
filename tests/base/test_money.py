"""Amounts: what people type, exact arithmetic, what they see."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.base import money
from guanxi.base.gate import BadValue


@pytest.mark.parametrize(
    ("raw", "amount", "currency"),
    [
        ("¥1,234.56", "1234.56", "CNY"),
        ("￥１，２３４", "1234", "CNY"),
        ("1.2万", "12000", "CNY"),
        ("3亿元", "300000000", "CNY"),
        ("1,234.50 USD", "1234.5", "USD"),
        ("HK$ 20", "20", "HKD"),
        ("(1,200)", "-1200", "CNY"),
        ("-€1.5m", "-1500000", "EUR"),
        ("1e3", "1000", "CNY"),
        (0.1, "0.1", "CNY"),
        (1234, "1234", "CNY"),
        ("0.00005", "0.0001", "CNY"),
    ],
)
def test_reads_what_people_type(raw, amount, currency):
    assert money.parse_money(raw) == (int(Decimal(amount) * 10_000), currency)


@pytest.mark.parametrize(
    "raw", ["1,5", "12.3.4", "--5", "5 XYZ", "1 2 3", "9" * 30, "", "abc", "1,23,456", "½", True, []]
)
def test_refuses_what_is_unclear(raw):
    with pytest.raises(BadValue):
        money.parse_money(raw)


@given(st.integers(-(10**17), 10**17), st.integers(-(10**9), 10**9).filter(bool))
def test_half_up_is_the_schoolbook_rule(a, b):
    exact = (Decimal(a) / Decimal(b)).quantize(Decimal(1), ROUND_HALF_UP)
    if abs(2 * (a % b)) != abs(b) and abs(a) < 10**15:
        assert money.half_up(a, b) == exact
    assert abs(2 * (money.half_up(a, b) * b - a)) <= abs(b)


def test_half_up_rounds_halves_away_from_zero():
    assert [money.half_up(n, 2) for n in (1, -1, 3, -3)] == [1, -1, 2, -2]
    assert money.divide(1, 0) is None


@given(st.integers(1 - 2**63, 2**63 - 1), st.integers(0, 8))
def test_plain_and_back(value, digits):
    assert money.parse_scaled(money.plain(value, digits), digits) == value


def test_shows_amounts_by_language():
    assert money.format_money(12_345_678_000, "CNY") == "¥1,234,567.80"
    assert money.format_money(-15_000, "USD", "en") == "-$1.50"
    assert money.format_money(12_340_000, "JPY", "en") == "JP¥1,234"
    assert money.compact_money(12_350_000_000, "CNY") == "¥123.5万"
    assert money.compact_money(12_350_000_000, "CNY", "en") == "¥1.2M"
    assert money.compact(9_999_600_000, 4, "en") == "1M"
    assert money.compact(15_000, 4) == "2"
