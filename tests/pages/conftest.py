"""One simulator for all tests of this folder: they ask it as others' programs ask real servers."""

import re
from pathlib import Path

import pytest

from tests.conftest import start_simulator, stop_simulator
from tests.pages.certsrv_programs import REQUEST_PEM, TEMPLATE, Caller
from tests.pages.rest_program import Program
from tests.pages.terminal import Terminal

DEFAULT = Path(__file__).parents[2] / "ucrenew" / "simulator" / "scenes" / "default.toml"


@pytest.fixture(scope="package")
def standing(tmp_path_factory):
    """The simulator that ``borrowed`` lends to each test."""
    folder = tmp_path_factory.mktemp("pages")
    scene = folder / "basic.toml"
    # These programs are about forms: they log on with one request a call, for which Basic has to be installed (§7).
    scene.write_text(f'{DEFAULT.read_text()}\n[ca]\nlogon = ["Negotiate", "NTLM", "Basic"]\n')
    running = start_simulator(folder, "--latency", "0", "--seed", "1", "--scene", str(scene))
    yield running
    stop_simulator(running)


@pytest.fixture
def publisher(borrowed):
    """The publisher as the JSON file of the scene describes it."""
    return borrowed.node("cs-ccm-pub")


@pytest.fixture
def terminal(borrowed, publisher):
    """Logs in to the publisher; the shell is not asked for yet."""
    account = borrowed.scene["accounts"]["platform"]
    caller = Terminal(publisher, account["user"], account["password"])
    yield caller
    caller.close()


@pytest.fixture
def program(borrowed):
    """A program at the IM&P node, whose certificates no other test of this folder looks at."""
    return Program(borrowed.node("cs-imp"), borrowed.scene["accounts"]["platform"])


@pytest.fixture
def ca(borrowed):
    """A browser at the CA, which is an honest one again afterwards."""
    yield Caller(borrowed.scene)
    borrowed.control.post("/ca", {"profile": "honest"})


@pytest.fixture
def approving(borrowed, ca):
    """The CA waits for an officer: the number of a request that waits, as MW reads it, and the page."""
    borrowed.control.post("/ca", {"template": {TEMPLATE: {"approval": True}}})
    answer = ca.submit(REQUEST_PEM, TEMPLATE)
    found = re.search(r"Your Request Id is (\d+).", answer.text)
    return int(found[1]), answer
