"""A cluster's profile: one TOML file a cluster, judged when it is read, with the line and the reason when it is wrong.

The file's name without ``.toml`` is the cluster's name everywhere: in runs, records and messages. No secret stands
in a profile: accounts are references. Paths inside are relative to the profile.
"""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from cryptography import x509 as crypto
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from ucrenew.domain import x509
from ucrenew.domain.cluster import Node, Product, Role
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import BadInput
from ucrenew.profile_lines import line_of

_HOST_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_CLUSTER_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


def _lower_host_name(name: str) -> str:
    if not _HOST_NAME.fullmatch(name.lower()) or _is_address(name):
        raise ValueError(f"{name!r} is not a host name; IP addresses and wildcards are not accepted (cucm.md §4.6)")
    return name.lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _host_or_address(text: str) -> str:
    return text if not text or _is_address(text) else _lower_host_name(text)


def _address_of_pages(url: str) -> str:
    parts = urlsplit(url)
    _ = parts.port  # raises ValueError for a port that is none
    _host_or_address(parts.hostname or "-")
    return url


def _lower_fingerprint(text: str) -> str:
    plain = text.replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", plain):
        raise ValueError("a SHA-256 fingerprint has 64 hexadecimal digits, with or without colons")
    return plain


def _host_key(text: str) -> str:
    if not re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", text):
        raise ValueError("a host key is written as ssh prints it: SHA256: and 43 characters")
    return text


HostName = Annotated[str, AfterValidator(_lower_host_name)]
Fingerprint = Annotated[str, AfterValidator(_lower_fingerprint)]
HostKey = Annotated[str, AfterValidator(_host_key)]
Port = Annotated[int, Field(ge=1, le=65535)]


class GatePolicy(StrEnum):
    """What may happen at a gate: a person is asked, it passes by policy, or nothing ever passes."""

    ASK = "ask"
    AUTO = "auto"
    FORBID = "forbid"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SecretReference(_Table):
    """Where a password is kept: exactly one of an environment variable, a file, a Prefect Secret block."""

    env: str | None = None
    file: Path | None = None
    block: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len([kind for kind in (self.env, self.file, self.block) if kind is not None]) != 1:
            raise ValueError("say exactly one of env, file, block")
        return self


class Account(_Table):
    """A user name and where its password is kept."""

    user: str
    password: SecretReference


class Accounts(_Table):
    """The OS administration account of the nodes, and the one that the CA knows."""

    platform: Account
    ca: Account


class Trust(_Table):
    """What a server is trusted by: a CA file, pinned certificates, pinned SSH host keys."""

    ca_file: Path | None = None
    sha256: tuple[Fingerprint, ...] = ()
    ssh_host_keys: tuple[HostKey, ...] = ()


class ClusterNode(_Table):
    """One node: who it is and how it is reached."""

    name: HostName
    product: Product
    role: Role
    address: Annotated[str, AfterValidator(_host_or_address)] = ""
    https_port: Port = 443
    tomcat_port: Port = 8443
    ssh_port: Port = 22
    trust: Trust = Trust()

    @property
    def node(self) -> Node:
        """Who it is."""
        return Node(self.name, self.product, self.role)

    @property
    def host(self) -> str:
        """Where it is reached: its address, else its name."""
        return self.address or self.name

    @property
    def tls_ports(self) -> tuple[int, ...]:
        """The ports that serve the Tomcat certificate."""
        return (self.https_port, self.tomcat_port)


class Key(_Table):
    """The key that the request asks for; the API takes EC keys in a form that nobody has seen (cucm.md §1.3)."""

    type: Literal["rsa"] = "rsa"
    length: Literal[2048, 3072, 4096] = 2048
    hash: Literal["sha256", "sha384", "sha512"] = "sha256"


