"""The platform CLI of a node, the one that prompts `admin:` (cucm.md §2): one method a command.

What a command printed is not proof: after a restart the caller asks for the services again, after a deletion for the
list, after an update of the CTL for the CTL. How a command is given is in `cli_session`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cryptography import x509

from ucrenew.clients import cli_backups, cli_certificates, cli_replies, cli_trust_lists, ssh
from ucrenew.clients.cli_backups import BackupRun
from ucrenew.clients.cli_certificates import ListedCertificate
from ucrenew.clients.cli_replies import ClusterRow, Replication, Service, ServiceState, SsoReply, Status
from ucrenew.clients.cli_session import LOGIN_SECONDS, REPLY_SECONDS, CliSession, NotAllowed
from ucrenew.domain.phones import SecurityMode
from ucrenew.domain.trust_lists import TrustList
from ucrenew.errors import BadInput, Refused

__all__ = ["NotAllowed", "PlatformCli", "connect"]

TRUST_STORE = re.compile(r"[\w-]+-trust")
TRUST_FILE = re.compile(r"[^\s/*]+\.pem")
RESTART_SECONDS = 600.0
SSO_SECONDS = 300.0  # [I]
CTL_SECONDS = 300.0  # [I]


def connect(  # noqa: PLR0913 - all by name; each is a fact of its own
    address: str,
    port: int,
    *,
    name: str,
    user: str,
    password: str,
    host_keys: frozenset[str],
    timeout: float = 30.0,
    login_deadline: float = LOGIN_SECONDS,
    reply_deadline: float = REPLY_SECONDS,
) -> PlatformCli:
    """Log in to a node's platform CLI and wait for its prompt; raises as `ssh.open_shell` does, or `Transient`."""
    shell = ssh.open_shell(address, port, name=name, user=user, password=password, host_keys=host_keys, timeout=timeout)
    cli = PlatformCli(
        name, shell, secrets=frozenset({password}), login_deadline=login_deadline, reply_deadline=reply_deadline
    )
    return cli.__enter__()


