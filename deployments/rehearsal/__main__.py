"""One whole renewal on a simulated cluster, in one command: ``python -m deployments.rehearsal`` (``make rehearse``).

Starts a Prefect server, a worker, the simulator and two stand-ins, runs the same command that a person would,
and leaves ``build/rehearsal/`` with the evidence, the simulator's ledger and the log. Leaves no process behind.
With ``--answers me`` nobody stands in for you: the questions and the CA's page wait for your clicks.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import time
from enum import StrEnum
from pathlib import Path

from deployments.apply import ROOT
from deployments.commands import Exit, run_command
from deployments.rehearsal.ground import Ground
from deployments.rehearsal.play import REHEARSED, Mode, Play, Token
from deployments.rehearsal.report import Report
from deployments.rehearsal.scene import write_profile
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import BadInput

FOLDER = ROOT / "build" / "rehearsal"


class Answers(StrEnum):
    """Who answers the questions, and decides for the CA."""

    STAND_IN = "stand-in"
    ME = "me"


# The programs that stand in for people, or tell the person where to click.
PEOPLE = {Answers.STAND_IN: ("operator", "officer"), Answers.ME: ("guide",)}
# Seconds: at realistic latencies a renewal takes about twenty minutes; a person may have lunch.
LONGEST = {Answers.STAND_IN: 3600, Answers.ME: 8 * 3600}
# Phones of the simulator are back in seconds; for real ones the profile's default waits longer than CSCup28852.
SHORT_WATCH = "\n[limits]\nphones_watch = 0.2\nphones_back = 2\n"


def main() -> Exit:
    """Rehearse; the exit code is that of the renewal, or 1 when the evidence does not hold."""
    arguments = _arguments()
    play = Play(arguments.purpose, arguments.mode, arguments.token)
    folder: Path = arguments.folder
    _make_anew(folder)
    begun = arguments.since or time.time()
    report = Report(folder)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(Exit.FAILED))  # ended from outside, it still cleans up
    ground = Ground(folder / "ground", latency=arguments.latency)
    try:
        report.say("setting up: Prefect server, simulator, worker")
        profile = _set_up(ground, play, arguments.answers)
        report.begin(ground, play)
        ready = time.time()
        report.say(f"set-up took {ready - begun:.0f} s; Prefect's pages are at {ground.api.removesuffix('/api')}")
        if arguments.answers is Answers.ME:
            report.say(f"you answer: look at {ground.scene['control']}/ for the CA, and wait for the first question")
        code = _renew(ground, play, profile, report, arguments.answers)
        report.say(f"the renewal took {time.time() - ready:.0f} s")
        held = report.write(ground, set_up=ready - begun, renewal=time.time() - ready)
    finally:
        ground.stop()
        left = ground.programs.alive()
        report.say(f"processes left behind: {len(left)}")
    return Exit.FAILED if left or (code is Exit.DONE and not held) else code


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deployments.rehearsal", description=__doc__)
    parser.add_argument("--latency", type=float, default=0.05, help="scale of the simulator's delays; 1 is realistic")
    parser.add_argument(
        "--answers", type=Answers, choices=list(Answers), default=Answers.STAND_IN, help="who answers: %(choices)s"
    )
    for name, kind, offered in (
        ("purpose", Purpose, REHEARSED),
        ("mode", Mode, tuple(Mode)),
        ("token", Token, tuple(Token)),
    ):
        parser.add_argument(f"--{name}", type=kind, choices=offered, default=offered[0], help="default: %(default)s")
    parser.add_argument("--since", type=float, help="when the set-up began, seconds of the epoch (make says so)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="made anew at each start (default: %(default)s)")
    return parser.parse_args()


def _make_anew(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / "run.log").exists():
        raise BadInput(f"{folder} holds other things than a rehearsal, and would be emptied: name another folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _set_up(ground: Ground, play: Play, answers: Answers) -> Path:
    ground.start_simulator("--first-request-id", "32", "--scene", play.scene)
    profile = write_profile(ground.scene, ground.profiles, purposes=[play.purpose.value])
    if play.has_phones:
        profile.write_text(profile.read_text() + SHORT_WATCH)
    ground.start_server()
    ground.apply()
    ground.start_worker()
    told = (ground.api, str(ground.folder / "scene.json"), str(ground.folder / "answers.log"), *play.told)
    for name in PEOPLE[answers]:
        ground.programs.start(name, sys.executable, "-m", f"deployments.rehearsal.{name}", *told)
    return profile


def _renew(ground: Ground, play: Play, profile: Path, report: Report, answers: Answers) -> Exit:
    report.say(f"python -m deployments.renew lab.toml {play.purpose}")
    command = (sys.executable, "-m", "deployments.renew", str(profile), play.purpose.value)
    renewing = ground.programs.start("renew", *command)
    spoken = ("renew", "guide") if answers is Answers.ME else ("renew",)
    logs = [ground.folder / "logs" / f"{name}.log" for name in spoken]
    report.follow(logs, lambda: renewing.poll() is not None, seconds=LONGEST[answers])
    if renewing.poll() is None:
        report.say(f"the renewal did not end within {LONGEST[answers]} s")
    return Exit(renewing.returncode) if renewing.returncode in set(Exit) else Exit.FAILED


if __name__ == "__main__":
    run_command(main)
