"""CTL and ITL as a node shows them: what the parser reads, and what a list tells (cucm.md §2.5, S24, S25)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ucrenew.clients.cli_trust_lists import security_mode, trust_list
from ucrenew.domain.phones import SecurityMode
from ucrenew.domain.trust_lists import Signer

PUBLISHER = "CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL"
SERIAL = 0x70CAF64E090751B9DF22F49F754FC5BB
HASH = "e9d433645bc88ced514d8fe5ea5b6d21a5a38c9c"


def transcript(name):
    return (Path(__file__).parent / "transcripts" / f"{name}.txt").read_text()


@pytest.fixture(scope="module")
def certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "cs-ccm-pub-ms.example.com"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
        ]
    )
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), SERIAL, start, start + timedelta(days=365))
    return builder.sign(key, hashes.SHA256())


def shown(certificate, algorithm=hashes.SHA1, label="SHA1", text="ctl_tokenless"):
    """The transcript with the publisher's hash replaced by this certificate's."""
    old = " ".join(HASH[at : at + 2] for at in range(0, 40, 2)).upper() + " (SHA1 Hash HEX)"
    new = certificate.fingerprint(algorithm()).hex(" ").upper() + f" ({label} Hash HEX)"
    return transcript(text).replace(old, new)


# --- what is read


def test_tokenless_list_is_read():
    """A tokenless CTL is read with checksums, date, verification, signer and every record (S25)."""
    found = trust_list(transcript("ctl_tokenless"))
    first, second, third, fourth = found.records

    assert ("0c05655de63fe2a042cf252d96c6d609", "8c92d1a569f7263cf4485812366e66e3b503a2f5") == (found.md5, found.sha1)
    assert "Fri Mar 06 19:45:13 CET 2015" == found.modified
    assert found.verified
    assert Signer.CALLMANAGER is found.signer
    assert ["System Administrator Security Token", "CCM+TFTP", "CAPF", "CCM+TFTP"] == [
        r.function for r in found.records
    ]
    assert (PUBLISHER, PUBLISHER, SERIAL, HASH) == (
        second.subject,
        second.issuer,
        second.serial,
        second.certificate_hash,
    )
    assert [True, False, False, False] == [record.signed_the_list for record in found.records]
    assert ("cucm-1051-a-sub1", "217f23deafff0485767270bfb1ba44db5e90ed66") == (
        fourth.dns_name,
        fourth.certificate_hash,
    )
    assert (2, 4) == tuple(record.number for record in found.serving())
    assert not first.serves_phones
    assert not third.serves_phones


def test_token_list_is_read():
    """A CTL signed by a USB token says so, and a record without a certificate has neither hash nor serial (S25)."""
    found = trust_list(transcript("ctl_token"))

    assert Signer.TOKEN is found.signer
    assert [5] == [record.number for record in found.records if record.signed_the_list]
    assert ("", None) == (found.records[3].certificate_hash, found.records[3].serial)
    assert (2,) == tuple(record.number for record in found.serving())


def test_itl_is_read():
    """An ITL of release 12 and later is signed by ITLRecovery; functions TFTP and TVS, and longer hashes, are read."""
    found = trust_list(transcript("itl_recovery"))

    assert Signer.RECOVERY is found.signer
    assert ["TFTP", "TVS", "CAPF"] == [record.function for record in found.records[:3]]
    assert bytes(range(32)).hex() == found.records[3].certificate_hash
    assert (1,) == tuple(record.number for record in found.serving())


@pytest.mark.parametrize("name", ["ctl_tokenless", "ctl_token", "itl_recovery"])
@pytest.mark.parametrize("between", [" ", "\r\n", "\n\n   "])
def test_line_breaks_do_not_matter(name, between):
    """However the lines are broken, the same list is read: nobody is sure where a node breaks them."""
    wanted = trust_list(transcript(name))
    found = trust_list(between.join(transcript(name).split()))

    assert wanted.records == found.records
    assert (wanted.signer, wanted.verified, wanted.checksum) == (found.signer, found.verified, found.checksum)


def test_signer_without_header_is_the_record():
    """Where the header is not shown, the record that says it signed is the signer."""
    text = transcript("ctl_token")
    found = trust_list(text[: text.index("BYTEPOS")] + text[text.index("CTL Record") :])

    assert Signer.TOKEN is found.signer
    assert 0x83E908000000554 == found.signer_serial >> 20


def test_unknown_signer_is_said():
    """A signer that is neither token, ITLRecovery nor CallManager is none of them: people decide."""
    found = replace(trust_list(transcript("ctl_tokenless")), signer_name="CN=somebody", signer_serial=1)

    assert Signer.OTHER is found.signer


@pytest.mark.parametrize(
    "text", [transcript("ctl_absent"), "show ctl file not found\nCTL file not found", "Length of ITL file: 0"]
)
def test_absent_list_is_none(text):
    """A cluster without a CTL is an answer, not an error."""
    assert trust_list(text) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Segmentation fault", "neither a record"),
        ("", "neither a record"),
        (transcript("ctl_tokenless").replace("FUNCTION", "PURPOSE"), "record 1 has no function"),
        (transcript("ctl_tokenless").replace("(SHA1 Hash HEX)", ""), "record 1 shows a certificate without its hash"),
    ],
)
def test_unknown_forms_are_errors(text, told):
    """A list that is cut off or in another form is an error: it is never taken for one that lacks a certificate."""
    with pytest.raises(ValueError, match=told):
        trust_list(text)


def test_broken_signature_is_seen():
    """A list that the node does not call verified is not verified."""
    text = transcript("ctl_tokenless").replace("was verified successfully", "could not be verified")

    assert not trust_list(text).verified


@pytest.mark.parametrize(("value", "mode"), [("0", SecurityMode.NON_SECURE), ("1", SecurityMode.MIXED)])
def test_security_mode_is_read(value, mode):
    """The security mode is read out of the database's row (S24)."""
    text = f"paramname           paramvalue\n=================== ==========\nClusterSecurityMode {value}"

    assert mode is security_mode(text)


