"""The frozen values a catalogue is made of; declared objects and run-time rows become these very values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from guanxi.base.i18n import Label

ObjectKind = Literal["record", "document", "plain", "config"]
OnDelete = Literal["refuse", "clear", "cascade"]
EMPTY: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a choice field. `tone` colours its badge: "" | "accent" | "green" | "amber" | "red" | "grey"."""

    key: str
    label: Label
    tone: str = ""
    locked: bool = False  # code relies on it: an administrator may relabel, not retire
    retired: bool = False


Measure = Literal["count", "sum", "min", "max", "avg"]


@dataclass(frozen=True, slots=True)
class Rollup:
    """
    A figure over the live records of `object` whose lookup `via` points here: `measure` of `field`, of those that
    meet `where` (an expression over stored fields of that object). Whoever may see them: it is the same for everybody.
    """

    object: str
    via: str
    measure: Measure = "count"
    field: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """
    One field. `options` holds what only some types have:
      choices: tuple[Choice, ...]           choice, multi_choice
      to: tuple[str, ...]                   lookup, links (object names)
      on_delete: OnDelete                   lookup
      inverse: Label                        lookup: what the records that point here are called there
      scale: int                            decimal
      min, max: int (stored form); max_length: int
      formula: str, result: type name       formula
      format: str ("OPP-{yyyy}-{0000}")     auto_number
      gapless: bool                         auto_number
      multiline, sortable, pinyin: bool
      encrypted: bool                       text, long_text, phone, email: see `kernel/fields/sealed.py`
      check: name in `fields.sealed.CHECKS` text
      rollup: Rollup                        a stored field that a follower works out
    """

    name: str
    type: str
    label: Label
    column: str
    id: int = 0  # stable number: the key of the field in the log; given when the object first gets its table
    required: bool = False
    unique: bool = False
    default: Any = None  # raw value for `parse`, or a function name of `catalog.defaults` ("@me", "@today")
    help: Label | None = None
    history: bool = True  # kept for ever; others shrink after 90 days
    sensitive: bool = False  # masked for those without the right; own search class
    read_only: bool = False  # set by rules and the kernel only
    hidden: bool = False  # not offered in forms, lists, API
    retired: bool = False
    custom: bool = False  # made at run time
    app: str = ""  # which app declared it
    copies: tuple[str, ...] = ()  # fields a rule takes it from ("contact.name"): not clear for whom these are not
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def encrypted(self) -> bool:
        """Stored as ciphertext with a blind index."""
        return bool(self.options.get("encrypted"))

    @property
    def rollup(self) -> Rollup | None:
        """What it adds up; None for a field of the record's own. Such a value is in no log: it can be made anew."""
        found: Rollup | None = self.options.get("rollup")
        return found


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of fields on forms and record pages."""

    label: Label
    fields: tuple[str, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Unique:
    """Values of `fields` together occur once among live records (checked in SQL under lock)."""

    fields: tuple[str, ...]
    name: str = ""
    message: Label | None = None


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` live records with equal `per` fields that meet `where` (an expression)."""

    per: tuple[str, ...]
    limit: int
    where: str = ""
    message: Label | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """Facts a rule needs: rows of `object` looked up by the record's `via` field, fetched once per list."""

    object: str
    via: str
    fields: tuple[str, ...]


RuleFn = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Rule:
    """
    `fn(draft)` or, with reads, `fn(draft, facts)`: pure; sets values with `draft["x"] = …`, reports with
    `draft.error("field", msg(...))`. `phase` "fill" runs before checks, "check" after. `facts["account"]` is the
    row of the `Read` over field `account`, or None.
    """

    fn: RuleFn
    reads: tuple[Read, ...] = ()
    phase: Literal["fill", "check"] = "fill"


Part = tuple[tuple[str, ...], str]
"""Fields that hold the same kind of thing, and how to read them: `(("mobile", "phone"), "phone")`."""


