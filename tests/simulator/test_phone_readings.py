"""Texts and names about trust lists that were never seen, at both settings (docs/readings.md)."""

from collections.abc import Iterator

import pytest

from tests.conftest import Simulator
from tests.simulator.phones import TVS, phones
from tests.simulator.readings_cli import asked, question
from ucrenew.simulator.phone_readings import PhoneReadings

PUBLISHER = "cs-ccm-pub.example.com"
PARAMETERS = "run sql select paramname, paramvalue from processconfig"
UPDATE = "utils ctl update CTLFile"
SWITCHES = {
    "no_ctl_text": ("There is no CTL file", "cs-ccm-pub", "show ctl"),
    "ctl_refused_text": ("Only on the publisher", "cs-ccm-sub", UPDATE),
    "ctl_nonsecure_text": ("Set the cluster to mixed mode first", "cs-ccm-pub", UPDATE),
    "interaction_parameter": ("InteractionOnUpdate", "cs-ccm-pub", PARAMETERS),
    "rollback_parameter": ("RollbackBefore8", "cs-ccm-pub", PARAMETERS),
}


@pytest.fixture
def bent(borrowed) -> Iterator[Simulator]:
    """A cluster that has its phones' readings as at the start afterwards."""
    yield borrowed
    borrowed.control.post(
        "/cluster", {name: getattr(PhoneReadings(), name) for name in (*SWITCHES, "auto_registration")}
    )


@pytest.mark.parametrize("name", SWITCHES)
def test_text_is_a_reading(bent, name):
    """What was never seen is said in the likeliest words, or in any others."""
    other, host, command = SWITCHES[name]
    first = asked(bent, command, host)
    bent.control.post("/cluster", {name: other})
    then = asked(bent, command, host)

    usual = getattr(PhoneReadings(), name).splitlines()
    assert [True, False] == [all(line in text for line in usual) for text in (first, then)]
    assert [False, True] == [other in text for text in (first, then)]


@pytest.mark.parametrize("names_it", [True, False])
def test_question_before_mixed_mode(bent, names_it):
    """The question before mixed mode names auto-registration or does not."""
    bent.control.post("/cluster", {"auto_registration": names_it})

    assert names_it == ("uto-registration" in question(bent, "utils ctl set-cluster mixed-mode"))


@pytest.mark.parametrize(("when", "anew"), [("tftp-start", False), ("certificate-change", True)])
def test_itl_is_rebuilt(bent, when, anew):
    """TFTP writes its ITL anew when it starts, or as soon as a certificate of it changes."""
    bent.control.post("/cluster", {"itl_rebuilt": when, "tvs_restarts_itself": False})
    before = asked(bent, "show itl")
    bent.control.post("/certificates/regenerate", {"node": PUBLISHER, "purpose": "TVS"})

    assert anew == (before != asked(bent, "show itl"))


@pytest.mark.parametrize("itself", [True, False])
def test_tvs_restarts(bent, itself):
    """From 14 on TVS restarts by itself when its certificate changes, or waits for somebody."""
    bent.control.post("/cluster", {"tvs_restarts_itself": itself})
    bent.control.post("/certificates/regenerate", {"node": PUBLISHER, "purpose": "TVS"})
    shown = phones(bent)["nodes"][PUBLISHER]["shown"]
    installed = bent.control.node(PUBLISHER)["identity"]["TVS"]["installed"]

    assert itself == (installed == shown[TVS])
