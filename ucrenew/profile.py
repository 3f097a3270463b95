"""A cluster's profile: one TOML file a cluster, judged when it is read, with the line and the reason when it is wrong.

The file's name without ``.toml`` is the cluster's name everywhere: in runs, records and messages. No secret stands
in a profile: accounts are references. Paths inside are relative to the profile.
"""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from cryptography import x509 as crypto
from pydantic import Field, ValidationError, model_validator

from ucrenew.domain import x509
from ucrenew.domain.acting import Actuator, Step
from ucrenew.domain.due import Lead
from ucrenew.domain.neighbours import Neighbour
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.windows import Window
from ucrenew.errors import BadInput
from ucrenew.profile_fields import Table, lower_host_name
from ucrenew.profile_lines import line_of
from ucrenew.profile_people import Account, Accounts, ByHand, GatePolicy, Gates, SecretReference, Signed
from ucrenew.profile_tables import (
    Authority,
    CallManager,
    ClusterNode,
    Key,
    Limits,
    MaintenanceWindow,
    NeighbourTable,
    Trust,
    Wish,
)

__all__ = [
    "Account",
    "Accounts",
    "Authority",
    "ByHand",
    "ClusterNode",
    "GatePolicy",
    "Gates",
    "Key",
    "Limits",
    "Profile",
    "SecretReference",
    "Signed",
    "Trust",
    "Wish",
    "load_profile",
]

_CLUSTER_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


