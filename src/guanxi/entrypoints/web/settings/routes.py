"""All settings pages: a literal list, so that one sees what there is."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from guanxi.entrypoints.web.posting import Save, Show, posted
from guanxi.entrypoints.web.session import visit
from guanxi.entrypoints.web.settings import (
    currencies,
    designer,
    drafting,
    explained,
    frame,
    invitation,
    layouts,
    objects,
    packs,
    roles,
    sign_in,
    stages,
    teams,
    tokens,
    users,
    viewing,
    workspace,
)


def post(path: str, save: Save, again: Show | None = None) -> Route:
    """A form for administrators."""
    return Route(path, posted(save, again), methods=["POST"])


OBJECT = "/settings/objects/{name}"
FIELD = OBJECT + "/fields/{field}"
STAGES = "/settings/pipelines/{id}/stages"

ROUTES: list[BaseRoute] = [
    Route("/settings", frame.show_overview),
    Route("/settings/workspace", workspace.show_workspace, methods=["GET"]),
    post("/settings/workspace", workspace.save_workspace, workspace.show_workspace),
    Route("/settings/users", users.show_users, methods=["GET"]),
    post("/settings/users", users.add_user, users.show_user),
    Route("/settings/users/new", users.show_user),
    Route("/settings/users/owned", users.show_owned),
    Route("/settings/users/{id}", users.show_user, methods=["GET"]),
    post("/settings/users/{id}", users.save_user, users.show_user),
    post("/settings/users/{id}/link", users.make_link),
    post("/settings/users/{id}/second-factor", sign_in.reset_factor),
    post("/settings/users/{id}/sign-out", sign_in.sign_out_everywhere),
    Route("/settings/sign-in", sign_in.show_policy, methods=["GET"]),
    post("/settings/sign-in", sign_in.save_policy, sign_in.show_policy),
    post("/settings/users/{id}/hand-over", users.hand_over, users.show_user),
    Route("/invitation/{token}", invitation.show_invitation, methods=["GET"]),
    Route("/invitation/{token}", invitation.accept, methods=["POST"]),
    post("/settings/users/{id}/view-as", viewing.start),
    Route("/view-as/stop", posted(viewing.stop, who=visit), methods=["POST"]),
    Route("/settings/teams", teams.show_teams, methods=["GET"]),
    post("/settings/teams", teams.save_team, teams.show_teams),
    Route("/settings/teams/{id}", teams.show_teams, methods=["GET"]),
    post("/settings/teams/{id}", teams.save_team, teams.show_teams),
    post("/settings/teams/{id}/delete", teams.drop_team, teams.show_teams),
    Route("/settings/roles", roles.show_roles, methods=["GET"]),
    post("/settings/roles", roles.save_role, roles.show_role),
    Route("/settings/roles/new", roles.show_role),
    Route("/settings/roles/fields", roles.show_fields),
    Route("/settings/roles/{id}", roles.show_role, methods=["GET"]),
    post("/settings/roles/{id}", roles.save_role, roles.show_role),
    Route("/settings/currencies", currencies.show_currencies, methods=["GET"]),
    post("/settings/currencies", currencies.save_currency, currencies.show_currencies),
    post("/settings/currencies/{id}", currencies.save_currency, currencies.show_currencies),
    Route("/settings/pipelines", stages.show_pipelines, methods=["GET"]),
    post("/settings/pipelines", stages.save_pipeline, stages.show_pipelines),
    Route("/settings/pipelines/{id}", stages.show_pipelines, methods=["GET"]),
    post("/settings/pipelines/{id}", stages.save_pipeline, stages.show_pipelines),
    post("/settings/pipelines/{id}/order", stages.order_stages, stages.show_pipelines),
    Route(STAGES + "/new", stages.show_stage),
    post(STAGES, stages.save_stage, stages.show_stage),
    Route(STAGES + "/{stage}", stages.show_stage, methods=["GET"]),
    post(STAGES + "/{stage}", stages.save_stage, stages.show_stage),
    post(STAGES + "/{stage}/delete", stages.drop_stage, stages.show_stage),
    Route("/settings/objects", objects.show_objects, methods=["GET"]),
    post("/settings/objects", objects.make_object, objects.show_objects),
    Route(OBJECT, designer.show_designer, methods=["GET"]),
    post(OBJECT + "/publish", designer.publish_draft, designer.show_designer),
    post(OBJECT + "/discard", designer.discard_draft),
    post(OBJECT + "/retire", objects.retire, designer.show_designer),
    post(OBJECT + "/restore", objects.bring_back, objects.show_objects),
    post(OBJECT + "/form", drafting.lay_out, designer.show_designer),
    post(OBJECT + "/sections", drafting.add_section, designer.show_designer),
    post(OBJECT + "/sections/{n:int}", drafting.change_section, designer.show_designer),
    Route(OBJECT + "/layouts", layouts.show_layouts, methods=["GET"]),
    post(OBJECT + "/layouts", drafting.save_lists, layouts.show_layouts),
    post(OBJECT + "/fields", drafting.add_field, designer.show_designer),
    post(FIELD, drafting.change_field, designer.show_designer),
    post(FIELD + "/retire", drafting.retire_field, designer.show_designer),
    post(FIELD + "/restore", drafting.restore_field, designer.show_designer),
    Route("/settings/explain", explained.show_explain),
    Route("/settings/tokens", tokens.show_tokens),
    post("/settings/tokens/{id}/revoke", tokens.revoke_any),
    Route("/profile/tokens", tokens.show_own, methods=["GET"]),
    Route("/profile/tokens", posted(tokens.make_token, tokens.show_own, who=visit), methods=["POST"]),
    Route("/profile/tokens/{id}/revoke", posted(tokens.revoke_own, who=visit), methods=["POST"]),
    Route("/settings/packs", packs.show_packs, methods=["GET"]),
    Route("/settings/packs", packs.upload, methods=["POST"]),
    Route("/settings/packs/download", packs.download),
]
