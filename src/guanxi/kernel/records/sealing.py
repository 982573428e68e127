"""Encrypted fields of records: sealed as soon as they are parsed, opened where rows come out, asked for by equality."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import BadInput, msg
from guanxi.base.i18n import render
from guanxi.kernel.access.rights import CLEAR, may_ask
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.expr import Tree, parse
from guanxi.kernel.expr.tree import Lit, Name, Node
from guanxi.kernel.expr.unparse import unparse
from guanxi.kernel.fields.base import ParseError
from guanxi.kernel.fields.masked import Masked
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.fields.sealed import INDEX, TOKEN, folded
from guanxi.kernel.records.shape import Shape
from guanxi.kernel.records.types import Row
from guanxi.kernel.storage import keyring
from guanxi.kernel.storage.keyring import KeyMissing, Ring, Unopened

if TYPE_CHECKING:
    from guanxi.kernel.context import Work
    from guanxi.kernel.records.draft import Draft

BLIND = "#"  # in a name of a compiled question: the blind index of that field; nobody can type it
CLOSED = msg("(cannot be decrypted)")


def sealed_of(target: Object) -> tuple[Field, ...]:
    """The object's encrypted fields; most have none."""
    return tuple(f for f in target.fields if f.encrypted and not f.retired)


def sealed_clear(work: Work, target: Object) -> Mapping[str, Field]:
    """Encrypted fields the caller reads in clear on every row: shown, and asked for by equality."""
    key = ("sealed", target.name, work.actor.user, work.actor.rights.admin)
    known: Mapping[str, Field] | None = work.catalog.memo.get(key)
    if known is None:
        rights, fields = work.actor.rights, sealed_of(target)
        asks = bool(fields) and may_ask(rights, target.name, target.access)
        known = work.catalog.memo[key] = {
            f.name: f for f in fields if rights.admin or (asks and rights.level(target.name, f.name) in CLEAR)
        }
    return known


def about(target: Object, field: Field, ident: int) -> str:
    """What a value is bound to."""
    return f"{target.name}.{field.name}:{ident}"


def mark_of(ring: Ring, target: Object, field: Field, plain: str) -> str:
    """The blind index of a value of this field."""
    return ring.mark(folded(plain), f"{target.name}.{field.name}")


def seal_draft(draft: Draft, field: Field, plain: str | None) -> None:
    """Puts a parsed value into the draft; the same value as before stays as it was stored."""
    work, target, column = draft.work, draft.object, field.column
    if plain is None:
        draft.new[column] = draft.new[column + INDEX] = None
        return
    ring = work.space.db.ring
    if keyring.ready(ring, work.session):
        work.settings_changed = True  # questions compiled before there were keys are forgotten
    place, mark = about(target, field, draft.id), mark_of(ring, target, field, plain)
    before = draft.old.get(column) if draft.old is not None else None
    if before is not None and draft.old is not None and draft.old.get(column + INDEX) == mark:
        try:
            if ring.open(before, place) == plain:
                draft.new[column], draft.new[column + INDEX] = before, mark
                return
        except Unopened:
            pass
    draft.new[column], draft.new[column + INDEX] = ring.seal(plain, place), mark


def is_marker(raw: Any) -> bool:
    """A form sends back what it showed in place of a value that does not open: nothing to store."""
    return isinstance(raw, str) and raw.strip() in _MARKERS


_MARKERS = frozenset(str(render(CLOSED, language)) for language in ("en", "zh-CN"))


def open_rows(work: Work, target: Object, fields: Iterable[Field], rows: Iterable[Row]) -> None:
    """Puts values in place of ciphertexts, in rows with ids as they were fetched, before masks are put in place."""
    sealed = [f for f in fields if f.encrypted]
    if not sealed:
        return
    ring = _reading_ring(work)
    for row in rows:
        for field in sealed:
            stored = row.get(field.column)
            if stored is not None:
                row[field.column] = _opened(work, ring, stored, about(target, field, row["id"]))
                row[field.column + INDEX] = None


def open_value(work: Work, target: Object, field: Field, ident: int, values: Sequence[Any]) -> tuple[Any, ...]:
    """Column values of one field, from a row or the log, as they are read."""
    if not field.encrypted or not values or values[0] is None:
        return tuple(values)
    return (_opened(work, _reading_ring(work), values[0], about(target, field, ident)), *([None] * (len(values) - 1)))


