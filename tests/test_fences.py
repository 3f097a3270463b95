"""The fence stands immediately before every act (design.md §7): a process whose run goes on elsewhere does nothing.

``unfenced`` reads a step without importing it. It is run on the real steps, and on small made-up ones.
"""

import ast
import re
from collections.abc import Iterator, Sequence

import pytest

from tests.test_architecture import ROOT, Tree
from ucrenew.clients.certmgr import CertificateManager
from ucrenew.clients.certsrv import CertSrv
from ucrenew.clients.controlcenter_actions import ServiceControl
from ucrenew.clients.platform_cli import PlatformCli

# What changes something at a node or the CA, and the client whose method it is.
ACTS = {
    "generate_csr": CertificateManager,
    "upload_trust": CertificateManager,
    "upload_identity": CertificateManager,
    "submit": CertSrv,
    "restart": PlatformCli,
    "start": PlatformCli,
    "stop": PlatformCli,
    "disable_sso": PlatformCli,
    "delete_trust": PlatformCli,
    "update_ctl": PlatformCli,
    "control": ServiceControl,
}
FENCE = re.compile(r"(\w+\.)*site\.fence\(\)")
HOLDERS = (ast.ExceptHandler, ast.match_case)


def acts(text: str) -> list[tuple[str, bool]]:
    """Every act of a module, and whether the fence is the statement before its own or before the ``try`` it begins."""
    tree = ast.parse(text)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    return [
        (f"line {statement.lineno}: {act}", before is not None and bool(FENCE.fullmatch(ast.unparse(before))))
        for statement, before in _statements(tree.body)
        for act in _acts(statement, imported)
    ]


def _statements(
    block: Sequence[ast.stmt], before: ast.stmt | None = None
) -> Iterator[tuple[ast.stmt, ast.stmt | None]]:
    """Each statement, at whatever depth, with the one that surely ran right before it; ``try`` hands on its own."""
    for statement in block:
        yield statement, before
        for name in ("body", "orelse", "finalbody"):
            inner = getattr(statement, name, [])
            yield from _statements(inner, before if isinstance(statement, ast.Try) and name == "body" else None)
        for holder in (child for child in ast.iter_child_nodes(statement) if isinstance(child, HOLDERS)):
            yield from _statements(holder.body)
        before = statement


def _acts(statement: ast.stmt, imported: set[str]) -> Iterator[str]:
    """The acts in a statement's own expressions; a function of a module is none."""
    for part in ast.iter_child_nodes(statement):
        if isinstance(part, (ast.stmt, *HOLDERS)):
            continue
        for node in ast.walk(part):
            match node:
                case ast.Call(func=ast.Attribute(attr=name, value=whose)) if name in ACTS:
                    if ast.unparse(whose) not in imported:
                        yield ast.unparse(node.func)


def test_every_act_is_fenced():
    """In every step the fence is the statement before each act, or before the ``try`` that begins with it."""
    steps = [module for name, module in Tree(ROOT).modules.items() if name.startswith("ucrenew.steps.")]
    found = {f"{module.name}, {act}": fenced for module in steps for act, fenced in acts(module.text)}

    assert [] == [act for act, fenced in found.items() if not fenced]
    assert {"generate_csr", "upload_trust", "upload_identity", "submit", "restart", "start"} <= {
        act.rpartition(".")[2] for act in found
    }


def test_acts_are_the_clients():
    """The list of acts names methods that the clients have: a renamed one does not slip out of it."""
    assert [] == [name for name, client in ACTS.items() if not callable(getattr(client, name, None))]


@pytest.mark.parametrize(
    "body",
    [
        "site.fence()\ncli.restart(name)",
        "site.fence()\nanswer = rest.upload_trust(one)",
        "self.site.fence()\nreturn cli.start(name)",
        "site.fence()\ntry:\n    cli.restart(name)\nexcept E:\n    pass",
        "with site.cli(node) as cli:\n    site.fence()\n    cli.disable_sso()",
        "services.start(site, node)",
    ],
)
def test_fenced_act_passes(body):
    """A fence on the line before is what is wanted, also outside the ``try`` that begins with the act."""
    (found,) = acts(_in_function(body)) or [("", True)]

    assert found[1]


@pytest.mark.parametrize(
    "body",
    [
        "cli.restart(name)",
        "site.fence()\nrecord.note(name)\ncli.restart(name)",
        "cli.restart(name)\nsite.fence()",
        "if site.fence():\n    cli.restart(name)",
        "site.fence()\nif good:\n    cli.restart(name)",
        "site.fence()\nwith site.cli(node) as cli:\n    cli.restart(name)",
        "site.fence()\ntry:\n    pass\nexcept E:\n    cli.restart(name)",
        "site.fence()\ntry:\n    look()\n    cli.stop(name)\nexcept E:\n    pass",
        "site.fence\ncli.restart(name)",
        "until(lambda: rest.generate_csr(wish))",
        "match one:\n    case 1:\n        rest.upload_identity(one)",
        "while cli.delete_trust(unit, file):\n    site.fence()",
    ],
)
def test_unfenced_act_is_found(body):
    """Anything between fence and act, and anything that may skip the fence, is found."""
    assert [False] == [fenced for _, fenced in acts(_in_function(body))]


def _in_function(body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return f"from ucrenew.steps import services\n\ndef step(site):\n{lines}\n"
