"""The whole procedure, in the order of Cisco's document: one multi-server certificate for one cluster.

A run that was suspended, killed or retried starts at the first line again. Every line looks at the cluster
first and acts only where it has to, so going through it twice changes nothing.
"""

# No postponed annotations here: Prefect makes the run's form from the types of the flow function.
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from flows.aftercare import report_leftovers, see_to_backup
from flows.authority import obtain_certificate
from flows.callmanager import before_signing, change_what_phones_trust
from flows.endings import orderly
from flows.gates import accept, activate, ask, done, hear_answers, take_over
from flows.windows import wait_for_window
from tasks.evidence import close_with_evidence
from tasks.installing import (
    keep_services_up,
    look_before_leaf,
    prove_on_every_node,
    restart_services,
    see_sso_on,
    switch_sso_off,
    upload_ca_certificates,
    upload_certificate,
)
from tasks.lock import take_lock
from tasks.preparing import NothingToDo, done_already, draw_up_plan, look_at_cluster, open_renewal
from tasks.signing import check_issued, confirm_csr_on_every_node, generate_multi_server_csr
from ucrenew.domain.gate import Gate
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.questions import start_question


@flow(
    name="renew",
    flow_run_name="{cluster}-{purpose}",
    retries=0,  # a retried flow that suspends hangs for ever
    persist_result=False,
    validate_parameters=True,
)
@orderly
def renew_multi_server_certificate(cluster: str, purpose: Purpose, force: bool = False) -> State[str]:  # noqa: FBT001, FBT002
    """Renew one purpose on one cluster.

    Args:
        cluster: the name of the cluster's profile, without .toml
        purpose: the certificate purpose, as Cisco's pages name it
        force: renew although it is not due yet
    """
    # Before anything (S1-S5)
    dead = take_lock(cluster, flow_run.id)
    hear_answers(cluster, purpose)
    if sentence := done_already(cluster, purpose, flow_run.id):
        return Completed(message=sentence)
    facts = look_at_cluster(cluster, purpose)
    renewal = open_renewal(cluster, purpose, facts, flow_run.id, force=force)
    if isinstance(renewal, NothingToDo):
        return Completed(message=renewal.sentence)
    plan = draw_up_plan(renewal, facts)
    renewal = take_over(renewal, plan, dead)
    ask(Gate.START, renewal, plan, start_question(plan))

    # Steps 1-4: one request for the whole cluster (S6-S11)
    csr = done(renewal, plan, generate_multi_server_csr)
    noticed = confirm_csr_on_every_node(renewal, plan, csr)

    # What phones trust has gates of its own, before signing (S23, S24)
    if plan.changes_phones:
        done(renewal, plan, before_signing)

    # Signing (S12-S14)
    leaf, chain = obtain_certificate(renewal, plan, csr)
    noticed += check_issued(renewal, plan, facts, csr, leaf, chain)
    accept(renewal, plan, leaf, noticed)
    activate(renewal, plan, leaf, chain, noticed)

    # ... and from here on a path of its own (S21-S26)
    if plan.changes_phones:
        done(renewal, plan, change_what_phones_trust, csr, leaf, chain)
    else:
        # Steps 5-6: the CA's certificates; in the window, single sign-on off (S3), the cluster's own (S15-S18)
        done(renewal, plan, upload_ca_certificates, leaf, chain)
        wait_for_window(renewal, plan)
        done(renewal, plan, switch_sso_off)
        look_before_leaf(renewal, plan, csr, chain)
        done(renewal, plan, upload_certificate, csr, leaf, chain)

        # Step 7: restart, publisher first (S19)
        wait_for_window(renewal, plan)
        done(renewal, plan, restart_services, leaf)
        done(renewal, plan, keep_services_up)

    # Verify (S20), single sign-on on again (S3)
    served = prove_on_every_node(renewal, plan, leaf, chain)
    done(renewal, plan, see_sso_on)

    # Afterwards (S28)
    report_leftovers(renewal, plan, leaf, chain)
    see_to_backup(renewal, plan, leaf)
    return Completed(message=close_with_evidence(renewal, plan, leaf, served))
