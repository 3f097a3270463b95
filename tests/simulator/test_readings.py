"""Each reading, at each of its settings, as a client sees it; docs/readings.md is written from that (`make docs`)."""

import re
import socket

import pytest

from tests import readings_page
from tests.conftest import lent
from tests.simulator import readings_cli, readings_phones, readings_rest
from tests.simulator.walk import Rest
from ucrenew.simulator.readings import SETTINGS, Readings, check

FOUND = (*readings_rest.WITNESSES, *readings_cli.WITNESSES, *readings_phones.WITNESSES)
WITNESSES = {one.__name__: one for one in FOUND}


@pytest.mark.parametrize("name", SETTINGS)
def test_docs_reading(standing, name):
    """At each setting of a reading a client sees something else, and what the page says."""
    seen = []
    for setting in SETTINGS[name]:
        with lent(standing) as simulator:
            simulator.control.post("/cluster", {name: setting})
            seen.append((setting, WITNESSES[name](simulator)))

    assert len(seen) == len({what for _, what in seen})
    readings_page.hold(name, "seen", {readings_page.setting(setting): what for setting, what in seen})


def test_docs_readings_are_all():
    """The page has every reading, in the order of the program, and no other; so have these tests."""
    assert list(SETTINGS) == list(readings_page.tables())
    assert set(SETTINGS) == set(WITNESSES)


def test_what_has_no_switch_names_none():
    """What docs/simulator.md calls inferred without a switch is no reading."""
    page = (readings_page.PAGE.parent / "simulator.md").read_text()
    table = page.partition("without a switch:")[2].partition("\n\nOf ")[0]

    assert "parallel writes" in table
    assert set() == set(SETTINGS) & set(re.findall(r"`(\w+)`", table))


def test_readings_defaults_come_first():
    """The first setting is what the simulator does when nothing is said."""
    assert {name: settings[0] for name, settings in SETTINGS.items()} == {
        name: getattr(Readings(), name) for name in SETTINGS
    }


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("nonsense", 1, "nonsense is no reading"),
        ("upload_status", "200", "upload_status does not take '200'"),
        ("upload_status", True, "upload_status does not take True"),
        ("upload_status", 204, "upload_status is one of 200, 201, not 204"),
        ("api_on_8443", 1, "api_on_8443 does not take 1"),
    ],
)
def test_reading_is_refused(name, value, said):
    """What is no setting is refused in a sentence that begins with its name."""
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        check(name, value)


def test_tomcat_half_up(simulator):
    """On its way up Tomcat answers with a status; once it is up, connections have to begin anew."""
    simulator.control.post("/cluster", {"while_tomcat_starts": "503"})
    rest = Rest(simulator)
    simulator.control.post(f"/nodes/{rest.name}", {"services": {"Cisco Tomcat": "STARTING"}})
    node = simulator.node("cs-ccm-pub")
    with socket.create_connection((node["address"], node["https_port"]), timeout=20) as early:
        half_up = rest.call("GET", "/options").status
        simulator.control.post(f"/nodes/{rest.name}", {"services": {"Cisco Tomcat": "STARTED"}})
        rest_of_it = early.recv(1)

    assert (503, b"") == (half_up, rest_of_it)
    assert 200 == rest.call("GET", "/options").status


def test_reading_takes_other_words():
    """A word that was never seen is anybody's guess: any is taken."""
    check("multi_server_word", "multi-server-san")
    check("key_mismatch_status", 409)