class Wish(_Table):
    """What the certificate has to be: names, key, and how the cluster is asked for it (S6, S8)."""

    purposes: tuple[Purpose, ...] = (Purpose.TOMCAT,)
    common_name: HostName
    parent_domain: HostName | None = None
    extra_names: tuple[HostName, ...] = ()
    extra_names_file: Path | None = None
    include_ou: bool = False
    key: Key = Key()
    # The word for a cluster-wide request is expected, not proved (cucm.md §6): it can be changed here.
    distribution: str = "multi-server"
    renew_before: Annotated[int, Field(ge=1, le=365)] = 30


class Authority(_Table):
    """The Microsoft CA's web pages; a standalone CA has no template (S13)."""

    url: Annotated[str, Field(pattern=r"^https://\S+/certsrv/?$"), AfterValidator(_address_of_pages)]
    template: str | None = None
    trust: Trust = Trust()
    chain_file: Path | None = None


class Gates(_Table):
    """Policy for each kind of gate; the default is to ask. What people notice never passes by policy."""

    start: GatePolicy = GatePolicy.ASK
    activate: Literal[GatePolicy.ASK, GatePolicy.FORBID] = GatePolicy.ASK


class Limits(_Table):
    """What preflight accepts."""

    backup_max_age: Annotated[int, Field(ge=1)] = 7  # days
    # Minutes that a trust certificate may take to a node: up to 30 when the event was missed (cucm_inside.md §A.1).
    fan_out: Annotated[float, Field(gt=0)] = 35
    # Seconds until a node's prompt: 8 to 15 were seen, slow nodes take up to two minutes (cucm.md §2.1).
    prompt: Annotated[float, Field(gt=0)] = 120


class Profile(_Table):
    """One cluster."""

    cluster: str
    folder: Path
    nodes: tuple[ClusterNode, ...] = Field(min_length=1)
    discover: bool = False
    trust: Trust = Trust()
    accounts: Accounts
    certificate: Wish
    ca: Authority
    gates: Gates = Gates()
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

    @property
    def publisher(self) -> ClusterNode:
        """The CUCM publisher."""
        return next(entry for entry in self.nodes if entry.node.is_cucm_publisher)

    @property
    def renew_before(self) -> timedelta:
        """How long before its end a certificate is renewed."""
        return timedelta(days=self.certificate.renew_before)

    @property
    def fan_out(self) -> timedelta:
        """How long a certificate may take from the publisher to a node."""
        return timedelta(minutes=self.limits.fan_out)

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
        """Read a file that the profile names. Raises BadInput with the file's name."""
        try:
            return self.path(relative).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{self.cluster}: the profile names {relative}, which cannot be read: {error}") from error

    def extra_names(self) -> tuple[str, ...]:
        """Names beside the nodes, from the list and from the text file, one a line, ``#`` begins a comment (S8)."""
        listed = list(self.certificate.extra_names)
        if self.certificate.extra_names_file:
            lines = self.text_of(self.certificate.extra_names_file).splitlines()
            found = [line.partition("#")[0].strip() for line in lines]
            try:
                listed += [_lower_host_name(name) for name in found if name]
            except ValueError as error:
                raise BadInput(f"{self.cluster}: {self.certificate.extra_names_file}: {error}") from error
        return tuple(dict.fromkeys(listed))

    def chain(self) -> tuple[crypto.Certificate, ...]:
        """The CA certificates of the chain file (S15); empty when the profile names none. Raises BadInput."""
        return self._certificates(self.ca.chain_file) if self.ca.chain_file else ()

    def require_files(self) -> None:
        """Read the lists and certificates that the profile names, before anything begins. Raises BadInput."""
        self.extra_names()
        self.chain()
        for trust in (self.trust, self.ca.trust, *(entry.trust for entry in self.nodes)):
            if trust.ca_file:
                self._certificates(trust.ca_file)

    def _certificates(self, file: Path) -> tuple[crypto.Certificate, ...]:
        try:
            return tuple(x509.parse_certificates(self.text_of(file)))
        except BadInput as error:
            raise BadInput(f"{self.cluster}: {file}, which the profile names, is of no use: {error}") from error

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
