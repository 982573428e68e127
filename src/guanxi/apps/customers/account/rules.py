"""What follows from an account's own values: size class, grade, a credit code that adds up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guanxi.base.errors import msg
from guanxi.kernel.records.draft import Draft

SIZE_LIMITS = ((2000, "giant"), (500, "large"), (100, "medium"), (20, "small"), (0, "micro"))
CODE_DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def size_account(draft: Draft) -> None:
    """Size class follows the number of employees."""
    people = draft.get("employees")
    draft["size"] = None if people is None else next(name for least, name in SIZE_LIMITS if people >= least)


def grade_account(draft: Draft) -> None:
    """The best grade whose revenue or head count is reached; a grade chosen by hand stays."""
    if draft.old is not None and draft.changed("grade") and not draft.changed("grade_by_hand"):
        draft["grade_by_hand"] = 1
    if draft.old is None and draft.get("grade") is not None:
        draft["grade_by_hand"] = 1
    if draft.get("grade_by_hand"):
        return
    revenue, people = draft.get("revenue__b"), draft.get("employees")
    grades = sorted(
        (row for row in draft.config["customer_grade"].values() if row.get("active") and not row.get("trashed_at")),
        key=lambda row: (row.get("position") or 0, row["id"]),
    )
    draft["grade"] = next((row["id"] for row in grades if _reaches(row, revenue, people)), None)


def _reaches(grade: Mapping[str, Any], revenue: int | None, people: int | None) -> bool:
    """Nobody is graded on nothing: without any figure there is no grade."""
    least_revenue, least_people = grade.get("revenue_from__b"), grade.get("employees_from")
    if revenue is None and people is None:
        return False
    if least_revenue is None and least_people is None:
        return True
    return (least_revenue is not None and (revenue or 0) >= least_revenue) or (
        least_people is not None and (people or 0) >= least_people
    )


def credit_code_ok(code: str) -> bool:
    """Whether an 18-character unified social credit code ends in its right check character (GB 32100-2015)."""
    if len(code) != 18 or any(sign not in CODE_DIGITS for sign in code):
        return False
    total = sum(CODE_DIGITS.index(sign) * weight for sign, weight in zip(code[:17], CODE_WEIGHTS, strict=True))
    return CODE_DIGITS[(31 - total % 31) % 31] == code[17]


def check_credit_code(draft: Draft) -> None:
    """A Chinese credit code is checked when it comes in or changes; old rows are left in peace."""
    code = draft.get("credit_code")
    if code is None or not draft.changed("credit_code"):
        return
    clean = "".join(code.split()).upper()
    if clean != code:
        draft["credit_code"] = clean
    if not credit_code_ok(clean):
        draft.error(
            "credit_code",
            msg("{code} is not a unified social credit code: 18 characters with a check character.", code=code),
        )


def check_parent(draft: Draft) -> None:
    """No account is its own parent."""
    if draft.get("parent") is not None and draft.get("parent") == draft.get("id"):
        draft.error("parent", msg("An account cannot be its own parent. Choose another one or leave it empty."))
