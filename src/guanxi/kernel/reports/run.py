"""Running an app's report by its name; the reports there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guanxi.base.errors import NotFound
from guanxi.kernel.catalog.model import Report

if TYPE_CHECKING:
    from guanxi.kernel.context import Work


def reports(work: Work) -> dict[str, Report]:
    """All reports of the installed apps, by name."""
    known: dict[str, Report] | None = work.catalog.memo.get("reports")
    if known is None:
        known = work.catalog.memo["reports"] = {r.name: r for app in work.catalog.apps for r in app.reports}
    return known


def run_report(work: Work, name: str, **params: Any) -> dict[str, Any]:
    """Its data for this caller; NotFound if there is none of that name, or none for them."""
    report = reports(work).get(name)
    if report is None:
        raise NotFound
    found: dict[str, Any] = report.run(work, **params)
    return found
