"""The simulated CA's own certificates: one root, the issuing CA's generations, and the web server's certificate."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from ucrenew.simulator import signing
from ucrenew.simulator.signing import Bends, Signer
from ucrenew.simulator.templates import Template


class Hierarchy:
    """A root and below it an issuing CA; a renewal keeps its name, and its key or not (certsrv.md §6)."""

    def __init__(self, domain: str, now: datetime) -> None:  # noqa: D107 - the class says it
        organisation = domain.partition(".")[0].capitalize()
        self.host = f"ca.{domain}"
        self.name = f"{organisation} Issuing CA 1"
        self._domain = domain
        self._root = signing.new_root(self._called(f"{organisation} Root CA"), now)
        self._generations = [self._below(self._root, self.name, now - signing.ISSUING_AGE)]

    @property
    def root(self) -> x509.Certificate:
        """The trust anchor."""
        return self._root.certificate

    @property
    def renewals(self) -> int:
        """How often the issuing CA was renewed; also the number of its newest generation."""
        return len(self._generations) - 1

    def renew(self, now: datetime, *, same_key: bool) -> None:
        """A new certificate under the same name, for the key that there is or a new one."""
        key = self._generations[-1].key if same_key else None
        name = self._called(self.name)
        self._generations.append(signing.new_intermediate(self._root, name, self.host, now - signing.BACKDATED, key))

    def issuing(self, generation: int) -> x509.Certificate:
        """The issuing CA's certificate of one generation, 0 the oldest; raises IndexError."""
        return self._generations[generation].certificate

    def namesake(self, *, issuing: bool, later: bool) -> x509.Certificate:
        """A CA certificate of the same subject and another key that begins a day earlier or later."""
        day = timedelta(days=1) if later else -timedelta(days=1)
        if issuing:
            begin = self.issuing(-1).not_valid_before_utc + day
            return self._below(self._root, self.name, begin).certificate
        made = self.root.not_valid_before_utc + signing.ROOT_AGE
        return signing.new_root(self.root.subject, made + day).certificate

    def chain(self, generation: int, bends: Bends) -> list[x509.Certificate]:
        """Issuing CA and root; raises IndexError."""
        everything = {"intermediate": self.issuing(generation), "root": self.root}
        return [certificate for name, certificate in everything.items() if name != bends.missing_from_chain]

    def crl(self, generation: int, now: datetime) -> x509.CertificateRevocationList:
        """The CRL of one generation; raises IndexError."""
        return signing.revocation_list(self._generations[generation], now)

    def leaf(
        self, csr: x509.CertificateSigningRequest, template: Template, now: datetime, bends: Bends
    ) -> x509.Certificate:
        """What the newest generation, or whoever ``bends`` names, makes of a CSR."""
        signer = self._signer(bends, now)
        return signing.leaf_for(csr, template, signer=signer, host=self.host, now=now, bends=bends)

    def web_certificate(self, template: Template, now: datetime, address: str) -> tuple[bytes, bytes]:
        """PEM of a chain for the web server (leaf and issuing CA), and of its key."""
        key = signing.new_key()
        names = [x509.DNSName(self.host), x509.DNSName("localhost"), x509.IPAddress(ip_address(address))]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.host)])
        csr = x509.CertificateSigningRequestBuilder(subject)
        csr = csr.add_extension(x509.SubjectAlternativeName(names), critical=False)
        leaf = self.leaf(csr.sign(key, hashes.SHA256()), template, now, signing.HONEST)
        pem = serialization.Encoding.PEM
        secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return leaf.public_bytes(pem) + self.issuing(-1).public_bytes(pem), secret

    def _signer(self, bends: Bends, now: datetime) -> Signer:
        if bends.sign_with == "intermediate":
            return self._generations[-1]
        begin = now - signing.ISSUING_AGE
        if bends.sign_with == "namesake":
            return self._below(self._root, self.name, begin)
        return self._below(signing.new_root(self._called("Another Root CA"), now), "Another Issuing CA", begin)

    def _below(self, root: Signer, name: str, begin: datetime) -> Signer:
        return signing.new_intermediate(root, self._called(name), self.host, begin)

    def _called(self, common_name: str) -> x509.Name:
        parts = [x509.NameAttribute(NameOID.DOMAIN_COMPONENT, part) for part in reversed(self._domain.split("."))]
        return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
