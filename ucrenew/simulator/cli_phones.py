"""`show ctl`, `show itl`, `utils ctl`, `set cert regen`: phones' trust on the command line (cucm.md §2.4, §2.5)."""

from __future__ import annotations

from ucrenew.simulator import trust_list_text
from ucrenew.simulator.dialogue import Command, Output, Question, Session, SessionDropped
from ucrenew.simulator.faults import CtlUpdate
from ucrenew.simulator.listings import joined
from ucrenew.simulator.trust_files import release
from ucrenew.simulator.trust_list import TrustList

_AUTO_REGISTRATION = "  Auto-registration is enabled on at least one CM node."
_SINCE_NEW_TEXT = (11,)
_RESTART = (
    "Please Restart the TFTP and Cisco CallManager services on all nodes in the cluster that run these services\n"
)
_RESET = (
    "You must reset all phones to ensure they received the updated CTL file.\n"
    "You must restart Cisco CTIManager services on all the nodes in the cluster that have the service activated.\n"
)
# [I] guess: what the update says where it fails, and what a command says that was not confirmed.
_FAILED = "The CTL file could not be updated"
_NOT_DONE = "Operation cancelled\n"


class PhoneCommands:
    """Trust lists as the session's node has them."""

    def __init__(self, session: Session) -> None:  # noqa: D107 - the class says it
        self._session = session
        self._node = session.node
        self._telephony = session.cluster.telephony

    def commands(self) -> list[Command]:
        """What is typed, and what answers; the levels of `utils ctl` are [I] but for the reset (§2.1)."""
        return [
            Command("show ctl", self._show_ctl),
            Command("show itl", self._show_itl),
            *(
                Command(f"utils ctl update {spelled}", self._update, streams=True, level=1, kind="ctl-update")
                for spelled in ("CTLFile", "CTLfile")
            ),
            Command("utils ctl set-cluster mixed-mode", self._set_mixed, streams=True, level=1, kind="ctl-update"),
            Command("set cert regen", self._regenerate, streams=True, level=1, kind="regenerate"),
        ]

    def _show_ctl(self, _: str) -> Output:
        self._telephony.settle()
        yield from self._show(self._telephony.files.ctl, self._telephony.readings.no_ctl_text)

    def _show_itl(self, _: str) -> Output:
        self._telephony.settle()
        held = self._telephony.files.itl.get(self._node.name)
        yield from self._show(held, "show itl file not found")  # [I] guess by analogy

    def _show(self, held: TrustList | None, missing: str) -> Output:
        if held is None:
            yield f"{missing}\n"
            return
        yield joined(trust_list_text.shown(held))

    def _update(self, _: str) -> Output:
        """`utils ctl update CTLFile` [T]; a CTL that tokens signed becomes tokenless by it [T]."""
        fault = self._node.faults.take(CtlUpdate)
        refusal = self._refusal() or self._nonsecure() or (_FAILED if fault and fault.how == "refused" else None)
        if refusal:
            yield self._refused(refusal)
            return
        sure = Question("This operation updates the CTLFile. Do you want to continue? (y/n):", {"y": True, "n": False})
        if not (yield from self._session.agrees(sure)):
            yield _NOT_DONE
            return
        yield "Updating CTL file\n"
        how = fault.how if fault else ""
        if how == "cut":
            raise SessionDropped
        if how != "in-vain":
            self._telephony.update_ctl(self._session.account, "tokenless")
        if how == "cut-after":
            raise SessionDropped
        yield f"CTL file Updated\n{_RESTART}"

    def _set_mixed(self, _: str) -> Output:
        """`utils ctl set-cluster mixed-mode`: 10.5's words and the newer ones [T]; from which release is [I]."""
        refusal = self._refusal()
        if refusal:
            yield self._refused(refusal)
            return
        newer = release(self._node) >= _SINCE_NEW_TEXT
        more = _AUTO_REGISTRATION if newer and self._telephony.readings.auto_registration else ""
        text = f"This operation will set the cluster to Mixed mode.{more} Do you want to continue? (y/n):"
        if not (yield from self._session.agrees(Question(text, {"y": True, "n": False}))):
            yield _NOT_DONE
            return
        yield "Moving Cluster to Mixed Mode\n"
        self._telephony.set_mixed_mode(self._session.account)
        yield f"Cluster set to Mixed Mode\n{_RESET if newer else _RESTART}"

    def _regenerate(self, unit: str) -> Output:
        """`set cert regen <unit>` [T]; ITLRecovery's own WARNING is known by its end only, so it is this one [I]."""
        if unit not in self._node.installed:
            text = f"Invalid certificate name {unit}"  # [I] guess
            self._session.note("regenerate", purpose=unit, refused=text)
            yield f"{text}\n"
            return
        yield (f"WARNING: This operation will overwrite any CA signed certificate previously imported for  {unit}\n")
        sure = Question("Proceed with regeneration (yes|no)? ", {"yes": True, "no": False})
        if not (yield from self._session.agrees(sure)):
            yield _NOT_DONE
            return
        self._telephony.regenerate(self._node, unit, self._session.account)
        yield f"Successfully Regenerated Certificate for {unit}.\n"
        yield f"You must restart services related to {unit} for the regenerated certificates to become active.\n"

    def _refusal(self) -> str | None:
        """Publisher only [D]; the text is [I] guess."""
        return None if self._node.node.is_cucm_publisher else self._telephony.readings.ctl_refused_text

    def _nonsecure(self) -> str | None:
        """There is no CTL without mixed mode; that the command says so is [I] guess."""
        return None if self._telephony.security_mode == 1 else self._telephony.readings.ctl_nonsecure_text

    def _refused(self, text: str) -> str:
        self._session.note("ctl-update", refused=text.splitlines()[-1])
        return f"{text}\n"
