"""Answers that the CA is made to give: every row of certsrv.md §4 and §8, on submission and on fetching.

`POST /ca` takes ``submit_answer`` and ``fetch_answer``: a name of ``NAMES``, or {"answer": name, "times": n, "page":
"denied"|"error"}; an empty name ends it. Without ``times`` it lasts. ``page`` says where a code is shown: as a decision
about the request (a row is made, disposition 2), or on the error page of a CA that never got so far; where it is left
out, it is what is known of that code, or the likelier one ([I]). Forced fetches change no row.

``lost`` and ``reset`` are numbers of submissions (true is one): taken and never answered, or cut before they are taken.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from ucrenew.simulator import refusals
from ucrenew.simulator.refusals import Refusal
from ucrenew.simulator.request_rows import Row, Status

_OFFICER = 0x80094014
# [I] guess, but for the first.
_BEGINNINGS = {
    0x8009310B: "Error Parsing Request",
    0x80090006: "Error Verifying Request Signature or Signing Certificate",
}
_BARE = frozenset({0x80094011, 0x80094012})  # the message has no code in it (certsrv.md §3.1, trap 3)
_POLICY = frozenset({0x80094800, 0x80094801, 0x80094802, 0x80094811, 0x8009480F})
# The CA never came to a decision: no request, no such request, or not in that state (certsrv.md §4, §8).
_UNDECIDED = frozenset({0x800706BA, 0x80094003, 0x80094004})
_CODES = {f"0x{code:08x}": code for code in refusals.CODES}
_ALIASES = {"unknown-id": 0x80094004, "denied-by-officer": _OFFICER}
_PAGES = ("denied", "error")

_ANSWERED, _CUT = frozenset({"submit_answer", "fetch_answer"}), frozenset({"lost", "reset"})

NAMES = frozenset({*_CODES, *_ALIASES, "ca-stopped", "pending"})


@dataclass(frozen=True)
class Answer:
    """What is said: a status of the request with its words, or no status, only an error."""

    status: Status | None
    refusal: Refusal

    def given_for(self, row: Row) -> Row:
        """The row as it is shown; only for an answer with a status."""
        return replace(
            row,
            status=self.status or row.status,
            message=self.refusal.message,
            last_status=self.refusal.last_status,
            certificate=None,
        )


# An answer, or none, and how often; None is for ever, and no answer is given no times.
Told: TypeAlias = tuple[Answer | None, int | None]
NOTHING: Told = (None, 0)


class Forced:
    """What is forced at present."""

    def __init__(self) -> None:  # noqa: D107 - the class says it
        self._lock = threading.Lock()
        self._answers: dict[str, Told] = {}

    def take_over(self, told: Mapping[str, Told], *, afresh: bool) -> None:
        """What `read` gave, beside or instead of what is forced already."""
        with self._lock:
            self._answers = {**({} if afresh else self._answers), **told}

    def take(self, name: str) -> Answer | None:
        """The answer that is forced now, given once more."""
        with self._lock:
            answer, left = self._answers.pop(name, NOTHING)
            if answer and left != 1:
                self._answers[name] = (answer, None if left is None else left - 1)
            return answer

    def cuts(self, name: str) -> bool:
        """Whether this submission is `lost` or `reset`."""
        with self._lock:
            _, left = self._answers.pop(name, NOTHING)
            if left and left > 1:
                self._answers[name] = (None, left - 1)
            return bool(left)


def read(attributes: Mapping[str, object], officer: str) -> dict[str, Told]:
    """Those attributes that force something; raises ValueError with a sentence."""
    given = {name: value for name, value in attributes.items() if name in _ANSWERED | _CUT}
    return {name: _read_cuts(value) if name in _CUT else _read_answer(value, officer) for name, value in given.items()}


def _read_cuts(value: object) -> Told:
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no number of submissions")
    return None, int(value)


def _read_answer(value: object, officer: str) -> Told:
    told = value if isinstance(value, Mapping) else {"answer": value}
    name, times, page = told.get("answer"), told.get("times"), told.get("page")
    if set(told) - {"answer", "times", "page"} or not isinstance(name, str):
        raise ValueError("an answer is a name, or an object with answer, times and page")
    if not name:
        return NOTHING
    if name not in NAMES:
        raise ValueError(f"the CA has no answer {name!r}; it has {', '.join(sorted(NAMES))}")
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
        raise ValueError(f"{times!r} is no number of answers")
    if page not in {None, *_PAGES}:
        raise ValueError(f"{page!r} is no page; there are {', '.join(_PAGES)}")
    return _answer(name, page, officer), times


def _answer(name: str, page: object, officer: str) -> Answer:
    if name == "pending":
        return Answer(Status.PENDING, refusals.UNDER_SUBMISSION)
    if name == "ca-stopped":
        return Answer(None, Refusal("", refusals.CA_STOPPED))
    code = _ALIASES.get(name) or _CODES[name]
    decided = page == "denied" if page else code not in _UNDECIDED
    return Answer(Status.DENIED if decided else None, Refusal(_message(code, officer), refusals.status_text(code)))


def _message(code: int, officer: str) -> str:
    """The disposition message that goes with a code (certsrv.md §3.1, §4)."""
    if code == _OFFICER:
        return refusals.by_officer(officer).message
    if code in _BARE:
        return "Denied by Policy Module"
    if code in _POLICY:
        return refusals.by_policy(code).message
    return f"{_BEGINNINGS.get(code, 'Error Constructing or Publishing Certificate')}  {refusals.status_text(code)}"
