"""One session at the prompt `admin:` (cucm.md §2.1): how a command is given, and its reply, questions and refusals.

Rules:

1. Prompts, failure texts, questions and time limits are data, at the top of this file.
2. Ctrl-C is never sent (S19); a command that does not come back is left alone, and the session with it.
3. A question nobody foresaw is not answered: the session is given up and the question quoted.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TypeVar

from ucrenew.clients.channel import Answer, Channel, Nudge, Pager, Reading, Silence, Transport
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
    Answer(re.compile(rb"yes\s*[|/]\s*no[^\r\n]*\Z", re.IGNORECASE), "yes"),
    Answer(re.compile(rb"y\s*[|/]\s*n[^\r\n]*\Z", re.IGNORECASE), "y"),
)
# How this one asks is known word by word (cucm.md §2.5); whatever else it may ask is for a person.
UPDATE_CTL = (
    Answer(
        re.compile(
            rb"\A\s*This operation updates the CTL ?File\.\s+Do you want to continue\?\s*\(y/n\):?\s*\Z", re.IGNORECASE
        ),
        "y",
    ),
)
# The others ask nothing. An answer is looked for in all that was said since the command or the last answer.
ANSWERS: Mapping[str, tuple[Answer, ...]] = {
    "utils sso disable": YES,
    "set cert delete": YES,
    "utils ctl update CTLFile": UPDATE_CTL,
}
MOST_ANSWERS = 2
# A line that waits and is no question of the above styles; looked for only where a dialogue has fallen silent.
OTHER_QUESTION = re.compile(r"[^\n]*[?:][ \t]*\Z")

# What goes on without us when the session ends after the command was given; so nobody gives it again blindly.
GOES_ON = {
    "utils service restart": "the restart itself may go on",
    "utils service start": "the start itself may go on",
    "utils service stop": "the stop itself may go on",
    "utils sso disable": "SSO may be off all the same",
    "set cert delete": "the file may be deleted all the same",
    "utils ctl update": "the CTL may be updated all the same",
}
# Every phone would have to trust anew, or the mode of the whole cluster would change: people's work (cucm.md §2.5).
NEVER = re.compile(r"utils\s+(?:itl|ctl)\s+(?!update\b)", re.IGNORECASE)

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
QUOTED = 300

T = TypeVar("T")


class NotAllowed(Refused):
    """The node does not take this command from this account: its level is too low, or the release lacks it."""


class CliSession:
    """One session at one node, at its prompt between two commands."""

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
        if NEVER.match(command):
            raise BadInput(
                f"{self._name}: {doing} is never given by this program; it concerns the trust of every phone"
            )
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
            said = f"{reading.text}{reading.matched}".encode()
            answer = next((known for known in answers if known.question.search(said)), None)
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
