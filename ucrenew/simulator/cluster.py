"""The one state of the cluster and everything that changes it; REST and CLI are views of it.

Rule 1: one write at a time ([I] guess: parallel uploads are undocumented, cucm.md §6.7); it waits outside the lock.
Rule 2: every state-changing call is in the ledger once, at the node addressed; fan-out writes nothing.
Rule 3: where the reference only infers, an attribute of ``Readings`` switches between the candidates.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta

from cryptography import x509

from ucrenew.domain.cluster import Node
from ucrenew.simulator import csr as requests
from ucrenew.simulator import uploads
from ucrenew.simulator.clock import Clock
from ucrenew.simulator.csr import ECDSA, PendingRequest, Unacceptable
from ucrenew.simulator.database import Database
from ucrenew.simulator.faults import DownAt, Refuse, Stuck
from ucrenew.simulator.identity import Identity, fingerprint
from ucrenew.simulator.installation import Installer
from ucrenew.simulator.judge import Judge
from ucrenew.simulator.ledger import Ledger
from ucrenew.simulator.node import REUSES_TOMCAT, FanOut, SimulatedNode
from ucrenew.simulator.pace import Delays, Pace
from ucrenew.simulator.readings import Readings
from ucrenew.simulator.scene import Member, Scene
from ucrenew.simulator.services import TOMCAT, Course, ServiceChange, State
from ucrenew.simulator.spread import Put, Spread
from ucrenew.simulator.telephony import Telephony
from ucrenew.simulator.trust import TrustEntry
from ucrenew.simulator.uploads import Refusal

# [D Svc14] for the page that shows another node; [I] guess that a call says the same.
OUT_OF_REACH = "Connection to the Server cannot be established (unable to access Remote Node)"


class Cluster:
    """Nodes, what they hold, and the calls that change it."""

    def __init__(self, scene: Scene, ledger: Ledger, pace: Pace, delays: Delays, clock: Clock) -> None:  # noqa: D107 - the class says it
        self.scene = scene
        self.ledger = ledger
        self.pace = pace
        self.delays = delays
        self.clock = clock
        self.readings = Readings(**scene.readings)  # type: ignore[arg-type] # looked at when the file was read
        self.lock = threading.RLock()
        self.database = Database()
        self._writing = threading.Lock()
        self._spread = Spread(pace, delays)
        self._installer = Installer(scene, clock)
        self._judge = Judge(scene.domain, self.readings, clock)
        self.nodes: dict[str, SimulatedNode] = {}
        self.telephony = Telephony(self)
        for member in scene.members:
            self.join(member)
        self.telephony.begin()
        ledger.on_write = self._go_down
        next(iter(self.nodes.values())).last_backup = (clock() - timedelta(days=1)).date()

    def _go_down(self, entry: Mapping[str, object]) -> None:
        """The fault `down-at`: what the ledger has just noted takes nodes down."""
        if "refused" not in entry:
            for node in self.nodes.values():
                if node.faults.take(DownAt, lambda fault: fault.stage == entry["kind"]):
                    node.go_down()

    def others(self, node: SimulatedNode) -> list[SimulatedNode]:
        """All nodes but this one."""
        return [other for other in self.nodes.values() if other is not node]

    def listed(self, node: SimulatedNode) -> dict[str, Identity]:
        """The identities that snapshot and list show; a reused one may be hidden there (D221070)."""
        found = node.identities()
        if node.reuse_tomcat and self.readings.reuse_hides_callmanager:
            found.pop(REUSES_TOMCAT, None)
        return found

    def generate_csr(
        self, node: SimulatedNode, told: dict[str, object], account: str, *, with_unit: bool | None = None
    ) -> tuple[PendingRequest, list[str]]:
        """Make a CSR on ``node`` and bring it to every node it is for (S6-S9); raises Unacceptable or Refusal.

        A second one replaces the first without a word (S7, cucm.md §1.3). ``with_unit``: OU or not, where it was asked.
        """
        unit = str(told.get("service", ""))
        with self._writing:
            try:
                _let_refuse(node, "csr")
                pending = self._judge.request(node, told, self._members(), with_unit=with_unit)
                self._let_all_be_reached(node, unit, pending.multi_server)
            except (Unacceptable, Refusal) as reason:
                self.ledger.write("csr", node=node.name, account=account, purpose=unit, refused=str(reason))
                raise
            self.ledger.write(
                "csr",
                node=node.name,
                account=account,
                purpose=unit,
                fingerprint=pending.fingerprint,
                subject=pending.request.subject.rfc4514_string(),
            )
            self.pace.wait(self.delays.csr_seconds)
            return pending, self._bring(_put_request(unit, pending), node, unit, pending.multi_server)

    def overwrite_csr(self, node: SimulatedNode, unit: str) -> None:
        """A person made another CSR on the administration page: nothing in the ledger, ours is gone (S7)."""
        told: dict[str, object] = {"service": unit, "distribution": self.readings.multi_server_word}
        pending = self._judge.request(node, told, self._members())
        self._spread.within_call(_put_request(unit, pending), node, self._targets(node, unit, pending.multi_server))

    def upload_trust(
        self, node: SimulatedNode, unit: str, texts: Sequence[object], description: str, account: str
    ) -> None:
        """Put CA certificates into a trust store, one after the other (S15, S16); raises Refusal at the first no."""
        with self._writing:
            for text in texts:
                self._upload_one_trust(node, unit, text, description, account)

    def upload_leaf(self, node: SimulatedNode, unit: str, texts: Sequence[object], account: str) -> list[str]:
        """Install the certificate of the pending CSR; the names of the nodes that have it (S17). Raises Refusal."""
        with self._writing:
            certificate: x509.Certificate | None = None
            try:
                certificate = uploads.read_pem(texts[0] if texts else "")
                _let_refuse(node, "leaf")
                identity = self._judge.leaf(node, unit, certificate, texts[1:])
                self._let_all_be_reached(node, unit, identity.multi_server)
            except Refusal as reason:
                self._note("leaf-upload", node, unit, certificate, account, refused=reason.text)
                raise
            self._note("leaf-upload", node, unit, certificate, account)
            self.pace.wait(self.delays.leaf_seconds)
            return self._bring(self._put_identity(unit, identity), node, unit, identity.multi_server)

    def delete_trust(self, node: SimulatedNode, unit: str, certificate: x509.Certificate, account: str) -> None:
        """Take a certificate out of a trust store; from release 11 on every node (cucm_inside.md §B, D211300).

        That it comes back on older releases while another node has it is left out.
        """
        wanted = fingerprint(certificate)

        def remove(target: SimulatedNode) -> None:
            with self.lock:
                target.store(unit).remove(wanted)
                self.database.remove(target, f"{unit}-trust", certificate)

        with self._writing:
            self._note("delete", node, unit, certificate, account)
            self.pace.wait(self.delays.trust_seconds)
            remove(node)
            if node.major >= 11 and self.readings.trust_delete_scope != "node":  # noqa: PLR2004 - D211300
                self._spread.notify(remove, self.others(node))

    def change_service(self, node: SimulatedNode, name: str, verb: str, account: str) -> ServiceChange:
        """Begin `utils service restart|start|stop` (S19); the caller has checked that the service can be changed."""
        self.ledger.write(verb, node=node.name, account=account, service=name)
        delays, tomcat = self.delays, name == TOMCAT
        stuck = node.faults.take(Stuck, lambda fault: fault.service == name) if verb == "restart" else None
        course = Course(
            delays.tomcat_stop_seconds if tomcat else delays.service_stop_seconds,
            delays.tomcat_start_seconds if tomcat else delays.service_start_seconds,
            State(stuck.at) if stuck else None,
        )
        change = ServiceChange(node.services[name], self.pace, self.clock, course, lambda: node.service_changed(name))
        change.begin(stopping=verb != "start", starting=verb != "stop")
        return change

    def disable_sso(self, node: SimulatedNode, account: str, *, in_vain: bool = False) -> None:
        """End single sign-on on ``node``, or wherever the reading says that the command reaches; or say so in vain."""
        self.ledger.write("sso", node=node.name, account=account, state="disabled")
        everywhere = self.readings.sso_disable_scope == "cluster"
        for one in self.nodes.values() if everywhere else (node,):
            one.sso = one.sso and in_vain

    def set_recovery_url(self, node: SimulatedNode, state: str, account: str) -> None:
        """Open or close the way in that needs no identity provider."""
        self.ledger.write("sso", node=node.name, account=account, recovery_url=state)
        node.recovery_url = state == "enabled"

    def set_fan_out(self, node: SimulatedNode, fan_out: FanOut) -> None:
        """Bend what reaches ``node``; back to normal delivers what it missed, in order."""
        self._spread.bend(node, fan_out)

    def join(self, member: Member) -> SimulatedNode:
        """Install a server and let it exchange certificates with those that are there.

        Own Tomcat certificates land in tomcat-trust of the other nodes (cucm_inside.md §A), beside factory roots. A
        newcomer has what the first node trusts: the database is replicated to it ([I] guess).
        """
        with self.lock:
            return self._join(member)

    def _join(self, member: Member) -> SimulatedNode:
        simulated = self._installer.install(len(self.nodes), member)
        present = list(self.nodes.values())
        for unit, identity in simulated.installed.items():
            self.database.add(simulated, unit, identity.certificate)
        trusted = present[0].store("tomcat").certificates() if present else self._installer.factory_roots
        own = simulated.installed["tomcat"].certificate
        for certificate in (*trusted, own):
            self._put_trust("tomcat", TrustEntry(certificate))(simulated)
        for other in present:
            self._put_trust("tomcat", TrustEntry(own))(other)
        # A new mapping: others may be walking through the old one.
        self.nodes = {**self.nodes, simulated.name: simulated}
        self.telephony.welcome(simulated)
        return simulated

    def _upload_one_trust(self, node: SimulatedNode, unit: str, text: object, description: str, account: str) -> None:
        certificate: x509.Certificate | None = None
        try:
            certificate = uploads.read_pem(text)
            _let_refuse(node, "trust")
            entry = self._judge.trust(node, unit, TrustEntry(certificate, description))
        except Refusal as reason:
            self._note("trust-upload", node, unit, certificate, account, refused=reason.text)
            raise
        self._note("trust-upload", node, unit, certificate, account)
        self.pace.wait(self.delays.trust_seconds)
        put = self._put_trust(unit, entry)
        put(node)
        self._spread.notify(put, self.others(node))

    def _bring(self, put: Put, node: SimulatedNode, unit: str, multi_server: object) -> list[str]:
        """Bring a CSR or an identity to the nodes it is for; the names of those that have it."""
        names = self._spread.within_call(put, node, self._targets(node, unit, multi_server))
        if self.readings.partial_fan_out == "error" and self._out_of_reach(node, unit, multi_server):
            raise Refusal(500, OUT_OF_REACH)
        return names

    def _targets(self, node: SimulatedNode, unit: str, multi_server: object) -> list[SimulatedNode]:
        """The other nodes that a CSR or an identity is for."""
        targets = requests.covered(unit, self._members()) if multi_server else ()
        return [other for other in self.others(node) if other.node in targets]

    def _out_of_reach(self, node: SimulatedNode, unit: str, multi_server: object) -> bool:
        return not all(self._spread.reaches(other) for other in self._targets(node, unit, multi_server))

    def _let_all_be_reached(self, node: SimulatedNode, unit: str, multi_server: object) -> None:
        """Raises Refusal where the reading is that nothing is done as long as a node is down."""
        if self.readings.partial_fan_out == "refused" and self._out_of_reach(node, unit, multi_server):
            raise Refusal(500, OUT_OF_REACH)

    def _members(self) -> list[Node]:
        return [node.node for node in self.nodes.values()]

    def _put_trust(self, unit: str, entry: TrustEntry) -> Put:
        def put(node: SimulatedNode) -> None:
            with self.lock:
                if node.store(unit).put(entry):
                    self.database.add(node, f"{unit.removesuffix(ECDSA)}-trust", entry.certificate)

        return put

    def _put_identity(self, unit: str, identity: Identity) -> Put:
        """Install the leaf: it also shows up in the trust store, the CSR is consumed, old rows stay (S28)."""
        in_trust = self._put_trust(unit, TrustEntry(identity.certificate))

        def put(node: SimulatedNode) -> None:
            with self.lock:
                node.installed[unit] = identity
                node.requests.pop(unit, None)
                self.database.add(node, unit, identity.certificate, multi_server=identity.multi_server)
            in_trust(node)
            self.telephony.certificate_changed(node, unit)

        return put

    def _note(  # noqa: PLR0917, PLR0913 - the columns of a ledger entry
        self,
        kind: str,
        node: SimulatedNode,
        unit: str,
        certificate: x509.Certificate | None,
        account: str,
        refused: str | None = None,
    ) -> None:
        self.ledger.write(
            kind,
            node=node.name,
            account=account,
            purpose=unit,
            fingerprint=fingerprint(certificate) if certificate else None,
            subject=certificate.subject.rfc4514_string() if certificate else None,
            refused=refused,
        )


def _let_refuse(node: SimulatedNode, what: str) -> None:
    """Raises the Refusal of a fault that waits for this call."""
    fault = node.faults.take(Refuse, lambda one: one.what == what)
    if fault:
        raise Refusal(fault.status, fault.text)


def _put_request(unit: str, pending: PendingRequest) -> Put:
    def put(node: SimulatedNode) -> None:
        node.requests[unit] = pending

    return put
