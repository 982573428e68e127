"""Repeated requests of one caller: keys checked, claimed for the work at hand, remembered with ids (KD 16)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from guanxi.base.errors import BadInput, FieldError, Invalid, msg
from guanxi.kernel.storage import idempotency as store

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

LONGEST = 255


@dataclass(frozen=True, slots=True)
class Remembered:
    """The first answer in short: its status and what it was about (ids); the text is rendered anew."""

    status: int
    answer: Any


def hash_of(*parts: bytes) -> str:
    """One hash for everything that makes a request this request."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def check_key(key: str) -> str:
    """A key that can be kept: 1 to 255 visible ASCII characters."""
    if 0 < len(key) <= LONGEST and key.isascii() and key.isprintable():
        return key
    raise BadInput(msg("An idempotency key has 1 to {n} visible ASCII characters.", n=LONGEST))


def claim(work: Work, key: str, request: str) -> Remembered | None:
    """None: the key is ours, do the work and `remember`. Else the first answer, for which this may have waited."""
    try:
        first = store.begin(work.session, work.actor.user, key, request)
    except Invalid:
        text = msg("This idempotency key was used for another request. Take a new key for a new request.")
        raise Invalid(text, errors=[FieldError("Idempotency-Key", "key_reused", text)]) from None
    return None if first is None else Remembered(first.status, msgspec.json.decode(first.answer))


def remember(work: Work, key: str, status: int, answer: Any) -> None:
    """Keeps status and ids with the effect."""
    store.finish(work.session, work.actor.user, key, status, msgspec.json.encode(answer).decode())
