"""Accounts beside the main one: who gets in where, and what a reader may do (cucm.md §1.1, §2.1)."""

import paramiko
import pytest

from tests.simulator.walk import Rest, Shell, TestCa, login, submit

CLI_REFUSED = (
    "show cert list own",
    "show cert own tomcat",
    "show csr own tomcat",
    "utils service restart Cisco Tftp",
    "utils service start Cisco Tftp",
    "utils service stop Cisco Tftp",
    "utils sso disable",
    "utils sso recovery-url disable",
)
CLI_ALLOWED = ("show version active", "utils service list", "utils sso status", "run sql select name from processnode")


def who(simulator):
    """Kind, account and whether it was refused, for every entry of the ledger."""
    return [(entry["kind"], entry["from"], "refused" in entry) for entry in simulator.control.ledger()]


def test_people_are_described(standing):
    """The JSON file names three people beside the two accounts of the program, each with a password of its own."""
    scene = standing.scene
    everybody = [*scene["accounts"].values(), *scene["people"].values()]

    assert ["platform", "ca"] == list(scene["accounts"])
    assert ["reader", "person", "application"] == list(scene["people"])
    assert 5 == len({one["user"] for one in everybody}) == len({one["password"] for one in everybody})


def test_reader_reads_by_rest(borrowed):
    """A reader gets every GET and 403 for the rest; the ledger has each try as refused, and nothing was changed."""
    rest = Rest(borrowed, account=borrowed.scene["people"]["reader"])
    before = borrowed.control.state()
    ca = TestCa()
    replies = [rest.csr(), rest.trust(ca.root), rest.leaf(ca.root)]

    assert 200 == rest.call("GET", "/snapshot/server").status
    assert [403, 403, 403] == [reply.status for reply in replies]
    assert before == borrowed.control.state()
    assert [
        ("csr", "osreader", True),
        ("trust-upload", "osreader", True),
        ("leaf-upload", "osreader", True),
    ] == who(borrowed)


def test_reader_reads_by_cli(borrowed):
    """On the command line a reader has no command that wants privilege 1, and keeps those that do not."""
    shell = Shell(borrowed, account=borrowed.scene["people"]["reader"]).start()
    before = borrowed.control.state()
    refused = [shell.ask(command) for command in CLI_REFUSED]
    allowed = [shell.ask(command) for command in CLI_ALLOWED]
    shell.close()

    assert [True] * len(CLI_REFUSED) == ["No valid command entered" in text for text in refused]
    assert [False] * len(CLI_ALLOWED) == ["No valid command entered" in text for text in allowed]
    assert before == borrowed.control.state()
    assert [(kind, "osreader", True) for kind in ("restart", "start", "stop", "sso", "sso")] == who(borrowed)


def test_main_account_without_privilege(borrowed):
    """The bent privilege is the main account's, on REST and command line alike; a person keeps theirs."""
    borrowed.control.post("/cluster", {"privilege": 0})
    person = borrowed.scene["people"]["person"]
    shell = Shell(borrowed).start()
    by_hand = Shell(borrowed, account=person).start()

    assert "No valid command entered" in shell.ask("show cert list own")
    assert "tomcat/tomcat.pem" in by_hand.ask("show cert list own")
    assert 403 == Rest(borrowed).csr().status
    assert 200 == Rest(borrowed, account=person).csr().status
    shell.close()
    by_hand.close()


def test_person_is_told_apart(borrowed):
    """What a person does by hand is in the ledger under their own name."""
    person = borrowed.scene["people"]["person"]
    Rest(borrowed, account=person).csr()
    Rest(borrowed).csr()
    shell = Shell(borrowed, account=person).start()
    shell.ask("utils service restart Cisco Tftp")
    shell.close()

    assert [("csr", "osperson", False), ("csr", "osadmin", False), ("restart", "osperson", False)] == who(borrowed)


def test_person_submits_at_the_ca(borrowed):
    """The CA lets a person in beside the program's account, and the ledger has their submission under their name."""
    person, ours = borrowed.scene["people"]["person"], borrowed.scene["accounts"]["ca"]
    csr = Rest(borrowed, account=person).csr().json["csr"]
    pages = [submit(borrowed, csr, account) for account in (person, ours)]

    assert all("Your Request Id is" in page for page in pages)
    assert [("csr", "osperson", False), ("submit", "osperson", False), ("submit", ours["user"], False)] == who(borrowed)


def test_application_user_stays_outside(borrowed):
    """An application user is no OS account: certificate API and command line refuse it, once each in the ledger."""
    application = borrowed.scene["people"]["application"]
    reply = Rest(borrowed, account=application).call("GET", "/options")
    with pytest.raises(paramiko.AuthenticationException):
        login(borrowed, "cs-ccm-pub", account=application)

    assert 401 == reply.status
    assert [("login-refused", "appuser", False)] * 2 == who(borrowed)
