"""Passwords, fetched where and when they are needed, from where the profile says. Never kept, never shown."""

from __future__ import annotations

import os
from collections.abc import Callable

from ucrenew.errors import BadInput
from ucrenew.profile import Account, Profile

# Gives the value of a Prefect Secret block by its name; this package does not know Prefect.
BlockReader = Callable[[str], str]


def password_of(profile: Profile, account: Account, read_block: BlockReader) -> str:
    """The account's password. Raises BadInput naming the reference, never the value."""
    reference = account.password
    if reference.env is not None:
        if not (found := os.environ.get(reference.env)):
            raise BadInput(f"{profile.cluster}: the environment has no {reference.env}, the password of {account.user}")
        return found
    if reference.file is not None:
        if not (kept := profile.text_of(reference.file).strip("\r\n")):
            raise BadInput(f"{profile.cluster}: {reference.file} is empty, and holds the password of {account.user}")
        return kept
    if reference.block is None:  # the profile's own rule forbids it; the type does not know
        raise BadInput(f"{profile.cluster}: no password reference for {account.user}")
    return read_block(reference.block)