def open_triples(
    work: Work, shape: Shape, ident: int, fields: Mapping[str, tuple[Any, Any, Any]]
) -> Mapping[str, tuple[Any, Any, Any]]:
    """What was, was set and is now, by the field's number in the log, with encrypted values opened."""
    sealed = {s.key: s.field for s in shape.stored if s.field.encrypted and s.key in fields}

    def opened(field: Field, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return list(open_value(work, shape.object, field, ident, value))

    return {
        key: (opened(sealed[key], a), opened(sealed[key], b), opened(sealed[key], c)) if key in sealed else (a, b, c)
        for key, (a, b, c) in fields.items()
    }


def _reading_ring(work: Work) -> Ring | None:
    try:
        ring = work.space.db.ring
        return ring if ring.read() is not None else None
    except KeyMissing:
        return None


def _opened(work: Work, ring: Ring | None, stored: str, place: str) -> str:
    if type(stored) is Masked:
        return stored
    try:
        if ring is not None:
            return ring.open(stored, place)
    except Unopened:
        pass
    return Masked(render(CLOSED, work.actor.language))


def same_value(work: Work, target: Object, field: Field, ident: int, one: Any, other: Any) -> bool:
    """Whether two logged forms hold the same value, though sealed anew in between (a rotation of keys)."""
    if one == other:
        return True
    a, b = one if isinstance(one, list) else [one, None], other if isinstance(other, list) else [other, None]
    if a[0] is None or b[0] is None or a[1] != b[1]:
        return False
    try:
        ring, place = work.space.db.ring, about(target, field, ident)
        ring.read()
        return ring.open(a[0], place) == ring.open(b[0], place)
    except (Unopened, KeyMissing):
        return False


def move_value(work: Work, target: Object, field: Field, source: int, ident: int, values: Sequence[Any]) -> list[Any]:
    """Column values for another record of the same object: opened there, sealed here."""
    if values[0] is None:
        return list(values)
    ring = work.space.db.ring
    keyring.ready(ring, work.session)
    try:
        plain = ring.open(values[0], about(target, field, source))
    except Unopened as error:
        raise ring.missing() from error
    return [ring.seal(plain, about(target, field, ident)), values[1]]


def blind(work: Work, target: Object, tree: Tree) -> Tree:
    """Equality with encrypted fields as equality of their blind indexes; every other use of them is refused."""
    fields = sealed_clear(work, target)
    return _blind(work, target, fields, tree) if fields or _typed(tree) else tree


def _typed(tree: Tree) -> bool:
    if isinstance(tree, Name):
        return BLIND in tree.path
    return isinstance(tree, Node) and any(map(_typed, tree.args))


def _blind(work: Work, target: Object, fields: Mapping[str, Field], tree: Tree) -> Tree:
    if isinstance(tree, Name):
        if BLIND in tree.path:
            raise BadInput(msg("There is no field «{name}».", name=tree.path[:80]))
        if tree.path in fields:
            text = "“{field}” is encrypted: ask whether it is equal to a value, or empty."
            raise BadInput(msg(text, field=fields[tree.path].label))
        return tree
    if not isinstance(tree, Node):
        return tree
    head = tree.args[0] if tree.args else None
    if isinstance(head, Name) and head.path in fields:
        field, rest = fields[head.path], tree.args[1:]
        hidden = Name(head.path + BLIND, head.at)
        if tree.op == "is_empty" and not rest:
            return Node(tree.op, (hidden,), tree.at)
        if tree.op in ("=", "!=") and isinstance(rest[0], Lit):
            return Node(tree.op, (hidden, _mark_lit(work, target, field, rest[0])), tree.at)
        if tree.op == "in" and len(rest) == 1 and isinstance(rest[0], Node) and rest[0].op == "list":
            items = tuple(_mark_lit(work, target, field, i) for i in rest[0].args if isinstance(i, Lit))
            if len(items) == len(rest[0].args):
                return Node("in", (hidden, Node("list", items, rest[0].at)), tree.at)
    return Node(tree.op, tuple(_blind(work, target, fields, a) for a in tree.args), tree.at)


def _mark_lit(work: Work, target: Object, field: Field, lit: Lit) -> Lit:
    if not isinstance(lit.value, str):
        return lit
    text = lit.value
    if text.startswith(TOKEN):
        return Lit(text.removeprefix(TOKEN), lit.at)
    if not keyring.opened(work.space.db.ring, work.session):
        return Lit(TOKEN, lit.at)  # nothing was ever encrypted here: equal to nothing
    try:
        plain = TYPES[field.type].parse(field, text, work.env)[0] or ""
    except ParseError:
        plain = text
    return Lit(mark_of(work.space.db.ring, target, field, plain), lit.at)


def token(work: Work, target: Object, field: Field, text: str) -> str:
    """A value in a condition that is kept or sent about: its blind index."""
    found = _mark_lit(work, target, field, Lit(text))
    return f"{TOKEN}{found.value}" if found.value != TOKEN else TOKEN


def without_values(work: Work, target: Object, where: str | None) -> str | None:
    """A condition to be kept (a view, a job): values of encrypted fields stand in it as blind indexes."""
    fields = {f.name: f for f in sealed_of(target)}
    if not where or not fields:
        return where
    tree = parse(where)
    changed = _tokens(work, target, fields, tree)
    return where if changed == tree else unparse(changed)


def _tokens(work: Work, target: Object, fields: Mapping[str, Field], tree: Tree) -> Tree:
    if not isinstance(tree, Node):
        return tree
    head = tree.args[0] if tree.args else None
    if not (isinstance(head, Name) and head.path in fields):
        return Node(tree.op, tuple(_tokens(work, target, fields, a) for a in tree.args), tree.at)
    return Node(tree.op, (head, *(_token_lits(work, target, fields[head.path], a) for a in tree.args[1:])), tree.at)


def _token_lits(work: Work, target: Object, field: Field, tree: Tree) -> Tree:
    if isinstance(tree, Lit) and isinstance(tree.value, str) and not tree.value.startswith(TOKEN):
        return Lit(token(work, target, field, tree.value), tree.at)
    if isinstance(tree, Node):
        return Node(tree.op, tuple(_token_lits(work, target, field, a) for a in tree.args), tree.at)
    return tree
