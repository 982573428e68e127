"""One answer of one person: allowed or not, for what, through which channels, on which terms, with its evidence."""

from __future__ import annotations

from guanxi.apps.consent.rules import check_answer, name_answer
from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import c, choice, date, datetime_, files, long_text, lookup, multi_choice, text, user
from guanxi.kernel.catalog.model import Object, Rule, Section

PEOPLE = ("contact", "lead")

CHANNELS = (
    c("phone", L("Phone", "电话")),
    c("sms", L("Text message", "短信")),
    c("email", L("E-mail", "邮件")),
    c("wechat", L("WeChat", "微信")),
    c("post", L("Post", "邮寄")),
    c("app", L("App", "App")),
)
ANSWERS = (
    c("given", L("Given", "同意"), "green", locked=True),
    c("refused", L("Refused", "拒绝"), "red", locked=True),
    c("withdrawn", L("Withdrawn", "撤回"), "amber", locked=True),
)
DATA = (
    c("basic", L("Basic data", "基本信息")),
    c("contact", L("Ways to reach them", "联系方式")),
    c("transactions", L("Transactions", "交易")),
    c("behaviour", L("Behaviour", "行为")),
    c("location", L("Location", "位置")),
)
HOW = (
    c("form", L("Web form", "网页表单")),
    c("paper", L("On paper", "纸质")),
    c("call", L("Phone call", "电话")),
    c("in_person", L("In person", "当面")),
    c("import", L("Import", "导入")),
    c("api", L("API", "接口")),
)

CONSENT = Object(
    "consent",
    L("Consent", "授权"),
    L("Consents", "授权"),
    kind="plain",
    fields=(
        text("name", L("Name", "名称"), read_only=True),
        lookup("person", L("Person", "本人"), to=PEOPLE, required=True, on_delete="cascade"),
        lookup("purpose", L("Purpose", "用途"), to="consent_purpose", required=True),
        choice("answer", L("Answer", "答复"), *ANSWERS, default="given", required=True),
        multi_choice("channels", L("Channels", "渠道"), *CHANNELS, help=L("Empty: all of them", "不选：全部渠道")),
        multi_choice("data", L("Classes of data", "数据类别"), *DATA, help=L("Empty: all of them", "不选：全部数据")),
        long_text("conditions", L("Conditions", "附加条件"), max_length=4000),
        date("valid_from", L("From", "起")),
        date("valid_until", L("Until", "止")),
        choice("how", L("Collected by", "取得方式"), *HOW),
        datetime_("at", L("Answered at", "答复时间"), default="@now", required=True),
        user("by", L("Collected by whom", "经手人"), default="@me"),
        lookup("text", L("Text agreed to", "同意书版本"), to="consent_text"),
        files("evidence", L("Evidence", "凭证")),
        text("note", L("Note", "备注"), sortable=False),
    ),
    columns=("name", "person", "answer", "channels", "valid_until", "how", "at", "by"),
    form=(
        Section(L("Answer", "答复"), ("person", "purpose", "answer", "channels", "data", "at")),
        Section(L("Conditions", "条件"), ("valid_from", "valid_until", "conditions")),
        Section(L("Evidence", "凭证"), ("how", "by", "text", "evidence", "note")),
    ),
    quick=("person", "purpose", "answer", "channels"),
    filters=("answer", "purpose"),
    sorts=("at",),
    sort="-at",
    rules=(Rule(name_answer), Rule(check_answer, phase="check")),
    access="parent",
    access_via="person",
    search=("-",),
    icon="shield-lock",
)
"""Answers are only added: a later one supersedes, per purpose and channel (`rules.judge`)."""
