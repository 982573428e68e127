"""All checks of the catalogue at start and before a run-time change: every fault is named, in one error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from itertools import chain
from typing import Protocol

from guanxi.kernel.catalog.expressions import check_expressions
from guanxi.kernel.catalog.fault import CatalogError, Fault, fault
from guanxi.kernel.catalog.field_checks import Around, check_overlay
from guanxi.kernel.catalog.model import App, Object
from guanxi.kernel.catalog.object_checks import check_object
from guanxi.kernel.catalog.rollups import check_rollups
from guanxi.kernel.catalog.rows import field_spec
from guanxi.kernel.catalog.snapshot import Catalog, build


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str: ...


def check(apps: Sequence[App]) -> None:
    """Raises CatalogError with all faults of the apps' declarations, or returns."""
    found = list(faults(apps))
    if found:
        raise CatalogError(found)


def faults(apps: Sequence[App]) -> Iterator[Fault]:
    """All faults of the apps' declarations."""
    objects: dict[str, Object] = build(apps, (), (), {}).objects  # type: ignore[assignment]  # it is a dict
    yield from _apps(apps, objects)
    yield from object_faults(objects.values(), objects, apps)


def change_faults(catalog: Catalog, changed: Iterable[str]) -> Iterator[Fault]:
    """Faults of objects changed at run time, of those that refer to them, and of overlays that loosen."""
    names = {*changed}
    near = {obj.name for name in names for obj, _ in catalog.referrers(name)}
    near |= {o.name for o in catalog.objects.values() for f in o.fields if f.rollup and f.rollup.object in names}
    found = [catalog.objects[name] for name in sorted(names | near) if name in catalog.objects]
    yield from object_faults(found, catalog.objects, catalog.apps)
    for name in sorted(names & set(catalog.sources)):
        (declared, extra, _, rows), obj, _ = catalog.sources[name]
        if declared is None:
            continue
        by_name = {f.name: f for f in (*declared.fields, *extra)}
        for row in rows:
            if row.custom and row.name in by_name:
                yield fault(
                    "", name, row.name, "duplicate", "The app now brings a field “{name}” of its own.", name=row.name
                )
            elif not row.custom and row.spec != "{}" and row.name in by_name:
                yield from check_overlay(obj, by_name[row.name], field_spec(row.spec))


def object_faults(found: Iterable[Object], objects: Mapping[str, Object], apps: Sequence[App]) -> Iterator[Fault]:
    """Faults of these objects among all the others."""
    around = Around(objects, {app.name: app.needs for app in apps})
    for obj in found:
        mine = list(check_object(obj, around))
        yield from mine
        if not mine:  # expressions are judged against an object that is right otherwise
            yield from check_expressions(obj, objects)
            yield from check_rollups(obj, objects)


def _apps(apps: Sequence[App], objects: Mapping[str, Object]) -> Iterator[Fault]:
    names = [app.name for app in apps]
    yield from _twice("app", "", names)
    owners: dict[str, str] = {}
    for app in apps:
        for obj in app.objects:
            if obj.name in owners:
                text = "The apps {other} and {app} both declare “{name}”."
                yield fault(
                    app.name, obj.name, "", "duplicate", text, other=owners[obj.name], app=app.name, name=obj.name
                )
            owners.setdefault(obj.name, app.name)
    for app in apps:
        yield from (
            fault(app.name, "", "", "needs", "It needs the app “{name}”, which is not there.", name=name)
            for name in app.needs
            if name not in names
        )
        yield from _extends(app, owners)
        yield from _parts(app, objects, owners)
    for what in ("actions", "jobs", "reports", "pages"):
        parts: Iterable[Named] = chain.from_iterable(getattr(app, what) for app in apps)
        yield from _twice(what.removesuffix("s"), "", [part.name for part in parts])


def _twice(what: str, app: str, names: Sequence[str]) -> Iterator[Fault]:
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield fault(app or name, "", "", "duplicate", "There are two of {what} “{name}”.", what=what, name=name)


def _extends(app: App, owners: Mapping[str, str]) -> Iterator[Fault]:
    for name, extra in app.extends.items():
        owner = owners.get(name)
        if owner is None:
            yield fault(app.name, name, "", "extends", "It extends “{name}”, and there is no such object.", name=name)
        elif owner not in {app.name, "core", *app.needs}:
            text = "It extends “{name}” of the app {owner}, which is not among what this app needs."
            yield fault(app.name, name, "", "needs", text, name=name, owner=owner)
        for f in extra:
            if f.required and f.default is None:
                text = "A field added to another app's object needs a default, or may not be required."
                yield fault(app.name, name, f.name, "required", text)


def _parts(app: App, objects: Mapping[str, Object], owners: Mapping[str, str]) -> Iterator[Fault]:
    for action in app.actions:
        owner = owners.get(action.object)
        if owner is None or action.object not in objects:
            yield fault(
                app.name, action.object, "", "action", "The action “{name}” belongs to no object.", name=action.name
            )
        elif owner not in {app.name, "core", *app.needs}:
            text = "The action “{name}” belongs to an object of {owner}, which is not among what this app needs."
            yield fault(app.name, action.object, "", "needs", text, name=action.name, owner=owner)
        if not is_dataclass(action.input):
            text = "The input of the action “{name}” is not a dataclass."
            yield fault(app.name, action.object, "", "action", text, name=action.name)
    for event in app.reactions:
        if event.count(".") != 1 or not all(event.split(".")):
            yield fault(app.name, "", "", "event", "“{name}” is no event; write object.past.", name=event)
    for job in app.jobs:
        if len(job.cron.split()) != 5:
            yield fault(
                app.name, "", "", "cron", "The times of the job “{name}” are not five cron fields.", name=job.name
            )
