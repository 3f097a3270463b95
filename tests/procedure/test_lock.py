"""One renewal a cluster (design.md §7): who holds it, who may act, how it is let go, what `attend` says of the dead."""

import socket
from datetime import timedelta
from secrets import token_hex
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.states import AwaitingRetry, Cancelled, Completed, Pending, Running

from flows.attend import attend_suspended_runs
from tasks.lock import Holder, create_only, holder_of, holders, let_go, seize_lock
from tasks.lock import _write as write_lock
from tests.procedure.lives import NO, PUBLISHER, UNASKED, YES, at_note, kill
from ucrenew.errors import NeedsPerson, Permanent
from ucrenew.life import Alive, Life, new_life, parse_life
from ucrenew.record import Kind


def name_another(life) -> None:
    """What a second life of the same run does when it begins, while the first still lives."""
    with get_client(sync_client=True) as client:
        write_lock(client, Holder(life.cluster, str(life.runs[-1]), new_life()))


def put(client, holder: Holder) -> None:
    """Note a lock as the life named in it would have."""
    assert create_only(client, f"ucrenew-lock-{holder.cluster}", holder.words)


def test_held_across_suspension(lives, borrowed):
    """The lock is held while a question is open, and let go at the orderly end; the next run begins at once."""
    life = lives(borrowed)
    life.begin()
    held = holder_of(life.cluster)

    assert held is not None
    assert str(life.runs[-1]) == held.run

    life.answered(NO)

    assert holder_of(life.cluster) is None
    assert "Suspended" == life.begin().name


def test_let_go_when_refused(lives, borrowed):
    """A refusal before anything is an orderly end too."""
    life = lives(borrowed)
    life.control.post(f"/nodes/{PUBLISHER}", {"backup_running": True})

    assert "Failed" == life.begin().name
    assert holder_of(life.cluster) is None


@pytest.mark.parametrize(
    ("moment", "about", "kinds"),
    [
        (Kind.CSR_INTENT, "", []),
        (Kind.SUBMIT_INTENT, "1", ["csr"]),
        (Kind.LEAF_INTENT, "", ["csr", "submit"]),
        (Kind.RESTART_INTENT, f"{PUBLISHER} Cisco Tomcat", ["csr", "submit", "leaf-upload"]),
    ],
)
def test_stale_life_does_not_act(lives, borrowed, monkeypatch, moment, about, kinds):  # noqa: PLR0917
    """A life that another life of its run has replaced stops before its next act, and writes no state."""
    life = lives(borrowed, UNASKED)
    life.ca_issues_at_once()
    with at_note(monkeypatch, moment, lambda: name_another(life), about=about, when="after"):
        state = life.go_anew(force=True)

    assert "Running" == state.name  # what the other life goes on with; this one has written nothing
    assert kinds == [kind for kind in life.control.kinds() if kind != "trust-upload"]
    assert life.said.with_words(life.cluster, "does not hold the lock any more")


def test_stale_life_does_not_suspend(lives, borrowed):
    """A replaced life suspends nothing either: the state is the other one's."""
    life = lives(borrowed)
    with life.said.doing_at("the plan has digest", lambda: name_another(life)):
        state = life.begin()

    assert "Running" == state.name


@pytest.mark.parametrize(
    "states",
    [(AwaitingRetry(), Pending(), Running()), (AwaitingRetry(),), (Cancelled(),)],
    ids=["is worked on", "waits for a worker", "was cancelled"],
)
def test_late_life_takes_nothing_back(lives, borrowed, states):
    """A life that was stopped before it came to the lock leaves it to the one that its run was begun anew with."""
    life = lives(borrowed)
    run = life.start()

    def begin_anew() -> None:
        for state in states:
            life.client.set_flow_run_state(run, state, force=True)
        with get_client(sync_client=True) as client:
            put(client, Holder(life.cluster, str(run), new_life()))

    with life.said.doing_at("Beginning flow run", begin_anew):
        life.live()

    assert states[-1].name == life.state().name
    assert life.said.with_words(f"run {run} was begun anew after this life")
    assert [] == life.control.kinds()
    assert life.renewal() is None


def test_life_over_a_working_one_takes_nothing_back(lives, borrowed):
    """A process that was stopped before it set any state may set Running over Running: it stops all the same."""
    life = lives(borrowed)
    life.begin()
    held = holder_of(life.cluster)
    for state in (AwaitingRetry(), Pending(), Running()):
        life.client.set_flow_run_state(life.runs[-1], state, force=True)
    life.live()

    assert held == holder_of(life.cluster)
    assert "Running" == life.state().name
    assert life.said.with_words("was begun anew after this life")


