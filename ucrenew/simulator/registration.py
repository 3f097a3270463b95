"""What the phones do: register, fail over, come back, fetch their files, and lose their trust (cucm.md §4.3).

Rule 1: nothing waits here. What takes time has a moment at which it is due; whoever looks calls ``settle`` first.
Rule 2: a phone accepts a list whose signer it knows, or that a TVS which it knows vouches for; else it keeps the old
one until a person deletes it.
Rule 3: a phone on TLS connects only where CallManager shows a certificate that is in the CTL it accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Protocol

from cryptography import x509

from ucrenew.simulator import phone as reasons
from ucrenew.simulator.identity import fingerprint
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.pace import Delays
from ucrenew.simulator.phone import Phone
from ucrenew.simulator.phone_readings import PhoneReadings
from ucrenew.simulator.telephony_scene import Group
from ucrenew.simulator.trust_files import CALLMANAGER_SERVICE, TFTP_SERVICE, TrustFiles, is_activated
from ucrenew.simulator.trust_list import CCM_TFTP, TVS, TrustList

TVS_SERVICE = "Cisco Trust Verification Service"
# Phones that do the same thing do not do it at the same moment; a prime, so that neighbours are far apart.
_STEPS = 101


class Switchboard(Protocol):
    """What registration has to know of the cluster."""

    files: TrustFiles

    @property
    def readings(self) -> PhoneReadings:
        """What phones do, of what is only inferred."""

    @property
    def security_mode(self) -> int:
        """0 non-secure, 1 mixed."""

    @property
    def members(self) -> dict[str, SimulatedNode]:
        """The CUCM nodes by name."""

    def shown(self, node: SimulatedNode, service: str) -> x509.Certificate | None:
        """The certificate that a service of a node loaded when it started."""

    def known(self) -> frozenset[str]:
        """The fingerprints that every TVS vouches for."""


class Registration:
    """All phones of the cluster."""

    def __init__(  # noqa: D107 - the class says it
        self, phones: Iterable[Phone], board: Switchboard, delays: Delays, clock: Callable[[], datetime]
    ) -> None:
        self.phones = {phone.name: phone for phone in phones}
        self._board = board
        self._delays = delays
        self._clock = clock
        self._up: set[str] = set()
        self._waiting: set[Phone] = set()

    def begin(self) -> None:
        """Let every phone that is on have registered long ago, with the lists of today."""
        self._up = self._reachable()
        at = self._clock() - timedelta(days=1)
        for phone in self.phones.values():
            self.give_lists(phone)
            node = next((name for name in phone.group.nodes if name in self._up), None)
            if node and not phone.offline:
                phone.register(node, at)

    def give_lists(self, phone: Phone) -> None:
        """Let a phone have what its TFTP serves, as if it had been there all the time."""
        tftp = self.tftp_of(phone.group)
        if tftp:
            phone.itl, phone.ctl = self._offered(tftp)

    def settle(self) -> None:
        """Do what has become due, in its order."""
        self._notice()
        now = self._clock()
        ready = [phone for phone in self._waiting if phone.due and phone.due <= now]
        known = self._board.known() if ready else frozenset()
        for phone in sorted(ready, key=lambda one: (one.due, one.number)):
            self._waiting.discard(phone)
            self._connect(phone, known)

    def reset(self, phones: Iterable[Phone], reason: int) -> int:
        """Let phones start again: they unregister, fetch their files and register; how many did."""
        on = [phone for phone in phones if not phone.offline]
        now = self._clock()
        for phone in on:
            phone.unregister(reason, now)
            phone.fetches = True
            self._wait(phone, self._delays.phone_reset_seconds)
        self.settle()
        return len(on)

    def fetch(self, phones: Iterable[Phone]) -> None:
        """Let phones ask their TFTP for their files; one that loses its trust may drop."""
        known = self._board.known()
        for phone in phones:
            if not phone.offline:
                self._fetch(phone, known)
                if phone.node and self._drops(phone):
                    phone.unregister(reasons.UNREGISTERED, self._clock())

    def fetch_from(self, tftp: SimulatedNode) -> None:
        """TFTP of a node has started: its phones fetch their files, and those that are nowhere try again."""
        self.fetch(phone for phone in self.phones.values() if self.tftp_of(phone.group) is tftp)
        self.retry()

    def retry(self) -> None:
        """Let phones that are registered nowhere try again, as they do all the time."""
        for phone in self.phones.values():
            if phone.node is None and phone.due is None and not phone.offline:
                self._wait(phone, self._delays.phone_return_seconds)
        self.settle()

    def power(self, phones: Iterable[Phone], *, on: bool) -> None:
        """Switch phones on or off."""
        for phone in phones:
            phone.offline = not on
            self._waiting.discard(phone)
            phone.due = None
            if on:
                phone.fetches = True
                self._wait(phone, 0)
            elif phone.node:
                phone.unregister(reasons.KEEPALIVE_TIMEOUT, self._clock())
        self.settle()

    def forget_lists(self, phones: Iterable[Phone]) -> None:
        """A person deletes the trust lists on the phones themselves: they take the next ones unseen."""
        for phone in phones:
            phone.itl = phone.ctl = None
            phone.refused = False
            phone.fetches = True
            if not phone.offline:
                phone.unregister(reasons.DEVICE_RESET, self._clock())
                self._wait(phone, 0)
        self.settle()

    def opens_https(self, phone: Phone) -> bool:
        """Whether an HTTPS service such as the corporate directory opens on it (S23)."""
        if phone.node is None or phone.refused or phone.itl is None or phone.itl.blank:
            return False
        return any(self._believes(phone, name) for name in phone.group.nodes)

    def uses_tls(self, phone: Phone) -> bool:
        """A secure profile means something in mixed mode only."""
        return phone.secure and self._board.security_mode == 1

    def tftp_of(self, group: Group) -> SimulatedNode | None:
        """The TFTP of a group: of its first node that has one, else the first of the cluster ([I] guess)."""
        members = self._board.members
        names = (*(name for name in group.nodes if name in members), *members)
        return next((members[name] for name in names if is_activated(members[name], TFTP_SERVICE)), None)

    def _notice(self) -> None:
        """Follow CallManagers that went or came since the last look."""
        up = self._reachable()
        gone, come = self._up - up, up - self._up
        self._up = up
        for phone in self.phones.values() if gone or come else ():
            if phone.node in gone:
                self._leave(phone)
            elif come.intersection(phone.group.nodes) and not phone.offline and phone.due is None:
                self._wait(phone, self._delays.phone_return_seconds)

    def _leave(self, phone: Phone) -> None:
        """Go to a backup, or wait until there is somewhere to go."""
        phone.unregister(reasons.CALLMANAGER_RESTART, self._clock())
        if self._up.intersection(phone.group.nodes):
            self._wait(phone, self._delays.phone_failover_seconds)

    def _wait(self, phone: Phone, within: float) -> None:
        share = (phone.number * 37 % _STEPS + 1) / _STEPS
        phone.due = self._clock() + timedelta(seconds=within * share)
        self._waiting.add(phone)

    def _connect(self, phone: Phone, known: frozenset[str]) -> None:
        at = phone.due or self._clock()
        phone.due = None
        if phone.fetches:
            self._fetch(phone, known)
        node = None if self._drops(phone) else self._chosen(phone)
        if node is None:
            if phone.node:
                phone.unregister(reasons.UNREGISTERED, at)
            # What cannot register asks for its files again when it tries the next time.
            phone.fetches = True
        elif node != phone.node:
            phone.register(node, at)

    def _chosen(self, phone: Phone) -> str | None:
        """The first node that takes it; where it is registered already its connection simply goes on."""
        return next((name for name in phone.group.nodes if name == phone.node or self._takes(name, phone)), None)

    def _takes(self, name: str, phone: Phone) -> bool:
        """Whether a node is there and, on TLS, shows what the phone's CTL holds."""
        node = self._board.members.get(name)
        if node is None or name not in self._up:
            return False
        if not self.uses_tls(phone):
            return True
        front = self._board.readings.callmanager_front
        shown = self._board.shown(node, front) if node.answers(front) else None
        return bool(shown and phone.ctl and phone.ctl.holds(CCM_TFTP, fingerprint(shown)))

    def _drops(self, phone: Phone) -> bool:
        readings = self._board.readings
        reading = readings.untrusting_tls_phone if self.uses_tls(phone) else readings.untrusting_phone
        return phone.refused and reading == "drops"

    def _fetch(self, phone: Phone, known: frozenset[str]) -> None:
        tftp = self.tftp_of(phone.group)
        if tftp is None or not tftp.answers(TFTP_SERVICE):
            return
        phone.fetches = False
        itl, ctl = self._offered(tftp)
        taken = [self._accepts(phone, offered, known) for offered in (ctl, itl) if offered]
        phone.refused = not all(taken)

    def _offered(self, tftp: SimulatedNode) -> tuple[TrustList | None, TrustList | None]:
        """The ITL and, in mixed mode, the CTL that a node serves."""
        ctl = self._board.files.served_ctl(tftp) if self._board.security_mode == 1 else None
        return self._board.files.itl.get(tftp.name), ctl

    def _accepts(self, phone: Phone, offered: TrustList, known: frozenset[str]) -> bool:
        held = phone.ctl if offered.kind == "CTL" else phone.itl
        if held is not offered:
            if not self._verifies(phone, offered, known):
                return False
            if offered.kind == "CTL":
                phone.ctl = offered
            else:
                phone.itl = offered
        return True

    def _verifies(self, phone: Phone, offered: TrustList, known: frozenset[str]) -> bool:
        if phone.itl is None or phone.itl.blank:
            return True
        signer = offered.signer.fingerprint
        if phone.trusts(signer):
            return True
        return signer in known and any(self._believes(phone, name) for name in phone.group.nodes)

    def _believes(self, phone: Phone, name: str) -> bool:
        """Whether TVS of a node is there and shows a certificate that the phone's ITL holds."""
        node = self._board.members.get(name)
        if node is None or phone.itl is None or not node.answers(TVS_SERVICE):
            return False
        shown = self._board.shown(node, TVS_SERVICE)
        return bool(shown and phone.itl.holds(TVS, fingerprint(shown)))

    def _reachable(self) -> set[str]:
        return {name for name, node in self._board.members.items() if node.answers(CALLMANAGER_SERVICE)}
