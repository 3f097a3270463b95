"""Our client keeps up the dialogues that the pages show: it logs in, turns pages, restarts, answers questions."""

import pytest

from tests.pages.cli_dialogue_samples import FAILURES, LOGINS, PAGERS, PROMPTLESS, QUESTIONS, RESTARTS, SECOND_PROMPT
from tests.pages.cli_service_samples import LISTED, SERVICES
from tests.pages.cli_system_samples import VERSION
from tests.pages.sample import named
from tests.pages.shell_door import ShellDoor, answering, logged_in
from ucrenew.clients.cli_replies import ServiceState
from ucrenew.errors import LoginRefused, Refused


@pytest.fixture(scope="module")
def session():
    """A door and our client in it, for all dialogues."""
    door = ShellDoor(answering())
    with logged_in(door) as cli:
        yield door, cli


@pytest.mark.parametrize("sample", **named(LOGINS))
def test_client_finds_prompt(sample):
    """Behind every banner of the pages the client finds the prompt, and nothing else is taken for an answer."""
    door = ShellDoor(answering(VERSION), greeting=sample.text)
    with logged_in(door) as cli:
        version = cli.version_active()

    assert "15.0.1.11900-40" == version
    assert ["set cli pagination off", "show version active"] == door.typed


def test_client_ignores_second_prompt():
    """A nudge that crosses the prompt brings two of them: the second is not taken for an answer (cucm.md §2.1 [T])."""
    door = ShellDoor(answering(VERSION), greeting=PROMPTLESS.text, nudged=SECOND_PROMPT.text)
    with logged_in(door) as cli:
        version = cli.version_active()

    assert "15.0.1.11900-40" == version
    assert ["set cli pagination off", "show version active"] == door.typed


@pytest.mark.parametrize("methods", ["keyboard-interactive", "password", "password,keyboard-interactive"])
def test_client_logs_in_either_way(methods):
    """Release 15 wants keyboard-interactive, 11.5 takes a password (cucm.md §2.1 [C], [T]): the client does both."""
    door = ShellDoor(answering(VERSION), methods=methods)
    with logged_in(door) as cli:
        version = cli.version_active()

    assert "15.0.1.11900-40" == version
    assert ["correct"] == door.presented


def test_client_gives_password_once():
    """A refused login is LoginRefused, and the password was presented once: accounts lock."""
    door = ShellDoor(answering(), password="another")

    with pytest.raises(LoginRefused), logged_in(door):
        pass

    assert ["correct"] == door.presented


@pytest.mark.parametrize("erased", ["\r\x1b[K", "\r\n", ""])
@pytest.mark.parametrize(("sample", "key"), **named(PAGERS))
def test_client_turns_pages(session, sample, key, erased):
    """At either pager the client presses the key for the next page, without Enter, and reads the reply as a whole."""
    door, cli = session
    door.pressed.clear()
    begin, end = SERVICES.split("Cisco HCS")
    middle, end = ("Cisco HCS" + end).split("Cisco RTMT")
    door.replies = answering(begin + sample.text, key, erased + middle + sample.text, key, erased + "Cisco RTMT" + end)

    assert LISTED == {one.name: (one.state.value, one.reason) for one in cli.services().values()}
    assert [key.wanted] * 2 == door.pressed


@pytest.fixture(scope="module")
def listed():
    """A door and our client in it that has seen the node's services: names are resolved against the list (§2.2)."""
    door = ShellDoor(answering("Cisco Tomcat[STARTED]\nPrimary Node =true\n"))
    with logged_in(door) as cli:
        cli.services()
        yield door, cli


@pytest.mark.parametrize(("sample", "state"), **named(RESTARTS))
def test_client_reads_last_state(listed, sample, state):
    """A restart says the state that was printed last, in old words and new, though the prompt comes before STARTED."""
    door, cli = listed
    door.typed.clear()
    door.replies = answering(sample.text)

    assert ServiceState(state) == cli.restart("Cisco Tomcat")
    assert ["utils service restart Cisco Tomcat"] == door.typed


@pytest.mark.parametrize("sample", **named(FAILURES))
def test_client_hears_failure(listed, sample):
    """[FAILED] and ERROR are failures of a restart (cucm.md §2.2 [C]): Refused, after one command."""
    door, cli = listed
    door.typed.clear()
    door.replies = answering(sample.text)

    with pytest.raises(Refused):
        cli.restart("Cisco Tomcat")

    assert ["utils service restart Cisco Tomcat"] == door.typed


@pytest.mark.parametrize("name", ["Cisco tomcat", "Cisco UDS Tomcat"])
def test_client_restarts_listed_only(listed, name):
    """Names are those of the node's list, letter by letter: another one is refused and not sent (cucm.md §2.2)."""
    door, cli = listed
    door.typed.clear()
    door.replies = answering("Cisco Tomcat[STARTED]\nPrimary Node =true\n")

    with pytest.raises(Refused):
        cli.restart(name)

    assert [] == [command for command in door.typed if "restart" in command]


@pytest.mark.parametrize(("sample", "answer"), **named(QUESTIONS))
def test_client_answers_in_kind(session, sample, answer):
    """A question that ends in yes and no is answered yes, one that ends in y and n is answered y (cucm.md §2.1)."""
    door, cli = session
    door.pressed.clear()
    door.replies = answering(sample.text, answer)

    cli.delete_trust("tomcat-trust", "Old_Root.pem")

    assert [answer.wanted] == door.pressed


@pytest.mark.parametrize(("sample", "answer"), **named(QUESTIONS))
def test_client_disables_sso(session, sample, answer):
    """Switching SSO off asks in a style that is not known ([I], cucm.md §6): each is answered, and the status read."""
    door, cli = session
    door.pressed.clear()
    status = answering("SSO Status: SAML SSO Disabled\n")
    door.replies = lambda typed: (sample.text, answer) if typed == "utils sso disable" else status(typed)

    assert False is cli.disable_sso().enabled
    assert [answer.wanted] == door.pressed
