"""The lead: somebody who may become a customer, with follow-up and what it was turned into."""

from __future__ import annotations

from guanxi.apps.sales.lead.rules import check_lead_reach, date_lead
from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import (
    address,
    c,
    choice,
    date,
    datetime_,
    email,
    files,
    integer,
    long_text,
    lookup,
    money,
    phone,
    tags,
    text,
    url,
)
from guanxi.kernel.catalog.model import Compare, Matching, MatchKey, Object, QualityCheck, Rule, Section, Steps

STATES = (
    c("new", L("New", "新线索"), "accent", locked=True),
    c("contacted", L("Contacted", "已联系"), locked=True),
    c("qualified", L("Qualified", "已确认"), "green", locked=True),
    c("unqualified", L("Unqualified", "无效"), "grey", locked=True),
    c("converted", L("Converted", "已转化"), "green", locked=True),
)

RATINGS = (
    c("hot", L("Hot", "热"), "red"),
    c("warm", L("Warm", "温"), "amber"),
    c("cold", L("Cold", "冷"), "grey"),
)

ORIGINS = (
    c("referral", L("Referral", "老客户介绍")),
    c("website", L("Website", "官网")),
    c("exhibition", L("Trade fair", "展会")),
    c("wechat", L("WeChat", "微信")),
    c("search", L("Search engine", "搜索")),
    c("advertising", L("Advertising", "广告")),
    c("cold_call", L("Cold call", "陌生拜访与电话")),
    c("partner", L("Partner", "伙伴")),
    c("tender", L("Tender", "招投标")),
    c("event", L("Own event", "市场活动")),
    c("other", L("Other", "其他")),
)
"""The same keys as a customer's origin, so that it passes over when the lead is converted."""

LOST_BECAUSE = (
    c("no_need", L("No need", "没有需求")),
    c("no_budget", L("No budget", "没有预算")),
    c("unreachable", L("Cannot be reached", "联系不上")),
    c("competitor", L("Chose somebody else", "选了别家")),
    c("wrong_data", L("Wrong data", "信息有误")),
    c("duplicate", L("Duplicate", "重复")),
    c("other", L("Other", "其他")),
)

FIELDS = (
    text("name", L("Name", "姓名"), required=True),
    text("company", L("Company", "公司")),
    text("title", L("Job title", "职务")),
    phone("mobile", L("Mobile", "手机"), sensitive=True),
    phone("phone", L("Phone", "电话")),
    email("email", L("E-mail", "邮箱")),
    text("wechat", L("WeChat", "微信号"), pinyin=False),
    url("website", L("Website", "网站")),
    address("address", L("Address", "地址")),
    choice("state", L("State", "状态"), *STATES, default="new", required=True),
    choice("rating", L("Rating", "热度"), *RATINGS),
    choice("origin", L("Came from", "线索来源"), *ORIGINS),
    text("campaign_name", L("Campaign", "市场活动名称")),
    lookup("product", L("Interested in", "意向产品"), to="product"),
    text("interest", L("Need", "需求")),
    money("budget", L("Budget", "预算"), min=0),
    lookup("region", L("Sales region", "销售大区"), to="region"),
    date("next_follow_up_on", L("Next follow-up", "下次跟进")),
    text("next_step", L("Next step", "下一步")),
    datetime_("last_activity_at", L("Last follow-up", "上次跟进"), history=False),
    integer("follow_ups", L("Follow-ups", "跟进次数"), min=0, default=0, history=False),
    choice("unqualified_because", L("Why unqualified", "无效原因"), *LOST_BECAUSE),
    datetime_("converted_at", L("Converted at", "转化时间"), read_only=True),
    lookup("converted_account", L("Became account", "转为客户"), to="account"),
    lookup("converted_contact", L("Became contact", "转为联系人"), to="contact"),
    lookup("converted_opportunity", L("Became opportunity", "转为商机"), to="opportunity"),
    tags("tags", L("Tags", "标签")),
    long_text("description", L("Description", "描述")),
    files("files", L("Files", "文件")),
)

MATCHING = Matching(
    keys=(
        MatchKey("phone", L("Same phone", "电话相同"), ((("mobile", "phone"), "phone"),), 92),
        MatchKey("email", L("Same e-mail", "邮箱相同"), ((("email",), "email"),), 95),
        MatchKey("wechat", L("Same WeChat", "微信号相同"), ((("wechat",), "code"),), 95),
        MatchKey(
            "name_company",
            L("Same name at the same company", "同一公司下姓名相同"),
            ((("name",), "person_sound"), (("company",), "company_sound")),
        ),
    ),
    compare=(
        Compare(("name",), "person", 30),
        Compare(("mobile", "phone"), "phone", 30),
        Compare(("email",), "email", 25),
        Compare(("wechat",), "code", 20),
        Compare(("company",), "company", 20),
    ),
    enough=50,
)

LEAD = Object(
    "lead",
    L("Lead", "线索"),
    L("Leads", "线索"),
    fields=FIELDS,
    subtitle=("company", "title"),
    columns=(
        "name",
        "company",
        "state",
        "rating",
        "mobile",
        "origin",
        "next_follow_up_on",
        "last_activity_at",
        "owner",
    ),
    form=(
        Section(L("Person", "联系人"), ("name", "company", "title", "mobile", "phone", "email", "wechat")),
        Section(L("Need", "需求"), ("product", "interest", "budget", "region")),
        Section(
            L("Follow-up", "跟进"),
            (
                "state",
                "rating",
                "next_follow_up_on",
                "next_step",
                "last_activity_at",
                "follow_ups",
                "unqualified_because",
            ),
        ),
        Section(L("Origin", "来源"), ("origin", "campaign_name", "tags")),
        Section(
            L("Conversion", "转化"),
            ("converted_at", "converted_account", "converted_contact", "converted_opportunity"),
            folded=True,
        ),
        Section(L("More", "更多"), ("website", "address", "description", "files"), folded=True),
    ),
    quick=("name", "company", "mobile", "origin", "interest"),
    figures=("state", "rating", "follow_ups", "last_activity_at", "next_follow_up_on"),
    filters=("state", "origin", "rating", "region"),
    sorts=("name", "next_follow_up_on", "last_activity_at", "created_at", "updated_at"),
    sort="-created_at",
    steps=Steps("state", amount="budget"),
    rules=(Rule(date_lead), Rule(check_lead_reach, phase="check")),
    matching=MATCHING,
    quality=(
        QualityCheck(
            "waiting",
            "timeliness",
            L("New for a week, and nobody followed up", "新线索一周没人跟进"),
            "created_at < now() - days(7) and coalesce(follow_ups, 0) = 0",
            'state = "new"',
        ),
    ),
    search=("name", "company", "mobile", "phone", "email", "wechat"),
    icon="user-search",
    area="sales",
)
