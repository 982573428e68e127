"""The kernel's own objects: users, teams, roles, currencies (config) and saved views (plain)."""

from __future__ import annotations

from guanxi.base.i18n import L
from guanxi.kernel.access.grant_objects import GRANT_OBJECTS
from guanxi.kernel.catalog.declare import (
    boolean,
    c,
    choice,
    decimal,
    email,
    image,
    integer,
    links,
    long_text,
    lookup,
    phone,
    text,
    user,
)
from guanxi.kernel.catalog.model import App, Object, Section
from guanxi.kernel.matching.objects import DUPLICATE_RULE, RECORD_REQUEST

USER = Object(
    "user",
    L("User", "用户"),
    L("Users", "用户"),
    kind="config",
    icon="user",
    access="all",
    fields=(
        text("name", L("Name", "姓名"), required=True),
        email("email", L("E-mail", "邮箱"), required=True, unique=True),
        text("title", L("Job title", "职务")),
        lookup("team", L("Team", "团队"), to="team", on_delete="refuse"),
        links("roles", L("Roles", "角色"), to="role"),
        boolean("active", L("May sign in", "可登录"), default=True),
        phone("phone", L("Phone", "电话")),
        choice(
            "language", L("Language", "语言"), c("zh-CN", L("简体中文", "简体中文")), c("en", L("English", "English"))
        ),
        choice(
            "theme",
            L("Theme", "外观"),
            c("light", L("Light", "浅色")),
            c("dark", L("Dark", "深色")),
            c("auto", L("As the device", "跟随系统")),
        ),
        text("zone", L("Time zone", "时区")),
        text("number", L("Staff number", "工号"), unique=True),
        image("photo", L("Photo", "照片")),
        long_text("home", L("Start page", "首页"), hidden=True),
    ),
    columns=("name", "email", "title", "team", "roles", "active"),
    form=(
        Section(L("Person", "个人"), ("name", "email", "title", "phone", "number")),
        Section(L("Work", "工作"), ("team", "roles", "active", "language", "zone")),
    ),
    search=("name", "email", "phone"),
)

TEAM = Object(
    "team",
    L("Team", "团队"),
    L("Teams", "团队"),
    kind="config",
    icon="users",
    access="all",
    fields=(
        text("name", L("Name", "名称"), required=True),
        lookup("parent", L("Part of", "上级团队"), to="team", on_delete="refuse"),
        lookup("lead", L("Led by", "负责人"), to="user"),
        text("region", L("Region", "大区")),
    ),
    columns=("name", "parent", "lead", "region"),
    form=(Section(L("Team", "团队"), ("name", "parent", "lead", "region")),),
    search=("-",),
)

ROLE = Object(
    "role",
    L("Role", "角色"),
    L("Roles", "角色"),
    kind="config",
    icon="shield-lock",
    access="all",
    fields=(
        text("name", L("Name", "名称"), required=True, unique=True),
        text("key", L("Key", "标识"), unique=True, read_only=True),
        long_text("description", L("What it is for", "用途")),
        long_text("rights", L("Rights", "权限"), hidden=True),
    ),
    columns=("name", "description"),
    form=(Section(L("Role", "角色"), ("name", "description")),),
    search=("-",),
)

CURRENCY = Object(
    "currency",
    L("Currency", "货币"),
    L("Currencies", "货币"),
    kind="config",
    icon="coin",
    access="all",
    title="code",
    fields=(
        text("code", L("Code", "代码"), required=True, unique=True, max_length=3),
        text("name", L("Name", "名称")),
        decimal("rate", L("Units of base currency for one", "折合本位币"), scale=8, required=True),
        boolean("active", L("In use", "启用"), default=True),
    ),
    columns=("code", "name", "rate", "active"),
    form=(Section(L("Currency", "货币"), ("code", "name", "rate", "active")),),
    search=("-",),
)

VIEW = Object(
    "view",
    L("Saved view", "视图"),
    L("Saved views", "视图"),
    kind="plain",
    icon="layout-list",
    access="personal",
    access_via="person",
    fields=(
        text("name", L("Name", "名称"), required=True),
        text("object", L("Object", "对象"), required=True),
        user("person", L("Belongs to", "属于")),
        boolean("shared", L("Everyone may use it", "所有人可用"), default=False),
        long_text("spec", L("Contents", "内容"), hidden=True),
        integer("position", L("Position", "位置")),
    ),
    columns=("name", "object", "person", "shared"),
    search=("-",),
)

CORE = App(
    "core",
    L("System", "系统"),
    "Users, teams, roles, currencies and saved views; shares, sharing rules and temporary teams;"
    " rules by which duplicates are found.",
    objects=(USER, TEAM, ROLE, CURRENCY, VIEW, *GRANT_OBJECTS, DUPLICATE_RULE, RECORD_REQUEST),
)
