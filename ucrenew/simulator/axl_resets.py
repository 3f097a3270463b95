"""Resets by AXL: one phone, a device pool, everything (cucm.md §3.1).

Rule 1: a call is one `phone-reset` in the ledger, with what was asked and how many phones it meant.
Rule 2: reset and restart let phones start again; applying the configuration lets them only fetch their files ([I]).
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

from ucrenew.simulator import phone as reasons
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.phone import Phone
from ucrenew.simulator.soap import text_of
from ucrenew.simulator.telephony_tables import key

_REASONS = {"reset": reasons.FORCED_RESET, "restart": reasons.CALLMANAGER_RESET}
_DEVICE_RESETS = {"Reset": "reset", "Restart": "restart", "Apply Configuration": "apply"}
_VERBS = ("reset", "restart", "applyConfig", "apply")
_ENTERPRISE_SINCE = 12


class Unknown(Exception):
    """No such operation, or nothing of that name; ``str()`` is the fault's text ([I] guesses)."""


class Resets:
    """The operations that act on phones."""

    def __init__(self, cluster: Cluster, account: Callable[[], str]) -> None:  # noqa: D107 - the class says it
        self._cluster = cluster
        self._account = account

    def do(self, operation: str, call: Element) -> str:
        """Do it; the uuid of what was reset, or `true`. Raises Unknown."""
        if operation == "doDeviceReset":
            name = text_of(call, "deviceName")
            kind = text_of(call, "deviceResetType")
            if not kind:
                kind = "Reset" if text_of(call, "isHardReset").lower() in {"true", "t"} else "Restart"
            self._act(_DEVICE_RESETS.get(kind, "apply"), [self._phone(name)], name)
            return "true"
        verb = next((one for one in _VERBS if operation.startswith(one)), "")
        what = operation.removeprefix(verb)
        if not verb or what not in {"Phone", "DevicePool", "EnterpriseParameters"}:
            message = f"The operation {operation} is not known"
            raise Unknown(message)
        return self._by_verb("apply" if verb == "applyConfig" else verb, what, call)

    def _by_verb(self, verb: str, what: str, call: Element) -> str:
        if what == "EnterpriseParameters":
            return self._everything(verb)
        name = text_of(call, "name") or text_of(call, "uuid").strip("{}").lower()
        if what == "Phone":
            phone = self._phone(name)
            self._act(verb, [phone], phone.name)
            return f"{{{key('phone', phone.name).upper()}}}"
        group = next((one for one in self._groups() if name in {one, key("pool", one)}), None)
        if group is None:
            message = f"Item not valid: The specified DevicePool {name} was not found"
            raise Unknown(message)
        self._act(verb, [phone for phone in self._phones() if phone.group.name == group], group)
        return f"{{{key('pool', group).upper()}}}"

    def _everything(self, verb: str) -> str:
        """From schema 12.0; whether it means the devices or the values is a reading (§3.1)."""
        publisher = self._cluster.telephony.publisher
        if publisher is None or publisher.major < _ENTERPRISE_SINCE:
            message = f"The operation {verb}EnterpriseParameters is not known"
            raise Unknown(message)
        if self._cluster.readings.enterprise_reset == "devices":
            self._act(verb, self._phones(), "all")
        return "true"

    def _act(self, verb: str, phones: list[Phone], scope: str) -> None:
        telephony = self._cluster.telephony
        noted = {"account": self._account(), "what": verb, "scope": scope}
        if verb == "apply":
            telephony.apply(phones, **noted)
        else:
            telephony.reset(phones, _REASONS[verb], **noted)

    def _phone(self, name: str) -> Phone:
        wanted = name.strip("{}").lower()
        found = self._cluster.telephony.registration.phones.get(name)
        found = found or next((one for one in self._phones() if key("phone", one.name) == wanted), None)
        if found is None:
            message = f"Item not valid: The specified Phone {name} was not found"
            raise Unknown(message)
        return found

    def _phones(self) -> list[Phone]:
        return list(self._cluster.telephony.registration.phones.values())

    def _groups(self) -> list[str]:
        return [group.name for group in self._cluster.telephony.groups]
