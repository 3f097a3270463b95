"""What the commands say to a person's mistakes and to trouble at the other end: one sentence, an exit code, no traces.

Everything is begun at the start, in the order of the tests and two at a time; each test waits for its own.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.apply import ROOT
from deployments.rehearsal.ground import Ground
from deployments.rehearsal.prefect_door import PrefectDoor
from deployments.rehearsal.programs import free_port
from deployments.rehearsal.scene import write_profile
from tests.conftest import Simulator, start_simulator, stop_simulator
from tests.procedure.stage import PRESENCE, PUBLISHER, SUBSCRIBER, WORKS, Followed, Run, started_unasked

Bend = Callable[[Simulator, Path], object]


@dataclass(frozen=True)
class Trouble:
    """What is wrong for one run, and how that has to end."""

    bend: Bend
    code: int
    says: str
    ledger: tuple[str, ...] = ()


def edit(old: str, new: str) -> Bend:
    """Replace the first occurrence of a text in the profile."""

    def bend(_simulator: Simulator, profile: Path) -> None:
        text = profile.read_text()
        assert old in text
        profile.write_text(text.replace(old, new, 1))

    return bend


def fault(kind: str, node: str) -> Bend:
    """Switch a fault of the simulator on."""
    return lambda simulator, _: simulator.control.post("/faults", {"kind": kind, "node": node, "on": True})


def no_prompt(simulator: Simulator, profile: Path) -> None:
    """No prompt ever comes at the publisher, and the profile waits ten seconds for one."""
    fault("no-prompt", PUBLISHER)(simulator, profile)
    profile.write_text(profile.read_text() + "\n[limits]\nprompt = 10\n")


def unresolvable(_simulator: Simulator, profile: Path) -> None:
    """The subscriber has an address that no name server knows (RFC 6761 reserves .invalid)."""
    before, entry = profile.read_text().split(f'name = "{SUBSCRIBER}"')
    profile.write_text(
        before + f'name = "{SUBSCRIBER}"' + re.sub(r'address = "\S+"', 'address = "nowhere.invalid"', entry, count=1)
    )


def wrong_password(_simulator: Simulator, profile: Path) -> None:
    """The password file holds another password."""
    (profile.parent / profile.stem / "platform.password").write_text("not-the-password")


TROUBLES = {
    "unknown-node": Trouble(unresolvable, 2, rf"{SUBSCRIBER}\S* .*no address is known for nowhere\.invalid"),
    "unreachable-node": Trouble(
        lambda simulator, _: simulator.control.post(f"/nodes/{PRESENCE}", {"reachable": False}),
        1,
        rf"{PRESENCE}.* Connection refused",
    ),
    "html": Trouble(fault("html", PUBLISHER), 1, rf"{PUBLISHER}\S* .*(HTML|html|JSON)"),
    "no-prompt": Trouble(no_prompt, 1, rf"{PUBLISHER}: .*no answer within 10 s"),
    "wrong-password": Trouble(wrong_password, 1, rf"{PUBLISHER}\S* .*osadmin", ("login-refused",)),
}


@dataclass(frozen=True)
class Ended:
    """A renewal that came to its end, and the cluster that it was about."""

    simulator: Simulator
    run: Run
    text: str
    code: int

    @property
    def last_line(self) -> str:
        """The last line that the command printed."""
        return self.text.rstrip().rpartition("\n")[2]


Drive = Callable[[Simulator, Run], None]


AT_A_TIME = 2  # more would only share the processors, and each step has a time limit of its own


class Troupe:
    """Renewals that go on side by side, each with a simulator of its own."""

    def __init__(self, ground: Ground, folder: Path) -> None:
        self._ground, self._folder = ground, folder
        self._pool = ThreadPoolExecutor(AT_A_TIME)
        self._playing: dict[str, Future[Ended]] = {}
        self.simulators: dict[str, Simulator] = {}
        self.profiles: dict[str, Path] = {}

    def set_up(self, *names: str) -> None:
        """A simulator each, and a profile in one folder for all."""
        for name in names:
            (self._folder / name).mkdir()
        arguments = ("--latency", "0", "--seed", "1")
        started = self._pool.map(lambda name: start_simulator(self._folder / name, *arguments), names)
        self.simulators = dict(zip(names, started, strict=True))
        self.profiles = {name: self._write(name, simulator) for name, simulator in self.simulators.items()}

    @property
    def folder(self) -> Path:
        """The folder of all profiles."""
        return self._folder / "profiles"

    def _write(self, name: str, simulator: Simulator) -> Path:
        """A profile whose files lie in a folder of its own, named like it."""
        apart = write_profile(simulator.scene, self.folder / f"c-{name}", cluster=f"c-{name}")
        text = re.sub(r'"([\w-]+\.(?:pem|password))"', rf'"c-{name}/\1"', apart.read_text())
        profile = self.folder / apart.name
        apart.unlink()
        profile.write_text(text)
        return profile

    def play(self, name: str, drive: Drive) -> None:
        """Begin a renewal."""
        self._playing[name] = self._pool.submit(self._act, name, drive)

    def ended(self, name: str) -> Ended:
        """Wait for its end."""
        return self._playing[name].result(3 * WORKS)

    def close(self) -> None:
        """End everything."""
        self._pool.shutdown(cancel_futures=True)
        for simulator in self.simulators.values():
            stop_simulator(simulator)

    def _act(self, name: str, drive: Drive) -> Ended:
        simulator = self.simulators[name]
        renew = Followed(self._ground, self.profiles[name])
        try:
            run = Run(self._ground.api, renew.started())
            drive(simulator, run)
            code = renew.ended(2 * WORKS)
        finally:
            renew.kill()
        return Ended(simulator, run, renew.text, code)


def leave_alone(_simulator: Simulator, _run: Run) -> None:
    """Nobody has to do anything."""


def officer_denies(simulator: Simulator, run: Run) -> None:
    """The CA's officer says no, and the run is woken."""
    run.comes_to("ca-pending")
    (request,) = simulator.control.get("/requests")
    simulator.control.post(f"/requests/{request['id']}/deny")
    run.wake()


