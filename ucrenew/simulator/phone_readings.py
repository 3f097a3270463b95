"""What the reference only infers about phones, trust lists, and SOAP that tells of phones."""

# ruff: noqa: FBT003 - what is called only makes a field of the settings that it is given
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ucrenew.simulator.reading import reading


@dataclass
class PhoneReadings:
    """What phones do, and what a client that looks after them may see, either way."""

    # --- phones and what they trust
    itl_signer: Literal["release", "CallManager"] = reading(
        "release", "CallManager", source="cucm.md §4.3", says="whether ITLRecovery signs from 12.0 on, or CallManager"
    )
    untrusting_phone: Literal["stays", "drops"] = reading(
        "stays", "drops", source="cucm.md §4.3", says="what a phone does that was offered a list it cannot verify"
    )
    untrusting_tls_phone: Literal["drops", "stays"] = reading(
        "drops", "stays", source="cucm.md §4.3", says="the same of a phone on TLS"
    )
    tftp_serves_ctl: Literal["at-once", "after-restart"] = reading(
        "at-once", "after-restart", source="cucm.md §4.2", says="whether TFTP has to restart before it hands a CTL out"
    )
    itl_rebuilt: Literal["tftp-start", "certificate-change"] = reading(
        "tftp-start", "certificate-change", source="cucm.md §4.3", says="when TFTP writes its ITL anew"
    )
    tvs_restarts_itself: bool = reading(
        True, False, source="cucm.md §4.2", says="whether TVS restarts by itself from 14 on"
    )
    callmanager_front: Literal["Cisco CallManager", "Cisco HAProxy"] = reading(
        "Cisco CallManager", "Cisco HAProxy", source="cucm.md §4.2", says="whose restart shows phones the certificate"
    )
    # --- the command line
    no_ctl_text: str = reading(
        "show ctl file not found",
        "There is no CTL file",
        source="cucm.md §2.5",
        says="what `show ctl` says without one",
        free=True,
    )
    ctl_refused_text: str = reading(
        "Executed command unsuccessfully\nThis command can be run on the publisher only",
        "Only on the publisher",
        source="cucm.md §2.5",
        says="what `utils ctl` says elsewhere than on the publisher",
        free=True,
    )
    ctl_nonsecure_text: str = reading(
        "Executed command unsuccessfully\nThe cluster is not in Mixed mode",
        "Set the cluster to mixed mode first",
        source="cucm.md §2.5",
        says="what `utils ctl update` says in a non-secure cluster",
        free=True,
    )
    auto_registration: bool = reading(
        True, False, source="cucm.md §2.5", says="whether the question before mixed mode names auto-registration"
    )
    # --- SOAP and the database
    interaction_parameter: str = reading(
        "PhoneInteractionOnCertificateUpdate",
        "InteractionOnUpdate",
        source="cucm.md §4.1",
        says="what the database calls the parameter by which phones are reset",
        free=True,
    )
    rollback_parameter: str = reading(
        "PrepareClusterForRollbackToPre80",
        "RollbackBefore8",
        source="cucm.md §4.3",
        says="what it calls the one for a rollback before 8.0",
        free=True,
    )
    control_answers: Literal["at-once", "when-done"] = reading(
        "at-once", "when-done", source="cucm.md §3.2", says="when a call that restarts a service answers"
    )
    enterprise_reset: Literal["devices", "values"] = reading(
        "devices", "values", source="cucm.md §3.1", says="what resetEnterpriseParameters resets"
    )
    axl_role: bool = reading(
        True, False, source="cucm.md §3.1", says="whether the application user has the role for AXL"
    )
    axl_row_limit: int = reading(
        8000, 20, source="cucm.md §3.1", says="from how many rows on a query is refused", free=True
    )
    ris_page: int = reading(1000, 2000, source="cucm.md §3.3", says="the most devices of one answer", free=True)
    ris_calls: int = reading(15, 18, source="cucm.md §3.3", says="how many calls a minute are answered", free=True)
    ris_refusal_status: int = reading(
        500, 200, 503, source="cucm.md §3.3", says="the status of one too many", free=True
    )
    ris_ext_wildcard: Literal["little", "all"] = reading(
        "little", "all", source="cucm.md §3.3", says="what selectCmDeviceExt finds by a wildcard"
    )
    ris_ext_response: Literal["selectCmDeviceExtResponse", "selectCmDeviceResponse"] = reading(
        "selectCmDeviceExtResponse", "selectCmDeviceResponse", source="cucm.md §3.3", says="what its answer is called"
    )
    ris_never_seen: Literal["absent", "Unknown"] = reading(
        "absent", "Unknown", source="cucm.md §3.3", says="how a phone that never registered is listed"
    )
