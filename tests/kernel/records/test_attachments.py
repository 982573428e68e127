"""Files: only one's own may be named, and the record they belong to decides who fetches them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guanxi.base.errors import Invalid
from guanxi.base.i18n import L
from guanxi.base.ids import IdSource
from guanxi.kernel.access.objects import CORE
from guanxi.kernel.catalog.declare import files as files_field
from guanxi.kernel.context import Space, now_micros
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from guanxi.kernel.storage import files
from guanxi.kernel.storage.install import install
from tests.kernel.records import shop


@pytest.fixture
def filed(space: Space) -> Space:
    """The shop, whose clients have papers."""
    client = replace(shop.CLIENT, fields=(*shop.CLIENT.fields, files_field("papers", L("Papers", "文件"))))
    apps = (CORE, replace(shop.SHOP, objects=(client, shop.DEAL, shop.DEAL_LINE)))
    with space.db.write(catalog_change=True) as session:
        install(session, apps)
    return Space("test", space.folder, space.db, IdSource(3, now_micros), apps)


def upload(space: Space, user: int) -> int:
    blob = files.store(space.folder, [b"contract"])
    with space.write(user) as work:
        return files.add(
            work.session, blob, id=space.ids.next(), name="a.txt", type="text/plain", by=user, at=work.now
        ).id


def test_a_file_belongs_to_the_record_that_names_it_first(filed: Space) -> None:
    who = shop.people(filed)
    mine, foreign = upload(filed, who["wang"]), upload(filed, who["zhao"])
    with filed.write(who["wang"]) as work:
        ident = save(work, [Change("create", "client", {"name": "c", "papers": [str(mine)]})]).id
        assert files.get(work.session, mine).record == ident
    for stolen in (foreign, 12345):
        with pytest.raises(Invalid) as caught, filed.write(who["wang"]) as work:
            save(work, [Change("edit", "client", {"papers": [str(mine), str(stolen)]}, id=ident)])
        assert caught.value.errors[0].field == "papers"
