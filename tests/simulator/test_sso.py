"""Single sign-on on the command line: seen, switched off node by node, never switched on (cucm.md §2.5, S3)."""

import pytest

from tests.simulator.walk import PROMPT, Shell

PUBLISHER = "cs-ccm-pub.example.com"


@pytest.fixture
def shell(borrowed):
    borrowed.control.post("/cluster", {"sso": "enabled"})
    opened = Shell(borrowed).start()
    yield opened
    opened.close()


def states(simulator):
    return [node["sso"] for node in simulator.control.state()["nodes"]]


def answer(shell, question, *words):
    """Type `utils sso disable`, answer each time it asks, and read to the prompt."""
    shell.channel.sendall("utils sso disable\r")
    for word in words:
        shell.read_to(question)
        shell.channel.sendall(word + "\r")
    return shell.read_to(PROMPT)


@pytest.mark.parametrize(
    ("asks", "question", "words"),
    [("nothing", "", ()), ("yes-no", "(yes/no)? ", ("yes",)), ("y-n", "(y/n):", ("y",)), ("y-n", "(y/n):", ("Y",))],
)
def test_sso_is_disabled(borrowed, shell, asks, question, words):
    """`utils sso disable` asks by its reading, ends SSO on this node only, and is one entry of the ledger."""
    borrowed.control.post("/cluster", {"sso_disable_asks": asks})
    answer(shell, question, *words)

    assert ["disabled", "enabled", "enabled"] == states(borrowed)
    assert "SSO Status: SAML SSO Disabled\n" == shell.ask("utils sso status")
    assert [("sso", "disabled", PUBLISHER, "osadmin")] == [
        (entry["kind"], entry["state"], entry["node"], entry["from"]) for entry in borrowed.control.ledger()
    ]


def test_sso_no_leaves_it(borrowed, shell):
    """A no leaves SSO as it is, and nothing is written."""
    answer(shell, "(yes/no)? ", "no")

    assert ["enabled"] * 3 == states(borrowed)
    assert [] == borrowed.control.ledger()


def test_sso_asks_again(borrowed, shell):
    """A word that is no answer is asked for again, an empty one too."""
    answer(shell, "(yes/no)? ", "y", "", "YES")

    assert ["disabled", "enabled", "enabled"] == states(borrowed)
    assert ["sso"] == borrowed.control.kinds()


def test_sso_interrupt_at_question(borrowed, shell):
    """Ctrl-C at the question brings the prompt back and changes nothing."""
    shell.channel.sendall("utils sso disable\r")
    shell.read_to("(yes/no)? ")
    shell.channel.sendall("\x03")
    shell.read_to(PROMPT)

    assert ["enabled"] * 3 == states(borrowed)
    assert [] == borrowed.control.ledger()


def test_sso_hangup_at_question(borrowed, shell):
    """A visitor that goes away at the question has changed nothing, and the next one is served."""
    shell.channel.sendall("utils sso disable\r")
    shell.read_to("(yes/no)? ")
    shell.close()
    other = Shell(borrowed).start()
    status = other.ask("utils sso status")
    other.close()

    assert status.startswith("SSO Status: SAML SSO Enabled\n")
    assert [] == borrowed.control.ledger()


def test_sso_whole_cluster(borrowed, shell):
    """By the other reading the command ends SSO on every node, with one entry of the ledger."""
    borrowed.control.post("/cluster", {"sso_disable_scope": "cluster"})
    answer(shell, "(yes/no)? ", "yes")

    assert ["disabled"] * 3 == states(borrowed)
    assert ["sso"] == borrowed.control.kinds()


def test_sso_enable_is_for_the_page(borrowed, shell):
    """`utils sso enable` says that it is done in the graphical interface, and does nothing."""
    answer(shell, "(yes/no)? ", "yes")
    borrowed.control.forget()

    assert "graphical user interface" in shell.ask("utils sso enable")
    assert ["disabled", "enabled", "enabled"] == states(borrowed)
    assert [] == borrowed.control.ledger()


def test_recovery_url_per_node(borrowed, shell):
    """The recovery URL is switched per node, is shown in the status, and is in the ledger."""
    before = shell.ask("utils sso status")
    shell.ask("utils sso recovery-url disable")
    off = shell.ask("utils sso status")
    borrowed.control.post(f"/nodes/{PUBLISHER}", {"recovery_url": True})

    assert "Recovery URL Status = enabled\n" in before
    assert "Recovery URL Status = disabled\n" in off
    assert "Recovery URL Status = enabled\n" in shell.ask("utils sso status")
    assert [True] * 3 == [node["recovery_url"] for node in borrowed.control.state()["nodes"]]
    assert [("sso", "disabled")] == [(entry["kind"], entry["recovery_url"]) for entry in borrowed.control.ledger()]
