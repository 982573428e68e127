"""The account: an organisation with its class, grade, size and last contact."""

from __future__ import annotations

from guanxi.apps.customers.account.rules import check_credit_code, check_parent, grade_account, size_account
from guanxi.apps.customers.choices import INDUSTRIES, ORIGINS
from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import (
    address,
    boolean,
    c,
    choice,
    date,
    datetime_,
    email,
    files,
    image,
    integer,
    long_text,
    lookup,
    money,
    multi_choice,
    phone,
    tags,
    text,
    url,
)
from guanxi.kernel.catalog.model import Compare, Matching, MatchKey, Object, QualityCheck, Rule, Section

SIZES = (
    c("micro", L("1–19", "1–19 人")),
    c("small", L("20–99", "20–99 人")),
    c("medium", L("100–499", "100–499 人")),
    c("large", L("500–1,999", "500–1,999 人")),
    c("giant", L("2,000 and more", "2,000 人以上")),
)

STATES = (
    c("prospect", L("Prospect", "潜在"), "accent"),
    c("active", L("Customer", "合作中"), "green"),
    c("dormant", L("Dormant", "沉默"), "amber"),
    c("lost", L("Lost", "流失"), "grey"),
    c("archived", L("Archived", "已归档"), "grey"),
)

FIELDS = (
    text("name", L("Name", "客户名称"), required=True),
    text("short_name", L("Short name", "简称")),
    text("name_en", L("English name", "英文名称")),
    choice("status", L("Status", "状态"), *STATES, default="prospect"),
    lookup("parent", L("Parent account", "上级公司"), to="account", inverse=L("Subsidiaries", "下属公司")),
    choice("industry", L("Industry", "行业"), *INDUSTRIES),
    lookup("customer_class", L("Class", "分类"), to="customer_class"),
    lookup("grade", L("Grade", "评级"), to="customer_grade"),
    boolean("grade_by_hand", L("Grade set by hand", "手工评级"), default=False),
    multi_choice(
        "kinds",
        L("Kinds", "客户类型"),
        c("enterprise", L("Enterprise", "企业客户")),
        c("high_value", L("High value", "高价值")),
        c("key", L("Key account", "重点客户")),
        c("channel", L("Channel", "渠道")),
    ),
    integer("employees", L("Employees", "员工数"), min=0),
    choice("size", L("Size", "规模"), *SIZES, read_only=True),
    money("revenue", L("Annual revenue", "年营业额"), min=0),
    integer("founded", L("Founded in", "成立年份"), min=1000, max=2200),
    text("credit_code", L("Unified social credit code", "统一社会信用代码"), max_length=18, pinyin=False),
    phone("phone", L("Phone", "电话")),
    email("email", L("E-mail", "邮箱")),
    url("website", L("Website", "网站")),
    address("address", L("Address", "地址")),
    lookup("region", L("Sales region", "销售大区"), to="region"),
    choice("origin", L("Came from", "客户来源"), *ORIGINS),
    tags("tags", L("Tags", "标签")),
    text("payment_terms", L("Payment terms", "付款条件")),
    integer("rental_months", L("Rental term (months)", "租期（月）"), min=0),
    text("next_step", L("Next step", "下一步")),
    date("next_step_on", L("Next step on", "下一步日期")),
    datetime_("last_activity_at", L("Last contact", "上次联系"), history=False),
    long_text("description", L("Description", "简介")),
    image("logo", L("Logo", "标志")),
    files("files", L("Files", "文件")),
)

FORM = (
    Section(L("Company", "公司"), ("name", "short_name", "name_en", "parent", "industry", "credit_code", "origin")),
    Section(
        L("Class and grade", "分类与评级"),
        ("status", "customer_class", "grade", "grade_by_hand", "kinds", "tags"),
    ),
    Section(L("Size", "规模"), ("employees", "size", "revenue", "founded")),
    Section(L("Reach", "联系方式"), ("phone", "email", "website", "address", "region")),
    Section(L("Terms", "合作条件"), ("payment_terms", "rental_months")),
    Section(L("Next", "下一步"), ("next_step", "next_step_on", "last_activity_at")),
    Section(L("More", "更多"), ("description", "logo", "files"), folded=True),
)

MATCHING = Matching(
    keys=(
        MatchKey("credit_code", L("Same credit code", "统一社会信用代码相同"), ((("credit_code",), "code"),), 98),
        MatchKey("name", L("Same company name", "公司名相同"), ((("name", "short_name", "name_en"), "company"),)),
        MatchKey("sound", L("Name sounds alike", "公司名读音相近"), ((("name",), "company_sound"),)),
        MatchKey("phone", L("Same phone", "电话相同"), ((("phone",), "phone"),), 82),
        MatchKey("email", L("Same e-mail", "邮箱相同"), ((("email",), "email"),), 85),
    ),
    compare=(
        Compare(("name", "short_name", "name_en"), "company", 60),
        Compare(("credit_code",), "code", 60),
        Compare(("phone",), "phone", 15),
        Compare(("email",), "email", 15),
        Compare(("address",), "city", 5),
    ),
    enough=60,
)

ACCOUNT = Object(
    "account",
    L("Account", "客户"),
    L("Accounts", "客户"),
    fields=FIELDS,
    subtitle=("industry", "address"),
    columns=("name", "industry", "grade", "status", "phone", "last_activity_at", "next_step", "owner"),
    form=FORM,
    quick=("name", "industry", "phone", "origin"),
    figures=("grade", "revenue", "employees", "last_activity_at", "next_step"),
    filters=("status", "industry", "grade", "customer_class"),
    sorts=("name", "revenue", "last_activity_at", "created_at", "updated_at"),
    rules=(
        Rule(size_account),
        Rule(grade_account),
        Rule(check_credit_code, phase="check"),
        Rule(check_parent, phase="check"),
    ),
    timeline="parent",
    matching=MATCHING,
    quality=(
        QualityCheck(
            "code_length",
            "accuracy",
            L("The credit code has not 18 characters", "统一社会信用代码不是 18 位"),
            "length(credit_code) != 18",
            "not is_empty(credit_code)",
        ),
    ),
    search=("name", "short_name", "name_en", "phone", "credit_code"),
    icon="building",
    area="customers",
)
