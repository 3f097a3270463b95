"""What the platform CLI says about CTL, ITL and the security mode (cucm.md §2.3, §2.5): text in, values out.

How a list breaks its lines is not known for certain, so they are put together first and its tables read by the names
of their tags. A reply in no known form raises `ValueError` with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ucrenew.clients.cli_replies import sql_rows
from ucrenew.domain.phones import SecurityMode
from ucrenew.domain.trust_lists import TrustList, TrustRecord

MODE_PARAMETER = "ClusterSecurityMode"
MODE_STATEMENT = "select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'"

# A cluster without one (a lab's transcript of Cisco; the note of cucm.md §2.5 has other words).
_ABSENT = re.compile(
    r"\b[CI]TL file (?:not found|does not exist|is not present)|\bLength of [CI]TL file:\s*0\b|\bno [CI]TL file",
    re.IGNORECASE,
)
_RECORD = re.compile(r"\b[CI]TL Record\s*#\s*:?\s*(\d+)", re.IGNORECASE)
_TAG = re.compile(
    r"(?<!\S)\d{1,2}\s+(?P<tag>RECORDLENGTH|DNSNAME|SUBJECTNAME|FUNCTION|ISSUERNAME|SERIALNUMBER|PUBLICKEY|SIGNATURE"
    r"|CERTIFICATE|IPADDRESS|SIGNERID|SIGNERNAME|CANAME|SIGNATUREINFO|DIGESTALGOR\w+|SIGNATUREALGO\w+|SIGNATUREMODULUS"
    r"|FILENAME|TIMESTAMP)\s+(?P<length>\d+)(?!\S)"
)
_USED = re.compile(r"\bThis e?token was (?P<not>not )?used to sign the [CI]TL file", re.IGNORECASE)
_VERIFIED = re.compile(r"\bThe [CI]TL file was verified successfully", re.IGNORECASE)
_END_OF_VALUE = re.compile(r"\bThis e?token was |\bThe [CI]TL file was |\bError parsing ", re.IGNORECASE)
_SUM = r"([0-9a-f]{{{length}}})\s*\({name}\)"
_MODIFIED = re.compile(r"\bThe [CI]TL File was last modified on (.*?\b\d{4}\b)", re.IGNORECASE)
_HASH = re.compile(r"((?:[0-9A-F]{2}[\s:]*){20,64})\(\s*SHA\s?-?\d+", re.IGNORECASE)


def security_mode(text: str) -> SecurityMode:
    """`run sql` with `MODE_STATEMENT`: 0 is non-secure, 1 mixed mode (S24)."""
    rows = [row for row in sql_rows(text) if row.get("paramname") == MODE_PARAMETER]
    if len({row["paramvalue"] for row in rows}) != 1:
        raise ValueError(f"{len(rows)} rows of {MODE_PARAMETER}")
    return SecurityMode(rows[0]["paramvalue"])


def trust_list(text: str) -> TrustList | None:
    """`show ctl` and `show itl`: the list with its records, or None where the node says that there is none."""
    flat = " ".join(text.split())
    pieces = _RECORD.split(flat)
    records = tuple(_record(int(number), body) for number, body in zip(pieces[1::2], pieces[2::2], strict=True))
    if not records:
        if _ABSENT.search(flat):
            return None
        raise ValueError("neither a record nor a sentence that there is no such file")
    header = _values(pieces[0])
    signing = next((record for record in records if record.signed_the_list), None)
    modified = _MODIFIED.search(flat)
    return TrustList(
        md5=_checksum(flat, "MD5", 32),
        sha1=_checksum(flat, "SHA1", 40),
        modified=modified[1] if modified else "",
        records=records,
        verified=_VERIFIED.search(flat) is not None,
        signer_name=header.get("SIGNERNAME") or (signing.subject if signing else ""),
        signer_serial=_serial(header) if "SERIALNUMBER" in header else signing.serial if signing else None,
    )


def _record(number: int, body: str) -> TrustRecord:
    values = _values(body)
    if "FUNCTION" not in values:
        raise ValueError(f"record {number} has no function")
    used = _USED.search(body)
    return TrustRecord(
        number=number,
        function=values["FUNCTION"],
        subject=values.get("SUBJECTNAME", ""),
        issuer=values.get("ISSUERNAME", ""),
        serial=_serial(values),
        certificate_hash=_certificate_hash(values, number),
        dns_name=values.get("DNSNAME", ""),
        signed_the_list=used is not None and not used["not"],
    )


def _values(text: str) -> Mapping[str, str]:
    """The table of one record or of the header: each tag with its value on one line."""
    found = list(_TAG.finditer(text))
    ends = [*(following.start() for following in found[1:]), len(text)][: len(found)]
    return {
        tag["tag"]: _END_OF_VALUE.split(text[tag.end() : end])[0].strip() for tag, end in zip(found, ends, strict=True)
    }


def _serial(values: Mapping[str, str]) -> int | None:
    digits = "".join(re.findall(r"[0-9A-Fa-f]+", values.get("SERIALNUMBER", "")))
    return int(digits, 16) if digits else None


def _certificate_hash(values: Mapping[str, str], number: int) -> str:
    """Hexadecimal digits in lower case; empty for a record that carries no certificate (cucm.md §2.5)."""
    if "CERTIFICATE" not in values:
        return ""
    shown = _HASH.search(values["CERTIFICATE"])
    if shown is None:
        raise ValueError(f"record {number} shows a certificate without its hash")
    return re.sub(r"[\s:]", "", shown[1]).lower()


def _checksum(text: str, name: str, length: int) -> str:
    found = re.search(_SUM.format(length=length, name=name), text, re.IGNORECASE)
    return found[1].lower() if found else ""
