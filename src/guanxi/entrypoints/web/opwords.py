"""What operations are called, and the ways they come in: the same words on every page that tells of them."""

from __future__ import annotations

from collections.abc import Mapping

from guanxi.base.i18n import L, Label

OPERATIONS: Mapping[str, tuple[Label, str]] = {
    "edit": (L("Change", "改动"), "edit"),
    "settings": (L("Settings", "设置"), "settings"),
    "import": (L("Import", "导入"), "upload"),
    "bulk": (L("Bulk edit", "批量改"), "edit"),
    "merge": (L("Merge", "合并"), "git-merge"),
    "undo": (L("Undo", "撤销"), "arrow-back-up"),
    "reaction": (L("Automation", "自动流程"), "bolt"),
    "job": (L("Scheduled job", "定时任务"), "clock"),
    "backfill": (L("Default of a new field", "新字段的默认值"), "forms"),
    "notice": (L("Notification", "通知"), "bell"),
    "backup": (L("Backup", "备份"), "archive"),
    "transfer": (L("Handed over", "移交"), "user-share"),
    "share": (L("Shared", "共享"), "share"),
    "seed": (L("First rows", "初始数据"), "database"),
    "setup": (L("Set-up", "初始化"), "settings"),
    "demo": (L("Sample company", "示例数据"), "database"),
    "upgrade": (L("Upgrade", "升级"), "arrow-up"),
    "forget": (L("Erasure", "抹除"), "trash"),
    "alert": (L("Alert", "告警"), "bell"),
}
WAYS: Mapping[str, Label] = {
    "form": L("Page", "页面"),
    "api": L("API", "接口"),
    "agent": L("AI agent", "AI 助手"),
    "cli": L("Command line", "命令行"),
    "import": L("Import", "导入"),
    "automation": L("Automation", "自动流程"),
    "demo": L("Sample", "示例"),
}
