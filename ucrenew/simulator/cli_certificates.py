"""`show cert`, `show csr`, `set cert delete`: certificates and requests on the command line (cucm.md §2.4)."""

from __future__ import annotations

from ucrenew.simulator import listings
from ucrenew.simulator.dialogue import Command, Output, Session, question
from ucrenew.simulator.listings import joined

# [D CCE] for the page's first sentence; [I] guess for what the command line makes of it.
_DELETE = "You are about to permanently delete this certificate. Do you want to continue"


class CertificateCommands:
    """What the session's node holds."""

    def __init__(self, session: Session) -> None:  # noqa: D107 - the class says it
        self._session = session
        self._node = session.node

    def commands(self) -> list[Command]:
        """What is typed, and what answers."""
        return [
            Command("show cert list own", self._list_own, level=1),
            Command("show cert list trust", self._list_trust, level=1),
            Command("show cert own", self._own_certificate, level=1),
            Command("show cert trust", self._trust_certificate, level=1),
            Command("show csr list own", self._list_requests, level=1),
            Command("show csr own", self._own_request, level=1),
            Command("set cert delete", self._delete, streams=True, level=1, kind="delete"),
        ]

    def _list_own(self, _: str) -> Output:
        yield joined(listings.own_certificates(self._session.cluster.listed(self._node)))

    def _list_trust(self, _: str) -> Output:
        yield joined(listings.trust_certificates(self._node))

    def _list_requests(self, _: str) -> Output:
        yield joined(listings.request_list(self._node))

    def _own_certificate(self, told: str) -> Output:
        """`<unit>` or `<unit>/<unit>.pem`: both forms appear in Cisco's documents [D]."""
        identity = self._node.identities().get(_unit(told, "pem"))
        if identity is None:
            yield _missing(told)
            return
        yield joined(listings.certificate(identity.certificate, old_labels=self._node.is_before_14su2()))

    def _trust_certificate(self, told: str) -> Output:
        store, _, file = told.partition("/")
        entry = self._node.find_trust(store, file)
        if entry is None:
            yield _missing(told)
            return
        yield joined(listings.certificate(entry.certificate, old_labels=self._node.is_before_14su2()))

    def _own_request(self, told: str) -> Output:
        pending = self._node.requests.get(_unit(told, "csr"))
        if pending is None:
            yield f"The CSR {told} does not exist\n"  # [I] guess
            return
        yield joined(listings.request(pending))

    def _delete(self, told: str) -> Output:
        """`set cert delete <unit> <name.pem>`: trust certificates only [D]; the unit with or without `-trust` [I]."""
        unit, _, file = told.partition(" ")
        purpose = unit.removesuffix("-trust")
        entry = self._node.find_trust(f"{purpose}-trust", file)
        if entry is None:
            own = purpose in self._node.installed and file == f"{purpose}.pem"
            text = f"{file} is an own certificate and cannot be deleted" if own else _missing(told).strip()  # [I] guess
            self._session.note("delete", purpose=purpose, refused=text)
            yield f"{text}\n"
            return
        sure = question(_DELETE, self._session.cluster.readings.cert_delete_asks)
        if not (yield from self._session.agrees(sure)):
            yield "The certificate was not deleted.\n"  # [I] guess
            return
        self._session.cluster.delete_trust(self._node, purpose, entry.certificate, self._session.account)
        yield f"Successfully deleted certificate {file} from {purpose}-trust.\n"  # [I] guess


def _missing(told: str) -> str:
    return f"The certificate {told} does not exist\n"  # [I] guess


def _unit(told: str, ending: str) -> str:
    """The unit in `<unit>` or `<unit>/<unit>.<ending>`."""
    unit, _, file = told.partition("/")
    return unit if file in {"", f"{unit}.{ending}"} else told
