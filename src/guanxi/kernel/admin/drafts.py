"""Changes of one object's fields and layouts that wait for being published, kept per administrator."""

from __future__ import annotations

import msgspec

from guanxi.base.errors import Invalid, msg
from guanxi.kernel.admin.fields import restore_field, retire_field
from guanxi.kernel.admin.meta import free_name
from guanxi.kernel.admin.packs import apply_pack
from guanxi.kernel.catalog.pack import Pack
from guanxi.kernel.catalog.rows import FieldSpec, ObjectSpec, merge
from guanxi.kernel.catalog.system import SYSTEM_NAMES
from guanxi.kernel.context import Space, Work
from guanxi.kernel.storage.database import Database


class Draft(msgspec.Struct, omit_defaults=True):
    """Fields to add, changes of fields by name, layouts, fields to retire and to bring back."""

    add: list[FieldSpec] = []
    change: dict[str, FieldSpec] = {}
    layouts: ObjectSpec = ObjectSpec()
    retire: list[str] = []
    restore: list[str] = []

    @property
    def size(self) -> int:
        """How many changes wait."""
        return len(self.add) + len(self.change) + len(self.laid_out) + len(self.retire) + len(self.restore)

    @property
    def laid_out(self) -> list[str]:
        """Names of what is set about the object itself."""
        return [n for n in self.layouts.__struct_fields__ if getattr(self.layouts, n) not in (None, "", ())]


def read_draft(database: Database, user: int, name: str) -> Draft:
    """The draft of that object; an empty one if there is none."""
    with database.ephemeral(write=False) as session:
        found = session.value(
            f'SELECT "value" FROM {session.table("draft")} WHERE "user" = ? AND "key" = ?', (user, _key(name))
        )
    return msgspec.json.decode(found, type=Draft) if found else Draft()


def write_draft(database: Database, user: int, name: str, draft: Draft, now: int) -> None:
    """Keeps the draft; an empty one is taken away."""
    with database.ephemeral() as session:
        session.run(f'DELETE FROM {session.table("draft")} WHERE "user" = ? AND "key" = ?', (user, _key(name)))
        if draft.size:
            text = msgspec.json.encode(draft).decode()
            session.insert("draft", ("user", "key", "value", "at"), [(user, _key(name), text, now)])


def _key(name: str) -> str:
    return f"design:{name}"


def add_to(work: Work, name: str, draft: Draft, spec: FieldSpec) -> FieldSpec:
    """A new field in the draft, with its final name; the catalogue is not touched."""
    obj = work.catalog.object(name)
    if spec.label is None:
        raise Invalid(msg("A field needs a label."))
    known = {f.name for owner, f in work.catalog.fields_by_id.values() if owner.id == obj.id}
    taken = known | SYSTEM_NAMES | {f.name for f in draft.add}
    free = free_name(spec.name, spec.label, f"field_{len(taken)}", taken)
    named = msgspec.structs.replace(spec, name=free)
    draft.add.append(named)
    return named


def change_in(draft: Draft, field: str, spec: FieldSpec) -> None:
    """A change of a field that is there or itself still in the draft."""
    for place, known in enumerate(draft.add):
        if known.name == field:
            draft.add[place] = merge(known, spec)
            return
    draft.change[field] = merge(draft.change.get(field, FieldSpec()), spec)


def publish(work: Work, name: str, draft: Draft) -> None:
    """All of it or nothing; call in a catalogue change."""
    pack = Pack(
        fields={name: tuple(draft.add)} if draft.add else {},
        field_changes={name: draft.change} if draft.change else {},
        changes={name: draft.layouts} if draft.laid_out else {},
    )
    for field in draft.restore:
        restore_field(work, name, field)
    apply_pack(work, pack)
    for field in draft.retire:
        retire_field(work, name, field)


class _Rehearsed(Exception):
    """Ends a rehearsal: its transaction is taken back."""


def rehearse(space: Space, user: int, name: str, draft: Draft) -> None:
    """Raises what publishing would raise, and leaves nothing behind."""
    try:
        with space.write(user, catalog_change=True) as work:
            publish(work, name, draft)
            raise _Rehearsed
    except _Rehearsed:
        return
