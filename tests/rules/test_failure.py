"""What a failed renewal leaves for people: done, not done, each node's state, the next step, the logs."""

from datetime import timedelta

import pytest

from ucrenew.clients.sessions import Unanswered
from ucrenew.domain.failure import Progress, failure_report, last_sentence, next_step
from ucrenew.errors import LoginRefused, Permanent, Transient

from .builder import NODES, PRESENCE, PUBLISHER, SUBSCRIBER
from .lab import plan_of

CSR, LEAF = "c5" * 32, "1eaf" * 16
SIGNED = {"csr": CSR, "submitted": True, "request_id": 32, "issued": LEAF}


@pytest.fixture
def plan(tmp_path):
    return plan_of(tmp_path)


def report(plan, progress, *, why="cs-ccm-sub: refused", nodes=None):
    return failure_report(plan, progress, why=why, nodes=nodes or {}, since=timedelta(hours=2))


def section(text, title):
    """The lines of one section of the report."""
    body = text.partition(f"## {title}\n\n")[2].partition("\n\n")[0]
    return [line.removeprefix("- ") for line in body.splitlines()]


def test_sections_in_order(plan):
    """The report says what failed, then the next step, what was done and not, every node, and the logs (S27)."""
    text = report(plan, Progress())
    titles = [line for line in text.splitlines() if line.startswith("#")]

    assert [
        "# tomcat on lab: the renewal failed",
        "## Next step",
        "## Done",
        "## Not done",
        "## The nodes now",
        "## Logs for TAC",
    ] == titles
    assert "\n\ncs-ccm-sub: refused\n\n" in text
    assert "file get activelog platform/log/certMgmt*.log reltime hours 2 compress" in text


def test_nothing_done(plan):
    """Before the request everything is undone, and that the cluster is as it was is said."""
    text = report(plan, Progress())

    assert ["nothing: the cluster is as it was"] == section(text, "Done")
    assert ["request", "submission", "certificate", "upload of the certificate"] == section(text, "Not done")[:4]
    assert [f"restart of {one}" for one in plan.restarts] == section(text, "Not done")[4:-1]
    assert "proof of what every node serves" == section(text, "Not done")[-1]


def test_request_without_an_answer(plan):
    """A request whose answer was lost counts neither as done nor as not done: only the next look can tell (S7)."""
    text = report(plan, Progress(csr_begun=True))

    assert ["request: perhaps generated, no answer came"] == section(text, "Done")
    assert "submission" == section(text, "Not done")[0]


def test_half_of_the_restarts(plan):
    """Between two restarts the report tells which were done, which one's end was not seen, and which wait (S19)."""
    done, unsure, waiting = plan.restarts[:5], plan.restarts[5], plan.restarts[6:]
    progress = Progress(**SIGNED, leaf_begun=True, restarts_begun=plan.restarts[:6], restarts_done=done)

    text = report(plan, progress)

    assert [
        f"request generated, `{CSR}`",
        "submitted, the CA's number is 32",
        f"certificate issued, `{LEAF}`",
        "CA certificates uploaded; the upload of the certificate begun",
        *(f"{one} restarted" for one in done),
    ] == section(text, "Done")
    assert [
        f"Cisco Tomcat on {SUBSCRIBER}: begun, its end was not seen",
        *(f"restart of {one}" for one in waiting),
        "proof of what every node serves",
    ] == section(text, "Not done")
    assert unsure == plan.restarts[5]
    assert "side by side" in next_step(plan, Progress(**SIGNED, leaf_begun=True, restarts_done=done))


def test_everything_restarted(plan):
    """After the last restart only the proof is left."""
    progress = Progress(**SIGNED, leaf_begun=True, restarts_begun=plan.restarts, restarts_done=plan.restarts)

    assert ["proof of what every node serves"] == section(report(plan, progress), "Not done")


def test_every_node_has_a_state(plan):
    """The state of every node is shown, line by line; a node that nobody could look at is said to be that."""
    text = report(plan, Progress(), nodes={PUBLISHER: ("serves the old certificate", "Cisco Tomcat is STARTED")})

    assert [
        f"{PUBLISHER}: serves the old certificate",
        f"{PUBLISHER}: Cisco Tomcat is STARTED",
        f"{SUBSCRIBER}: was not looked at",
        f"{PRESENCE}: was not looked at",
    ] == section(text, "The nodes now")


