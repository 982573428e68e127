"""Addresses of records, in the order in which they are tried."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from guanxi.entrypoints.web import masking
from guanxi.entrypoints.web.posting import posted
from guanxi.entrypoints.web.records import (
    acts,
    cells,
    consents,
    filing,
    forms,
    likeness,
    merging,
    options,
    printing,
    sharing,
    show,
)
from guanxi.entrypoints.web.session import visit

RECORD = "/o/{object}/{id:int}"

ROUTES: list[BaseRoute] = [
    *merging.ROUTES,
    Route("/options/{object}", options.show_options, methods=["GET"]),
    Route("/regions/{code}", options.show_regions, methods=["GET"]),
    Route("/preview", options.preview, methods=["POST"]),
    Route("/files", filing.upload, methods=["POST"]),
    Route("/files/{id:int}", filing.download, methods=["GET"]),
    Route("/duplicates/{object}/check", posted(likeness.show_likes, who=visit), methods=["POST"]),
    Route("/duplicates/{object}/ask", posted(likeness.ask, who=visit), methods=["POST"]),
    Route("/o/{object}/new", forms.show_new, methods=["GET"]),
    Route("/o/{object}/new", forms.create, methods=["POST"]),
    Route(RECORD, show.show, methods=["GET"]),
    Route(RECORD + "/peek", show.peek, methods=["GET"]),
    Route(RECORD + "/timeline", show.show_timeline, methods=["GET"]),
    Route(RECORD + "/history", show.show_history, methods=["GET"]),
    Route(RECORD + "/print", printing.print_record, methods=["GET"]),
    Route(RECORD + "/who", show.show_who, methods=["GET"]),
    Route(RECORD + "/values", show.show_values_json, methods=["GET"]),
    Route(RECORD + "/edit", forms.show_edit, methods=["GET"]),
    Route(RECORD + "/edit", forms.change, methods=["POST"]),
    Route(RECORD + "/cell/{field}", cells.show_cell, methods=["GET"]),
    Route(RECORD + "/cell/{field}", cells.store_cell, methods=["POST"]),
    Route(RECORD + "/do/{action}", acts.show_action, methods=["GET"]),
    Route(RECORD + "/do/{action}", acts.do_action, methods=["POST"]),
    Route(RECORD + "/step", acts.move, methods=["POST"]),
    Route(RECORD + "/comment", acts.comment, methods=["POST"]),
    Route(RECORD + "/follow", acts.follow, methods=["POST"]),
    Route(RECORD + "/files", acts.add_files, methods=["POST"]),
    Route(RECORD + "/done", acts.mark_done, methods=["POST"]),
    Route(RECORD + "/shares", sharing.show_dialog, methods=["GET"]),
    Route(RECORD + "/shares", sharing.add_share, methods=["POST"]),
    Route(RECORD + "/shares/{share:int}/end", sharing.end_share, methods=["POST"]),
    Route(RECORD + "/transfer", sharing.show_transfer, methods=["GET"]),
    Route(RECORD + "/transfer", sharing.hand_over, methods=["POST"]),
    Route(RECORD + "/consent", posted(consents.withdraw, who=visit), methods=["POST"]),
    Route(RECORD + "/trash", acts.trash, methods=["POST"]),
    Route(RECORD + "/reveal/{field}", posted(masking.reveal_value, who=visit), methods=["POST"]),
    Route(RECORD + "/restore", acts.restore, methods=["POST"]),
    Route(RECORD + "/put-back", acts.put_back, methods=["POST"]),
]
