"""Words for what programs note down beside an act: deeds, reasons, causes."""

from __future__ import annotations

from collections.abc import Mapping

from guanxi.base.i18n import L, Label, Locale
from guanxi.entrypoints.web.render import sentence

NOTED: Mapping[str, Label] = {
    "password_reset": L("New password, by the administrator", "管理员重设了密码"),
    "second_factor_reset": L("Second factor taken away", "重置了两步验证"),
    "second_factor_on": L("Second factor set up", "开启了两步验证"),
    "second_factor_off": L("Second factor switched off", "关闭了两步验证"),
    "recovery_codes_made": L("New recovery codes", "重新生成了恢复码"),
    "signed_out_everywhere": L("Signed out on every device", "在所有设备上退出"),
    "wrong": L("Wrong code", "验证码不对"),
    "app": L("With password and code", "密码加验证码"),
    "recovery": L("With a recovery code", "用恢复码"),
    "duplicate_hint": L("Told of a record out of sight", "被提示有看不到的相似记录"),
    "asked_for_record": L("Asked for a record out of sight", "申请看不到的记录"),
    "not_the_same": L("Said not to be the same", "标记为不是同一个"),
    "own profile": L("Own profile", "改自己的资料"),
    "own start page": L("Own start page", "改自己的首页"),
    "own notifications": L("Own notifications", "自己的通知"),
    "own notifications read": L("Own notifications read", "通知标为已读"),
    "saved view": L("Saved view", "保存视图"),
    "explain access": L("Explained access", "解释权限"),
    "preview of an undo": L("Preview of an undo", "预览撤销"),
    "asking for a record out of sight": L("Asked for a record out of sight", "申请看不到的记录"),
    "last contact follows the follow-up": L("Last contact follows the follow-up", "跟进后更新「上次联系」"),
    "history of a converted lead moves with it": L("A lead takes its history along", "转化线索，往来一起带走"),
    "consent is judged by every answer": L("Consent follows the latest answer", "授权以最近一次回答为准"),
    "log_follow_up": L("Logged a follow-up", "记跟进"),
    "complete": L("Done from the start page", "在首页完成"),
    "snooze": L("Snoozed", "推迟"),
}


def said(noted: str, locale: Locale) -> str:
    """Each of the causes joined by `;` in the reader's words; what is not known stays as it is."""
    parts = (part.strip() for part in noted.split(";"))
    return ("；" if locale.language == "zh-CN" else "; ").join(_one(part, locale) for part in parts)


def _one(noted: str, locale: Locale) -> str:
    return sentence(NOTED[noted], locale) if noted in NOTED else noted
