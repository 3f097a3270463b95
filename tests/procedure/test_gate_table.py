"""docs/gates.md: every way past a gate that anybody thought of, really tried, and what came of it.

Each row begins with a run whose question at gate `start` is open. `make docs` writes the page; here it is compared.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import requests
from prefect.states import Cancelled, Crashed

from deployments.apply import ROOT
from deployments.rehearsal.ground import Ground
from flows.attend import attend_suspended_runs
from tests.conftest import until
from tests.procedure.lives import NO, YES, Lives
from tests.procedure.stage import WORKS, Run

PAGE = ROOT / "docs" / "gates.md"
HEAD = """\
# Gates: what passes them and what does not

Every row was tried on a real Prefect server with a simulated cluster, from a run whose question at gate `start` is
open, and where a row says so at another gate; `make docs` tries them all again and writes this page. A gate is passed
by a recorded yes to this question about this plan, and by nothing else. Where it did not pass, the cluster and the CA
saw no call that changes anything.

The gates: `take-over`, `start`, `submission`, `accept`, `activate`, `sso-off`, `by-hand`, `sso-on`, `cleanup` and
`backup`; on the CallManager path `phones-trust` (S23), `ctl` (CTL by token, S25) and `phones-back` (S26, S30).
The last three are always asked: no profile sets them to `auto`.

