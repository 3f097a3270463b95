"""Facts that the reference only infers, each an attribute that switches between the readings (design.md §6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Asks: TypeAlias = Literal["nothing", "yes-no", "y-n"]


@dataclass
class Readings:
    """Facts that are only inferred; each attribute is one of the readings, to be bent at any time."""

    # cucm.md §1.3: the literal for a cluster-wide certificate was never seen.
    multi_server_word: str = "multi-server"
    # cucm.md §1.4: `tomcat` or `tomcat-trust`; `certificate_data` or `certificates`.
    trust_service_form: str = "tomcat"
    trust_list_key: str = "certificate_data"
    # cucm.md §1.2: `array` or `object`.
    trust_reply_form: str = "array"
    # cucm.md §1.4: some clients tolerate the bare array of identities.
    snapshot_form: str = "object"
    # cucm.md §1.6: what a second upload of the same certificate gets, `ok` or `error`.
    already_there: str = "ok"
    # cucm_inside.md §A: an older namesake is not uploaded; whether that is an error is unknown, `ok` or `error`.
    older_namesake: str = "ok"
    # cucm.md §1.5: whether a chain sent together with the leaf saves the upload of trust, `ignored` or `counts`.
    chain_with_leaf: str = "ignored"
    # cucm.md §4.8: whether a CA certificate is refused while its own issuer is missing.
    issuer_needed_in_trust: bool = False
    # cucm.md §1.3, §6.2: a key mismatch is 500 for netSSL; other refusals are 400.
    key_mismatch_status: int = 500
    # CSCus47235: the CN is not repeated among the names on 10.5.2, so it is elsewhere (cucm.md §4.6).
    common_name_in_san: bool = True
    # cucm.md §2.2: the prompt may come back after [STARTING], without [STARTED].
    restart_forgets_started: bool = False
    # S19: what Ctrl-C and a lost connection do to a restart under way, `abandons` or `finishes`.
    on_interrupt: str = "abandons"
    on_hangup: str = "finishes"
    # cucm.md §2.5, §6.8: the prompt of `utils sso disable` was never seen.
    sso_disable_asks: Asks = "yes-no"
    # cucm.md §2.5: whether it ends SSO on one node or on all.
    sso_disable_scope: Literal["node", "cluster"] = "node"
    # cucm.md §2.4: what `set cert delete` asks is known from the page only.
    cert_delete_asks: Asks = "yes-no"
    # cucm.md §3.2: the prefix of a SOAP reply's elements; empty is a default namespace.
    soap_prefix: Literal["ns1", "ns2", ""] = "ns1"
    # cucm.md §4.4: whether CallManager is left out of snapshot and list under reuse (D221070: from 14SU4).
    reuse_hides_callmanager: bool = True
    # cucm.md §2.3: 0 non-secure, 1 mixed.
    security_mode: int = 0
    # cucm.md §2.3: `status backup` of a finished backup, `cleared` or `finished`.
    backup_status: str = "cleared"
