"""Use of people's data for a purpose: an app says what is allowed, whoever exports or sends asks here first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import FieldError, Invalid, Message, msg
from guanxi.base.i18n import Label
from guanxi.kernel.catalog.model import Uses
from guanxi.kernel.changes.access_log import note

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

SETTING = "export_purpose_required"


@dataclass(frozen=True, slots=True)
class Purpose:
    """What data may be used for; `consent`: only with consent, else unless they object."""

    code: str
    label: Label
    consent: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one person's data may be used, in a sentence, and the record that decided (None: there is none)."""

    allowed: bool
    reason: Message
    consent: int | None = None


def uses_of(work: Work, object_name: str) -> Uses | None:
    """Who judges records of this object; None: they are not people."""
    return next((a.uses for a in work.space.apps if a.uses is not None and object_name in a.uses.objects), None)


def purposes_of(work: Work, object_name: str = "") -> Sequence[Purpose]:
    """The purposes one can name; for an object only if its records are people."""
    known = next((a.uses for a in work.space.apps if a.uses is not None), None)
    if known is None or (object_name and uses_of(work, object_name) is None):
        return ()
    found: Sequence[Purpose] = known.purposes(work)
    return found


def channels_of(work: Work, object_name: str) -> Sequence[Any]:
    """The channels (choices) through which people of that object are reached."""
    known = uses_of(work, object_name)
    found: Sequence[Any] = known.channels(work) if known is not None else ()
    return found


def verdicts(
    work: Work, object_name: str, ids: Sequence[int], purpose: str, channel: str = "", data: Sequence[str] = ()
) -> Mapping[int, Verdict]:
    """One verdict for each id; the number of statements does not grow with the ids of a page."""
    known = uses_of(work, object_name)
    if known is None:
        return {i: Verdict(True, msg("These records are not people.")) for i in ids}
    found: Mapping[int, Verdict] = known.judge(work, object_name, ids, purpose, channel, data)
    return found


def may_use(
    work: Work, object_name: str, ident: int, purpose: str, channel: str = "", data: Sequence[str] = ()
) -> Verdict:
    """Whether one person's data may be used for that purpose, through that channel, as things stand now."""
    return verdicts(work, object_name, [ident], purpose, channel, data)[ident]


def matrix_of(work: Work, object_name: str, ident: int) -> Mapping[tuple[str, str], Verdict]:
    """One person, for every purpose and channel; empty for what is no person."""
    known = uses_of(work, object_name)
    found: Mapping[tuple[str, str], Verdict] = known.matrix(work, object_name, ident) if known is not None else {}
    return found


def allowed_of(work: Work, object_name: str, ids: Sequence[int], purpose: str, channel: str = "") -> set[int]:
    """Those of the people who may be addressed."""
    return {i for i, verdict in verdicts(work, object_name, ids, purpose, channel).items() if verdict.allowed}


def note_use(
    space: Space, user: int, object_name: str, purpose: str, *, channel: str = "", count: int, refused: int, entry: str
) -> None:
    """Who used how many people's data for what, and how many were left out."""
    detail = {"purpose": purpose, "channel": channel, "refused": refused}
    note(space, "use", user, object=object_name, count=count, detail=detail, entry=entry)


def check_purpose(work: Work, object_name: str, purpose: str) -> None:
    """Exports of people name a purpose where the workspace asks for one."""
    if purpose:
        verdicts(work, object_name, (), purpose)
    elif work.catalog.settings.get(SETTING) and uses_of(work, object_name) is not None:
        text = msg("Say what the data are used for: choose a purpose.")
        raise Invalid(text, errors=(FieldError("purpose", "required", text),))