class PlatformCli(CliSession):
    """The commands of one node."""

    _service_names: frozenset[str] = frozenset()  # as its list told them last

    def version_active(self) -> str:
        """The release the node runs (S1)."""
        return self._ask("show version active", cli_replies.version_active)

    def network_cluster(self) -> tuple[ClusterRow, ...]:
        """Every node that this one knows of (cucm.md §2.3)."""
        return self._ask("show network cluster", cli_replies.network_cluster)

    def status(self) -> Status:
        """Date, zone, release and use of the active partition (cucm.md §2.3)."""
        return self._ask("show status", cli_replies.status)

    def services(self) -> Mapping[str, Service]:
        """Every service of the node by its exact name (S2)."""
        found = self._ask("utils service list", cli_replies.services)
        self._service_names = frozenset(found)
        return found

    def restart(self, service: str, *, deadline: float = RESTART_SECONDS) -> ServiceState:
        """Restart a service and return the state printed last (S19).

        Raises `Refused` when the node has no such service or says it failed. The prompt may come back
        before STARTED does: confirm with `services`.
        """
        return self._control("restart", service, deadline)

    def start(self, service: str, *, deadline: float = RESTART_SECONDS) -> ServiceState:
        """Start a service; answers as `restart` does."""
        return self._control("start", service, deadline)

    def stop(self, service: str, *, deadline: float = RESTART_SECONDS) -> ServiceState:
        """Stop a service; answers as `restart` does."""
        return self._control("stop", service, deadline)

    def sso_status(self) -> bool | None:
        """Whether SSO is on (S3); None when the reply's words are not understood, see `sso_reply`."""
        return self.sso_reply().enabled

    def sso_reply(self) -> SsoReply:
        """SSO status with the text it was read from."""
        return self._ask("utils sso status", cli_replies.sso_status)

    def disable_sso(self, *, deadline: float = SSO_SECONDS) -> SsoReply:
        """Switch SSO off at this node, saying yes when asked, and return what its status says then (S3).

        It can be switched on again in the GUI only (cucm.md §2.5). Raises `UnknownReply` for any other question.
        """
        self._run("utils sso disable", seconds=deadline)
        return self.sso_reply()

    def replication(self) -> Replication:
        """Database replication, one row a node (cucm.md §2.3)."""
        return self._ask("utils dbreplication runtimestate", cli_replies.replication)

    def backup_history(self) -> tuple[BackupRun, ...]:
        """The backups that were made, in the node's order (cucm.md §2.3)."""
        return self._ask("utils disaster_recovery history backup", cli_backups.backup_history)

    def backup_running(self) -> bool:
        """Whether a backup is under way (cucm.md §4.1)."""
        return self._ask("utils disaster_recovery status backup", cli_backups.backup_running)

    def own_certificate(self, unit: str) -> x509.Certificate | None:
        """The identity certificate of a unit as the node's files hold it, or None."""
        return self._ask(f"show cert own {unit}", cli_certificates.certificate)

    def csr(self, unit: str) -> x509.CertificateSigningRequest | None:
        """The outstanding CSR of a unit, or None (S11)."""
        return self._ask(f"show csr own {unit}", cli_certificates.csr)

    def certificate_list_own(self) -> tuple[ListedCertificate, ...]:
        """The node's identity certificates."""
        return self._ask("show cert list own", cli_certificates.certificate_list)

    def certificate_list_trust(self) -> tuple[ListedCertificate, ...]:
        """The certificates of the node's trust stores."""
        return self._ask("show cert list trust", cli_certificates.certificate_list)

    def delete_trust(self, unit: str, file: str) -> str:
        """Delete a file of a trust store, as `certificate_list_trust` names both; return what the node said to it.

        That proves nothing: list again, on every node (cucm_inside.md §B). Raises `BadInput`, before anything is
        sent, for any other unit: identity certificates are not deleted.
        """
        if not TRUST_STORE.fullmatch(unit) or not TRUST_FILE.fullmatch(file):
            raise BadInput(f"{self._name}: {file!r} of {unit!r} is not one file of a trust store; nothing was deleted")
        return self._run(f"set cert delete {unit} {file}")

    def security_mode(self) -> SecurityMode:
        """Whether the cluster is non-secure or in mixed mode, as its database says (S24, cucm.md §2.3)."""
        return self._ask(f"run sql {cli_trust_lists.MODE_STATEMENT}", cli_trust_lists.security_mode)

    def ctl(self) -> TrustList | None:
        """The CTL file of this node, or None where there is none, as in a non-secure cluster (cucm.md §2.5)."""
        return self._ask("show ctl", cli_trust_lists.trust_list)

    def itl(self) -> TrustList | None:
        """The ITL file of this node, which its TFTP hands out; None where there is none (cucm.md §2.5)."""
        return self._ask("show itl", cli_trust_lists.trust_list)

    def update_ctl(self, *, deadline: float = CTL_SECONDS) -> str:
        """Have the publisher sign its CTL anew with its own key, and return what it said to it (S25, cucm.md §2.5).

        That proves nothing: read `ctl` back. A CTL signed by a token becomes a tokenless one by it, which resets the
        trust of every phone: the caller knows who signed. Raises `UnknownReply` for any question but the one known.
        """
        return self._run("utils ctl update CTLFile", seconds=deadline)

    def run_sql(self, statement: str) -> list[dict[str, str]]:
        """The rows of a SELECT; no column may hold line breaks."""
        return self._ask(f"run sql {statement}", cli_replies.sql_rows)

    def _control(self, verb: str, service: str, deadline: float) -> ServiceState:
        # What a node answers for a name it does not know was never seen; its list is (cucm.md §2.2).
        if service not in (self._service_names or self.services()):
            raise Refused(f"{self._name}: `utils service {verb} {service}`: the node lists no service of this name")
        command = f"utils service {verb} {service}"
        reply = self._run(command, seconds=deadline)
        if failure := cli_replies.restart_failure(reply):
            raise Refused(f"{self._name}: `{command}` failed: {self._shortened(failure)}; look at the node's services")
        return self._read(command, reply, lambda text: cli_replies.last_state(text, service))
