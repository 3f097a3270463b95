"""A KDC of MIT Kerberos on loopback, and IIS as far as a client with a ticket sees it (certsrv.md §7)."""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import until
from tests.protocols.certsrv_captures import challenge
from tests.protocols.https_door import Answers, Reply, Seen

REALM = "EXAMPLE.COM"
SERVICE = "HTTP/ca.example.com"
PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local")
CHANNEL_BOUND = 2048  # GSS_C_CHANNEL_BOUND_FLAG, for which python-gssapi has no name
OFFER = challenge("Negotiate", "NTLM")


def missing() -> list[str]:
    """The programs of Debian's krb5-kdc and krb5-admin-server that are not here."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@contextmanager
def running(folder: Path, accounts: dict[str, str]) -> Iterator[Path]:
    """A KDC that knows these accounts and the service; yields its krb5.conf. The service's key is in http.keytab."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _configure(folder, port)
    environment = {**os.environ, "KRB5_CONFIG": str(folder / "krb5.conf"), "KRB5_KDC_PROFILE": str(folder / "kdc.conf")}

    def call(*command: str, **more: Any) -> None:
        subprocess.run(command, env=environment, check=True, capture_output=True, **more)

    call("kdb5_util", "create", "-s", "-r", REALM, "-P", "master")
    for name, password in accounts.items():
        call("kadmin.local", "addprinc", "-pw", password, f"{name}@{REALM}")
    call("kadmin.local", "addprinc", "-randkey", SERVICE)
    call("kadmin.local", "ktadd", "-k", str(folder / "http.keytab"), SERVICE)
    process = subprocess.Popen(["krb5kdc", "-n"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: process.poll() is not None or _answers(port), 10, 0.05)
        assert process.poll() is None, (folder / "kdc.log").read_text()
        yield folder / "krb5.conf"
    finally:
        process.terminate()
        process.wait()


@dataclass
class Iis:
    """Lets in who brings a ticket; MIT's acceptor refuses a wrong binding, and only tells of a missing one."""

    page: Answers
    keytab: Path
    bound_to: bytes
    tickets: list[bool] = field(default_factory=list)  # whether each was bound

    def __call__(self, seen: Seen) -> Reply:
        """Answer one request."""
        import gssapi  # noqa: PLC0415 - an extra

        found = re.fullmatch(r"Negotiate (\S+)", seen.headers.get("Authorization", ""))
        if found is None:
            return OFFER
        accepting = gssapi.SecurityContext(
            usage="accept",
            creds=gssapi.Credentials(usage="accept", store={"keytab": str(self.keytab)}),
            channel_bindings=gssapi.raw.ChannelBindings(application_data=self.bound_to),
        )
        try:
            accepting.step(base64.b64decode(found[1]))
            bound = accepting.complete and bool(int(accepting.actual_flags) & CHANNEL_BOUND)
        except gssapi.exceptions.GSSError:
            bound = False
        self.tickets.append(bound)
        return self.page(seen) if bound else OFFER


def _configure(folder: Path, port: int) -> None:
    (folder / "krb5.conf").write_text(
        f"[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\nrdns = false\n"
        f"dns_canonicalize_hostname = false\n[realms]\n{REALM} = {{\n kdc = 127.0.0.1:{port}\n}}\n"
        f"[domain_realm]\n.example.com = {REALM}\n[logging]\nkdc = FILE:{folder}/kdc.log\n"
    )
    (folder / "kdc.conf").write_text(
        f"[kdcdefaults]\nkdc_listen = 127.0.0.1:{port}\nkdc_tcp_listen = 127.0.0.1:{port}\n"
        f"[realms]\n{REALM} = {{\n database_name = {folder}/principal\n key_stash_file = {folder}/stash\n"
        f" acl_file = {folder}/acl\n default_principal_flags = +preauth\n}}\n"
    )


def _answers(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
