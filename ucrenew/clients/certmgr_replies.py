"""The JSON of the certificate API as values: pure, and patient with every shape that cucm.md §1 leaves open.

Texts are searched under the keys that the reference names, in strings, objects and lists alike. What carries none of
the known keys is not taken for "nothing there": a request overlooked would be a request overwritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509 as crypto

from ucrenew.domain import x509
from ucrenew.errors import BadInput

Csr = crypto.CertificateSigningRequest

_LISTS = ("certificates", "certificate_data", "trusts", "identities")  # cucm.md §1.2, §1.4
_SILENT = {"trackingId", "server", "service", "status", "message", "messages", "error"}  # keys beside the content
_TRUST = "-trust"


class Unexpected(ValueError):
    """A shape that the reference does not know."""


@dataclass(frozen=True)
class Identity:
    """One service's own certificate and outstanding request; either may be absent."""

    certificate: crypto.Certificate | None
    csr: Csr | None


def said(value: Any) -> str | None:  # noqa: ANN401 - JSON
    """The text of an error: ``message``, then ``error``, then all of ``messages`` (cucm.md §1.5)."""
    if not isinstance(value, dict):
        return None
    for key in ("message", "error", "messages"):
        texts = value.get(key)
        if joined := "; ".join(map(str, texts)) if isinstance(texts, list) else texts:
            return str(joined)
    return None


def csr(value: Any) -> Csr | None:  # noqa: ANN401 - JSON
    """The request of a reply: ``csr`` at top level, also inside an object or list of one."""
    found = list(_texts(value, "csr"))
    if len(found) > 1:
        raise Unexpected(f"{len(found)} requests where one was expected")
    return x509.parse_csr(found[0]) if found else None


def identity(value: Any, service: str) -> crypto.Certificate | None:  # noqa: ANN401 - JSON
    """The certificate of a reply: under ``certificate``, or first of ``certificates`` (its chain may follow)."""
    if isinstance(value, dict) and isinstance(value.get("identities"), list):
        value = value["identities"]
    if isinstance(value, list):
        value = [entry for entry in value if not isinstance(entry, dict) or entry.get("service", service) == service]
    found = list(_texts(value, "certificate", *_LISTS, "identity"))
    return x509.parse_certificates(found[0])[0] if found else None


def trust(value: Any) -> tuple[crypto.Certificate, ...]:  # noqa: ANN401 - JSON
    """The certificates of a trust store: a bare list, or one under ``certificates`` (cucm.md §1.2).

    What cannot be read is left out, as long as something can: stores hold odd certificates of decades.
    """
    texts = list(_texts(value, *_LISTS, "certificate"))
    readable, unreadable = _readable(texts)
    if unreadable and not readable:
        raise Unexpected(unreadable[0])
    return tuple(readable)


def snapshot(
    value: Any,  # noqa: ANN401 - JSON
) -> tuple[str | None, Mapping[str, Identity], Mapping[str, tuple[crypto.Certificate, ...]], tuple[str, ...]]:
    """Server, identities, trust stores and what in these cannot be read, of a snapshot or a bare identities list."""
    whole = {"identities": value} if isinstance(value, list) else value
    if not isinstance(whole, dict) or not isinstance(whole.get("identities"), list):
        raise Unexpected("no list of identities")
    identities: dict[str, Identity] = {}
    for entry in whole["identities"]:
        service, seen = _service(entry), _identity(entry)
        if identities.setdefault(service, seen) != seen:
            raise Unexpected(f"two different certificates for {service}")
    trusts: dict[str, tuple[crypto.Certificate, ...]] = {}
    unreadable: list[str] = []
    for entry in whole.get("trusts") or []:
        store = _service(entry).removesuffix(_TRUST) + _TRUST
        readable, odd = _readable(list(_texts(entry, *_LISTS, "certificate")))
        trusts[store] = (*trusts.get(store, ()), *readable)
        unreadable += (f"{store}: {reason}" for reason in odd)
    return whole.get("server"), identities, trusts, tuple(unreadable)


def _identity(entry: Mapping[str, Any]) -> Identity:
    certificate, request = entry.get("certificate"), entry.get("csr")
    return Identity(
        x509.parse_certificates(certificate)[0] if certificate else None,
        x509.parse_csr(request) if request else None,
    )


def _service(entry: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(entry, dict) and isinstance(entry.get("service"), str):
        return str(entry["service"])
    raise Unexpected("an entry that names no service")


def _readable(texts: list[str]) -> tuple[list[crypto.Certificate], list[str]]:
    readable: list[crypto.Certificate] = []
    unreadable: list[str] = []
    for text in texts:
        try:
            readable += x509.parse_certificates(text)
        except BadInput as error:
            unreadable.append(str(error))
    return readable, unreadable


def _texts(value: Any, *keys: str) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Every text under the first of the keys that is there, through lists and objects."""
    match value:
        case None | "":
            return
        case str():
            yield value
        case list():
            for entry in value:
                yield from _texts(entry, *keys)
        case dict():
            key = next((known for known in keys if known in value), None)
            if key is not None:
                yield from _texts(value[key], *keys)
            elif value.keys() - _SILENT:
                raise Unexpected(f"none of {', '.join(keys)} in it")
        case _:
            raise Unexpected(f"a {type(value).__name__} where a text was expected")
