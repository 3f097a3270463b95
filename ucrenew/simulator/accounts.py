"""Who may log in where, and with which privilege (cucm.md §1.1, §2.1, §3).

OS accounts live at the certificate API and the command line, application users at SOAP, and never the other way round.
"""

from __future__ import annotations

from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.scene import Scene

# [I] guess.
NO_PRIVILEGE = "The account has no privilege to change anything"


def platform_privilege(scene: Scene, node: SimulatedNode, user: str, password: str) -> int | None:
    """The privilege of an OS account on this node; None when there is no such account or its password is another."""
    # A test bends the main account's privilege; the others keep what they were given.
    if scene.platform.is_shown_by(user, password):
        return node.privilege
    found = [account for account in (scene.reader, scene.person) if account.is_shown_by(user, password)]
    return found[0].privilege if found else None


def is_application_user(scene: Scene, user: str, password: str) -> bool:
    """Whether SOAP lets them in."""
    return scene.application.is_shown_by(user, password)