def operator_denies(_simulator: Simulator, run: Run) -> None:
    """The person at the first gate says no."""
    run.comes_to("start")
    run.answer("deny", remark="not this week")


@pytest.fixture(scope="module")
def troupe(ground: Ground, tmp_path_factory) -> Iterator[Troupe]:
    """All renewals of this module, under way."""
    playing = Troupe(ground, tmp_path_factory.mktemp("troupe"))
    try:
        playing.set_up("officer", "operator", *TROUBLES)
        started_unasked(playing.profiles["officer"])
        ground.apply(playing.folder)
        for name, trouble in TROUBLES.items():
            trouble.bend(playing.simulators[name], playing.profiles[name])
            playing.play(name, leave_alone)
        playing.play("officer", officer_denies)
        playing.play("operator", operator_denies)
        yield playing
    finally:
        playing.close()


@pytest.mark.parametrize("name", TROUBLES)
def test_trouble_is_one_sentence(troupe: Troupe, name: str):
    """Trouble at the other end ends the run before anything changed, with one sentence and an exit code."""
    wanted, ended = TROUBLES[name], troupe.ended(name)

    assert wanted.code == ended.code, ended.text
    assert re.search(wanted.says, ended.last_line), ended.text
    assert ended.run.state["message"] == ended.last_line
    assert "Traceback" not in ended.text
    assert list(wanted.ledger) == ended.simulator.control.kinds()


def test_officer_denies(troupe: Troupe):
    """When the CA's officer denies the request the run ends in order with the CA's message: Denied, exit code 3."""
    ended = troupe.ended("officer")
    state = ended.run.state

    assert 3 == ended.code
    assert ("COMPLETED", "Denied") == (state["type"], state["name"])
    assert ended.last_line == state["message"]
    assert ended.last_line.startswith("the CA denied request 32: Denied by EXAMPLE\\ca-officer; ")
    assert ended.last_line.endswith(" A new run begins with a new request")
    assert f" denied: {ended.last_line}\n" in ended.text
    assert ["csr", "submit"] == ended.simulator.control.kinds()


def test_operator_denies(troupe: Troupe):
    """A no at a gate ends the run in order, with who said it and why: Denied, exit code 3, nothing changed."""
    ended = troupe.ended("operator")
    state = ended.run.state

    assert 3 == ended.code
    assert ("COMPLETED", "Denied") == (state["type"], state["name"])
    assert "Thea Tester said no at gate 'start': not this week" == ended.last_line
    assert [] == ended.simulator.control.kinds()


# --- mistakes that need no run


@dataclass(frozen=True)
class Mistake:
    """A command, what is wrong with it, and what it answers."""

    module: str
    arguments: tuple[str, ...]
    says: str
    code: int = 2
    bend: Bend | None = None
    environment: tuple[tuple[str, str], ...] = ()


def on_profile(module: str, bend: Bend | None, says: str, *more: str) -> Mistake:
    """A command about one profile."""
    return Mistake(module, ("{profile}", *more), says, bend=bend)


def truncated_chain(_simulator: Simulator, profile: Path) -> None:
    """The chain file ends in the middle of its last certificate."""
    chain = profile.parent / "chain.pem"
    chain.write_text(chain.read_text()[:-200])


BROKEN = edit("[certificate]", "[certificate")
UNKNOWN_KEY = edit("renew_before", "renew_befour")
UNKNOWN_KEY_SAYS = r"{name}, line 5: certificate\.renew_befour: Extra inputs are not permitted"
CLOSED = f"http://127.0.0.1:{free_port()}/api"

