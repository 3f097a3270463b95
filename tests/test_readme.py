"""What the README tells people to type, to write and to open is there, and works as it says."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import pytest

from ucrenew.__main__ import Exit
from ucrenew.profile import Profile, load_profile
from ucrenew.profile_fields import Table

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = sorted(set(re.findall(r"python -m (deployments[\w.]*|ucrenew[\w.]*)", README)))
YOUR_OWN_CLUSTER = README.partition("## Your own cluster")[2].partition("\n## ")[0]
THE_SIMULATOR = README.partition("## The simulator alone")[2].partition("\n## ")[0]
EXAMPLE = re.search(r"```toml\n(.*?)```", YOUR_OWN_CLUSTER, re.DOTALL)
EVERY_KEY, BY_HAND = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "profile.md").read_text(), re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def tables(model: type[Table]) -> Iterator[tuple[str, str]]:
    """Every table of a profile with every key of it."""
    for key, field in model.model_fields.items():
        yield model.__name__, key
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, Table):
                yield from tables(inner)


def keys_of(told: Any) -> Iterator[str]:
    """Every key that stands anywhere in a document."""
    if isinstance(told, dict):
        for key, value in told.items():
            yield key
            yield from keys_of(value)
    elif isinstance(told, list):
        for value in told:
            yield from keys_of(value)


@pytest.mark.parametrize("module", COMMANDS)
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


def test_make_targets_are_there():
    """Every `make` of the README is a target of the Makefile."""
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert {"rehearse", "test"} <= named
    assert set() == named - targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    """Every link of the README and of the pages under docs/ to a file of ours leads to one."""
    links = [link for link in re.findall(r"\]\(([^)#]+)", page.read_text()) if "://" not in link]

    assert [] == [link for link in links if not (page.parent / link).exists()]


def test_map_of_folders():
    """The README's map has every folder at the top that holds something of ours, and no other."""
    mapped = re.findall(r"^\| `(\w+)/", README, re.MULTILINE)
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    ours = {name.partition("/")[0] for name in listed if "/" in name and not name.startswith(".")}

    assert ours == set(mapped)


def test_options_of_the_simulator():
    """Every option that the README names of the simulator is one, by the program's own help."""
    helped = subprocess.run(
        [sys.executable, "-m", "ucrenew.simulator", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    named = set(re.findall(r"--[a-z-]+", THE_SIMULATOR))

    assert named
    assert [] == [option for option in sorted(named) if f"{option} " not in helped and f"{option}\n" not in helped]


def test_example_of_a_profile(tmp_path):
    """The README's profile is one that the program takes, its dots replaced by fingerprints."""
    assert EXAMPLE
    text = re.sub(r"^   ", "", EXAMPLE[1], flags=re.MULTILINE)
    text = text.replace('sha256 = ["..."]', f'sha256 = ["{"0" * 64}"]').replace("SHA256:...", f"SHA256:{'A' * 43}")
    (tmp_path / "mycluster.toml").write_text(text)

    assert "mycluster" == load_profile(tmp_path / "mycluster.toml").cluster


def test_page_of_the_profile(tmp_path):
    """docs/profile.md is a profile that the program takes, with either kind of CA, and it names every key there is."""
    other = re.sub(r"\[ca\]\n.*?\n\n", f"{BY_HAND}\n", EVERY_KEY, flags=re.DOTALL)
    for name, text in (("microsoft", EVERY_KEY), ("other", other)):
        (tmp_path / f"{name}.toml").write_text(text)
        load_profile(tmp_path / f"{name}.toml")
    named = {*keys_of(tomllib.loads(EVERY_KEY)), *keys_of(tomllib.loads(other)), "env", "file", "block"}

    assert [] == [(table, key) for table, key in tables(Profile) if key not in {*named, "cluster", "folder"}]


def test_look_first():
    """The options of `ucrenew inspect` and its exit codes are those of the program, and the command is installed."""
    section = README.partition("## Look first")[2].partition("\n## ")[0]
    command = Path(sys.executable).with_name("ucrenew")
    helped = subprocess.run([command, "inspect", "--help"], capture_output=True, text=True, check=True).stdout
    named = set(re.findall(r"--[a-z-]+", section))
    codes = re.findall(r"\b([0-3]) (nothing to do|[a-z ]*drifted|a certificate ended|something)", section)

    assert {"--json", "--prometheus"} == named
    assert [] == [option for option in named if option not in helped]
    assert [str(code.value) for code in Exit] == [number for number, _ in codes]
