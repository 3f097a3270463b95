"""The phones of a rehearsal, as a person sees them who walks from one to the next; and what may not happen to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from deployments.rehearsal.scene import Scene

_PAGE = 1000

Ledger = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Phones:
    """All phones of a simulated cluster at one moment."""

    seats: tuple[Mapping[str, Any], ...]
    lists: Mapping[str, frozenset[str]]  # the ITL that a node hands out: its SHA-1, and the certificates it names

    @property
    def registered(self) -> frozenset[str]:
        """The names of those that are registered."""
        return frozenset(one["name"] for one in self.seats if one["registered"])

    @property
    def by_node(self) -> Mapping[str, int]:
        """How many are registered where."""
        return Counter(str(one["node"]) for one in self.seats if one["registered"])

    def distrustful(self) -> list[str]:
        """Registered phones on which no HTTPS service opens: they trust the cluster no more (S23)."""
        return [one["name"] for one in self.seats if one["registered"] and not one["https"]]

    def without(self, leaf: str) -> list[str]:
        """Registered phones whose list does not name this certificate, by its SHA-256."""
        good = {checksum for checksum, named in self.lists.items() if leaf in named}
        return [one["name"] for one in self.seats if one["registered"] and one["itl"] not in good]


def phones_now(session: requests.Session, scene: Scene) -> Phones:
    """Look at every phone. Raises requests.RequestException."""
    seats: list[Mapping[str, Any]] = []
    while True:
        page = session.get(f"{scene['control']}/phones/list", params={"offset": len(seats), "limit": _PAGE}, timeout=30)
        page.raise_for_status()
        seats += page.json()["phones"]
        if len(seats) >= page.json()["total"]:
            break
    nodes = session.get(f"{scene['control']}/phones", timeout=30).json()["nodes"].values()
    lists = {
        itl["sha1"]: frozenset(record["fingerprint"] for record in itl["records"])
        for itl in (node["itl"] for node in nodes)
        if itl
    }
    return Phones(tuple(seats), lists)


def unwell(before: Phones, after: Phones) -> Iterator[str]:
    """What became of the phones that should not have, whatever they trust by now; nothing where all are well."""
    if gone := sorted(before.registered - after.registered):
        yield f"{len(gone)} phones that were registered are not any more: {', '.join(gone[:5])}"
    if distrustful := after.distrustful():
        yield f"on {len(distrustful)} registered phones no HTTPS service opens: {', '.join(distrustful[:5])}"


def objections_to_phones(before: Phones, after: Phones, leaf: str) -> Iterator[str]:
    """The same at the end, where all have to be on the new trust (S26)."""
    yield from unwell(before, after)
    if unaware := after.without(leaf):
        yield f"{len(unaware)} registered phones do not know the new certificate: {', '.join(unaware[:5])}"


def objections_to_ctl(ledger: Ledger, leaf: str) -> Iterator[str]:
    """In mixed mode: the CTL once, after the certificate and before any restart, with its fingerprint (S25)."""
    kinds = [entry["kind"] for entry in ledger]
    updates = [entry for entry in ledger if entry["kind"] == "ctl-update"]
    if len(updates) != 1:
        yield f"the CTL was updated {len(updates)} times"
        return
    at = kinds.index("ctl-update")
    if "leaf-upload" not in kinds[:at] or "restart" in kinds[:at]:
        yield "the CTL was not updated between the certificate and the first restart"
    if updates[0]["fingerprint"] != leaf:
        yield "the CTL does not hold the new certificate"
