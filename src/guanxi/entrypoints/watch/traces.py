"""Spans of requests, transactions and jobs, where GUANXI_TRACES asks for them; needs the extra "traces"."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from guanxi.base.errors import BadInput, msg
from guanxi.base.watching import trace_with

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter


_providers: list[TracerProvider] = []


def flush() -> None:
    """Sends what waits; the library does so by itself at the end of the process."""
    for provider in _providers:
        provider.force_flush()


def start_tracing(target: str) -> bool:
    """
    `console`: to standard error; `file:PATH`: one JSON object after the other; `otlp`: to a collector, as the
    OTEL_EXPORTER_* variables say (needs the package opentelemetry-exporter-otlp). Empty: nothing is traced.
    """
    if not target:
        return False
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        text = "GUANXI_TRACES needs the package opentelemetry-sdk: pip install 'guanxi[traces]'"
        raise BadInput(msg(text)) from error
    provider = TracerProvider(resource=Resource.create({"service.name": "guanxi"}))
    provider.add_span_processor(BatchSpanProcessor(_exporter(target)))
    _providers.append(provider)
    tracer = provider.get_tracer("guanxi")

    def begin(name: str, attributes: dict[str, Any]) -> AbstractContextManager[Any]:
        return tracer.start_as_current_span(name, attributes=attributes, record_exception=False)

    trace_with(begin)  # exceptions are not recorded: their texts may hold what people typed
    return True


def _exporter(target: str) -> SpanExporter:
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter

    if target == "console":
        import sys

        return ConsoleSpanExporter(out=sys.stderr)
    if target.startswith("file:"):
        return ConsoleSpanExporter(out=_open(Path(target.removeprefix("file:"))))
    if target == "otlp":
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError as error:
            text = "GUANXI_TRACES=otlp needs the package opentelemetry-exporter-otlp."
            raise BadInput(msg(text)) from error
        exporter: SpanExporter = OTLPSpanExporter()
        return exporter
    raise BadInput(msg("GUANXI_TRACES must be console, otlp or file:PATH."))


def _open(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a", encoding="utf-8", buffering=1)
