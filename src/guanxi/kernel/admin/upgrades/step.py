"""What one upgrade step is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from guanxi.base.i18n import Label
from guanxi.kernel.context import Work
from guanxi.kernel.storage.session import Session


@dataclass(frozen=True, slots=True)
class Step:
    """
    number  follows the one before; `storage.level.LEVEL` is the last one's
    text    what it does, for the one who runs the upgrade
    count   how many rows it would change, asked of the database as it is (it may lack newer tables)
    run     the change, in one transaction that also notes the step; through the log like any other
    grows   tables whose number of rows it may change
    """

    number: int
    name: str
    text: Label
    count: Callable[[Session], int]
    run: Callable[[Work], None]
    grows: tuple[str, ...] = ()
