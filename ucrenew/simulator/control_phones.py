"""The phones on the control API: to look at them, to bend them, and to do what a person does with hands.

GET  /phones                the summary: nodes, what their services show, trust files, parameters, counts
GET  /phones/list           ?offset= &limit= (at most 1000), ?node= ?model= ?lost=1 ?secure=1: details
GET  /phones/asked          the last calls of RisPort: when, for how many devices, and whether it was too often
GET  /phones/<name>         one phone
POST /phones                {"groups": [..]} other phones; {"churn": "off"|"multi-server"|"always"};
                            {"resets_phones": bool}, {"rollback": bool}: enterprise parameters;
                            {"security_mode": 0|1, "signed_by": "tokenless"|"token"} as if it had been so for long;
                            {"settled": true} services have loaded what is installed, and phones know it
POST /phones/<name>         {"itl": "deleted"} a person deletes the trust lists on the phone (`lost` and `all` as
                            names mean many); {"power": "on"|"off"}; {"reset": true} a person restarts it
POST /ctl/client            the person with the USB token runs the CTL client: `ctl-update` with by=token
POST /certificates/regenerate   {"node": .., "purpose": ..} a click on Regenerate on the administration page
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Response, jsonify, request
from pydantic import ValidationError

from ucrenew.simulator import phone as reasons
from ucrenew.simulator import phone_report
from ucrenew.simulator.bend import CannotBend
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.control_body import told_by_caller
from ucrenew.simulator.hand import Hand
from ucrenew.simulator.phone import Phone
from ucrenew.simulator.telephony_scene import TelephonyScene, cucm_nodes

_PAGE = 1000


def add_to(app: Flask, cluster: Cluster, hand: Hand) -> None:
    """Add the calls to the control API."""
    desk = PhoneDesk(cluster, hand)
    for method, path, answer in (
        ("GET", "/phones", desk.summary),
        ("POST", "/phones", desk.change),
        ("GET", "/phones/list", desk.page),
        ("GET", "/phones/asked", desk.asked),
        ("GET", "/phones/<name>", desk.one),
        ("POST", "/phones/<name>", desk.handle),
        ("POST", "/ctl/client", desk.run_ctl_client),
        ("POST", "/certificates/regenerate", desk.regenerate),
    ):
        app.add_url_rule(path, f"{method} {path}", answer, methods=[method])


class PhoneDesk:
    """What the control API can do with phones."""

    def __init__(self, cluster: Cluster, hand: Hand) -> None:  # noqa: D107 - the class says it
        self._cluster = cluster
        self._hand = hand
        self._telephony = cluster.telephony

    def summary(self) -> Response:
        """The counts by node, and everything that phones depend on."""
        with self._cluster.lock:
            self._telephony.settle()
            return jsonify(phone_report.summary(self._telephony, self._cluster.clock()))

    def page(self) -> Response:
        """Some phones in detail, with the number of all that were meant."""
        offset, limit = request.args.get("offset", 0, int), min(request.args.get("limit", _PAGE, int), _PAGE)
        with self._cluster.lock:
            self._telephony.settle()
            meant = [phone for phone in self._telephony.registration.phones.values() if self._is_meant(phone)]
            details = [self._described(phone) for phone in meant[offset : offset + limit]]
        return jsonify({"total": len(meant), "offset": offset, "phones": details})

    def asked(self) -> Response:
        """What RisPort was asked, the oldest call first."""
        return jsonify(list(self._telephony.asked))

    def one(self, name: str) -> Response:
        """One phone in detail."""
        with self._cluster.lock:
            self._telephony.settle()
            return jsonify(self._described(self._named(name)[0]))

    def change(self) -> Response:
        """Bend what phones depend on."""
        told = told_by_caller()
        unknown = set(told) - {"groups", "churn", "resets_phones", "rollback", "security_mode", "signed_by", "settled"}
        if unknown:
            message = f"The phones have no {', '.join(sorted(unknown))}"
            raise CannotBend(message)
        scene = self._scene(told)
        with self._cluster.lock:
            self._telephony.settle()
            self._set_parameters(told)
            if {"groups", "security_mode", "signed_by"} & set(told):
                self._furnish(scene, told)
            if told.get("settled") is True:
                self._telephony.furnish_again()
            if "churn" in told:
                self._churn(told["churn"])
        return self.summary()

    def handle(self, name: str) -> Response:
        """What a person does with the phone itself."""
        told = told_by_caller()
        registration = self._telephony.registration
        with self._cluster.lock:
            self._telephony.settle()
            meant = self._named(name)
            if told == {"itl": "deleted"}:
                registration.forget_lists(meant)
            elif told == {"reset": True}:
                registration.reset(meant, reasons.DEVICE_RESET)
            elif told in ({"power": "on"}, {"power": "off"}):
                registration.power(meant, on=told["power"] == "on")
            else:
                message = 'A phone takes {"itl": "deleted"}, {"reset": true} or {"power": "on"|"off"}'
                raise CannotBend(message)
        return self.summary()

    def run_ctl_client(self) -> Response:
        """The CTL client on somebody's Windows machine, with a token in it (S25)."""
        self._hand.run_ctl_client(str(told_by_caller().get("account") or "person"))
        return self.summary()

    def regenerate(self) -> Response:
        """A person makes a certificate anew on the administration page: in the ledger, as it changes the cluster."""
        told = told_by_caller()
        node = self._cluster.nodes.get(str(told.get("node")))
        purpose = str(told.get("purpose"))
        if node is None or purpose not in node.installed:
            message = f"There is no certificate {purpose} on {told.get('node')}"
            raise CannotBend(message)
        self._telephony.regenerate(node, purpose, str(told.get("account") or "person"))
        return self.summary()

    def _scene(self, told: Mapping[str, object]) -> TelephonyScene:
        chosen = {name: told[name] for name in ("groups", "security_mode", "signed_by") if name in told}
        try:
            return TelephonyScene.model_validate(chosen)
        except ValidationError as trouble:
            first = trouble.errors()[0]
            raise CannotBend(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None

    def _furnish(self, scene: TelephonyScene, told: Mapping[str, object]) -> None:
        groups = self._telephony.groups
        if "groups" in told:
            groups = scene.complete(cucm_nodes([node.node for node in self._cluster.nodes.values()]))
        if "security_mode" in told:
            self._cluster.readings.security_mode = scene.security_mode
        if "signed_by" in told:
            self._telephony.files.signed_by = scene.signed_by
        self._telephony.furnish(groups)

    def _set_parameters(self, told: Mapping[str, object]) -> None:
        for name in ("resets_phones", "rollback"):
            value = told.get(name, getattr(self._telephony.parameters, name))
            if not isinstance(value, bool):
                message = f"{name} does not take {value!r}"
                raise CannotBend(message)
            setattr(self._telephony.parameters, name, value)

    def _churn(self, when: object) -> None:
        choices = {"off": "off", "multi-server": "multi-server", "always": "always"}
        if not isinstance(when, str) or when not in choices:
            message = f"churn is one of {', '.join(choices)}, not {when!r}"
            raise CannotBend(message)
        self._telephony.churn.begin(choices[when], self._telephony.members, self._cluster.clock())  # type: ignore[arg-type]

    def _is_meant(self, phone: Phone) -> bool:
        asked = request.args
        return (
            asked.get("node", phone.node) == phone.node
            and asked.get("model", phone.model.name) == phone.model.name
            and ("lost" not in asked or phone.refused)
            and ("secure" not in asked or phone.secure)
        )

    def _described(self, phone: Phone) -> dict[str, object]:
        return phone_report.details(self._telephony, phone, self._cluster.clock())

    def _named(self, name: str) -> list[Phone]:
        phones = self._telephony.registration.phones
        if name == "all":
            return list(phones.values())
        if name == "lost":
            return [phone for phone in phones.values() if phone.refused]
        if name not in phones:
            message = f"There is no phone {name}"
            raise CannotBend(message)
        return [phones[name]]
