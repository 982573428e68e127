"""One value in a normal form for keys, and how alike two values are, by kind of value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from guanxi.base.text import fold
from guanxi.kernel.matching.names import (
    company,
    company_sound,
    letters,
    like_company,
    like_person,
    person,
    person_sound,
)

Normal = Callable[[Any], str]
"""A stored value as the text of a key; "" says nothing."""
Alike = Callable[[Any, Any], float]
TAIL = 10  # digits of a phone that count: numbers with and without the country's code meet
DOTLESS = ("gmail.com", "googlemail.com")


def phone(value: Any) -> str:
    digits = re.sub(r"\D", "", str(value).partition(";")[0])
    return digits[-TAIL:] if len(digits) >= 6 else ""


def email(value: Any) -> str:
    local, at, domain = fold(str(value)).strip().partition("@")
    local = local.partition("+")[0]
    if domain in DOTLESS:
        local = local.replace(".", "")
    return f"{local}@{domain}" if at and local else ""


def code(value: Any) -> str:
    return re.sub(r"[\W_]+", "", fold(str(value))).upper()


def plain(value: Any) -> str:
    return " ".join(re.findall(r"[^\W_]+", fold(str(value))))


@lru_cache(maxsize=65_536)
def city(value: Any) -> str:
    """The city of a stored address; its province where no city is said."""
    try:
        parts = msgspec.json.decode(str(value), type=dict[str, Any])
    except msgspec.MsgspecError:
        return plain(value)
    region = str(parts.get("region") or "")
    return region[:4] if len(region) >= 4 else plain(parts.get("city") or parts.get("province") or "")


def start(value: Any) -> str:
    return plain(value).replace(" ", "")[:4]


def same(a: str, b: str) -> float:
    return 1.0 if a == b else 0.0


def like_phone(a: Any, b: Any) -> float:
    """Equal, or one slip of the finger."""
    one, two = phone(a), phone(b)
    if not one or one == two:
        return 1.0 if one else 0.0
    return 0.6 if len(one) >= 10 and DamerauLevenshtein.distance(one, two) == 1 else 0.0


def like_email(a: Any, b: Any) -> float:
    one, two = email(a), email(b)
    if one == two:
        return 1.0
    (local, _, domain), (other, _, elsewhere) = one.partition("@"), two.partition("@")
    if domain == elsewhere:
        return 0.8 if len(local) > 5 and DamerauLevenshtein.distance(local, other) == 1 else 0.0
    return 0.7 if local == other and len(local) > 5 else 0.0


def like_code(a: Any, b: Any) -> float:
    one, two = code(a), code(b)
    if one == two:
        return 1.0
    return 0.8 if len(one) > 5 and DamerauLevenshtein.distance(one, two) == 1 else 0.0


def like_text(a: Any, b: Any) -> float:
    one, two = plain(a), plain(b)
    return 1.0 if one == two else float(JaroWinkler.similarity(one, two))


NORMAL: Mapping[str, Normal] = {
    "phone": phone,
    "email": email,
    "code": code,
    "text": plain,
    "start": start,
    "city": city,
    "ref": str,
    "company": lambda v: company(str(v)).core,
    "company_sound": lambda v: company_sound(str(v)),
    "person": lambda v: person(str(v)),
    "person_sound": lambda v: person_sound(str(v)),
    "sound": lambda v: letters(str(v))[:5],
}
"""Ways to make a key. `…_sound` leads to names that are spelled otherwise."""

ALIKE: Mapping[str, Alike] = {
    "phone": like_phone,
    "email": like_email,
    "code": like_code,
    "text": like_text,
    "city": lambda a, b: same(city(a), city(b)),
    "ref": lambda a, b: same(str(a), str(b)),
    "company": lambda a, b: like_company(str(a), str(b)),
    "person": lambda a, b: like_person(str(a), str(b)),
}
"""Ways to compare, each 0–1."""
TYPES: Mapping[str, tuple[str, ...]] = {
    "phone": ("phone",),
    "email": ("email",),
    "code": ("text", "auto_number", "url"),
    "text": ("text", "email", "url", "choice", "date", "integer"),
    "start": ("text",),
    "city": ("address",),
    "ref": ("lookup", "user"),
    "company": ("text",),
    "company_sound": ("text",),
    "person": ("text",),
    "person_sound": ("text",),
    "sound": ("text",),
}
"""Types of fields that each way can read."""
