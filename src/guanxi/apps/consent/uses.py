"""May these people's data be used for a purpose, through a channel? What exports and campaigns ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from guanxi.apps.consent.rules import CONSENT, Answer, Judged, judge, judge_channel
from guanxi.base.dates import iso_date, local_day
from guanxi.base.errors import BadInput, msg
from guanxi.base.i18n import Label
from guanxi.kernel.context import Work
from guanxi.kernel.records.pointing import rows_pointing
from guanxi.kernel.records.types import Row
from guanxi.kernel.records.uses import Purpose, Verdict

ANSWER = ("id", "person", "purpose", "at", "answer", "channels", "data", "valid_from", "valid_until")


def purposes(work: Work) -> Sequence[Purpose]:
    """Those in use, in their order."""
    rows = sorted(work.catalog.config["consent_purpose"].values(), key=lambda r: (r["position"] or 0, r["id"]))
    return [
        Purpose(r["code"], Label(r["name_en"] or r["name"], r["name"]), r["basis"] == CONSENT)
        for r in rows
        if r["active"]
    ]


def channels(work: Work) -> Sequence[Any]:
    """The channels there are, as choices."""
    field = work.catalog.field(work.catalog.object("consent"), "channels")
    return [c for c in field.options["choices"] if not c.retired]


def answers_of(work: Work, object_name: str, ids: Sequence[int], purpose: int) -> dict[int, list[Answer]]:
    """What each person answered for that purpose."""
    said = _said(work, object_name, ids)
    return {i: [answer for of, answer in pairs if of == purpose] for i, pairs in said.items()}


def _said(work: Work, object_name: str, ids: Sequence[int]) -> dict[int, list[tuple[int, Answer]]]:
    """
    All live answers by person, with their purpose; of a contact also those it gave as a lead. At most three statements
    for each 4,000 people; whatever the caller may read, all count.
    """
    found: dict[int, list[tuple[int, Answer]]] = {}
    with work.as_system("consent is judged by every answer"):
        rows = rows_pointing(work, "consent", "person", object_name, ids, ANSWER)
        was: dict[int, int] = {}
        if object_name == "contact":
            leads = rows_pointing(work, "lead", "converted_contact", "contact", ids, ("id", "converted_contact"))
            was = {row["id"]: row["converted_contact"] for row in leads}
            rows += rows_pointing(work, "consent", "person", "lead", list(was), ANSWER)
    for row in rows:
        person = int(row["person"])
        found.setdefault(was.get(person, person), []).append((row["purpose"], answer_of(work, row)))
    return found


def answer_of(work: Work, row: Row) -> Answer:
    """A stored row as the rules take it."""
    return Answer(
        row["id"], row["at"], row["answer"], iso_date(local_day(row["at"], work.zone)), _keys(row["channels"]),
        _keys(row["data"]), row["valid_from"], row["valid_until"],
    )  # fmt: skip


def _keys(stored: str | None) -> frozenset[str]:
    return frozenset(msgspec.json.decode(stored)) if stored else frozenset()


def judge_people(
    work: Work, object_name: str, ids: Sequence[int], purpose: str, channel: str = "", data: Sequence[str] = ()
) -> Mapping[int, Verdict]:
    """The verdict for each; an unknown purpose or channel is refused, never taken for allowed."""
    row = next((r for r in work.catalog.config["consent_purpose"].values() if r["code"] == purpose), None)
    if row is None or not row["active"]:
        raise BadInput(msg("There is no purpose «{name}».", name=purpose[:40]))
    known = [c.key for c in channels(work)]
    if channel and channel not in known:
        raise BadInput(msg("There is no channel «{name}».", name=channel[:40]))
    answers = answers_of(work, object_name, ids, row["id"])
    return {i: _verdict(judge(row["basis"], answers.get(i, ()), channel, known, data, work.today)) for i in ids}


def matrix_of(work: Work, object_name: str, ident: int) -> Mapping[tuple[str, str], Verdict]:
    """Everything one person said, judged for each purpose in use and each channel."""
    by_purpose: dict[int, list[Answer]] = {}
    for purpose, answer in _said(work, object_name, [ident]).get(ident, ()):
        by_purpose.setdefault(purpose, []).append(answer)
    found = {}
    for row in work.catalog.config["consent_purpose"].values():
        answers = by_purpose.get(row["id"], [])
        for channel in channels(work) if row["active"] else ():
            judged = judge_channel(row["basis"], answers, channel.key, (), work.today)
            found[row["code"], channel.key] = _verdict(judged)
    return found


def _verdict(judged: Judged) -> Verdict:
    return Verdict(judged.allowed, judged.reason, judged.answer.id if judged.answer else None)
