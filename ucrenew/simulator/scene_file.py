"""A scene as a TOML file: ready-made ones beside this module, or one's own (docs/simulator.md).

Rule 1: what is wrong in a file is one sentence that names the file and the key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from ucrenew.domain.cluster import Node, Product, Role
from ucrenew.simulator import readings
from ucrenew.simulator.scene import DEFAULT_VERSION, Member, Scene, accounts
from ucrenew.simulator.telephony_scene import TelephonyScene, cucm_nodes

READY_MADE = Path(__file__).parent / "scenes"
DEFAULT = "default"
MOST_NODES = 21
_LOOPBACKS = IPv4Network("127.0.0.0/8")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"


class BadScene(Exception):
    """There is no such scene, or not so; ``str()`` is one sentence."""


def _of_loopback(address: str) -> str:
    if IPv4Address(address) not in _LOOPBACKS:
        raise ValueError(f"{address} is not an address of 127.0.0.0/8")
    return address


_Name = Annotated[str, Field(pattern=rf"^{_LABEL}(\.{_LABEL})+$")]
_Version = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+\.\d+-\d+$")]
_Address = Annotated[str, AfterValidator(_of_loopback)]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ToldNode(_Told):
    """One `[[nodes]]`."""

    host: Annotated[str, Field(pattern=f"^{_LABEL}$")]
    product: Annotated[Product, Field(strict=False)]
    role: Annotated[Role, Field(strict=False)]
    version: _Version | None = None
    address: _Address | None = None

    def member(self, domain: str, version: str) -> Member:
        """The server that it describes."""
        return Member(
            Node(f"{self.host}.{domain}".lower(), self.product, self.role), self.version or version, self.address
        )


class ToldAuthority(_Told):
    """`[ca]`: where it listens, its first id; everything else is given to the CA as `POST /ca` would be."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    address: _Address | None = None
    first_request_id: PositiveInt = 32


class ToldScene(_Told):
    """The whole file."""

    domain: _Name = "example.com"
    version: _Version = DEFAULT_VERSION
    seed: int | None = None
    ecdsa: bool = False
    sso: bool = False
    nodes: Annotated[list[ToldNode], Field(min_length=1, max_length=MOST_NODES)]
    readings: dict[str, Any] = {}
    ca: ToldAuthority = ToldAuthority()
    telephony: TelephonyScene = TelephonyScene()

    @model_validator(mode="after")
    def _is_one_cluster(self) -> ToldScene:
        for product in Product:
            found = [node for node in self.nodes if node.product is product]
            publishers = sum(node.role is Role.PUBLISHER for node in found)
            if publishers != (1 if found or product is Product.CUCM else 0):
                raise ValueError(f"nodes: {publishers} of them are {product} publishers, there has to be one")
        _all_differ("host", [node.host.lower() for node in self.nodes])
        _all_differ("address", [one for one in (self.ca.address, *(node.address for node in self.nodes)) if one])
        self._upgraded_publisher_first()
        try:
            readings.checked(self.readings)
        except ValueError as reason:
            raise ValueError(f"readings.{reason}") from None
        try:
            self.telephony.complete(cucm_nodes([node.member(self.domain, self.version).node for node in self.nodes]))
        except ValueError as reason:
            raise ValueError(f"telephony.groups: {reason}") from None
        return self

    def _upgraded_publisher_first(self) -> None:
        """Releases differ only while a cluster is being upgraded, and the publisher goes first ([I])."""
        for node in self.nodes:
            first = next(one for one in self.nodes if one.product is node.product and one.role is Role.PUBLISHER)
            if _numbers(node.version or self.version) > _numbers(first.version or self.version):
                raise ValueError(f"nodes: {node.host} has a newer version than its publisher {first.host}")


def ready_made() -> list[str]:
    """The names of the scenes that come with the simulator."""
    return sorted(path.stem for path in READY_MADE.glob("*.toml"))


def read(name: str = DEFAULT, **instead: object) -> Scene:
    """The scene of that name or file; ``instead`` overrules its fields where it is not None. Raises BadScene."""
    path = READY_MADE / f"{name}.toml" if name in ready_made() else Path(name)
    told = _parsed(path)
    chosen = {key: value for key, value in instead.items() if value is not None}
    seed = chosen.pop("seed", told.seed)
    # Who keeps the cluster's certificates stands first, whatever the order in the file.
    nodes = sorted(told.nodes, key=lambda node: node.role is not Role.PUBLISHER or node.product is not Product.CUCM)
    fields: dict[str, Any] = {
        "members": tuple(node.member(told.domain, told.version) for node in nodes),
        "domain": told.domain,
        "version": told.version,
        "ecdsa": told.ecdsa,
        "sso": told.sso,
        "readings": told.readings,
        "ca": told.ca.model_extra or {},
        "ca_address": told.ca.address,
        "first_request_id": told.ca.first_request_id,
        "seed": seed,
        "telephony": told.telephony,
        **accounts(seed if isinstance(seed, int) else None),
    }
    scene = Scene(**{**fields, **chosen})
    try:
        _all_differ("address", scene.real_addresses())
    except ValueError as reason:
        raise BadScene(f"{path} is no scene for real ports: {reason}; name other ones.") from None
    return scene


def newcomer(told: Mapping[str, object], scene: Scene) -> Member:
    """A server that joins: ``{"host": .., "product": .., "role": ..}``; raises ValueError with a sentence."""
    try:
        return ToldNode.model_validate(told).member(scene.domain, scene.version)
    except ValidationError as trouble:
        raise ValueError(f"a node has host, product and role: {_first(trouble)}") from None


def _parsed(path: Path) -> ToldScene:
    try:
        return ToldScene.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as trouble:
        raise BadScene(
            f"There is no scene {path}: {trouble.strerror}. Ready-made ones: {', '.join(ready_made())}."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise BadScene(f"{path} is no TOML file: {trouble}.") from None
    except ValidationError as trouble:
        raise BadScene(f"{path} is no scene: {_first(trouble)}.") from None


def _first(trouble: ValidationError) -> str:
    """The first thing that is wrong, with its key: `nodes.1.role: Input should be ..`."""
    first = trouble.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    said = first["msg"].removeprefix("Value error, ")
    return f"{key}: {said}" if key else said


def _all_differ(key: str, values: list[str]) -> None:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"nodes: {twice[0]} is the {key} of more than one")


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.replace("-", ".").split(".")]
