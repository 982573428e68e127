"""What is looked at: one condition per fault, made from an object's fields, and those its app declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from guanxi.base.errors import Message, msg
from guanxi.base.i18n import Label
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.expr import parse, uses

SETTING = "quality"
COMPLETENESS, ACCURACY, AUTHENTICITY, TIMELINESS = "completeness", "accuracy", "authenticity", "timeliness"
DIMENSIONS = (COMPLETENESS, ACCURACY, AUTHENTICITY, TIMELINESS)
DUPLICATES = "duplicates"
DAYS, MOST = 180, 1_000_000_000
MOST_WEIGHT = 10
FILLED = frozenset({"text", "email", "phone", "url", "date", "datetime", "choice", "money", "lookup", "address",
                    "integer", "decimal", "percent"})  # fmt: skip
REACH = ("phone", "email")
TEST_NAMES = ("test", "testing", "abc", "aaa", "asdf", "qwerty", "xxx", "123", "1234", "none", "n/a", "unknown",
              "测试", "无", "未知", "不详")  # fmt: skip
FAKE_PHONES = tuple(f"+86{n}" for n in ("13800138000", "13800000000", "13888888888", "13000000000", "13333333333",
                                         "13912345678", "15888888888", "18888888888"))  # fmt: skip
THROWN_AWAY = ("@mailinator.com", "@guerrillamail.com", "@10minutemail.com", "@yopmail.com", "@temp-mail.org",
               "@trashmail.com", "@sharklasers.com", "@linshiyouxiang.net", "@test.com")  # fmt: skip
MISTYPED = (".con", ".cmo", ".comm", "@gmial.com", "@gmai.com", "@hotmial.com", "@qq.cn", "@16.com", "@163.co")


@dataclass(frozen=True, slots=True)
class Check:
    """
    One fault a record may have: `bad` is its condition, `of` whom it is asked of ("" = everybody). Its share of
    records without the fault is the figure; `weight` counts it within its dimension.
    """

    name: str
    dimension: str
    text: Message | Label
    bad: str
    of: str = ""
    weight: int = 1

    @property
    def where(self) -> str:
        """The records to mend, as a list shows them; "" where only the queue of duplicates does."""
        return f"({self.of}) and ({self.bad})" if self.of else self.bad

    @property
    def fields(self) -> frozenset[str]:
        """What must be readable in clear to be told this figure."""
        return frozenset(path.partition(".")[0] for path in uses(parse(self.where)).fields) if self.bad else frozenset()


def measured(catalog: Catalog) -> tuple[Object, ...]:
    """The objects of the navigation whose records stand for themselves; what is about others is theirs."""
    kinds = ("record", "document")
    return tuple(
        o for o in catalog.objects.values() if o.kind in kinds and o.access == "own" and o.area and not o.retired
    )


def plan_of(catalog: Catalog, target: Object) -> Mapping[str, Any]:
    """What the workspace has set for an object: days, most, weights."""
    plan = (catalog.settings.get(SETTING) or {}).get(target.name) or {}
    return {"days": plan.get("days", DAYS), "most": plan.get("most", MOST), "weights": plan.get("weights", {})}


def checks_of(catalog: Catalog, target: Object, *, off: bool = False) -> tuple[Check, ...]:
    """All checks in use with their weights; `off`: also those that are switched off (weight 0)."""
    key = ("quality checks", target.name)
    known: tuple[Check, ...] | None = catalog.memo.get(key)
    if known is None:
        plan = plan_of(catalog, target)
        weights = plan["weights"]
        found = (replace(c, weight=weights.get(c.name, c.weight)) for c in _all(target, plan))
        known = catalog.memo[key] = tuple(found)
    return known if off else tuple(c for c in known if c.weight > 0)


def _all(target: Object, plan: Mapping[str, Any]) -> Iterator[Check]:
    live = {f.name: f for f in target.fields if not _left_out(f)}
    yield from _completeness(target, live)
    for field in live.values():
        yield from _accuracy(field, plan)
    yield from _authenticity(target, live)
    yield from _timeliness(live, int(plan["days"]))
    for declared in target.quality:
        yield Check(declared.name, declared.dimension, declared.label, declared.bad, declared.of)


def _left_out(field: Field) -> bool:
    """What nobody fills in, and what may not be looked at: encrypted values."""
    return field.retired or field.hidden or field.read_only or field.encrypted or field.type == "formula"


def _completeness(target: Object, live: Mapping[str, Field]) -> Iterator[Check]:
    """Fields that must be there, are asked first or stand in the list; one way to reach a person at least."""
    wanted = [f.name for f in live.values() if f.required] + [*target.quick, *target.columns]
    ways = [f.name for f in live.values() if f.type in REACH]
    for name in dict.fromkeys(wanted):
        field = live.get(name)
        if field is None or field.type not in FILLED or field.default is not None or name in ways:
            continue
        if name.startswith("last_"):
            continue  # the program fills these: they say how fresh, not how complete a record is
        weight = 2 if field.required or name in target.quick else 1
        yield Check(f"filled.{name}", COMPLETENESS, _said("{field} is missing", field), f"is_empty({name})", "", weight)
    if ways:
        bad = " and ".join(f"is_empty({name})" for name in ways)
        yield Check("filled.reach", COMPLETENESS, msg("No telephone and no e-mail"), bad, "", 3)


def _accuracy(field: Field, plan: Mapping[str, Any]) -> Iterator[Check]:
    """Values that cannot be what they say."""
    name, there = field.name, f"not is_empty({field.name})"
    if field.type == "phone":
        bad = f"length({name}) < 8"
        if "mobile" in name:
            no_mobile = " or ".join(f'starts_with({name}, "+861{digit}")' for digit in "012")
            bad += f' or (starts_with({name}, "+86") and (length({name}) != 14 or {no_mobile}))'
        yield Check(f"right.{name}", ACCURACY, _said("{field} cannot be right", field), bad, there)
    elif field.type == "email":
        bad = " or ".join(f'ends_with(lower({name}), "{end}")' for end in MISTYPED)
        yield Check(f"right.{name}", ACCURACY, _said("{field} is mistyped", field), bad, there)
    elif field.type == "date":
        bad = f'{name} < date("1900-01-01") or {name} > date("2100-01-01")'
        yield Check(f"right.{name}", ACCURACY, _said("{field} lies too far away", field), bad, there)
    elif field.type == "datetime" and name.startswith("last_"):
        bad = f"{name} > now() + days(1)"
        yield Check(f"right.{name}", ACCURACY, _said("{field} lies in the future", field), bad, there)
    elif field.type == "money":
        bad = f"{name} > {int(plan['most'])} or {name} < 0"
        yield Check(f"right.{name}", ACCURACY, _said("{field} is out of all proportion", field), bad, there)


def _authenticity(target: Object, live: Mapping[str, Field]) -> Iterator[Check]:
    """Records that are nobody: test names, made-up numbers, throw-away addresses, the same customer twice."""
    if target.matching is not None:
        yield Check(DUPLICATES, AUTHENTICITY, msg("May be there twice"), "", "", 2)
    title = live.get(target.title)
    if title is not None and title.type == "text":
        listed = ", ".join(f'"{word}"' for word in TEST_NAMES)
        bad = f'lower({title.name}) in [{listed}] or contains({title.name}, "测试") or length({title.name}) < 2'
        yield Check("real.name", AUTHENTICITY, _said("{field} looks made up", title), bad, "", 2)
    for field in live.values():
        bad = ""
        if field.type == "phone":
            bad = f"{field.name} in [{', '.join(chr(34) + number + chr(34) for number in FAKE_PHONES)}]"
        elif field.type == "email":
            bad = " or ".join(f'ends_with(lower({field.name}), "{end}")' for end in THROWN_AWAY)
        if bad:
            there = f"not is_empty({field.name})"
            yield Check(f"real.{field.name}", AUTHENTICITY, _said("{field} looks made up", field), bad, there)


def _timeliness(live: Mapping[str, Field], days: int) -> Iterator[Check]:
    """Nobody touched it for long: neither edited nor in contact."""
    bad = f"updated_at < now() - days({days})"
    if "last_activity_at" in live:
        bad += f" and (is_empty(last_activity_at) or last_activity_at < now() - days({days}))"
    yield Check("fresh", TIMELINESS, msg("Not touched for {n} days", n=days), bad)


def _said(text: str, field: Field) -> Message:
    return msg(text, field=Label(field.label.en, field.label.zh))


def fault_of(value: Any) -> Message | None:
    """What is wrong with the setting: by object the days, the greatest amount and the weight of each check."""
    wrong = msg("Days are 1 to 3650, weights 0 to {most}.", most=MOST_WEIGHT)
    if not isinstance(value, dict):
        return wrong
    for plan in value.values():
        if not isinstance(plan, dict) or not plan.keys() <= {"days", "most", "weights"}:
            return wrong
        days, most, weights = plan.get("days", DAYS), plan.get("most", MOST), plan.get("weights", {})
        if not (_whole(days, 1, 3_650) and _whole(most, 1, 10**14) and isinstance(weights, dict)):
            return wrong
        if not all(_whole(weight, 0, MOST_WEIGHT) for weight in weights.values()):
            return wrong
    return None


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
