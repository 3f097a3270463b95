"""`deployments.apply`: what it registers, leaves alone, and names because no profile wants it any more."""

from __future__ import annotations

from pathlib import Path

from deployments.rehearsal.ground import Ground
from deployments.rehearsal.prefect_door import PrefectDoor
from deployments.rehearsal.scene import write_profile
from tests.conftest import Simulator


def test_apply_twice_changes_nothing(standing: Simulator, server: Ground, door: PrefectDoor, tmp_path: Path):
    """A second `deployments.apply` leaves every deployment's id, version and schedules as they were."""
    write_profile(standing.scene, tmp_path, cluster="twice")

    def registered() -> list[tuple[object, ...]]:
        found = door.post("/deployments/filter", {"deployments": {"name": {"any_": ["twice-tomcat", "attend"]}}})
        return [
            (one["name"], one["id"], one["version"], one["parameters"], one["entrypoint"], one["job_variables"],
             [(plan["id"], plan["schedule"], plan["active"]) for plan in one["schedules"]])
            for one in sorted(found, key=lambda one: one["name"])
        ]  # fmt: skip

    server.apply(tmp_path)
    first = registered()
    server.apply(tmp_path)

    assert ["attend", "twice-tomcat"] == [one[0] for one in first]
    assert [1, 0] == [len(one[-1]) for one in first]
    assert first == registered()


def test_apply_names_what_no_profile_wants(standing: Simulator, server: Ground, door: PrefectDoor, tmp_path: Path):
    """A deployment whose profile was taken away is named, and stays; those of other folders are not spoken of."""
    mine, others = tmp_path / "mine", tmp_path / "others"
    for folder, cluster in ((mine, "kept"), (mine, "gone"), (others, "elsewhere")):
        write_profile(standing.scene, folder, cluster=cluster)
    server.apply(others)
    server.apply(mine)
    (mine / "gone.toml").unlink()
    said = server.command("deployments.apply", str(mine), "--attend-every", str(server.attend_every)).stdout
    left_over = [line.split()[0] for line in said.splitlines() if "no profile wants it any more" in line]

    assert ["renew/gone-tomcat"] == left_over
    assert "renew/kept-tomcat is registered already" in said
    assert door.post("/deployments/filter", {"deployments": {"name": {"any_": ["gone-tomcat"]}}})
