"""What the platform makes of a call: the request it generates, the certificate it takes (cucm.md §4.6, §4.8).

Where the reference only infers, an attribute of ``Readings`` switches between the candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from cryptography import x509

from ucrenew.domain.cluster import Node, Role
from ucrenew.simulator import csr as requests
from ucrenew.simulator import uploads
from ucrenew.simulator.csr import PendingRequest, Unacceptable, Wish
from ucrenew.simulator.identity import Identity
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.readings import Readings
from ucrenew.simulator.trust import TrustEntry
from ucrenew.simulator.uploads import Refusal


class Judge:
    """The rules of one cluster."""

    def __init__(self, domain: str, readings: Readings, clock: Callable[[], datetime]) -> None:  # noqa: D107 - the class says it
        self._domain = domain
        self._readings = readings
        self._clock = clock

    def request(
        self,
        node: SimulatedNode,
        told: Mapping[str, object],
        members: Sequence[Node],
        *,
        with_unit: bool | None = None,
    ) -> PendingRequest:
        """The CSR that is asked for, for the node or for the ``members`` of its purpose; raises Unacceptable."""
        requests.check_types(told)
        unit = str(told.get("service", ""))
        if unit not in node.installed:
            message = f"Invalid service {unit}"
            raise Unacceptable(message)
        multi_server = self._is_multi_server(told.get("distribution", "this-server"))
        if multi_server and self._readings.multi_server_where == "publisher" and node.node.role is not Role.PUBLISHER:
            message = "Multi-server distribution is available on the publisher only"
            raise Unacceptable(message)
        targets = requests.covered(unit, members) if multi_server else (node.node,)
        elliptic, length, hash_name = requests.check_key(unit, told, self._readings.ec_word)
        publisher = next(iter(targets)).name if multi_server else None
        wish = Wish(
            unit=unit,
            multi_server=multi_server,
            common_name=str(told.get("commonName") or requests.default_common_name(unit, publisher, node.node)),
            alternative_names=requests.check_names(told.get("altNames", [])),
            elliptic=elliptic,
            length=length,
            hash_name=hash_name,
        )
        return requests.make_request(
            wish,
            targets,
            self._domain,
            self._clock(),
            with_unit=not node.has_certificate_api() if with_unit is None else with_unit,
            with_common_name=self._readings.common_name_in_san,
        )

    def _is_multi_server(self, distribution: object) -> bool:
        if distribution not in {"this-server", self._readings.multi_server_word}:
            message = f"Invalid distribution {distribution}"
            raise Unacceptable(message)
        return distribution == self._readings.multi_server_word

    def trust(self, node: SimulatedNode, unit: str, entry: TrustEntry) -> TrustEntry:
        """The entry that goes into the store of ``unit``; raises Refusal."""
        store, now = node.store(unit), self._clock()
        uploads.check_dates(entry.certificate, now)
        if self._readings.issuer_needed_in_trust:
            uploads.check_issuer(entry.certificate, store.certificates())
        if self._readings.already_there == "error" and store.holds(entry.certificate):
            raise Refusal(400, "Certificate already exists in the trust-store")
        if self._readings.older_namesake == "error" and store.keeps_older(entry.certificate):
            raise Refusal(400, "Trust Certificates with the Same CN are Not Replaced")
        return entry

    def leaf(self, node: SimulatedNode, unit: str, certificate: x509.Certificate, others: Sequence[object]) -> Identity:
        """The identity that the leaf makes with the key of the pending request; raises Refusal."""
        if unit not in node.installed:
            raise Refusal(400, f"Invalid service {unit}")
        known = node.store(unit).certificates()
        if self._readings.chain_with_leaf == "counts":
            known += [uploads.read_pem(text) for text in others]
        try:
            pending = uploads.check_leaf(
                certificate,
                node.requests.get(unit),
                known,
                self._clock(),
                unit=unit,
                key_status=self._readings.key_mismatch_status,
            )
        except Refusal as reason:
            raise uploads.worded(reason, unit, self._readings.refusal_words) from None
        return Identity(certificate, pending.key, pending.multi_server)
