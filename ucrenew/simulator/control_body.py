"""What a caller of the control API told."""

from __future__ import annotations

from typing import cast

from flask import request

from ucrenew.simulator.bend import CannotBend


def told_by_caller() -> dict[str, object]:
    """The object in the body; raises CannotBend."""
    told = request.get_json(force=True, silent=True)
    if not isinstance(told, dict):
        raise CannotBend("The body is not a JSON object")
    return cast("dict[str, object]", told)
