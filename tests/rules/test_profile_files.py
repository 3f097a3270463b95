"""The files that a profile names: lists of names, chains and CA certificates, each in whatever form they come in."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ucrenew.errors import BadInput
from ucrenew.profile import load_profile

from .builder import chain, in_pkcs7
from .lab import write_profile

CHAIN_FILE = 'template = "CiscoUC"\nchain_file = "chain.p7b"'


def load(folder, **changes):
    """The good profile with some of its lines replaced."""
    return load_profile(write_profile(folder, **changes))


# --- extra names


def test_extra_names_from_file(tmp_path):
    """Further names come from the list and from a text file; blanks, comments and twins fall away (S8)."""
    (tmp_path / "names.txt").write_text("# of the web team\r\nVoice.example.org  # shared\r\n\r\nmail.example.org\r\n")
    line = 'extra_names = ["mail.example.org"]\nextra_names_file = "names.txt"'

    found = load(tmp_path, extra_names=line).extra_names()

    assert ("mail.example.org", "voice.example.org") == found


def test_extra_names_file_missing(tmp_path):
    """A file of names that is not there is bad input that names cluster and file (S8)."""
    profile = load(tmp_path, extra_names='extra_names_file = "names.txt"')

    with pytest.raises(BadInput, match=r"^lab: .*names\.txt, which cannot be read"):
        profile.extra_names()


def test_wrong_name_in_file(tmp_path):
    """A wrong name in the file is bad input that names the file and the name (S8)."""
    (tmp_path / "names.txt").write_text("voice.example.org\n*.example.org\n")
    profile = load(tmp_path, extra_names='extra_names_file = "names.txt"')

    with pytest.raises(BadInput, match=r"^lab: names\.txt: '\*\.example\.org' is not a host name"):
        profile.extra_names()


def test_names_in_another_encoding(tmp_path):
    """A list of names in another encoding than UTF-8 is refused in words (S8)."""
    (tmp_path / "names.txt").write_bytes(b"caf\xe9.example.org\n")
    profile = load(tmp_path, extra_names='extra_names_file = "names.txt"')

    with pytest.raises(BadInput, match=r"^lab: the profile names names\.txt, which is no text: "):
        profile.extra_names()


# --- certificates


@pytest.mark.parametrize(
    "octets",
    [
        b"".join(one.public_bytes(Encoding.PEM) for one in chain()),
        b"# r\xe9seau\r\n" + b"".join(one.public_bytes(Encoding.PEM) for one in chain()),
        in_pkcs7(*chain()),
        in_pkcs7(*chain(), encoding=Encoding.PEM),
    ],
    ids=["PEM", "PEM below a comment in Latin-1", "p7b in DER", "p7b in PEM"],
)
def test_chain_in_every_form(tmp_path, octets):
    """The chain file may be a PEM bundle or a PKCS#7, as text or as Windows saves it by default (S15)."""
    (tmp_path / "chain.p7b").write_bytes(octets)
    profile = load(tmp_path, template=CHAIN_FILE)
    profile.require_files()

    assert set(chain()) == set(profile.chain())


def test_chain_of_one_in_der(tmp_path):
    """A single CA certificate may lie there in DER (S15)."""
    (tmp_path / "chain.p7b").write_bytes(chain()[0].public_bytes(Encoding.DER))

    assert chain()[:1] == load(tmp_path, template=CHAIN_FILE).chain()


@pytest.mark.parametrize("octets", [b"\x30\x82\x01\x00half a certificate", b"", b"caf\xe9"])
def test_chain_of_no_use(tmp_path, octets):
    """A file that holds no certificate is bad input that names cluster and file (S15)."""
    (tmp_path / "chain.p7b").write_bytes(octets)

    with pytest.raises(BadInput, match=r"^lab: chain\.p7b, which the profile names, is of no use: "):
        load(tmp_path, template=CHAIN_FILE).require_files()


def test_chain_missing(tmp_path):
    """A chain file that is not there is bad input that names it (S15)."""
    with pytest.raises(BadInput, match=r"^lab: the profile names chain\.p7b, which cannot be read: "):
        load(tmp_path, template=CHAIN_FILE).require_files()


def test_files_lie_beside_profile(tmp_path):
    """Paths of a profile are seen from where the profile lies, not from where the program was started."""
    (tmp_path / "chain.pem").write_text("certificates")
    profile = load(tmp_path)

    assert "certificates" == profile.text_of(Path("chain.pem"))
    assert Path("/elsewhere/chain.pem") == profile.path(Path("/elsewhere/chain.pem"))
