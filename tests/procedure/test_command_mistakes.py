"""Mistakes in a command's arguments and surroundings, made in the test's own process: nobody is asked anything."""

import sys

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments import answer, apply, recover, renew
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


@pytest.mark.parametrize("command", [answer, apply, renew, recover], ids=lambda command: command.__name__)
def test_server_that_is_not_named(told, tmp_path, command):
    """Without PREFECT_API_URL a command says so in one sentence, and lets no throw-away server be told anything."""
    profile = write_profile(tmp_path)
    arguments = {apply: [tmp_path], renew: [profile, "tomcat"], recover: ["0" * 32], answer: ["0" * 32]}[command]
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        code, said, complaint = told(command, *arguments)

    assert (2, "") == (code, said)
    assert "no Prefect server is named: set PREFECT_API_URL, e.g. http://127.0.0.1:4200/api\n" == complaint


@pytest.mark.parametrize("command", [answer, apply, renew, recover], ids=lambda command: command.__name__)
def test_help_needs_no_server(told, command):
    """What a command is for can be asked without PREFECT_API_URL."""
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        code, said, _ = told(command, "--help")

    assert 0 == code
    assert said.startswith(f"usage: python -m {command.__name__}")
