"""What people are asked on the CallManager path: the facts, what to look at, and the plan itself (S23, S25, S26)."""

import pytest

from ucrenew.domain.blast_radius import blast_radius
from ucrenew.domain.phone_changes import CtlFacts, check_ctl
from ucrenew.domain.phone_rules import check_phones
from ucrenew.domain.phones import Census, census
from ucrenew.domain.plan import Restart
from ucrenew.domain.questions_phones import ctl_question, phones_question, phones_trust_question
from ucrenew.domain.x509 import fingerprint

from .builder import leaf, self_signed
from .lab import PUB, plan_of
from .phone_lab import TOKEN, mixed, name, registration, trust_list

OLD = self_signed("cs-ccm-pub.example.com")


@pytest.fixture
def plan(tmp_path):
    return plan_of(tmp_path)


@pytest.mark.parametrize(
    ("again", "told"),
    [(False, "before anything is sent to a CA"), (True, "before its certificate is put on the nodes")],
)
def test_trust_is_asked_with_evidence(plan, again, told):
    """Phones' trust is asked for with what to see on which models, and with all that is touched (S23)."""
    seen = mixed(trust_list(signer_name=TOKEN))
    radius = blast_radius(seen, [Restart(PUB.name, "Cisco CallManager")])
    text = phones_trust_question(plan, radius, check_phones(seen), ["Cisco 8845", "Cisco 7841"], again=again)

    assert told in text
    assert "1. Cisco 8845\n2. Cisco 7841" in text
    assert "corporate directory" in text
    assert "`show itl`" in text
    assert all(line in text for line in radius.lines())
    assert all(str(finding) in text for finding in check_phones(seen))
    assert again is ("look again today" in text)
    assert f"Plan digest: `{plan.digest}`" in text


def test_token_question_names_the_certificate(plan):
    """Who has the token is told what the CTL has to hold, what it lacks now, and not to restart anything (S25)."""
    ctl, new = trust_list(OLD, signer_name=TOKEN), leaf()
    wrong = check_ctl(CtlFacts(ctl, new, (OLD,)))
    text = ctl_question(plan, new, ctl, wrong)

    assert f"`{new.serial_number:x}`" in text
    assert fingerprint(new) in text
    assert "SAST-ADN0054f509" in text
    assert "Do not restart services" in text
    assert len(wrong) == 2
    assert all(str(finding) in text for finding in wrong)
    assert "What is not right yet" not in ctl_question(plan, new, ctl)


def test_missing_phones_are_shown(plan):
    """Who is not back is shown by node and by name, with what was restarted and what is left (S26)."""
    before = census(registration(number, "cs-ccm-pub" if number % 2 else "cs-ccm-sub") for number in range(130))
    after = census([registration(1), registration(2, "cs-ccm-pub")])
    text = phones_question(plan, before, after, ["Cisco Tftp on a"], ["Cisco CallManager on b"])

    assert "128 phones" in text
    assert "130 were registered before the first change, 2 are now." in text
    assert "cs-ccm-pub: 65 before, 2 now" in text
    assert "cs-ccm-sub: 65 before, 0 now" in text
    assert f"{name(3)}, was on cs-ccm-pub" in text
    assert "and 78 more" in text
    assert "1. Cisco Tftp on a" in text
    assert "1. Cisco CallManager on b" in text
    assert "do not answer" not in text
    assert "1. in mixed mode see by `show ctl`" in text
    assert "4. delete ITL and CTL on the phone itself" in text


def test_silent_nodes_are_shown(plan):
    """A node that does not answer for its phones is named in the question."""
    text = phones_question(plan, Census(), Census(silent=("cs-ccm-sub",)), [], [])

    assert "**Nodes that do not answer for their phones**\n\n1. cs-ccm-sub" in text
