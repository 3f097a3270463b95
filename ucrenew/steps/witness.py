"""What tells that a service was restarted: what it serves, else Control Center's time (design.md §2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509 as crypto

from ucrenew.clients.controlcenter import RunningService
from ucrenew.domain.checks import TOMCAT
from ucrenew.domain.plan import Restart
from ucrenew.errors import LoginRefused, Transient, Trouble, UnknownReply
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps import services
from ucrenew.steps.services import Seen
from ucrenew.steps.waiting import until

TAKES_EFFECT = timedelta(seconds=20)  # as long a port may answer with the old certificate after [STARTED]
ANSWERS = timedelta(minutes=2)  # Control Center lives in Tomcat, and is there some time after it
# Up-time is in whole seconds: a service that came up within a second or two before it was told to counts as restarted.
ROUNDING = timedelta(seconds=1)


@dataclass(frozen=True)
class Witness:
    """Whoever can tell of one cluster's services whether they run anew, with ``leaf`` the certificate to be served."""

    site: Site
    record: Record
    leaf: crypto.Certificate

    def was_restarted(self, restart: Restart, since: datetime, seen: Seen) -> bool | None:
        """Whether a service that is up came up after ``since``; None when nobody can tell.

        ``seen`` is how it was waited for: one that was down meanwhile has come up since.
        """
        if restart.service == TOMCAT:
            return self.all_serve(self.ports_settled(restart.node))
        return True if seen.was_down else self._started_after(restart, since)

    def serves(self, node: str) -> bool:
        """Whether every TLS port of the node serves the leaf at this moment."""
        return self.all_serve(self.ports(node))

    def comes_to_serve(self, node: str) -> bool:
        """The same, given as long as a service may take to come back."""
        return until(lambda: self.serves(node), bool, site=self.site, within=services.COMES_BACK)

    def ports(self, node: str) -> Mapping[int, crypto.Certificate | None]:
        """What each TLS port presents; None where none answers: a Tomcat that is half up answers with anything."""
        entry = self.site.entry(node)

        def look(port: int) -> crypto.Certificate | None:
            try:
                return self.site.presented(entry, port)
            except (Transient, UnknownReply):
                return None

        return {port: look(port) for port in entry.tls_ports}

    def ports_settled(self, node: str) -> Mapping[int, crypto.Certificate | None]:
        """The same once it is the leaf everywhere, or once each port has answered and had time to change its answer."""
        begun = self.site.clock()

        def settled(found: Mapping[int, crypto.Certificate | None]) -> bool:
            answered = None not in found.values()
            return self.all_serve(found) or (answered and self.site.clock() - begun > TAKES_EFFECT)

        return until(lambda: self.ports(node), settled, site=self.site, within=services.COMES_BACK)

    def all_serve(self, ports: Mapping[int, crypto.Certificate | None]) -> bool:
        """Whether the leaf is what each of them presents."""
        return all(presented == self.leaf for presented in ports.values())

    def _started_after(self, restart: Restart, since: datetime) -> bool | None:
        told = self._of_control_center(restart)
        if told is None or told.up_seconds is None:
            return None
        # A duration needs no clock of the node.
        return self.site.clock() - timedelta(seconds=told.up_seconds) + ROUNDING >= since

    def _of_control_center(self, restart: Restart) -> RunningService | None:
        """What Control Center says of it; None where it cannot be asked, which is said. A refusal is never repeated."""
        account = self.site.profile.accounts.application
        if account is None or self.record.fact(Kind.LOGIN_REFUSED, about=account.user):
            return None

        def look() -> RunningService | None:
            center = self.site.control_center(self.site.entry(restart.node))
            return center.services([restart.service]).get(restart.service) if center else None

        try:
            return until(look, lambda _: True, site=self.site, within=ANSWERS, every=services.LOOKS_EVERY)
        except LoginRefused as refused:
            self.record.note(Kind.LOGIN_REFUSED, {"node": restart.node}, about=account.user)
            self.site.say(f"{refused}; Control Center is not asked in this renewal any more")
        except Trouble as trouble:
            self.site.say(f"{trouble}; Control Center cannot tell since when {restart.service} runs")
        return None
