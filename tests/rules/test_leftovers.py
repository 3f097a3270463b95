"""What lies in the trust stores after a renewal, and what of it may go."""

from datetime import timedelta

import pytest

from ucrenew.domain.finding import Reason, refusals
from ucrenew.domain.leftovers import StoreFacts, check_stores, leftovers, unneeded

from .builder import (
    COMMON_NAME,
    DAY,
    NODES,
    NOW,
    PUBLISHER,
    SUBSCRIBER,
    Authority,
    authority,
    chain,
    ec_key,
    intermediate,
    leaf,
    namesake,
    other_root,
    root,
    rsa_key,
    self_signed,
)
from .lab import plan_of, reasons

FRIENDS = authority("A Friend's CA").certificate


@pytest.fixture
def plan(tmp_path):
    return plan_of(tmp_path)


def stores(plan, *kept, **changes):
    """The subscriber's store: the chain, the leaf's own copy, and these."""
    facts = {"stores": {SUBSCRIBER: (*chain(), leaf(), *kept)}, "leaf": leaf(), "chain": chain(), "at": NOW, **changes}
    return StoreFacts(plan=plan, **facts)


def test_clean_store(plan):
    """The chain and the leaf's own copy are no leftovers, and nothing is said of them (S28)."""
    facts = stores(plan)

    assert () == check_stores(facts)
    assert () == leftovers(facts, SUBSCRIBER)
    assert () == unneeded(facts, SUBSCRIBER)


@pytest.mark.parametrize("name", [*NODES, "cs-ccm-sub", COMMON_NAME, PUBLISHER.upper()])
def test_old_certificate_of_node(plan, name):
    """A self-signed certificate of a node, by full or short name, is a leftover and reported with its serial (S28)."""
    old = self_signed(name)
    facts = stores(plan, old)

    (found,) = check_stores(facts)

    assert (old,) == leftovers(facts, SUBSCRIBER)
    assert (Reason.OLD_CERTIFICATE_LEFT, "S28", SUBSCRIBER) == (found.reason, found.row, found.node)
    assert f"{name} (serial {old.serial_number:x}, ends 2031-03-01)" in found.sentence


def test_ended_leftover_is_told_once(plan):
    """A leftover that has ended is told as a leftover only."""
    facts = stores(plan, self_signed(PUBLISHER, begins=NOW - 9 * DAY, ends=NOW - DAY))

    assert [Reason.OLD_CERTIFICATE_LEFT] == reasons(check_stores(facts))


def test_self_signed_in_use(plan):
    """A self-signed certificate that a node still uses, for this or another purpose, is no leftover."""
    used = self_signed(PUBLISHER)
    facts = stores(plan, used, in_use=(used,))

    assert () == leftovers(facts, SUBSCRIBER)
    assert () == check_stores(facts)


def test_authority_named_like_node(plan):
    """A certificate with a node's name that somebody else signed is none of the node's own."""
    given = leaf(issuer=Authority(other_root().certificate, other_root().key), common_name=PUBLISHER)

    assert () == leftovers(stores(plan, given), SUBSCRIBER)


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        (NOW, Reason.TRUST_EXPIRED),
        (NOW + timedelta(seconds=1), Reason.TRUST_EXPIRES_SOON),
        (NOW + 30 * DAY, Reason.TRUST_EXPIRES_SOON),
        (NOW + 30 * DAY + timedelta(seconds=1), None),
    ],
    ids=["just ended", "ends at once", "last day", "later"],
)
def test_end_of_trust(plan, ends, reason):
    """A certificate that has ended, or ends within the days that the profile says, is reported with its end."""
    kept = authority("Old CA", begins=NOW - 900 * DAY, ends=ends).certificate
    facts = stores(plan, kept, in_use=(kept,))

    found = check_stores(facts)

    assert ([reason] if reason else []) == reasons(found)
    assert all(f"Old CA (serial {kept.serial_number:x}, ends {ends:%Y-%m-%d})" in one.sentence for one in found)


@pytest.mark.parametrize(
    "kept",
    [FRIENDS, namesake().certificate, leaf(key=rsa_key("the last renewal")), self_signed("renamed.example.com")],
    ids=["somebody's CA", "namesake of the CA", "the leaf before", "a node of another name"],
)
def test_nothing_builds_on_it(plan, kept):
    """What no certificate of the cluster builds on is reported, with the reservation that we do not see all of it."""
    facts = stores(plan, kept)

    (found,) = check_stores(facts)

    assert (kept,) == unneeded(facts, SUBSCRIBER)
    assert Reason.TRUST_UNNEEDED == found.reason
    assert "as far as we see" in found.sentence


def test_issuer_of_other_purpose_is_needed(plan):
    """A CA above a certificate that a node uses for another purpose is needed."""
    callmanager = leaf(issuer=Authority(FRIENDS, ec_key("A Friend's CA")), common_name="cm.example.com")

    assert (FRIENDS,) == unneeded(stores(plan, FRIENDS), SUBSCRIBER)
    assert () == unneeded(stores(plan, FRIENDS, in_use=(callmanager,)), SUBSCRIBER)


def test_cross_signed_root_is_needed(plan):
    """A second certificate for the CA's key, signed by another root, is needed, and so is what signed it."""
    crossed = authority("Example Root CA", other_root())

    assert () == unneeded(stores(plan, crossed.certificate, other_root().certificate), SUBSCRIBER)


def test_every_node_by_itself(plan):
    """Each node's store is judged by itself, and everything is a warning: nothing is deleted without a person (S28)."""
    facts = stores(plan, stores={PUBLISHER: (*chain(), self_signed(PUBLISHER)), SUBSCRIBER: (FRIENDS, leaf())})

    found = check_stores(facts)

    assert [(Reason.OLD_CERTIFICATE_LEFT, PUBLISHER), (Reason.TRUST_UNNEEDED, SUBSCRIBER)] == [
        (one.reason, one.node) for one in found
    ]
    assert () == refusals(found)


def test_store_without_chain(plan):
    """The chain is needed although the store at hand lacks a part of it."""
    facts = stores(plan, stores={SUBSCRIBER: (intermediate().certificate,)})

    assert root().certificate in facts.chain
    assert () == unneeded(facts, SUBSCRIBER)
