"""What follows from a contact's own values: zodiac sign from the birthday, spacing of names."""

from __future__ import annotations

from datetime import date, timedelta

from guanxi.base.errors import msg
from guanxi.kernel.records.draft import Draft

SIGN_STARTS = (
    (120, "aquarius"),
    (219, "pisces"),
    (321, "aries"),
    (420, "taurus"),
    (521, "gemini"),
    (622, "cancer"),
    (723, "leo"),
    (823, "virgo"),
    (923, "libra"),
    (1024, "scorpio"),
    (1123, "sagittarius"),
    (1222, "capricorn"),
)
EPOCH = date(1970, 1, 1)


def zodiac_sign(birthday: int) -> str:
    """The western sign for a birthday in days since 1970-01-01."""
    born = EPOCH + timedelta(days=birthday)
    day = born.month * 100 + born.day
    return next((sign for start, sign in reversed(SIGN_STARTS) if day >= start), "capricorn")


def sign_contact(draft: Draft) -> None:
    """The sign follows the birthday; without a birthday it may be set by hand."""
    birthday = draft.get("birthday")
    if birthday is not None:
        draft["zodiac"] = zodiac_sign(birthday)
    elif draft.old is not None and draft.changed("birthday"):
        draft["zodiac"] = None


def check_birthday(draft: Draft) -> None:
    """Nobody is born tomorrow."""
    birthday = draft.get("birthday")
    if birthday is not None and draft.changed("birthday") and birthday > draft.today:
        draft.error("birthday", msg("The birthday lies in the future. Check the year."))
