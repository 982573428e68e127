"""The task: something to do by a time, for somebody."""

from __future__ import annotations

from guanxi.apps.collaboration.activity import ABOUT_RULES, about_fields, body_fields, subject_field
from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import boolean, c, choice, datetime_
from guanxi.kernel.catalog.model import Object, Rule, Section
from guanxi.kernel.records.draft import Draft

KINDS = (
    c("todo", L("To do", "待办")),
    c("call", L("Call", "电话")),
    c("mail", L("Mail", "邮件")),
    c("wechat", L("WeChat", "微信")),
    c("visit", L("Visit", "拜访")),
    c("quote", L("Quotation", "报价")),
    c("sample", L("Sample", "送样")),
)

PRIORITIES = (
    c("high", L("High", "高"), "red"),
    c("normal", L("Normal", "普通")),
    c("low", L("Low", "低"), "grey"),
)


def close_task(draft: Draft) -> None:
    """A done task knows when; an open one forgets it."""
    if draft["done"] and draft["done_at"] is None:
        draft["done_at"] = draft.now
    elif not draft["done"]:
        draft["done_at"] = None


TASK = Object(
    "task",
    L("Task", "任务"),
    L("Tasks", "任务"),
    title="subject",
    fields=(
        subject_field(required=True),
        choice("kind", L("Kind", "类型"), *KINDS, default="todo"),
        datetime_("due_at", L("Due", "到期")),
        choice("priority", L("Priority", "优先级"), *PRIORITIES, default="normal"),
        boolean("done", L("Done", "已完成"), default=False),
        datetime_("done_at", L("Done at", "完成时间"), read_only=True),
        *about_fields(),
        *body_fields(),
    ),
    subtitle=("kind", "about"),
    columns=("subject", "due_at", "priority", "about", "contact", "done", "owner"),
    form=(
        Section(L("Task", "任务"), ("subject", "kind", "due_at", "priority", "done")),
        Section(L("About", "关联"), ("about", "contact", "account")),
        Section(L("More", "更多"), ("body", "files"), folded=True),
    ),
    quick=("subject", "due_at", "about", "priority"),
    figures=("due_at", "priority", "done"),
    filters=("done", "kind", "priority"),
    sorts=("due_at", "created_at", "updated_at"),
    sort="due_at",
    rules=(*ABOUT_RULES, Rule(close_task)),
    access="parent",
    access_via="about",
    timeline="about",
    search=("subject",),
    icon="checkbox",
    area="collaboration",
)
