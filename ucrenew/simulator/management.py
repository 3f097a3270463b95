"""The management page: the control API for a person with a browser, live. It is the hand of the officer, and of fate.

Rule 1: it changes nothing that the control API could not change, and by the same hand.
Rule 2: what is refused is said above the page, and has changed nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from ucrenew.simulator import faults, phone_report
from ucrenew.simulator.authority import Authority
from ucrenew.simulator.bend import CannotBend
from ucrenew.simulator.certificate_list import ListRow, rows
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.hand import Hand, Unknown
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.report import cluster_state, node_state
from ucrenew.simulator.request_rows import OfficerRefused
from ucrenew.simulator.services import NOT_ACTIVATED

_SHOWN_ENTRIES = 200
_SEE_OTHER = 303


def add_to(app: Flask, cluster: Cluster, authority: Authority, hand: Hand) -> None:
    """Serve the page at / and what its buttons do under /page."""
    page = ManagementPage(cluster, authority, hand)
    part = Blueprint("management", __name__, template_folder="templates")
    part.add_url_rule("/", "show", page.show)
    for path, answer in (
        ("/page/requests/<int:number>/<verb>", page.decide),
        ("/page/sso/<name>", page.switch_sso),
        ("/page/faults", page.set_fault),
        ("/page/faults/clear", page.clear_faults),
        ("/page/readings/<name>", page.change_reading),
        ("/page/ctl", page.run_ctl_client),
    ):
        part.add_url_rule(path, path, answer, methods=["POST"])
    app.register_blueprint(part)


@dataclass(frozen=True)
class ShownNode:
    """A node as the page shows it."""

    state: dict[str, object]
    rows: list[ListRow]

    @property
    def own(self) -> list[ListRow]:
        """Certificates and requests of its own."""
        return [row for row in self.rows if not row.certificate.endswith("-trust")]

    @property
    def trusted(self) -> list[ListRow]:
        """What is in its trust stores."""
        return [row for row in self.rows if row.certificate.endswith("-trust")]

    def serves(self, row: ListRow) -> str:
        """Whether Tomcat shows this certificate; it reads its files when it starts (S19)."""
        identity = self.state["identity"]
        told = identity.get(row.certificate) if isinstance(identity, Mapping) else None
        if row.type == "CSR Only" or not told or not told["running"]:
            return ""
        return "yes" if told["running"] == row.number else f"no: {told['running'][:16]} until Tomcat is restarted"


class ManagementPage:
    """The page, and what its buttons do."""

    def __init__(self, cluster: Cluster, authority: Authority, hand: Hand) -> None:  # noqa: D107 - the class says it
        self._cluster = cluster
        self._authority = authority
        self._hand = hand

    def show(self, refused: str = "") -> Response:
        """Everything."""
        nodes = self._cluster.nodes.values()
        telephony = self._cluster.telephony
        with self._cluster.lock:
            telephony.settle()
            phones = phone_report.summary(telephony, self._cluster.clock())
            models = phone_report.by_model(telephony)
        page = make_response(
            render_template(
                "management/page.html",
                refused=refused,
                ca=self._authority.name,
                requests=list(reversed(self._authority.requests())),
                nodes=[self._shown(node) for node in nodes],
                phones=phones,
                models=models,
                kinds=faults.details(),
                about_faults=faults.__doc__,
                services=sorted({service for node in nodes for service in node.services}),
                readings=cluster_state(self._cluster)["readings"],
                ledger=list(reversed(self._cluster.ledger.entries()))[:_SHOWN_ENTRIES],
                not_activated=NOT_ACTIVATED,
                columns=("at", "from", "node", "kind"),
            )
        )
        page.headers["Cache-Control"] = "no-store"
        # No other site shows it in a frame and lets a person click what they do not see.
        page.headers["Content-Security-Policy"] = "frame-ancestors 'none'"
        return page

    def decide(self, number: int, verb: str) -> AnyResponse:
        """The officer's buttons Issue and Deny."""
        deciding = {"issue": self._authority.issue, "deny": self._authority.deny}
        return self._after(lambda: _known(deciding, verb)(number))

    def switch_sso(self, name: str) -> AnyResponse:
        """Single sign-on of a node: only a page switches it on (cucm.md §2.5)."""
        wanted = request.form.get("sso", "")
        return self._after(lambda: self._hand.bend.node(self._hand.node(name), {"sso": wanted}))

    def set_fault(self) -> AnyResponse:
        """One of the forms under Faults."""
        return self._after(lambda: self._hand.fault(_fault(request.form)))

    def clear_faults(self) -> AnyResponse:
        """Take every fault of every node away."""
        return self._after(lambda: self._hand.fault({"kind": "all", "on": False}))

    def change_reading(self, name: str) -> AnyResponse:
        """Another candidate of what is only inferred."""
        return self._after(lambda: self._hand.bend.cluster({name: self._reading(name, request.form.get("value", ""))}))

    def run_ctl_client(self) -> AnyResponse:
        """The person with the USB token (S25)."""
        return self._after(lambda: self._hand.run_ctl_client("person"))

    def _reading(self, name: str, text: str) -> object:
        present = getattr(self._cluster.readings, name, None)
        if present is None:
            raise CannotBend(f"There is no reading {name}")
        return text if isinstance(present, str) else _parsed(text)

    def _after(self, change: Callable[[], object]) -> AnyResponse:
        try:
            change()
        except (CannotBend, OfficerRefused, Unknown, ValueError) as reason:
            refused = self.show(str(reason))
            refused.status_code = 409
            return refused
        return redirect("/", _SEE_OTHER)

    def _shown(self, node: SimulatedNode) -> ShownNode:
        with self._cluster.lock:
            return ShownNode(node_state(node), rows(self._cluster, node))


def _known(deciding: Mapping[str, Callable[[int], None]], verb: str) -> Callable[[int], None]:
    if verb not in deciding:
        raise Unknown(f"An officer does not {verb}")
    return deciding[verb]


def _fault(form: Mapping[str, str]) -> dict[str, object]:
    """The form as `POST /faults` takes it; what was left empty is not said."""
    kind = form.get("kind", "")
    told: dict[str, object] = {"kind": kind, "node": form.get("node", ""), "on": True}
    for detail in faults.details().get(kind, ()):
        if text := form.get(detail.name, "").strip():
            told[detail.name] = _parsed(text) if detail.is_number else text
    return told


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise CannotBend(f"{text!r} is no number and no true or false") from None
