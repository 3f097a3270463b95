"""Two renewals of one cluster, begun at the same moment by a real worker (design.md §7)."""

from __future__ import annotations

from tests.conftest import until
from tests.procedure.stage import LOOK_EVERY, PUBLISHER, WORKS, Run, begun


def test_one_of_two_goes_on(ground, simulator, new_profile):
    """S5: one runs, the other ends in one sentence that says who holds the cluster; the cluster sees one of them.

    Who was quicker is held at its first login, so that both really are at work at the same time.
    """
    control, profile = simulator.control, new_profile()
    ground.apply(profile.parent)
    control.post("/faults", {"kind": "hold", "node": PUBLISHER, "on": True})
    runs = [begun(ground, profile.stem) for _ in range(2)]
    (loser,) = until(lambda: [run for run in runs if run.state["type"] == "FAILED"], WORKS, LOOK_EVERY)
    (winner,) = [run for run in runs if run is not loser]
    ended, working = loser.state, winner.state
    control.post("/faults", {"kind": "hold", "node": PUBLISHER, "on": False})
    winner.comes_to("start")
    winner.cancel()

    assert ("Failed", "RUNNING") == (ended["name"], working["type"])
    assert f"{profile.stem} is held by run {winner.id}, which is Running" in ended["message"]
    assert "this run ends and has changed nothing" in ended["message"]
    assert 1 == len(asked(winner, profile.stem))
    assert [] == control.ledger()


def asked(run: Run, cluster: str) -> list[str]:
    """The questions in the record of the cluster's first renewal."""
    return [fact for fact in run.facts(f"ucrenew-{cluster}-tomcat-1") if fact.startswith("asked ")]
