"""A cable between the product and a far end that can be unplugged, cut, or slow just before an answer arrives.

It carries bytes and knows no protocol: TLS and SSH go through it untouched. What happens when is decided by whoever
looks at the far end's own ledger, so "received, and the answer lost" is exactly that.
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

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            far = socket.create_connection(self._far)
            threading.Thread(target=self._carry, args=(near, far, None), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, self), daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket, answers_of: Cable | None) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(_CHUNK):
                if answers_of is not None and answers_of._cut():  # noqa: SLF001 - the cable's own
                    break
                sink.sendall(chunk)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
