"""Table of contents of the collaboration app."""

from __future__ import annotations

from guanxi.apps.collaboration.comment import COMMENT
from guanxi.apps.collaboration.contacts_made import CALL, MAIL, MEETING, NOTE, VISIT
from guanxi.apps.collaboration.follow import FOLLOW, NOTIFICATION
from guanxi.apps.collaboration.follow_up import ACTIONS
from guanxi.apps.collaboration.reactions import REACTIONS
from guanxi.apps.collaboration.stage_work import plan_stage_work
from guanxi.apps.collaboration.task import TASK
from guanxi.apps.collaboration.today import REPORTS
from guanxi.base.i18n import L
from guanxi.kernel.catalog.model import App

COLLABORATION = App(
    "collaboration",
    L("Collaboration", "协作"),
    "Tasks, calls, meetings, visits, notes and mails; comments with mentions; following; what today asks.",
    needs=("customers", "sales"),
    objects=(TASK, CALL, MEETING, VISIT, NOTE, MAIL, COMMENT, FOLLOW, NOTIFICATION),
    actions=ACTIONS,
    reactions={
        **REACTIONS,
        "opportunity.created": (plan_stage_work,),
        "opportunity.edited": (*REACTIONS["opportunity.edited"], plan_stage_work),
    },
    reports=REPORTS,
)
