"""A CA that we have no way to: a person takes the request there, and brings the certificate back (S12)."""

from __future__ import annotations

import re
from pathlib import Path

from cryptography import x509

from tests.conftest import Simulator
from ucrenew.clients.certsrv import Issued
from ucrenew.domain.x509 import parse_certificate, pem
from ucrenew.profile import load_profile
from ucrenew.site import Site

ELSEWHERE = "Example Trust, ordered in the portal"


class Elsewhere:
    """The simulated CA as somebody else's: its pages are the person's, not ours."""

    def __init__(self, simulator: Simulator, profile: Path) -> None:
        """Take the pages out of the profile; the person knows them."""
        simulator.control.post("/ca", {"profile": "honest", "template": {"CiscoUC": {"approval": False}}})
        self._pages = Site(load_profile(profile), str, print, float).authority
        self.root, self.intermediate = (parse_certificate(simulator.scene["ca"][k]) for k in ("root", "intermediate"))
        kept = re.sub(r"(?ms)^\[accounts\.ca\]$.*?(?=^\[)", "", profile.read_text())
        by_hand = f'[ca]\nkind = "by-hand"\nname = "{ELSEWHERE}"\nchain_file = "chain.pem"\n\n'
        profile.write_text(re.sub(r"(?ms)^\[ca\]$.*?(?=^\[)", by_hand, kept))

    def sign(self, csr: x509.CertificateSigningRequest, template: str = "CiscoUC") -> x509.Certificate:
        """What the CA makes of the request."""
        outcome = self._pages.submit(pem(csr), template)
        assert isinstance(outcome, Issued)
        return outcome.certificate
