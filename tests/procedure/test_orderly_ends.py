"""How lives begin and end: what was answered comes first, and nobody writes over what another one goes on with."""

from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.exceptions import Abort
from prefect.flow_engine import run_flow
from prefect.runtime import flow_run
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled, Completed

from flows.endings import orderly
from tasks.lock import Holder, holder_of, take_lock
from tasks.lock import _write as write_lock
from tasks.sites import now, renewals_of
from tasks.store import PrefectStore, _keep
from tests.procedure.cable import Cable
from tests.procedure.lives import NO, UNASKED, at_note, kill
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import Permanent, Transient
from ucrenew.life import new_life
from ucrenew.record import Kind, Record


def lose_the_lock(cluster: str) -> None:
    """What a second life of the same run does when it begins."""
    with get_client(sync_client=True) as client:
        write_lock(client, Holder(cluster, str(flow_run.id), new_life()))


def ends_well() -> object:
    """Nothing goes wrong."""
    return Completed(message="made up for this test")


def stops() -> object:
    """One of our errors."""
    raise Permanent("made up for this test")


def crashes() -> object:
    """A mistake in the program."""
    raise RuntimeError("made up for this test")


@pytest.mark.parametrize("end", [ends_well, stops, crashes])
def test_stale_life_writes_no_end(lives, borrowed, end: Callable[[], object]):
    """design.md §7: however a replaced life ends, the state and the lock stay those of the life that goes on."""
    life = lives(borrowed)

    @flow
    @orderly
    def renew(cluster: str, purpose: Purpose, force: bool = False):  # noqa: ARG001, FBT001, FBT002 - as it is called
        take_lock(cluster, flow_run.id)
        lose_the_lock(cluster)
        return end()

    run = life.client.read_flow_run(life.start())
    with suppress(Abort):
        run_flow(renew, flow_run=run, parameters=run.parameters, return_type="state")

    assert "Running" == life.state().name
    assert str(run.id) == holder_of(life.cluster).run


def test_no_is_heard_first(lives, borrowed):
    """design.md §4: a no ends the run before anything is looked at: a CA that is down does not keep it open."""
    life = lives(borrowed)
    life.begin()
    life.control.post("/ca", {"reachable": False})
    state = life.answered(NO)
    life.control.post("/ca", {"reachable": True})

    assert "Denied" == state.name
    assert not life.is_open()


def test_killed_before_the_baseline(lives, borrowed, monkeypatch):
    """design.md §3: killed between opening a renewal and its baseline, the next life and the next run go on from there.

    Nothing was changed yet, so what is seen now is what was before.
    """
    life = lives(borrowed)
    life.start()
    with at_note(monkeypatch, Kind.BASELINE, kill):
        life.live()
    life.push()
    life.said.traces.clear()

    assert "Suspended" == life.live().name
    assert life.key.startswith("start-")
    assert 1 == life.renewal().number
    assert [] == life.said.traces


def test_left_before_the_baseline(lives, borrowed, monkeypatch):
    """design.md §3: a renewal that a run left without a baseline is asked about like any other, by a new run."""
    life = lives(borrowed)
    life.start()
    with at_note(monkeypatch, Kind.NOTICED, kill):
        life.live()
    life.client.set_flow_run_state(life.runs[-1], Cancelled(), force=True)

    assert "Suspended" == life.begin().name
    assert life.key.startswith("take-over-")


def test_ended_renewal_is_not_begun_again(lives, borrowed):
    """S7: a run that was killed after its renewal was closed as done says so; even forced it opens no second."""
    life = lives(borrowed, UNASKED)
    renewals = renewals_of(life.cluster, Purpose.TOMCAT)
    renewals.close(renewals.open(str(life.start(force=True))), "done")
    state = life.live()

    assert ("Completed", f"{life.renewal().key} is done; another one needs a new run") == (state.name, state.message)
    assert 1 == life.renewal().number
    assert [] == life.control.ledger()
    assert holder_of(life.cluster) is None


def test_open_renewal_of_a_live_run(lives, borrowed):
    """S5: a renewal whose run can still act is nobody else's, even where the lock was taken away by hand."""
    life = lives(borrowed)
    life.begin()
    first = life.runs[-1]
    with get_client(sync_client=True) as client:
        client.delete_variable_by_name(f"ucrenew-lock-{life.cluster}")
    state = life.begin()

    assert "Failed" == state.name
    assert f"belongs to run {first}, which is Suspended" in state.message


def test_note_is_repeated(server, monkeypatch):
    """design.md §3: a note that the Prefect server does not take is repeated until it does, or the step is not done."""
    parts = urlsplit(server.api)
    assert parts.port is not None
    cable = Cable(parts.port)
    cable.unplug()
    refused = []

    def keep(*said: str) -> None:
        """The server is back as soon as one try came to nothing."""
        try:
            _keep(*said)
        except httpx.ConnectError as error:
            refused.append(error)
            cable.plug()
            raise

    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{cable.port}{parts.path}"}):
        record = Record(PrefectStore(), f"note-{cable.port}", now)
        monkeypatch.setattr("prefect.events.utilities.should_emit_events", lambda: False)
        monkeypatch.setattr("tasks.store._PAUSES", ())
        with pytest.raises(Transient, match="did not take the note 'csr-intent 1'"):
            record.note(Kind.CSR_INTENT, about="1")
        monkeypatch.setattr("tasks.store._PAUSES", (0.1,) * 100)
        monkeypatch.setattr("tasks.store._keep", keep)
        record.note(Kind.CSR_INTENT, about="1")

        assert ["1"] == [fact.about for fact in record.facts(Kind.CSR_INTENT)]
        assert refused

    cable.unplug()
