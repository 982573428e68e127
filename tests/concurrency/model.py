"""What a few records should be after deeds in an order: the plain oracle that pairs of deeds are held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CAP = 3
Values = dict[str, Any]


@dataclass
class Record:
    """`values` as somebody sees them; `gone` names the deed that trashed it."""

    object: str
    values: Values
    version: int = 1
    gone: str | None = None


@dataclass
class Operation:
    """What one deed changed: record → field → (old, new), and which version each got; `made` are new records."""

    changes: dict[str, dict[str, tuple[Any, Any]]]
    versions: dict[str, int]
    made: tuple[str, ...] = ()
    state: str = "done"
    undo_of: str | None = None


@dataclass(frozen=True)
class Deed:
    """`verb` is create, edit, trash, restore or undo; `key` names it, the record it makes and its operation."""

    verb: str
    key: str
    record: str = ""
    values: tuple[tuple[str, Any], ...] = ()
    version: int | None = None
    object: str = "client"


@dataclass
class World:
    """All records and operations by name."""

    records: dict[str, Record] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)

    def copy(self) -> World:
        return World(
            {k: Record(r.object, dict(r.values), r.version, r.gone) for k, r in self.records.items()},
            {k: Operation(o.changes, o.versions, o.made, o.state, o.undo_of) for k, o in self.operations.items()},
        )

    def state(self) -> dict[str, tuple[Any, ...]]:
        return {
            k: (*sorted((n, v) for n, v in r.values.items() if v is not None), r.version, r.gone is not None)
            for k, r in self.records.items()
        }

    def do(self, deed: Deed) -> str:
        """Gives what the doer is told: "ok" or the code of the refusal."""
        return str(getattr(self, f"_{deed.verb}")(deed))

    def _create(self, deed: Deed) -> str:
        values = dict(deed.values)
        if (fault := self._refused(deed.object, values, "")) != "":
            return fault
        self.records[deed.key] = Record(deed.object, values)
        fields = {k: (None, v) for k, v in values.items()}
        self.operations[deed.key] = Operation({deed.key: fields}, {deed.key: 1}, (deed.key,))
        return "ok"

    def _edit(self, deed: Deed) -> str:
        known = self.records[deed.record]
        if known.gone:
            return "not_found"
        new = {k: v for k, v in deed.values if known.values.get(k) != v}
        if deed.version is not None and deed.version != known.version:
            return "conflict"
        if new and (fault := self._refused(known.object, {**known.values, **new}, deed.record)) != "":
            return fault
        self._put(deed.key, {deed.record: {k: (known.values.get(k), v) for k, v in new.items()}})
        return "ok"

    def _trash(self, deed: Deed) -> str:
        known = self.records[deed.record]
        if known.gone:
            return "not_found"
        self._put(deed.key, {deed.record: {"gone": (None, deed.key)}})
        return "ok"

    def _restore(self, deed: Deed) -> str:
        known = self.records[deed.record]
        if not known.gone:
            return "not_found"
        if (fault := self._refused(known.object, known.values, deed.record)) != "":
            return fault
        self._put(deed.key, {deed.record: {"gone": (known.gone, None)}})
        return "ok"

    def _undo(self, deed: Deed) -> str:
        """Per field: what is still as the operation left it goes back; created records that nobody touched go."""
        known = self.operations[deed.record]
        if known.state != "done":
            return "refused"
        back: dict[str, dict[str, tuple[Any, Any]]] = {}
        for name, fields in known.changes.items():
            record = self.records[name]
            now = {**record.values, "gone": record.gone}
            if name in known.made:
                if record.gone is None and all(now.get(k) == new for k, (_, new) in fields.items()):
                    back[name] = {"gone": (None, deed.key)}
                continue
            put = {k: (now.get(k), old) for k, (old, new) in fields.items() if now.get(k) == new and old != new}
            after = {**now, **{k: v for k, (_, v) in put.items()}}
            values = {k: v for k, v in after.items() if k != "gone"}
            if put and (after["gone"] is not None or self._refused(record.object, values, name) == ""):
                back[name] = put
        known.state = "undone"
        if known.undo_of is not None:
            self.operations[known.undo_of].state = "done"
        self._put(deed.key, back)
        self.operations[deed.key].undo_of = deed.record
        return "ok"

    def _put(self, key: str, changes: dict[str, dict[str, tuple[Any, Any]]]) -> None:
        for name, fields in changes.items():
            record = self.records[name]
            for what, (_, new) in fields.items():
                if what == "gone":
                    record.gone = new
                else:
                    record.values[what] = new
            record.version += bool(fields)
        touched = {name: fields for name, fields in changes.items() if fields}
        self.operations[key] = Operation(touched, {name: self.records[name].version for name in touched})

    def _refused(self, object_name: str, values: Values, name: str) -> str:
        if self._taken(object_name, values, name):
            return "not_unique"
        if object_name == "deal" and values.get("stage") == "won":
            known = self.records.get(name)
            if known is not None and known.gone is None and known.values.get("stage") == "won":
                return ""
            others = [r for k, r in self.records.items() if r.object == "deal" and r.gone is None and k != name]
            return "cap" if sum(r.values.get("stage") == "won" for r in others) >= CAP else ""
        return ""

    def _taken(self, object_name: str, values: Values, name: str) -> bool:
        code = values.get("code")
        return code is not None and any(
            k != name and r.object == object_name and r.gone is None and r.values.get("code") == code
            for k, r in self.records.items()
        )
