"""RisPort70 of the publisher: which phones are registered, and where (cucm.md §3.3). It looks, and no more.

1. Phones come page by page, at most a thousand, as the server hands them out: nobody holds more than one page here.
2. It asks no more than a server answers in a minute (`Allowance`). Others may ask too: told that it is too often it
   waits and goes on, a bounded number of times (`soap.patiently`); the caller's ``wait`` waits.
3. A node that does not answer for its phones is named, and never taken for one without phones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from xml.sax.saxutils import escape

import requests

from ucrenew.clients.soap import Element, SoapService, children, first, in_ast_envelope, patiently, text_of
from ucrenew.clients.tls import Endpoint
from ucrenew.domain.phones import Census, Registration, census
from ucrenew.errors import UnknownReply

_PATH = "/realtimeservice2/services/RISService70"
LARGEST_PAGE = 1000
MOST_PAGES = 100  # of one question: a server that never comes to an end is none that we know
CALLS = 15  # a minute, of any client (cucm.md §3.3)
WINDOW = timedelta(seconds=62)  # a minute, and a little because some are longer on their way than others
ALL = ("*",)
_ANY_MODEL = "255"
_ACTION = "http://schemas.cisco.com/ast/soap/action/#RisPort#"
# With a wildcard the Ext call may return little, and the other one lists a phone once a node it was at (cucm.md §3.3).
_BY_NAME, _BY_WILDCARD = "selectCmDeviceExt", "selectCmDevice"
_RETURNS = ("selectCmDeviceReturn", "selectCmDeviceExtReturn", "SelectCmDeviceResult")
# Of a node: it has answered, with or without phones. Other words were never seen [I]: the node is told as silent.
_ANSWERED = frozenset({"", "0", "ok", "notfound"})


class Allowance:
    """How often all clients of one site ask together: what comes too soon waits for its turn."""

    def __init__(self, clock: Callable[[], datetime], wait: Callable[[float], object]) -> None:
        """Take the clock and what waits by it, in seconds."""
        self._clock, self._wait = clock, wait
        self._asked: deque[datetime] = deque(maxlen=CALLS)

    def take(self) -> None:
        """Wait until one more question is within it."""
        if len(self._asked) == CALLS:
            early = self._asked[0] + WINDOW - self._clock()
            if early > timedelta():
                self._wait(early.total_seconds())
        self._asked.append(self._clock())


@dataclass(frozen=True)
class Page:
    """One answer: phones, nodes that did not answer for theirs, how many there are in all, where to go on."""

    registrations: tuple[Registration, ...]
    silent: tuple[str, ...]
    total: int
    state: str


class RisPort:
    """The publisher's RisPort70, over a session that was decided on before (clients/tls.py)."""

    def __init__(  # noqa: PLR0913 - all by name
        self,
        endpoint: Endpoint,
        session: requests.Session,
        user: str,
        password: str,
        *,
        wait: Callable[[float], object],
        allowance: Allowance | None = None,
        timeout: float = 60,
    ) -> None:
        """Take an application user; ``wait`` is called with seconds where it is asked too often all the same."""
        self._wait, self._allowance = wait, allowance
        self._service = SoapService(
            endpoint,
            session,
            user,
            password,
            path=_PATH,
            doing="asking RisPort which phones are registered",
            role="the role Standard CCM Server Monitoring or another with RisPort",
            timeout=timeout,
        )

    def pages(self, names: Iterable[str] = ALL) -> Iterator[Page]:
        """Page after page of these phones, or of all; names may come from an iterator of any length.

        Raises Throttled when it is asked too often all the same, LoginRefused, Refused, Transient, UnknownReply.
        """
        remaining = iter(names)
        while batch := tuple(islice(remaining, LARGEST_PAGE)):
            yield from self._pages_of(batch)

    def census(self, names: Iterable[str] = ALL, *, progress: Callable[[int], object] = lambda _: None) -> Census:
        """All of them counted, the newest word on each; ``progress`` is told after each page how many were listed."""
        silent: list[str] = []

        def flow() -> Iterator[Registration]:
            listed = 0
            for page in self.pages(names):
                silent.extend(page.silent)
                listed += len(page.registrations)
                progress(listed)
                yield from page.registrations

        return census(flow(), silent)

    def _pages_of(self, names: tuple[str, ...]) -> Iterator[Page]:
        state, listed, last = "", 0, tuple[Registration, ...]()
        for _ in range(MOST_PAGES):
            page = patiently(lambda at=state: self._ask(names, at), self._wait)  # type: ignore[misc]
            if page.registrations and page.registrations == last:
                return  # the server does not page
            yield page
            listed, last = listed + len(page.registrations), page.registrations
            if page.state in ("", state) or _is_last(page, names, listed):
                return
            state = page.state
        raise UnknownReply(f"{self._service.at}: it does not come to an end after {MOST_PAGES} pages")

    def _ask(self, names: tuple[str, ...], state: str) -> Page:
        if self._allowance:
            self._allowance.take()
        operation = _BY_WILDCARD if names == ALL else _BY_NAME
        action = f"{_ACTION}S{operation[1:]}"
        answer = self._service.send(in_ast_envelope(_question(operation, names, state)), {"SOAPAction": action})
        reply = self._service.reply(answer, *_RETURNS)
        if first(reply, "CmNodes") is None and first(reply, "TotalDevicesFound") is None:
            raise UnknownReply(f"{self._service.at}: it answered without any node: {self._service.quote(answer.text)}")
        return _page(reply)


