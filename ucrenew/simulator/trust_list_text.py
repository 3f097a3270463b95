"""`show ctl` and `show itl` as text; the layout is [T] of 10.5.1 (cucm.md §2.5), ITL's words are [I] by analogy."""

from __future__ import annotations

from datetime import UTC

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from ucrenew.simulator.trust_list import Record, TrustList

_HEAD = ["BYTEPOS TAG             LENGTH  VALUE", "------- ---             ------  -----"]
# [I] guess: 10.5's transcript has token, CCM+TFTP and CAPF; lengths of other fields follow from their values.
_SIGNATURE_LENGTH = 256
_ADDRESS_LENGTH = 4


def shown(held: TrustList) -> list[str]:
    """All lines, from the checksums to the verdict; the time zone is always UTC here."""
    kind = held.kind
    when = f"{held.made_at.astimezone(UTC):%a %b %d %H:%M:%S UTC %Y}"
    lines = [
        f"The checksum value of the {kind} file:",
        f"{held.md5}(MD5)",
        f"{held.sha1}(SHA1)",
        "",
        f"Length of {kind} file: {len(held.content)}",
        f"The {kind} File was last modified on {when}",
        "",
        f"        Parse {kind} File",
        "        ----------------",
        "",
        "Version:        1.2",
        "HeaderLength:   336 (BYTES)",
        "",
    ]
    for number, record in enumerate(held.records, start=1):
        lines += _record(held, number, record)
    return [*lines, f"The {kind} file was verified successfully.", ""]


def _record(held: TrustList, number: int, record: Record) -> list[str]:
    certificate = record.certificate
    der = certificate.public_bytes(serialization.Encoding.DER)
    serial = f"{certificate.serial_number:x}"
    fields: list[tuple[int, str, int, str]] = [
        (1, "RECORDLENGTH", 2, str(len(der) + 284)),
        (2, "DNSNAME", len(record.host) + 1, record.host),
        (3, "SUBJECTNAME", *_measured(_name(certificate.subject))),
        (4, "FUNCTION", 2, record.function),
        (5, "ISSUERNAME", *_measured(_name(certificate.issuer))),
        (6, "SERIALNUMBER", *_serial(serial)),
        (7, "PUBLICKEY", len(_public(certificate)), ""),
        (8, "SIGNATURE", _SIGNATURE_LENGTH, ""),
        (9, "CERTIFICATE", len(der), f"{certificate.fingerprint(hashes.SHA1()).hex(' ').upper()} (SHA1 Hash HEX)"),  # noqa: S303 - what it prints
        (10, "IPADDRESS", _ADDRESS_LENGTH, ""),
    ]
    lines = ["", f"        {held.kind} Record #:{number}", "                  ----", *_HEAD]
    lines += [f"{place:<7} {tag:<15} {length:<7} {value}".rstrip() for place, tag, length, value in fields]
    # The sentence stands behind administrators' records, whatever kind of key they have [T].
    if record.function == held.signer.function:
        used = "was" if record.fingerprint == held.signer.fingerprint else "was not"
        lines.append(f"This etoken {used} used to sign the {held.kind} file.")
    return [*lines, ""]


def _name(name: x509.Name) -> str:
    """`CN=..;OU=..;O=..` for certificates of the cluster, `cn="..";ou=IPCBU;o="Cisco Systems` for tokens [T]."""
    parts = [(part.rfc4514_attribute_name, str(part.value)) for part in name]
    if dict(parts).get("OU") == "IPCBU":
        return f'cn="{dict(parts)["CN"]}   ";ou=IPCBU;o="Cisco Systems'
    if parts == [("CN", "Cisco Manufacturing CA"), ("O", "Cisco Systems")]:
        return "cn=Cisco Manufacturing CA;o=Cisco Systems"
    order = ("CN", "OU", "O", "L", "ST", "C")
    told = dict(parts)
    return ";".join(f"{key}={told[key]}" for key in order if key in told)


def _measured(text: str) -> tuple[int, str]:
    return len(text), text


def _serial(text: str) -> tuple[int, str]:
    digits = text.upper().zfill(len(text) + len(text) % 2)
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    return len(pairs), ":".join(pairs)


def _public(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
