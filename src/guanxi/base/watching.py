"""Where the kernel lets itself be watched: a count of statements, and spans if somebody traces."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import Any

Tracer = Callable[[str, dict[str, Any]], AbstractContextManager[Any]]
_NOTHING = nullcontext()
_lock = Lock()
_tracer: list[Tracer] = []
_counts = {"statements": 0, "transactions": 0, "answers": 0, "errors": 0, "started": time.time_ns() // 1_000}


def trace_with(tracer: Tracer | None) -> None:
    """From now on `span` makes real spans; None: no longer."""
    _tracer[:] = [tracer] if tracer is not None else []


def span(name: str, **attributes: Any) -> AbstractContextManager[Any]:
    """A piece of work with a beginning and an end; numbers and names of kinds only, never values."""
    return _tracer[0](name, attributes) if _tracer else _NOTHING


def count_transaction(statements: int) -> None:
    """One unit of work is over."""
    with _lock:
        _counts["statements"] += statements
        _counts["transactions"] += 1


def count_answer(status: int) -> None:
    """One answer to a browser or program; from 500 on the fault is ours."""
    with _lock:
        _counts["answers"] += 1
        _counts["errors"] += status >= 500


def counts() -> dict[str, int]:
    """What this process has done since it `started` (µs)."""
    with _lock:
        return dict(_counts)
