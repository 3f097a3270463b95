"""What our own client makes of a reading that concerns one call, or a situation that no good renewal meets: one line.

The simulator is bent to the setting before; each trial makes the situation, calls what the flow calls, and looks at
the cluster itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from deployments.rehearsal.scene import write_profile
from tests.conftest import Simulator, bend_back
from tests.procedure.bench import Bench
from tests.procedure.drill import Drill, prepare
from tests.procedure.faults import Bend, Fault
from tests.procedure.lives import DRF_LOCAL, IMP, PUBLISHER, SUBSCRIBER, TOMCAT, scene_now
from tests.procedure.readings_ends import (
    clears_the_way,
    deleted,
    helps,
    in_words,
    installed,
    of_fault,
    refused_at_once,
    told_at_once,
    tomcat,
)
from tests.procedure.test_changed_meanwhile import known_by_name, pins
from tests.procedure.walk_of_readings import Walk
from tests.simulator.walk import TestCa, parsed
from ucrenew.clients.certmgr import NodeRefused
from ucrenew.clients.platform_cli import PlatformCli
from ucrenew.domain.finding import Reason
from ucrenew.domain.plan import Restart
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import BadInput, Transient
from ucrenew.profile import load_profile
from ucrenew.record import Kind
from ucrenew.steps import services, sso
from ucrenew.steps.restart import ensure_restarted
from ucrenew.steps.survey import survey

CLIENTS = Path(__file__).parents[2] / "ucrenew" / "clients"
Trial = Callable[[Simulator, Path], str]


def forbidden_status(simulator: Simulator, folder: Path) -> str:
    """The account loses its privilege just before the request is generated."""
    lost: Bend = (f"/nodes/{PUBLISHER}", {"privilege": 0})
    return of_fault(simulator, folder, Fault("no privilege", "", (lost,), (Kind.CSR_INTENT, ""), person=helps))


def while_tomcat_starts(simulator: Simulator, folder: Path) -> str:
    """The publisher's Tomcat is coming up while its certificates are read, and then it is up."""
    bench = Bench(simulator, folder, looks=False)
    tomcat(simulator, "STARTING")
    publisher = bench.site.profile.publisher
    with pytest.raises(Transient):
        bench.site.rest(publisher).snapshot()
    tomcat(simulator, "STARTED")
    return "asked again, and read" if bench.site.rest(publisher).snapshot().identities else ""


def multi_server_word(simulator: Simulator, folder: Path) -> str:
    """With the profile's word as it is; then with the one that this cluster takes."""
    first = of_fault(simulator, folder, Fault("another word", "", (), person=helps))
    walk = Walk(simulator, folder / "told")
    walk.be_told_the_word()
    told = walk.walk().how
    return first if first == told else f'{first}; {told} with `distribution = "{walk.word}"` in the profile'


def ec_word(simulator: Simulator, folder: Path) -> str:
    """A profile that asks for an elliptic key."""
    profile = write_profile(simulator.scene, folder)
    profile.write_text(profile.read_text().replace("[certificate]\n", '[certificate]\nkey = { type = "ec" }\n', 1))
    with pytest.raises(BadInput, match=r"certificate\.key\.type") as refused:
        load_profile(profile)
    return f'never asked for: a profile with `type = "ec"` is refused, {str(refused.value).partition(": ")[2]}'


def reuse_hides_callmanager(simulator: Simulator, folder: Path) -> str:
    """CallManager reuses the Tomcat certificate."""
    simulator.control.post("/cluster", {"reuse_tomcat": True})
    return told_at_once(simulator, folder, Reason.TOMCAT_REUSED)


def key_mismatch_status(simulator: Simulator, folder: Path) -> str:
    """A certificate of another request is uploaded."""
    bench, ca = Bench(simulator, folder, looks=False), TestCa()
    request, before = parsed(bench.hand().csr()), installed(simulator)
    rest = bench.site.rest(bench.site.profile.publisher)
    with pytest.raises(NodeRefused) as refused:
        rest.upload_identity("tomcat", [ca.sign(request, key=ca.key)])
    assert before == installed(simulator)
    return f"stops, {refused.value.reason}: {str(refused.value).rpartition('; ')[2]}"


def older_namesake(simulator: Simulator, folder: Path) -> str:
    """The store has a newer certificate of the root's name, which a person deletes when asked."""
    newer: Bend = ("/cluster", {"namesake_trust": {"of": "root", "starts": "later"}})
    return of_fault(simulator, folder, Fault("namesake", "", (newer,), (Kind.REQUEST_ID, ""), person=clears_the_way))


def partial_fan_out(simulator: Simulator, folder: Path) -> str:
    """The IM&P node is down while the request is generated, and then it is there; a person does what is asked."""
    prepare(simulator)
    drill, before = Drill(simulator, folder), simulator.control.state()
    drill.set(Fault("down", "", ((f"/nodes/{IMP}", {"reachable": False}),), (Kind.CSR_INTENT, "")))
    said = [drill.walk()]
    bend_back(simulator.control, before)
    while said[-1].how != "renewed":
        if said[-1].question is not None:
            drill.generate()
            drill.say_done(said[-1].question)
        if (end := drill.walk()) == said[-1]:
            break
        said.append(end)
    assert said[-1].how == "renewed" or "submit" not in simulator.control.kinds()
    return ". When it is back: ".join(in_words(one).rstrip(".") for one in said)


