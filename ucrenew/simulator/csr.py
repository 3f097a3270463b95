"""Signing requests: what `POST /csr` asks for, whether the platform accepts it, and the request that it makes.

Contents as in cucm.md §4.6 (names, keys) and §4.7 (usages); the JSON as in §1.3.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from ucrenew.domain.cluster import Node
from ucrenew.domain.purpose import Purpose
from ucrenew.simulator.identity import Key, extended_key_usage, key_usage, new_key, subject

HASHES: dict[str, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
RSA_LENGTHS = frozenset({1024, 2048, 3072, 4096})
EC_LENGTHS = frozenset({256, 384, 521})
ECDSA = "-ECDSA"


class Unacceptable(Exception):
    """The request makes no sense to the platform; ``str()`` is the text of the refusal. All texts are [I] guesses."""


@dataclass(frozen=True)
class Wish:
    """What the caller asks for, checked."""

    unit: str
    multi_server: bool
    common_name: str
    alternative_names: tuple[str, ...]
    elliptic: bool
    length: int
    hash_name: str


@dataclass(frozen=True)
class PendingRequest:
    """A signing request that the platform holds, with its key ("CSR Only", S10)."""

    unit: str
    request: x509.CertificateSigningRequest
    key: Key
    multi_server: bool
    made_at: datetime

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the request's DER, lower-case hex."""
        return hashlib.sha256(self.request.public_bytes(serialization.Encoding.DER)).hexdigest()


def covered(unit: str, nodes: Sequence[Node]) -> tuple[Node, ...]:
    """The nodes of a multi-server certificate for ``unit`` (S4); raises Unacceptable where there is no such thing."""
    name = unit.removesuffix(ECDSA)
    if name not in set(Purpose):
        message = f"Multi-server distribution is not supported for {unit}"
        raise Unacceptable(message)
    return Purpose(name).covers(nodes)


def default_common_name(unit: str, multi_server: str | None, node: Node) -> str:
    """`<host>-ms.<domain>`, `<host>-EC-ms.<domain>` for a cluster, else the node itself (cucm.md §4.6)."""
    host, _, domain = (multi_server or node.name).partition(".")
    middle = "-EC" if unit.endswith(ECDSA) else ""
    end = "-ms" if multi_server else ""
    return f"{host}{middle}{end}.{domain}"


_TEXTS = ("service", "distribution", "commonName", "keyType", "hashAlgorithm")
_LONGEST_COMMON_NAME = 64  # X.520, ub-common-name


def check_types(told: Mapping[str, object]) -> None:
    """What is no text where a text belongs, or a common name that no certificate can carry; raises Unacceptable."""
    for name in _TEXTS:
        if not isinstance(told.get(name, ""), str):
            message = f"{name} must be a string"
            raise Unacceptable(message)
    if len(str(told.get("commonName", ""))) > _LONGEST_COMMON_NAME:
        message = f"commonName is longer than {_LONGEST_COMMON_NAME} characters"
        raise Unacceptable(message)


def check_names(names: object) -> tuple[str, ...]:
    """Alternative names as accepted: host or domain names, no addresses, no wildcards (cucm.md §4.6)."""
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        message = "altNames must be an array of strings"
        raise Unacceptable(message)
    for name in names:
        if "*" in name or " " in name or not name.isascii() or _is_address(name):
            message = f"{name} is not a valid domain name"
            raise Unacceptable(message)
    return tuple(names)


def check_key(unit: str, told: Mapping[str, object], ec_word: str) -> tuple[bool, int, str]:
    """Key type, length and hash as accepted (cucm.md §1.3, §4.6)."""
    elliptic = unit.endswith(ECDSA)
    known = ({"ec", "ecdsa"} if ec_word == "both" else {ec_word}) if elliptic else {"rsa"}
    kind = told.get("keyType", min(known))
    length = told.get("keyLength", 384 if elliptic else 2048)
    hash_name = told.get("hashAlgorithm", "sha384" if elliptic else "sha256")
    if kind not in known:
        message = f"Invalid keyType {kind} for {unit}"
        raise Unacceptable(message)
    # A string is refused: both known clients send a JSON number (cucm.md §1.3 [C]).
    if not isinstance(length, int) or length not in (EC_LENGTHS if elliptic else RSA_LENGTHS):
        message = f"Invalid keyLength {length} for {unit}"
        raise Unacceptable(message)
    if hash_name not in HASHES:
        message = f"Invalid hashAlgorithm {hash_name}"
        raise Unacceptable(message)
    return elliptic, length, str(hash_name)


def make_request(  # noqa: PLR0913 - what a request is made of
    wish: Wish, nodes: Sequence[Node], parent_domain: str, now: datetime, *, with_unit: bool, with_common_name: bool
) -> PendingRequest:
    """A new key and the request for it; ``nodes`` are those that the certificate has to name.

    ``with_unit``: OU as before 14SU1 (cucm.md §1.3). ``with_common_name``: CN repeated among the names, which 10.5.2
    does not do (CSCus47235, §4.6).
    """
    key = new_key(elliptic=wish.elliptic, length=wish.length)
    names = [node.name for node in nodes]
    if wish.multi_server:
        names.append(parent_domain)
    if with_common_name:
        names.append(wish.common_name)
    names.extend(wish.alternative_names)
    unique = list(dict.fromkeys(name.lower() for name in names))
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject(wish.common_name, unit="Voice" if with_unit else None))
        .add_extension(extended_key_usage(), critical=False)
        .add_extension(key_usage(), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in unique]), critical=False)
    )
    return PendingRequest(wish.unit, builder.sign(key, HASHES[wish.hash_name]), key, wish.multi_server, now)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
