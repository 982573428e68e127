"""Following a record, and the notifications that come of it."""

from __future__ import annotations

from guanxi.apps.collaboration.comment import COMMENTED
from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import c, choice, datetime_, long_text, lookup, text, user
from guanxi.kernel.catalog.model import Object, Section, Unique

FOLLOW = Object(
    "follow",
    L("Follow", "关注"),
    L("Follows", "关注"),
    kind="plain",
    title="note",
    fields=(
        user("person", L("Person", "关注人"), default="@me", required=True),
        lookup("about", L("Record", "记录"), to=COMMENTED, required=True, on_delete="cascade"),
        text("note", L("Note", "备注"), sortable=False),
    ),
    columns=("person", "about", "created_at"),
    form=(Section(L("Follow", "关注"), ("person", "about", "note")),),
    quick=("about",),
    sort="-created_at",
    unique=(Unique(("person", "about"), message=L("You follow this record already.", "你已经关注了这条记录。")),),
    access="parent",
    access_via="about",
    search=("-",),
    icon="star",
)

NOTIFICATION = Object(
    "notification",
    L("Notification", "通知"),
    L("Notifications", "通知"),
    title="text",
    fields=(
        choice(
            "kind",
            L("Kind", "类型"),
            c("mention", L("mentioned you", "提到了你"), "accent", locked=True),
            c("comment", L("commented", "发表了评论"), locked=True),
            c("assigned", L("assigned this to you", "转给了你"), "accent", locked=True),
            c("shared", L("shared this with you", "共享给了你"), "accent", locked=True),
            c("helper", L("brought help for your record", "请人来协助你的记录"), "accent", locked=True),
            c("changed", L("changed a record you follow", "改了你关注的记录"), locked=True),
            c("stage", L("needs your team at this stage", "这个阶段需要你的团队"), "accent", locked=True),
            c("rotting", L("is standing still", "停滞了"), "amber", locked=True),
            c("asked", L("asks to work with this", "想一起跟进这条记录"), "accent", locked=True),
            c("system", L("System", "系统"), locked=True),
            required=True,
        ),
        text("text", L("Text", "内容"), sortable=False),
        user("by", L("From", "来自")),
        lookup("about", L("Record", "记录"), to=COMMENTED, on_delete="cascade"),
        datetime_("read_at", L("Read", "已读时间"), history=False),
        long_text("params", L("Details", "细节"), hidden=True, history=False),
    ),
    columns=("text", "kind", "by", "about", "created_at", "read_at"),
    filters=("kind",),
    sorts=("created_at",),
    sort="-created_at",
    search=("-",),
    access="personal",
    icon="bell",
)
"""A notification is a record owned by the person it is for: `own` rights show it to nobody else."""