def common_name_in_san(simulator: Simulator, folder: Path) -> str:
    """The common name is no node's."""
    drill = Drill(simulator, folder)
    text = drill.path.read_text()
    drill.path.write_text(text.replace(f'common_name = "{PUBLISHER}"', 'common_name = "uc.example.com"', 1))
    end = drill.walk()
    assert (end.how == "renewed") == ("submit" in simulator.control.kinds())
    return in_words(end)


def ssh_login(simulator: Simulator, folder: Path) -> str:
    """A login at both releases, the older one offering other methods."""
    bench, found = Bench(simulator, folder, looks=False), []
    for version in ("15.0.1.11900-40", "12.5.1.11900-146"):
        simulator.control.post("/cluster", {"version": version})
        with bench.site.cli(bench.site.profile.publisher) as cli:
            found.append(cli.version_active())
    return f"logs in at {' and '.join(found)}"


def on_hangup(simulator: Simulator, folder: Path) -> str:
    """The session is lost while a service stops: nobody waits for the answer any more."""
    bench = Bench(simulator, folder)
    simulator.control.post("/cluster", {"service_stop_seconds": 0.6})
    plan = replace(bench.plan, restarts=(Restart(SUBSCRIBER, DRF_LOCAL),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "RESTS", timedelta(seconds=1))
        patch.setattr(services, "LOOKS_EVERY", 0.1)
        patch.setitem(PlatformCli.restart.__kwdefaults__, "deadline", 0.2)
        bench.before_acting = lambda: None if bench.acts == 1 else patch.undo()
        assert ensure_restarted(bench.site, bench.record, plan, bench.ca.root) is None
    given = [one["kind"] for one in simulator.control.ledger() if one["node"] == SUBSCRIBER]
    assert "STARTED" == simulator.control.node(SUBSCRIBER)["services"][DRF_LOCAL]["state"]
    return f"seen STARTED, after {' and '.join(given)}"


def imp_application(simulator: Simulator, folder: Path) -> str:
    """The IM&P node is not in the profile: with `discover` the publisher's list has to tell what it is."""
    bench = Bench(simulator, folder, looks=False)
    (node,) = (one for one in scene_now(simulator)["nodes"] if one["name"] == IMP)
    head, _, _ = bench.path.read_text().partition(f'\n[[nodes]]\nname = "{IMP}"')
    bench.path.write_text(f"discover = true\n{pins(node)}{head}")
    bench.site = bench.opened()
    with pytest.MonkeyPatch.context() as patch:
        known_by_name(patch, node)
        seen = survey(bench.site, Purpose.TOMCAT)
    (found,) = (one.node for one in seen.nodes if one.node.name == IMP)
    return f"taken for the {found.product} {found.role}"


def backup_running_form(simulator: Simulator, folder: Path) -> str:
    """A backup is under way."""
    simulator.control.post(f"/nodes/{PUBLISHER}", {"backup_running": True})
    return refused_at_once(simulator, folder)


def cert_delete_asks(simulator: Simulator, folder: Path) -> str:
    """A CA certificate is deleted."""
    return f"deleted, {deleted(simulator, folder)}"


def trust_delete_scope(simulator: Simulator, folder: Path) -> str:
    """The same."""
    return f"looked for on every node: {deleted(simulator, folder)}"


def sso_off(simulator: Simulator, folder: Path) -> str:
    """Single sign-on is on everywhere, and a person allows that it is switched off."""
    simulator.control.post("/cluster", {"sso": "enabled"})
    bench = Bench(simulator, folder)
    question = sso.ensure_off(bench.site, bench.record, bench.plan)
    assert question is not None
    bench.say_done(question)
    bench.record.note(Kind.ANSWER, {"gate": question.gate, "matter": question.matter, "decision": "approve"})
    assert sso.ensure_off(bench.site, bench.record, bench.plan) is None
    assert {"disabled"} == {node["sso"] for node in simulator.control.state()["nodes"]}
    count = simulator.control.kinds().count("sso")
    return f"seen off on every node, after {'one command' if count == 1 else f'{count} commands'}"


def soap_prefix(simulator: Simulator, folder: Path) -> str:
    """Control Center is asked since when a service runs."""
    bench = Bench(simulator, folder, looks=False)
    center = bench.site.control_center(bench.site.profile.publisher)
    assert center is not None
    service = center.services([TOMCAT])[TOMCAT]
    assert service.up_seconds is not None
    return "reads since when a service runs"


def unsaid(name: str) -> str:
    """That our client says nothing of the kind: for dialogues that only people have."""
    what, in_words = UNSAID[name]
    assert [] == [file.name for file in CLIENTS.glob("*.py") if what in file.read_text()]
    return f"it never {in_words}"


UNSAID: Mapping[str, tuple[str, str]] = {
    "options_path": ("/options", "asks for them"),
    "on_interrupt": ("\\x03", "sends Ctrl-C"),
    "csr_generated_blanks": ("set csr gen", "says `set csr gen`"),
    "csr_overwrite_asks": ("set csr gen", "says `set csr gen`"),
    "paste_ends": ("set cert import", "says `set cert import`"),
}
TRIALS: Mapping[str, Trial] = {
    **{one.__name__: one for one in (
        forbidden_status, while_tomcat_starts, multi_server_word, ec_word, reuse_hides_callmanager,
        key_mismatch_status, older_namesake, partial_fan_out, common_name_in_san, ssh_login, on_hangup,
        imp_application, backup_running_form, cert_delete_asks, trust_delete_scope, soap_prefix,
    )},
    **dict.fromkeys(("sso_disable_asks", "sso_disable_scope", "sso_disabled_words"), sso_off),
}  # fmt: skip
