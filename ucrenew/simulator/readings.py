"""Every reading of a cluster: what they may be set to, in a scene or at any time.

docs/readings.md lists them with what a client sees at each setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ucrenew.simulator.node_readings import NodeReadings
from ucrenew.simulator.phone_readings import PhoneReadings


@dataclass
class Readings(PhoneReadings, NodeReadings):
    """Facts that are only inferred; each attribute is one of the readings, to be bent at any time."""


def settings(kind: type[NodeReadings | PhoneReadings]) -> dict[str, tuple[Any, ...]]:
    """Its readings, each with the likeliest setting first: what a client is tried with, one after the other."""
    return {one.name: one.metadata["settings"] for one in fields(kind) if one.metadata}


SETTINGS = settings(Readings)
_FREE = {"security_mode", *(one.name for one in fields(Readings) if one.metadata.get("free"))}


def check(name: str, value: object) -> None:
    """Raises ValueError, in a sentence that begins with the name, for what is no setting of it."""
    if name not in {one.name for one in fields(Readings)}:
        raise ValueError(f"{name} is no reading")
    settings = SETTINGS.get(name, (0,))
    if type(value) is not type(settings[0]):
        raise ValueError(f"{name} does not take {value!r}")
    if value not in settings and name not in _FREE:
        raise ValueError(f"{name} is one of {', '.join(map(repr, settings))}, not {value!r}")


def checked(told: Mapping[str, object]) -> Mapping[str, object]:
    """``told`` as it is, if every name and value is known; raises ValueError."""
    for name, value in told.items():
        check(name, value)
    return told