def test_dead_run_is_taken_over_by_an_answer(lives, borrowed):
    """The lock of a cancelled run goes to another one by an answer only; until then the dead run is named in it."""
    life = lives(borrowed)
    life.begin()
    dead = str(life.runs[-1])
    life.client.set_flow_run_state(life.runs[-1], Cancelled(), force=True)
    life.begin()

    assert life.key.startswith("take-over-")
    assert dead == holder_of(life.cluster).run
    assert dead in life.question()

    life.answered(YES)

    assert life.key.startswith("start-")
    assert str(life.runs[-1]) == holder_of(life.cluster).run


def test_attend_names_dead_holders(lives, borrowed):
    """`attend` says of a cancelled run that it still holds its cluster, and of a running one that its process is gone.

    It puts nothing right: that takes proof or an answer.
    """
    life = lives(borrowed)
    life.begin()
    run = life.runs[-1]
    life.client.set_flow_run_state(run, Cancelled(), force=True)
    attend_suspended_runs()

    assert life.said.with_words(life.cluster, "is still held by", str(run), "Cancelled", "a new run asks")

    gone = Life(socket.gethostname(), new_life().boot, 2**22 - 3, 1, "gone")
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run, Running(), force=True)
        write_lock(client, Holder(life.cluster, str(run), gone))
    attend_suspended_runs()

    assert life.said.with_words(life.cluster, str(run), "says Running", "its process", "is gone")
    assert "Running" == life.state().name


def test_completed_run_is_let_go(lives, borrowed, monkeypatch):
    """A run that ended between its last state and letting go is named after a while."""
    life = lives(borrowed)
    life.begin()
    run = str(life.runs[-1])
    life.client.set_flow_run_state(life.runs[-1], Completed(), force=True)
    attend_suspended_runs()

    assert [] == life.said.with_words(life.cluster, "is still held")

    monkeypatch.setattr("tasks.watching.LETS_GO", timedelta())
    attend_suspended_runs()

    assert life.said.with_words(life.cluster, "is still held by", run, "Completed", "deployments.recover")


def test_every_lock_is_seen(in_process, monkeypatch):  # noqa: ARG001
    """Locks are found however many Variables there are: one page of the server is not all of them."""
    monkeypatch.setattr("tasks.lock._PAGE", 2)
    clusters = [f"many-{token_hex(4)}" for _ in range(5)]
    with get_client(sync_client=True) as client:
        for cluster in clusters:
            put(client, Holder(cluster, str(uuid4()), new_life()))

        assert set(clusters) <= {holder.cluster for holder in holders()}

        for cluster in clusters:
            client.delete_variable_by_name(f"ucrenew-lock-{cluster}")


@pytest.fixture
def held(in_process):  # noqa: ARG001
    """The lock of a cluster that nobody else knows, held by some life of some run."""
    holder = Holder(f"held-{token_hex(4)}", str(uuid4()), new_life())
    with get_client(sync_client=True) as client:
        put(client, holder)
        yield holder
        if holder_of(holder.cluster):
            client.delete_variable_by_name(f"ucrenew-lock-{holder.cluster}")


def test_only_its_own_life_lets_go(held):
    """Another life of the same run frees nothing: the one that is named may be acting at this moment."""
    let_go(Holder(held.cluster, held.run, new_life()))
    kept = holder_of(held.cluster)
    let_go(held)

    assert (held.run, held.life) == (kept.run, kept.life)
    assert holder_of(held.cluster) is None


def test_only_the_dead_run_is_replaced(held):
    """An answer gives away the place of the run that it named, and not of one that was quicker."""
    mine, dead = str(uuid4()), str(uuid4())
    with pytest.raises(NeedsPerson, match=f"was taken by run {held.run} meanwhile"):
        seize_lock(held.cluster, mine, of=dead)
    kept = holder_of(held.cluster)
    seize_lock(held.cluster, mine, of=held.run)

    assert (held.run, held.life) == (kept.run, kept.life)
    assert mine == holder_of(held.cluster).run


def test_attend_answers_the_overdue(lives, borrowed):
    """design.md §4: a question nobody answered for as long as the profile says is answered with an explicit no."""
    life = lives(borrowed)
    life.begin()
    attend_suspended_runs()

    assert "Suspended" == life.state().name

    life.profile.write_text(life.profile.read_text() + "\n[gates]\noverdue = 0.0000001\n")
    attend_suspended_runs()
    state = life.live()

    assert ("Denied", "COMPLETED") == (state.name, state.type.value)
    assert "attend said no at gate 'start': nobody answered since" in state.message
    assert [] == life.control.kinds()
    assert not life.is_open()


