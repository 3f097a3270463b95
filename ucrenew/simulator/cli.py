"""The `admin:` command line of one node: text in, text out, no socket (cucm.md §2).

Ctrl-C and a lost connection end a command's output; ``interrupt`` tells the command which of them it was.
"""

from __future__ import annotations

from ucrenew.simulator import listings
from ucrenew.simulator.cli_certificates import CertificateCommands
from ucrenew.simulator.cli_files import FileCommands
from ucrenew.simulator.cli_phones import PhoneCommands
from ucrenew.simulator.cli_services import ServiceCommands
from ucrenew.simulator.cli_signing import SigningCommands
from ucrenew.simulator.cli_sso import SsoCommands
from ucrenew.simulator.database import StatementRefused, table
from ucrenew.simulator.dialogue import Command, Output, Session
from ucrenew.simulator.listings import joined

# The last line [C hc]; the one before it is [I].
UNKNOWN_COMMAND = "Executed command unsuccessfully\nNo valid command entered\n"


class CommandLine:
    """One session: its commands, and its pager setting."""

    def __init__(self, session: Session) -> None:  # noqa: D107 - the class says it
        self.paginates = True
        self.ended = False
        self._session = session
        self._cluster = session.cluster
        self._node = session.node
        self._services = ServiceCommands(session)
        self._commands = [
            *self._facts(),
            *CertificateCommands(session).commands(),
            *SigningCommands(session).commands(),
            *self._services.commands(),
            *SsoCommands(session).commands(),
            *FileCommands(session).commands(),
            *PhoneCommands(session).commands(),
        ]

    def run(self, line: str) -> Output:
        """Answer one line; nothing for an empty one."""
        words = " ".join(line.split())
        if not words:
            return
        if words in {"exit", "quit"}:
            self.ended = True
            return
        self._cluster.pace.wait(self._cluster.delays.command_seconds + self._node.cli_latency)
        command = self._meant(words)
        if command is None or not self._may(command):
            yield UNKNOWN_COMMAND
            return
        yield from command.answer(words[len(command.words) + 1 :])

    def pages(self, line: str) -> bool:
        """Whether the pager holds this output back."""
        command = self._meant(" ".join(line.split()))
        return self.paginates and not (command and command.streams)

    def views(self, line: str) -> bool:
        """Whether this output is looked at page by page, wherever the viewer is told to go."""
        command = self._meant(" ".join(line.split()))
        return bool(command and command.views)

    def interrupt(self, *, lost: bool) -> None:
        """Ctrl-C or a lost connection."""
        self._services.interrupt(lost=lost)

    def _may(self, command: Command) -> bool:
        """Whether the account's privilege is enough; else the command is as if it did not exist ([I] guess)."""
        if command.level <= self._session.privilege:
            return True
        if command.kind:
            self._session.note(command.kind, refused="The account has no privilege for this command")
        return False

    def _meant(self, words: str) -> Command | None:
        return next((command for command in self._commands if command.is_meant(words)), None)

    def _facts(self) -> list[Command]:
        """Commands that tell about the system."""
        cluster, node = self._cluster, self._node
        return [
            Command("show version active", lambda _: self._show(listings.version(node))),
            Command("show status", lambda _: self._show(listings.status(node))),
            Command("show network cluster", lambda _: self._show(listings.network_cluster(cluster, node))),
            Command("show cli pagination", lambda _: self._show([f"Automatic Pagination : {self._pagination()}."])),
            Command("set cli pagination", self._set_pagination),
            Command("utils dbreplication runtimestate", lambda _: self._show(listings.replication(cluster, node))),
            Command(
                "utils disaster_recovery status backup", lambda _: self._show(listings.backup_status(cluster, node))
            ),
            Command("utils disaster_recovery history backup", lambda _: self._show(listings.backup_history(node))),
            Command("run sql", self._run_sql),
        ]

    def _show(self, lines: list[str]) -> Output:
        yield joined(lines)

    def _pagination(self) -> str:
        return "On" if self.paginates else "Off"

    def _set_pagination(self, told: str) -> Output:
        """`set cli pagination off|on`: this session only [D]; the text for `on` is [I] by analogy."""
        if told not in {"on", "off"}:
            yield UNKNOWN_COMMAND
            return
        self.paginates = told == "on"
        yield f"Automatic pagination is turned {told}\n"

    def _run_sql(self, statement: str) -> Output:
        """`run sql <select>` [T]."""
        cluster = self._cluster
        try:
            with cluster.lock:
                nodes = cluster.nodes.values()
                names, rows = cluster.database.select(statement, nodes, cluster.readings.security_mode)
        except StatementRefused as reason:
            yield f"{reason}\n"  # errors were never seen: [I]
            return
        yield joined(table(names, rows))
