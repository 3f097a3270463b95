"""What the simulated nodes have and lack on their command line: names and limits of cucm.md §2.1, §2.2, §2.4, §2.5."""

import re

import pytest

from tests.pages.cli_row import DATE
from tests.pages.terminal import Terminal

EVERYWHERE = (
    "Cisco Tomcat",
    "Cisco DRF Local",
    "Cisco Certificate Change Notification",
    "Cisco Certificate Expiry Monitor",
)
SERVICES = {
    "cs-ccm-pub": (
        *EVERYWHERE,
        "Cisco CallManager",
        "Cisco Tftp",
        "Cisco CTIManager",
        "Cisco Certificate Authority Proxy Function",
        "Cisco Trust Verification Service",
        "Cisco DRF Master",
        "Cisco Intercluster Lookup Service",
        "Cisco Location Bandwidth Manager",
        "Cisco Extension Mobility",
        "Platform Administrative Web Service",
        "Cisco UDS Tomcat",
        "Cisco AXL Tomcat",
        "Cisco SSOSP Tomcat",
        "Cisco HAProxy",
    ),
    "cs-imp": (
        *EVERYWHERE,
        "Cisco Intercluster Sync Agent",
        "Cisco SIP Proxy",
        "Cisco Presence Engine",
        "Cisco XCP Router",
        "Cisco XCP Connection Manager",
        "Cisco XCP Authentication Service",
        "Platform Administrative Web Service",
    ),
}
UNITS = {
    "cs-ccm-pub": {"tomcat", "ipsec", "ITLRecovery", "CallManager-ECDSA", "CallManager", "CAPF", "TVS"},
    "cs-imp": {"cup", "cup-ECDSA", "cup-xmpp", "cup-xmpp-ECDSA", "cup-xmpp-s2s", "cup-xmpp-s2s-ECDSA"},
}


@pytest.fixture
def at(borrowed):
    """Opens shells without a pager at nodes, for one of the scene's accounts."""
    opened = []

    def shell(host, account):
        terminal = Terminal(borrowed.node(host), account["user"], account["password"]).shell()
        opened.append(terminal)
        terminal.until()
        terminal.ask("set cli pagination off")
        return terminal

    yield shell
    for terminal in opened:
        terminal.close()


@pytest.mark.parametrize("host", SERVICES)
def test_simulator_lists_services(borrowed, at, host):
    """A node lists the services of its product under the names of the pages (cucm.md §2.2 [D], [T])."""
    said = at(host, borrowed.scene["accounts"]["platform"]).ask("utils service list")
    names = set(re.findall(r"(?m)^([^\[\r\n]+)\[ ?[A-Z ]+\]", said))

    assert set() == set(SERVICES[host]) - names


@pytest.mark.parametrize("host", UNITS)
def test_simulator_lists_units(borrowed, at, host):
    """A node has the certificates of its product, each in a file of its own name (cucm.md §2.4 [T], [D])."""
    said = at(host, borrowed.scene["accounts"]["platform"]).ask("show cert list own")
    units = dict(re.findall(r"(?m)^([\w-]+)/([\w-]+)\.pem: ", said))

    assert set() == UNITS[host] - set(units)
    assert units == {unit: unit for unit in units}


def test_simulator_keeps_certificates_from_reader(borrowed, at):
    """An account of level 0 may not look at certificates (cucm.md §2.1 [D])."""
    said = at("cs-ccm-pub", borrowed.scene["people"]["reader"]).ask("show cert list own")

    assert ".pem" not in said


def test_simulator_enables_no_sso(borrowed, at):
    """`utils sso enable` only says that the GUI does it: SSO stays off (cucm.md §2.5 [D])."""
    shell = at("cs-ccm-pub", borrowed.scene["accounts"]["platform"])
    shell.ask("utils sso enable")

    assert "SSO Status: SAML SSO Enabled" not in shell.ask("utils sso status")


@pytest.mark.parametrize("asks", ["yes-no", "y-n"])
def test_simulator_disables_sso(borrowed, at, asks):
    """`utils sso disable` switches it off, whatever it asks ([I]: its question and its words are not known)."""
    borrowed.control.patch(
        "/state", {"cluster": {"sso_disable_asks": asks}, "nodes": {"cs-ccm-pub.example.com": {"sso": "enabled"}}}
    )
    shell = at("cs-ccm-pub", borrowed.scene["accounts"]["platform"])
    before = shell.ask("utils sso status")
    question = shell.ask("utils sso disable", re.compile(r"(\(yes\|no\)\?|\(y/n\)\?|\(y/n\):|\(yes/no\)\?) *$"))
    shell.ask("yes" if "yes" in question[-12:] else "y")

    assert "SSO Status: SAML SSO Enabled" in before
    assert "SSO Status: SAML SSO Enabled" not in shell.ask("utils sso status")


def test_simulator_knows_other_nodes(borrowed, at):
    """Other nodes are authenticated since a date; those of IM&P run `cups` (cucm.md §2.3 [T], [I])."""
    said = at("cs-ccm-pub", borrowed.scene["accounts"]["platform"]).ask("show network cluster")
    rows = re.findall(
        rf"(?m)^\S+ (\S+) \S+ (?:Publisher|Subscriber) (\w+) DB(?:Pub|Sub) authenticated( using TCP since {DATE})?\r",
        said,
    )

    assert {
        "cs-ccm-pub.example.com": "callmanager",
        "cs-ccm-sub.example.com": "callmanager",
        "cs-imp.example.com": "cups",
    } == {name: application for name, application, _ in rows}