STEPS = {
    "nothing": ({}, "nothing was changed"),
    "request without an answer": ({"csr_begun": True}, "a tomcat request may have been generated, and it looks for it"),
    "request": ({"csr": CSR}, "Let nobody generate another tomcat request"),
    "submission without an answer": ({"csr": CSR, "submitted": True}, "look into the CA's list"),
    "pending": ({"csr": CSR, "submitted": True, "request_id": 32}, "Let nobody generate another tomcat request"),
    "issued": (SIGNED, "nothing that users notice was changed"),
    "issued by hand": ({"csr": CSR, "submitted": True, "issued": LEAF}, "nothing that users notice was changed"),
    "leaf": ({**SIGNED, "leaf_begun": True}, f"Cisco Tomcat on {PUBLISHER}. Until then the old certificate is served"),
}


@pytest.mark.parametrize("kind", STEPS)
def test_next_step(plan, kind):
    """For every point at which a renewal can stop there is one next step, and it never asks for a second request."""
    known, told = STEPS[kind]

    found = next_step(plan, Progress(**known))

    assert told in found
    assert [found] == section(report(plan, Progress(**known)), "Next step")


def test_next_step_after_unseen_restart(plan):
    """Where the end of a restart was not seen, the service is looked up first, with the command that starts it."""
    progress = Progress(**SIGNED, leaf_begun=True, restarts_begun=plan.restarts[:1])

    assert next_step(plan, progress).startswith(
        f"look at 'utils service list' on {PUBLISHER}; where Cisco Tomcat is not STARTED,"
        " 'utils service start Cisco Tomcat'."
    )


def test_next_step_before_proof(plan):
    """When only the proof is missing the run is retried: nothing is restarted again."""
    progress = Progress(**SIGNED, leaf_begun=True, restarts_begun=plan.restarts, restarts_done=plan.restarts)

    assert next_step(plan, progress).startswith("retry this run: everything is restarted")


@pytest.mark.parametrize("known", [{}, {**SIGNED, "leaf_begun": True}])
def test_sign_on_left_off(plan, known):
    """Single sign-on that is still off is told in the next step and among what is not done, wherever it is (S3)."""
    progress = Progress(**known, sso_off=NODES[:2])

    assert f"Single sign-on was, or was about to be, switched off on {PUBLISHER}, {SUBSCRIBER}" in next_step(
        plan, progress
    )
    assert f"single sign-on on again on {SUBSCRIBER}" in section(report(plan, progress), "Not done")


def test_lost_number(plan):
    """A submission whose number was lost is told as that; one by hand that was issued needs no number (S14)."""
    lost = report(plan, Progress(csr=CSR, submitted=True))
    by_hand = report(plan, Progress(csr=CSR, submitted=True, issued=LEAF))

    assert "submission: perhaps done, no number was noted" in section(lost, "Not done")
    assert not any("submission" in line for line in section(by_hand, "Not done"))


def test_no_secret_in_report(plan):
    """What came back from a node may hold a secret, and the report does not (S27)."""
    text = report(
        plan, Progress(), why="node said: passphrase is ::tomcat123", nodes={PUBLISHER: ('"password": "tomcat456"',)}
    )

    assert "tomcat123" not in text
    assert "tomcat456" not in text
    assert "(`passphrase is ::`)" in text


@pytest.mark.parametrize(
    ("trouble", "advice"),
    [
        (Transient("pub: no connection"), "When that is put right, retry this run"),
        (Unanswered("pub: no answer"), "When that is put right, retry this run"),
        (LoginRefused("pub: account a was refused"), "Put the account or its password right, then retry this run"),
    ],
)
def test_sentence_says_what_to_do(trouble, advice):
    """A run that stops for what may pass by itself, or for a refused login, says that it can be retried then."""
    said = last_sentence(trouble)

    assert said.startswith(f"{trouble}. {advice}")
    assert "\n" not in said


def test_own_advice_stands_alone():
    """A sentence that tells itself what to do is the last one as it is."""
    assert "pub: refused; begin again" == last_sentence(Permanent("pub: refused; begin again"))
