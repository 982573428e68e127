"""Classes and grades that an administrator defines; a grade's limits decide who gets it by rule."""

from __future__ import annotations

from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import boolean, c, choice, integer, long_text, money, text
from guanxi.kernel.catalog.model import Object, Section

TONES = (
    c("accent", L("Blue", "蓝")),
    c("green", L("Green", "绿")),
    c("amber", L("Amber", "琥珀")),
    c("red", L("Red", "红")),
    c("grey", L("Grey", "灰")),
)

CUSTOMER_GRADE = Object(
    "customer_grade",
    L("Customer grade", "客户评级"),
    L("Customer grades", "客户评级"),
    kind="config",
    icon="award",
    access="all",
    fields=(
        text("name", L("Name", "名称"), required=True, unique=True),
        integer("position", L("Position", "顺序"), default=0, help=L("Best grade first", "最好的等级排在前面")),
        money("revenue_from", L("Annual revenue from", "年营业额不少于"), min=0),
        integer("employees_from", L("Employees from", "员工数不少于"), min=0),
        choice("tone", L("Colour", "颜色"), *TONES),
        long_text("treatment", L("How we treat them", "服务策略")),
        boolean("active", L("In use", "启用"), default=True),
    ),
    columns=("name", "position", "revenue_from", "employees_from", "treatment", "active"),
    form=(
        Section(L("Grade", "评级"), ("name", "position", "tone", "active")),
        Section(L("Given by rule when", "满足任一条即评为此级"), ("revenue_from", "employees_from")),
        Section(L("Treatment", "服务策略"), ("treatment",)),
    ),
    sort="position",
    search=("-",),
)

CUSTOMER_CLASS = Object(
    "customer_class",
    L("Customer class", "客户分类"),
    L("Customer classes", "客户分类"),
    kind="config",
    icon="category",
    access="all",
    fields=(
        text("name", L("Name", "名称"), required=True, unique=True),
        text("name_en", L("English name", "英文名称")),
        integer("position", L("Position", "顺序"), default=0),
        choice("tone", L("Colour", "颜色"), *TONES),
        long_text("treatment", L("How we treat them", "服务策略")),
        boolean("active", L("In use", "启用"), default=True),
    ),
    columns=("name", "name_en", "position", "treatment", "active"),
    form=(
        Section(L("Class", "分类"), ("name", "name_en", "position", "tone", "active")),
        Section(L("Treatment", "服务策略"), ("treatment",)),
    ),
    sort="position",
    search=("-",),
)

REGION = Object(
    "region",
    L("Sales region", "销售大区"),
    L("Sales regions", "销售大区"),
    kind="config",
    icon="map-2",
    access="all",
    fields=(
        text("name", L("Name", "名称"), required=True, unique=True),
        text("name_en", L("English name", "英文名称")),
        integer("position", L("Position", "顺序"), default=0),
        boolean("active", L("In use", "启用"), default=True),
    ),
    columns=("name", "name_en", "position", "active"),
    form=(Section(L("Region", "大区"), ("name", "name_en", "position", "active")),),
    sort="position",
    search=("-",),
)
