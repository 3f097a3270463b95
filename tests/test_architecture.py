"""What may import what, and which files may not be: the lines of design.md §1 and style.md §2-§4, checked.

``complaints`` reads a tree without importing it. It is run on the real tree, where nothing may be found, and on
small made-up trees that break one rule each. If it stops you, move the code, not the test.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("deployments", "flows", "tasks", "ucrenew")

# From the top down; a module may import its own layer and those below. The longest name that fits is its layer.
LAYERS = (
    ("deployments.rehearsal",),
    ("deployments",),
    ("flows",),
    ("tasks",),
    ("ucrenew.evidence",),
    ("ucrenew.steps",),
    ("ucrenew.site",),
    ("ucrenew.credentials",),
    ("ucrenew.profile", "ucrenew.record", "ucrenew.life"),
    ("ucrenew.profile_people", "ucrenew.profile_tables"),
    ("ucrenew.profile_fields", "ucrenew.profile_lines"),
    ("ucrenew.clients",),
    ("ucrenew.domain",),
    ("ucrenew.errors",),
)
SIMULATOR = "ucrenew.simulator"
WITH_PREFECT = ("deployments", "flows", "tasks")
WITH_SIMULATOR = (SIMULATOR, "deployments.rehearsal")
SHARED_VOCABULARY = ("ucrenew.domain.cluster", "ucrenew.domain.purpose")

CLIENTS = "ucrenew.clients"
UNDER_EVERY_CLIENT = ("tls", "sessions")
# platform_cli is the dialogue of one device on a channel over SSH, and cli_* are the replies that it reads.
UNDER_PLATFORM_CLI = ("channel", "ssh")

# Ways out of domain/: files, sockets, clocks, environment, other programs.
OUTSIDE_WORLD = frozenset({
    "asyncio", "builtins", "glob", "http", "httpx", "importlib", "io", "logging", "multiprocessing", "os", "paramiko",
    "pathlib", "platform", "requests", "select", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "sys",
    "tempfile", "threading", "time", "urllib", "urllib3",
})  # fmt: skip
CLOCKS = frozenset({"now", "utcnow", "today"})

LONGEST_MODULE = 400
LONGEST_RENEW = 150  # lines of flows/renew.py have to stay under this
DEPENDENCIES = frozenset({"cryptography", "fastapi", "flask", "paramiko", "prefect", "pydantic", "requests", "urllib3"})


@dataclass(frozen=True)
class Module:
    """One Python file under its dotted name."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        """The source."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed source."""
        return ast.parse(self.text, str(self.path))

    def inside(self, *packages: str) -> bool:
        """True when it is one of these packages or in it."""
        return _inside(self.name, *packages)


