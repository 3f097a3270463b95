"""Any other CA (S12): the request goes out as a file, the certificate comes back in any dress, nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments import trust
from deployments.commands import Exit
from flows.forms import valid_answer
from tests.procedure.bench import Bench
from tests.procedure.signed_elsewhere import ELSEWHERE, Elsewhere
from tests.rules.builder import in_pkcs7, rsa_key
from ucrenew.clients.certsrv import Issued
from ucrenew.domain.gate import Form, Gate, Question
from ucrenew.domain.x509 import fingerprint, parse_csr, pem
from ucrenew.record import Kind
from ucrenew.steps import signing


class Signed(Bench):
    """A renewal whose CA is reached by a person; its request is there."""

    def __init__(self, simulator, folder: Path) -> None:
        super().__init__(simulator, folder)
        self.elsewhere = Elsewhere(simulator, self.path)
        self.site = self.opened()
        self.look()
        self.request = self.ensure_csr()

    def submitted(self) -> Issued | Question:
        """The certificate, or the question for it, in a life that begins now."""
        self.site = self.opened()
        return self.ensure_submitted(self.request)

    def hand_in(self, text: str) -> Issued | Question:
        """Answer the question with this in its field; what comes of it."""
        question = self.submitted()
        assert isinstance(question, Question)
        return self.answered(question, text)

    def answered(self, question: Question, text: str) -> Issued | Question:
        """The same for a question that was put before."""
        form = valid_answer({"decision": "approve", "name": "Olga", "certificate": text})
        self.say_done(question, **{name: form[name] for name in ("certificate", "path", "wrong")})
        return self.submitted()

    def knows_only(self, *certificates) -> None:
        """The profile's chain file holds these."""
        (self.path.parent / "chain.pem").write_text("".join(map(pem, certificates)))


@pytest.fixture
def one(borrowed, tmp_path: Path) -> Signed:
    """One on the module's simulator."""
    return Signed(borrowed, tmp_path)


def sentence(outcome: Issued | Question) -> str:
    """What is said before the question is asked again."""
    assert isinstance(outcome, Question)
    first = outcome.text.partition("\n")[0]
    assert first.startswith("**")
    return first


def test_request_goes_out(one):
    """The request stands in the question and lies beside the profile; the plan names the CA; the question stays."""
    question = one.submitted()
    file = one.path.parent / "lab-tomcat.csr"

    assert (Gate.SUBMISSION, Form.CERTIFICATE) == (question.gate, question.form)
    assert f"CA: {ELSEWHERE}, by hand." in question.text
    assert pem(one.request) in question.text
    assert str(file) in question.text
    assert one.request == parse_csr(file.read_text())
    assert question == one.submitted()
    assert f"{ELSEWHERE}, by hand" == one.plan.authority
    assert "submit" in one.plan.by_hand


def test_trust_shows_the_nodes_alone(one, monkeypatch, capsys):
    """`deployments.trust` has no web server to show where the CA is a person's."""
    monkeypatch.setattr("sys.argv", ["trust", str(one.path)])

    assert trust.main() == Exit.DONE

    shown = capsys.readouterr().out

    assert all(entry.name in shown for entry in one.site.profile.nodes)
    assert "\nCA " not in shown


def test_leaf_alone_is_enough(one):
    """With its issuers in the chain file the certificate alone is enough; it is noted once, and has no number."""
    leaf = one.elsewhere.sign(one.request)
    issued = one.hand_in(pem(leaf).replace("\n", "\r\n"))

    assert Issued(None, leaf) == issued == one.submitted()
    assert fingerprint(leaf) == one.record.value(Kind.ISSUED)["fingerprint"]
    assert (one.elsewhere.root, one.elsewhere.intermediate) == signing.keep_issued(one.site, one.record, issued)
    assert 1 == len(one.record.facts(Kind.ISSUED))


def test_missing_issuer_is_named(one):
    """An issuer that nobody has is named with its key identifier; it is added later, and nothing is handed in twice."""
    leaf, root, middle = one.elsewhere.sign(one.request), one.elsewhere.root, one.elsewhere.intermediate
    one.knows_only(one.ca.root)
    first = sentence(one.hand_in(pem(leaf)))
    second = sentence(one.hand_in(pem(middle)))

    assert f"signed {leaf.subject.rfc4514_string()}" in first
    assert f"{middle.subject.rfc4514_string()} (key identifier " in first
    assert f"signed {middle.subject.rfc4514_string()}" in second
    assert root.subject.rfc4514_string() in second
    assert one.record.fact(Kind.ISSUED) is None

    question = one.submitted()
    one.knows_only(root)
    issued = one.answered(question, "")

    assert Issued(None, leaf) == issued
    assert (root, middle) == signing.keep_issued(one.site, one.record, issued)


def test_whole_chain_comes_with_it(one):
    """A PKCS#7 with everything in it, in the wrong order, needs no issuer in the chain file but the root we expect."""
    leaf = one.elsewhere.sign(one.request)
    one.knows_only(one.elsewhere.root)
    (one.path.parent / "signed.p7b").write_bytes(in_pkcs7(one.elsewhere.root, leaf, one.elsewhere.intermediate))
    missing = sentence(one.hand_in("nowhere.p7b"))
    folder = sentence(one.hand_in("../"))
    issued = one.hand_in("signed.p7b")

    assert "nowhere.p7b is no file of certificates on the worker" in missing
    assert "is no file of certificates on the worker" in folder
    assert Issued(None, leaf) == issued


def test_wrong_things_are_explained(one):
    """A request, CA certificates, another request's certificate and nothing are explained, and asked for again."""
    other = one.ca.sign(one.request, key=rsa_key("a stranger"))
    said = [
        sentence(one.hand_in(text))
        for text in ("", pem(one.request), pem(one.elsewhere.root), pem(other), "ordered, comes on Monday")
    ]

    assert "nothing was handed in" in said[0]
    assert "this is a certificate request and not the certificate" in said[1]
    assert "only CA certificates were handed in (Example Root CA)" in said[2]
    assert "has another key than our request" in said[3]
    assert "no certificate can be read in it" in said[4]
    assert one.record.fact(Kind.ISSUED) is None

    leaf = one.elsewhere.sign(one.request)

    assert Issued(None, leaf) == one.hand_in(pem(leaf))


def test_certificate_that_cannot_be_installed(one):
    """A certificate that lacks what the cluster needs is not taken; the CA's next one for the same request is."""
    said = sentence(one.hand_in(pem(one.ca.sign(one.request, dns=["else.example.com"])) + pem(one.ca.intermediate)))

    assert "the CA left out" in said
    assert "server authentication" in said
    assert one.record.fact(Kind.ISSUED) is None

    leaf = one.elsewhere.sign(one.request)

    assert Issued(None, leaf) == one.hand_in(pem(leaf))
