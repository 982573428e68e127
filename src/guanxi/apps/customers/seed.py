"""Grades and classes a new workspace starts with."""

from __future__ import annotations

from guanxi.base.i18n import L
from guanxi.kernel.context import Work
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

GRADES = (
    ("A", "500000000", 1000, "green", L("Own account manager, weekly contact.", "专人负责，每周联系。")),
    ("B", "100000000", 300, "accent", L("Contact every two weeks, a visit each quarter.", "每两周联系，每季度拜访。")),
    ("C", "20000000", 50, "amber", L("Contact once a month.", "每月联系一次。")),
    ("D", None, None, "grey", L("Mostly served online.", "线上服务为主。")),
)
CLASSES = (
    ("重点客户", "Key account", "accent"),
    ("终端客户", "End customer", ""),
    ("集成商", "System integrator", ""),
    ("经销商", "Distributor", ""),
    ("个人客户", "Individual", ""),
)


def seed(work: Work) -> None:
    """Four grades with limits and five classes, all open to change."""
    grades = [
        {
            "name": name,
            "position": n,
            "revenue_from": revenue,
            "employees_from": people,
            "tone": tone,
            "treatment": how.in_(work.language),
        }
        for n, (name, revenue, people, tone, how) in enumerate(GRADES, 1)
    ]
    classes = [
        {"name": name, "name_en": name_en, "position": n, "tone": tone or None}
        for n, (name, name_en, tone) in enumerate(CLASSES, 1)
    ]
    save(work, [Change("create", "customer_grade", row) for row in grades])
    save(work, [Change("create", "customer_class", row) for row in classes])
