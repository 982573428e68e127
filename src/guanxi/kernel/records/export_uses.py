"""What an export is for: people who do not allow it are left out; on wish nothing tells who somebody is."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from guanxi.base.errors import Invalid, msg
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.fields.registry import result_type
from guanxi.kernel.records.types import Row
from guanxi.kernel.records.uses import allowed_of, check_purpose, uses_of

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

HARMLESS = frozenset({"choice", "multi_choice", "boolean", "integer", "decimal", "percent", "money", "datetime"})
ID_BITS = 62


class Use(msgspec.Struct, frozen=True):
    """For which purpose, through which channel, with or without what tells who somebody is; `nonce` is its own key."""

    purpose: str = ""
    channel: str = ""
    anonymous: bool = False
    nonce: str = ""

    @property
    def detail(self) -> dict[str, Any]:
        """What the access log keeps of it."""
        told = {"purpose": self.purpose, "channel": self.channel, "anonymous": self.anonymous}
        return {key: value for key, value in told.items() if value}


NO_USE = Use()


def use_for(purpose: str = "", channel: str = "", *, anonymous: bool = False) -> Use:
    """A use with a fresh key: pseudonyms of one export say nothing in another."""
    return Use(purpose, channel, anonymous, secrets.token_hex(16) if anonymous else "")


def check_use(work: Work, target: Object, use: Use, fields: Sequence[Field]) -> None:
    """Refuses an export without a purpose where one is asked for, and one of which nothing would be left."""
    check_purpose(work, target.name, use.purpose)
    if use.anonymous and not harmless(work, target, fields):
        raise Invalid(msg("Without what tells who somebody is, no field is left. Choose other columns."))


def harmless(work: Work, target: Object, fields: Sequence[Field]) -> list[Field]:
    """The fields that do not tell who a record is about; its id goes along as a pseudonym."""
    kept = [f for f in fields if f.name != "id" and not _says_who(work, target, f)]
    return [f for f in fields if f.name == "id" or f in kept] if kept else []


def _says_who(work: Work, target: Object, field: Field) -> bool:
    """Names, numbers, addresses, free text and links do; a person's days (a birthday) too, a deal's do not."""
    if field.sensitive or field.hidden:
        return True
    if field.type in ("lookup", "user", "team"):
        to = field.options.get("to") or (field.type,)
        return len(to) != 1 or work.catalog.object(to[0]).kind != "config"
    kind = result_type(field).name
    return kind not in HARMLESS and (kind != "date" or uses_of(work, target.name) is not None)


def sifted(work: Work, target: Object, rows: list[Row], use: Use) -> list[Row]:
    """The rows that may be used so, with pseudonyms for ids where that is asked."""
    if use.purpose and rows:
        allowed = allowed_of(work, target.name, [row["id"] for row in rows], use.purpose, use.channel)
        rows = [row for row in rows if row["id"] in allowed]
    if not use.anonymous:
        return rows
    key = _key(work, use)
    return [{**row, "id": pseudonym(key, row["id"])} for row in rows]


def _key(work: Work, use: Use) -> bytes:
    secret = str(work.catalog.settings["match_secret"]).encode()
    return hmac.digest(secret, use.nonce.encode(), "sha256")


def pseudonym(key: bytes, ident: int) -> int:
    """A number for a record that leads back to it for nobody without the key."""
    found = hmac.new(key, str(ident).encode(), hashlib.sha256).digest()
    return int.from_bytes(found[:8]) >> (64 - ID_BITS)


def told(use: Use, refused: int) -> Mapping[str, Any]:
    """For the access log: the use and how many were left out for lack of consent."""
    return {**use.detail, "refused": refused} if use.purpose else use.detail
