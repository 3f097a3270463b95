"""When a run's process counts as dead: what `attend` says and `recover` does of every kind of trace it left."""

import socket
import sys
import threading
import warnings

import pytest
from prefect.client.orchestration import get_client
from prefect.states import AwaitingRetry, Cancelled, Cancelling, Completed, Crashed, Pending, Running

from deployments import recover
from deployments.commands import Exit
from tasks.deaths import fate_of
from tasks.lock import Holder, holder_of
from tasks.lock import _write as write_lock
from tasks.watching import troubled_locks
from tests.procedure.lives import YES
from ucrenew.errors import BadInput, NeedsPerson
from ucrenew.life import Alive, Life, new_life
from ucrenew.record import Kind

HERE = socket.gethostname()
NO_PROCESS = 2**22 - 3  # above what the kernel gives out by default


def name_dead_life(life) -> None:
    """The lock as a process of this machine left it that is gone."""
    gone = Life(HERE, new_life().boot, NO_PROCESS, 1, "gone")
    with get_client(sync_client=True) as client:
        write_lock(client, Holder(life.cluster, str(life.runs[-1]), gone))


def set_state(life, *states) -> None:
    """What workers and people tell the server, one after the other."""
    for state in states:
        life.client.set_flow_run_state(life.runs[-1], state, force=True)


def fate(life) -> Alive:
    """What can be told of the last run's process."""
    return fate_of(life.client, life.client.read_flow_run(life.runs[-1]), holder_of(life.cluster)).alive


def said(life) -> list[str]:
    """What `attend` says of the cluster."""
    return [sentence for sentence in troubled_locks() if life.cluster in sentence]


@pytest.fixture
def recovering(monkeypatch):
    """Run the command on the last run of a cluster, in this process and without the long wait."""
    monkeypatch.setattr(recover, "SETTLED", 0.1)

    def do(life, *more: str) -> Exit:
        monkeypatch.setattr(sys, "argv", ["recover", str(life.runs[-1]), *more])
        return recover.main()

    return do


def test_previous_life_proves_nothing(lives, borrowed, recovering):
    """After an answer the lock names the life that asked, which is gone in order; the new one may be anywhere.

    Nobody says that the run is dead, and nobody recovers it without an oath.
    """
    life = lives(borrowed)
    life.begin()
    name_dead_life(life)
    life.answer(YES)
    for state in (Pending(), Running()):
        set_state(life, state)

        assert Alive.UNKNOWN is fate(life)
        assert [] == said(life)
        with pytest.raises(NeedsPerson, match="cannot be told from here"):
            recovering(life)
        assert state.type is life.state().type


def test_life_of_this_start_is_believed(lives, borrowed, recovering):
    """A life that took the lock after the run's last start, and is gone, is dead: `attend` says so, recovery acts.

    It is noted in the record, and Prefect warns the person of nothing.
    """
    life = lives(borrowed)
    life.begin()
    set_state(life, AwaitingRetry(), Pending(), Running())
    name_dead_life(life)

    assert [f"its process {NO_PROCESS} on {HERE} is gone" in sentence for sentence in said(life)] == [True]

    set_state(life, Crashed())
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        done = recovering(life)

    assert Exit.DONE is done
    assert "AwaitingRetry" == life.state().name
    assert "its process is gone" == life.record().value(Kind.RECOVERED)["how"]


@pytest.mark.parametrize(
    ("state", "noted", "told"),
    [
        (Running, f"{HERE}:{NO_PROCESS}", Alive.NO),
        (Running, f"{HERE}:1", Alive.UNKNOWN),  # some process has that number; whose, nobody knows
        (Running, f"another.example.com:{NO_PROCESS}", Alive.UNKNOWN),
        (Running, f"{NO_PROCESS}", Alive.UNKNOWN),  # as 3.9.1 has it: a number of whatever machine
        (Pending, f"{HERE}:{NO_PROCESS}", Alive.UNKNOWN),  # perhaps still the note of the previous life
    ],
)
def test_note_of_the_worker(lives, borrowed, state, noted, told):
    """Without a lock, the worker's note of the process counts where it names this machine, and nothing else does."""
    life = lives(borrowed)
    life.start()
    set_state(life, state())

    assert Alive.UNKNOWN is fate(life)

    life.client.update_flow_run(life.runs[-1], infrastructure_pid=noted)

    assert told is fate(life)


@pytest.mark.parametrize("state", [Cancelling, Cancelled])
def test_cancelled_run_stays_so(lives, borrowed, recovering, state):
    """What somebody wanted to end is not brought back, and `attend` names the way of a new run only."""
    life = lives(borrowed)
    life.begin()
    set_state(life, Running())
    name_dead_life(life)
    set_state(life, state())
    (sentence,) = said(life)

    assert "a new run asks whether to go on with its renewal" in sentence
    assert "recover" not in sentence
    with pytest.raises(BadInput, match="was cancelled"):
        recovering(life, "--sworn", "Thea Tester: saw it")
    assert state().name == life.state().name


def test_completed_run_lets_go(lives, borrowed, recovering, capsys):
    """An end in order that was cut short before the lock was released is brought to its end, once."""
    life = lives(borrowed)
    life.begin()
    set_state(life, Running())
    name_dead_life(life)
    set_state(life, Completed())

    assert Exit.DONE is recovering(life)
    assert f"has let {life.cluster} go" in capsys.readouterr().out
    assert holder_of(life.cluster) is None
    assert "Completed" == life.state().name
    with pytest.raises(BadInput, match="has ended as Completed"):
        recovering(life)


def test_what_happens_meanwhile_counts(lives, borrowed, monkeypatch, recovering):
    """A run that is cancelled while recovery waits for its state to settle is not brought back."""
    life = lives(borrowed)
    life.begin()
    set_state(life, Running())
    name_dead_life(life)
    monkeypatch.setattr(recover, "SETTLED", 3)
    person = threading.Timer(1, set_state, [life, Cancelled()])
    person.start()

    with pytest.raises(BadInput, match="was cancelled"):
        recovering(life)
    assert "Cancelled" == life.state().name
    assert str(life.runs[-1]) == holder_of(life.cluster).run
