"""How this program writes its log: structlog and the standard library in one form, on standard error."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog

from guanxi.settings import Settings

PERSONAL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\d.:-])\+?\d{7,15}(?![\d.:-])|(?<=DETAIL: ).*?(?=\\n|\n|$)")
"""E-mail addresses, telephone numbers (ids are longer), and what PostgreSQL quotes from rows."""


def hide_personal(_logger: Any, _name: str, line: str) -> str:
    """The last step before a line is written: texts of errors may hold what people typed."""
    return PERSONAL.sub("…", line)


def configure_logs(settings: Settings) -> None:
    """Text for people or JSON lines for machines; called once, before anything logs."""
    level = logging.getLevelName(settings.log_level.upper())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    plain = structlog.dev.plain_traceback  # never with local variables: they hold what people typed
    final: list[Any] = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    if settings.log_format == "json":
        told = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        final = [structlog.processors.ExceptionRenderer(told), structlog.processors.JSONRenderer(ensure_ascii=False)]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    out = logging.StreamHandler()
    removes = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    steps = [removes, *final, hide_personal]
    out.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=steps))
    root = logging.getLogger("guanxi")
    root.handlers = [out]
    root.propagate = False
    root.setLevel(level)
    errors = logging.getLogger("uvicorn")
    errors.handlers = [out]
    errors.propagate = False
    errors.setLevel(max(level, logging.WARNING))