def test_attend_has_a_lost_form_asked_again(lives, borrowed, monkeypatch):
    """prefect.md §2.2: a process that dies before it stored the form leaves a question that nobody can answer.

    `attend` has it asked again, under another key, once the form is surely not on its way.
    """
    life = lives(borrowed)
    life.begin()
    first = life.key
    life.client.delete_flow_run_input(life.runs[-1], f"suspended-{first}-schema")
    attend_suspended_runs()

    assert ("Suspended", "REJECT") == (life.state().name, life.answer(YES))

    monkeypatch.setattr("tasks.attending.FORM_COMES", timedelta())
    attend_suspended_runs()

    assert "SCHEDULED" == life.state().type.value

    life.live()

    assert life.key.startswith("start-")
    assert first != life.key
    assert [] == life.control.kinds()
    assert "ACCEPT" == life.answer(YES)


def test_attend_denies_every_form(lives, borrowed, monkeypatch):
    """The explicit no fills in whatever a form demands beside: the CA's number, the neighbours."""
    overdue = "overdue = 0.0000001\n"
    life = lives(borrowed, f'\n[gates]\nstart = "auto"\n{overdue}')
    with at_note(monkeypatch, Kind.REQUEST_ID, kill):
        life.go_anew(force=True)
    life.push()
    life.live()

    assert life.key.startswith("submission-")

    attend_suspended_runs()

    assert "Denied" == life.live().name


def test_failed_renewal_leaves_a_report(lives, borrowed, monkeypatch):
    """S27: a run that fails after a change leaves an artifact: what was done, each node's state, next step, logs."""
    life = lives(borrowed, UNASKED + "\n[limits]\nfan_out = 0.01\n")
    life.ca_issues_at_once()
    stopped = {"services": {"Platform Administrative Web Service": "STOPPED"}}
    with at_note(monkeypatch, Kind.LEAF_INTENT, lambda: life.control.post("/nodes/cs-imp.example.com", stopped)):
        state = life.go_anew(force=True)
    report = life.artifact(f"{life.renewal().key}-failure")

    assert "Failed" == state.name
    assert state.message in report
    for words in ("## Next step", "## Done", "## Not done", "## The nodes now", "file get activelog", PUBLISHER):
        assert words in report
    assert life.simulator.scene["accounts"]["platform"]["password"] not in report


def test_report_stops_at_a_refused_login(lives, borrowed, monkeypatch):
    """The report of a failed run logs in nowhere any more once one login was refused: accounts lock."""
    life = lives(borrowed, UNASKED)
    life.ca_issues_at_once()

    def expire() -> None:
        (life.profile.parent / "platform.password").write_text("of-last-year")
        raise Permanent("made up for this test")

    with at_note(monkeypatch, Kind.ISSUED, expire, when="after"):
        life.go_anew(force=True)
    report = life.artifact(f"{life.renewal().key}-failure")

    assert 1 == life.count("login-refused")
    assert "nothing was asked any more" in report
    assert 2 == report.count("was not looked at")


@pytest.mark.parametrize(("moment", "evidence"), [(Kind.BACKUP, 0), (Kind.EVIDENCE, 1)])
def test_stale_life_does_not_close(lives, borrowed, monkeypatch, moment, evidence):
    """A life that is replaced at its last steps closes nothing, and before its evidence keeps none: the other does."""
    life = lives(borrowed, UNASKED)
    life.ca_issues_at_once()
    with at_note(monkeypatch, moment, lambda: name_another(life), when="after"):
        state = life.go_anew(force=True)

    assert "Running" == state.name
    assert life.is_open()
    assert evidence == len(life.record().facts(Kind.EVIDENCE))


def test_lives_can_be_told_apart():
    """A process that is gone, or whose number was given away, is dead; one of another machine cannot be told."""
    mine = new_life()

    assert Alive.YES is parse_life(str(mine)).alive
    assert mine == parse_life(str(mine))
    assert Alive.NO is Life(mine.host, mine.boot, mine.pid, mine.started + 1, "x").alive
    assert Alive.NO is Life(mine.host, "another boot", mine.pid, mine.started, "x").alive
    assert Alive.UNKNOWN is Life("another.example.com", mine.boot, mine.pid, mine.started, "x").alive
