"""One look of `attend` at a time over a folder of profiles: two at once would present a refused password twice.

Not by Prefect's limit of the deployment: a look that was lost with its server kept the only place, and no later one
began (tried). A life tells whether it still lives.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from hashlib import sha256

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import VariableUpdate
from prefect.exceptions import ObjectNotFound

from tasks.lock import create_only
from tasks.sites import PROFILES, now
from ucrenew.life import Alive, Life, new_life, parse_life

LONGEST = timedelta(minutes=15)  # a look takes seconds; one that has not ended by now is believed to be dead (ours)


@contextmanager
def alone() -> Iterator[bool]:
    """Whether no other look is under way; as long as this lasts, no other one begins."""
    name = f"ucrenew-attend-{sha256(os.environ.get(PROFILES, '').encode()).hexdigest()[:16]}"
    mine = new_life()
    with get_client(sync_client=True) as client:
        is_ours = create_only(client, name, str(mine)) or _inherit(client, name, mine)
    try:
        yield is_ours
    finally:
        if is_ours:
            with get_client(sync_client=True) as client, suppress(ObjectNotFound):
                client.delete_variable_by_name(name)


def _inherit(client: SyncPrefectClient, name: str, mine: Life) -> bool:
    """Take the place of a look that died or hangs; of several that want to, the last one to write has it."""
    found = client.read_variable_by_name(name)
    if found is None or found.updated is None:
        return False  # it has just ended: the next look is soon
    if parse_life(str(found.value)).alive is not Alive.NO and now() - found.updated < LONGEST:
        return False
    client.update_variable(VariableUpdate(name=name, value=str(mine)))
    heir = client.read_variable_by_name(name)
    return heir is not None and heir.value == str(mine)