@dataclass(frozen=True)
class Tree:
    """All product modules under a folder; tests are none."""

    root: Path

    @cached_property
    def modules(self) -> dict[str, Module]:
        """Every module by its name; a package is its ``__init__``."""
        found = {}
        for path in sorted(path for package in PACKAGES for path in (self.root / package).rglob("*.py")):
            parts = path.relative_to(self.root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = Module(name, path)
        return found

    def imports(self, module: Module) -> Iterator[str]:
        """Everything that a module imports, wherever in it: submodules by their own names."""
        for node in ast.walk(module.tree):
            match node:
                case ast.Import(names=names):
                    yield from (alias.name for alias in names)
                case ast.ImportFrom(level=0, module=str(source), names=names):
                    for alias in names:
                        submodule = f"{source}.{alias.name}"
                        yield submodule if submodule in self.modules else source

    def arrows(self) -> tuple[tuple[Module, str], ...]:
        """Every import of every module."""
        return self._arrows

    @cached_property
    def _arrows(self) -> tuple[tuple[Module, str], ...]:
        return tuple((module, imported) for module in self.modules.values() for imported in self.imports(module))


def _inside(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


# --- the rules: each gives a sentence for everything that breaks it


def arrows_point_down(tree: Tree) -> Iterator[str]:
    """Deployments, flows, tasks, steps, clients, domain: imports go this way only (design.md §1)."""
    for module, imported in tree.arrows():
        if module.inside(SIMULATOR) or not _inside(imported, *PACKAGES) or _inside(imported, SIMULATOR):
            continue
        above, below = _layer(module.name), _layer(imported)
        if below is not None and above is not None and above > below:
            yield f"{module.name} imports {imported}, which is above it"


def every_module_has_a_layer(tree: Tree) -> Iterator[str]:
    """A module that the list of layers does not know could import anything."""
    for name in tree.modules:
        if name != "ucrenew" and not _inside(name, SIMULATOR) and _layer(name) is None:
            yield f"{name} is in no layer: say in LAYERS where it stands"


def _layer(name: str) -> int | None:
    fitting = [(len(at), number) for number, layer in enumerate(LAYERS) for at in layer if _inside(name, at)]
    return max(fitting)[1] if fitting else None


def prefect_stays_above(tree: Tree) -> Iterator[str]:
    """Everything in ucrenew is true without Prefect (design.md §1)."""
    for module, imported in tree.arrows():
        if _inside(imported, "prefect") and not module.inside(*WITH_PREFECT):
            yield f"{module.name} imports {imported}; Prefect is for {', '.join(WITH_PREFECT)}"


def simulator_shares_vocabulary_only(tree: Tree) -> Iterator[str]:
    """A rule misread once must not be misread on both sides (style.md §2)."""
    for module, imported in tree.arrows():
        if not module.inside(SIMULATOR) or not _inside(imported, *PACKAGES):
            continue
        if not _inside(imported, SIMULATOR) and imported not in SHARED_VOCABULARY:
            yield f"{module.name} imports {imported}; the simulator shares {', '.join(SHARED_VOCABULARY)} only"


def nobody_uses_simulator(tree: Tree) -> Iterator[str]:
    """Apart from tests only the rehearsal sees it, so only there it can meet Prefect (design.md §6)."""
    for module, imported in tree.arrows():
        if _inside(imported, SIMULATOR) and not module.inside(*WITH_SIMULATOR):
            yield f"{module.name} imports {imported}; only the rehearsal and tests may"


def clients_keep_to_themselves(tree: Tree) -> Iterator[str]:
    """A client speaks one protocol and imports no other client (style.md §2)."""
    for module, imported in tree.arrows():
        if not (module.inside(CLIENTS) and _inside(imported, CLIENTS)):
            continue
        ours, theirs = module.name.removeprefix(f"{CLIENTS}."), imported.removeprefix(f"{CLIENTS}.")
        if not _may_use(ours, theirs):
            yield f"client {ours} imports client {theirs}"


def _may_use(ours: str, theirs: str) -> bool:
    if theirs in UNDER_EVERY_CLIENT or _family(ours) == _family(theirs):
        return True
    return ours == "platform_cli" and theirs in UNDER_PLATFORM_CLI


def _family(client: str) -> str:
    """Certmgr for certmgr_replies; platform_cli's splits begin with cli_."""
    return "cli" if client == "platform_cli" else client.partition("_")[0]


def domain_is_pure(tree: Tree) -> Iterator[str]:
    """The domain opens no file or socket and reads no clock or environment: time is an argument (style.md §2)."""
    for module in tree.modules.values():
        if not module.inside("ucrenew.domain"):
            continue
        for imported in tree.imports(module):
            if imported.partition(".")[0] in OUTSIDE_WORLD:
                yield f"{module.name} imports {imported}"
        for node in ast.walk(module.tree):
            match node:
                case ast.Name(id="open" | "__import__" as name):
                    yield f"{module.name} calls {name}()"
                case ast.Attribute(attr=attr, value=value) if attr in CLOCKS and _is_date_class(value, module):
                    yield f"{module.name} reads the clock: {ast.unparse(node)}"


def _is_date_class(value: ast.expr, module: Module) -> bool:
    from_datetime = (
        alias.asname or alias.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module == "datetime"
        for alias in node.names
    )
    return ast.unparse(value) in from_datetime or (
        isinstance(value, ast.Attribute) and value.attr in {"datetime", "date"}
    )


def imports_are_absolute(tree: Tree) -> Iterator[str]:
    """One name for each module (style.md §3)."""
    for module in tree.modules.values():
        if any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(module.tree)):
            yield f"{module.name} has a relative import"


def modules_are_short(tree: Tree) -> Iterator[str]:
    """No module is longer than a person reads in one go (style.md §10)."""
    for module in tree.modules.values():
        if (length := len(module.text.splitlines())) > LONGEST_MODULE:
            yield f"{module.name} has {length} lines; at most {LONGEST_MODULE}"


def renew_reads_like_the_document(tree: Tree) -> Iterator[str]:
    """The flow an operator reads is short and has no try: suspending raises through it (style.md §4)."""
    renew = tree.modules.get("flows.renew")
    if renew is None:
        yield "there is no flows/renew.py"
        return
    if (length := len(renew.text.splitlines())) >= LONGEST_RENEW:
        yield f"flows.renew has {length} lines; under {LONGEST_RENEW}"
    if any(isinstance(node, ast.Try | ast.TryStar) for node in ast.walk(renew.tree)):
        yield "flows.renew has a try"


def packages_are_empty(tree: Tree) -> Iterator[str]:
    """Importing a package runs nothing (style.md §3); tests have packages too."""
    for folder in (*PACKAGES, "tests"):
        for path in (tree.root / folder).rglob("__init__.py"):
            if path.read_text(encoding="utf-8").strip():
                yield f"{path.relative_to(tree.root)} is not empty"


def names_hide_nothing(tree: Tree) -> Iterator[str]:
    """No module of flows or tasks has the name of a package, a dependency or the standard library (style.md §3)."""
    taken = {*PACKAGES, "tests", *DEPENDENCIES, *sys.stdlib_module_names}
    for module in tree.modules.values():
        if module.inside("flows", "tasks") and "." in module.name and module.name.rpartition(".")[2] in taken:
            yield f"{module.name} hides another module of that name"
    for folder in ("flows", "tasks"):
        if (tree.root / "tests" / folder).exists():
            yield f"tests/{folder} takes the place of {folder}"


RULES: tuple[Callable[[Tree], Iterator[str]], ...] = (
    every_module_has_a_layer,
    arrows_point_down,
    prefect_stays_above,
    simulator_shares_vocabulary_only,
    nobody_uses_simulator,
    clients_keep_to_themselves,
    domain_is_pure,
    imports_are_absolute,
    modules_are_short,
    renew_reads_like_the_document,
    packages_are_empty,
    names_hide_nothing,
)


def complaints(root: Path) -> list[str]:
    """Everything under a folder that breaks a rule."""
    tree = Tree(root)
    return [found for rule in RULES for found in rule(tree)]


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
    assert ("ucrenew.domain.preflight", "ucrenew.domain.x509") in arrows
    assert any(_inside(imported, "prefect") for _, imported in arrows)


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
