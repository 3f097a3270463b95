"""The product keeps the rules of ``architecture.py``, and each way to break one of them is found by it.

Made-up trees: a good one with every import that is allowed, and one for each breach.
"""

from pathlib import Path

import pytest

from tests.architecture import (
    CLIENTS,
    LONGEST_MODULE,
    LONGEST_RENEW,
    PACKAGES,
    RULES,
    Tree,
    arrows_point_down,
    clients_keep_to_themselves,
    complaints,
    domain_is_pure,
    every_module_has_a_layer,
    imports_are_absolute,
    is_inside,
    modules_are_short,
    names_hide_nothing,
    nobody_uses_simulator,
    packages_are_empty,
    prefect_stays_above,
    renew_reads_like_the_document,
    simulator_shares_vocabulary_only,
)

ROOT = Path(__file__).parent.parent


# --- the real tree


@pytest.fixture(scope="module")
def ours():
    """The product, read once."""
    return Tree(ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_our_tree_keeps_rule(ours, rule):
    """The product keeps each rule of its architecture."""
    found = list(rule(ours))

    assert [] == found


def test_our_tree_is_really_read(ours):
    """The check sees the product: all four packages, what their modules import, and Prefect where it is used."""
    arrows = {(module.name, imported) for module, imported in ours.arrows()}

    assert set(PACKAGES) == {name.partition(".")[0] for name in ours.modules}
    assert {"flows.renew", "tasks.signing", "ucrenew.steps.csr", "ucrenew.domain.preflight"} <= set(ours.modules)
    assert {"tests.architecture", "tests.rules.test_plan"} <= set(ours.tests)
    assert ("ucrenew.domain.preflight", "ucrenew.domain.x509") in arrows
    assert any(is_inside(imported, "prefect") for _, imported in arrows)


# --- made-up trees: a good one, and one for each way to break a rule

GOOD = {
    "deployments/__init__.py": "",
    "deployments/renew.py": "from prefect import flow\nfrom flows.renew import renew\n",
    "deployments/rehearsal/__init__.py": "",
    "deployments/rehearsal/play.py": "import prefect\nfrom ucrenew.simulator import cluster\n",
    "flows/__init__.py": "",
    "flows/renew.py": "from prefect import flow\nfrom tasks.signing import submit\n",
    "tasks/__init__.py": "",
    "tasks/signing.py": "from prefect import task\nfrom ucrenew.steps import csr\nimport ucrenew.errors\n",
    "ucrenew/__init__.py": "",
    "ucrenew/errors.py": "",
    "ucrenew/record.py": "from ucrenew.domain.purpose import Purpose\n",
    "ucrenew/steps/__init__.py": "",
    "ucrenew/steps/csr.py": "import time\nfrom ucrenew.clients import certmgr\nfrom ucrenew.record import Record\n",
    "ucrenew/clients/__init__.py": "",
    "ucrenew/clients/sessions.py": "import requests\n",
    "ucrenew/clients/tls.py": "from ucrenew.clients.sessions import OneOrigin\n",
    "ucrenew/clients/certmgr.py": "from ucrenew.clients import certmgr_replies, tls\n",
    "ucrenew/clients/certmgr_replies.py": "from ucrenew.domain import purpose\n",
    "ucrenew/clients/certsrv.py": "from ucrenew.clients.tls import Endpoint\n",
    "ucrenew/clients/channel.py": "",
    "ucrenew/clients/ssh.py": "import paramiko\n",
    "ucrenew/clients/cli_replies.py": "",
    "ucrenew/clients/cli_backups.py": "from ucrenew.clients.cli_replies import read_date\n",
    "ucrenew/clients/platform_cli.py": "from ucrenew.clients import channel, cli_backups, cli_replies, ssh\n",
    "ucrenew/domain/__init__.py": "",
    "ucrenew/domain/cluster.py": "from ucrenew.errors import BadInput\n",
    "ucrenew/domain/due.py": "from datetime import datetime\n\n\ndef late(due, at: datetime):\n    return due.now\n",
    "ucrenew/domain/purpose.py": "from ucrenew.domain.cluster import Node\n",
    "ucrenew/simulator/__init__.py": "",
    "ucrenew/simulator/cluster.py": "from ucrenew.domain.purpose import Purpose\nfrom ucrenew.simulator import rest\n",
    "ucrenew/simulator/rest.py": "import flask\n",
    "tests/__init__.py": "",
    "tests/rules/test_x.py": "import prefect\nfrom ucrenew.simulator import rest\n",
}

DUE = "ucrenew/domain/due.py"
REST = "ucrenew/simulator/rest.py"
STEP = "ucrenew/steps/csr.py"
RENEW = "flows/renew.py"
ON_CLIENTS = "ucrenew/clients"
FOR_TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import tasks.signing"
LOCAL_IMPORT = "def f():\n    from ucrenew.steps import csr"
CLOCK = "from datetime import UTC, datetime\nX = datetime.now(UTC)"
TRY = "try:\n    X = 1\nfinally:\n    X = 2"

# The rule that is broken, how, the file, what is added to it, and what the complaint says.
BREACHES = (
    (every_module_has_a_layer, "new module", "ucrenew/helpers.py", "", "ucrenew.helpers is in no layer"),
    (arrows_point_down, "task to flow", "tasks/signing.py", "import flows.renew", "tasks.signing imports flows.renew"),
    (arrows_point_down, "flow to deployment", RENEW, "from deployments import renew", "imports deployments.renew"),
    (arrows_point_down, "step to task", STEP, "from tasks.signing import submit", "imports tasks.signing"),
    (arrows_point_down, "client to step", f"{ON_CLIENTS}/ssh.py", "from ucrenew import steps", "imports ucrenew.steps"),
    (arrows_point_down, "client to record", f"{ON_CLIENTS}/ssh.py", "import ucrenew.record", "imports ucrenew.record"),
    (arrows_point_down, "domain to client", DUE, "from ucrenew.clients import tls", "imports ucrenew.clients.tls"),
    (arrows_point_down, "errors to domain", "ucrenew/errors.py", "import ucrenew.domain.due", "ucrenew.domain.due"),
    (arrows_point_down, "to rehearsal", "deployments/renew.py", "import deployments.rehearsal.play", "above it"),
    (arrows_point_down, "in a function", DUE, LOCAL_IMPORT, "ucrenew.domain.due imports ucrenew.steps.csr"),
    (arrows_point_down, "for types only", DUE, FOR_TYPES, "ucrenew.domain.due imports tasks.signing"),
    (prefect_stays_above, "step", STEP, "from prefect.logging import x", "imports prefect.logging"),
    (prefect_stays_above, "record", "ucrenew/record.py", "import prefect as p", "ucrenew.record imports prefect"),
    (prefect_stays_above, "simulator", REST, "import prefect", "ucrenew.simulator.rest imports prefect"),
    (simulator_shares_vocabulary_only, "rule", REST, "from ucrenew.domain import due", "imports ucrenew.domain.due"),
    (simulator_shares_vocabulary_only, "errors", REST, "import ucrenew.errors", "imports ucrenew.errors"),
    (simulator_shares_vocabulary_only, "client", REST, "import ucrenew.clients.tls", "imports ucrenew.clients.tls"),
    (simulator_shares_vocabulary_only, "all of domain", REST, "import ucrenew.domain", "imports ucrenew.domain;"),
    (nobody_uses_simulator, "step", STEP, "from ucrenew.simulator import rest", "imports ucrenew.simulator.rest"),
    (nobody_uses_simulator, "flow", RENEW, "import ucrenew.simulator.rest", "flows.renew imports ucrenew.simulator"),
    (nobody_uses_simulator, "command", "deployments/renew.py", "import ucrenew.simulator", "only the rehearsal"),
    *(
        (
            clients_keep_to_themselves,
            f"{ours} to {theirs}",
            f"{ON_CLIENTS}/{ours}.py",
            f"import {CLIENTS}.{theirs}",
            told,
        )
        for ours, theirs in (
            ("certsrv", "certmgr"),
            ("certsrv", "certmgr_replies"),
            ("certsrv", "platform_cli"),
            ("certmgr", "ssh"),
            ("cli_replies", "channel"),
            ("channel", "platform_cli"),
            ("sessions", "certsrv"),
            ("tls", "certsrv"),
        )
        for told in (f"client {ours} imports client {theirs}",)
    ),
    (domain_is_pure, "file", DUE, "X = open('x')", "calls open()"),
    (domain_is_pure, "import by name", DUE, "X = __import__('os')", "calls __import__()"),
    (domain_is_pure, "environment", DUE, "import os\nX = os.environ", "ucrenew.domain.due imports os"),
    (domain_is_pure, "environ", DUE, "from os import environ", "ucrenew.domain.due imports os"),
    (domain_is_pure, "clock", DUE, CLOCK, "reads the clock: datetime.now"),
    (domain_is_pure, "clock kept", DUE, "import datetime as dt\nclock = dt.datetime.now", "dt.datetime.now"),
    (domain_is_pure, "today", DUE, "from datetime import date as day\nX = day.today()", "day.today"),
    (domain_is_pure, "time", DUE, "from time import monotonic", "ucrenew.domain.due imports time"),
    (domain_is_pure, "socket", DUE, "import socket", "ucrenew.domain.due imports socket"),
    (domain_is_pure, "pathlib", DUE, "from pathlib import Path", "ucrenew.domain.due imports pathlib"),
    (domain_is_pure, "requests", DUE, "import requests.adapters", "imports requests.adapters"),
    (imports_are_absolute, "dot", DUE, "from . import cluster", "ucrenew.domain.due has a relative import"),
    (modules_are_short, "domain", DUE, "\n" * LONGEST_MODULE, "ucrenew.domain.due has 40"),
    (modules_are_short, "test", "tests/rules/test_x.py", "\n" * LONGEST_MODULE, "tests.rules.test_x has 40"),
    (modules_are_short, "simulator", REST, "\n" * LONGEST_MODULE, "ucrenew.simulator.rest has 40"),
    (renew_reads_like_the_document, "long", RENEW, "\n" * (LONGEST_RENEW - 3), "flows.renew has 150 lines"),
    (renew_reads_like_the_document, "try", RENEW, TRY, "flows.renew has a try"),
    (packages_are_empty, "product", "ucrenew/steps/__init__.py", "X = 1", "ucrenew/steps/__init__.py is not empty"),
    (packages_are_empty, "tests", "tests/__init__.py", "X = 1", "tests/__init__.py is not empty"),
    (names_hide_nothing, "package", "flows/tasks.py", "", "flows.tasks hides another module"),
    (names_hide_nothing, "library", "tasks/requests.py", "", "tasks.requests hides another module"),
    (names_hide_nothing, "Python's own", "tasks/queue.py", "", "tasks.queue hides another module"),
    (names_hide_nothing, "tests of flows", "tests/flows/test_renew.py", "", "tests/flows takes the place of flows"),
    (names_hide_nothing, "tests of tasks", "tests/tasks/__init__.py", "", "tests/tasks takes the place of tasks"),
)


def plant(root, files):
    """Write the files of a tree."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_good_tree_has_no_complaint(tmp_path):
    """A small tree that keeps all rules gives no complaint, with every import that is allowed in it."""
    plant(tmp_path, GOOD)

    assert [] == complaints(tmp_path)


@pytest.mark.parametrize(
    ("rule", "file", "added", "expected"),
    [(rule, file, added, expected) for rule, _, file, added, expected in BREACHES],
    ids=[f"{rule.__name__}: {how}" for rule, how, *_ in BREACHES],
)
def test_breach_is_found(tmp_path, rule, file, added, expected):
    """Each way to break a rule is found by that rule, once, and named with its module."""
    plant(tmp_path, GOOD | {file: GOOD.get(file, "") + (f"{added}\n" if added else "")})

    (found,) = rule(Tree(tmp_path))

    assert expected in found
    assert [found] == [one for one in complaints(tmp_path) if expected in one]


def test_every_rule_can_fail():
    """For every rule there is a made-up tree above that breaks it."""
    assert set(RULES) == {rule for rule, *_ in BREACHES}


def test_missing_flow_is_found(tmp_path):
    """A tree without flows/renew.py does not pass for a good one."""
    plant(tmp_path, {name: text for name, text in GOOD.items() if name != "flows/renew.py"})

    assert "there is no flows/renew.py" in complaints(tmp_path)
