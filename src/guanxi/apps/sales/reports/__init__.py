"""Figures of the sales app: funnel, results, win rate, deals that stand still."""

from __future__ import annotations

from guanxi.apps.sales.reports.funnel import funnel
from guanxi.apps.sales.reports.results import results
from guanxi.apps.sales.reports.rotting import rotting
from guanxi.base.i18n import L
from guanxi.kernel.catalog.model import Report

REPORTS = (
    Report("funnel", L("Funnel", "销售漏斗"), funnel),
    Report("results", L("Results", "销售业绩"), results),
    Report("rotting", L("Standing still", "停滞商机"), rotting),
)
