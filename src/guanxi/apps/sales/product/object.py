"""Products with category, series and price."""

from __future__ import annotations

from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import (
    boolean,
    c,
    choice,
    files,
    image,
    integer,
    long_text,
    lookup,
    money,
    tags,
    text,
)
from guanxi.kernel.catalog.model import Object, Section

PRODUCT_CATEGORY = Object(
    "product_category",
    L("Product category", "产品分类"),
    L("Product categories", "产品分类"),
    kind="config",
    icon="folders",
    access="all",
    fields=(
        text("name", L("Name", "名称"), required=True, unique=True),
        text("name_en", L("English name", "英文名称")),
        lookup("parent", L("Part of", "上级分类"), to="product_category"),
        integer("position", L("Position", "顺序"), default=0),
        boolean("active", L("In use", "启用"), default=True),
    ),
    columns=("name", "name_en", "parent", "position", "active"),
    form=(Section(L("Category", "分类"), ("name", "name_en", "parent", "position", "active")),),
    sort="position",
    search=("-",),
)

UNITS = (
    c("piece", L("Piece", "件")),
    c("set", L("Set", "套")),
    c("machine", L("Machine", "台")),
    c("line", L("Line", "条")),
    c("metre", L("Metre", "米")),
    c("hour", L("Hour", "小时")),
    c("year", L("Year", "年")),
    c("licence", L("Licence", "授权")),
)

PRODUCT = Object(
    "product",
    L("Product", "产品"),
    L("Products", "产品"),
    access="all",
    fields=(
        text("name", L("Name", "产品名称"), required=True, unique=True),
        text("name_en", L("English name", "英文名称")),
        text("code", L("Code", "编号"), unique=True, pinyin=False),
        lookup("category", L("Category", "分类"), to="product_category"),
        text("series", L("Series", "系列")),
        money("price", L("Price", "标准价"), min=0),
        money("cost", L("Cost", "成本"), min=0, sensitive=True),
        choice("unit", L("Unit", "单位"), *UNITS),
        boolean("active", L("On sale", "在售"), default=True),
        tags("tags", L("Tags", "标签")),
        long_text("description", L("Description", "介绍")),
        image("image", L("Picture", "图片")),
        files("files", L("Files", "资料")),
    ),
    subtitle=("code", "series"),
    columns=("name", "price", "code", "category", "series", "unit", "active"),
    form=(
        Section(L("Product", "产品"), ("name", "name_en", "code", "category", "series", "unit", "active", "tags")),
        Section(L("Price", "价格"), ("price", "cost")),
        Section(L("More", "更多"), ("description", "image", "files")),
    ),
    quick=("name", "code", "category", "price"),
    figures=("price", "category", "series", "active"),
    filters=("active", "category", "series"),
    sorts=("name", "price", "created_at"),
    sort="name",
    search=("name", "name_en", "code", "series"),
    icon="package",
    area="sales",
)
