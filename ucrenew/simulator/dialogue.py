"""A session of the command line: who is logged in where, what a command is, and how it asks back.

Rule 1: a command's output is a stream of chunks; an empty chunk only gives the terminal a moment to look for Ctrl-C.
Rule 2: a command that asks prints its question and reads a line; a word that is no answer is asked for again ([I]).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass

from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.reading import Asks

Output = Iterator[str]


class SessionDropped(Exception):
    """The connection is cut in the middle of a command's output."""


@dataclass(frozen=True)
class Command:
    """Words of a command, and what answers; the rest of the line is its argument.

    ``streams``: the pager does not hold it back, because it takes its time or asks ([I]). ``views``: it has the
    viewer's pager, pagination or not. ``level``: the privilege that it takes (cucm.md §2.1). ``kind``: what the ledger
    calls it, for a refusal that the command itself never sees.
    """

    words: str
    answer: Callable[[str], Output]
    streams: bool = False
    views: bool = False
    level: int = 0
    kind: str = ""

    def is_meant(self, line: str) -> bool:
        """Whether this line calls it."""
        return line == self.words or line.startswith(self.words + " ")


@dataclass(frozen=True)
class Question:
    """What is printed, and the words that answer it; the styles differ from command to command (cucm.md §2.1)."""

    text: str
    words: Mapping[str, bool]


@dataclass(frozen=True)
class Session:
    """One login; ``read_line`` gives what is typed next, and raises when nobody types any more."""

    cluster: Cluster
    node: SimulatedNode
    account: str
    privilege: int
    read_line: Callable[[], str]

    def agrees(self, question: Question | None) -> Generator[str, None, bool]:
        """Ask until there is an answer; what is not asked is agreed to."""
        while question:
            yield question.text
            word = self.read_line().strip().lower()
            if word in question.words:
                return question.words[word]
        return True

    def note(self, kind: str, **where: object) -> None:
        """Write to the ledger what this session does."""
        self.cluster.ledger.write(kind, node=self.node.name, account=self.account, **where)


def question(text: str, asks: Asks) -> Question | None:
    """`<text> (yes/no)? ` or `<text>? (y/n):`, or nothing to ask."""
    if asks == "yes-no":
        return Question(f"{text} (yes/no)? ", {"yes": True, "no": False})
    return Question(f"{text}? (y/n):", {"y": True, "n": False}) if asks == "y-n" else None
