"""What lists and record pages share about sharing: the dialog's form read, and many records given at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData

from guanxi.base.dates import day_start, local_day, parse_date
from guanxi.base.errors import Invalid, Problem, msg
from guanxi.base.gate import BadValue
from guanxi.entrypoints.web.posting import speaker, text_of
from guanxi.entrypoints.web.render import LOCALE, date, sentence, t
from guanxi.entrypoints.web.session import Visit
from guanxi.kernel.context import Work
from guanxi.kernel.records.shares import TAKERS, share

TO = ",".join(TAKERS)
PARTS = ("Solution", "Commercial", "Delivery", "Service", "Legal")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the dialog asks for."""

    to: tuple[str, int]
    level: str
    role: str
    until: int | None


def parts() -> list[str]:
    """Words for parts in a record's team that the dialog offers; any other word will do as well."""
    return [t(word) for word in PARTS]


def day_of(moment: int) -> str:
    """The day of a moment, by the reader's clock."""
    locale = LOCALE.get()
    return date(local_day(moment, locale.zone))


def read_wish(work: Work, form: FormData) -> Wish:
    """The dialog's form; what is missing or wrong is said in words."""
    kind, _, number = text_of(form, "to").partition(":")
    if kind not in TAKERS or not number.isdecimal():
        raise Invalid(msg("Choose the person or team to share with."))
    raw = text_of(form, "until").strip()
    until = None
    if raw:
        try:
            until = day_start(parse_date(raw, work.today) + 1, work.zone)  # the day named is the last one
        except BadValue as error:
            raise Invalid(error.message) from error
    return Wish((kind, int(number[:18])), text_of(form, "level") or "read", text_of(form, "role")[:40], until)


def share_many(me: Visit, name: str, ids: Sequence[int], form: FormData) -> dict[str, str]:
    """Shares the records picked in a list; the words of the note, and its undo."""
    told = speaker(me.locale)
    try:
        with me.space.write(me.user) as work:
            wish = read_wish(work, form)
            saved = share(work, name, ids, wish.to, wish.level, until=wish.until, role=wish.role)
    except Problem as problem:
        return {"note": sentence(problem.message, me.locale), "tone": "red"}
    failed = sum(1 for o in saved.outcomes if o.done == "failed")
    note = told("{n} records shared", n=len(saved.outcomes) - failed)
    if failed:
        note = f"{note} {told('{n} are not yours to share.', n=failed)}"
    return {"note": note, "undo": undo_of(saved.operation)}


def undo_of(operation: int) -> str:
    """Where an operation is taken back; nothing where nothing was changed."""
    return f"/operations/{operation}/undo" if operation else ""
