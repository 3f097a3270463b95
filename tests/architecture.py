"""What may import what, and which files may not be: the lines of design.md §1 and style.md §2-§4 as rules.

``complaints`` reads a tree without importing it. ``test_architecture.py`` runs the rules on the real tree and on
made-up ones. If a rule stops you, move the code, not the rule.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGES = ("deployments", "flows", "tasks", "ucrenew")
TESTS = "tests"

# From the top down; a module may import its own layer and those below. The longest name that fits is its layer.
LAYERS = (
    ("deployments.rehearsal",),
    ("deployments",),
    ("flows",),
    ("tasks",),
    ("ucrenew.__main__",),
    ("ucrenew.inspection", "ucrenew.shown"),
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
UNDER_EVERY_CLIENT = ("tls", "sessions", "soap")
# platform_cli is the dialogue of one device on a channel over SSH, cli_session how a command is given in it, and the
# other cli_* are the replies that it reads.
ON_CHANNEL = ("platform_cli", "cli_session")
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
DEPENDENCIES = frozenset({
    "cryptography", "fastapi", "flask", "paramiko", "prefect", "pydantic", "requests", "spnego", "urllib3", "zeep",
})  # fmt: skip


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
        return is_inside(self.name, *packages)


@dataclass(frozen=True)
class Tree:
    """All modules under a folder: the product's, and apart from them the tests', which may import what they like."""

    root: Path

    @cached_property
    def modules(self) -> dict[str, Module]:
        """Every module of the product by its name; a package is its ``__init__``."""
        return self._modules_in(*PACKAGES)

    @cached_property
    def tests(self) -> dict[str, Module]:
        """Every module of the tests by its name."""
        return self._modules_in(TESTS)

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

    def _modules_in(self, *packages: str) -> dict[str, Module]:
        found = {}
        for path in sorted(path for package in packages for path in (self.root / package).rglob("*.py")):
            parts = path.relative_to(self.root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = Module(name, path)
        return found

    @cached_property
    def _arrows(self) -> tuple[tuple[Module, str], ...]:
        return tuple((module, imported) for module in self.modules.values() for imported in self.imports(module))


def is_inside(name: str, *packages: str) -> bool:
    """True when a name is one of these packages or in it."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


# --- the rules: each gives a sentence for everything that breaks it


def arrows_point_down(tree: Tree) -> Iterator[str]:
    """Deployments, flows, tasks, steps, clients, domain: imports go this way only (design.md §1)."""
    for module, imported in tree.arrows():
        if module.inside(SIMULATOR) or not is_inside(imported, *PACKAGES) or is_inside(imported, SIMULATOR):
            continue
        above, below = _layer(module.name), _layer(imported)
        if below is not None and above is not None and above > below:
            yield f"{module.name} imports {imported}, which is above it"


def every_module_has_a_layer(tree: Tree) -> Iterator[str]:
    """A module that the list of layers does not know could import anything."""
    for name in tree.modules:
        if name != "ucrenew" and not is_inside(name, SIMULATOR) and _layer(name) is None:
            yield f"{name} is in no layer: say in LAYERS where it stands"


def _layer(name: str) -> int | None:
    fitting = [(len(at), number) for number, layer in enumerate(LAYERS) for at in layer if is_inside(name, at)]
    return max(fitting)[1] if fitting else None


def prefect_stays_above(tree: Tree) -> Iterator[str]:
    """Everything in ucrenew is true without Prefect (design.md §1)."""
    for module, imported in tree.arrows():
        if is_inside(imported, "prefect") and not module.inside(*WITH_PREFECT):
            yield f"{module.name} imports {imported}; Prefect is for {', '.join(WITH_PREFECT)}"


def simulator_shares_vocabulary_only(tree: Tree) -> Iterator[str]:
    """A rule misread once must not be misread on both sides (style.md §2)."""
    for module, imported in tree.arrows():
        if not module.inside(SIMULATOR) or not is_inside(imported, *PACKAGES):
            continue
        if not is_inside(imported, SIMULATOR) and imported not in SHARED_VOCABULARY:
            yield f"{module.name} imports {imported}; the simulator shares {', '.join(SHARED_VOCABULARY)} only"


def nobody_uses_simulator(tree: Tree) -> Iterator[str]:
    """Apart from tests only the rehearsal sees it, so only there it can meet Prefect (design.md §6)."""
    for module, imported in tree.arrows():
        if is_inside(imported, SIMULATOR) and not module.inside(*WITH_SIMULATOR):
            yield f"{module.name} imports {imported}; only the rehearsal and tests may"


def clients_keep_to_themselves(tree: Tree) -> Iterator[str]:
    """A client speaks one protocol and imports no other client (style.md §2)."""
    for module, imported in tree.arrows():
        if not (module.inside(CLIENTS) and is_inside(imported, CLIENTS)):
            continue
        ours, theirs = module.name.removeprefix(f"{CLIENTS}."), imported.removeprefix(f"{CLIENTS}.")
        if not _may_use(ours, theirs):
            yield f"client {ours} imports client {theirs}"


def _may_use(ours: str, theirs: str) -> bool:
    if theirs in UNDER_EVERY_CLIENT or _family(ours) == _family(theirs):
        return True
    return ours in ON_CHANNEL and theirs in UNDER_PLATFORM_CLI


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
    """No module is longer than a person reads in one go (style.md §10), be it a test."""
    for module in (*tree.modules.values(), *tree.tests.values()):
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
    for folder in (*PACKAGES, TESTS):
        for path in (tree.root / folder).rglob("__init__.py"):
            if path.read_text(encoding="utf-8").strip():
                yield f"{path.relative_to(tree.root)} is not empty"


def names_hide_nothing(tree: Tree) -> Iterator[str]:
    """No module of flows or tasks has the name of a package, a dependency or the standard library (style.md §3)."""
    taken = {*PACKAGES, TESTS, *DEPENDENCIES, *sys.stdlib_module_names}
    for module in tree.modules.values():
        if module.inside("flows", "tasks") and "." in module.name and module.name.rpartition(".")[2] in taken:
            yield f"{module.name} hides another module of that name"
    for folder in ("flows", "tasks"):
        if (tree.root / TESTS / folder).exists():
            yield f"{TESTS}/{folder} takes the place of {folder}"


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
