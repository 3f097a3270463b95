"""SSH on one node: login, the shell with its late prompt, the exec channel with only the banner (cucm.md §2.1).

Rule 1: a refused password is written to the ledger; a method that the release does not offer is not tried at all.
Rule 2: only the interactive shell answers commands.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator

import paramiko
from paramiko import common as words

from ucrenew.simulator.accounts import platform_privilege
from ucrenew.simulator.cli import CommandLine
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.dialogue import Session, SessionDropped
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.pace import Stopping
from ucrenew.simulator.ports import ANYWHERE, Place, Port
from ucrenew.simulator.terminal import HungUp, Interrupted, Terminal

PROMPT = "admin:"
_STARTING = "Command Line Interface is starting up, please wait ...\n"
_WELCOME = """
   Welcome to the Platform Command Line Interface

VMware Installation:
\t2 vCPU: Intel(R) Xeon(R) CPU E5-2690 v4 @ 2.60GHz
\tDisk 1: 110GB, Partitions aligned
\t8192 Mbytes RAM

"""
# 5.4 of 8 s pass before the welcome [T upg].
_BEFORE_WELCOME = 0.675
_KEYBOARD_ONLY_FROM = 15
_CHANNEL_SECONDS = 30
_GLANCE_SECONDS = 0.05
# A channel is taken at once; how soon the end of a connection is seen.
_ACCEPT_SECONDS = 2
# 12.5+ runs CiscoSSH [D RN125]; the number is [I].
_VERSION = "SSH-2.0-CiscoSSH-1.12.39"
# Visitors that break off are no news; the library's own log would tell of each.
_LOG = logging.getLogger("ucrenew.simulator.ssh")
_LOG.addHandler(logging.NullHandler())
_LOG.propagate = False


class SshServer:
    """The SSH port of one node."""

    def __init__(self, cluster: Cluster, node: SimulatedNode, place: Place = ANYWHERE) -> None:  # noqa: D107 - the class says it
        self.host_key = paramiko.ECDSAKey.generate()
        self.port = Port(self._serve, place)
        self._cluster = cluster
        self._node = node

    @property
    def fingerprint(self) -> str:
        """The host key as OpenSSH prints it."""
        digest = hashlib.sha256(self.host_key.asbytes()).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    def _serve(self, connection: socket.socket) -> None:
        # As sshd does: a dialogue of short writes must not wait for acknowledgements.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = paramiko.Transport(connection.dup())
        transport.local_version = _VERSION
        transport.set_log_channel(_LOG.name)
        transport.add_server_key(self.host_key)
        visitor = Visitor(self._cluster, self._node)
        try:
            transport.start_server(server=visitor, event=threading.Event())
            while transport.is_active() and not self._cluster.pace.stop.is_set():
                channel = transport.accept(_ACCEPT_SECONDS)
                if channel is not None:
                    threading.Thread(target=self._attend, args=(channel, visitor), daemon=True).start()
        finally:
            transport.close()

    def _attend(self, channel: paramiko.Channel, visitor: Visitor) -> None:
        try:
            if visitor.asked.wait(_CHANNEL_SECONDS):
                Shell(self._cluster, self._node, channel, visitor).run()
        except SessionDropped:
            # Closing alone would leave the descriptor open that this one was copied from.
            channel.get_transport().sock.shutdown(socket.SHUT_RDWR)
        except (HungUp, Stopping, OSError, EOFError):
            # The visitor left, or the simulator ends.
            pass
        finally:
            channel.close()


class Visitor(paramiko.ServerInterface):
    """Who knocks, and what they asked for."""

    def __init__(self, cluster: Cluster, node: SimulatedNode) -> None:  # noqa: D107 - the class says it
        self.asked = threading.Event()
        self.interactive = False
        self.rows = 24
        self.user = ""
        self.privilege = 0
        self._cluster = cluster
        self._node = node

    def get_allowed_auths(self, username: str) -> str:
        """Release 15 wants keyboard-interactive, older ones take a password too (cucm.md §2.1 [C], [T 11.5])."""
        del username
        return "keyboard-interactive" if self._keyboard_only() else "password,keyboard-interactive"

    def check_auth_password(self, username: str, password: str) -> int:
        """The plain method; not offered, it is refused unread."""
        if self._keyboard_only():
            return words.AUTH_FAILED
        return self._judge(username, password)

    def check_auth_interactive(self, username: str, submethods: str) -> int | paramiko.server.InteractiveQuery:
        """Ask for the password."""
        del submethods
        self.user = username
        return paramiko.server.InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int | paramiko.server.InteractiveQuery:
        """Judge what was typed."""
        return self._judge(self.user, responses[0] if responses else "")

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """Sessions only."""
        del chanid
        return words.OPEN_SUCCEEDED if kind == "session" else words.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_pty_request(  # noqa: PLR0913, PLR0917 - the library's signature
        self,
        channel: paramiko.Channel,
        term: bytes,
        width: int,
        height: int,
        pixelwidth: int,
        pixelheight: int,
        modes: bytes,
    ) -> bool:
        """Take note of the height of the screen."""
        del channel, term, width, pixelwidth, pixelheight, modes
        self.rows = height if height > 1 else self.rows
        return True

    def check_channel_window_change_request(
        self, channel: paramiko.Channel, width: int, height: int, pixelwidth: int, pixelheight: int
    ) -> bool:
        """Accept without following: a session keeps the height that it began with."""
        del channel, width, height, pixelwidth, pixelheight
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        """The interactive shell."""
        del channel
        self.interactive = True
        self.asked.set()
        return True

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        """Accepted, and the command is never read."""
        del channel, command
        self.asked.set()
        return True

    def _keyboard_only(self) -> bool:
        wanted = self._cluster.readings.ssh_login
        by_release = wanted == "by-release" and self._node.major >= _KEYBOARD_ONLY_FROM
        return by_release or wanted == "keyboard-interactive"

    def _judge(self, user: str, password: str) -> int:
        self.user = user
        privilege = platform_privilege(self._cluster.scene, self._node, user, password)
        if privilege is not None:
            self.privilege = privilege
            return words.AUTH_SUCCESSFUL
        self._cluster.ledger.write("login-refused", node=self._node.name, account=user)
        return words.AUTH_FAILED


class Shell:
    """What runs on a channel."""

    def __init__(self, cluster: Cluster, node: SimulatedNode, channel: paramiko.Channel, visitor: Visitor) -> None:  # noqa: D107 - the class says it
        self._cluster = cluster
        self._node = node
        self._channel = channel
        self._interactive = visitor.interactive
        self._terminal = Terminal(self._read, self._waiting, channel.sendall, visitor.rows)
        self._cli = CommandLine(Session(cluster, node, visitor.user, visitor.privilege, self._terminal.answer))

    def run(self) -> None:
        """The banner, and for a shell the dialogue."""
        self._greet()
        if self._interactive:
            self._wait_for_prompt()
            self._talk()
        self._channel.send_exit_status(0)

    def _talk(self) -> None:
        while not self._cli.ended:
            self._terminal.show(PROMPT)
            self._execute(self._terminal.line())
            # A newline at the prompt comes back as `admin:\r\n\radmin:` (cucm.md §2.1 [T]).
            self._terminal.show("" if self._cli.ended else "\r")

    def _greet(self) -> None:
        """The banner at its pace: 8 s from the shell to the prompt (cucm.md §2.1)."""
        seconds = self._cluster.delays.prompt_seconds
        self._terminal.show(_STARTING)
        self._cluster.pace.wait(seconds * _BEFORE_WELCOME)
        self._terminal.show(_WELCOME)
        if self._interactive:
            self._cluster.pace.wait(seconds * (1 - _BEFORE_WELCOME))

    def _wait_for_prompt(self) -> None:
        """The faults of a login: no prompt ever, none until released, none until a newline (cucm.md §2.1)."""
        faults = self._node.faults
        if faults.no_prompt:
            self._stay_silent_while(lambda: True)
        if faults.hold_next:
            faults.hold_next = False
            with self._held() as ticket:
                self._stay_silent_while(lambda: ticket in faults.held)
        if self._node.prompt_needs_nudge:
            self._terminal.key()

    @contextlib.contextmanager
    def _held(self) -> Iterator[object]:
        ticket = object()
        self._node.faults.held.add(ticket)
        try:
            yield ticket
        finally:
            self._node.faults.held.discard(ticket)

    def _stay_silent_while(self, condition: Callable[[], bool]) -> None:
        while condition():
            self._cluster.pace.wait(_GLANCE_SECONDS)
            self._terminal.look_for_hangup()

    def _execute(self, line: str) -> None:
        chunks = self._cli.run(line)
        try:
            if self._cli.views(line):
                self._terminal.view(chunks)
            elif self._cli.pages(line):
                self._terminal.print_paged(chunks)
            else:
                self._terminal.print_all(chunks)
        except Interrupted:
            self._cli.interrupt(lost=False)
            self._terminal.show("^C\n")
        except (HungUp, OSError):
            self._cli.interrupt(lost=True)
            raise

    def _read(self) -> bytes:
        return self._channel.recv(4096)

    def _waiting(self) -> bytes | None:
        """What has been typed meanwhile: None when nothing, empty when the visitor is gone."""
        if self._channel.recv_ready():
            return self._channel.recv(4096)
        return b"" if self._channel.closed else None
