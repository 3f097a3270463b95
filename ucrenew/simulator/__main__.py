"""`python -m ucrenew.simulator`: a cluster and a CA on loopback, until a signal or the control API ends it.

It keeps nothing and makes new keys at every start.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import cast

from ucrenew.simulator.scene import compose
from ucrenew.simulator.stage import Stage

_ENDS = (signal.SIGTERM, signal.SIGINT)
_GLANCE_SECONDS = 0.2


def main(arguments: list[str] | None = None) -> int:
    """Start everything, say where it is, wait for the end."""
    told = _parser().parse_args(arguments)
    # Blocked and waited for, not handled: a handler could interrupt the very lock that it needs.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    scene = compose(told.scene, seed=told.seed, ecdsa=told.ecdsa, sso=told.sso)
    stage = Stage(scene, scale=told.latency, first_request_id=told.first_request_id)
    stage.open()
    try:
        described = stage.described()
        if told.json:
            write_private(told.json, json.dumps(described, indent=1))
        sys.stdout.write(banner(described))
        sys.stdout.flush()
        while not stage.pace.stop.is_set() and signal.sigtimedwait(_ENDS, _GLANCE_SECONDS) is None:
            pass
    finally:
        stage.close()
    return 0


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, and that is there whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(temporary).replace(path)


def banner(described: dict[str, object]) -> str:
    """What a person needs to walk in."""
    accounts = cast("dict[str, dict[str, str]]", described["accounts"])
    ca = cast("dict[str, str]", described["ca"])
    lines = [
        "A simulated Unified Communications cluster and Microsoft CA. For rehearsals and tests only:",
        "it keeps nothing and makes new keys at each start.",
        "",
    ]
    for node in cast("list[dict[str, str]]", described["nodes"]):
        lines += [
            f"  {node['name']} ({node['product']} {node['role']})",
            f"    https://{node['address']}:{node['https_port']}/   https://{node['address']}:{node['tomcat_port']}/",
            f"    ssh -p {node['ssh_port']} {accounts['platform']['user']}@{node['address']}",
            f"    Tomcat SHA-256 {node['tomcat_sha256']}",
            f"    SSH host key {node['ssh_host_key']}",
        ]
    lines += [
        "",
        f"  {ca['name']}: {ca['url']}",
        f"  control: {described['control']}",
        "",
        *(f"  account {name}: {account['user']}  {account['password']}" for name, account in accounts.items()),
        "",
        "Ctrl-C ends it.",
        "",
    ]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ucrenew.simulator", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write addresses, accounts and trust anchors there")
    parser.add_argument("--latency", type=float, default=1.0, metavar="SCALE", help="1 is realistic, 0 waits nowhere")
    parser.add_argument("--seed", type=int, help="the same passwords at every start; keys are new all the same")
    parser.add_argument("--ecdsa", action="store_true", help="give each node an ECDSA Tomcat certificate too")
    parser.add_argument("--sso", action="store_true", help="begin with SSO enabled")
    parser.add_argument("--first-request-id", type=int, default=32, metavar="ID", help="the CA's first request id")
    parser.add_argument("--scene", type=Path, metavar="FILE", help="JSON with domain, version and nodes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
