"""Our client makes of each reply that the pages show what it says; the far end is a real SSH server that prints it."""

from contextlib import contextmanager

import pytest

from tests.pages import cli_certificate_samples, cli_service_samples, cli_system_samples
from tests.pages.sample import named
from tests.pages.shell_door import ShellDoor
from ucrenew.clients import platform_cli

ROWS = [*cli_service_samples.ROWS, *cli_system_samples.ROWS, *cli_certificate_samples.ROWS]
PAGING_OFF = ("set cli pagination off", "Automatic pagination is turned off\n")  # cucm.md §2.1 [D]


def answering(*pieces):
    """What the door says: the pages' words on pagination, these pieces to everything else."""
    return lambda command: PAGING_OFF[1:] if command == PAGING_OFF[0] else pieces


@contextmanager
def logged_in(door):
    """Our client at a door's prompt."""
    with door:
        cli = platform_cli.connect(
            "127.0.0.1",
            door.port,
            name="cs-ccm-pub.example.com",
            user="osadmin",
            password="correct",
            host_keys=frozenset({door.key.fingerprint}),
            login_deadline=20,
            reply_deadline=10,
        )
        yield cli
        cli.exit()


@pytest.fixture(scope="module")
def session():
    """A door and our client in it, for all rows: a login takes longer than a reply."""
    door = ShellDoor(answering())
    with logged_in(door) as cli:
        yield door, cli


@pytest.mark.parametrize("row", **named(ROWS))
def test_client_reads_reply(session, row):
    """Each reply of the pages gives the value, or the error, that it stands for, and is asked for as the pages do."""
    door, cli = session
    door.typed.clear()
    door.replies = answering(row.sample.text)

    if isinstance(row.makes, type):
        with pytest.raises(row.makes):
            row.reads(cli)
    else:
        assert row.makes == row.reads(cli)

    assert set(door.typed) <= set(row.commands)
