"""What a step looks at just before it acts and after it acted: each look is shown something wrong, and sees it.

How long is waited for a good sight is a setting of the steps; where nothing is slow, one look is enough.
"""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta

import pytest

from tests.conftest import Simulator
from tests.procedure.cable import Cable
from tests.procedure.lives import (
    DRF_LOCAL,
    IMP,
    ISSUING_CA,
    PUBLISHER,
    RESTARTS,
    SUBSCRIBER,
    UNASKED,
    Lives,
    at_note,
)
from ucrenew.record import Kind

ONE_LOOK = timedelta()
COMES_BACK = "ucrenew.steps.services.COMES_BACK"
ON_PUBLISHER, ON_SUBSCRIBER = f"{PUBLISHER} {DRF_LOCAL}", f"{SUBSCRIBER} {DRF_LOCAL}"


@pytest.fixture
def life(lives, borrowed) -> Lives:
    """A cluster whose CA signs at once, and where nobody is asked before the certificate is there."""
    one = lives(borrowed, UNASKED)
    one.ca_issues_at_once()
    return one


def cable_to(simulator: Simulator, life: Lives, node: str, port: str) -> Cable:
    """A cable through which the product reaches one port of one node."""
    number = simulator.node(node)[port]
    cable = Cable(number)
    life.edit(f"{port} = {number}\n", f"{port} = {cable.port}\n")
    return cable


def another_request(life: Lives) -> Callable[[], None]:
    """Somebody generates a request on the publisher."""
    return lambda: life.control.post(f"/nodes/{PUBLISHER}", {"overwrite_csr": "tomcat"})


# --- one road on which restarts go wrong in two ways, and one node loses a CA certificate


@pytest.fixture(scope="module")
def stumbling(module_lives, standing) -> Lives:
    """A renewal that was shown all that; `states` are those in which a restart was noted done."""
    life = module_lives(standing, UNASKED)
    life.ca_issues_at_once()
    life.states = []
    cable = cable_to(standing, life, PUBLISHER, "ssh_port")
    control = life.control

    with pytest.MonkeyPatch.context() as patch, ExitStack() as hooks:

        def service(node: str, state: str) -> None:
            control.post(f"/nodes/{node}", {"services": {DRF_LOCAL: state}})

        def sticks() -> None:
            """A stop on the publisher that is never over, until the restart was refused because of it."""
            service(PUBLISHER, "STOPPING")
            cable.before_an_answer(
                lambda: (PUBLISHER, DRF_LOCAL) in life.restarts(), lambda: service(PUBLISHER, "STOPPED")
            )
            patch.setattr(COMES_BACK, ONE_LOOK)

        def hurries() -> None:
            """From now on the prompt comes back when a service is only starting (cucm.md §2.2)."""
            control.post("/cluster", {"restart_forgets_started": True, "service_start_seconds": 1})

        def noted() -> None:
            life.states.append(control.node(SUBSCRIBER)["services"][DRF_LOCAL]["state"])
            control.post("/cluster", {"restart_forgets_started": False, "service_start_seconds": 0})

        for kind, about, when, act in (
            (Kind.LEAF_INTENT, "", "before", lambda: life.forget_chain(ISSUING_CA, nodes=[IMP])),
            (Kind.RESTART_INTENT, ON_PUBLISHER, "after", sticks),
            (Kind.RESTART_DONE, ON_PUBLISHER, "after", lambda: patch.setattr(COMES_BACK, timedelta(minutes=1))),
            (Kind.RESTART_INTENT, ON_SUBSCRIBER, "after", hurries),
            (Kind.RESTART_DONE, ON_SUBSCRIBER, "before", noted),
        ):
            hooks.enter_context(at_note(patch, kind, act, about=about, when=when))
        life.ended = life.go_anew()
    cable.unplug()
    life.calls = life.restarts()
    life.forget_chain(ISSUING_CA)  # the next one uploads it again, and every node gets it
    return life


def test_restart_that_failed_is_repeated(stumbling):
    """S19: a service that is not up after its restart gets the same command once again, and only then the next one."""
    repeated = RESTARTS.index((PUBLISHER, DRF_LOCAL))

    assert [*RESTARTS[:repeated], RESTARTS[repeated], *RESTARTS[repeated:]] == stumbling.calls


def test_restart_is_done_when_started(stumbling):
    """S19: where the prompt comes back before the service is up, the restart is noted done when it is, and is one."""
    assert ["STARTED"] == stumbling.states
    assert 1 == stumbling.calls.count((SUBSCRIBER, DRF_LOCAL))


def test_missing_intermediate_is_no_proof(stumbling):
    """S20: a node that serves the right certificate without its intermediate is named, and there is no evidence."""
    leaf = stumbling.record().value(Kind.ISSUED)["fingerprint"]

    assert (leaf, leaf) == stumbling.leaf_on(IMP)
    assert "Failed" == stumbling.ended.name
    assert IMP in stumbling.ended.message
    assert stumbling.record().value(Kind.EVIDENCE) is None
    assert stumbling.is_open()


# --- the others, each on a road of its own


def test_request_is_missing_on_a_node(life, monkeypatch):
    """S9: a node that did not get the request stops the run before anything is sent to the CA, and is named."""
    monkeypatch.setattr("ucrenew.steps.csr.FAN_OUT", ONE_LOOK)
    stopped = {"services": {"Platform Administrative Web Service": "STOPPED"}}
    with at_note(monkeypatch, Kind.CSR_INTENT, lambda: life.control.post(f"/nodes/{IMP}", stopped)):
        state = life.go_anew(force=True)

    assert "Failed" == state.name
    assert IMP in state.message
    assert ["csr"] == life.control.kinds()


def test_request_is_another_than_answered(life, borrowed, monkeypatch):
    """S7, S11: a request that was overwritten before it could be read back is not taken for ours, nor is the answer."""
    monkeypatch.setattr("ucrenew.steps.csr.FAN_OUT", ONE_LOOK)
    cable = cable_to(borrowed, life, PUBLISHER, "https_port")
    cable.before_an_answer(lambda: life.count("csr") == 1, another_request(life))
    state = life.go_anew(force=True)
    cable.unplug()

    assert "Failed" == state.name
    assert PUBLISHER in state.message
    assert ["csr"] == life.control.kinds()
    assert life.record().value(Kind.CSR) is None


def test_request_is_overwritten_before_the_leaf(life):
    """S7, S17: a request that is overwritten while the chain is uploaded keeps the leaf from being sent at all."""
    life.forget_chain(ISSUING_CA)
    with life.said.doing_at(f"CN={ISSUING_CA},DC=example,DC=com is in tomcat-trust", another_request(life)):
        state = life.go_anew(force=True)

    assert "Failed" == state.name
    assert PUBLISHER in state.message
    assert 0 == life.count("leaf-upload")


def test_next_node_waits_for_the_last(life, borrowed, monkeypatch):
    """S19: while one port of the publisher serves another certificate than the new one, no other restart is begun."""
    monkeypatch.setattr(COMES_BACK, ONE_LOOK)
    old, other = (f"tomcat_port = {borrowed.node(node)['tomcat_port']}\n" for node in (PUBLISHER, SUBSCRIBER))
    life.edit(old, other)  # the subscriber serves what it did until its own turn comes
    state = life.go_anew(force=True)

    assert "Failed" == state.name
    assert PUBLISHER in state.message
    assert RESTARTS[:1] == life.restarts()
