"""What goes wrong on a node on purpose: set by `POST /faults`, used up by what it hits.

A fault is ``{"kind": .., "node": <full name>, "on": true, ..}``; ``"on": false`` takes away all of its kind on that
node, and ``{"kind": "all", "on": false}`` everything on every node. ``times`` is how often it hits; without it, and
where nothing else is said, it lasts until it is switched off. Only the refusal of `refuse` is in the ledger.

html         the certificate API answers 200 with a page
no-prompt    a login sees the banner and never a prompt
hold         the next login waits for its prompt until this is switched off
rest-status  a web call is answered with ``status`` (400-599), an empty reason phrase and ``body``; nothing is done
rest-half    the call is done, the answer breaks off after half of its body
rest-slow    the call is done, the answer comes ``seconds`` later
rest-reset   the connection is cut before anything is done
rest-lost    the call is done, the connection is cut before any of its answer
             These five take ``path`` (how the address ends; without it the whole certificate API) and ``method``.
refuse       the next ``what`` (csr, trust or leaf) is refused with ``status`` and ``text``, whatever the facts
             (cucm.md §4.8)
ssh-refused  the SSH port is closed
ssh-drop     the session is cut after the first [STOPPING] of a restart, which goes on; once, if not told otherwise
stuck        a restart of ``service`` ends ``at`` STOPPED, STARTING or STOPPING instead of STARTED; a start works
sso-disable  how `utils sso disable` fails: ``refused``, ``asks-more`` than once, ``stays-on`` although it says success;
             once, if not told otherwise
ctl-update   how `utils ctl update CTLFile` fails: ``refused``, ``in-vain`` although it says success, ``cut`` before
             it is done or ``cut-after`` that; once, if not told otherwise
old-lists    its TFTP goes on with the lists that it has, whatever is restarted
down-at      the node becomes unreachable as soon as the ledger has an entry of the kind ``stage``, of any node, that
             was not refused; once
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from ucrenew.simulator.ledger import KINDS

API = "/platformcom"


class Fault(BaseModel):
    """What every fault has."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: str
    node: str
    on: Literal[True]
    times: PositiveInt | None = None


class Switch(Fault):
    """A fault that is on or off."""

    kind: Literal["html", "no-prompt", "hold"]


class RestFault(Fault):
    """Something that happens to a web call."""

    kind: Literal["rest-status", "rest-half", "rest-slow", "rest-reset", "rest-lost"]
    path: str = ""
    method: str = ""
    status: Annotated[int, Field(ge=400, le=599)] = 503
    body: str = ""
    seconds: Annotated[float, Field(ge=0)] = 0.0

    def is_meant_for(self, method: str, path: str) -> bool:
        """Whether it hits this call."""
        right_path = path.endswith(self.path) if self.path else path.startswith(API)
        return right_path and self.method.upper() in {"", method}


class Refuse(Fault):
    """A refusal of the platform."""

    kind: Literal["refuse"]
    what: Literal["leaf", "trust", "csr"]
    status: Annotated[int, Field(ge=400, le=599)] = 400
    text: str


class SshRefused(Fault):
    """A closed port."""

    kind: Literal["ssh-refused"]


class SshDrop(Fault):
    """A session that is cut during a restart."""

    kind: Literal["ssh-drop"]
    times: PositiveInt | None = 1


class Stuck(Fault):
    """A service that does not come up again."""

    kind: Literal["stuck"]
    service: str
    at: Literal["STOPPED", "STARTING", "STOPPING"] = "STOPPED"


class SsoDisable(Fault):
    """A `utils sso disable` that does not switch it off."""

    kind: Literal["sso-disable"]
    how: Literal["refused", "asks-more", "stays-on"]
    times: PositiveInt | None = 1


class CtlUpdate(Fault):
    """A `utils ctl update CTLFile` that does not come to its end."""

    kind: Literal["ctl-update"]
    how: Literal["refused", "in-vain", "cut", "cut-after"]
    times: PositiveInt | None = 1


class OldLists(Fault):
    """A TFTP that writes no new lists."""

    kind: Literal["old-lists"]


def _known(stage: str) -> str:
    if stage not in KINDS:
        message = f"no ledger entry is of the kind {stage!r}"
        raise ValueError(message)
    return stage