def _is_last(page: Page, names: tuple[str, ...], listed: int) -> bool:
    """A full page may be one of many whatever total it tells, unless every phone that was named is listed."""
    if len(page.registrations) < LARGEST_PAGE:
        return not page.registrations or listed >= page.total
    return names != ALL and listed >= len(names)


def _question(operation: str, names: tuple[str, ...], state: str) -> str:
    """The elements in the order of the schema, which may matter (cucm.md §3.3)."""
    items = "".join(f"<soap:item><soap:Item>{escape(name)}</soap:Item></soap:item>" for name in names)
    return (
        f"<soap:{operation}><soap:StateInfo>{escape(state)}</soap:StateInfo><soap:CmSelectionCriteria>"
        f"<soap:MaxReturnedDevices>{LARGEST_PAGE}</soap:MaxReturnedDevices><soap:DeviceClass>Phone</soap:DeviceClass>"
        f"<soap:Model>{_ANY_MODEL}</soap:Model><soap:Status>Any</soap:Status><soap:NodeName></soap:NodeName>"
        f"<soap:SelectBy>Name</soap:SelectBy><soap:SelectItems>{items}</soap:SelectItems>"
        "<soap:Protocol>Any</soap:Protocol><soap:DownloadStatus>Any</soap:DownloadStatus>"
        f"</soap:CmSelectionCriteria></soap:{operation}>"
    )


def _page(reply: Element) -> Page:
    nodes = children(first(reply, "CmNodes"), "item")
    phones = tuple(phone for node in nodes for phone in _registrations(node))
    total, state = first(reply, "TotalDevicesFound"), first(reply, "StateInfo")
    return Page(
        registrations=phones,
        silent=tuple(text_of(node, "Name") for node in nodes if text_of(node, "ReturnCode").lower() not in _ANSWERED),
        total=_number(total.text if total is not None else None, otherwise=len(phones)),
        state=(state.text or "").strip() if state is not None else "",
    )


def _registrations(node: Element) -> Iterator[Registration]:
    name = text_of(node, "Name")
    for device in children(first(node, "CmDevices"), "item"):
        yield Registration(
            name=text_of(device, "Name"),
            node=name,
            status=text_of(device, "Status"),
            reason=_number(text_of(device, "StatusReason")),
            model=text_of(device, "Model"),
            protocol=text_of(device, "Protocol"),
            at=_number(text_of(device, "TimeStamp")),
        )


def _number(text: str | None, *, otherwise: int = 0) -> int:
    digits = (text or "").strip()
    return int(digits) if digits.isdecimal() else otherwise
