"""Errors that carry their HTTP status, a stable code and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """An English sentence with named gaps, translated at the entry point (see `base.i18n`)."""

    text: str
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text.format(**{k: str(v) for k, v in self.params.items()}) if self.params else self.text


def msg(text: str, /, **params: Any) -> Message:
    """Short form: `msg("{field} is required", field=label)`; params may be `Label`s."""
    return Message(text, params)


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of one record (`row` counts from 0 in the list saved)."""

    field: str
    code: str
    message: Message
    row: int = 0


class Problem(Exception):
    """Base of all errors a caller is told about; anything else is a defect (500)."""

    status = 400
    code = "bad_request"

    def __init__(self, message: Message | str, *, errors: Sequence[FieldError] = (), **extra: Any) -> None:
        self.message = message if isinstance(message, Message) else Message(message)
        self.errors = tuple(errors)
        self.extra = extra
        super().__init__(str(self.message))


class BadInput(Problem):
    """The request cannot be understood (malformed JSON, unknown field, bad filter)."""


class Unauthenticated(Problem):
    status, code = 401, "unauthenticated"


class NotFound(Problem):
    """Unknown *or not yours to see*: both give this same answer (KD 18)."""

    status, code = 404, "not_found"

    def __init__(self, message: Message | str = "Not found, or not yours to see.", **extra: Any) -> None:
        super().__init__(message, **extra)


class Forbidden(Problem):
    """You see the thing, but may not do this with it."""

    status, code = 403, "forbidden"


class Conflict(Problem):
    """Somebody changed the record since you read it; `extra['current']` is the row as it is now."""

    status, code = 409, "conflict"


class Invalid(Problem):
    """Values were understood but fail a check; `errors` names each field."""

    status, code = 422, "invalid"


class TooMany(Problem):
    status, code = 429, "too_many_requests"


class TooSlow(Problem):
    """The question was stopped at its time limit; say how to narrow it."""

    status, code = 503, "too_slow"
