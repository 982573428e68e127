"""All pages, module by module: a literal list, so that one sees what there is."""

from __future__ import annotations

from starlette.routing import BaseRoute

from guanxi.entrypoints.web import home, notices, palette, quality, tasks, trash, twins, undo
from guanxi.entrypoints.web.imports.routes import ROUTES as IMPORTS
from guanxi.entrypoints.web.lists.routes import ROUTES as LISTS
from guanxi.entrypoints.web.records.pages import ROUTES as RECORDS
from guanxi.entrypoints.web.reports.pages import ROUTES as REPORTS
from guanxi.entrypoints.web.settings.routes import ROUTES as SETTINGS

ROUTES: tuple[BaseRoute, ...] = (
    *home.ROUTES,
    *palette.ROUTES,
    *REPORTS,
    *quality.ROUTES,
    *notices.ROUTES,
    *undo.ROUTES,
    *tasks.ROUTES,
    *trash.ROUTES,
    *twins.ROUTES,
    *SETTINGS,
    *IMPORTS,
    *LISTS,
    *RECORDS,
)
