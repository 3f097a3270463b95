"""What the commands share: one sentence for a user's mistake, and the exit code that goes with it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import IntEnum

import httpx
from prefect.exceptions import PrefectHTTPStatusError

from ucrenew.errors import BadInput, Trouble


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0  # or nothing to do
    FAILED = 1
    BAD_INPUT = 2
    DENIED = 3


def run_command(main: Callable[[], Exit]) -> None:
    """Run a command and leave with its exit code; a mistake is one sentence on the error output, no traceback."""
    try:
        code = main()
    except BadInput as trouble:
        print(trouble, file=sys.stderr)
        code = Exit.BAD_INPUT
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        code = Exit.FAILED
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
        print(f"the Prefect server does not answer as it should: {error}; is PREFECT_API_URL right?", file=sys.stderr)
        code = Exit.FAILED
    except KeyboardInterrupt:
        print("interrupted here; the run goes on at the server", file=sys.stderr)
        code = Exit.FAILED
    sys.exit(code)
