"""One whole renewal on a simulated cluster, in one command: ``python -m deployments.rehearsal`` (``make rehearse``).

Starts a Prefect server, a worker, the simulator and two stand-ins, runs the same command that a person would,
and leaves ``build/rehearsal/`` with the evidence, the simulator's ledger and the log. Leaves no process behind.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import time
from pathlib import Path

from deployments.apply import ROOT
from deployments.commands import Exit, run_command
from deployments.rehearsal.ground import Ground
from deployments.rehearsal.report import Report
from deployments.rehearsal.scene import write_profile
from ucrenew.errors import BadInput

FOLDER = ROOT / "build" / "rehearsal"
LONGEST = 3600  # seconds; at realistic latencies a renewal takes about twenty minutes


def main() -> Exit:
    """Rehearse; the exit code is that of the renewal, or 1 when the evidence does not hold."""
    arguments = _arguments()
    folder: Path = arguments.folder
    _make_anew(folder)
    begun = arguments.since or time.time()
    report = Report(folder)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(Exit.FAILED))  # ended from outside, it still cleans up
    ground = Ground(folder / "ground", latency=arguments.latency)
    try:
        report.say("setting up: Prefect server, simulator, worker")
        profile = _set_up(ground)
        ready = time.time()
        report.say(f"set-up took {ready - begun:.0f} s; Prefect's pages are at {ground.api.removesuffix('/api')}")
        code = _renew(ground, profile, report)
        report.say(f"the renewal took {time.time() - ready:.0f} s")
        held = report.write(ground, set_up=ready - begun, renewal=time.time() - ready)
    finally:
        ground.stop()
        left = ground.programs.alive()
        report.say(f"processes left behind: {len(left)}")
    return code if held and not left else Exit.FAILED


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deployments.rehearsal", description=__doc__)
    parser.add_argument("--latency", type=float, default=0.05, help="scale of the simulator's delays; 1 is realistic")
    parser.add_argument("--since", type=float, help="when the set-up began, seconds of the epoch (make says so)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="made anew at each start (default: %(default)s)")
    return parser.parse_args()


def _make_anew(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / "run.log").exists():
        raise BadInput(f"{folder} holds other things than a rehearsal, and would be emptied: name another folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _set_up(ground: Ground) -> Path:
    ground.start_simulator("--first-request-id", "32")
    profile = write_profile(ground.scene, ground.profiles)
    ground.start_server()
    ground.apply()
    ground.start_worker()
    scene = str(ground.folder / "scene.json")
    answers = str(ground.folder / "answers.log")
    python = sys.executable
    ground.programs.start("operator", python, "-m", "deployments.rehearsal.operator", ground.api, scene, answers)
    ground.programs.start("officer", python, "-m", "deployments.rehearsal.officer", scene, answers)
    return profile


def _renew(ground: Ground, profile: Path, report: Report) -> Exit:
    report.say("python -m deployments.renew lab.toml tomcat")
    command = (sys.executable, "-m", "deployments.renew", str(profile), "tomcat")
    renewing = ground.programs.start("renew", *command)
    report.follow(ground.folder / "logs" / "renew.log", lambda: renewing.poll() is not None, seconds=LONGEST)
    if renewing.poll() is None:
        report.say(f"the renewal did not end within {LONGEST} s")
    return Exit(renewing.returncode) if renewing.returncode in set(Exit) else Exit.FAILED


if __name__ == "__main__":
    run_command(main)
