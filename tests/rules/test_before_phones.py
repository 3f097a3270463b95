"""What is judged where CallManager is renewed: before anything, and once more before the certificate (S22-S24)."""

from dataclasses import replace

import pytest

from ucrenew.domain.baseline import baseline_of
from ucrenew.domain.before_leaf import BeforeLeafFacts
from ucrenew.domain.before_phones import check_before_phones
from ucrenew.domain.checks import preflight
from ucrenew.domain.finding import Reason, refusals
from ucrenew.domain.phones import SecurityMode
from ucrenew.domain.trust_lists import Signer
from ucrenew.domain.x509 import fingerprint

from .builder import chain, request, self_signed
from .lab import PUB, SUB, cluster_facts, node_facts, plan_of, reasons
from .phone_lab import facts, mixed, record, trust_list

CALLMANAGER = self_signed("cs-ccm-pub.example.com")


def cluster(**changes):
    """Two nodes with a CallManager certificate of their own, our request and the chain; a change on the publisher."""
    own = {"identity": CALLMANAGER, "callmanager": CALLMANAGER, "csr": request(), "trust": chain()}
    nodes = (node_facts(PUB, **own | changes), node_facts(SUB, **own))
    return cluster_facts(*nodes, phones=facts(), members=(PUB.name, SUB.name))


def before(seen, tmp_path, phones=None, was=None):
    """The findings before the certificate."""
    plan = replace(plan_of(tmp_path), changes_phones=True)
    told = BeforeLeafFacts(seen, plan, request(), chain())
    return check_before_phones(told, phones or seen.phones, was or baseline_of(seen).phones)


@pytest.mark.parametrize("sso", [True, None])
def test_sso_is_left_as_it_is(tmp_path, sso):
    """S3: single sign-on rests on Tomcat's certificate: on, or not known, it holds up no renewal of CallManager."""
    seen = cluster(sso_enabled=sso, recovery_url=False)

    assert () == refusals(preflight(seen))
    assert () == refusals(before(seen, tmp_path))


@pytest.mark.parametrize(("sso", "reason"), [(True, Reason.SSO_ON), (None, Reason.SSO_UNKNOWN)])
def test_sso_has_to_be_off_where_tomcat_is_reused(tmp_path, sso, reason):
    """S3, cucm.md §4.4: Tomcat's certificate that CallManager reuses is put there with single sign-on off only."""
    seen = replace(cluster(sso_enabled=sso), sso_is_driven=True)

    assert [reason] == reasons(refusals(before(seen, tmp_path)))


def test_reuse_is_told_by_what_tomcat_serves():
    """cucm.md §4.4: a CallManager certificate that Tomcat serves is no certificate of its own, and is refused."""
    reused = cluster(served={443: fingerprint(CALLMANAGER)})
    hidden = cluster(identity=None)

    assert [Reason.TOMCAT_REUSED] == reasons(refusals(preflight(reused)))
    assert [Reason.TOMCAT_REUSED] == reasons(refusals(preflight(hidden)))


def test_phones_are_judged_with_the_cluster():
    """S22-S24: what speaks against touching the phones' trust stands among the refusals before anything changes."""
    seen = replace(cluster(), phones=mixed(trust_list(verified=False)))

    assert [Reason.CTL_NOT_VERIFIED] == reasons(refusals(preflight(seen)))


def test_days_change_the_mode(tmp_path):
    """S24: a cluster that is in another mode than when this was planned needs another plan."""
    seen = cluster()

    assert () == refusals(before(seen, tmp_path))
    assert [Reason.SECURITY_MODE_CHANGED] == reasons(refusals(before(seen, tmp_path, mixed())))


def test_baseline_keeps_the_phones():
    """S24, S26: mode, counts by node and what tells the lists apart; nothing of it where phones were not looked at."""
    kept = baseline_of(cluster()).phones

    assert (SecurityMode.NON_SECURE, {"cs-ccm-pub": 2, "cs-ccm-sub": 2}, "") == (kept.mode, kept.registered, kept.ctl)
    assert {PUB.name: "b" * 40, SUB.name: "b" * 40} == kept.itls
    assert baseline_of(cluster_facts()).phones is None


def test_recovery_is_known_by_its_certificate():
    """cucm.md §2.5: how ITLRecovery is named is not documented; the certificate that signed tells."""
    recovery = self_signed("cs-ccm-pub.example.com", serial=77)
    signing = record(recovery, 1, "System Administrator Security Token", signed_the_list=True)
    made = trust_list(signer_name=signing.subject, signer_serial=77)
    made = replace(made, records=(signing, *made.records))

    assert Signer.OTHER is made.signer
    assert Signer.RECOVERY is replace(made, recovery=recovery).signer
    assert Signer.OTHER is replace(made, recovery=self_signed("cs-ccm-sub.example.com")).signer
