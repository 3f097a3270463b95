"""What the reference only infers about phones, lists and SOAP, each an attribute that switches between the readings.

Bent by `POST /cluster` like the other readings; a module of its own, because the phones are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass
class PhoneReadings:
    """Facts that are only inferred; each attribute is one of the readings, to be bent at any time."""

    # cucm.md §4.3: ITLRecovery signs from 12.0; D214231 leaves open that CallManager does on a later release.
    itl_signer: Literal["release", "CallManager"] = "release"
    # Issue 6, §4.3: what a phone does that was offered a list which it cannot verify, by its transport.
    untrusting_phone: Literal["stays", "drops"] = "stays"
    untrusting_tls_phone: Literal["drops", "stays"] = "drops"
    # §4.2: D214231 resets phones before TFTP restarts, [T] of 10.5 asks for the restart first.
    tftp_serves_ctl: Literal["at-once", "after-restart"] = "at-once"
    # §4.3: whether TFTP writes its ITL anew when a certificate changes, or when it starts.
    itl_rebuilt: Literal["tftp-start", "certificate-change"] = "tftp-start"
    # §4.2: SG14 says that TVS restarts by itself from 14.
    tvs_restarts_itself: bool = True
    # §4.2: SG14 restarts HAProxy alone from 14SU1, D214231 CallManager as well: which of them shows phones the leaf.
    callmanager_front: Literal["Cisco CallManager", "Cisco HAProxy"] = "Cisco CallManager"
    # §2.5: texts of which none was seen; "ctl file not found" is from a note.
    no_ctl_text: str = "show ctl file not found"
    ctl_refused_text: str = "Executed command unsuccessfully\nThis command can be run on the publisher only"
    ctl_nonsecure_text: str = "Executed command unsuccessfully\nThe cluster is not in Mixed mode"
    # §2.5 [T]: the newer question names auto-registration.
    auto_registration: bool = True
    # §4.1, §4.3: what the database calls the two enterprise parameters.
    interaction_parameter: str = "PhoneInteractionOnCertificateUpdate"
    rollback_parameter: str = "PrepareClusterForRollbackToPre80"
    # §3.2: whether a call that restarts a service answers at once or when it is done.
    control_answers: Literal["at-once", "when-done"] = "at-once"
    # §3.1: what resetEnterpriseParameters resets; the schema's comment says the values.
    enterprise_reset: Literal["devices", "values"] = "devices"
    # §3.1: whether the application user has the role for AXL, and after how many rows a query is too large.
    axl_role: bool = True
    axl_row_limit: int = 8000
    # §3.3: most devices a page (1000 older, 2000 risnpm), calls in a window, the status of "Exceeded allowed rate".
    ris_page: int = 1000
    ris_calls: int = 15
    ris_refusal_status: int = 500
    # §3.3: `...Ext` with a wildcard "may return little"; the name of its response; a phone that never registered.
    ris_ext_wildcard: Literal["little", "all"] = "little"
    ris_ext_response: Literal["selectCmDeviceExtResponse", "selectCmDeviceResponse"] = "selectCmDeviceExtResponse"
    ris_never_seen: Literal["absent", "Unknown"] = "absent"
