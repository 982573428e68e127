"""What every object has without declaring it: system columns, their fields, and the ids the kernel keeps to itself."""

from __future__ import annotations

from guanxi.base.i18n import Label
from guanxi.kernel.catalog.model import Choice, Field, ObjectKind

RECORD_COLUMNS = (
    "id",
    "version",
    "owner",
    "team",
    "source",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "trashed_at",
    "merged_into",
)
PLAIN_COLUMNS = ("id", "version", "created_at", "created_by", "updated_at", "updated_by", "trashed_at")
TEXT_COLUMNS = frozenset({"source"})  # all other system columns are INT

META_OBJECT, META_FIELD, META_SETTING = 21, 22, 23
"""Pseudo objects of the log: a change of the catalogue is logged on the meta row's id (settings: on record 0)."""
PSEUDO_OBJECTS = {META_OBJECT: "meta_object", META_FIELD: "meta_field", META_SETTING: "setting"}
FIRST_ID = 101  # ids of declared and run-time objects and fields start here; below are system fields and pseudo objects

KERNEL_TABLES = frozenset(
    {"access_alert", "access_log", "access_seal", "backup_run", "change", "change_set", "credential",
     "doctor_round", "draft",
     "duplicate_pair", "duplicate_run", "erasure", "erasure_record", "file", "follower",
     "grant_row", "heartbeat", "idempotency",
     "import_fault", "import_patch", "import_run", "job", "job_fault", "known_device",
     "last_seen", "match_key", "meta_field", "meta_object", "meta_version", "number_series", "operation",
     "quality_day", "recent", "recovery_code", "retention", "rollup_state", "scan_report",
     "schedule", "schedule_fire",
     "schema_step", "seal", "search_doc", "search_gram", "search_near", "search_state",
     "second_factor", "setting", "sign_in_step", "throttle", "token", "unsealed",
     "view_as", "web_session"}
)  # fmt: skip
"""Names no object may have; a test holds this list against `storage.tables` (storage lies above)."""
API_PATHS = frozenset(
    {"actions", "audit", "batch", "bulk", "changes", "docs", "erasures", "exports", "files", "imports", "me",
     "objects", "openapi", "operations", "quality", "search", "tasks", "uses"}
)  # fmt: skip
"""First words of the API's own addresses: an object of that name could not be reached."""

SOURCES = (
    Choice("form", Label("Form", "表单"), locked=True),
    Choice("import", Label("Import", "导入"), locked=True),
    Choice("api", Label("API", "接口"), locked=True),
    Choice("agent", Label("AI agent", "AI 助手"), locked=True),
    Choice("cli", Label("Command line", "命令行"), locked=True),
    Choice("demo", Label("Sample", "示例"), locked=True),
    Choice("automation", Label("Automation", "自动化"), locked=True),
    Choice("website", Label("Website", "网站"), locked=True),
)


def _own(
    ident: int, name: str, kind: str, label: Label, *, read_only: bool = True, hidden: bool = False, **options: object
) -> Field:
    return Field(
        name=name, type=kind, label=label, column=name, id=ident, read_only=read_only, hidden=hidden, options=options
    )


_FIELDS = {
    f.name: f
    for f in (
        _own(1, "id", "integer", Label("Id", "编号")),
        _own(2, "version", "integer", Label("Version", "版本")),
        _own(3, "owner", "user", Label("Owner", "负责人"), read_only=False, to=("user",), on_delete="refuse"),
        _own(4, "team", "team", Label("Team", "团队"), read_only=False, to=("team",), on_delete="refuse"),
        _own(5, "source", "choice", Label("Came in by", "来源方式"), choices=SOURCES),
        _own(6, "created_at", "datetime", Label("Created", "创建时间")),
        _own(7, "created_by", "user", Label("Created by", "创建人"), to=("user",), on_delete="refuse"),
        _own(8, "updated_at", "datetime", Label("Changed", "更新时间")),
        _own(9, "updated_by", "user", Label("Changed by", "更新人"), to=("user",), on_delete="refuse"),
        _own(10, "trashed_at", "datetime", Label("Put in the trash", "删除时间")),
        _own(11, "merged_into", "integer", Label("Merged into", "合并到"), hidden=True),
    )
}
SYSTEM_NAMES = frozenset(_FIELDS)
SYSTEM_BY_ID = {f.id: f for f in _FIELDS.values()}


def system_columns(kind: ObjectKind) -> tuple[str, ...]:
    """Names of the system columns of one kind of object, `id` first."""
    return RECORD_COLUMNS if kind in {"record", "document"} else PLAIN_COLUMNS


def system_fields(kind: ObjectKind) -> tuple[Field, ...]:
    """The system columns as fields, usable in expressions, sorts and layouts; their ids are the same everywhere."""
    return tuple(_FIELDS[name] for name in system_columns(kind))
