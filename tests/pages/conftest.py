"""One simulator for all tests of this folder: they ask it as others' programs ask real servers."""

import pytest

from tests.conftest import start_simulator, stop_simulator
from tests.pages.rest_program import Program
from tests.pages.terminal import Terminal


@pytest.fixture(scope="package")
def standing(tmp_path_factory):
    """The simulator that ``borrowed`` lends to each test."""
    running = start_simulator(tmp_path_factory.mktemp("pages"), "--latency", "0", "--seed", "1")
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
