"""What follows from a lead's own values."""

from __future__ import annotations

from guanxi.base.errors import msg
from guanxi.kernel.records.draft import Draft

REACH = ("mobile", "phone", "email", "wechat")


def date_lead(draft: Draft) -> None:
    """The moment of conversion is kept; a first follow-up makes a new lead a contacted one."""
    state = draft.get("state")
    if draft.changed("state"):
        if state == "converted" and draft.get("converted_at") is None:
            draft["converted_at"] = draft.now
        elif state != "converted":
            draft["converted_at"] = None
    elif state == "new" and draft.changed("last_activity_at") and draft.get("last_activity_at") is not None:
        draft["state"] = "contacted"


def check_lead_reach(draft: Draft) -> None:
    """A lead typed in by hand must be reachable; imported ones may be completed later."""
    if draft.old is None and draft.get("source") == "form" and not any(draft.get(name) for name in REACH):
        draft.error("mobile", msg("Give at least one way to reach this person: mobile, phone, e-mail or WeChat."))
    if draft.get("state") == "unqualified" and draft.changed("state") and not draft.get("unqualified_because"):
        draft.error("unqualified_because", msg("Say why this lead is unqualified."))
    converted = draft.get("state") == "converted" and draft.changed("state")
    if converted and draft.get("source") not in ("import", "demo") and draft.get("converted_contact") is None:
        draft.error("state", msg("Convert the lead instead: that keeps what it became."))
