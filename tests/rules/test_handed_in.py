"""What a person hands in as the signed certificate: every dress is read, and what is none is explained (S12)."""

import base64

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from ucrenew.domain.handed_in import NOTHING, PRIVATE_KEY, HandedIn, pick_leaf, read_field, read_file
from ucrenew.domain.x509 import common_name, der, pem

from .builder import authority, chain, in_pkcs7, intermediate, leaf, request, root, rsa_key

LEAF, (ROOT, MIDDLE) = leaf(), (root().certificate, intermediate().certificate)
KEY = rsa_key()
PEMS = "".join(map(pem, (LEAF, MIDDLE, ROOT)))
P7 = in_pkcs7(LEAF, MIDDLE, ROOT)


def lines(octets: bytes, width: int = 64) -> str:
    """Base64 in lines, without a header."""
    text = base64.b64encode(octets).decode()
    return "\n".join(text[start : start + width] for start in range(0, len(text), width))


def armoured(label: str, octets: bytes) -> str:
    """The same between a first and a last line."""
    return f"-----BEGIN {label}-----\n{lines(octets)}\n-----END {label}-----\n"


ONE = {
    "PEM": pem(LEAF),
    "PEM of Windows": pem(LEAF).replace("\n", "\r\n"),
    "PEM on one line": pem(LEAF).replace("\n", ""),
    "PEM with spaces for line ends": pem(LEAF).replace("\n", " "),
    "PEM in a mail": f"Hello Olga,\n\nhere it is:\n\n  {pem(LEAF)}\nKind regards\nYour CA",
    "PEM beside the request": pem(request()) + pem(LEAF),
    "old label": armoured("X509 CERTIFICATE", der(LEAF)),
    "base64": lines(der(LEAF)),
    "base64 of Windows": lines(der(LEAF), 76).replace("\n", "\r\n"),
    "base64 on one line": base64.b64encode(der(LEAF)).decode(),
    "base64 with spaces for line ends": lines(der(LEAF)).replace("\n", " "),
    "base64 in a mail": f"Here it is:\n\n{lines(der(LEAF))}\n\nregards",
}
ALL = {
    "bundle": PEMS,
    "bundle of Windows, with bag attributes": f"Bag Attributes\r\n    friendlyName: x\r\n{PEMS}".replace("\n", "\r\n"),
    "PKCS#7": armoured("PKCS7", P7),
    "PKCS#7 as certsrv labels it": armoured("CERTIFICATE", P7),
    "PKCS#7 in CMS": armoured("CMS", P7),
    "PKCS#7 in base64": lines(P7),
    "two PKCS#7": armoured("PKCS7", in_pkcs7(ROOT, MIDDLE)) + armoured("PKCS7", in_pkcs7(LEAF)),
}


@pytest.mark.parametrize("dress", ONE)
def test_one_certificate_in_every_dress(dress):
    """A certificate is read as PEM and base64, whatever line ends and text stand around it, pasted or in a file."""
    assert HandedIn((LEAF,)) == read_field(ONE[dress]) == read_file(ONE[dress].encode())


@pytest.mark.parametrize("dress", ALL)
def test_chain_in_every_dress(dress):
    """All certificates of a bundle or a PKCS#7 are read, in any order."""
    assert {LEAF, MIDDLE, ROOT} == set(read_field(ALL[dress]).certificates)
    assert {LEAF, MIDDLE, ROOT} == set(read_file(ALL[dress].encode()).certificates)


def test_binary_files():
    """A file may hold DER or a binary PKCS#7, or text in the encodings that Windows' editor writes."""
    assert HandedIn((LEAF,)) == read_file(der(LEAF))
    assert {LEAF, MIDDLE, ROOT} == set(read_file(P7).certificates)
    assert HandedIn((LEAF,)) == read_file(pem(LEAF).encode("utf-16"))
    assert HandedIn((LEAF,)) == read_file(pem(LEAF).encode("utf-8-sig"))


@pytest.mark.parametrize(
    "name",
    ["/srv/certs/lab.p7b", "~/lab.cer", "./signed", "lab tomcat.CRT", "C:\\certs\\lab.der", ' "signed/lab.pem" '],
)
def test_name_of_a_file(name):
    """One line that looks like the name of a file is one; quotes and blanks around it are not part of it."""
    assert HandedIn(path=name.strip().strip('"')) == read_field(name)


KEYS = {
    "PKCS#8": KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    "PKCS#1": KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode(),
    "encrypted": KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode(),
}
BARE_KEYS = {
    "PKCS#8": KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    "PKCS#1": KEY.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    "encrypted": KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
    "PKCS#12": pkcs12.serialize_key_and_certificates(b"x", KEY, LEAF, None, BestAvailableEncryption(b"x")),
}


@pytest.mark.parametrize("kind", KEYS)
def test_private_key_has_all_refused(kind):
    """A private key has everything refused that was handed in with it, and nothing of it is in what is said."""
    for text in (KEYS[kind], PEMS + KEYS[kind], KEYS[kind].replace("\n", " "), KEYS[kind].partition("\n")[2]):
        assert HandedIn(wrong=PRIVATE_KEY) == read_field(text) == read_file(text.encode())


@pytest.mark.parametrize("kind", BARE_KEYS)
def test_private_key_without_its_name(kind):
    """A private key is known without a header too: as base64, between another's lines, in a binary file."""
    octets = BARE_KEYS[kind]
    for text in (lines(octets), f"here:\n{lines(octets)}\nregards", armoured("CERTIFICATE", octets)):
        assert HandedIn(wrong=PRIVATE_KEY) == read_field(text)
    assert HandedIn(wrong=PRIVATE_KEY) == read_file(octets)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", NOTHING),
        (" \r\n ", NOTHING),
        (pem(request()), "this is a certificate request and not the certificate"),
        (lines(der(request())), "this is a certificate request and not the certificate"),
        ("it was ordered yesterday", "no certificate can be read in it"),
        (armoured("PUBLIC KEY", b"0" * 90), "no certificate can be read in it"),
        (pem(LEAF)[:400], "cut off or damaged"),
        (pem(LEAF) + pem(MIDDLE)[:400], "cut off or damaged"),
        (pem(LEAF).replace("M", "?", 1), "cut off or damaged"),
        (armoured("CERTIFICATE", der(LEAF)[:-9]), "cut off or damaged"),
        (armoured("CERTIFICATE", der(request())), "cut off or damaged"),
    ],
)
def test_what_is_none_is_explained(text, words):
    """A request, a cut or damaged certificate, other text and nothing are each explained in one sentence."""
    found = read_field(text)

    assert words in found.wrong
    assert "\n" not in found.wrong
    assert () == found.certificates
    assert "" == found.path


def test_leaf_is_found_by_its_key():
    """Ours is the one with the request's key, wherever it stands; of two the one that was issued last."""
    newer = leaf(begins=LEAF.not_valid_before_utc.replace(year=LEAF.not_valid_before_utc.year + 1))

    assert LEAF == pick_leaf((ROOT, MIDDLE, LEAF), request())
    assert newer == pick_leaf((newer, ROOT, LEAF), request())


def test_other_certificates_are_named():
    """CA certificates alone and another request's certificate are told apart, each by name."""
    other = authority("somebody else").certificate
    stranger = leaf(key=rsa_key("a stranger"))

    assert f"only CA certificates were handed in ({common_name(ROOT)}, somebody else)" in pick_leaf(
        (ROOT, other), request()
    )
    assert "has another key than our request" in pick_leaf((stranger, *chain()), request())
