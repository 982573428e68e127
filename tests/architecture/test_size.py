"""Files and functions stay short; exceptions are listed and may only shrink."""

from tools import sizes

EXCEPTIONS_AT_MOST = 0  # lower it when the list shrinks; it never grows


def test_nothing_is_longer_than_its_limit():
    assert sizes.complaints() == []


def test_exceptions_only_shrink():
    assert len(sizes.exceptions()) <= EXCEPTIONS_AT_MOST
