"""All field types by name."""

from __future__ import annotations

from collections.abc import Mapping

from guanxi.base.errors import BadInput, msg
from guanxi.base.text import nearest
from guanxi.kernel.fields.address import ADDRESS
from guanxi.kernel.fields.auto_number import AUTO_NUMBER
from guanxi.kernel.fields.base import FieldLike, FieldType, Kind
from guanxi.kernel.fields.boolean import BOOLEAN
from guanxi.kernel.fields.choice import CHOICE
from guanxi.kernel.fields.contact import EMAIL, PHONE, URL
from guanxi.kernel.fields.date import DATE
from guanxi.kernel.fields.datetime import DATETIME
from guanxi.kernel.fields.decimal import DECIMAL
from guanxi.kernel.fields.files import FILES, IMAGE
from guanxi.kernel.fields.formula import make_formula
from guanxi.kernel.fields.integer import INTEGER
from guanxi.kernel.fields.long_text import LONG_TEXT
from guanxi.kernel.fields.masked import tolerant
from guanxi.kernel.fields.money import MONEY
from guanxi.kernel.fields.multi_choice import MULTI_CHOICE
from guanxi.kernel.fields.percent import PERCENT
from guanxi.kernel.fields.refs import LINKS, LOOKUP, TEAM, USER
from guanxi.kernel.fields.sealed import OPERATORS as SEALED_OPERATORS
from guanxi.kernel.fields.sealed import SEALABLE, is_encrypted, sealable
from guanxi.kernel.fields.tags import TAGS
from guanxi.kernel.fields.text import TEXT

_STORED: Mapping[str, FieldType] = {
    "text": TEXT,
    "long_text": LONG_TEXT,
    "integer": INTEGER,
    "decimal": DECIMAL,
    "money": MONEY,
    "percent": PERCENT,
    "date": DATE,
    "datetime": DATETIME,
    "boolean": BOOLEAN,
    "choice": CHOICE,
    "multi_choice": MULTI_CHOICE,
    "lookup": LOOKUP,
    "links": LINKS,
    "email": EMAIL,
    "phone": PHONE,
    "url": URL,
    "address": ADDRESS,
    "auto_number": AUTO_NUMBER,
    "user": USER,
    "team": TEAM,
    "tags": TAGS,
    "image": IMAGE,
    "files": FILES,
}
STORED: Mapping[str, FieldType] = {
    name: tolerant(sealable(kind) if name in SEALABLE else kind) for name, kind in _STORED.items()
}
TYPES: Mapping[str, FieldType] = {**STORED, "formula": make_formula(STORED)}


def type_of(field: FieldLike) -> FieldType:
    """The type of a field; an unknown name gives the nearest one."""
    found = TYPES.get(field.type)
    if found is None:
        raise BadInput(
            msg(
                "There is no field type “{name}”. Did you mean “{near}”?",
                name=field.type,
                near=nearest(field.type, TYPES) or "text",
            )
        )
    return found


def result_type(field: FieldLike) -> FieldType:
    """The type whose values the field holds: for a formula the type of its result."""
    return TYPES[str(field.options.get("result", "decimal"))] if field.type == "formula" else type_of(field)


def kind_of(field: FieldLike) -> Kind:
    """How expressions see the field."""
    return result_type(field).kind


def operators_of(field: FieldLike) -> tuple[str, ...]:
    """The filter operators the field offers."""
    return SEALED_OPERATORS if is_encrypted(field) else result_type(field).operators
