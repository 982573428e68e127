"""What calls, meetings, visits, mails, notes and tasks share: when, about whom, result, what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import c, choice, date, datetime_, files, long_text, lookup, text
from guanxi.kernel.catalog.model import Field, Read, Rule
from guanxi.kernel.records.draft import Draft

ABOUT = ("account", "contact", "lead", "opportunity")

RESULTS = (
    c("progress", L("Connected · progress", "接通 · 有进展"), "green", locked=True),
    c("again", L("Connected · talk again", "接通 · 再联系"), "accent", locked=True),
    c("no_answer", L("No answer", "没接通"), "grey", locked=True),
    c("wechat_sent", L("WeChat sent", "发了微信"), locked=True),
)


def result_field() -> Field:
    return choice("result", L("Result", "结果"), *RESULTS)


def at_field(label_en: str = "At", label_zh: str = "时间") -> Field:
    return datetime_("at", L(label_en, label_zh), default="@now", required=True)


def next_field() -> Field:
    return date("next_on", L("Next follow-up", "下次跟进"))


def about_fields(*, required: bool = False) -> tuple[Field, ...]:
    """The record it is about; account and contact follow from it, so that one timeline shows all of a customer."""
    return (
        lookup("about", L("About", "关联"), to=ABOUT, on_delete="cascade", required=required),
        lookup("account", L("Account", "客户"), to="account"),
        lookup("contact", L("Contact", "联系人"), to="contact"),
    )


def body_fields() -> tuple[Field, ...]:
    return (long_text("body", L("Text", "内容")), files("files", L("Files", "文件")))


def subject_field(*, required: bool = False) -> Field:
    return text("subject", L("Subject", "主题"), required=required)


def about_account(draft: Draft) -> None:
    """An activity about an account or contact belongs to that account or contact."""
    for name in ("account", "contact"):
        if draft["about__o"] == name and (draft[name] is None or draft.changed("about")):
            draft[name] = draft["about"]


def about_opportunity(draft: Draft, facts: Mapping[str, Any]) -> None:
    """An activity about a deal belongs to the deal's account and main contact."""
    deal = facts["about"] if draft["about__o"] == "opportunity" else None
    if deal is not None:
        for name in ("account", "contact"):
            if draft[name] is None:
                draft[name] = deal[name]


def account_of_contact(draft: Draft, facts: Mapping[str, Any]) -> None:
    """Whoever talks to a person talks to that person's account."""
    person = facts["contact"]
    if person is not None and draft["account"] is None:
        draft["account"] = person["account"]


def name_subject(draft: Draft) -> None:
    """Without a subject the first line of the text names the activity."""
    if draft["subject"] is None and draft["body"]:
        line = str(draft["body"]).strip().splitlines()[0].strip("#*-> ")
        draft["subject"] = line if len(line) <= 60 else line[:59] + "…"


ABOUT_RULES = (
    Rule(about_account),
    Rule(about_opportunity, reads=(Read("opportunity", "about", ("account", "contact")),)),
    Rule(account_of_contact, reads=(Read("contact", "contact", ("account",)),)),
    Rule(name_subject),
)
