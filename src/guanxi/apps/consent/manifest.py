"""Table of contents of the consent app."""

from __future__ import annotations

from guanxi.apps.consent.answer import CONSENT, PEOPLE
from guanxi.apps.consent.purpose import CONSENT_PURPOSE, CONSENT_TEXT
from guanxi.apps.consent.seed import seed
from guanxi.apps.consent.uses import channels, judge_people, matrix_of, purposes
from guanxi.base.i18n import L
from guanxi.kernel.catalog.model import App, Uses

CONSENTS = App(
    "consent",
    L("Consent", "授权"),
    "What people allow to be done with their data; exports and campaigns ask it.",
    needs=("customers", "sales"),
    objects=(CONSENT, CONSENT_PURPOSE, CONSENT_TEXT),
    uses=Uses(PEOPLE, purposes, channels, judge_people, matrix_of),
    seed=seed,
)
