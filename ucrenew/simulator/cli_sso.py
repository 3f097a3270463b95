"""`utils sso`: what can be seen of single sign-on, and switched off, on the command line (cucm.md §2.5, S3).

Switching it on is the administration page's: here it stays a bend of the control API.
"""

from __future__ import annotations

from ucrenew.simulator import listings
from ucrenew.simulator.dialogue import Command, Output, Session, question
from ucrenew.simulator.faults import SsoDisable
from ucrenew.simulator.listings import joined

# [I] guess: Cisco's documents say that there is a prompt and that "Yes" answers it, and quote no word of it.
_SURE = "This command will disable SSO on this node. Do you want to continue"
# [D] that it says no more than this, [I] the words.
_ENABLE = "SSO can be enabled only through the graphical user interface. This command enables nothing.\n"
# [I] guess, all of it: a refusal, and questions that no document tells of (the fault `sso-disable`).
_REFUSED = "Executed command unsuccessfully\nSSO could not be disabled.\n"
_MORE = (
    "This may disconnect users who are logged in. Do you want to continue",
    "Are you sure that you want to continue",
)


class SsoCommands:
    """Single sign-on of the session's node."""

    def __init__(self, session: Session) -> None:  # noqa: D107 - the class says it
        self._session = session
        self._cluster = session.cluster
        self._node = session.node

    def commands(self) -> list[Command]:
        """What is typed, and what answers."""
        return [
            Command("utils sso status", self._status),
            Command("utils sso enable", self._enable),
            Command("utils sso disable", self._disable, streams=True, level=1, kind="sso"),
            *(self._recovery_url(verb) for verb in ("enable", "disable")),
        ]

    def _recovery_url(self, verb: str) -> Command:
        def answer(_: str) -> Output:
            return self._set_recovery_url(f"{verb}d")

        return Command(f"utils sso recovery-url {verb}", answer, level=1, kind="sso")

    def _status(self, _: str) -> Output:
        yield joined(listings.sso_status(self._node, self._cluster.readings))

    def _enable(self, _: str) -> Output:
        yield _ENABLE

    def _disable(self, _: str) -> Output:
        """Per node [D]; the ledger has every command that was confirmed, also where SSO was off. Texts are [I]."""
        fault = self._node.faults.take(SsoDisable)
        how = fault.how if fault else ""
        if how == "refused":
            yield _REFUSED
            return
        for asked in (_SURE, *(_MORE if how == "asks-more" else ())):
            if not (yield from self._session.agrees(question(asked, self._cluster.readings.sso_disable_asks))):
                yield "SSO was not disabled.\n"
                return
        self._cluster.disable_sso(self._node, self._session.account, in_vain=how == "stays-on")
        yield "SSO disabled successfully.\n"

    def _set_recovery_url(self, state: str) -> Output:
        """Per node [D]; the text is [I]."""
        self._cluster.set_recovery_url(self._node, state, self._session.account)
        yield f"Recovery URL is {state}.\n"