class DownAt(Fault):
    """A node that goes down at a stage."""

    kind: Literal["down-at"]
    stage: Annotated[str, AfterValidator(_known)]
    times: PositiveInt | None = 1


_ANY: TypeAdapter[Fault] = TypeAdapter(
    Annotated[
        Switch | RestFault | Refuse | SshRefused | SshDrop | Stuck | SsoDisable | CtlUpdate | OldLists | DownAt,
        Field(discriminator="kind"),
    ]
)
_EVERYWHERE = frozenset({"kind", "node", "on"})
_SWITCHES = ("html", "no-prompt", "hold")
_KINDS = {
    *_SWITCHES,
    *("rest-status", "rest-half", "rest-slow", "rest-reset", "rest-lost"),
    *("refuse", "ssh-refused", "ssh-drop", "stuck", "sso-disable", "ctl-update", "old-lists", "down-at"),
}
_F = TypeVar("_F", bound=Fault)


@dataclass(frozen=True)
class Detail:
    """Something that a kind of fault takes: a number, one of ``choices``, or any text."""

    name: str
    choices: tuple[str, ...]
    is_number: bool


def details() -> dict[str, tuple[Detail, ...]]:
    """What each kind takes beside the node, for whoever makes a form of it."""
    found = {}
    for one in Fault.__subclasses__():
        told = tuple(_detail(name, field) for name, field in one.model_fields.items() if name not in _EVERYWHERE)
        found.update(dict.fromkeys(get_args(one.model_fields["kind"].annotation), told))
    # A switch is on until it is switched off.
    return {**found, **dict.fromkeys(_SWITCHES, ())}


def _detail(name: str, field: FieldInfo) -> Detail:
    choices = tuple(sorted(KINDS)) if name == "stage" else get_args(field.annotation)
    chosen = all(isinstance(choice, str) for choice in choices)
    return Detail(name, choices if chosen else (), is_number=field.annotation is not str and not (choices and chosen))


def read(told: Mapping[str, object]) -> Fault:
    """The fault that is described; raises ValueError with a sentence."""
    try:
        return _ANY.validate_python(told)
    except ValidationError as trouble:
        first = trouble.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"this is no fault: {where or 'kind'}: {first['msg']}") from None


class Faults:
    """The faults of one node."""

    def __init__(self) -> None:  # noqa: D107 - the class says it
        self.html = False
        self.no_prompt = False
        self.hold_next = False
        self.held: set[object] = set()
        self._lock = threading.Lock()
        # Each with the number of hits that are left, None for ever.
        self._set: list[tuple[Fault, int | None]] = []

    def set(self, fault: Fault) -> None:
        """Let it wait for what it hits."""
        if isinstance(fault, Switch):
            self._switch(fault.kind, on=True)
            return
        with self._lock:
            self._set.append((fault, fault.times))

    def clear(self, kind: str) -> None:
        """Take away all of a kind, or `all`; raises ValueError when there is no such kind.

        Releasing `hold` lets go whoever is held and whoever would be next.
        """
        if kind not in {*_KINDS, "all"}:
            raise ValueError(f"there is no fault {kind}")
        for one in _SWITCHES:
            if kind in {one, "all"}:
                self._switch(one, on=False)
        with self._lock:
            self._set = [(fault, left) for fault, left in self._set if kind not in {fault.kind, "all"}]

    def has(self, kind: type[Fault]) -> bool:
        """Whether one of this kind is set."""
        return any(isinstance(fault, kind) for fault, _ in list(self._set))

    def take(self, kind: type[_F], fits: Callable[[_F], bool] = lambda _: True) -> _F | None:
        """The oldest fault that fits, which has hit once more."""
        with self._lock:
            for index, (fault, left) in enumerate(self._set):
                if isinstance(fault, kind) and fits(fault):
                    rest = [] if left == 1 else [(fault, None if left is None else left - 1)]
                    self._set[index : index + 1] = rest
                    return fault
        return None

    def described(self) -> list[dict[str, object]]:
        """What is set, with the hits that are left."""
        with self._lock:
            return [{**fault.model_dump(exclude={"node", "on"}), "times": left} for fault, left in self._set]

    def _switch(self, kind: str, *, on: bool) -> None:
        if kind == "html":
            self.html = on
        elif kind == "no-prompt":
            self.no_prompt = on
        else:
            self.hold_next = on
            if not on:
                self.held.clear()
