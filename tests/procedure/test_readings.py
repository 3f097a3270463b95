"""Our client at every setting of every reading: whole renewals by columns, and a trial where it is about one call.

The settings stand in columns: walk k has the k-th setting of every reading, or begins anew where it has fewer.
"""

from pathlib import Path

import pytest

from tests import readings_page
from tests.conftest import lent
from tests.procedure.drill import prepare, quick
from tests.procedure.faults import Fault, complaints
from tests.procedure.readings_tried import TRIALS, UNSAID, unsaid
from tests.procedure.walk_of_readings import Walk
from ucrenew.simulator.node_readings import NodeReadings
from ucrenew.simulator.readings import settings

SETTINGS = settings(NodeReadings)
COLUMNS = max(map(len, SETTINGS.values()))


@pytest.fixture(scope="module")
def walked(standing, tmp_path_factory):
    """How the walk of a column ended; each is made once."""
    ends: dict[int, str] = {}

    def end_of(column: int) -> str:
        if column not in ends:
            ends[column] = made(column)
        return ends[column]

    def made(column: int) -> str:
        with lent(standing) as simulator, quick():
            prepare(simulator)
            simulator.control.post("/cluster", {name: at(name, column) for name in SETTINGS})
            before = simulator.control.state()
            walk = Walk(simulator, tmp_path_factory.mktemp("walk"))
            end = walk.with_obstacles()
            assert () == complaints(simulator, before, Fault("nothing", "", ()), end, walk.said)
            assert any("its chain is uploaded again" in line for line in walk.said)
            return f"{end.how} {end.says}".strip()

    return end_of


def at(name: str, column: int) -> object:
    """The setting of a reading in a column."""
    return SETTINGS[name][column % len(SETTINGS[name])]


@pytest.mark.parametrize("column", range(COLUMNS))
def test_walk_of_a_column(walked, column):
    """A whole renewal is made, whatever the readings are, with single sign-on and a chain that is lost once."""
    assert "renewed" == walked(column)


@pytest.mark.parametrize("name", SETTINGS)
def test_docs_reading(standing, walked, name, tmp_path):
    """At each setting of a reading our client does what the page says; nothing is half done."""
    cells = {}
    for column, setting in enumerate(SETTINGS[name]):
        if name in TRIALS:
            with lent(standing) as simulator, quick():
                simulator.control.post("/cluster", {name: setting})
                cells[setting] = TRIALS[name](simulator, folder(tmp_path, column))
        else:
            cells[setting] = f"{walked(column)}: {unsaid(name)}" if name in UNSAID else walked(column)

    readings_page.hold(name, "ucrenew", {readings_page.setting(one): cell for one, cell in cells.items()})


def folder(within: Path, column: int) -> Path:
    """A folder for one trial."""
    made = within / str(column)
    made.mkdir()
    return made