| what is done | what happens | does the gate pass? |
|---|---|---|
"""
SECTIONS = "\n## "  # where the table of the other gates begins (test_other_gates.py)
BEFORE = {"start": [], "phones-trust": ["csr"]}  # what changed something before that question
OTHER_PLAN = ("renew_before = 30\n", 'renew_before = 30\nextra_names = ["ucm.example.com"]\n')


@dataclass(frozen=True)
class Row:
    """What is done; the attempt returns what the server said to it, where that is worth telling."""

    done: str
    attempt: Callable[[Lives, Ground], str]
    passes: bool = False
    gate: str = "start"  # whose question is open when it is done; behind it stands the call ``opens``
    opens: str = "csr"


def yes(life: Lives, _: Ground) -> str:
    """The form, filled in."""
    return say(life, YES)


def no(life: Lives, _: Ground) -> str:
    """The same with a no."""
    return say(life, NO)


def say(life: Lives, *forms: dict[str, str]) -> str:
    """Send forms one after another, then live on."""
    said = [life.answer(form) for form in forms]
    life.live()
    return "" if said == ["ACCEPT"] else f"the server says {', then '.join(said)}"


def set_to_scheduled(life: Lives, _: Ground) -> str:
    """A state that is set past the form."""
    life.push()
    life.live()
    return ""


def resumed_by_automation(life: Lives, ground: Ground) -> str:
    """A real automation, whose action sends no input."""
    resource = f"prefect.flow-run.{life.runs[-1]}"
    trigger = {"type": "event", "posture": "Reactive", "threshold": 1, "within": 0, "expect": ["test.wake-up"]}
    life.door.post(
        "/automations/",
        {
            "name": resource,
            "trigger": {**trigger, "match": {"prefect.resource.id": resource}},
            "actions": [{"type": "resume-flow-run"}],
        },
    )
    failed = {"filter": {"event": {"name": ["prefect.automation.action.failed"]}}}

    def told() -> list[str]:
        """Why the action failed; an event that came before the server knew the automation is sent once more."""
        event = {"id": str(uuid4()), "occurred": datetime.now(UTC).isoformat(), "event": "test.wake-up"}
        sent = [{**event, "resource": {"prefect.resource.id": resource}}]
        requests.post(f"{ground.api}/events", json=sent, timeout=30).raise_for_status()
        found = life.door.post("/events/filter", failed)["events"]
        return [one["payload"]["reason"] for one in found if resource in str(one)]

    return f"its action fails: {until(told, WORKS, every=0.5)[0].rpartition(': ')[2]}"


def nobody_answers(life: Lives, _: Ground) -> str:
    """Longer than the profile gives them; `attend` looks."""
    life.profile.write_text(life.profile.read_text() + "\n[gates]\noverdue = 0.0000001\n")
    attend_suspended_runs()
    life.live()
    return ""


def cancelled(life: Lives, _: Ground) -> str:
    """And a new run begun."""
    life.client.set_flow_run_state(life.runs[-1], Cancelled(), force=True)
    life.begin()
    return ""


def taken_over(life: Lives, ground: Ground) -> str:
    """The same, with a yes to going on."""
    cancelled(life, ground)
    return say(life, YES)


def yes_to_another_plan(life: Lives, _: Ground) -> str:
    """The plan changes behind the answer."""
    assert life.answer(YES) == "ACCEPT"
    life.edit(*OTHER_PLAN)
    life.live()
    return ""


def no_to_another_plan(life: Lives, ground: Ground) -> str:
    """And back again before the run looks."""
    yes_to_another_plan(life, ground)
    assert life.answer(NO) == "ACCEPT"
    life.edit(*reversed(OTHER_PLAN))
    life.live()
    return ""


def no_then_yes(life: Lives, _: Ground) -> str:
    """Two answers."""
    return say(life, NO, YES)


def yes_then_no(life: Lives, _: Ground) -> str:
    """Two answers."""
    return say(life, YES, NO)


def press(button: str, life: Lives, ground: Ground) -> None:
    """Retry: V2's button forces the state, V1's and what a script posts do not (prefect.md §2.4)."""
    run = Run(ground.api, str(life.runs[-1]))
    match button:
        case "V2":
            assert "ACCEPT" == run.schedule_again(force=True)
        case "V1":
            assert "ACCEPT" == run.schedule_again(force=False)
        case "REST":
            assert "ACCEPT" == run.schedule_again("Scheduled", force=False)
        case "command":
            command = [sys.executable, "-m", "prefect", "--no-prompt", "flow-run", "retry", run.id]
            subprocess.run(command, env=ground.programs.environment, check=True, capture_output=True, timeout=WORKS)


def died(button: str, *forms: dict[str, str]) -> Callable[[Lives, Ground], str]:
    """The run crashes with the question open, or as soon as it was answered, and is retried."""

    def attempt(life: Lives, ground: Ground) -> str:
        assert all(life.answer(form) == "ACCEPT" for form in forms)
        life.client.set_flow_run_state(life.runs[-1], Crashed(), force=True)
        press(button, life, ground)
        life.live()
        return ""

    return attempt


def after_no(button: str) -> Callable[[Lives, Ground], str]:
    """The run ends with a no, and is retried."""

    def attempt(life: Lives, ground: Ground) -> str:
        life.answered(NO)
        press(button, life, ground)
        life.live()
        return f"renewal {life.renewal().number} is opened"

    return attempt


BUTTONS = {
    "V2": "Retry in the UI (V2)",
    "V1": "Retry in the old UI (V1)",
    "command": "`prefect flow-run retry`",
    "REST": "state Scheduled posted to REST, not forced",
}
ROWS = (
    Row("the form is sent with a yes", yes, passes=True),
    Row("the form is sent with a no", no),
    Row("the state is set to Scheduled from outside", set_to_scheduled),
    Row("an automation resumes the run, which sends no form", resumed_by_automation),
    Row("nobody answers for as long as the profile allows (`gates.overdue`)", nobody_answers),
    Row("the run is cancelled and a new one started", cancelled),
    Row("the same, and the new run is told to go on with the renewal", taken_over),
    Row("a yes, but the plan is another one when the run looks", yes_to_another_plan),
    Row("a yes to plan A, plan B is asked and denied, the plan is A again", no_to_another_plan),
    Row("a no, and then a yes to the same question", no_then_yes),
    Row("a yes, and then a no to the same question", yes_then_no, passes=True),
    *(Row(f"the run crashes with its question open: {name}", died(way)) for way, name in BUTTONS.items()),
    Row(f"a yes, and the run crashes before it looks: {BUTTONS['V1']}", died("V1", YES), passes=True),
    *(Row(f"after a no: {name}", after_no(way)) for way, name in BUTTONS.items()),
    Row("CallManager, question `phones-trust` open: a yes", yes, passes=True, gate="phones-trust", opens="submit"),
    Row(
        "CallManager, question `phones-trust` open: the state is set to Scheduled from outside",
        set_to_scheduled,
        gate="phones-trust",
        opens="submit",
    ),
)


@pytest.fixture(scope="module")
def seen() -> dict[str, str]:
    """The line of each row that was tried."""
    return {}


@pytest.mark.parametrize("row", ROWS, ids=[row.done for row in ROWS])
def test_gate(lives, borrowed, server, seen, row):
    """design.md §4: a gate is passed by a recorded yes to this question about this plan, and by nothing else."""
    life = lives(borrowed) if row.gate == "start" else lives(borrowed, purposes=["CallManager"])
    life.start()
    life.go_to(row.gate)
    first = life.key
    said = row.attempt(life, server)
    passed = row.opens in life.control.kinds()
    seen[row.done] = (
        f"| {row.done} | {'; '.join(happened(life, first, said, row.gate))} | {'**yes**' if passed else 'no'} |"
    )

    assert row.passes == passed
    assert (["csr", "submit"] if passed else BEFORE[row.gate]) == life.control.kinds()


def happened(life: Lives, first: str, said: str, asked: str) -> list[str]:
    """What became of the run, in words."""
    state = life.state()
    told = [said] if said else []
    if state.name != "Suspended":
        message = re.sub(r"[0-9-]{10} [0-9:]{5} UTC", "...", str(state.message))
        return [*told, f"the run ends as {state.name}: {message}"]
    key = life.key
    gate = re.match("start|phones-trust|take-over|ca-pending", key)[0]
    again = "" if gate != asked else ", under the same key" if key == first else ", asked again under another key"
    return [*told, f"the run waits at `{gate}`{again}"]


def test_page_is_as_seen(seen):
    """docs/gates.md has every row, and each says what was seen; with UCRENEW_WRITE_DOCS=1 it is written."""
    if os.environ.get("UCRENEW_WRITE_DOCS"):
        _, mark, others = PAGE.read_text().partition(SECTIONS)
        PAGE.write_text(HEAD + "\n".join(seen[row.done] for row in ROWS) + f"\n{mark}{others}")
    page = PAGE.read_text().partition(SECTIONS)[0]
    written = dict(re.findall(r"^(?=\| (.*?) \|)(\|.*\|)$", page.removeprefix(HEAD), re.MULTILINE))

    assert page.startswith(HEAD)
    assert [row.done for row in ROWS] == list(written)
    assert seen == {done: line for done, line in written.items() if done in seen}
