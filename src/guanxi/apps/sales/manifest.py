"""Table of contents of the sales app."""

from __future__ import annotations

from guanxi.apps.sales.contact_role import CONTACT_ROLE
from guanxi.apps.sales.lead import conversion
from guanxi.apps.sales.lead.object import LEAD
from guanxi.apps.sales.opportunity import actions
from guanxi.apps.sales.opportunity.line import OPPORTUNITY_LINE
from guanxi.apps.sales.opportunity.object import OPPORTUNITY
from guanxi.apps.sales.pipeline.object import PIPELINE, STAGE
from guanxi.apps.sales.product.object import PRODUCT, PRODUCT_CATEGORY
from guanxi.apps.sales.reactions import REACTIONS
from guanxi.apps.sales.reports import REPORTS
from guanxi.apps.sales.rollups import ON_ACCOUNT
from guanxi.apps.sales.seed import seed
from guanxi.base.i18n import L
from guanxi.kernel.catalog.model import App

SALES = App(
    "sales",
    L("Sales", "销售"),
    "Leads and their conversion, deals through pipelines, products, the funnel and results.",
    needs=("customers",),
    objects=(
        LEAD,
        OPPORTUNITY,
        OPPORTUNITY_LINE,
        CONTACT_ROLE,
        PRODUCT,
        PRODUCT_CATEGORY,
        PIPELINE,
        STAGE,
    ),
    extends={"account": ON_ACCOUNT},
    actions=(*conversion.ACTIONS, *actions.ACTIONS),
    reactions=REACTIONS,
    reports=REPORTS,
    seed=seed,
)
