"""All settings pages: a literal list, so that one sees what there is."""

from __future__ import annotations

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
