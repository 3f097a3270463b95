"""Which nodes each purpose covers, and the names that Cisco's interfaces give it."""

import pytest

from ucrenew.domain.cluster import Node, Product, Role
from ucrenew.domain.purpose import Purpose

from .lab import IMP, PUB, SUB

SECOND_IMP = Node("cs-imp2.example.com", Product.IMP, Role.SUBSCRIBER)
ALL = (IMP, PUB, SECOND_IMP, SUB)


@pytest.mark.parametrize(
    ("purpose", "covered"),
    [
        (Purpose.TOMCAT, ALL),
        (Purpose.CALLMANAGER, (PUB, SUB)),
        (Purpose.CUP_XMPP, (IMP, SECOND_IMP)),
        (Purpose.CUP_XMPP_S2S, (IMP, SECOND_IMP)),
    ],
)
def test_purpose_covers_its_products(purpose, covered):
    """Tomcat covers CUCM and IM&P nodes, CallManager CUCM only, both XMPP purposes IM&P only (S4)."""
    found = purpose.covers(ALL)

    assert covered == found


def test_one_certificate_for_all():
    """However many nodes a cluster has, one purpose is one certificate that covers each of them once (S5)."""
    many = [Node(f"sub{number}.example.com", Product.CUCM, Role.SUBSCRIBER) for number in range(20)]

    found = Purpose.TOMCAT.covers([PUB, *many, IMP])

    assert [PUB, *many, IMP] == list(found)


@pytest.mark.parametrize(
    ("purpose", "unit", "store"),
    [
        (Purpose.TOMCAT, "tomcat", "tomcat-trust"),
        (Purpose.CALLMANAGER, "CallManager", "CallManager-trust"),
        (Purpose.CUP_XMPP, "cup-xmpp", "cup-xmpp-trust"),
        (Purpose.CUP_XMPP_S2S, "cup-xmpp-s2s", "cup-xmpp-s2s-trust"),
    ],
)
def test_names_as_cisco_writes(purpose, unit, store):
    """A purpose and its trust store are named exactly as in the certificate list (S4, S15)."""
    assert unit == purpose.value
    assert store == purpose.trust_store


def test_only_one_node_is_publisher():
    """An IM&P publisher is not the node on which the cluster's certificates are handled (S6)."""
    found = [node for node in ALL if node.is_cucm_publisher]

    assert [PUB] == found


def test_host_is_first_label():
    """A node's host name is its name without the domain."""
    assert "cs-ccm-pub" == PUB.host
    assert "alone" == Node("alone", Product.CUCM, Role.PUBLISHER).host
