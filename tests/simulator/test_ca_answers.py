"""Every answer of certsrv.md §4 and §8 can be had from the simulated CA, on submission and on fetching."""

import re

import pytest
import requests
from cryptography import x509

from tests.certsrv_scene import PASSWORD, USER, pem, request_for, running
from ucrenew.simulator.ca_answers import NAMES

DISPOSITION = re.compile(r"\t\t(\d) <LocID ID=locDispSpacer>")
LAST_STATUS = re.compile("LastStatus:[^\t]+\t\t([^\r\n]+)")
STOPPED = "The Certification Authority Service has not been started."
# The rows that are no decision about the request; all others but pending are denials.
ERRORS = {
    "0x800706ba": "0x800706ba",
    "0x80094003": "0x80094003",
    "0x80094004": "0x80094004",
    "unknown-id": "0x80094004",
    "ca-stopped": STOPPED,
}
DENIALS = sorted(NAMES - set(ERRORS) - {"pending"})


@pytest.fixture(scope="module")
def running_scene(tmp_path_factory):
    with running(tmp_path_factory.mktemp("ca")) as started:
        yield started


@pytest.fixture
def scene(running_scene):
    """The module's CA, honest before and after."""
    yield running_scene
    running_scene.authority.configure(profile="honest")


def call(scene, method, page, **fields):
    with requests.Session() as session:
        session.trust_env = False
        return session.request(
            method, scene.url + page, data=fields or None, auth=(USER, PASSWORD), verify=scene.ca_file, timeout=30
        )  # fmt: skip


def submit(scene):
    """Post a CSR to a template that issues at once."""
    attributes = "CertificateTemplate:WebServer\r\n"
    return call(scene, "POST", "certfnsh.asp", Mode="newreq", CertRequest=pem(request_for()), CertAttrib=attributes)


def rows(scene):
    return scene.authority.requests()


def code_of(name):
    return "0x80094014" if name == "denied-by-officer" else name


def test_names_are_complete():
    """There is an answer for each code of §8, and for each row of §4."""
    codes = (
        "0x80094800 0x80094801 0x80094802 0x80094011 0x80094012 0x80094014 0x80094003 0x80094004 0x80094811 0x8009480f "
        "0x8009310b 0x80092013 0x800706ba"
    )

    assert {*codes.split(), "pending", "denied-by-officer", "unknown-id", "ca-stopped"} <= NAMES


@pytest.mark.parametrize("name", DENIALS)
def test_denied_on_submission(scene, name):
    """A denial makes a row, and the denied page shows its id and message."""
    scene.authority.configure(submit_answer=name)
    page = submit(scene).text

    row = rows(scene)[-1]
    assert "denied" == row["status"]
    assert "<P ID=locDenied>" in page
    assert f"Your Request Id is {row['id']}." in page
    assert row["message"] in page.replace("\r\n", "\n")


@pytest.mark.parametrize("name", DENIALS)
def test_denied_on_fetching(scene, name):
    """A denial is disposition 2 with the code as its status; the row itself stays as it is."""
    submit(scene)
    before = rows(scene)[-1]
    scene.authority.configure(fetch_answer=name)
    page = call(scene, "GET", f"certnew.cer?ReqID={before['id']}&Enc=b64").text

    assert "2" == DISPOSITION.search(page)[1]
    assert code_of(name) in LAST_STATUS.search(page)[1]
    assert before == rows(scene)[-1]


@pytest.mark.parametrize("name", ERRORS)
def test_error_on_submission(scene, name):
    """An error makes no row; the error page has its status and no disposition, the ledger the refusal."""
    before = rows(scene)
    scene.authority.configure(submit_answer=name)
    page = submit(scene).text

    assert before == rows(scene)
    assert None is DISPOSITION.search(page)
    assert ERRORS[name] in LAST_STATUS.search(page)[1]
    assert ERRORS[name] in scene.authority.ledger.entries()[-1]["refused"]


