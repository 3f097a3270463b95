"""What people do when a renewal asks them, as a Fault takes it."""

from __future__ import annotations

from typing import Any

from tests.procedure.drill import Drill
from tests.procedure.faults import End


def _generate(drill: Drill, end: End) -> None:
    drill.generate()
    drill.say_done(end.question)


def _upload_the_chain(drill: Drill, end: End) -> None:
    drill.hand().trust(*drill.chain)
    drill.say_done(end.question)


def _enter_the_number(drill: Drill, end: End) -> None:
    drill.say_done(end.question, request_id=drill.control.get("/requests")[-1]["id"])


def _allow_once_more(drill: Drill, end: End) -> None:
    drill.say_done(end.question, request_id=0)


def _upload_on_the_subscriber(drill: Drill, _end: End) -> None:
    drill.hand("cs-ccm-sub").leaf(drill.issued.certificate)


generates: dict[str, Any] = {
    "person": _generate,
    "by_person": "generates the request on the page, and approves; the run goes on",
}
uploads_the_chain: dict[str, Any] = {
    "person": _upload_the_chain,
    "by_person": "uploads the chain on the page, and approves; the run goes on",
}
finds_the_number: dict[str, Any] = {
    "person": _enter_the_number,
    "by_person": "finds the request in the CA's list, and enters its number; the run goes on",
}
finds_no_request: dict[str, Any] = {
    "person": _allow_once_more,
    "by_person": "finds no request of ours in the CA's list, and enters 0; the run goes on",
}
uploads_on_the_subscriber: dict[str, Any] = {
    "person": _upload_on_the_subscriber,
    "by_person": "uploads the same certificate on that node's own page, and retries the run",
}
begins_anew: dict[str, Any] = {
    "by_person": "starts a new run and abandons this renewal: the request is not sent to the node once more",
    "final": True,
}
