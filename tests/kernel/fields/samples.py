"""One field of each type, as the catalogue would give it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from guanxi.base.i18n import L, Label
from guanxi.kernel.fields.base import ParseEnv

ENV = ParseEnv(rates={"USD": 715_000_000}, today=20_778)


@dataclass(frozen=True, slots=True)
class Choice:
    key: str
    label: Label
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    name: str
    type: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def column(self) -> str:
        return self.name


STAGES = (
    Choice("new", L("New", "新建")),
    Choice("won", L("Won", "赢单")),
    Choice("old", L("Old", "旧的"), retired=True),
)
OPTIONS: dict[str, dict[str, Any]] = {
    "choice": {"choices": STAGES},
    "multi_choice": {"choices": STAGES},
    "lookup": {"to": ("account",)},
    "links": {"to": ("contact",)},
    "auto_number": {"format": "OPP-{yyyy}-{0000}"},
    "formula": {"result": "decimal", "formula": "1 + 1"},
}


def sample(kind: str, **options: Any) -> Sample:
    return Sample("x", kind, {**OPTIONS.get(kind, {}), **options})
