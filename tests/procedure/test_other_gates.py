"""docs/gates.md, second table: the gates behind `start`, where what passes them differs; each row really tried.

`make docs` writes the table; here it is compared.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from prefect.states import Cancelled

from flows.attend import attend_suspended_runs
from tests.procedure.lives import IMP, NO, PUBLISHER, SUBSCRIBER, UNASKED, YES, Lives
from tests.procedure.test_callmanager import PURPOSE, QUICK
from tests.procedure.test_gate_table import OTHER_PLAN, PAGE, SECTIONS
from tests.simulator.phones import begin, listed
from tests.simulator.walk import Rest
from ucrenew.domain.gate import Gate

HEAD = """\
The gates behind it, as far as they differ

Tried in the same way, each from a run whose question at that gate is open.

| gate | what is done | what happens | does the gate pass? |
|---|---|---|---|
"""


# --- to the open question


def at_activate(life: Lives) -> None:
    """The certificate is issued."""
    life.ca_issues_at_once()
    life.start(force=True)
    life.go_to("activate")


def at_sso_off(life: Lives) -> None:
    """Single sign-on is on at the publisher only."""
    life.control.post(f"/nodes/{PUBLISHER}", {"sso": "enabled"})
    life.ca_issues_at_once()
    life.start(force=True)
    life.go_to("sso-off")


def at_take_over(life: Lives) -> None:
    """The run that the renewal belongs to was cancelled."""
    life.begin(force=True)
    life.client.set_flow_run_state(life.runs[-1], Cancelled(), force=True)
    life.begin(force=True)


def at_by_hand(life: Lives) -> None:
    """A person generates the request."""
    life.profile.write_text(f"{life.profile.read_text()}\n[by_hand]\ncsr = true\n")
    life.start(force=True)
    life.go_to("by-hand")


def at_phones_trust(life: Lives) -> None:
    """The second time: days have passed, and the certificate is about to be put on the nodes."""
    life.ca_issues_at_once()
    life.start(force=True)
    life.go_to("phones-trust")
    assert life.answer(YES) == "ACCEPT"
    life.go_to("phones-trust")


def at_ctl(life: Lives) -> None:
    """A cluster in mixed mode whose CTL was signed by a token, before 14SU3."""
    begin(life.simulator, security_mode=1, signed_by="token")
    for node in (PUBLISHER, SUBSCRIBER, IMP):
        life.control.post(f"/nodes/{node}", {"version": "14.0.1.10000-20"})
    at_phones_trust(life)
    assert life.answer(YES) == "ACCEPT"
    life.go_to("ctl")


def at_phones_back(life: Lives) -> None:
    """Two phones were taken from the wall before the first restart."""
    begin(life.simulator)
    at_phones_trust(life)
    for name in [phone["name"] for phone in listed(life.simulator) if phone["registered"]][:2]:
        life.control.post(f"/phones/{name}", {"power": "off"})
    assert life.answer(YES) == "ACCEPT"
    life.go_to("phones-back")


# --- what is done


def yes(life: Lives) -> None:
    """The form, filled in."""
    life.answered(YES)


def no(life: Lives) -> None:
    """The same with a no."""
    life.answered(NO)


def set_to_scheduled(life: Lives) -> None:
    """A state that is set past the form."""
    life.push()
    life.live()


def nobody_answers(life: Lives) -> None:
    """Longer than the profile gives them; `attend` looks."""
    life.edit('start = "auto"\n', 'start = "auto"\noverdue = 0.0000001\n')
    attend_suspended_runs()
    if life.state().name != "Suspended":
        life.live()


def yes_to_another_plan(life: Lives) -> None:
    """The plan changes behind the answer."""
    assert life.answer(YES) == "ACCEPT"
    life.edit(*OTHER_PLAN)
    life.live()


def yes_to_one_node(life: Lives) -> None:
    """It is switched on at another node behind the answer."""
    assert life.answer(YES) == "ACCEPT"
    life.control.post(f"/nodes/{SUBSCRIBER}", {"sso": "enabled"})
    life.live()


def yes_when_done(life: Lives) -> None:
    """A person did it, and says so."""
    Rest(life.simulator, account=life.simulator.scene["people"]["person"]).csr(commonName=PUBLISHER)
    life.answered(YES)


ON_ITS_PATH = {Gate.CTL, Gate.PHONES_BACK}  # those of the CallManager path


@dataclass(frozen=True)
class Row:
    """One way past a gate; ``behind`` is the ledger's kind that stands behind it, empty: the renewal's owner."""

    gate: Gate
    open: Callable[[Lives], None]
    done: str
    attempt: Callable[[Lives], None]
    behind: str = ""
    passes: bool = False

    @property
    def title(self) -> str:
        """Gate and what is done."""
        return f"`{self.gate}` | {self.done}"


SCHEDULED, OVERDUE = "the state is set to Scheduled from outside", "nobody answers for as long as the profile allows"
ROWS = (
    Row(Gate.ACTIVATE, at_activate, SCHEDULED, set_to_scheduled, "leaf-upload"),
    Row(
        Gate.ACTIVATE,
        at_activate,
        "a yes, but the plan is another one when the run looks",
        yes_to_another_plan,
        "leaf-upload",
    ),
    Row(Gate.ACTIVATE, at_activate, OVERDUE, nobody_answers, "leaf-upload"),
    Row(Gate.SSO_OFF, at_sso_off, "a yes, but another node has it on when the run looks", yes_to_one_node, "sso"),
    Row(Gate.TAKE_OVER, at_take_over, "the form is sent with a yes", yes, passes=True),
    Row(Gate.TAKE_OVER, at_take_over, "the form is sent with a no", no),
    Row(Gate.TAKE_OVER, at_take_over, SCHEDULED, set_to_scheduled),
    Row(Gate.TAKE_OVER, at_take_over, OVERDUE, nobody_answers),
    Row(Gate.BY_HAND, at_by_hand, "a yes, and nothing was done", yes, "submit"),
    Row(Gate.BY_HAND, at_by_hand, "a yes, and it was done", yes_when_done, "submit", passes=True),
    Row(Gate.CTL, at_ctl, "a yes, and nothing was done", yes, "restart"),
    Row(Gate.PHONES_BACK, at_phones_back, SCHEDULED, set_to_scheduled, "restart"),
)


@pytest.fixture(scope="module")
def seen() -> dict[str, str]:
    """The line of each row that was tried."""
    return {}


@pytest.mark.parametrize("row", ROWS, ids=[row.title for row in ROWS])
def test_gate(lives, borrowed, seen, row, monkeypatch):
    """design.md §4: every gate is passed by a recorded yes to its own question, and by-hand by what is seen besides."""
    # How long a request is looked for that nobody generated; it is minutes for one that spreads over a real cluster.
    monkeypatch.setattr("ucrenew.steps.csr.FAN_OUT", timedelta(seconds=3))
    life = lives(borrowed, UNASKED + QUICK, **PURPOSE) if row.gate in ON_ITS_PATH else lives(borrowed, UNASKED)
    row.open(life)
    first, is_open = life.key, f"{row.gate}-"
    assert first.startswith(is_open)
    before = life.count(row.behind)
    row.attempt(life)
    passed = life.count(row.behind) > before if row.behind else life.renewal().run == str(life.runs[-1])
    seen[row.title] = f"| {row.title} | {happened(life, first)} | {'**yes**' if passed else 'no'} |"

    assert row.passes == passed


def happened(life: Lives, first: str) -> str:
    """What became of the run, in words."""
    state = life.state()
    if state.name != "Suspended":
        message = re.sub(r"[0-9-]{10} [0-9:]{5} UTC", "...", str(state.message))
        ended = "" if life.is_open() else "; the renewal is closed"
        return f"the run ends as {state.name}: {message}{ended}"
    gate = next(gate for gate in ("ca-pending", *Gate) if life.key.startswith(f"{gate}-"))
    again = "" if not first.startswith(f"{gate}-") else ", as before" if life.key == first else ", asked again"
    said = "; `attend` says so" if life.said.with_words(life.cluster, "nobody has answered at gate") else ""
    return f"the run waits at `{gate}`{again}{said}"


def test_page_is_as_seen(seen):
    """docs/gates.md has every row, and each says what was seen; with UCRENEW_WRITE_DOCS=1 it is written."""
    first, mark, table = PAGE.read_text().partition(SECTIONS)
    if os.environ.get("UCRENEW_WRITE_DOCS"):
        table = HEAD + "\n".join(seen[row.title] for row in ROWS) + "\n"
        PAGE.write_text(f"{first}{SECTIONS}{table}")
    written = {title: line for line in table.removeprefix(HEAD).splitlines() if (title := _title(line))}

    assert mark or os.environ.get("UCRENEW_WRITE_DOCS")
    assert table.startswith(HEAD)
    assert [row.title for row in ROWS] == list(written)
    assert seen == {title: line for title, line in written.items() if title in seen}


def _title(line: str) -> str:
    return " | ".join(line.removeprefix("| ").split(" | ")[:2])