@pytest.mark.parametrize("name", ERRORS)
def test_error_on_fetching(scene, name):
    """An error on fetching is the error page without a disposition, for certnew.cer and for chkpnd."""
    submit(scene)
    number = str(rows(scene)[-1]["id"])
    scene.authority.configure(fetch_answer=name)
    pages = [
        call(scene, "GET", f"certnew.cer?ReqID={number}&Enc=b64").text,
        call(scene, "POST", "certfnsh.asp", Mode="chkpnd", ReqID=number).text,
    ]

    assert [None, None] == [DISPOSITION.search(page) for page in pages]
    assert [True, True] == [ERRORS[name] in LAST_STATUS.search(page)[1] for page in pages]


def test_pending_is_forced(scene):
    """Pending can be had where the template would issue at once, and where the row is issued already."""
    scene.authority.configure(submit_answer="pending")
    pending = submit(scene).text
    scene.authority.configure(submit_answer="", fetch_answer="pending")
    submit(scene)
    page = call(scene, "GET", f"certnew.cer?ReqID={rows(scene)[-1]['id']}&Enc=b64").text

    assert "<P ID=locInfoNewReq>" in pending
    assert ["pending", "issued"] == [row["status"] for row in rows(scene)[-2:]]
    assert "5" == DISPOSITION.search(page)[1]
    assert "\t\tTaken Under Submission\r\n" in page


def test_code_on_the_other_page(scene):
    """A code is shown on the page that is asked for: an error as a denial, a denial as an error."""
    scene.authority.configure(submit_answer={"answer": "0x800706ba", "page": "denied"})
    denied = submit(scene).text
    scene.authority.configure(submit_answer={"answer": "0x80092013", "page": "error"})
    failed = submit(scene).text

    assert "<P ID=locDenied>" in denied
    assert "0x800706ba" in denied
    assert "0x80092013" in LAST_STATUS.search(failed)[1]
    assert None is DISPOSITION.search(failed)


def test_answer_wears_off(scene):
    """With a number the answer is given so often, and then the CA decides by itself."""
    scene.authority.configure(submit_answer={"answer": "0x800706ba", "times": 2})
    pages = [submit(scene).text for _ in range(3)]

    assert [False, False, True] == ["Certificate Issued" in page for page in pages]


def test_answer_can_be_taken_back(scene):
    """An empty name, or an honest CA, ends what is forced."""
    submit(scene)
    number = rows(scene)[-1]["id"]
    scene.authority.configure(fetch_answer="ca-stopped")
    scene.authority.configure(fetch_answer="")
    scene.authority.configure(submit_answer="pending", lost=True)
    scene.authority.configure(profile="honest")

    assert "BEGIN CERTIFICATE" in call(scene, "GET", f"certnew.cer?ReqID={number}&Enc=b64").text
    assert "Certificate Issued" in submit(scene).text


def test_lost_submission(scene):
    """A lost submission is in the database and the ledger, its answer never comes, and the next one is as usual."""
    before = len(rows(scene))
    scene.authority.configure(lost=True)

    with pytest.raises(requests.ConnectionError):
        submit(scene)
    lost = rows(scene)[before:]
    assert ["issued"] == [row["status"] for row in lost]
    assert lost[0]["id"] == scene.authority.ledger.entries()[-1]["request_id"]
    found = call(scene, "GET", f"certnew.cer?ReqID={lost[0]['id']}&Enc=b64").content
    assert request_for().public_key() == x509.load_pem_x509_certificate(found).public_key()
    assert 200 == submit(scene).status_code


def test_reset_submission(scene):
    """A reset submission never arrives: no row, no entry of the ledger."""
    before = rows(scene), scene.kinds()
    scene.authority.configure(reset=2)

    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            submit(scene)
    assert before == (rows(scene), scene.kinds())
    assert 200 == submit(scene).status_code


@pytest.mark.parametrize(
    "told",
    [
        {"submit_answer": "0x12345678"},
        {"submit_answer": 1},
        {"fetch_answer": {"answer": "pending", "times": 0}},
        {"fetch_answer": {"answer": "pending", "page": "front"}},
        {"fetch_answer": {"answer": "pending", "nonsense": 1}},
        {"lost": "yes"},
        {"reset": -1},
    ],
)
def test_answer_is_refused(scene, told):
    """An answer that is not known is refused in a sentence, and nothing else of the call is taken over."""
    with pytest.raises(ValueError, match=r"\w"):
        scene.authority.configure(**told, drop_client_auth=True)

    assert not scene.authority.setup.bends.drop_client_auth
    assert "Certificate Issued" in submit(scene).text
