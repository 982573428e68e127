"""Turns a lead into account, contact and opportunity, finds existing ones, and takes its whole history along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guanxi.base.errors import FieldError, Invalid, msg
from guanxi.base.i18n import L
from guanxi.kernel.catalog.model import Action, Object
from guanxi.kernel.context import Work
from guanxi.kernel.expr.unparse import quote
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.masks import without_masks
from guanxi.kernel.records.read import find, get
from guanxi.kernel.records.shape import shape_of
from guanxi.kernel.records.types import Change, Query, Row
from guanxi.kernel.records.write import save

REACH = ("mobile", "phone", "email", "wechat")
TO_CONTACT = (*REACH, "title", "address", "origin", "tags", "description", "files", "next_step", "last_activity_at")
TO_ACCOUNT = ("website", "address", "region", "origin", "tags", "last_activity_at")
TO_DEAL = ("product", "region", "origin", "tags", "files", "next_step", "last_activity_at")


@dataclass(frozen=True, slots=True)
class ConvertLead:
    """
    `account` and `contact` name existing records to use; `new_account`, `new_contact` say that none of those found
    is meant. Where something was found and nothing chosen, the answer is `Invalid` with code `choose`.
    """

    id: int
    version: int | None = None
    account: int | None = None
    contact: int | None = None
    new_account: bool = False
    new_contact: bool = False
    opportunity: bool = True
    opportunity_name: str | None = None
    pipeline: int | None = None
    amount: str | None = None
    close_on: str | None = None


@dataclass(frozen=True, slots=True)
class Converted:
    account: int | None
    contact: int
    opportunity: int | None
    moved: int  # activities, notes, links … that now hang on the new records
    operation: int


def conversion_matches(work: Work, lead: Row) -> dict[str, list[Row]]:
    """Accounts and contacts that are probably the same: by name, phone, e-mail, WeChat."""
    phones = [value for name in ("mobile", "phone") if (value := lead.get(name))]
    names = ("name", "short_name", "name_en") if lead.get("company") else ()
    accounts = [(name, lead["company"]) for name in names] + [("phone", value) for value in phones]
    contacts = [(name, value) for value in phones for name in ("mobile", "phone")]
    contacts += [(name, lead[name]) for name in ("email", "wechat") if lead.get(name)]
    return {"account": _any_of(work, "account", accounts), "contact": _any_of(work, "contact", contacts)}


def _any_of(work: Work, name: str, pairs: Sequence[tuple[str, str]]) -> list[Row]:
    """Records with one of these values, in fields that the caller may ask by."""
    clear = readable(work, work.catalog.object(name))
    conditions = [f"{field} = {quote(value)}" for field, value in pairs if field in clear]
    return find(work, Query(name, where=" or ".join(conditions), limit=5)).rows if conditions else []


def convert_lead(work: Work, input: ConvertLead) -> Converted:
    """One operation: makes or uses the three records, links them, moves what hung on the lead."""
    lead = without_masks(get(work, "lead", input.id))
    if lead["state"] == "converted":
        fault = _error("state", "This lead is converted already.")
        raise Invalid(fault.message, errors=(fault,))
    account, contact = _choose(work, lead, input)
    if account is None and lead.get("company"):
        account = _create(work, "account", {"name": lead["company"], **_carried(work, lead, TO_ACCOUNT)})
    if contact is None:
        values = {"name": lead["name"], "account": _ref(account), **_carried(work, lead, TO_CONTACT)}
        contact = _create(work, "contact", values)
    elif account is not None and get(work, "contact", contact).get("account") is None:
        save(work, [Change("edit", "contact", {"account": _ref(account)}, id=contact)])
    deal = _create(work, "opportunity", _deal(work, lead, input, account, contact)) if input.opportunity else None
    moved = _move_history(work, lead["id"], {"opportunity": deal, "contact": contact, "account": account})
    values = {
        "state": "converted",
        "converted_account": _ref(account),
        "converted_contact": _ref(contact),
        "converted_opportunity": _ref(deal),
        "next_follow_up_on": None,
    }
    saved = save(work, [Change("edit", "lead", values, id=lead["id"], version=input.version)])
    return Converted(account, contact, deal, moved, saved.operation)


def _choose(work: Work, lead: Row, input: ConvertLead) -> tuple[int | None, int | None]:
    """What the caller chose; refuses to guess when existing records look the same."""
    found = conversion_matches(work, lead)
    account, contact = input.account, input.contact
    if contact is not None and account is None and not input.new_account:
        account = get(work, "contact", contact).get("account")
    errors = []
    if account is None and not input.new_account and found["account"]:
        names = ", ".join(row["name"] for row in found["account"])
        text = "These accounts look the same: {names}. Choose one, or create a new one."
        errors.append(_error("account", text, names))
    if contact is None and not input.new_contact and found["contact"]:
        names = ", ".join(row["name"] for row in found["contact"])
        text = "These contacts look the same: {names}. Choose one, or create a new one."
        errors.append(_error("contact", text, names))
    if errors:
        raise Invalid(
            msg("Some of this is known already. Choose what to use."),
            errors=errors,
            matches={
                name: [{"id": str(row["id"]), "name": row["name"]} for row in rows] for name, rows in found.items()
            },
        )
    for name, chosen in (("account", account), ("contact", contact)):
        if chosen is not None:
            get(work, name, chosen)  # NotFound unless the caller may see it
    return account, contact


def _error(name: str, text: str, names: str = "") -> FieldError:
    return FieldError(name, "choose" if names else "invalid", msg(text, names=names) if names else msg(text))


def _carried(work: Work, lead: Row, names: Sequence[str]) -> dict[str, Any]:
    """Values of the lead as raw values, so that they are checked like any others."""
    fields = shape_of(work.catalog, work.catalog.object("lead")).fields
    found: dict[str, Any] = {}
    for name in names:
        known = fields.get(name)
        if known is not None and lead.get(known.names[0]) is not None:
            found[name] = known.type.to_json(known.field, tuple(lead.get(column) for column in known.names))
    return found


def _deal(work: Work, lead: Row, input: ConvertLead, account: int | None, contact: int) -> Mapping[str, Any]:
    budget = _carried(work, lead, ("budget",)).get("budget")
    parts = (lead.get("company") or lead["name"], lead.get("interest"))
    name = input.opportunity_name or " · ".join(part for part in parts if part)
    return {
        "name": name[:255],
        "account": _ref(account),
        "contact": _ref(contact),
        "pipeline": _ref(input.pipeline),
        "amount": input.amount or budget,
        "close_on": input.close_on,
        **_carried(work, lead, TO_DEAL),
    }


def _create(work: Work, name: str, values: Mapping[str, Any]) -> int:
    return save(work, [Change("create", name, values)]).id


def _ref(ident: int | None) -> str | None:
    return None if ident is None else str(ident)


def _move_history(work: Work, lead: int, targets: Mapping[str, int | None]) -> int:
    """
    Everything that points at the lead and may point at several objects now points at the deal, else the contact:
    activities, notes, comments, follows … of apps this one does not know. The move is the system's: a colleague's
    note on the lead belongs to the history although the caller could not edit it.
    """
    moved = 0
    with work.as_system("history of a converted lead moves with it"):
        for other, field in work.catalog.referrers("lead"):
            allowed = field.options.get("to", ())
            target = next(((name, ident) for name, ident in targets.items() if ident and name in allowed), None)
            if target is None or len(allowed) < 2:
                continue
            where = f"{field.name} = {lead}"
            cursor: str | None = None
            while True:
                page = find(work, Query(other.name, where=where, limit=200, cursor=cursor, sort=("id",)))
                value = {"object": target[0], "id": str(target[1])}
                double = _doubles(work, other, field.name, page.rows, target[1])
                save(work, [Change("trash", other.name, id=ident) for ident in sorted(double)])
                stay = [row["id"] for row in page.rows if row["id"] not in double]
                save(work, [Change("edit", other.name, {field.name: value}, id=ident) for ident in stay])
                moved += len(stay)
                if page.next is None:
                    break
                cursor = page.next
    return moved


def _doubles(work: Work, other: Object, name: str, rows: Sequence[Row], target: int) -> set[int]:
    """Those of the rows that the target has already, by what is unique about them: a follow of the same person."""
    found: set[int] = set()
    fields = shape_of(work.catalog, other).fields
    for unique in other.unique:
        if name not in unique.fields or not rows:
            continue
        columns = [fields[n].names[0] for n in unique.fields if n != name]
        there: set[tuple[Any, ...]] = set()
        cursor: str | None = None
        while True:
            page = find(work, Query(other.name, where=f"{name} = {target}", limit=200, cursor=cursor, sort=("id",)))
            there.update(tuple(row[c] for c in columns) for row in page.rows)
            if page.next is None:
                break
            cursor = page.next
        found.update(row["id"] for row in rows if tuple(row[c] for c in columns) in there)
    return found


ACTIONS = (
    Action(
        "convert_lead",
        "lead",
        L("Convert", "转化"),
        convert_lead,
        ConvertLead,
        when='state != "converted"',
        icon="transform",
    ),
)
