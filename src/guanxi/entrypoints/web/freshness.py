"""What a page says about roll-ups that newer changes have yet to reach; nothing, as a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guanxi.entrypoints.web.render import LOCALE, moment, t
from guanxi.kernel.records.rollup_fresh import Freshness, freshness

if TYPE_CHECKING:
    from guanxi.kernel.context import Work


def freshness_of(work: Work, name: str) -> Freshness | None:
    """How fresh an object's roll-ups are, for its reader."""
    return freshness(work, name, LOCALE.get().language)


def told(fresh: Freshness | None) -> str:
    """A sentence for the page, or nothing."""
    if fresh is None:
        return ""
    if fresh.filling:
        return t("{fields}: worked out for the first time, not complete yet", fields="、".join(fresh.filling)
                 if LOCALE.get().language == "zh-CN" else ", ".join(fresh.filling))  # fmt: skip
    if fresh.since is not None:
        return t("Roll-ups are as of {time}; newer changes are being added up", time=moment(fresh.since))
    return ""
