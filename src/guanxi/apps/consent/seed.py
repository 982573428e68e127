"""The purposes a new workspace starts with, and a first text."""

from __future__ import annotations

from guanxi.kernel.context import Work
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

PURPOSES = (
    ("service", "服务", "Service", "objection", "订单、交付、售后中必须的联系和处理。"),
    ("marketing", "营销", "Marketing", "consent", "推广、活动邀请、优惠信息。"),
    ("analysis", "画像与分析", "Profiling and analysis", "consent", "分群、评分、个性化推荐。"),
    ("sharing", "提供给第三方", "Sharing with third parties", "consent", "交给伙伴或其他公司使用。"),
)
TEXT = (
    "我同意你们为上述用途处理我的个人信息。我可以随时撤回，撤回不影响此前的处理。\n\n"
    "I agree that my personal data are used for the purposes named. I may withdraw at any time;"
    " what was done before stays lawful."
)


def seed(work: Work) -> None:
    """Four purposes, all open to change, and one text to begin with."""
    rows = [
        {"code": code, "name": name, "name_en": name_en, "basis": basis, "description": text, "position": n}
        for n, (code, name, name_en, basis, text) in enumerate(PURPOSES, 1)
    ]
    save(work, [Change("create", "consent_purpose", row) for row in rows])
    save(work, [Change("create", "consent_text", {"name": "基本同意书", "text_version": "1", "body": TEXT})])
