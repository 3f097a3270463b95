"""A dialogue over a byte stream with a terminal at the other end: echo, prompt, pager, ANSI, deadline.

It knows no product: prompts, pagers, nudges and questions arrive as data. The rules it keeps:

1. It never sleeps. It reads until a pattern matches the end of what was read, or until a deadline.
2. A typed line is written, its echo is read back, and only then return is sent. So whatever was still
   under way before the line (a second prompt after a nudge) is never taken for its answer.
3. Hidden input is neither logged nor expected back, and is taken out of every message.
4. It never sends an interrupt: no byte leaves that the caller or its data did not give.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from ucrenew.errors import Transient

LOG = logging.getLogger(__name__)
RETURN = b"\r"
TAIL = 200

_ANSI = rb"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][0-9A-B]|\x1b[=>]"
_NOISE = re.compile(_ANSI + rb"|[\x00\x07\x08\r]")
_SECRET = re.compile(r"(?i)((?:password|passphrase|passwd)\s*(?:is)?\s*[:=]+\s*)\S+")


class Transport(Protocol):
    """What a channel needs of whoever carries its bytes."""

    def receive(self, seconds: float) -> bytes:
        """Bytes as they come, ``b""`` once the other side closed; `TimeoutError` when none come in time."""

    def send(self, data: bytes) -> None:
        """Hand over all of the bytes; `OSError` when the other side is gone."""

    def close(self) -> None:
        """Let go of the connection."""


@dataclass(frozen=True)
class Pager:
    """A line that waits for a key, and the key that brings the next page."""

    line: re.Pattern[bytes]
    key: bytes


@dataclass(frozen=True)
class Nudge:
    """Send return when nothing comes although this was read: `first` seconds later, then ever more rarely."""

    after: re.Pattern[bytes]
    first: float = 0.5
    longest: float = 8.0


@dataclass(frozen=True)
class Answer:
    """One step of a dialogue: what is typed when the other side asks this."""

    question: re.Pattern[bytes]
    text: str
    hidden: bool = False


class Silence(Transient):
    """Nothing that was waited for came in time; ``unread`` is what came instead."""

    def __init__(self, message: str, *, unread: str) -> None:
        """Keep what was read beside the sentence."""
        super().__init__(message)
        self.unread = unread


@dataclass(frozen=True)
class Reading:
    """What was read before an end, cleaned of terminal noise, and which end it was."""

    text: str
    end: re.Pattern[bytes]
    matched: str


class Channel:
    """One terminal session on an injected transport; `name` is whom the messages speak of."""

    def __init__(
        self,
        transport: Transport,
        *,
        name: str,
        pagers: Iterable[Pager] = (),
        secrets: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Speak over `transport`; `secrets` never appear in a message."""
        self._transport = transport
        self._name = name
        self._pagers = tuple(pagers)
        self._secrets = {secret for secret in secrets if secret}
        self._clock = clock
        self._unread = b""
        self._tail = b""

    def read_until(self, *ends: re.Pattern[bytes], seconds: float, doing: str, nudge: Nudge | None = None) -> Reading:
        """Read until one of `ends` is found; pages are turned on the way.

        Raises `Silence` with the last bytes read when the deadline passes, `Transient` when the other side closes.
        """
        now = self._clock()
        deadline = now + seconds
        pause, next_nudge = (nudge.first, now + nudge.first) if nudge else (0.0, deadline)
        while (reading := self._found(ends)) is None:
            if self._turned_page():
                continue
            now = self._clock()
            if now >= deadline:
                raise Silence(self._trouble(doing, f"no answer within {seconds:g} s"), unread=clean(self._unread))
            if self._receive(min(deadline, max(next_nudge, now)) - now, doing):
                # Whatever arrives shows that the other side is busy: the nudge waits again.
                next_nudge = self._clock() + pause if nudge else deadline
            elif nudge and self._clock() >= next_nudge:
                if nudge.after.search(self._unread):
                    self._send(RETURN, doing)
                    pause = min(2 * pause, nudge.longest)
                next_nudge = self._clock() + pause
        return reading

    def type(self, text: str, *, seconds: float, doing: str) -> None:
        """Type one line: write it, read its echo back, send return."""
        LOG.debug("%s: > %s", self._name, text)
        self._send(text.encode(), doing)
        self.read_until(_echo_of(text), seconds=seconds, doing=f"{doing} (reading back what was typed)")
        self._send(RETURN, doing)

    def type_hidden(self, text: str, *, doing: str) -> None:
        """Type one line that is not echoed and that nobody may read."""
        LOG.debug("%s: > (hidden)", self._name)
        self._secrets.add(text)
        self._send(text.encode() + RETURN, doing)

    def answer(self, answer: Answer, *, seconds: float, doing: str) -> None:
        """Take one step of a dialogue."""
        if answer.hidden:
            self.type_hidden(answer.text, doing=doing)
        else:
            self.type(answer.text, seconds=seconds, doing=doing)

    def wait_for_close(self, *, seconds: float) -> bool:
        """Read until the other side closes; says whether it did so in time."""
        deadline = self._clock() + seconds
        while (left := deadline - self._clock()) > 0:
            try:
                if not self._transport.receive(left):
                    return True
            except TimeoutError:
                return False
            except OSError:
                return True
        return False

    def close(self) -> None:
        """Let go of the transport, whatever the other side is doing."""
        self._transport.close()

    def redacted(self, text: str) -> str:
        """The text without the secrets of this session and without anything labelled as a password."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _SECRET.sub(r"\1***", text)

    def _found(self, ends: tuple[re.Pattern[bytes], ...]) -> Reading | None:
        for end in ends:
            if match := end.search(self._unread):
                before, self._unread = self._unread[: match.start()], self._unread[match.end() :]
                return Reading(text=clean(before), end=end, matched=clean(match.group()))
        return None

    def _turned_page(self) -> bool:
        for pager in self._pagers:
            if match := pager.line.search(self._unread):
                self._unread = self._unread[: match.start()]
                self._send(pager.key, "turning a page")
                return True
        return False

    def _receive(self, seconds: float, doing: str) -> bool:
        """Whether anything arrived in time."""
        try:
            data = self._transport.receive(max(seconds, 0.0))
        except TimeoutError:
            return False
        except OSError as error:
            raise Transient(self._trouble(doing, f"the connection broke ({error})")) from error
        if not data:
            raise Transient(self._trouble(doing, "the other side closed the connection"))
        self._unread += data
        self._tail = (self._tail + data)[-4 * TAIL :]
        return True

    def _send(self, data: bytes, doing: str) -> None:
        try:
            self._transport.send(data)
        except OSError as error:
            raise Transient(self._trouble(doing, f"the connection broke ({error})")) from error

    def _trouble(self, doing: str, what: str) -> str:
        # Redacted before it is cut: a secret cut in half would no longer be recognised.
        tail = self.redacted(clean(self._tail))[-TAIL:]
        last = f"last read: {tail!r}" if tail else "nothing was read"
        return f"{self._name}: {doing}: {what}; {last}"


def clean(data: bytes) -> str:
    """Text as a person would see it: no escape sequences, no carriage returns, no bells."""
    return _NOISE.sub(b"", data).decode("utf-8", "replace")


def _echo_of(text: str) -> re.Pattern[bytes]:
    # A terminal wraps a long line with blanks, returns and escape sequences of its own: only the
    # characters that print are compared.
    between = rb"(?:\s|\x08|" + _ANSI + rb")*"
    return re.compile(between.join(re.escape(char.encode()) for char in text if not char.isspace()))
