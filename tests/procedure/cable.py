"""A cable between the product and another program: it can be unplugged, led elsewhere, cut or held before an answer.

It carries bytes and knows no protocol: TLS and SSH go through it untouched. When it is cut or held is decided by
whoever looks at the far end's own ledger, so "received, and the answer lost" is exactly that.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

_CHUNK = 65536


class Cable:
    """A listener of its own in front of a port on loopback."""

    def __init__(self, port: int) -> None:
        self._far = ("127.0.0.1", port)
        self._near = socket.socket()
        self._near.bind(("127.0.0.1", 0))
        self.port = self._near.getsockname()[1]
        self._cut: Callable[[], bool] = lambda: False
        self._held: Callable[[], bool] = lambda: False
        self._free = threading.Event()
        self._listening: socket.socket | None = None
        self.plug()

    def plug(self) -> None:
        """Accept connections from now on."""
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._near.fileno() >= 0:
            self._near.close()
        listening.bind(("127.0.0.1", self.port))
        listening.listen()
        self._listening = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def unplug(self) -> None:
        """Refuse connections from now on; nothing that is sent arrives."""
        listening, self._listening = self._listening, None
        if listening is not None:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()

    def cut_answers_when(self, predicate: Callable[[], bool]) -> None:
        """End a connection instead of bringing an answer while this is true; ``lambda: False`` mends it."""
        self._cut = predicate

    def before_an_answer(self, predicate: Callable[[], bool], act: Callable[[], object]) -> None:
        """Once, when this is true: do something while the next answer is held back."""
        looking = threading.Lock()
        due = [act]

        def look() -> bool:
            with looking:
                if due and predicate():
                    due.pop()()
            return False

        self._cut = look

    def hold_answers_when(self, predicate: Callable[[], bool]) -> None:
        """Bring no answer from when this is true on, and let the other side wait for it, until ``let_go``."""
        self._held = predicate

    def let_go(self) -> None:
        """Bring what was held, to whoever still listens, and hold nothing any more."""
        self._held = lambda: False
        self._free.set()

    def lead_to(self, port: int) -> None:
        """Lead new connections to another port, as when another machine has the address now."""
        self._far = ("127.0.0.1", port)

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            far = socket.create_connection(self._far)
            threading.Thread(target=self._carry, args=(near, far, None), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, self), daemon=True).start()

    def _arrives(self) -> bool:
        if self._held():
            self._free.wait()
        return not self._cut()

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket, answers_of: Cable | None) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(_CHUNK):
                if answers_of is not None and not answers_of._arrives():  # noqa: SLF001 - the cable's own
                    break
                sink.sendall(chunk)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
