"""`set cert delete`: trust certificates only, after a question, on every node (cucm.md §2.4, cucm_inside.md §B)."""

import pytest

from tests.simulator.walk import PROMPT, Rest, Shell, TestCa, sha256

PUBLISHER = "cs-ccm-pub.example.com"
TEXT = "You are about to permanently delete this certificate"


@pytest.fixture
def shell(borrowed):
    opened = Shell(borrowed).start()
    yield opened
    opened.close()


@pytest.fixture
def root(borrowed):
    """A root of the test's own in tomcat-trust."""
    ca = TestCa()
    Rest(borrowed).trust(ca.root)
    borrowed.control.forget()
    return ca.root


def entry(simulator, certificate, name=PUBLISHER):
    """The entry of a certificate in a node's tomcat-trust."""
    trust = simulator.control.node(name)["trust"]["tomcat-trust"]
    return next((one for one in trust if one["fingerprint"] == sha256(certificate)), None)


def delete(shell, told, *words, question="(yes/no)? "):
    """Type the command, answer, and read to the prompt: everything that was printed."""
    shell.channel.sendall(f"set cert delete {told}\r")
    seen = ""
    for word in words:
        seen += shell.read_to(question)
        shell.channel.sendall(word + "\r")
    return seen + shell.read_to(PROMPT)


@pytest.mark.parametrize(
    "asks", [("yes-no", "(yes/no)? ", ["yes"]), ("y-n", "(y/n):", ["y"]), ("nothing", "", [])], ids=lambda one: one[0]
)
def test_delete_everywhere(borrowed, shell, root, asks):
    """After a yes the certificate is gone on every node, with one entry of the ledger that names it."""
    reading, question, words = asks
    borrowed.control.post("/cluster", {"cert_delete_asks": reading})
    file = entry(borrowed, root)["file"]
    seen = delete(shell, f"tomcat-trust {file}", *words, question=question)

    assert bool(words) == (TEXT in seen)
    assert [None] * 3 == [entry(borrowed, root, node["name"]) for node in borrowed.control.state()["nodes"]]
    assert file not in shell.ask("show cert list trust")
    assert [("delete", "tomcat", sha256(root), PUBLISHER, "osadmin")] == [
        tuple(one[key] for key in ("kind", "purpose", "fingerprint", "node", "from"))
        for one in borrowed.control.ledger()
    ]


def test_delete_takes_its_row(borrowed, shell, root):
    """With the certificate its row leaves the database, and no other."""
    question = "run sql select servername, serialnumber from certificate"
    before = shell.ask(question).splitlines()
    delete(shell, f"tomcat-trust {entry(borrowed, root)['file']}", "yes")
    after = shell.ask(question).splitlines()

    gone = [line.split()[1] for line in before if line not in after]
    assert [f"{root.serial_number:x}"] * 3 == gone
    assert len(before) - 3 == len(after)


def test_delete_no(borrowed, shell, root):
    """A no leaves the certificate where it is, and nothing is written."""
    delete(shell, f"tomcat-trust {entry(borrowed, root)['file']}", "perhaps", "no")

    assert entry(borrowed, root)
    assert [] == borrowed.control.ledger()


def test_delete_missed_by_a_node(borrowed, shell, root):
    """A node that misses the event keeps the certificate until the event arrives."""
    borrowed.control.post("/nodes/cs-imp.example.com", {"fan_out": "missed"})
    delete(shell, f"tomcat-trust {entry(borrowed, root)['file']}", "yes")
    kept = entry(borrowed, root, "cs-imp.example.com")
    borrowed.control.post("/nodes/cs-imp.example.com", {"fan_out": "normal"})

    assert kept
    assert None is entry(borrowed, root, "cs-imp.example.com")


def test_delete_before_11(borrowed, shell, root):
    """Before release 11 the certificate goes on this node only."""
    borrowed.control.post("/cluster", {"version": "10.5.2.10000-5"})
    delete(shell, f"tomcat-trust {entry(borrowed, root)['file']}", "yes")

    assert None is entry(borrowed, root)
    assert entry(borrowed, root, "cs-imp.example.com")


@pytest.mark.parametrize(
    "told", ["tomcat tomcat.pem", "tomcat-trust nobody.pem", "nonsense nobody.pem", "tomcat-trust"]
)
def test_delete_refused(borrowed, shell, told):
    """An own certificate, or one that is not there, is not deleted; nobody is asked, and the refusal is noted."""
    before = borrowed.control.state()
    shell.ask(f"set cert delete {told}")

    assert before == borrowed.control.state()
    assert [("delete", True)] == [(one["kind"], "refused" in one) for one in borrowed.control.ledger()]
