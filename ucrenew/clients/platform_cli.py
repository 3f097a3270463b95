"""The platform CLI of a node, the one that prompts `admin:` (cucm.md §2): one method a command.

Rules:

1. Prompts, failure texts, questions and time limits are data, at the top of this file.
2. Ctrl-C is never sent (S19); a command that does not come back is left alone, and the session with it.
3. A question nobody foresaw is not answered: the session is given up and the question quoted.
4. What a command printed is not proof: after a restart the caller asks for the services again, after a deletion for
   the list.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TypeVar

from cryptography import x509

from ucrenew.clients import cli_backups, cli_certificates, cli_replies, ssh
from ucrenew.clients.channel import Answer, Channel, Nudge, Pager, Reading, Silence, Transport
from ucrenew.clients.cli_backups import BackupRun
from ucrenew.clients.cli_certificates import ListedCertificate
from ucrenew.clients.cli_replies import ClusterRow, Replication, Service, ServiceState, SsoReply, Status
from ucrenew.errors import BadInput, Refused, Transient, UnknownReply

# cucm.md §2.1: no blank after it; CR, LF or erase-line before it; nothing follows while it waits.
PROMPT = re.compile(rb"(?:\A|[\r\n]|\x1b\[K)admin:\s*\Z")
NUDGE = Nudge(after=re.compile(rb"Welcome to the Platform Command Line Interface"))
PAGERS = (
    Pager(
        re.compile(
            rb"(?:\x1b\[[\d;]*m)*Press <enter> for 1 line, <space> for one page, or <q> to quit"
            rb"(?:\x1b\[[\d;]*[mK])*\s*\Z"
        ),
        b" ",
    ),
    Pager(re.compile(rb"options: q=quit, n=next, p=prev, b=begin, e=end[^\r\n]*:\s*\Z"), b"n"),
)
QUESTION = re.compile(rb"[^\r\n]*[(\[](?:yes\s*[|/]\s*no|y\s*[|/]\s*n)[)\]]\s*[?:]*[ \t]*\Z", re.IGNORECASE)
PAGINATION_OFF = "set cli pagination off"
PAGINATION_ANSWERED = re.compile(rb"(?s)pagination is turned off.*?" + PROMPT.pattern, re.IGNORECASE)
REFUSALS = ("Executed command unsuccessfully",)  # [I]
# The first [C hc]: so is refused what a release does not know, and [I] what an account's level does not reach. A text
# for lack of privilege was never seen: words of it count in a short reply only, where no data can hold them.
NO_SUCH_COMMAND = re.compile(r"No valid command entered")
NO_PRIVILEGE = re.compile(r"\bprivilege|not authori[sz]ed|permission denied", re.IGNORECASE)
SHORT_REPLY = 2  # lines
# How these two ask is not known (cucm.md §6), that they do is: yes is said in the style in which the question asks.
YES = (
    Answer(re.compile(rb"yes\s*[|/]\s*no", re.IGNORECASE), "yes"),
    Answer(re.compile(rb"y\s*[|/]\s*n", re.IGNORECASE), "y"),
)
ANSWERS: Mapping[str, tuple[Answer, ...]] = {"utils sso disable": YES, "set cert delete": YES}  # the others ask nothing
MOST_ANSWERS = 2
# A line that waits and is no question of the above styles; looked for only where a dialogue has fallen silent.
OTHER_QUESTION = re.compile(r"[^\n]*[?:][ \t]*\Z")
TRUST_STORE = re.compile(r"[\w-]+-trust")
TRUST_FILE = re.compile(r"[^\s/*]+\.pem")

# What goes on without us when the session ends after the command was given; so nobody gives it again blindly.
GOES_ON = {
    "utils service restart": "the restart itself may go on",
    "utils service start": "the start itself may go on",
    "utils service stop": "the stop itself may go on",
    "utils sso disable": "SSO may be off all the same",
    "set cert delete": "the file may be deleted all the same",
}

LOGIN_SECONDS = 120.0
REPLY_SECONDS = 60.0
SYNC_SECONDS = 10.0
EXIT_SECONDS = 5.0
SLOW = {  # cucm.md §2.2, §2.3
    "utils service list": 120.0,
    "utils dbreplication runtimestate": 180.0,
    "utils disaster_recovery": 120.0,
    "run sql": 120.0,
}
RESTART_SECONDS = 600.0
SSO_SECONDS = 300.0  # [I]
QUOTED = 300

T = TypeVar("T")


class NotAllowed(Refused):
    """The node does not take this command from this account: its level is too low, or the release lacks it."""


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


class PlatformCli:
    """One session at one node, at its prompt between two calls."""

    def __init__(  # noqa: PLR0913 - all by name
        self,
        name: str,
        transport: Transport,
        *,
        secrets: frozenset[str] = frozenset(),
        login_deadline: float = LOGIN_SECONDS,
        reply_deadline: float = REPLY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Speak with the node called `name` over a transport that has logged in."""
        self._name = name
        self._channel = Channel(transport, name=name, pagers=PAGERS, secrets=secrets, clock=clock)
        self._login_deadline = login_deadline
        self._reply_deadline = reply_deadline
        self._at_prompt = False
        self._entered = False
        self._service_names: frozenset[str] = frozenset()

    def __enter__(self) -> Self:
        """Wait for the prompt, which comes late and sometimes only when nudged (cucm.md §2.1)."""
        if not self._entered:
            try:
                self._enter()
            except BaseException:
                self._channel.close()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave, whether the work went well or not."""
        self.exit()

    def exit(self) -> None:
        """Leave with `exit` when the prompt is there, then let go of the connection."""
        try:
            if self._at_prompt:
                self._at_prompt = False
                self._channel.type("exit", seconds=EXIT_SECONDS, doing="leaving")
                self._channel.wait_for_close(seconds=EXIT_SECONDS)
        except Transient:
            pass  # The work is done; a node that closes first is as good as one that says goodbye.
        finally:
            self._channel.close()

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

    def run_sql(self, statement: str) -> list[dict[str, str]]:
        """The rows of a SELECT; no column may hold line breaks."""
        return self._ask(f"run sql {statement}", cli_replies.sql_rows)

    def _enter(self) -> None:
        waiting = "waiting for the `admin:` prompt"
        self._channel.read_until(PROMPT, seconds=self._login_deadline, doing=waiting, nudge=NUDGE)
        self._entered = True
        # After nudges more prompts may be under way than are seen yet. The text of this first reply tells
        # its own prompt from theirs; where the text differs, the pager rules alone have to do.
        self._channel.type(PAGINATION_OFF, seconds=self._reply_deadline, doing=f"`{PAGINATION_OFF}`")
        try:
            self._channel.read_until(
                PAGINATION_ANSWERED, seconds=min(SYNC_SECONDS, self._reply_deadline), doing=f"`{PAGINATION_OFF}`"
            )
        except Transient:
            self._channel.read_until(PROMPT, seconds=SYNC_SECONDS, doing=f"`{PAGINATION_OFF}`")
        self._at_prompt = True

    def _control(self, verb: str, service: str, deadline: float) -> ServiceState:
        # What a node answers for a name it does not know was never seen; its list is (cucm.md §2.2).
        if service not in (self._service_names or self.services()):
            raise Refused(f"{self._name}: `utils service {verb} {service}`: the node lists no service of this name")
        command = f"utils service {verb} {service}"
        reply = self._run(command, seconds=deadline)
        if failure := cli_replies.restart_failure(reply):
            raise Refused(f"{self._name}: `{command}` failed: {self._shortened(failure)}; look at the node's services")
        return self._read(command, reply, lambda text: cli_replies.last_state(text, service))

    def _ask(self, command: str, read: Callable[[str], T]) -> T:
        return self._read(command, self._run(command), read)

    def _read(self, command: str, reply: str, read: Callable[[str], T]) -> T:
        try:
            return read(reply)
        except ValueError as error:
            raise UnknownReply(
                f"{self._name}: the reply to `{command}` is in no known form ({error}): {self._shortened(reply)!r}"
            ) from error

    def _run(self, command: str, *, seconds: float | None = None) -> str:
        """The reply to one command, from its echo or the last answer to the prompt."""
        doing = f"`{command}`"
        # A question mark opens the CLI's help and a control character would be a key of its own.
        if not command.isprintable() or "?" in command:
            raise BadInput(f"{self._name}: {command!r} cannot be typed at the platform CLI")
        if not self._at_prompt:
            raise Transient(f"{self._name}: {doing}: the session is not at its prompt; open a new one")
        self._at_prompt = False
        self._channel.type(command, seconds=self._reply_deadline, doing=doing)
        reply = self._reply_to(command, seconds or max(self._reply_deadline, _of_command(command, SLOW, 0.0)), doing)
        self._at_prompt = True
        if _lacks_privilege(reply):
            raise NotAllowed(
                f"{self._name}: {doing} was refused: {self._shortened(reply)}; the account's privilege may be too low"
                " for this command (level 1 is needed for show cert, set cert and set csr, 4 for some), or the release"
                " does not have it"
            )
        if any(text in reply for text in REFUSALS):
            raise Refused(f"{self._name}: {doing} was refused: {self._shortened(reply)}")
        return reply

    def _reply_to(self, command: str, seconds: float, doing: str) -> str:
        try:
            return self._dialogue(command, seconds, doing).text.strip("\n")
        except Transient as error:
            if goes_on := _of_command(command, GOES_ON, ""):
                raise Transient(f"{error}; {goes_on}: look before the command is given again") from error
            raise

    def _dialogue(self, command: str, seconds: float, doing: str) -> Reading:
        """Read to the prompt, answering the questions that `ANSWERS` foresees for this command."""
        answers, given = _of_command(command, ANSWERS, ()), 0
        while (reading := self._prompt_or_question(seconds, doing, waiting=bool(answers))).end is QUESTION:
            answer = next((known for known in answers if known.question.search(reading.matched.encode())), None)
            if answer is None or given == MOST_ANSWERS:
                raise self._unforeseen(doing, reading.matched)
            given += 1
            self._channel.answer(answer, seconds=self._reply_deadline, doing=doing)
        return reading

    def _prompt_or_question(self, seconds: float, doing: str, *, waiting: bool) -> Reading:
        try:
            return self._channel.read_until(PROMPT, QUESTION, seconds=seconds, doing=doing)
        except Silence as silence:
            if waiting and (asked := OTHER_QUESTION.search(silence.unread)):
                raise self._unforeseen(doing, asked[0]) from silence
            raise

    def _unforeseen(self, doing: str, question: str) -> UnknownReply:
        return UnknownReply(
            f"{self._name}: {doing} asks {self._shortened(question)!r}, which nobody foresaw; "
            "it was not answered. Run the command by hand"
        )

    def _shortened(self, text: str) -> str:
        one_line = " ".join(self._channel.redacted(text).split())
        return one_line if len(one_line) <= QUOTED else f"{one_line[:QUOTED]}…"


def _lacks_privilege(reply: str) -> bool:
    short = len(reply.splitlines()) <= SHORT_REPLY
    return bool(NO_SUCH_COMMAND.search(reply) or (short and NO_PRIVILEGE.search(reply)))


def _of_command(command: str, table: Mapping[str, T], otherwise: T) -> T:
    """What a table says of the command that begins so."""
    return next((found for start, found in table.items() if command.startswith(start)), otherwise)
