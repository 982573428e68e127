"""Table of contents of the customers app."""

from __future__ import annotations

from guanxi.apps.customers.account.object import ACCOUNT
from guanxi.apps.customers.contact.object import CONTACT
from guanxi.apps.customers.grade import CUSTOMER_CLASS, CUSTOMER_GRADE, REGION
from guanxi.apps.customers.relationship import RELATIONSHIP
from guanxi.apps.customers.seed import seed
from guanxi.base.i18n import L
from guanxi.kernel.catalog.model import App

CUSTOMERS = App(
    "customers",
    L("Customers", "客户"),
    "Organisations and people, what part people play and how parties relate.",
    objects=(ACCOUNT, CONTACT, RELATIONSHIP, CUSTOMER_GRADE, CUSTOMER_CLASS, REGION),
    seed=seed,
)
