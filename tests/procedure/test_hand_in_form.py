"""The form in which a person hands in the certificate (S12): durable, judged before it is kept, without secrets."""

from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from prefect.input import read_flow_run_input

from flows.attend import attend_suspended_runs
from tests.procedure.lives import RESTARTS, UNASKED, YES
from tests.procedure.signed_elsewhere import ELSEWHERE, Elsewhere
from tests.rules.builder import in_pkcs7, rsa_key
from ucrenew.domain.x509 import parse_csr, pem
from ucrenew.record import Kind

KEY = rsa_key()
SECRET = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
NAMELESS = "".join(SECRET.splitlines()[1:-1])


def kept(life, key: str):
    """What the Prefect server keeps of an answer."""
    return read_flow_run_input(f"suspended-{key}-response", flow_run_id=UUID(str(life.runs[-1])))


def everything(life) -> str:
    """All facts of the record, all lines of the log, the timeline."""
    renewal = life.renewal()
    assert renewal is not None
    return f"{life.record().all_facts()} {life.said.lines} {life.artifact(f'{renewal.key}-timeline')}"


def test_whole_road_with_another_ca(lives, borrowed):
    """S12: request as artifact, file and text; a private key is refused unread; a wrong paste is asked again; done."""
    life = lives(borrowed, UNASKED)
    elsewhere = Elsewhere(borrowed, life.profile)
    life.begin(force=True)
    first = life.key

    assert first.startswith("submission-")
    assert f"CA: {ELSEWHERE}, by hand." in life.question()
    assert ["csr"] == life.control.kinds()

    csr = parse_csr(life.profile.with_name(f"{life.cluster}-tomcat.csr").read_text())
    leaf = elsewhere.sign(csr)
    life.control.forget()

    assert csr == parse_csr(life.artifact(f"{life.renewal().key}-request"))

    # The server itself refuses what is called a private key: it keeps nothing, repeats nothing, and goes on asking.
    sent = life.door.post(f"/flow_runs/{life.runs[-1]}/resume", {"run_input": {**YES, "certificate": SECRET}})

    assert "REJECT" == sent["status"]
    assert "a private key belongs nowhere but on the cluster" in str(sent)
    assert NAMELESS[:40] not in str(sent)
    assert kept(life, first) is None
    assert first == life.key

    # A key without its name is seen by us, and taken away from the server too.
    life.answered({**YES, "certificate": NAMELESS})
    second = life.key

    assert first != second
    assert "this holds a private key, and none of it was kept" in life.question()
    assert kept(life, first) is None
    assert NAMELESS[:40] not in everything(life)

    life.answered({**YES, "certificate": pem(csr)})

    assert "this is a certificate request and not the certificate" in life.question()
    assert life.record().fact(Kind.ISSUED) is None

    life.profile.with_name("signed.p7b").write_bytes(in_pkcs7(elsewhere.root, leaf, elsewhere.intermediate))
    life.answered({**YES, "certificate": "signed.p7b"})
    while life.key.startswith("activate-"):
        life.answered(YES)

    assert "Completed" == life.state().name
    assert "signed by hand" in str(life.state().message)
    assert "submit" not in life.control.kinds()
    assert RESTARTS == life.restarts()


def test_no_is_a_no(lives, borrowed):
    """S12: a CA takes its time, so silence is no "no"; who denies has nothing to hand in, and it ends in order."""
    life = lives(borrowed, UNASKED.rstrip("\n") + "\noverdue = 0.0000001\n")
    Elsewhere(borrowed, life.profile)
    life.begin(force=True)
    asked = life.key
    attend_suspended_runs()

    assert asked == life.key
    assert life.said.with_words("nobody has answered at gate 'submission'")

    state = life.answered({"decision": "deny", "name": "Nora Night-Shift"})

    assert "Denied" == state.name
    assert not life.is_open()
