"""Pipelines and stages, kept as configuration."""

from __future__ import annotations

from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import boolean, c, choice, integer, long_text, lookup, percent, tags, text
from guanxi.kernel.catalog.model import Object, Section, Unique

PIPELINE = Object(
    "pipeline",
    L("Pipeline", "销售管道"),
    L("Pipelines", "销售管道"),
    kind="config",
    icon="git-branch",
    access="all",
    fields=(
        text("name", L("Name", "名称"), required=True, unique=True),
        text("name_en", L("English name", "英文名称")),
        integer("position", L("Position", "顺序"), default=0),
        boolean("active", L("In use", "启用"), default=True),
    ),
    columns=("name", "name_en", "position", "active"),
    form=(Section(L("Pipeline", "销售管道"), ("name", "name_en", "position", "active")),),
    sort="position",
    search=("-",),
)

KINDS = (
    c("open", L("Open", "进行中"), "accent", locked=True),
    c("won", L("Won", "赢单"), "green", locked=True),
    c("lost", L("Lost", "丢单"), "grey", locked=True),
)

STAGE = Object(
    "stage",
    L("Stage", "阶段"),
    L("Stages", "阶段"),
    kind="config",
    icon="stairs-up",
    access="all",
    fields=(
        text("name", L("Name", "名称"), required=True),
        text("name_en", L("English name", "英文名称")),
        lookup("pipeline", L("Pipeline", "销售管道"), to="pipeline", required=True, on_delete="cascade"),
        integer("position", L("Position", "顺序"), default=0),
        choice("kind", L("Kind", "性质"), *KINDS, default="open", required=True),
        percent("probability", L("Probability", "赢率"), min=0, max=10000, default="0"),
        integer("rotting_days", L("Rots after (days)", "停滞提醒（天）"), min=1),
        tags(
            "requires",
            L("Fields needed to enter", "进入前必填"),
            help=L("Names of fields, such as amount or close_on", "字段名，如 amount、close_on"),
        ),
        long_text(
            "tasks",
            L("What to do here", "阶段任务"),
            max_length=4000,
            help=L("Lines that begin with “- ” become tasks for the owner", "以「- 」开头的行会成为负责人的任务"),
        ),
        text("resource", L("Resource to bring in", "需要的支持")),
        lookup("helpers", L("Team to call", "请来的团队"), to="team"),
        boolean("active", L("In use", "启用"), default=True),
    ),
    columns=("name", "name_en", "pipeline", "position", "kind", "probability", "rotting_days", "requires"),
    form=(
        Section(L("Stage", "阶段"), ("name", "name_en", "pipeline", "position", "kind", "active")),
        Section(L("Rules", "规则"), ("probability", "rotting_days", "requires")),
        Section(L("Guidance", "指引"), ("tasks", "resource", "helpers")),
    ),
    sort="position",
    unique=(
        Unique(
            ("pipeline", "name"),
            message=L("This pipeline already has a stage of that name.", "这条管道已有同名阶段。"),
        ),
    ),
    search=("-",),
)
