"""The command ``ucrenew``: what can be done without Prefect. So far that is looking (``ucrenew inspect``).

Exit codes, of monitoring plugins: 0 nothing to do, 1 something is due or drifted, 2 a certificate ended, 3 something
could not be looked at, or the command was given wrongly. The worst finding decides: 2 before 3 before 1.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from enum import IntEnum
from typing import NoReturn

from ucrenew import shown
from ucrenew.domain.watch import Urgency, Watched
from ucrenew.inspection import inspect


class Exit(IntEnum):
    """Exit codes."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_EXITS = {
    Urgency.NONE: Exit.OK,
    Urgency.NOTICE: Exit.OK,
    Urgency.WARNING: Exit.WARNING,
    Urgency.UNKNOWN: Exit.UNKNOWN,
    Urgency.CRITICAL: Exit.CRITICAL,
}


class _Parser(argparse.ArgumentParser):
    """argparse's own code for a wrong command is 2, which says here that a certificate ended."""

    def error(self, message: str) -> NoReturn:
        self.exit(Exit.UNKNOWN, f"{self.prog}: {message}\n")


def main() -> NoReturn:
    """Look, print, and leave with the exit code of the worst finding."""
    arguments = _parser().parse_args()
    found = inspect(arguments.targets, clock=lambda: datetime.now(UTC), say=lambda line: print(line, file=sys.stderr))
    print(arguments.show(found), end="" if arguments.show is shown.prometheus else "\n")
    sys.exit(exit_of(found))


def exit_of(found: list[Watched]) -> Exit:
    """The exit code of the most urgent of all."""
    return _EXITS[max(one.urgency for one in found)]


def _parser() -> _Parser:
    parser = _Parser(prog="ucrenew", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command = parser.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "inspect",
        help="look at clusters, and at any TLS server, and change nothing",
        description="Look at clusters by their profiles, and at any other TLS server by its name, and change nothing.",
    )
    command.add_argument(
        "targets", nargs="+", metavar="TARGET", help="a profile (CLUSTER.toml), or HOST[:PORT] of any TLS server"
    )
    forms = command.add_mutually_exclusive_group()
    forms.add_argument("--json", dest="show", action="store_const", const=shown.as_json, help="everything, as JSON")
    forms.add_argument(
        "--prometheus", dest="show", action="store_const", const=shown.prometheus, help="Prometheus' text format"
    )
    command.set_defaults(show=shown.table)
    return parser


if __name__ == "__main__":
    main()
