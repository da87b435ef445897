"""Roles of the members of a group; each has the permissions of the lower ones."""

MEMBER, ADMIN, OWNER = 0, 1, 2
