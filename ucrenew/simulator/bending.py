"""Changes from outside to frozen settings of the CA, looked at before they are taken over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TypeVar

from ucrenew.simulator import iis, signing
from ucrenew.simulator.iis import Iis
from ucrenew.simulator.signing import Bends
from ucrenew.simulator.templates import Template

_Settings = TypeVar("_Settings", Bends, Template, Iis)

_CHOICES = {**signing.CHOICES, **iis.CHOICES}


def replaced(before: _Settings, changes: Mapping[str, object]) -> _Settings:
    """``before`` with ``changes``; one text stands for a list of one. Raises ValueError with a sentence."""
    known = {field.name for field in fields(before)}
    sound: dict[str, object] = {}
    for name, value in changes.items():
        if name not in known:
            raise ValueError(f"the CA has nothing called {name!r} to bend")
        old = getattr(before, name)
        sound[name] = _texts(name, value) if isinstance(old, tuple) else value
        if type(sound[name]) is not type(old) or not _is_choice(name, sound[name]):
            raise ValueError(f"{value!r} is no value for {name}")
    return replace(before, **sound)  # type: ignore[arg-type]


def _is_choice(name: str, value: object) -> bool:
    """Whether a closed set allows it: one of the set, or a list of some, each once."""
    choices = _CHOICES.get(name)
    if choices is None:
        return True
    if not isinstance(value, tuple):
        return value in choices
    return 0 < len(value) == len(set(value) & set(choices))


def templates(before: Mapping[str, Template], changes: object) -> dict[str, Template]:
    """The templates with ``changes`` {name: {attribute: value}}. Raises ValueError with a sentence."""
    if not isinstance(changes, Mapping) or not all(isinstance(one, Mapping) for one in changes.values()):
        raise ValueError("template wants {name: {attribute: value}}")
    unknown = [str(name) for name in changes if name not in before]
    if unknown:
        raise ValueError(f"no template is called {', '.join(unknown)}")
    return {**before, **{name: replaced(before[name], values) for name, values in changes.items()}}


def _texts(name: str, value: object) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not all(isinstance(one, str) for one in listed):
        raise ValueError(f"{value!r} is no value for {name}")
    return tuple(listed)
