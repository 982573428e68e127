"""The opportunity: a deal that moves through the stages of a pipeline, with product lines."""

from __future__ import annotations

from guanxi.apps.sales.lead.object import ORIGINS
from guanxi.apps.sales.opportunity.rules import (
    check_close,
    check_entry,
    follow_stage,
    place_deal,
    place_region,
    sum_deal,
)
from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import (
    auto_number,
    c,
    choice,
    date,
    datetime_,
    files,
    long_text,
    lookup,
    money,
    percent,
    tags,
    text,
)
from guanxi.kernel.catalog.model import Object, QualityCheck, Read, Rule, Section, Steps

STATES = (
    c("open", L("Open", "进行中"), "accent", locked=True),
    c("won", L("Won", "赢单"), "green", locked=True),
    c("lost", L("Lost", "丢单"), "grey", locked=True),
)

TYPES = (
    c("new", L("New business", "新客户")),
    c("repeat", L("Repeat business", "老客户复购")),
    c("upgrade", L("Upgrade", "升级改造")),
    c("service", L("Service contract", "服务合同")),
    c("renewal", L("Renewal", "续约")),
)

REASONS = (
    c("price", L("Price", "价格")),
    c("product_fit", L("Product fit", "方案匹配")),
    c("relationship", L("Relationship", "客户关系")),
    c("delivery", L("Delivery time", "交期")),
    c("service", L("Service", "服务")),
    c("reference", L("References", "口碑与案例")),
    c("competitor", L("Competitor", "竞争对手")),
    c("no_budget", L("No budget", "预算取消")),
    c("postponed", L("Postponed", "项目推迟")),
    c("no_decision", L("No decision", "没有决策")),
    c("other", L("Other", "其他")),
)

FIELDS = (
    text("name", L("Name", "商机名称"), required=True),
    auto_number("number", L("Number", "商机编号"), format="OPP-{yyyy}-{0000}"),
    lookup("account", L("Account", "客户"), to="account"),
    lookup("contact", L("Main contact", "主要联系人"), to="contact"),
    lookup("pipeline", L("Pipeline", "销售管道"), to="pipeline", on_delete="refuse"),
    lookup("stage", L("Stage", "阶段"), to="stage", on_delete="refuse"),
    choice("state", L("State", "状态"), *STATES, read_only=True),
    percent("probability", L("Probability", "赢率"), min=0, max=10000),
    money("amount", L("Amount", "金额"), min=0),
    money(
        "weighted",
        L("Weighted", "加权金额"),
        read_only=True,
        history=False,
        copies=("opportunity.amount", "opportunity.probability"),
    ),
    date("opened_on", L("Opened on", "开始日期"), default="@today"),
    date("close_on", L("Expected close", "预计成交")),
    date("closed_on", L("Closed on", "结束日期")),
    datetime_("stage_since", L("In this stage since", "进入阶段时间"), read_only=True),
    text("path", L("Stages passed", "走过的阶段"), read_only=True, hidden=True, sortable=False, pinyin=False),
    text("next_step", L("Next step", "下一步")),
    date("next_step_on", L("Next step on", "下一步日期")),
    datetime_("last_activity_at", L("Last contact", "上次联系"), history=False),
    choice("type", L("Type", "类型"), *TYPES),
    choice("origin", L("Came from", "商机来源"), *ORIGINS),
    lookup("region", L("Sales region", "销售大区"), to="region"),
    lookup("product", L("Main product", "主要产品"), to="product"),
    text("competitor", L("Competitors", "竞争对手")),
    choice("close_reason", L("Why won or lost", "输赢原因"), *REASONS),
    text("lost_to", L("Lost to", "输给谁")),
    text("close_note", L("What we learned", "复盘")),
    tags("tags", L("Tags", "标签")),
    long_text("description", L("Description", "描述")),
    files("files", L("Files", "文件")),
)

FORM = (
    Section(L("Deal", "商机"), ("name", "number", "account", "contact", "amount", "weighted", "close_on", "product")),
    Section(L("Stage", "阶段"), ("pipeline", "stage", "probability", "type", "origin", "region", "tags")),
    Section(L("Next", "下一步"), ("next_step", "next_step_on")),
    Section(L("Dates", "日期"), ("opened_on", "closed_on", "stage_since", "last_activity_at")),
    Section(L("Outcome", "结果"), ("state", "close_reason", "competitor", "lost_to", "close_note")),
    Section(L("More", "更多"), ("description", "files"), folded=True),
)

OPPORTUNITY = Object(
    "opportunity",
    L("Opportunity", "商机"),
    L("Opportunities", "商机"),
    kind="document",
    fields=FIELDS,
    subtitle=("number", "account"),
    columns=("name", "amount", "stage", "account", "close_on", "next_step", "next_step_on", "owner"),
    form=FORM,
    quick=("name", "account", "amount", "close_on", "stage"),
    figures=("amount", "close_on", "probability", "weighted", "next_step", "last_activity_at"),
    filters=("stage", "state", "pipeline", "product"),
    sorts=("amount", "close_on", "closed_on", "name", "created_at", "updated_at"),
    steps=Steps(
        "stage",
        pipeline="pipeline",
        amount="amount",
        close_on="close_on",
        figures=("weighted", "next_step_on", "state", "pipeline"),
    ),
    rules=(
        Rule(place_deal),
        Rule(follow_stage),
        Rule(sum_deal),
        Rule(place_region, reads=(Read("account", "account", ("region",)),)),
        Rule(check_entry, phase="check"),
        Rule(check_close, phase="check"),
    ),
    quality=(
        QualityCheck(
            "overdue",
            "timeliness",
            L("Open past its closing date", "过了预计成交日仍未结"),
            "close_on < today()",
            'state = "open"',
        ),
        QualityCheck(
            "next_late",
            "timeliness",
            L("The next step is overdue", "下一步已过期"),
            "next_step_on < today()",
            'state = "open" and not is_empty(next_step_on)',
        ),
    ),
    lines=("opportunity_line",),
    timeline="account",
    search=("name", "number", "competitor"),
    icon="target-arrow",
    area="sales",
)
