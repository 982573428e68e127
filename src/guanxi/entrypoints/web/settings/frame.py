"""The frame of settings pages: their table of contents, and the page around each form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.i18n import L, Label
from guanxi.entrypoints.web.posting import NONE, WHOLE, Errors, Told, administrator
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.shell import page


@dataclass(frozen=True, slots=True)
class Place:
    """One settings page."""

    url: str
    label: Label
    icon: str
    text: Label

    @property
    def words(self) -> str:
        """What the search box of the settings looks in: both languages, whatever one reads."""
        return f"{self.label.en} {self.label.zh} {self.text.en} {self.text.zh}"


CONTENTS: tuple[tuple[Label, tuple[Place, ...]], ...] = (
    (
        L("People and access", "人员与权限"),
        (
            Place("/settings/users", L("Users", "用户"), "users",
                  L("Invite, teams, roles, who may sign in", "邀请、团队、角色、谁能登录")),
            Place("/settings/teams", L("Teams", "团队"), "sitemap",
                  L("The tree that decides who sees what", "决定谁能看到什么的团队树")),
            Place("/settings/roles", L("Roles", "角色"), "shield-lock",
                  L("What each role may see and do", "每个角色能看什么、做什么")),
            Place("/settings/sharing", L("Sharing rules", "共享规则"), "share",
                  L("Records given by what stands in them; temporary teams", "按内容共享记录；临时小组")),
            Place("/temporary-teams", L("Temporary teams", "临时小组"), "users-group",
                  L("People from several teams, together for a while", "几个部门的人一起干一阵")),
            Place("/settings/access", L("Explain access", "解释权限"), "eye",
                  L("What somebody sees, and why", "谁能看到什么、为什么")),
        ),
    ),
    (
        L("How you work", "业务"),
        (
            Place("/settings/objects", L("Objects and fields", "对象与字段"), "forms",
                  L("Your own objects, fields, forms and lists", "自己加对象、字段，排表单和列表")),
            Place("/settings/pipelines", L("Pipelines and stages", "管道与阶段"), "git-branch",
                  L("Order, probability, what a stage asks for", "顺序、赢率、进阶段要填什么")),
            Place("/settings/duplicates", L("Duplicates", "查重"), "copy",
                  L("Which records count as the same", "哪些记录算同一个")),
            Place("/settings/quality", L("Data quality", "数据质量"), "checks",
                  L("When a record is stale, what each check weighs", "多久算过期、各项检查的权重")),
            Place("/settings/currencies", L("Currencies", "货币"), "coin",
                  L("Rates against the base currency", "对本位币的汇率")),
            Place("/settings/explain", L("What a save runs", "保存时发生什么"), "list-details",
                  L("Rules and reactions in order", "规则和后续动作，按顺序")),
        ),
    ),
    (
        L("Safety", "安全"),
        (
            Place("/settings/sign-in", L("Signing in", "登录"), "key",
                  L("Second factor, passwords, sessions, networks", "两步验证、密码、会话、网络")),
            Place("/settings/audit", L("Audit", "审计"), "scan-eye",
                  L("Who changed, read and took out what", "谁改了、看了、导出了什么")),
            Place("/settings/limits", L("Alerts and retention", "告警与保留期"), "bell",
                  L("When administrators are told; how long things are kept", "什么时候提醒管理员，各类数据保留多久")),
            Place("/settings/security-check", L("Security check", "安全检查"), "shield-check",
                  L("What is weak, looked at every week", "每周检查一次哪里薄弱")),
            Place("/settings/tokens", L("API tokens", "接口令牌"), "plug",
                  L("What programs may enter with", "程序用什么进来")),
        ),
    ),
    (
        L("Data and privacy", "数据与隐私"),
        (
            Place("/settings/data", L("Your data", "数据"), "database",
                  L("Where it lies, who holds the keys, take all of it along", "数据在哪、谁拿着密钥、整体导出")),
            Place("/settings/consent", L("Consent", "授权"), "checkbox",
                  L("Purposes, texts, what exports must name", "使用目的、同意书、导出要不要写用途")),
            Place("/settings/erasures", L("Erased people", "个人信息抹除"), "trash",
                  L("Certificates of erasures", "抹除记录和证明")),
        ),
    ),
    (
        L("Workspace", "工作区"),
        (
            Place("/settings/workspace", L("General", "基本设置"), "settings",
                  L("Name, time zone, language, days to undo", "名称、时区、语言、可撤销天数")),
            Place("/settings/backup", L("Backup", "备份"), "archive",
                  L("When, where, how many; how the last one went", "何时、存哪、留几份，上次结果")),
            Place("/settings/health", L("Health", "运行状况"), "server",
                  L("Background work, failed jobs, answers and errors", "后台任务、失败的任务、请求和错误")),
            Place("/settings/packs", L("Configuration pack", "配置包"), "package",
                  L("Take your objects and fields elsewhere", "把对象和字段搬到别处")),
        ),
    ),
)  # fmt: skip


def setting_page(
    request: Request, me: Visit, template: str, place: str, *, errors: Errors = NONE, status: int = 200, **context: Any
) -> Response:
    """A page of the settings with its table of contents beside it; `errors` by field."""
    return page(
        request, f"settings/{template}.html", me, status=status, active="/settings", contents=CONTENTS, place=place,
        errors=Told(errors), problem=errors.get(WHOLE, ""), **context,
    )  # fmt: skip


def given_or(given: FormData | None, row: Any) -> Callable[[str], Any]:
    """`value("name")`: what was typed and refused, else what is stored."""
    if given is None:
        get: Callable[[str], Any] = row.get
        return get
    return lambda name: given.get(name) or ""


def show_overview(request: Request) -> Response:
    """All areas as tiles."""
    me = administrator(request)
    return setting_page(request, me, "overview", "/settings")
