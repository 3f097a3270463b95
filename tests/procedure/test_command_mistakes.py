"""Mistakes in a command's arguments and surroundings, made in the test's own process: nobody is asked anything."""

import sys

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments import apply
from deployments.commands import run_command
from deployments.rehearsal.programs import free_port
from tests.rules.lab import write_profile

CLOSED = f"http://127.0.0.1:{free_port()}/api"


@pytest.fixture
def told(capsys, monkeypatch):
    """What a command says to its arguments: exit code, output, error output."""

    def tell(command, *arguments):
        monkeypatch.setattr(sys, "argv", [command.__name__, *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            run_command(command.main)
        return ended.value.code, *capsys.readouterr()

    return tell


@pytest.mark.parametrize("seconds", ["0", "-5", "soon", "1.5", "", "86401", "99999999999999"])
def test_time_that_is_none(told, tmp_path, seconds):
    """`apply` refuses a time between two looks that is none in one sentence, before it asks the server anything."""
    write_profile(tmp_path)
    with temporary_settings({PREFECT_API_URL: CLOSED}):
        code, said, complaint = told(apply, tmp_path, f"--attend-every={seconds}")

    assert (2, "") == (code, said)
    assert f"argument --attend-every: {seconds!r} is no time between two looks" in complaint.splitlines()[-1]
