"""Figures of the sales app: funnel, results, win rate and cycle, sources of leads, deals that stand still."""

from __future__ import annotations

from guanxi.apps.sales.reports.funnel import funnel
from guanxi.apps.sales.reports.month import month
from guanxi.apps.sales.reports.outcomes import outcomes
from guanxi.apps.sales.reports.results import results
from guanxi.apps.sales.reports.rotting import rotting
from guanxi.apps.sales.reports.sources import lead_sources
from guanxi.base.i18n import L
from guanxi.kernel.catalog.model import Report

REPORTS = (
    Report("funnel", L("Funnel", "销售漏斗"), funnel),
    Report("results", L("Results", "销售业绩"), results),
    Report("outcomes", L("Win rate and cycle", "赢率与周期"), outcomes),
    Report("lead_sources", L("Lead sources", "线索来源"), lead_sources),
    Report("rotting", L("Standing still", "停滞商机"), rotting),
    Report("month", L("This month", "本月"), month),
)
