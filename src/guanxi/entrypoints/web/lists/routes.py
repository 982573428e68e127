"""Addresses of the list pages."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from guanxi.entrypoints.web.lists import boards, bulk, editing, export, filtering, pasting, printing, saved, table
from guanxi.entrypoints.web.lists.posted import posted

ROUTES: tuple[BaseRoute, ...] = (
    Route("/o/{object}", table.show_list),
    Route("/o/{object}/rows", table.show_rows),
    Route("/o/{object}/count", table.show_count),
    Route("/o/{object}/job", table.show_job),
    Route("/o/{object}/columns", table.show_columns),
    Route("/o/{object}/groups", table.show_groups),
    Route("/o/{object}/export.csv", export.export_csv),
    Route("/o/{object}/export", export.show_export),
    Route("/o/{object}/export", export.start_posted, methods=["POST"]),
    Route("/o/{object}/print", printing.print_list),
    Route("/o/{object}/facets", filtering.show_facets),
    Route("/o/{object}/builder", filtering.show_builder),
    Route("/o/{object}/estimate", posted(filtering.estimate), methods=["POST"]),
    Route("/o/{object}/cells/{id:int}/{field}", editing.show_editor, methods=["GET"]),
    Route("/o/{object}/cells/{id:int}/{field}", editing.store_cell, methods=["POST"]),
    Route("/o/{object}/bulk/field", bulk.show_field, methods=["GET"]),
    Route("/o/{object}/bulk/{verb}", bulk.begin_bulk, methods=["POST"]),
    Route("/o/{object}/bulk/{verb}/apply", bulk.apply_bulk, methods=["POST"]),
    Route("/o/{object}/paste", pasting.show_paste, methods=["POST"]),
    Route("/o/{object}/paste/apply", pasting.apply_paste, methods=["POST"]),
    Route("/o/{object}/views", saved.new_view, methods=["POST"]),
    Route("/o/{object}/views/{view:int}", saved.save_view, methods=["POST"]),
    Route("/o/{object}/views/{view:int}/delete", saved.delete_view, methods=["POST"]),
    Route("/o/{object}/board", boards.show_board),
    Route("/o/{object}/board/more", boards.show_more),
    Route("/o/{object}/board/{id:int}/move", boards.store_move, methods=["POST"]),
)
"""In this order: `board` and the like come before `/o/{object}/{id:int}` of the record pages."""
