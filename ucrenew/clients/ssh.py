"""An SSH shell as a byte transport (paramiko): host key first, then exactly one login attempt.

Rules:

1. The host key is compared with the pins before any credential is sent; an unknown one is refused.
2. A password is presented once. Where the answer stays away after that, it is not presented again
   either: accounts lock.
3. No agent, no key files, no known_hosts: only what the caller hands over.
4. paramiko's algorithms stay as they are: release 10.5 and 11.5 nodes need its SHA-1 ones (cucm.md §2.1).
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import paramiko

from ucrenew.errors import BadInput, LoginRefused, Refused, Transient, Untrusted

# paramiko prints stack traces of its thread and, with hexdump, packets. Our errors say what is needed,
# so its log ends here.
_WIRE = "ucrenew.clients.ssh.wire"
logging.getLogger(_WIRE).addHandler(logging.NullHandler())
logging.getLogger(_WIRE).propagate = False

# Wide, so that a long SQL statement is echoed on one line.
_COLUMNS, _LINES = 511, 100
_KEEPALIVE = 60
_CHUNK = 65536


class ShellTransport:
    """The bytes of one interactive shell; a transport for `channel.Channel`."""

    def __init__(self, session: paramiko.Transport, shell: paramiko.Channel, *, timeout: float) -> None:
        """Take over a logged-in session and its shell; `timeout` is for sending."""
        self._session = session
        self._shell = shell
        self._timeout = timeout

    def receive(self, seconds: float) -> bytes:
        """Bytes as they come, ``b""`` once the node closed; `TimeoutError` when none come in time."""
        # paramiko takes zero for "do not block".
        self._shell.settimeout(seconds)
        return self._shell.recv(_CHUNK)

    def send(self, data: bytes) -> None:
        """Hand over all of the bytes; `OSError` when the node is gone."""
        self._shell.settimeout(self._timeout)
        self._shell.sendall(data)

    def close(self) -> None:
        """Close the shell and the connection under it."""
        self._session.close()


def open_shell(  # noqa: PLR0913 - all by name; each is a fact of its own
    address: str,
    port: int,
    *,
    name: str,
    user: str,
    password: str,
    host_keys: frozenset[str],
    timeout: float = 30.0,
) -> ShellTransport:
    """Log in to a node's platform CLI and start its interactive shell (cucm.md §2.1).

    Raises `Untrusted` before anything is sent, `LoginRefused` after one refused attempt, `Transient`
    when the node cannot be reached, `BadInput` when its address does not exist.
    """
    session = _connected(address, port, name=name, timeout=timeout)
    try:
        _require_pinned(session, host_keys, name, f"{address}:{port}")
        _log_in(session, name, user, password)
        return ShellTransport(session, _shell(session, name, timeout), timeout=timeout)
    except BaseException:
        session.close()
        raise


def presented_host_key(address: str, port: int, timeout: float = 30.0) -> str:
    """The fingerprint of the host key that answers there, as OpenSSH prints it; nothing is sent to it."""
    session = _connected(address, port, name=address, timeout=timeout)
    try:
        return session.get_remote_server_key().fingerprint
    finally:
        session.close()


def _require_pinned(session: paramiko.Transport, host_keys: frozenset[str], name: str, where: str) -> None:
    presented = session.get_remote_server_key().fingerprint
    if presented not in host_keys:
        raise Untrusted(
            f"{name}: {where} presents the SSH host key {presented}, which the profile does not pin; "
            "no credential was sent. If a person who can see the node confirms this key, add it to the profile"
        )


def _connected(address: str, port: int, *, name: str, timeout: float) -> paramiko.Transport:
    """An encrypted session, host key proven to be the presented one but not yet judged."""
    where = f"{name}: connecting to {address}:{port} by SSH"
    try:
        stream = socket.create_connection((address, port), timeout)
    except socket.gaierror as error:
        if error.errno == socket.EAI_NONAME:
            raise BadInput(f"{where}: no such host name; correct the node's address in the profile") from error
        raise Transient(f"{where}: the name could not be looked up ({error})") from error
    except OSError as error:
        raise Transient(f"{where}: {error.strerror or error}; see that the node is up and the port is right") from error
    # A dialogue of short lines: none of them waits for the one before it to be acknowledged.
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with _session_errors(where):
        session = paramiko.Transport(stream)
        session.set_log_channel(_WIRE)
        session.set_hexdump(False)  # type: ignore[no-untyped-call, unused-ignore]
        session.banner_timeout = session.auth_timeout = timeout
        try:
            session.start_client(timeout=timeout)
            # start_client only returns when its time is up; without keys exchanged this raises.
            session.get_remote_server_key()
        except BaseException:
            session.close()
            raise
        return session


@contextmanager
def _session_errors(where: str) -> Iterator[None]:
    try:
        yield
    except paramiko.ssh_exception.IncompatiblePeer as error:
        raise Refused(f"{where}: no SSH algorithm in common ({error})") from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise Transient(f"{where}: the SSH session could not be set up ({error})") from error


@contextmanager
def _given_up_after(session: paramiko.Transport, seconds: float) -> Iterator[None]:
    """End the session when this takes longer: paramiko itself waits for a shell for ever."""
    alarm = threading.Timer(seconds, session.close)
    alarm.daemon = True
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


@dataclass
class _OnePassword:
    """Answers a keyboard-interactive dialogue: one hidden question gets the password, once."""

    password: str = field(repr=False)
    presented: bool = False
    unanswered: str | None = None

    def __call__(self, _title: str, _instructions: str, prompts: Sequence[tuple[str, bool]]) -> list[str]:
        if not prompts:
            return []
        if self.presented or len(prompts) != 1 or prompts[0][1]:
            self.unanswered = " ".join(text.strip() for text, _ in prompts)
            # Ends paramiko's thread, and with it the attempt: nothing more is presented.
            raise EOFError
        self.presented = True
        return [self.password]


def _log_in(session: paramiko.Transport, name: str, user: str, password: str) -> None:
    """Present the password exactly once, in the way the node offers (cucm.md §2.1)."""
    where = f"{name}: logging in to the platform CLI as {user}"
    with _session_errors(where):
        offered = _offered_methods(session, user)
    if not offered:
        return
    dialogue = _OnePassword(password)
    try:
        if "keyboard-interactive" in offered:
            further = session.auth_interactive(user, dialogue)
        elif "password" in offered:
            dialogue.presented = True
            further = session.auth_password(user, password, fallback=False)
        else:
            raise LoginRefused(f"{where}: the node takes no password, it offers {', '.join(sorted(offered))}")
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise _refusal(where, dialogue, error) from error
    if further:
        raise LoginRefused(f"{where}: the node wants more than a password: {', '.join(further)}")


def _offered_methods(session: paramiko.Transport, user: str) -> frozenset[str]:
    """What the node accepts for this account; empty when it let us in without any credential."""
    try:
        session.auth_none(user)
    except paramiko.BadAuthenticationType as answer:
        return frozenset(answer.allowed_types)
    return frozenset()


def _refusal(where: str, dialogue: _OnePassword, error: Exception) -> LoginRefused | Transient:
    if dialogue.unanswered is not None:
        return LoginRefused(f"{where}: the node asked {dialogue.unanswered!r}, which we cannot answer; log in by hand")
    if isinstance(error, paramiko.BadAuthenticationType):
        return LoginRefused(f"{where}: the node no longer takes this way of logging in ({error})")
    if not dialogue.presented:
        return Transient(f"{where}: the connection ended before the password was asked for ({error})")
    said = str(error).rstrip(".")
    what = "user or password was refused" if said == "Authentication failed" else f"no clear answer came ({said})"
    return LoginRefused(f"{where}: {what}; it is not tried again, because accounts lock. Check the account by hand")


def _shell(session: paramiko.Transport, name: str, timeout: float) -> paramiko.Channel:
    starting = f"{name}: starting the platform CLI's shell"
    with _session_errors(starting), _given_up_after(session, timeout):
        session.set_keepalive(_KEEPALIVE)
        shell = session.open_session(timeout=timeout)
        shell.settimeout(timeout)
        shell.set_combine_stderr(True)
        # Only an interactive shell answers: an exec request returns the banner and nothing else (cucm.md §2.1).
        shell.get_pty(width=_COLUMNS, height=_LINES)
        shell.invoke_shell()
        return shell