MISTAKES = {
    "renew-broken-toml": on_profile("renew", BROKEN, "{name}: this is not TOML: .* line 2", "tomcat"),
    "renew-unknown-key": on_profile("renew", UNKNOWN_KEY, UNKNOWN_KEY_SAYS, "tomcat"),
    "renew-other-purpose": on_profile(
        "renew", None, "{cluster}: purpose 'CallManager' is not covered by this profile, which has: tomcat",
        "CallManager",
    ),
    "renew-no-profile": Mistake("renew", ("{folder}/nothing.toml", "tomcat"), "nothing.toml cannot be read: No such"),
    "renew-truncated-chain": on_profile(
        "renew", truncated_chain, "{cluster}: chain.pem.*the PEM text is cut off", "tomcat"
    ),
    "renew-not-registered": on_profile(
        "renew", None, "no deployment renew/{cluster}-tomcat: run python -m deployments.apply {folder} first", "tomcat"
    ),
    "renew-no-server": Mistake(
        "renew", ("{profile}", "tomcat"), "the Prefect server does not answer.*PREFECT_API_URL", code=1,
        environment=(("PREFECT_API_URL", CLOSED),),
    ),
    "apply-broken-toml": Mistake("apply", ("{folder}",), "{name}: this is not TOML: .* line 2", bend=BROKEN),
    "apply-no-profiles": Mistake("apply", ("{folder}/nothing",), "nothing holds no profile: a file CLUSTER.toml"),
    "apply-truncated-chain": Mistake(
        "apply", ("{folder}",), "{cluster}: chain.pem.*the PEM text is cut off", bend=truncated_chain
    ),
    "apply-no-server": Mistake(
        "apply", ("{folder}",), "the Prefect server does not answer.*PREFECT_API_URL", code=1,
        environment=(("PREFECT_API_URL", CLOSED),),
    ),
    "trust-broken-toml": on_profile("trust", BROKEN, "{name}: this is not TOML: .* line 2"),
}  # fmt: skip


@dataclass(frozen=True)
class Refused:
    """A command that has ended, and the profile that it was about."""

    profile: Path
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def refused(standing: Simulator, server: Ground, tmp_path_factory) -> Iterator[dict[str, Future[Refused]]]:
    """Every mistaken command, made two at a time."""
    folder = tmp_path_factory.mktemp("mistakes")
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {name: pool.submit(_make, standing, server, folder / name, name) for name in MISTAKES}


def _make(simulator: Simulator, server: Ground, folder: Path, name: str) -> Refused:
    mistake = MISTAKES[name]
    profile = write_profile(simulator.scene, folder, cluster=f"m-{name}")
    if mistake.bend:
        mistake.bend(simulator, profile)
    arguments = [one.format(profile=profile, folder=folder) for one in mistake.arguments]
    done = subprocess.run(
        [sys.executable, "-m", f"deployments.{mistake.module}", *arguments],
        env={**server.programs.environment, **dict(mistake.environment)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WORKS,
        check=False,
    )
    return Refused(profile, done)


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_one_sentence(refused, standing: Simulator, door: PrefectDoor, name: str):
    """A mistake is answered with one sentence that says where, before any run is started or any node is asked."""
    made, wanted = refused[name].result(2 * WORKS), MISTAKES[name]
    cluster, said = made.profile.stem, made.done.stderr.strip()
    says = wanted.says.format(name=made.profile.name, cluster=cluster, folder=made.profile.parent)
    mine = {"flow_runs": {"name": {"like_": cluster}}}

    assert wanted.code == made.done.returncode, said
    assert re.search(says, said), said
    assert 1 == len(said.splitlines()), said
    assert "" == made.done.stdout
    assert [] == door.post("/flow_runs/filter", mine)
    assert [] == standing.control.ledger()


# --- commands that are right


def test_trust_shows_fingerprints(standing: Simulator, server: Ground, tmp_path: Path):
    """`deployments.trust` shows what each port presents, as the scene has it, and which of it the profile pins."""
    nodes = standing.scene["nodes"]
    profile = write_profile(standing.scene, tmp_path)
    stranger = nodes[2]
    edit(stranger["tomcat_sha256"], "0" * 64)(standing, profile)
    shown = server.command("deployments.trust", str(profile))

    assert 0 == shown.returncode, shown.stderr
    for node in nodes:
        block = shown.stdout.partition(f"{node['name']} (")[2].split("\nC", 1)[0]
        for port in (node["https_port"], node["tomcat_port"]):
            found = re.search(rf"port {port}: sha256 ([0-9a-f]{{64}})\n.*, (NOT pinned|pinned) in the profile", block)
            assert found
            assert (node["tomcat_sha256"], "NOT pinned" if node is stranger else "pinned") == found.groups()
        assert f"ssh port {node['ssh_port']}: {node['ssh_host_key']}, pinned in the profile" in block
    assert [] == standing.control.ledger()
