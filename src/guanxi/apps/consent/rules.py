"""Which answer counts, and what an answer must be: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from guanxi.base.dates import iso_date
from guanxi.base.errors import Message, msg
from guanxi.kernel.records.draft import Draft

GIVEN, REFUSED, WITHDRAWN = "given", "refused", "withdrawn"
CONSENT, OBJECTION = "consent", "objection"
FIXED_TEXT = ("language", "text_version", "body")
FIXED = (
    *("person", "purpose", "answer", "channels", "data", "conditions", "valid_from", "valid_until"),
    *("how", "at", "by", "text", "evidence"),
)
DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of one person for one purpose; no channels: all of them, no data classes: whatever is held."""

    id: int
    at: int
    answer: str
    day: str = ""
    channels: frozenset[str] = frozenset()
    data: frozenset[str] = frozenset()
    starts: int | None = None
    ends: int | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What follows from the answers for one channel: allowed or not, why, and the answer that decided."""

    allowed: bool
    reason: Message
    answer: Answer | None = None


def latest(answers: Iterable[Answer], channel: str) -> Answer | None:
    """The answer that counts: the last one given for that channel, or for all of them."""
    fitting = [a for a in answers if not a.channels or channel in a.channels]
    return max(fitting, key=lambda a: (a.at, a.id), default=None)


def judge_channel(basis: str, answers: Sequence[Answer], channel: str, data: Iterable[str], today: int) -> Judged:
    """Whether one channel may be used today, for those classes of data."""
    last = latest(answers, channel)
    if last is None:
        if basis == OBJECTION:
            return Judged(True, msg("Nobody has objected to it."))
        return Judged(False, msg("No answer is on record, and this purpose needs consent."))
    if last.answer == REFUSED:
        return Judged(False, msg("Refused on {day}.", day=last.day), last)
    if last.answer == WITHDRAWN:
        return Judged(False, msg("Withdrawn on {day}.", day=last.day), last)
    if last.starts is not None and today < last.starts:
        return Judged(False, msg("The consent holds from {day} on.", day=iso_date(last.starts)), last)
    if last.ends is not None and today > last.ends:
        return Judged(False, msg("The consent ended on {day}.", day=iso_date(last.ends)), last)
    if last.data and not last.data.issuperset(data):
        return Judged(False, msg("The consent does not cover these data."), last)
    return Judged(True, msg("Consent given on {day}.", day=last.day), last)


def judge(
    basis: str, answers: Sequence[Answer], channel: str, channels: Sequence[str], data: Iterable[str], today: int
) -> Judged:
    """For one channel; without one only what every channel allows, so that no single refusal is passed over."""
    classes = tuple(data)
    if channel:
        return judge_channel(basis, answers, channel, classes, today)
    each = [judge_channel(basis, answers, one, classes, today) for one in channels]
    return next(
        (j for j in each if not j.allowed), each[0] if each else judge_channel(basis, answers, "", classes, today)
    )


def name_answer(draft: Draft) -> None:
    """An answer is called after its purpose; what comes from a file or a program says so."""
    if draft.old is None and draft["how"] is None and draft.work.entry in ("import", "api"):
        draft["how"] = draft.work.entry
    purpose = draft.config["consent_purpose"].get(draft["purpose"] or 0)
    if purpose is not None:
        draft["name"] = purpose["name"]


def check_answer(draft: Draft) -> None:
    """A new answer makes sense; an old one stays what it was (merging and undoing go past this)."""
    if draft.old is not None:
        changed = next((name for name in FIXED if draft.changed(name)), None)
        if changed is not None and draft.work.kind != "undo":
            draft.error(changed, msg("An answer is never changed. Record a new one; the latest counts."))
        return
    if draft["at"] is not None and draft["at"] > draft.now + DAY:
        draft.error("at", msg("The answer lies in the future. Check the date."))
    if (
        draft["valid_from"] is not None
        and draft["valid_until"] is not None
        and draft["valid_until"] < draft["valid_from"]
    ):
        draft.error("valid_until", msg("The consent ends before it begins."))


def keep_text(draft: Draft) -> None:
    """People agreed to these words: another wording is another version."""
    changed = next((name for name in FIXED_TEXT if draft.old is not None and draft.changed(name)), None)
    if changed is not None and draft.work.kind != "undo":
        draft.error(changed, msg("People may have agreed to this version. Make a new one with another version."))
