"""The customers app: organisations, people, the roles people have and how parties relate."""
