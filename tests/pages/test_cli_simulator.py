"""The simulator's command line says what the pages show, to a caller that is none of ours."""

import re
import time

import pytest

from tests.pages import cli_certificate_samples, cli_service_samples, cli_system_samples
from tests.pages import cli_dialogue_samples as dialogue
from tests.pages.sample import named
from tests.pages.terminal import Terminal

ROWS = [*cli_service_samples.ROWS, *cli_system_samples.ROWS, *cli_certificate_samples.ROWS]
QUESTION_ENDS = re.compile(r"(\(yes\|no\)\?|\(y/n\)\?|\(y/n\):|\(yes/no\)\?) *$")


def bent(borrowed, publisher, bend):
    """Bring the publisher to where a row wants it."""
    borrowed.control.patch("/state", {"nodes": {publisher["name"]: bend}})


@pytest.fixture
def prompt(terminal):
    """A shell at its prompt."""
    terminal.shell().until()
    return terminal


@pytest.fixture
def unpaged(prompt):
    """A shell whose pager is off, as every working client switches it off."""
    prompt.ask("set cli pagination off")
    return prompt


@pytest.fixture(scope="module")
def standing_shell(standing):
    """One shell without a pager for all rows."""
    account, node = standing.scene["accounts"]["platform"], standing.node("cs-ccm-pub")
    caller = Terminal(node, account["user"], account["password"]).shell()
    caller.until()
    caller.ask("set cli pagination off")
    yield caller
    caller.close()


@pytest.mark.parametrize("row", **named([row for row in ROWS if row.bend is not None]))
def test_simulator_replies_in_shape(borrowed, publisher, standing_shell, row):
    """Every line of the sample stands in the answer, in the page's own order, to each form of the command."""
    bent(borrowed, publisher, row.bend)

    assert {} == {
        command: lines
        for command in row.commands
        if (lines := row.sample.missing(standing_shell.ask(command), ordered=row.ordered))
    }


def test_simulator_greets(terminal):
    """The banner and the prompt come as they were seen, byte for byte but for the machine's size."""
    greeting = terminal.shell().until()

    assert dialogue.LOGIN.shape(dialogue.LOGIN.text).fullmatch(greeting)


def test_simulator_says_banner_only(terminal):
    """A command that is executed without a shell gets the start-up banner and the end (cucm.md §2.1 [T])."""
    terminal.channel.exec_command("show version active")
    said, deadline = b"", time.monotonic() + 10
    while (data := terminal.channel.recv(4096)) and time.monotonic() < deadline:
        said += data

    assert b"Command Line Interface is starting up, please wait ..." in said
    assert b"Active Master Version" not in said


def test_simulator_waits_for_newline(borrowed, publisher, terminal):
    """Where the prompt needs it, nothing comes behind the banner until a newline is sent (cucm.md §2.1 [C])."""
    bent(borrowed, publisher, {"prompt_needs_nudge": True})
    greeting = terminal.shell().until(re.compile(r"RAM\s+$"))
    silence = terminal.said()
    terminal.press("\r\n")

    assert "admin:" not in greeting + silence
    assert terminal.until().endswith("admin:")


@pytest.mark.parametrize("newline", ["\r", "\n"])
def test_simulator_prompts_anew(prompt, newline):
    """A sent newline is echoed as a second prompt (cucm.md §2.1 [T])."""
    prompt.press(newline)

    assert dialogue.SECOND_PROMPT.text == "admin:" + prompt.until()


def test_simulator_echoes(prompt):
    """What is typed is echoed before return is sent."""
    prompt.press("show version active")

    assert "show version active" == prompt.until(re.compile("active$"))


def test_simulator_pages(prompt):
    """A long reply stops at the bold pager; space brings a page, return one line, q the prompt: single keys."""
    pager = re.compile(re.escape(dialogue.FIRST_PAGER.text.removesuffix("\x1b[K")) + r"(\x1b\[K)?$")
    first = prompt.ask("utils service list", pager)
    prompt.press("\r")
    line = prompt.until(pager)
    prompt.press(" ")
    page = prompt.until(re.compile(f"{pager.pattern}|admin:$"))

    assert "Getting list of all services" in first
    assert 1 == len(re.findall(r"\[[A-Z]+\]", line))
    assert 1 < len(re.findall(r"\[[A-Z]+\]", page))


def test_simulator_leaves_pager(prompt):
    """The key q at the pager, without Enter, ends the reply."""
    prompt.ask("utils service list", re.compile(r"quit\x1b\[0m(\x1b\[K)?$"))
    prompt.press("q")

    assert "Primary Node" not in prompt.until()


def test_simulator_switches_paging_off(prompt):
    """Pagination is switched off for this session, and told so."""
    off = prompt.ask("set cli pagination off")
    shown = prompt.ask("show cli pagination")

    assert [] == dialogue.PAGINATION_OFF.missing(off)
    assert [] == dialogue.PAGINATION.missing(shown)
    assert "Primary Node =true" in prompt.ask("utils service list")


def test_simulator_knows_no_other_command(prompt):
    """A command that does not exist is said to be none (cucm.md §2.1 [C])."""
    said = prompt.ask("show me the way")

    assert "No valid command entered" in said


@pytest.mark.parametrize("forgets", [False, True])
def test_simulator_restarts_in_words(borrowed, unpaged, forgets):
    """A restart is told in the old words or the new; STARTED comes last, or not at all where it is forgotten [C]."""
    borrowed.control.patch("/state", {"cluster": {"restart_forgets_started": forgets}})
    said = unpaged.ask("utils service restart Cisco Tomcat")
    states = re.findall(r"^Cisco Tomcat\[(\w+)\] *\r?$", said, re.MULTILINE)

    assert dialogue.OLD_WORDS.strip() in said or dialogue.NEW_WORDS.strip() in said
    assert "Service Manager is running\r\n" in said
    assert ["STARTING", "STARTED"][not forgets] == states[-1]
    assert states == sorted(states, key=["STOPPING", "STARTING", "STARTED"].index)


@pytest.mark.parametrize("asks", ["yes-no", "y-n"])
def test_simulator_asks_before_deletion(borrowed, publisher, unpaged, asks):
    """A question ends in one of the five styles, and is answered in kind (cucm.md §2.1)."""
    borrowed.control.patch("/state", {"cluster": {"cert_delete_asks": asks}})
    bent(borrowed, publisher, {"stale_trust": True})
    trust = borrowed.control.node(publisher["name"])["trust"]["tomcat-trust"]
    said = unpaged.ask(f"set cert delete tomcat-trust {trust[-1]['file']}", QUESTION_ENDS)
    unpaged.press("yes\r" if "yes" in QUESTION_ENDS.search(said).group() else "y\r")
    unpaged.until()

    assert trust[:-1] == borrowed.control.node(publisher["name"])["trust"]["tomcat-trust"]


@pytest.mark.parametrize("form", ["show cert own tomcat", "show cert own tomcat/tomcat.pem"])
def test_simulator_shows_certificate(standing_shell, form):
    """From 14SU2 on a certificate is shown under the new labels, its PEM block below (cucm.md §2.4 [D])."""
    said = standing_shell.ask(form)
    labels = [label for label in ("IssuerDN", "Start Date", "Final Date", "SubjectDN") if label not in said]

    assert [] == labels
    assert re.search(r"-----BEGIN CERTIFICATE-----\r\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----\r\n", said)
