"""How a trial of a reading ended, in the words of docs/readings.md, and what people do in it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import Simulator
from tests.procedure import faults_page
from tests.procedure.bench import Bench
from tests.procedure.drill import SHORTENED, Drill, Drilled, drilled
from tests.procedure.faults import End, Fault
from tests.procedure.lives import PUBLISHER, ROOT_CA, TOMCAT
from tests.simulator.walk import TestCa, sha256
from ucrenew.domain import checks
from ucrenew.domain.finding import Reason, refusals
from ucrenew.domain.purpose import Purpose
from ucrenew.steps.survey import survey


def of_fault(simulator: Simulator, folder: Path, fault: Fault) -> str:
    """What a renewal said to it, and that it was renewed when a person had done their part."""
    made = whole(drilled(simulator, folder, [fault]))
    end = made.seen[0].end
    return end.how if end.how == "renewed" else f"{in_words(end)}. Put right, it is {made.end.how}"


def whole(made: Drilled) -> Drilled:
    """The same, when nothing is as it must not be."""
    assert () == made.complaints, made.complaints
    return made


def in_words(end: End) -> str:
    """An end as the page tells it: a question by its heading and what comes first."""
    says = faults_page.plain(end.says, SHORTENED)
    if end.question is not None:
        heading, told = sorted(says.split("\n\n")[:2], key=lambda one: not one.startswith("###"))
        says = f"*{heading.removeprefix('### ')}* {told.replace('**', '')}"
    return f"{end.how}: {says}" if says else end.how


def refused_at_once(simulator: Simulator, folder: Path) -> str:
    """What preflight refuses of the cluster as it is."""
    bench = Bench(simulator, folder, looks=False)
    found = refusals(checks.preflight(survey(bench.site, Purpose.TOMCAT)))
    assert [] == simulator.control.ledger()
    return f"refused before anything: {re.sub('serial [0-9a-f]+', 'serial …', str(found[0]))}"


def told_at_once(simulator: Simulator, folder: Path, reason: Reason) -> str:
    """What the first question has to say of the cluster as it is."""
    bench = Bench(simulator, folder, looks=False)
    found = checks.preflight(survey(bench.site, Purpose.TOMCAT))
    assert () == refusals(found)
    return f"told before anything: {next(one for one in found if one.reason is reason)}"


# --- what people and nodes do


def helps(drill: Drill, end: End) -> None:
    """Generates the request where there is none of this renewal yet, and says that it is done."""
    if end.question is None:
        return
    if "csr" not in [one["kind"] for one in drill.control.ledger() if "refused" not in one]:
        word = drill.control.state()["readings"]["multi_server_word"]
        drill.generate(distribution=word)
    drill.say_done(end.question)


def clears_the_way(drill: Drill, end: End) -> None:
    """Deletes the newer certificate of that name on every node, uploads ours and says that it is done."""
    (ours,) = (sha256(one) for one in drill.chain if one.issuer == one.subject)
    for node in drill.control.state()["nodes"]:
        for entry in node["trust"]["tomcat-trust"]:
            if f"CN={ROOT_CA}," in entry["subject"] and entry["fingerprint"] != ours:
                drill.control.post(f"/nodes/{node['name']}", {"remove_trust": entry["fingerprint"]})
    drill.hand().trust(*drill.chain)
    drill.say_done(end.question)


def tomcat(simulator: Simulator, state: str) -> None:
    """The publisher's Tomcat in this state."""
    simulator.control.post(f"/nodes/{PUBLISHER}", {"services": {TOMCAT: state}})


def installed(simulator: Simulator) -> list[str]:
    """The installed Tomcat certificate of every node."""
    return [node["identity"]["tomcat"]["installed"] for node in simulator.control.state()["nodes"]]


def deleted(simulator: Simulator, folder: Path) -> str:
    """Where a CA certificate is gone that our client deletes on the publisher."""
    bench = Bench(simulator, folder, looks=False)
    root = TestCa().root
    bench.hand().trust(root)
    with bench.site.cli(bench.site.profile.publisher) as cli:
        common_name = root.subject.rfc4514_string().partition("=")[2]
        (file,) = (one.file for one in cli.certificate_list_trust() if common_name.replace(" ", "_") in one.file)
        cli.delete_trust("tomcat-trust", file)
    names = [entry.name for entry in bench.site.profile.nodes]
    gone = [name for name in names if root not in bench.site.rest(bench.site.entry(name)).trust("tomcat")]
    return "gone on every node" if gone == names else f"gone on {', '.join(gone)}"
