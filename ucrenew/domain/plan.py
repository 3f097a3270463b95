"""The plan: everything a person agrees to before the first change, with one digest over all of it.

A plan is drawn up anew in every life of a run. Only lasting things are in it, so that its digest changes
when what will happen changes, and not when a disk fills by a percent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter

from ucrenew.domain.purpose import Purpose


@dataclass(frozen=True)
class Restart:
    """One service on one node."""

    node: str
    service: str

    @property
    def about(self) -> str:
        """How the record tells it from the others."""
        return f"{self.node} {self.service}"

    def __str__(self) -> str:
        """How a person reads it in a list."""
        return f"{self.service} on {self.node}"


@dataclass(frozen=True)
class Plan:
    """One renewal of one purpose on one cluster (S4-S8, S19)."""

    cluster: str
    purpose: Purpose
    publisher: str
    nodes: tuple[str, ...]  # in the order of their restarts
    common_name: str
    names: tuple[str, ...]  # every one has to be in the CSR
    extra_names: tuple[str, ...]  # those of them that are no node: sent as altNames
    optional_names: tuple[str, ...]  # may be in the CSR: the common name, the parent domain
    distribution: str
    key_type: str
    key_length: int
    hash_algorithm: str
    include_ou: bool
    authority: str  # which CA, and with which template
    restarts: tuple[Restart, ...]
    not_restarted: tuple[str, ...]  # what Cisco lists beside, and why it is left alone
    notices: tuple[str, ...]  # what users notice
    replaces: tuple[str, ...] = ()  # what is installed on each node now, by fingerprint
    findings: tuple[str, ...] = ()  # what has to be known before saying yes; no counts or dates
    sso_nodes: tuple[str, ...] = ()  # single sign-on was on there before the first change
    by_hand: tuple[str, ...] = ()  # the steps that a person does instead of us, by the names of domain.acting.Step
    minutes: int = 0  # how long a window has to be for it, by our estimate
    windows: tuple[str, ...] = ()  # in words; none: the second question alone decides when
    neighbours: tuple[str, ...] = ()  # systems outside, and what they have to trust before
    changes_phones: bool = False  # it is what phones trust: CallManager's, or Tomcat's that CallManager reuses

    def document(self) -> dict[str, Any]:
        """The plan as plain JSON values: what is shown, recorded and digested."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Plan:
        """The plan that a document shows."""
        return TypeAdapter(cls).validate_python(dict(document))

    @property
    def digest(self) -> str:
        """SHA-256 over the plan's JSON with sorted keys and no blanks, lower-case hexadecimal."""
        text = json.dumps(self.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()
