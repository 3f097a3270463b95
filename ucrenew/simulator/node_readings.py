"""What the reference only infers about the certificate API, the command line and Control Center of a node."""

# ruff: noqa: RUF009, FBT003 - what is called only makes a field of the settings that it is given
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ucrenew.simulator.reading import Asks, reading


@dataclass
class NodeReadings:
    """What any client of a node may see either way."""

    # --- the certificate API: who is let in, and when
    api_on_8443: bool = reading(True, False, source="cucm.md §1.1", says="whether 8443 answers the API as 443 does")
    forbidden_status: Literal[403, 401] = reading(
        403, 401, source="cucm.md §1.1", says="what a write by an account of privilege 0 gets"
    )
    while_tomcat_starts: Literal["refused", "404", "503"] = reading(
        "refused", "404", "503", source="cucm.md §1.1", says="what a call meets while Tomcat is coming up"
    )
    # --- what it is asked
    multi_server_word: str = reading(
        "multi-server",
        "cluster",
        source="cucm.md §1.3",
        says="the `distribution` of a cluster-wide certificate was never seen",
        free=True,
    )
    multi_server_where: Literal["any-node", "publisher"] = reading(
        "any-node",
        "publisher",
        source="cucm.md §1.1, §6.5",
        says="whether a subscriber takes a call for the whole cluster",
    )
    ec_word: Literal["both", "ec", "ecdsa"] = reading(
        "both", "ec", "ecdsa", source="cucm.md §1.3", says="the `keyType` of an elliptic key"
    )
    # --- what it answers
    options_path: Literal["both", "/options", "/snapshot/options"] = reading(
        "both", "/options", "/snapshot/options", source="cucm.md §1.2", says="where the options are"
    )
    identity_reply_form: Literal["object", "array"] = reading(
        "object", "array", source="cucm.md §1.2", says="the shape of `GET /identity/certificate`"
    )
    trust_reply_form: Literal["array", "object"] = reading(
        "array", "object", source="cucm.md §1.2", says="the shape of `GET /trust/certificate`"
    )
    snapshot_form: Literal["object", "array"] = reading(
        "object", "array", source="cucm.md §1.4", says="whether the snapshot is the bare array of identities"
    )
    trust_service_form: Literal["tomcat", "tomcat-trust"] = reading(
        "tomcat", "tomcat-trust", source="cucm.md §1.4", says="what a trust list of the snapshot is called"
    )
    trust_list_key: Literal["certificate_data", "certificates"] = reading(
        "certificate_data", "certificates", source="cucm.md §1.4", says="the key under which it holds its certificates"
    )
    reuse_hides_callmanager: bool = reading(
        True, False, source="cucm.md §1.4, §4.4", says="whether a reused CallManager is left out of snapshot and list"
    )
    upload_status: Literal[200, 201] = reading(200, 201, source="cucm.md §1.2", says="the status of a good upload")
    success_names_nodes: bool = reading(
        True, False, source="cucm.md §6.3", says="whether a good answer names nodes and what to restart"
    )
    error_keys: Literal["both", "messages", "message", "error"] = reading(
        "both", "messages", "message", "error", source="cucm.md §1.5", says="where the text of a refusal is"
    )
    refusal_words: Literal["guide", "variant", "file"] = reading(
        "guide", "variant", "file", source="cucm.md §4.8", says="which of the texts a refusal carries"
    )
    key_mismatch_status: int = reading(
        500, 400, source="cucm.md §1.3, §6.2", says="the status for a certificate of another request", free=True
    )
    # --- what it takes
    already_there: Literal["ok", "error"] = reading(
        "ok", "error", source="cucm.md §1.6", says="what a second upload of the same CA certificate gets"
    )
    older_namesake: Literal["ok", "error"] = reading(
        "ok", "error", source="cucm_inside.md §A", says="what an older namesake gets, which is not stored either way"
    )
    issuer_needed_in_trust: bool = reading(
        False, True, source="cucm.md §4.8", says="whether a CA certificate is refused while its own issuer is missing"
    )
    chain_with_leaf: Literal["ignored", "counts"] = reading(
        "ignored", "counts", source="cucm.md §1.5", says="whether a chain sent with the leaf saves its own upload"
    )
    partial_fan_out: Literal["ok", "error", "refused"] = reading(
        "ok",
        "error",
        "refused",
        source="cucm.md §6.6, cucm_inside.md §C",
        says="what a call gets of whose nodes one is down: an error with the others done, or with nothing done",
    )
    # CSCus47235: so it is on 10.5.2; whether elsewhere is open.
    common_name_in_san: bool = reading(
        True, False, source="cucm.md §4.6", says="whether the common name is repeated among the names"
    )
    # --- the command line
    ssh_login: Literal["by-release", "keyboard-interactive", "both"] = reading(
        "by-release",
        "keyboard-interactive",
        "both",
        source="cucm.md §2.1",
        says="which methods SSH offers; between 11.5 and 15 none was seen",
    )
    service_state_form: Literal["tight", "blanks"] = reading(
        "tight", "blanks", source="cucm.md §2.2", says="whether states are printed with inner blanks, as HCM-F does"
    )
    primary_node_elsewhere: Literal["false", "absent"] = reading(
        "false", "absent", source="cucm.md §2.2", says="the last line of the list where it is not the publisher's"
    )
    restart_forgets_started: bool = reading(
        False, True, source="cucm.md §2.2", says="whether the prompt comes back after [STARTING]"
    )
    on_interrupt: Literal["abandons", "finishes"] = reading(
        "abandons", "finishes", source="procedure.md S19", says="what Ctrl-C does to a restart under way"
    )
    on_hangup: Literal["finishes", "abandons"] = reading(
        "finishes", "abandons", source="procedure.md S19", says="what a lost connection does to it"
    )
    imp_application: str = reading(
        "cups", "imp", source="cucm.md §2.3, §6.13", says="what `show network cluster` calls IM&P", free=True
    )
    backup_status: Literal["cleared", "finished"] = reading(
        "cleared", "finished", source="cucm.md §2.3", says="what `status backup` shows of a backup that is over"
    )
    backup_running_form: Literal["features", "summary"] = reading(
        "features", "summary", source="cucm.md §2.3", says="what `status backup` shows of a backup under way"
    )
    csr_generated_blanks: Literal[1, 2] = reading(
        1, 2, source="cucm.md §2.4", says="the blanks in `Successfully Generated CSR for ..`"
    )
    csr_overwrite_asks: Asks = reading(
        "nothing", "yes-no", source="cucm.md §2.4, §6.8", says="what `set csr gen` asks where there is a request"
    )
    paste_ends: Literal["empty-line", "certificate"] = reading(
        "empty-line", "certificate", source="cucm.md §6.8", says="what ends the paste of `set cert import`"
    )
    cert_delete_asks: Asks = reading(
        "yes-no", "y-n", "nothing", source="cucm.md §2.4", says="what `set cert delete` asks"
    )
    trust_delete_scope: Literal["by-release", "node"] = reading(
        "by-release", "node", source="cucm.md §2.4, cucm_inside.md §B", says="where a deleted CA certificate is gone"
    )
    sso_disabled_words: Literal["SAML SSO Disabled", "Disabled"] = reading(
        "SAML SSO Disabled", "Disabled", source="cucm.md §2.5", says="what `utils sso status` says where it is off"
    )
    sso_disable_asks: Asks = reading(
        "yes-no", "y-n", "nothing", source="cucm.md §2.5, §6.8", says="what `utils sso disable` asks"
    )
    sso_disable_scope: Literal["node", "cluster"] = reading(
        "node", "cluster", source="cucm.md §2.5", says="where it ends SSO"
    )
    # --- SOAP
    soap_prefix: Literal["ns1", "ns2", ""] = reading(
        "ns1", "ns2", "", source="cucm.md §3.2", says="the prefix of a reply's elements; empty is a default namespace"
    )
    # No reading but a fact of the cluster (cucm.md §2.3): 0 non-secure, 1 mixed. It is bent where they are.
    security_mode: int = 0
