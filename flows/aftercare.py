"""What is looked after when everything is done and proven: old certificates, the backup (S28, cucm.md §4.1 point 11).

A person is asked where the profile says so; a no leaves things as they are.
"""

from __future__ import annotations

from cryptography.x509 import Certificate

from flows.gates import agreed
from tasks.aftercare import backup_since, look_for_leftovers
from ucrenew.domain.gate import Gate
from ucrenew.domain.handwork import cleanup_by_hand
from ucrenew.domain.plan import Plan
from ucrenew.domain.questions import backup_question
from ucrenew.domain.x509 import fingerprint
from ucrenew.record import Renewal


def report_leftovers(renewal: Renewal, plan: Plan, leaf: Certificate, chain: tuple[Certificate, ...]) -> None:
    """Say what is left over; where the profile asks for it, a person deletes it, and it is looked at again."""
    left = look_for_leftovers(renewal, plan, leaf, chain)
    text = "\n".join(cleanup_by_hand(plan, node, certificates) for node, certificates in left.items())
    if left and agreed(Gate.CLEANUP, renewal, plan, text, matter=fingerprint(leaf)):
        look_for_leftovers(renewal, plan, leaf, chain)


def see_to_backup(renewal: Renewal, plan: Plan, leaf: Certificate) -> None:
    """Say whether a backup holds the new keys; where the profile asks for it, a person makes one."""
    if backup_since(renewal, plan) is None and agreed(
        Gate.BACKUP, renewal, plan, backup_question(plan), matter=fingerprint(leaf)
    ):
        backup_since(renewal, plan)
