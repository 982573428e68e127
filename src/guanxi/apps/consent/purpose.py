"""What data may be used for, and the texts people agree to: both kept as configuration."""

from __future__ import annotations

from guanxi.apps.consent.rules import keep_text
from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import boolean, c, choice, date, integer, long_text, text
from guanxi.kernel.catalog.model import Object, Rule, Section, Unique

BASES = (
    c("consent", L("Only with consent", "须经同意"), "accent", locked=True),
    c("objection", L("Unless they object", "未反对即可"), "grey", locked=True),
)

CONSENT_PURPOSE = Object(
    "consent_purpose",
    L("Purpose of use", "使用目的"),
    L("Purposes of use", "使用目的"),
    kind="config",
    icon="shield-lock",
    access="all",
    fields=(
        text("name", L("Name", "名称"), required=True, unique=True),
        text("name_en", L("English name", "英文名称")),
        text(
            "code",
            L("Code", "代码"),
            max_length=40,
            pinyin=False,
            required=True,
            unique=True,
            help=L("What programs call it; better not changed", "程序里用的名字，尽量不要改"),
        ),
        choice("basis", L("Allowed", "何时允许"), *BASES, default="consent", required=True),
        long_text("description", L("What is done for it", "用来做什么"), max_length=2000),
        integer("position", L("Position", "顺序"), default=0),
        boolean("active", L("In use", "启用"), default=True),
    ),
    columns=("name", "name_en", "code", "basis", "position", "active"),
    form=(
        Section(L("Purpose", "目的"), ("name", "name_en", "code", "basis", "position", "active", "description")),
    ),
    sort="position",
    search=("-",),
)  # fmt: skip

CONSENT_TEXT = Object(
    "consent_text",
    L("Consent text", "同意书文本"),
    L("Consent texts", "同意书文本"),
    kind="config",
    icon="file-text",
    access="all",
    fields=(
        text("name", L("Name", "名称"), required=True),
        choice(
            "language",
            L("Language", "语言"),
            c("zh", L("Chinese", "中文")),
            c("en", L("English", "英文")),
            c("other", L("Other", "其他")),
            default="zh",
            required=True,
        ),
        text("text_version", L("Version", "版本"), max_length=40, pinyin=False, required=True),
        long_text("body", L("Text", "正文"), required=True),
        date("valid_from", L("Valid from", "生效日期"), default="@today"),
        boolean("active", L("In use", "启用"), default=True),
    ),
    columns=("name", "language", "text_version", "valid_from", "active"),
    form=(Section(L("Text", "文本"), ("name", "language", "text_version", "valid_from", "active", "body")),),
    sort="-valid_from",
    unique=(
        Unique(
            ("language", "text_version"),
            message=L("There is a text of this version in this language already.", "这个语言已有同版本的文本。"),
        ),
    ),
    rules=(Rule(keep_text, phase="check"),),
    search=("-",),
)
"""A version somebody agreed to stays as it was: `keep_text` refuses another body under the same version."""
