"""Our client makes of each reply that the pages show what it says; the far end is a real SSH server that prints it."""

import pytest

from tests.pages import cli_certificate_samples, cli_service_samples, cli_system_samples
from tests.pages.cli_dialogue_samples import UNKNOWN_COMMAND
from tests.pages.sample import named
from tests.pages.shell_door import ShellDoor, answering, logged_in
from ucrenew.errors import Refused

ROWS = [*cli_service_samples.ROWS, *cli_system_samples.ROWS, *cli_certificate_samples.ROWS]


@pytest.fixture(scope="module")
def session():
    """A door and our client in it, for all rows: a login takes longer than a reply."""
    door = ShellDoor(answering())
    with logged_in(door) as cli:
        yield door, cli


@pytest.mark.parametrize("row", **named(ROWS))
def test_client_reads_reply(session, row):
    """Each reply of the pages gives the value that it stands for, and is asked for as the pages do."""
    door, cli = session
    door.typed.clear()
    door.replies = answering(row.sample.text)

    assert row.makes == row.reads(cli)
    assert set(door.typed) <= set(row.commands)


def test_client_hears_of_unknown_command(session):
    """A command that the node does not know is refused (cucm.md §2.1 [C])."""
    door, cli = session
    door.replies = answering(UNKNOWN_COMMAND.text)

    with pytest.raises(Refused):
        cli.version_active()
