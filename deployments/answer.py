"""Answer the open question of a run, signed with your SSH key: ``python -m deployments.answer RUN --decision approve``.

Prints the question first; without ``--decision`` it stops there. What is signed names decision, question, plan digest,
run and every field of the form (docs/adr/0008-signed-answers.md). The key is a file or, without ``--key``, the only one
of the agent; a no needs none. Exit code: 0 the server took the answer, 1 not, 2 bad input.
"""

from __future__ import annotations

import argparse
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import PrefectHTTPStatusError
from prefect.input import keyset_from_base_key, read_flow_run_input

from deployments.commands import Exit, renewal_run, run_command
from deployments.renew import page_of
from flows.forms import Decision, valid_answer
from tasks.sites import PROFILES, profile_of, record_of, renewals_of
from ucrenew.clients.ssh_keygen import sign, sign_by_agent, signer_of
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.statement import SIGNATURE, parted, statement_of
from ucrenew.errors import BadInput, NeedsPerson, Untrusted
from ucrenew.profile import Profile, load_profile
from ucrenew.record import Fact, Kind, Renewal

_BUSY = 503  # SQLite's "database is locked"; the click is lost unless it is repeated (prefect.md §1)
_TRIES = 40


def main() -> Exit:
    """Show the question; sign and send the answer."""
    arguments = _arguments()
    with get_client(sync_client=True) as client:
        run = renewal_run(client, arguments.run)
        renewal, asked = _open_question(run)
        print(_text(run, asked), flush=True)
        if arguments.decision is None:
            print(f"\nanswer with --decision approve or deny, or on its page: {page_of(run.id)}")
            return Exit.DONE
        form = _form(arguments)
        if arguments.decision == Decision.APPROVE or arguments.key:
            _sign(arguments, renewal, asked, form)
        _send(client, run, form)
    print(f"the server took the answer; should it not count, the run asks again and says why: {page_of(run.id)}")
    return Exit.DONE


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deployments.answer", description=__doc__)
    parser.add_argument("run", help="the id of the flow run")
    parser.add_argument(
        "--decision", choices=[one.value for one in Decision], help="without it: only show the question"
    )
    parser.add_argument("--name", default="", help="who you are, as the allowed signers of the profile name you")
    parser.add_argument("--ticket", default="", help="change ticket, if there is one")
    parser.add_argument("--remark", default="", help="anything that should be kept with the decision")
    parser.add_argument(
        "--field", action="append", default=[], metavar="NAME=VALUE", help="what this form asks beside that"
    )
    parser.add_argument("--key", type=Path, help="your key file; a public key (.pub) has the agent sign")
    parser.add_argument("--profile", type=Path, help=f"the cluster's profile, to look at first; else {PROFILES} says")
    return parser.parse_args()


def _open_question(run: FlowRun) -> tuple[Renewal, Fact]:
    key = str(run.state.state_details.pause_key) if run.state and run.state.name == "Suspended" else ""
    renewal = renewals_of(str(run.parameters["cluster"]), Purpose(run.parameters["purpose"])).last()
    asked = record_of(renewal).fact(Kind.ASKED, about=key) if renewal and key else None
    if renewal is None or asked is None:
        state = run.state.name if run.state else "not there"
        raise BadInput(f"run {run.id} waits for no answer: it is {state}{f', for {key}' if key else ''}")
    return renewal, asked


def _text(run: FlowRun, asked: Fact) -> str:
    """The question as its page shows it; its digest has to be the one that is signed."""
    text = str(read_flow_run_input(keyset_from_base_key(f"suspended-{asked.about}")["description"], flow_run_id=run.id))
    if "Plan digest: `" in text and f"Plan digest: `{asked.value['digest']}`" not in text:
        raise NeedsPerson(f"the question of run {run.id} shows another plan than it is about: nothing was signed")
    return text


def _form(arguments: argparse.Namespace) -> dict[str, Any]:
    form: dict[str, Any] = {name: getattr(arguments, name) for name in ("decision", "name", "ticket", "remark")}
    for given in arguments.field:
        name, _, value = given.partition("=")
        form[name] = int(value) if name == "request_id" and value.isdecimal() else value
    if valid_answer(form) is None:
        raise BadInput("say who you are with --name, in two characters or more")
    return form


def _sign(arguments: argparse.Namespace, renewal: Renewal, asked: Fact, form: dict[str, Any]) -> None:
    key = keyset_from_base_key(f"suspended-{asked.about}")["schema"]
    schema = cast("Mapping[str, Any] | None", read_flow_run_input(key, flow_run_id=UUID(asked.value["run"])))
    if SIGNATURE not in (schema or {}).get("properties", {}):
        raise BadInput(
            f"no signature is looked at on {renewal.cluster}: its profile names no allowed_signers. Answer on the page"
            f" of the run: {page_of(UUID(asked.value['run']))}"
        )
    # The certificate of a form is kept in one dress, whatever it was sent in: that is what is signed.
    said = {**(valid_answer(form) or {}), **asked.value}
    text = statement_of(renewal.cluster, renewal.purpose, renewal.number, asked.about, said)
    field = text + (sign(text, arguments.key) if arguments.key else sign_by_agent(text))
    _require_allowed(_profile(arguments, renewal.cluster), field, arguments.name)
    form[SIGNATURE] = field


def _profile(arguments: argparse.Namespace, cluster: str) -> Profile | None:
    if arguments.profile:
        return load_profile(arguments.profile)
    return profile_of(cluster) if os.environ.get(PROFILES) else None


def _require_allowed(profile: Profile | None, field: str, name: str) -> None:
    if profile is None or profile.signed.allowed_signers is None:
        return  # the run looks
    try:
        signer = signer_of(*parted(field), name, allowed=profile.text_of(profile.signed.allowed_signers))
    except Untrusted as refused:
        raise BadInput(f"{refused}; nothing was sent") from refused
    print(f"\nsigned by {signer.principal}, key {signer.key}", flush=True)


def _send(client: SyncPrefectClient, run: FlowRun, form: dict[str, Any]) -> None:
    for _ in range(_TRIES):
        try:
            taken = client.resume_flow_run(run.id, run_input=form)
        except PrefectHTTPStatusError as error:
            if error.response.status_code != _BUSY:
                raise
            threading.Event().wait(0.25)
            continue
        if taken.status.value == "REJECT":
            raise BadInput(f"the server refuses the form: {getattr(taken.details, 'reason', '')}")
        if taken.status.value != "ACCEPT":
            raise NeedsPerson(f"run {run.id} waits no more: somebody answered meanwhile, and this answer is not kept")
        return
    raise NeedsPerson(f"the Prefect server is too busy to take the answer to run {run.id}: try again")


if __name__ == "__main__":
    run_command(main)
