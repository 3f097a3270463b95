"""What the CA's web server is trusted by may lie in a file of any form that certificates come in (S15)."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.certsrv_scene import PASSWORD, running
from tests.rules.builder import in_pkcs7
from tests.rules.lab import write_profile
from ucrenew.profile import load_profile
from ucrenew.site import Site

FORMS = {
    "PEM": lambda root: root.public_bytes(Encoding.PEM),
    "DER": lambda root: root.public_bytes(Encoding.DER),
    "p7b in DER": in_pkcs7,
    "p7b in PEM": lambda root: in_pkcs7(root, encoding=Encoding.PEM),
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    with running(tmp_path_factory.mktemp("scene")) as started:
        yield started


@pytest.mark.parametrize("form", FORMS)
def test_ca_file_in_every_form(scene, tmp_path, form):
    """A CA file in PEM, DER or PKCS#7 is what the CA's web server is verified by before we log in (S13)."""
    (tmp_path / "ca.password").write_text(PASSWORD)
    (tmp_path / "ca.bin").write_bytes(FORMS[form](scene.authority.root))
    profile = load_profile(write_profile(tmp_path, url=f'url = "{scene.url}"\ntrust.ca_file = "ca.bin"'))
    profile.require_files()
    site = Site(profile, read_block=str, say=print, wait=int)

    assert site.authority.check_login() is None
    assert [] == scene.kinds()
