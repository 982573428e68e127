"""The objects of the duplicate service: what an administrator changes about its rules, and requests for a record."""

from __future__ import annotations

from typing import Any

from guanxi.base.errors import BadInput, msg
from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import c, choice, integer, text, user
from guanxi.kernel.catalog.model import Object, Rule, Section, Unique
from guanxi.kernel.matching.plan import RULES, WHOLE, check_parts, read_parts

REQUEST = "record_request"


def check_rule(draft: Any) -> None:  # Any: drafts live above this package
    """The object must exist, and a rule must be one that can be applied."""
    target = draft.work.catalog.objects.get(draft["object"])
    if target is None or target.kind not in ("record", "document"):
        draft.error("object", msg("There is no object “{name}”.", name=draft["object"]), "not_found")
        return
    declared = {k.key for k in target.matching.keys} if target.matching else set()
    if draft["key"] == WHOLE or (draft["key"] in declared and not draft["parts"]):
        return
    try:
        check_parts(target, read_parts(draft["parts"] or ""))
    except BadInput as error:
        draft.error("parts", error.message, "bad_rule")


DUPLICATE_RULE = Object(
    RULES,
    L("Duplicate rule", "查重规则"),
    L("Duplicate rules", "查重规则"),
    kind="config",
    icon="copy",
    access="all",
    title="key",
    fields=(
        text("object", L("Object", "对象"), required=True, max_length=60),
        text("key", L("Key", "标识"), required=True, max_length=60),
        text("name", L("Name", "名称"), max_length=100),
        text("parts", L("Made from", "取自"), max_length=500),
        integer("strength", L("Score if equal", "相同时的分数"), min=0, max=100),
        choice(
            "action",
            L("At entry", "录入时"),
            c("warn", L("Warn", "提醒"), locked=True),
            c("block", L("Refuse", "拒绝"), locked=True),
            c("off", L("Off", "关闭"), locked=True),
            default="warn",
            required=True,
        ),
    ),
    columns=("object", "key", "name", "parts", "strength", "action"),
    form=(Section(L("Rule", "规则"), ("object", "key", "name", "parts", "strength", "action")),),
    unique=(Unique(("object", "key")),),
    rules=(Rule(check_rule, phase="check"),),
    search=("-",),
)

RECORD_REQUEST = Object(
    REQUEST,
    L("Request for a record", "记录申请"),
    L("Requests for records", "记录申请"),
    kind="plain",
    icon="lock",
    title="object",
    access="personal",
    access_via="keeper",
    fields=(
        text("object", L("Object", "对象"), required=True, read_only=True, sortable=False),
        integer("record", L("Record", "记录"), required=True, read_only=True),
        user("person", L("Asked by", "申请人"), read_only=True, on_delete="clear"),
        user("keeper", L("Owner", "负责人"), read_only=True, on_delete="clear"),
    ),
    columns=("object", "person", "created_at"),
    sort="-created_at",
    search=("-",),
)
"""Somebody met a record they may not see while entering one like it. Only its owner sees the request."""
