"""`python -m ucrenew.simulator`: a cluster and a CA on loopback, until a signal or the control API ends it.

It keeps nothing and makes new keys at every start.

Rule 1: nothing here is looked at from time to time: a cluster that nobody uses costs nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import cast

from ucrenew.simulator.ports import CannotListen
from ucrenew.simulator.scene import Scene
from ucrenew.simulator.scene_file import DEFAULT, BadScene, read, ready_made
from ucrenew.simulator.stage import Stage

_ENDS = (signal.SIGTERM, signal.SIGINT)


def main(arguments: list[str] | None = None) -> int:
    """Start everything, say where it is, wait for the end."""
    told = _parser().parse_args(arguments)
    # Blocked and waited for, not handled: a handler could interrupt the very lock that it needs.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    try:
        _require_folder(told.json)
        stage = Stage(_scene(told), scale=told.latency)
    except (BadScene, CannotListen, ValueError) as reason:
        sys.stderr.write(f"{reason}\n")
        return 2
    stage.open()
    threading.Thread(target=_end_at_signal, args=(stage.pace.stop,), daemon=True).start()
    try:
        described = stage.described()
        if told.json:
            write_private(told.json, json.dumps(described, indent=1))
        sys.stdout.write(banner(described))
        sys.stdout.flush()
        stage.pace.stop.wait()
    finally:
        stage.close()
    return 0


def _scene(told: argparse.Namespace) -> Scene:
    return read(
        told.scene,
        seed=told.seed,
        ecdsa=told.ecdsa or None,
        sso=told.sso or None,
        first_request_id=told.first_request_id,
        real_ports=told.real_ports,
    )


def _require_folder(file: Path | None) -> None:
    """Raises ValueError before anything is started."""
    if file is not None and not os.access(file.parent, os.W_OK | os.X_OK):
        raise ValueError(f"{file} cannot be written: {file.parent} is no folder that we may write to; make it first")


def _end_at_signal(stop: threading.Event) -> None:
    signal.sigwait(_ENDS)
    stop.set()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, and that is there whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(temporary).replace(path)


def banner(described: dict[str, object]) -> str:
    """What a person needs to walk in."""
    accounts = cast("dict[str, dict[str, str]]", described["accounts"])
    people = cast("dict[str, dict[str, str]]", described["people"])
    ca = cast("dict[str, str]", described["ca"])
    lines = [
        "A simulated Unified Communications cluster and Microsoft CA. For rehearsals and tests only:",
        "it keeps nothing and makes new keys at each start.",
        "",
    ]
    for node in cast("list[dict[str, str]]", described["nodes"]):
        lines += [
            f"  {node['name']} ({node['product']} {node['role']})",
            f"    https://{node['address']}:{node['https_port']}/   https://{node['address']}:{node['tomcat_port']}/cmplatform/",
            f"    ssh -p {node['ssh_port']} {accounts['platform']['user']}@{node['address']}",
            f"    Tomcat SHA-256 {node['tomcat_sha256']}",
            f"    SSH host key {node['ssh_host_key']}",
        ]
    lines += [
        "",
        f"  {ca['name']} ({ca['host']}): {ca['url']}",
        f"  management page and control API: {described['control']}/",
        "",
        *(
            f"  account {name}: {account['user']}  {account['password']}"
            for name, account in {**accounts, **people}.items()
        ),
        "",
        "Ctrl-C ends it.",
        "",
    ]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ucrenew.simulator", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write addresses, accounts and trust anchors there")
    parser.add_argument("--latency", type=float, default=1.0, metavar="SCALE", help="1 is realistic, 0 waits nowhere")
    parser.add_argument(
        "--seed", type=int, help="the same passwords and serial numbers at every start; keys are new all the same"
    )
    parser.add_argument("--ecdsa", action="store_true", help="give each node an ECDSA Tomcat certificate too")
    parser.add_argument("--sso", action="store_true", help="begin with SSO enabled")
    parser.add_argument("--first-request-id", type=int, metavar="ID", help="the CA's first request id (32)")
    parser.add_argument(
        "--scene", default=DEFAULT, metavar="NAME|FILE", help=f"{', '.join(ready_made())}, or a TOML file of your own"
    )
    parser.add_argument(
        "--real-ports",
        action="store_true",
        help="22, 80, 443 and 8443 on an address of 127/8 a node, the CA's 443 on one more",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
