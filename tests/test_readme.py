"""What the README tells people to type is there, in the order in which it works."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text()
COMMANDS = re.findall(r"python -m ([\w.]+)", README)
YOUR_OWN_CLUSTER = README.partition("## Your own cluster")[2].partition("\n## ")[0]


@pytest.mark.parametrize("module", sorted(set(COMMANDS)))
def test_command_is_there(module):
    """Every `python -m` of the README names a module that can be started."""
    assert find_spec(module)


def test_surroundings_come_first():
    """How a shell finds the commands and the Prefect server is said before the first command for one's own cluster."""
    places = [
        YOUR_OWN_CLUSTER.index(words)
        for words in ("make dev && . .venv/bin/activate", "export PREFECT_API_URL=", "python -m deployments.trust")
    ]

    assert sorted(places) == places
    assert ".venv/bin/python" in YOUR_OWN_CLUSTER
    assert "prefect worker start --pool ucrenew" in YOUR_OWN_CLUSTER