@dataclass(frozen=True, slots=True)
class MatchKey:
    """
    Records with an equal key may be the same (kernel/matching). `strength`: the score, 0–100, if the key is equal and
    the names agree; 0 = the key only leads to candidates. `action`: what an equal key does at entry.
    """

    key: str
    label: Label
    parts: tuple[Part, ...]
    strength: int = 0
    action: Literal["warn", "block", "off"] = "warn"


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison of the weighted score."""

    fields: tuple[str, ...]
    how: str
    weight: int


@dataclass(frozen=True, slots=True)
class Matching:
    """
    How duplicates of an object are found. `enough`: weight both records must have filled in for a full score;
    `suggest`: the score from which on somebody is asked.
    """

    keys: tuple[MatchKey, ...]
    compare: tuple[Compare, ...]
    enough: int
    suggest: int = 75


@dataclass(frozen=True, slots=True)
class Steps:
    """The field that says how far a record is, its pipeline field if several, and when it counts as open or done."""

    field: str  # a choice field, or a lookup to a config object such as `stage`
    pipeline: str | None = None
    amount: str | None = None  # summed on boards
    close_on: str | None = None
    figures: tuple[str, ...] = ()  # asked for together with the step over whole tables: its index holds them too


@dataclass(frozen=True, slots=True)
class QualityCheck:
    """A fault records may have (kernel/quality): `bad` is its condition, `of` whom it is asked of ("" = all)."""

    name: str
    dimension: Literal["completeness", "accuracy", "authenticity", "timeliness"]
    label: Label
    bad: str
    of: str = ""


@dataclass(frozen=True, slots=True)
class Object:
    """One kind of record. `columns`, `form`, `card` are layouts: they name fields and never are fields."""

    name: str
    label: Label
    plural: Label
    fields: tuple[Field, ...]
    table: str = ""
    id: int = 0
    kind: ObjectKind = "record"
    title: str = "name"  # field shown as the record's name
    subtitle: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    form: tuple[Section, ...] = ()
    quick: tuple[str, ...] = ()  # fields of the short create form
    figures: tuple[str, ...] = ()  # key figures in the head of the record page
    filters: tuple[str, ...] = ()  # facets offered first; ≤ 4, part of the list index
    sorts: tuple[str, ...] = ()  # sortable with an index, ≤ 6
    sort: str = "-updated_at"
    steps: Steps | None = None
    rules: tuple[Rule, ...] = ()
    unique: tuple[Unique, ...] = ()
    caps: tuple[Cap, ...] = ()
    lines: tuple[str, ...] = ()  # objects owned by this document, saved with it
    parent: str | None = None  # plain line: field that points at its document
    access: Literal["own", "parent", "all", "personal"] = "own"
    """own: scopes of roles; parent: as the record `access_via` points at; all: everybody reads; personal: only the
    owner (or the user in `access_via`), administrators included, and everybody where a field `shared` is true."""
    access_via: str | None = None
    access_also: tuple[str, ...] = ()  # with access="parent": lookups whose record the caller must see too
    timeline: str | None = None  # lookup field through which it shows on the parents' timelines
    quality: tuple[QualityCheck, ...] = ()  # faults besides those that follow from the fields
    matching: Matching | None = None  # None: duplicates are not looked for
    search: tuple[str, ...] = ()  # fields in the search index; empty = title only; ("-",) = none
    icon: str = "file"
    area: str = ""  # group in the left navigation; "" = not in navigation
    custom: bool = False
    retired: bool = False
    app: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """What a user does with records: `run(work, input) -> result`; `input` is a frozen dataclass with type hints."""

    name: str
    object: str
    label: Label
    run: Callable[..., Any]
    input: type
    needs: str = "edit"  # right on the record
    when: str = ""  # expression over the record: offered only then
    icon: str = "bolt"


@dataclass(frozen=True, slots=True)
class ScheduledJob:
    """A job of an app that runs by the clock; `cron` in the workspace's zone."""

    name: str
    cron: str
    run: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Report:
    """A figure: `run(work, **params) -> dict` with the data of a page or chart."""

    name: str
    label: Label
    run: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Page:
    """A special screen: `data(work, request params) -> dict` rendered by `template`."""

    name: str
    label: Label
    data: Callable[..., dict[str, Any]]
    template: str
    icon: str = "chart-bar"
    area: str = ""


@dataclass(frozen=True, slots=True)
class Uses:
    """
    Who says what people's data may be used for (`kernel/records/uses.py`): of which objects, for which purposes,
    through which channels; `judge(work, object, ids, purpose, channel, data) -> {id: Verdict}`;
    `matrix(work, object, id) -> {(purpose, channel): Verdict}` is all of one person.
    """

    objects: tuple[str, ...]
    purposes: Callable[..., Any]
    channels: Callable[..., Any]
    judge: Callable[..., Any]
    matrix: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class App:
    """One manifest: the table of contents of an app."""

    name: str
    label: Label
    purpose: str
    needs: tuple[str, ...] = ()
    objects: tuple[Object, ...] = ()
    extends: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
    reactions: Mapping[str, tuple[Callable[..., Any], ...]] = field(default_factory=dict)
    jobs: tuple[ScheduledJob, ...] = ()
    reports: tuple[Report, ...] = ()
    pages: tuple[Page, ...] = ()
    uses: Uses | None = None
    seed: Callable[..., None] | None = None  # rows a new workspace starts with (pipelines, roles …)
