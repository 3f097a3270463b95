"""From the simulator's addresses to a profile, as a person would write it for a real cluster."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

Scene = Mapping[str, Any]


def write_profile(scene: Scene, folder: Path, *, cluster: str = "lab", **certificate: Any) -> Path:  # noqa: ANN401
    """Write ``CLUSTER.toml`` with its chain file and password files (mode 600) and return its path.

    ``certificate`` replaces or adds keys of the profile's [certificate] table.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ca = scene["ca"]
    (folder / "chain.pem").write_text(ca["root"] + ca["intermediate"])
    (folder / "ca-web.pem").write_text(ca["tls_ca"])
    for name, account in _accounts(scene).items():
        secret = folder / f"{name}.password"
        secret.touch(mode=0o600)
        secret.write_text(account["password"])
    path = folder / f"{cluster}.toml"
    path.write_text(_toml(scene, certificate))
    return path


def _toml(scene: Scene, certificate: Mapping[str, Any]) -> str:
    publisher = scene["nodes"][0]["name"]
    wish = {"common_name": publisher, "parent_domain": scene["domain"], "renew_before": 30, **certificate}
    tables = [
        "# Written by the rehearsal from what the simulator says of itself.",
        "[certificate]",
        *(f"{key} = {_value(value)}" for key, value in wish.items()),
        "",
        *_account_tables(scene),
        "[ca]",
        f"url = {_value(scene['ca']['url'])}",
        f"template = {_value(scene['ca']['template'])}",
        'chain_file = "chain.pem"',
        'trust = { ca_file = "ca-web.pem" }',
    ]
    for node in scene["nodes"]:
        tables += ["", "[[nodes]]"]
        for key in ("name", "product", "role", "address", "https_port", "tomcat_port", "ssh_port"):
            tables.append(f"{key} = {_value(node[key])}")
        pins = f"sha256 = [{_value(node['tomcat_sha256'])}], ssh_host_keys = [{_value(node['ssh_host_key'])}]"
        tables.append(f"trust = {{ {pins} }}")
    return "\n".join([*tables, ""])


def _accounts(scene: Scene) -> Mapping[str, Any]:
    """The accounts that the product uses; the application user is one of the scene's people."""
    people = scene.get("people", {})
    return {**scene["accounts"], **{name: people[name] for name in ("application",) if name in people}}


def _account_tables(scene: Scene) -> list[str]:
    lines = []
    for name, account in _accounts(scene).items():
        lines += [
            f"[accounts.{name}]",
            f"user = {_value(account['user'])}",
            f'password = {{ file = "{name}.password" }}',
            "",
        ]
    return lines


def _value(value: Any) -> str:  # noqa: ANN401 - a TOML value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)
