"""Steps that bring an older workspace up to this program, one module each, in order; none is ever taken out."""

from __future__ import annotations

from guanxi.kernel.admin.upgrades import step_0001_verbs
from guanxi.kernel.admin.upgrades.step import Step

STEPS: tuple[Step, ...] = (step_0001_verbs.STEP,)
