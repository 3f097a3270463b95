"""What the commands share: one sentence for a user's mistake, and the exit code that goes with it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import IntEnum
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import PREFECT_SERVER_EPHEMERAL_ENABLED, get_current_settings, temporary_settings

from ucrenew.errors import BadInput, Trouble


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0  # or nothing to do
    FAILED = 1
    BAD_INPUT = 2
    DENIED = 3


def run_command(main: Callable[[], Exit]) -> None:
    """Run a command and leave with its exit code; a mistake is one sentence on the error output, no traceback.

    Where no address of a server is set, Prefect would start one that is gone, with all it was told, when the command
    ends; here it may not, so whoever needs a server is refused.
    """
    try:
        with temporary_settings({PREFECT_SERVER_EPHEMERAL_ENABLED: False}):
            code = main()
    except BadInput as trouble:
        print(trouble, file=sys.stderr)
        code = Exit.BAD_INPUT
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        code = Exit.FAILED
    except ValueError:
        if get_current_settings().api.url is not None:
            raise
        print("no Prefect server is named: set PREFECT_API_URL, e.g. http://127.0.0.1:4200/api", file=sys.stderr)
        code = Exit.BAD_INPUT
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
        print(f"the Prefect server does not answer as it should: {error}; is PREFECT_API_URL right?", file=sys.stderr)
        code = Exit.FAILED
    except KeyboardInterrupt:
        print("interrupted here; the run goes on at the server", file=sys.stderr)
        code = Exit.FAILED
    sys.exit(code)


def renewal_run(client: SyncPrefectClient, run_id: str) -> FlowRun:
    """The run of a renewal that somebody names by its id. Raises BadInput."""
    try:
        found = client.read_flow_run(UUID(run_id))
    except (ObjectNotFound, ValueError) as error:
        raise BadInput(f"the Prefect server has no run {run_id}") from error
    if not {"cluster", "purpose"} <= found.parameters.keys():
        raise BadInput(f"run {run_id} is no renewal")
    return found
