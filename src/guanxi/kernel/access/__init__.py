"""Who may do what: users, teams, roles, branches of visibility."""
