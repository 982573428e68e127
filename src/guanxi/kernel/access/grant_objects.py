"""What gives people records besides roles: shares, sharing rules, temporary teams (KD 6)."""

from __future__ import annotations

from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import (
    boolean,
    c,
    choice,
    date,
    datetime_,
    integer,
    links,
    long_text,
    lookup,
    text,
    user,
)
from guanxi.kernel.catalog.model import Object, Section

LEVELS = (c("read", L("May read", "可看"), locked=True), c("edit", L("May edit", "可改"), locked=True))

SHARE = Object(
    "share",
    L("Share", "共享"),
    L("Shares", "共享"),
    kind="plain",
    icon="share",
    title="object",
    access="personal",
    access_via="by",
    fields=(
        text("object", L("Object", "对象"), required=True, read_only=True, sortable=False),
        integer("record", L("Record", "记录"), required=True, read_only=True),
        lookup(
            "to",
            L("Shared with", "共享给"),
            to=("user", "team", "virtual_team"),
            required=True,
            read_only=True,
            on_delete="cascade",
        ),
        choice("level", L("Level", "级别"), *LEVELS, required=True, read_only=True),
        text("role", L("Part in the team", "团队中的角色"), read_only=True, sortable=False, max_length=40),
        datetime_("until", L("Until", "截止"), read_only=True),
        user("by", L("Shared by", "共享人"), read_only=True, on_delete="clear"),
    ),
    columns=("object", "to", "level", "until", "created_at"),
    sort="-created_at",
    search=("-",),
)
"""
One record given to a person or a team; with a part ("方案") they are of the record's team. A share is written by
`records/shares.py` only, which asks for the right; whoever made it finds it among their own.
"""

SHARING_RULE = Object(
    "sharing_rule",
    L("Sharing rule", "共享规则"),
    L("Sharing rules", "共享规则"),
    kind="config",
    icon="share",
    fields=(
        text("name", L("Name", "名称"), required=True),
        text("object", L("Object", "对象"), required=True, sortable=False),
        long_text("condition", L("Condition", "条件"), history=True),
        lookup(
            "to", L("Given to", "给谁"), to=("user", "team", "role", "virtual_team"), required=True, on_delete="cascade"
        ),
        choice("level", L("Level", "级别"), *LEVELS, required=True, default="read"),
        boolean("active", L("In force", "启用"), default=True),
    ),
    columns=("name", "object", "to", "level", "active"),
    form=(Section(L("Rule", "规则"), ("name", "object", "condition", "to", "level", "active")),),
    search=("-",),
)

VIRTUAL_TEAM = Object(
    "virtual_team",
    L("Temporary team", "临时小组"),
    L("Temporary teams", "临时小组"),
    kind="config",
    icon="users-group",
    access="all",
    fields=(
        text("name", L("Name", "名称"), required=True),
        text("purpose", L("Purpose", "目的"), sortable=False),
        user("lead", L("Led by", "负责人"), on_delete="clear"),
        links("members", L("Members", "成员"), to="user"),
        date("starts_on", L("From", "开始"), required=True, default="@today"),
        date("ends_on", L("Last day", "最后一天"), required=True),
    ),
    columns=("name", "purpose", "lead", "members", "starts_on", "ends_on"),
    form=(Section(L("Temporary team", "临时小组"), ("name", "purpose", "lead", "members", "starts_on", "ends_on")),),
    search=("-",),
)
"""People of several departments together for a while; what is shared with it ends with it, without any job."""

GRANT_OBJECTS = (SHARE, SHARING_RULE, VIRTUAL_TEAM)
