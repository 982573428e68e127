"""The pipeline a new workspace starts with."""

from __future__ import annotations

from guanxi.base.i18n import L
from guanxi.kernel.context import Work
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

DEAL = ("account", "amount", "close_on")
CLOSE = ("contact", "amount", "close_on")
STAGES = (
    ("初步接洽", "Prospecting", "open", "10", 14, ()),
    ("需求确认", "Qualification", "open", "25", 14, ("account",)),
    ("方案报价", "Proposal", "open", "50", 21, DEAL),
    ("商务谈判", "Negotiation", "open", "70", 14, CLOSE),
    ("合同审批", "Approval", "open", "90", 10, CLOSE),
    ("赢单", "Won", "won", "100", None, ("amount",)),
    ("丢单", "Lost", "lost", "0", None, ()),
)
TASKS = {
    "Prospecting": L("Who are they, and why now?", "确认对方是谁、为什么现在找我们。"),
    "Qualification": L("Process, pace, budget, who decides.", "问清工艺、节拍、预算和决策人。"),
    "Proposal": L("Send both, agree on a day.", "方案和报价一起给，约好回复日期。"),
    "Negotiation": L("Price, terms, delivery, warranty.", "价格、付款、交期、质保逐条谈定。"),
    "Approval": L("Watch both legal departments.", "盯住对方法务和我方审批。"),
}


def stage_values(pipeline: int, language: str) -> list[dict[str, object]]:
    """The seven usual stages of a pipeline."""
    return [
        {
            "name": name,
            "name_en": name_en,
            "pipeline": str(pipeline),
            "position": n,
            "kind": kind,
            "probability": probability,
            "rotting_days": days,
            "requires": list(requires),
            "tasks": TASKS[name_en].in_(language) if name_en in TASKS else None,
        }
        for n, (name, name_en, kind, probability, days, requires) in enumerate(STAGES, 1)
    ]


def seed(work: Work) -> None:
    """One pipeline with five open stages, won and lost; all open to change."""
    values = {"name": "标准销售", "name_en": "Standard", "position": 1}
    pipeline = save(work, [Change("create", "pipeline", values)]).id
    save(work, [Change("create", "stage", row) for row in stage_values(pipeline, work.language)])