@pytest.mark.parametrize("rows", ["", "ClusterSecurityMode 7", "ClusterSecurityMode 0\nClusterSecurityMode 1"])
def test_unclear_security_mode_is_an_error(rows):
    """No row, an unknown value or two that differ are never taken for a mode (S24)."""
    with pytest.raises(ValueError, match=r"rows of ClusterSecurityMode|not a valid SecurityMode"):
        security_mode(f"paramname           paramvalue\n=================== ==========\n{rows}")


# --- whether it holds a certificate


@pytest.mark.parametrize(("algorithm", "label"), [(hashes.SHA1, "SHA1"), (hashes.SHA256, "SHA256")])
def test_certificate_is_known_by_its_hash(certificate, algorithm, label):
    """A list holds a certificate when a CallManager or TFTP record shows its hash, of whichever kind (S25)."""
    assert trust_list(shown(certificate, algorithm, label)).holds(certificate)
    assert (certificate,) == trust_list(shown(certificate, algorithm, label)).held([certificate])


def test_other_certificate_is_not_held(certificate):
    """A list with another certificate of the same serial does not hold ours: the hash decides (S25)."""
    assert not trust_list(transcript("ctl_tokenless")).holds(certificate)


def test_other_function_does_not_count(certificate):
    """A certificate that is in the list for CAPF only is not what phones trust for CallManager (S25)."""
    text = shown(certificate).replace("CCM+TFTP", "CAPF")

    assert not trust_list(text).holds(certificate)


def test_serial_and_issuer_where_no_hash_is_shown(certificate):
    """Without a hash, serial and issuer together tell; a serial alone does not."""
    record = replace(trust_list(transcript("ctl_tokenless")).records[1], certificate_hash="")

    assert replace(record, issuer="O=Example; CN=cs-ccm-pub-ms.example.com").is_for(certificate)
    assert not record.is_for(certificate)
    assert not replace(record, issuer="O=Example; CN=cs-ccm-pub-ms.example.com", serial=1).is_for(certificate)
