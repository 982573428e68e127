"""What one check of the doctor found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from guanxi.base.errors import Message

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """
    `looked`: how many things were made anew; `wrong`: what differed, as sentences without personal data; `more`: how
    many further ones; `mend`: what to do about it.
    """

    check: str
    looked: int
    wrong: tuple[str, ...] = ()
    more: int = 0
    mend: Message | None = None

    @property
    def well(self) -> bool:
        """Nothing differed."""
        return not self.wrong


def finding(check: str, looked: int, wrong: Sequence[str], mend: Message | None = None) -> Finding:
    """Keeps the first differences and counts the rest."""
    return Finding(check, looked, tuple(wrong[:SHOWN]), max(0, len(wrong) - SHOWN), mend if wrong else None)
