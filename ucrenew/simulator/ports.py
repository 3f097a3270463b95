"""Listening ports on loopback that can close and come back under the same number.

Rule 1: the number belongs to us from start to end: a bound socket that never listens keeps it, so that nobody else gets
it while the service is down and a connection is refused, not misdirected.
Rule 2: closing also cuts the connections that are open, as the end of the service behind it does.
Rule 3: a number that is asked for is looked at by ``check`` first: it has to be ours alone.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from collections.abc import Callable

from ucrenew.simulator.scene import LOOPBACK

# Address and number; 0 lets the system choose.
Place = tuple[str, int]
ANYWHERE: Place = (LOOPBACK, 0)
_BACKLOG = 128
_LOWEST_FREE_FOR_ALL = 1024


class CannotListen(Exception):
    """A port cannot be had; ``str()`` is one sentence."""


class Port:
    """One TCP port; each connection is served by ``serve`` in a thread of its own."""

    def __init__(self, serve: Callable[[socket.socket], None], place: Place = ANYWHERE) -> None:  # noqa: D107 - the class says it
        self._serve = serve
        self.address = place[0]
        self._lock = threading.Lock()
        self._listening: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._reserved = _bound(place)
        self.number: int = self._reserved.getsockname()[1]

    def open(self) -> None:
        """Accept connections from now on; nothing happens when it does already."""
        with self._lock:
            if self._listening is not None:
                return
            listening = _bound((self.address, self.number))
            listening.listen(_BACKLOG)
            self._listening = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections from now on and cut those that are open."""
        with self._lock:
            listening, self._listening = self._listening, None
            connections = list(self._open)
        if listening is not None:
            _cut(listening)
        for connection in connections:
            # The thread that serves it closes it; here it only learns that there is nothing more to come.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Close for good and give the number back."""
        self.close()
        self._reserved.close()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with self._lock:
                if self._listening is not listening:
                    connection.close()
                    return
                self._open.add(connection)
            threading.Thread(target=self._attend, args=(connection,), daemon=True).start()

    def _attend(self, connection: socket.socket) -> None:
        try:
            # A peer that goes away in the middle is none of our business.
            with contextlib.suppress(OSError):
                self._serve(connection)
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()


def check(place: Place) -> None:
    """Raises CannotListen where a port cannot be had for oneself alone."""
    address, number = place
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
        # Without SO_REUSEPORT: else two simulators would share a port, and each get half of the connections.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(place)
            tried.listen(1)
        except OSError as trouble:
            raise CannotListen(f"Cannot listen on {address}:{number}: {_why(trouble, number)}.") from trouble


def _why(trouble: OSError, number: int) -> str:
    if trouble.errno == errno.EACCES and number < _LOWEST_FREE_FOR_ALL:
        return "ports below 1024 take root or CAP_NET_BIND_SERVICE; run as root, or leave --real-ports out"
    if trouble.errno == errno.EADDRINUSE:
        return "another program listens there, or on that port of every address; end it, or name another address"
    if trouble.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address; where not all of 127.0.0.0/8 is there, add it to the loopback device"
    return str(trouble.strerror)


def _bound(place: Place) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(place)
    return bound


def _cut(listening: socket.socket) -> None:
    """End a listening socket; the shutdown wakes the thread that waits in accept."""
    with contextlib.suppress(OSError):
        listening.shutdown(socket.SHUT_RDWR)
    listening.close()
