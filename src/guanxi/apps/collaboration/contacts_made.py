"""Calls, meetings, visits, notes and mails: what was said and done with a customer."""

from __future__ import annotations

from guanxi.apps.collaboration.activity import (
    ABOUT_RULES,
    about_fields,
    at_field,
    body_fields,
    next_field,
    result_field,
    subject_field,
)
from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import address, boolean, c, choice, datetime_, integer, text
from guanxi.kernel.catalog.model import Field, Object, Section

DIRECTIONS = (c("out", L("To them", "我方发起")), c("in", L("From them", "对方发起")))


def _activity(
    name: str,
    label: tuple[str, str],
    plural: str,
    icon: str,
    own: tuple[Field, ...],
    *,
    columns: tuple[str, ...],
    filters: tuple[str, ...],
    area: str = "collaboration",
) -> Object:
    """One kind of contact: the shared fields around its own ones."""
    return Object(
        name,
        L(*label),
        L(plural, label[1]),
        title="subject",
        fields=(subject_field(), at_field(), *own, *about_fields(), next_field(), *body_fields()),
        subtitle=("about", "at"),
        columns=("subject", "at", *columns, "about", "contact", "owner"),
        form=(
            Section(L(*label), ("subject", "at", *(field.name for field in own), "body")),
            Section(L("About", "关联"), ("about", "contact", "account", "next_on")),
            Section(L("Files", "文件"), ("files",), folded=True),
        ),
        quick=("about", "at", "subject", "body"),
        figures=("at", *columns),
        filters=filters,
        sorts=("at", "created_at"),
        sort="-at",
        rules=ABOUT_RULES,
        access="parent",
        access_via="about",
        timeline="about",
        search=("subject",),
        icon=icon,
        area=area,
    )


CALL = _activity(
    "call",
    ("Call", "电话"),
    "Calls",
    "phone",
    (
        choice("direction", L("Direction", "方向"), *DIRECTIONS, default="out"),
        result_field(),
        integer("minutes", L("Minutes", "时长（分钟）"), min=0),
    ),
    columns=("result", "minutes"),
    filters=("result", "direction"),
)

MEETING = _activity(
    "meeting",
    ("Meeting", "会议"),
    "Meetings",
    "calendar-event",
    (
        datetime_("ends_at", L("Ends", "结束")),
        text("place", L("Place", "地点")),
        boolean("online", L("Online", "线上"), default=False),
        text("attendees", L("Who was there", "参会人")),
        result_field(),
    ),
    columns=("place", "result"),
    filters=("result", "online"),
)

VISIT = _activity(
    "visit",
    ("Visit", "拜访"),
    "Visits",
    "map-pin",
    (
        choice(
            "state",
            L("State", "状态"),
            c("planned", L("Planned", "已计划"), "accent", locked=True),
            c("done", L("Done", "已完成"), "green", locked=True),
            c("cancelled", L("Cancelled", "已取消"), "grey"),
            default="planned",
        ),
        address("place", L("Place", "地点")),
        datetime_("checked_in_at", L("Checked in", "签到时间")),
        text("checked_in_place", L("Checked in at", "签到地点")),
        datetime_("checked_out_at", L("Checked out", "离开时间")),
        result_field(),
    ),
    columns=("state", "place", "result"),
    filters=("state", "result"),
)

NOTE = _activity(
    "note",
    ("Note", "笔记"),
    "Notes",
    "note",
    (),
    columns=(),
    filters=(),
    area="",
)

MAIL = _activity(
    "mail",
    ("Mail", "邮件"),
    "Mails",
    "mail",
    (
        choice("direction", L("Direction", "方向"), *DIRECTIONS, default="out"),
        text("address", L("Address", "邮箱地址"), pinyin=False),
    ),
    columns=("direction",),
    filters=("direction",),
    area="",
)