class Profile(Table):
    """One cluster."""

    cluster: str
    folder: Path
    nodes: tuple[ClusterNode, ...] = Field(min_length=1)
    discover: bool = False
    actuator: Actuator = Actuator.API
    by_hand: ByHand = ByHand()
    trust: Trust = Trust()
    accounts: Accounts
    certificate: Wish
    ca: Authority
    windows: tuple[MaintenanceWindow, ...] = ()
    neighbours: tuple[NeighbourTable, ...] = ()
    gates: Gates = Gates()
    callmanager: CallManager = CallManager()
    signed: Signed = Signed()
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _one_publisher_and_no_node_twice(self) -> Self:
        publishers = [entry.name for entry in self.nodes if entry.node.is_cucm_publisher]
        if len(publishers) != 1:
            raise ValueError(f"exactly one node has to be the CUCM publisher, and {len(publishers)} are")
        names = [entry.name for entry in self.nodes]
        if len(set(names)) < len(names):
            raise ValueError("a node is listed twice")
        return self

    @model_validator(mode="after")
    def _account_for_the_pages(self) -> Self:
        if self.accounts.ca is None and not self.ca.is_by_hand:
            raise ValueError("[accounts.ca] is missing: the account that the CA's pages are logged on to with")
        return self

    @model_validator(mode="after")
    def _who_signs_is_asked(self) -> Self:
        for gate in self.signed.gates:
            if getattr(self.gates, gate.name.lower(), GatePolicy.ASK) is GatePolicy.AUTO:
                raise ValueError(f"[signed] demands a signature at '{gate}', and [gates] lets it pass by policy")
        return self

    @property
    def publisher(self) -> ClusterNode:
        """The CUCM publisher."""
        return next(entry for entry in self.nodes if entry.node.is_cucm_publisher)

    @property
    def renew_before(self) -> Lead:
        """How long before its end a certificate is renewed, or with which share of its lifetime left."""
        said = self.certificate.renew_before
        return timedelta(days=said) if said >= 1 else said

    @property
    def trust_expires_soon(self) -> timedelta:
        """How long before its end a CA certificate is told."""
        return timedelta(days=self.limits.trust_expires_soon)

    @property
    def backup_ends(self) -> timedelta:
        """How long a backup that is under way is waited for."""
        return timedelta(minutes=self.limits.backup_ends)

    @property
    def fan_out(self) -> timedelta:
        """How long a certificate may take from the publisher to a node."""
        return timedelta(minutes=self.limits.fan_out)

    @property
    def phones_back(self) -> timedelta:
        """How long phones get to come back after a restart."""
        return timedelta(minutes=self.limits.phones_back)

    @property
    def phones_watch(self) -> timedelta:
        """How long phones are watched at the end."""
        return timedelta(minutes=self.limits.phones_watch)

    @property
    def overdue(self) -> timedelta:
        """After which time a question that nobody answered counts as denied."""
        return timedelta(hours=self.gates.overdue)

    @property
    def maintenance_windows(self) -> tuple[Window, ...]:
        """When services may restart; none: the gate ``activate`` decides alone."""
        return tuple(table.window for table in self.windows)

    @property
    def outside(self) -> tuple[Neighbour, ...]:
        """The systems that have to trust the new chain before the certificate is in service."""
        return tuple(table.neighbour for table in self.neighbours)

    def is_by_hand(self, step: Step) -> bool:
        """True when a person does this step: all in advise mode, else those of ``[by_hand]``; a CA by hand is one."""
        if step is Step.SUBMIT and self.ca.is_by_hand:
            return True
        return self.actuator is Actuator.PERSON or bool(getattr(self.by_hand, step.value))

    def entry(self, name: str) -> ClusterNode:
        """The node of that name. Raises BadInput when it is none of ours."""
        for entry in self.nodes:
            if entry.name == name:
                return entry
        raise BadInput(f"{self.cluster}: the profile knows no node {name}")

    def path(self, relative: Path) -> Path:
        """A path of the profile, seen from where the profile lies."""
        return self.folder / relative.expanduser()

    def text_of(self, relative: Path) -> str:
        """Read a text file that the profile names. Raises BadInput with the file's name."""
        try:
            return self._read(relative).decode()
        except UnicodeDecodeError as error:
            raise BadInput(f"{self.cluster}: the profile names {relative}, which is no text: {error}") from error

    def certificates_of(self, relative: Path) -> tuple[crypto.Certificate, ...]:
        """Read a file of certificates that the profile names: PEM, DER or PKCS#7 (S15). Raises BadInput."""
        octets = self._read(relative)
        try:
            return tuple(x509.parse_certificates(octets))
        except BadInput as error:
            raise BadInput(f"{self.cluster}: {relative}, which the profile names, is of no use: {error}") from error

    def _read(self, relative: Path) -> bytes:
        try:
            return self.path(relative).read_bytes()
        except OSError as error:
            raise BadInput(f"{self.cluster}: the profile names {relative}, which cannot be read: {error}") from error

    def extra_names(self) -> tuple[str, ...]:
        """Names beside the nodes, from the list and from the text file, one a line, ``#`` begins a comment (S8)."""
        listed = list(self.certificate.extra_names)
        if self.certificate.extra_names_file:
            lines = self.text_of(self.certificate.extra_names_file).splitlines()
            found = [line.partition("#")[0].strip() for line in lines]
            try:
                listed += [lower_host_name(name) for name in found if name]
            except ValueError as error:
                raise BadInput(f"{self.cluster}: {self.certificate.extra_names_file}: {error}") from error
        return tuple(dict.fromkeys(listed))

    def chain(self) -> tuple[crypto.Certificate, ...]:
        """The CA certificates of the chain file (S15); empty when the profile names none. Raises BadInput."""
        return self.certificates_of(self.ca.chain_file) if self.ca.chain_file else ()

    def require_files(self) -> None:
        """Read the lists and certificates that the profile names, before anything begins. Raises BadInput."""
        self.extra_names()
        self.chain()
        if self.signed.allowed_signers:
            self.text_of(self.signed.allowed_signers)
        for trust in (self.trust, self.ca.trust, *(entry.trust for entry in self.nodes)):
            if trust.ca_file:
                self.certificates_of(trust.ca_file)

    def require_purpose(self, purpose: str) -> Purpose:
        """The purpose, when this profile covers it. Raises BadInput."""
        covered = ", ".join(self.certificate.purposes)
        if purpose not in self.certificate.purposes:
            raise BadInput(f"{self.cluster}: purpose {purpose!r} is not covered by this profile, which has: {covered}")
        return Purpose(purpose)


def load_profile(path: Path) -> Profile:
    """Read and judge one profile. Raises BadInput with file, line and reason, all of them at once."""
    if not _CLUSTER_NAME.fullmatch(path.stem):
        raise BadInput(f"{path.name}: a profile's name has only a-z, 0-9 and hyphens: it becomes the cluster's name")
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise BadInput(f"the profile {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name}: this is not TOML: {error}") from error
    for key in {"cluster", "folder"} & document.keys():
        raise BadInput(
            f"{path.name}, line {line_of(text, (key,))}: {key}: not said here: the file's own name and place"
        )
    try:
        return Profile.model_validate({**document, "cluster": path.stem, "folder": path.parent.resolve()})
    except ValidationError as error:
        raise BadInput("; ".join(_complaint(path, text, one) for one in error.errors())) from None


def _complaint(path: Path, text: str, error: Any) -> str:  # noqa: ANN401 - pydantic's own loose dictionary
    where = tuple(error["loc"])
    key = ".".join(str(part + 1) if isinstance(part, int) else part for part in where)
    reason = error["msg"].removeprefix("Value error, ")
    return f"{path.name}, line {line_of(text, where)}: {key + ': ' if key else ''}{reason}"
