"""Access in sentences: what a person sees of an object or a record, what they may do with it, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guanxi.base.dates import iso_date, local_day
from guanxi.base.errors import Message, NotFound, msg
from guanxi.base.i18n import L, Label
from guanxi.kernel.access import why
from guanxi.kernel.access.actors import Actor, load_actor
from guanxi.kernel.access.rights import LEVELS, SCOPES, Level, Rights, Scope, Verb, add_up
from guanxi.kernel.access.roles import closure, roles_of, spec_of
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.records.filters import test_of
from guanxi.kernel.records.masks import condition_tree
from guanxi.kernel.records.read import get, names

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

VERBS: Mapping[Verb, tuple[Message, Message]] = {
    "edit": (msg("change"), msg("changing")),
    "delete": (msg("delete"), msg("deleting")),
    "export": (msg("export"), msg("exporting")),
    "bulk": (msg("edit in bulk"), msg("bulk editing")),
    "share": (msg("share"), msg("sharing")),
    "transfer": (msg("transfer"), msg("transferring")),
}
KINDS: Mapping[Scope, Label] = {
    "own": L("one's own", "自己的"),
    "team": L("the team's", "本团队的"),
    "subtree": L("those of the team and the teams below", "本团队及下级的"),
    "all": L("all", "全部"),
}
SEEN_AS: Mapping[Level, Message] = {"none": msg("hidden"), "masked": msg("masked"), "read": msg("readable")}


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence; `tone` says whether it allows ("yes"), limits ("part") or denies ("no")."""

    tone: str
    text: Message


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom the sentences are about; `you` when it is the reader."""

    actor: Actor
    you: bool
    roles: Mapping[int, Rights]  # each role by itself, those included too

    @property
    def name(self) -> Message:
        return msg("you") if self.you else msg("{name}", name=self.actor.name)


def subject_of(work: Work, user: int) -> Subject:
    """The person with their roles one by one; NotFound if they may not sign in."""
    defined = work.catalog.config["role"]
    actor = load_actor(work.catalog, user, work.now)
    held = closure(defined, roles_of(work.catalog.config["user"][user]))
    return Subject(actor, user == work.person, {role: add_up([spec_of(defined, role)]) for role in held})


def may_explain(work: Work, user: int) -> bool:
    """One's own access, everybody's for administrators, and for a manager that of people in the teams below."""
    me, row = work.actor, work.catalog.config["user"].get(user)
    if me.rights.admin or user == me.user:
        return True
    if row is None or row["team"] is None:
        return False
    lead = work.catalog.config["team"].get(row["team"], {}).get("lead")
    return lead == me.user or (row["team"] in me.subtree and row["team"] != me.team)


def explain_record(work: Work, user: int, target: Object, ident: int) -> list[Line]:
    """Why a person sees a record (or not), what they may do with it and why, and fields they do not see as they are."""
    person = subject_of(work, user)
    facts = why.facts_of(work.session, work.catalog, target, ident, work.now)
    known = why.why(person.actor, facts)
    if known is None:
        you, other = msg("You do not see this: {cause}."), msg("{name} does not see this: {cause}.")
        return [Line("no", _said(person, you, other, cause=_cause(work, person, target, "read")))]
    you, other = msg("You see this because {reason}."), msg("{name} sees this because {reason}.")
    lines = [Line("yes", _said(person, you, other, reason=_reason(work, person, facts, known)))]
    lines += _verbs_on(work, person, facts)
    return [*lines, *_fields(work, person, target, ident)]


def explain_object(work: Work, user: int, target: Object) -> list[Line]:
    """How far each verb reaches for a person, by which role, and the fields that are limited."""
    person = subject_of(work, user)
    if person.actor.rights.admin:
        roles = _roles(work, [r for r, rights in person.roles.items() if rights.admin])
        you = msg("You may do everything: {roles} is for administrators.")
        other = msg("{name} may do everything: {roles} is for administrators.")
        return [Line("yes", _said(person, you, other, roles=roles))]
    lines = []
    scope: Scope = "all" if target.access == "all" else person.actor.rights.scope(target.name, "read")
    seeing = msg("seeing")
    if target.access == "all":
        lines.append(Line("yes", msg("Everybody sees {objects}.", objects=target.plural)))
    else:
        lines.append(_reach_line(work, person, target, "read", scope, seeing))
    create = person.actor.rights.scope(target.name, "create")
    if create != "none":
        roles = _givers(work, person, target, "create", create)
        lines.append(Line("yes", msg("Creating {objects}: yes, by {roles}.", objects=target.plural, roles=roles)))
    else:
        lines.append(Line("no", msg("Creating {objects}: no role allows it.", objects=target.plural)))
    for verb, (_, doing) in VERBS.items():
        lines.append(_reach_line(work, person, target, verb, person.actor.rights.scope(target.name, verb), doing))
    return [*lines, *_fields(work, person, target, None)]


def _reach_line(work: Work, person: Subject, target: Object, verb: Verb, scope: Scope, doing: Message) -> Line:
    if scope == "none":
        return Line("no", msg("{doing} {objects}: no role allows it.", doing=doing, objects=target.plural))
    roles = _givers(work, person, target, verb, scope)
    text = msg("{doing} {objects}: {kind}, by {roles}.", doing=doing, objects=target.plural, kind=KINDS[scope],
               roles=roles)  # fmt: skip
    return Line("yes" if scope == "all" else "part", text)


def _said(person: Subject, you: Message, other: Message, **gaps: Any) -> Message:
    return Message(you.text, gaps) if person.you else Message(other.text, {"name": person.actor.name, **gaps})


def _verbs_on(work: Work, person: Subject, facts: why.Facts) -> Iterator[Line]:
    """One sentence for what is allowed, by reason; one for what is not, by cause."""
    allowed: dict[tuple[Any, ...], list[Message]] = {}
    denied: list[Verb] = []
    reasons = {}
    for verb, (word, _) in VERBS.items():
        found = why.reason_for(person.actor, facts, verb)
        if found is None:
            denied.append(verb)
        else:
            allowed.setdefault(found, []).append(word)
            reasons[found] = why.Why(person.actor.user, found[0], (), found[1], _by_of(person, facts, found))
    you, other = msg("You may {deeds} it because {reason}."), msg("{name} may {deeds} it because {reason}.")
    for found, words in allowed.items():
        reason = _reason(work, person, facts, reasons[found])
        yield Line("yes", _said(person, you, other, deeds=together(words), reason=reason))
    you, other = msg("You may not {deeds} it: {cause}."), msg("{name} may not {deeds} it: {cause}.")
    for verb, verbs in _by_cause(work, person, facts.target, denied).items():
        refused = together(VERBS[one][0] for one in verbs)
        cause = _cause(work, person, facts.target, verb)
        yield Line("no", _said(person, you, other, deeds=refused, cause=cause))


def _by_of(person: Subject, facts: why.Facts, found: Any) -> why.By | None:
    return why.given(person.actor, facts, found) if found[0] == "grant" else None


def _by_cause(work: Work, person: Subject, target: Object, verbs: Sequence[Verb]) -> dict[Verb, list[Verb]]:
    """Verbs that are refused for the same cause, under the first of them."""
    found: dict[Any, list[Verb]] = {}
    for verb in verbs:
        scope = person.actor.rights.scope(target.name, verb)
        found.setdefault((scope, str(_givers(work, person, target, verb, scope))), []).append(verb)
    return {group[0]: group for group in found.values()}


def _cause(work: Work, person: Subject, target: Object, verb: Verb) -> Message:
    scope = person.actor.rights.scope(target.name, verb)
    if scope == "none":
        return msg("no role allows it for {objects}", objects=target.plural)
    if target.access == "parent":
        return msg("it hangs on a record that does not allow it")
    roles = _givers(work, person, target, verb, scope)
    return msg("{roles} allows it for {kind} only, and nothing else gives it", roles=roles, kind=KINDS[scope])


def _givers(work: Work, person: Subject, target: Object, verb: Verb, scope: Scope) -> Message:
    """The roles that reach as far as all together do."""
    wanted = SCOPES.index(scope)
    found = [role for role, r in person.roles.items() if SCOPES.index(r.scope(target.name, verb)) >= wanted]
    return _roles(work, found if scope != "none" else [])


def _roles(work: Work, roles: Sequence[int]) -> Message:
    defined = work.catalog.config["role"]
    named = together(msg("“{name}”", name=str(defined[role]["name"])) for role in roles)
    return msg("the role {roles}", roles=named) if len(roles) == 1 else msg("the roles {roles}", roles=named)


def together(words: Iterable[Message]) -> Message:
    """A list in a sentence, in whichever language."""
    found: Message | None = None
    for word in words:
        found = word if found is None else msg("{first}, {second}", first=found, second=word)
    return found or msg("nothing")


def _reason(work: Work, person: Subject, facts: why.Facts, known: why.Why) -> Message:
    reason = _plain_reason(work, person, facts, known)
    if known.through is None:
        return reason
    name, ident = known.through
    other = work.catalog.object(name)
    title = names(work, name, [ident]).get(ident)
    if title is None:  # the reader does not see that record: its name is not for them
        return msg("{reason}, by way of its {object}", reason=reason, object=other.label)
    return msg("{reason}, by way of {object} “{title}”", reason=reason, object=other.label, title=title)


def _plain_reason(work: Work, person: Subject, facts: why.Facts, known: why.Why) -> Message:
    while known.through is not None and (facts.target.name, facts.id) != known.through and facts.parent is not None:
        facts = facts.parent
    target, teams = facts.target, work.catalog.config["team"]
    team = str(teams[facts.team]["name"]) if facts.team is not None and facts.team in teams else ""
    roles = _givers(work, person, target, "read", person.actor.rights.scope(target.name, "read"))
    if known.reason == "grant":
        return _given(work, person, known.by)
    words: Mapping[why.Reason, Message] = {
        "owner": msg("the person responsible is {who}", who=person.name),
        "author": msg("the one who entered it is {who}", who=person.name),
        "team": msg("it belongs to the team “{team}”, as {who} does", team=team, who=person.name),
        "above": msg("its team “{team}” lies below the team of {who}", team=team, who=person.name),
        "role": msg("{roles} allows it for all {objects}", roles=roles, objects=target.plural),
        "everyone": msg("everybody sees {objects}", objects=target.plural),
        "admin": msg("administrators may do everything"),
    }
    return words[known.reason]


def _given(work: Work, person: Subject, by: why.By | None) -> Message:
    if by is None:
        return msg("it was shared with {who}", who=person.name)
    words = {
        "share": msg("it was shared with “{label}”", label=by.label),
        "record_team": msg("{who} is in the record's team: {label}", who=person.name, label=by.label),
        "rule": msg("the sharing rule “{label}” gives it", label=by.label),
        "temporary_team": msg("the temporary team “{label}” gives it", label=by.label),
    }
    if by.until is None:
        return words[by.kind]
    return msg("{reason} until {day}", reason=words[by.kind], day=iso_date(local_day(by.until, work.zone)))


def _fields(work: Work, person: Subject, target: Object, ident: int | None) -> Iterator[Line]:
    """Fields that are hidden, masked or only readable, by level and by the roles that say so."""
    row: Mapping[str, Any] | None = None
    if ident is not None:
        try:
            with work.as_system("explain access"):
                row = get(work, target.name, ident, trashed=True)
        except NotFound:
            row = None
    groups: dict[tuple[Level, str], tuple[list[Message], Message, str]] = {}
    for field in work.catalog.fields(target).values():
        right = person.actor.rights.field(target.name, field.name)
        if field.hidden or field.retired or right.level == "edit":
            continue
        level, condition = _level_here(work, person, target, field, row)
        if level == "edit":
            continue
        roles = _roles(work, _deciding(person, target, field))
        key = (level, f"{roles} {condition}")
        groups.setdefault(key, ([], roles, condition))[0].append(msg("“{field}”", field=field.label))
    for (level, _), (fields, roles, condition) in groups.items():
        tone = "no" if level == "none" else "part"
        gaps = {"fields": together(fields), "roles": roles, "level": SEEN_AS[level], "condition": condition}
        if condition:
            yield Line(tone, msg("{fields}: {level}, because {roles} says so unless {condition}.", **gaps))
        else:
            del gaps["condition"]
            yield Line(tone, msg("{fields}: {level}, because {roles} says so.", **gaps))


def _level_here(
    work: Work, person: Subject, target: Object, field: Field, row: Mapping[str, Any] | None
) -> tuple[Level, str]:
    """The level on this record (or on every record), and the conditions that would allow more."""
    right = person.actor.rights.field(target.name, field.name)
    level = right.level
    if row is not None and right.better:
        before, work.actor = work.actor, person.actor  # conditions ask who looks
        try:
            held = [better for text, better in right.better if test_of(work, target, condition_tree(text))(row)]
        finally:
            work.actor = before
        best: Level = max((level, *held), key=LEVELS.index)
        level = best
    open_ = [text for text, better in right.better if LEVELS.index(better) > LEVELS.index(level)]
    return level, " / ".join(open_)


def _deciding(person: Subject, target: Object, field: Field) -> list[int]:
    """Roles whose word on the field counts and that limit it."""
    full = f"{target.name}.{field.name}"
    named = [role for role, rights in person.roles.items() if full in rights.fields]
    reading = [r for r in named if target.access == "all" or person.roles[r].scope(target.name, "read") != "none"]
    return reading or named
