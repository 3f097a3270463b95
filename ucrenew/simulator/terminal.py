"""The terminal behind the shell: echo, lines, the pager and its single keys (cucm.md §2.1).

Bytes come from ``read`` (empty at the end of the connection) and go to ``write``; no socket is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

INTERRUPT = 0x03
_BACKSPACES = frozenset({0x08, 0x7F})
_CR, _LF = 0x0D, 0x0A
# The pager's line, bold [D unicon]; that ESC[K takes it away again is [I].
PAGER = "\x1b[1mPress <enter> for 1 line, <space> for one page, or <q> to quit\x1b[0m"
_WIPE = "\r\x1b[K"
# The viewer's line [D unicon], bold from the line before.
VIEWER = "\x1b[1m\noptions: q=quit, n=next, p=prev, b=begin, e=end (lines {first} - {last} of {count}) : \x1b[0m"
_PAGE_LINES = 20


class HungUp(Exception):
    """The other side is gone."""


class Interrupted(Exception):
    """Ctrl-C was pressed."""


class Terminal:
    """One connection's keyboard and screen."""

    def __init__(  # noqa: D107 - the class says it
        self,
        read: Callable[[], bytes],
        waiting: Callable[[], bytes | None],
        write: Callable[[bytes], None],
        rows: int = 24,
    ) -> None:
        self.rows = rows
        self._read = read
        self._waiting = waiting
        self._write = write
        self._typed = bytearray()
        self._after_return = False

    def show(self, text: str) -> None:
        """Print a text; every line ends in CR LF."""
        if text:
            self._write(text.replace("\n", "\r\n").encode())

    def key(self) -> int:
        """The next byte typed; raises HungUp."""
        while True:
            while not self._typed:
                chunk = self._read()
                if not chunk:
                    raise HungUp
                self._typed += chunk
            byte = self._typed.pop(0)
            # A client that ends a line with CR LF has typed one line end.
            second_half = self._after_return and byte == _LF
            self._after_return = byte == _CR
            if not second_half:
                return byte

    def line(self) -> str:
        """A line with its echo, as typed; Ctrl-C throws it away."""
        try:
            return self.answer()
        except Interrupted:
            self.show("^C\n")
            return ""

    def answer(self) -> str:
        """A line with its echo, as typed; raises Interrupted at Ctrl-C."""
        typed = bytearray()
        while True:
            byte = self.key()
            if byte in {_CR, _LF}:
                self.show("\n")
                return typed.decode("utf-8", "replace")
            if byte == INTERRUPT:
                raise Interrupted
            if byte in _BACKSPACES:
                if typed:
                    typed.pop()
                    self._write(b"\b \b")
            else:
                typed.append(byte)
                self._write(bytes([byte]))

    def print_all(self, chunks: Iterator[str]) -> None:
        """Print chunks as they come; raises Interrupted or HungUp."""
        for chunk in chunks:
            self.show(chunk)
            self.look_for_interrupt()

    def print_paged(self, chunks: Iterator[str]) -> None:
        """Print with the pager: after a screen, a key decides (cucm.md §2.1)."""
        left = self.rows - 1
        for chunk in chunks:
            for line in chunk.splitlines(keepends=True):
                if left == 0:
                    left = self._ask()
                if left < 0:
                    return
                self.show(line)
                left -= 1

    def view(self, chunks: Iterator[str]) -> None:
        """Show a text page by page: a key turns the pages, up to q, or to n on the last ([I]) (cucm.md §2.1)."""
        lines = "".join(chunks).splitlines(keepends=True)
        last = max(0, (len(lines) - 1) // _PAGE_LINES)
        page = 0
        while True:
            first = page * _PAGE_LINES
            shown = lines[first : first + _PAGE_LINES]
            self.show("".join(shown))
            if last == 0:
                return
            self.show(VIEWER.format(first=first + 1, last=first + len(shown), count=len(lines)))
            turned = self._turn(page, last)
            self.show("\n")
            if turned is None:
                return
            page = turned

    def _turn(self, page: int, last: int) -> int | None:
        """The page that a key asks for, None for none; other keys are not heard ([I])."""
        pages = {"n": page + 1 if page < last else None, "p": max(0, page - 1), "b": 0, "e": last, "q": None}
        while True:
            byte = self.key()
            if byte == INTERRUPT:
                return None
            if chr(byte).lower() in pages:
                return pages[chr(byte).lower()]

    def look_for_hangup(self) -> None:
        """Take in what was typed meanwhile; raise HungUp when nobody is there any more."""
        chunk = self._waiting()
        if chunk is None:
            return
        if not chunk:
            raise HungUp
        self._typed += chunk

    def look_for_interrupt(self) -> None:
        """Raise Interrupted when Ctrl-C has been typed, HungUp when nobody is there any more."""
        self.look_for_hangup()
        if INTERRUPT in self._typed:
            del self._typed[: self._typed.index(INTERRUPT) + 1]
            raise Interrupted

    def _ask(self) -> int:
        """How many lines may follow; -1 for none."""
        self.show(PAGER)
        try:
            while True:
                byte = self.key()
                if byte in {_CR, _LF}:
                    return 1
                if byte == ord(" "):
                    return self.rows - 1
                if byte in {ord("q"), ord("Q"), INTERRUPT}:
                    return -1
        finally:
            self._write(_WIPE.encode())
