"""Whom a renewal believes, and whom it shows a credential: pins, strangers at a known address, wrong passwords."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.procedure.cable import Cable
from tests.procedure.lives import IMP, PUBLISHER, SUBSCRIBER, UNASKED, Lives
from tests.protocols.https_door import Door as TlsDoor
from tests.protocols.https_door import make, opened
from tests.protocols.ssh_door import Door as SshDoor

NODES = (PUBLISHER, SUBSCRIBER, IMP)


def test_expired_and_pinned(lives, simulator):
    """S20, S31: expired self-signed certificates that are pinned are renewed, and it is said that dates are ignored."""
    simulator.control.post("/cluster", {"expired": True})
    life = lives(simulator)
    state = life.renew()

    assert "Completed" == state.name
    for node in NODES:
        assert life.said.with_words(f"{node}: its certificate expired on", "because it is pinned: dates are ignored")
    leaf = life.evidence()["leaf"]
    assert [(leaf, leaf)] * 3 == [life.leaf_on(node) for node in NODES]
    assert 1 == life.count("leaf-upload")


@dataclass
class Address:
    """A node's address at which another machine may answer one day, one that nobody announced."""

    life: Lives
    node: str
    cable: Cable
    own: int  # where the node itself listens
    stranger: TlsDoor | SshDoor
    words: tuple[str, ...]  # of the sentence that refuses it

    @property
    def shown(self) -> list[object]:
        """What the stranger was shown: requests with their headers, or passwords."""
        return list(self.stranger.seen if isinstance(self.stranger, TlsDoor) else self.stranger.presented)


@pytest.fixture(params=["certificate", "host key"])
def address(request, lives, borrowed) -> Iterator[Address]:
    """The publisher's web address, or the subscriber's SSH address."""
    life = lives(borrowed, UNASKED)
    is_web = request.param == "certificate"
    node, port = (PUBLISHER, "https_port") if is_web else (SUBSCRIBER, "ssh_port")
    own = borrowed.node(node)[port]
    cable = Cable(own)
    life.edit(f"{port} = {own}", f"{port} = {cable.port}")
    other = make(node)
    with opened(other) if is_web else SshDoor() as stranger:
        told = (other.sha256, "nothing was sent", "deployments.trust PROFILE") if is_web else (
            stranger.key.fingerprint, "no credential was sent", "add it to the profile",
        )  # fmt: skip
        yield Address(life, node, cable, own, stranger, told)
    cable.unplug()


def test_stranger_before_anything(address):
    """S20: another certificate or host key than the pinned one ends the run before a credential leaves or anything is.

    The sentence names the node, what it presents, and what to do.
    """
    address.cable.lead_to(address.stranger.port)
    state = address.life.begin(force=True)

    assert "Failed" == state.name
    assert [True] * 4 == [words in state.message for words in (address.node, *address.words)]
    assert [] == address.shown
    assert [] == address.life.control.kinds()


def test_stranger_while_pending(address):
    """The same after the request was submitted; nothing more is done, and the run goes on once the node is back."""
    life = address.life
    life.go_anew(force=True)
    address.cable.lead_to(address.stranger.port)
    life.officer("issue")
    state = life.live()

    assert "Failed" == state.name
    assert [True] * 4 == [words in state.message for words in (address.node, *address.words)]
    assert [] == address.shown
    assert ["csr", "submit"] == life.control.kinds()

    address.cable.lead_to(address.own)
    life.push()
    life.live()

    assert life.key.startswith("activate-")
    assert ["csr", "submit"] == life.control.kinds()


@pytest.mark.parametrize(("account", "where"), [("platform", PUBLISHER), ("ca", "ca.example.com")])
def test_wrong_password_is_tried_once(lives, borrowed, account, where):
    """design.md §5: an account whose password is wrong is tried once, on one node, and the sentence names both."""
    life = lives(borrowed)
    (life.profile.parent / f"{account}.password").write_text("not-the-password")
    state = life.begin(force=True)
    user = borrowed.scene["accounts"][account]["user"]

    assert "Failed" == state.name
    assert user in state.message
    assert "not-the-password" not in state.message
    assert [("login-refused", where, user)] == refused(life)


@pytest.mark.parametrize(("account", "where"), [("platform", PUBLISHER), ("ca", "ca.example.com")])
def test_password_changed_while_pending(lives, borrowed, account, where):
    """design.md §5: the same in the middle of a renewal; the report of the failure does not try once more."""
    life = lives(borrowed, UNASKED)
    life.go_anew(force=True)
    (life.profile.parent / f"{account}.password").write_text("not-the-password")
    life.officer("issue")
    state = life.live()

    assert "Failed" == state.name
    assert ["csr", "submit", "login-refused"] == life.control.kinds()
    assert [("login-refused", where, borrowed.scene["accounts"][account]["user"])] == refused(life)


def refused(life: Lives) -> list[tuple[str, str, str]]:
    """Every call that was not ours to make, in order: what, where, and as whom."""
    made = [(call["kind"], call["node"], call["from"]) for call in life.control.ledger()]
    return [call for call in made if call[0] not in {"csr", "submit"}]
