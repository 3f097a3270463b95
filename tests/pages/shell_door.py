"""A platform CLI of a test over real SSH: it prints what a sample says, echoes what is typed and waits for keys."""

import contextlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.protocols.ssh_door import Door
from ucrenew.clients import platform_cli

BANNER = (
    "Command Line Interface is starting up, please wait ...\r\n"
    "\r\n"
    "   Welcome to the Platform Command Line Interface\r\n"
    "\r\n"
    "VMware Installation:\r\n"
    "\t2 vCPU: Intel(R) Xeon(R) CPU E5-2690 v4 @ 2.60GHz\r\n"
    "\tDisk 1: 110GB, Partitions aligned\r\n"
    "\t8192 Mbytes RAM\r\n"
    "\r\n"
)
PROMPT = "admin:"
PAGING_OFF = ("set cli pagination off", "Automatic pagination is turned off\n")  # cucm.md §2.1 [D]


@dataclass(frozen=True)
class Key:
    """The door waits for this single key, which is not echoed and not followed by Enter (cucm.md §2.1)."""

    wanted: str


@dataclass(frozen=True)
class Line:
    """The door waits for this line as the answer to a question."""

    wanted: str


class ShellDoor(Door):
    """Says ``greeting``, then answers what is typed with the pieces that ``replies`` gives for it.

    ``nudged`` is its answer to return alone: a sent newline is echoed as a second prompt (cucm.md §2.1 [T]).

    ``pressed`` are the keys and lines that it waited for; a wrong one is noted and ends the session.
    """

    def __init__(
        self,
        replies: Callable[[str], tuple[object, ...]],
        *,
        greeting: str = BANNER + PROMPT,
        nudged: str = f"\r\n\r{PROMPT}",
        **door,
    ):
        super().__init__(**door)
        self.replies = replies
        self.greeting = greeting
        self.nudged = nudged
        self.typed = []
        self.pressed = []

    def check_channel_shell_request(self, channel):
        """Give a shell."""
        threading.Thread(target=self._speak, args=(channel,), daemon=True).start()
        return True

    def _speak(self, channel):
        with contextlib.suppress(OSError, EOFError):  # the client leaves when it likes
            channel.sendall(self.greeting.encode())
            while (command := self._line(channel)) not in (None, "exit"):
                if not command:
                    channel.sendall(self.nudged.encode())
                elif not self._answer(channel, command):
                    break
            channel.close()

    def _line(self, channel):
        """A line as it is typed, echoed letter by letter; None when the client is gone."""
        typed = b""
        while (letter := channel.recv(1)) not in (b"\r", b"\n", b""):
            typed += letter
            channel.sendall(letter)
        return typed.decode() if letter else None

    def _answer(self, channel, command):
        self.typed.append(command)
        channel.sendall(b"\r\n")
        for piece in self.replies(command):
            if isinstance(piece, str):
                channel.sendall(re.sub(r"\r?\n", "\r\n", piece).encode())
                continue
            given = channel.recv(1).decode() if isinstance(piece, Key) else self._line(channel)
            self.pressed.append(given)
            if given != piece.wanted:
                return False
            if isinstance(piece, Line):
                channel.sendall(b"\r\n")
        channel.sendall(f"\r\n{PROMPT}".encode())
        return True


def answering(*pieces):
    """What the door says: the pages' words on pagination, these pieces to everything else."""
    return lambda command: PAGING_OFF[1:] if command == PAGING_OFF[0] else pieces


@contextlib.contextmanager
def logged_in(door):
    """Our client at a door's prompt."""
    with door:
        cli = platform_cli.connect(
            "127.0.0.1",
            door.port,
            name="cs-ccm-pub.example.com",
            user="osadmin",
            password="correct",
            host_keys=frozenset({door.key.fingerprint}),
            login_deadline=20,
            reply_deadline=10,
        )
        yield cli
        cli.exit()
