"""Rules on a cluster's phones before their trust is touched: mode, lists, parameters, who would be lost (S22-S25).

Sentences name no counts that change by the hour, so that they can stand in a plan; numbers are in the blast radius.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ucrenew.domain.cluster import Node, Product
from ucrenew.domain.finding import Finding, Reason, Severity
from ucrenew.domain.interlock import Place
from ucrenew.domain.phones import CallManagerGroup, Census, EnterpriseParameters, KnownPhone, SecurityMode
from ucrenew.domain.rule import Rule, apply
from ucrenew.domain.trust_lists import Signer, TrustList

CALLMANAGER = "Cisco CallManager"
TVS = "Cisco Trust Verification Service"
PARAMETERS = "System > Enterprise Parameters"
ROLLBACK = "Prepare Cluster for Rollback to pre 8.0"
INTERACTION = "Phone Interaction on Certificate Update"
# Tokenless, as the node itself signs: releases 10 and 11 with CallManager's key, 12 and later with ITLRecovery's.
TOKENLESS = frozenset({Signer.CALLMANAGER, Signer.RECOVERY})


@dataclass(frozen=True)
class PhoneFacts:
    """The phones of a cluster, and what they trust, at one moment."""

    mode: SecurityMode | None  # by AXL, by the CLI where AXL is away; None: not known
    parameters: EnterpriseParameters | None  # None: AXL is away
    ctl: TrustList | None  # of the publisher
    started: Mapping[Node, frozenset[str]]  # services that are up
    census: Census
    itls: Mapping[str, TrustList] = field(default_factory=dict)  # by the name of the node, where its TFTP has one
    known: Mapping[str, KnownPhone] = field(default_factory=dict)  # by name; empty where AXL is away
    groups: tuple[CallManagerGroup, ...] = ()
    identities: Mapping[Place, str] = field(default_factory=dict)  # what phones' trust rests on, by fingerprint

    @property
    def is_mixed(self) -> bool:
        """True in mixed mode; an unknown mode is a finding of its own."""
        return self.mode is SecurityMode.MIXED

    @property
    def over_tls(self) -> frozenset[str]:
        """The phones that register over TLS, as far as AXL told; none in a non-secure cluster."""
        return frozenset(name for name, phone in self.known.items() if self.is_mixed and phone.is_secure)

    def running(self, service: str) -> tuple[Node, ...]:
        """The CUCM nodes on which a service is up, in no order of importance."""
        return tuple(sorted(node for node, up in self.started.items() if service in up))


def ctl_is_driven(facts: PhoneFacts) -> bool:
    """True where the CTL can be updated by us: mixed mode, and the cluster itself signed the list (S25)."""
    return facts.is_mixed and facts.ctl is not None and facts.ctl.signer in TOKENLESS


def mode_is_known(facts: PhoneFacts) -> Finding | None:
    """An unknown mode is never taken for non-secure: in mixed mode the CTL comes before the restarts (S24, S25)."""
    if facts.mode is not None:
        return None
    sentence = f"the cluster security mode cannot be told; look at {PARAMETERS}, or why AXL and CLI do not show it"
    return Finding(Reason.SECURITY_MODE_UNKNOWN, sentence, "S24")


def rollback_is_off(facts: PhoneFacts) -> Finding | None:
    """With it phones get empty lists, and HTTPS services and TVS fail them (cucm.md §4.3)."""
    if facts.parameters is None or not facts.parameters.rollback:
        return None
    sentence = f"'{ROLLBACK}' is True: phones have empty lists; set it to False and reset the phones first"
    return Finding(Reason.ROLLBACK_ON, sentence, "cucm.md §4.3")


def rollback_is_known(facts: PhoneFacts) -> Finding | None:
    """It has to be False; where it cannot be read, a person looks (cucm.md §4.3)."""
    if facts.parameters is not None and facts.parameters.rollback is not None:
        return None
    sentence = f"whether '{ROLLBACK}' is False, as it has to be, cannot be read; look at {PARAMETERS}"
    return Finding(Reason.ROLLBACK_UNKNOWN, sentence, "cucm.md §4.3", severity=Severity.ACCEPT)


def interaction_is_told(facts: PhoneFacts) -> Finding | None:
    """From release 14 on phones may reset by themselves as soon as the certificate is there (cucm_inside.md §E)."""
    shown = facts.parameters.phone_interaction if facts.parameters else None
    value = f"is '{shown}'" if shown else "cannot be read; by default phones reset by themselves"
    sentence = f"'{INTERACTION}' {value}: it decides whether phones reset when the certificate is updated"
    return Finding(Reason.PHONE_INTERACTION, sentence, "cucm_inside.md §E", severity=Severity.WARN)


def ctl_is_there(facts: PhoneFacts) -> Finding | None:
    """Mixed mode without a CTL file is broken already (S25)."""
    if not facts.is_mixed or facts.ctl is not None:
        return None
    sentence = "the cluster is in mixed mode and shows no CTL file; that has to be mended first"
    return Finding(Reason.CTL_MISSING, sentence, "S25")


def ctl_is_verified(facts: PhoneFacts) -> Finding | None:
    """A CTL that the publisher itself cannot verify is no ground to stand on (S25)."""
    if not facts.is_mixed or facts.ctl is None or facts.ctl.verified:
        return None
    sentence = "the publisher does not call its CTL file verified ('show ctl'); that has to be mended first"
    return Finding(Reason.CTL_NOT_VERIFIED, sentence, "S25")


def ctl_signer_is_known(facts: PhoneFacts) -> Finding | None:
    """Who signed decides who may sign anew; a signer that nobody knows is for a person (S25)."""
    if not facts.is_mixed or facts.ctl is None or facts.ctl.signer is not Signer.OTHER:
        return None
    sentence = f"the CTL is signed by '{facts.ctl.signer_name}', which is no token, CallManager or ITLRecovery"
    return Finding(Reason.CTL_SIGNER_UNKNOWN, sentence, "S25")


def ctl_is_not_by_token(facts: PhoneFacts) -> Finding | None:
    """With USB tokens somebody has to be there with one and the CTL client (S25, cucm.md §4.3)."""
    if not facts.is_mixed or facts.ctl is None or facts.ctl.signer is not Signer.TOKEN:
        return None
    sentence = (
        "the CTL is signed by a USB token: a person with the token and the CTL client updates it before the restarts;"
        " tokens are not supported from 14SU3 on"
    )
    return Finding(Reason.CTL_BY_TOKEN, sentence, "S25", severity=Severity.WARN)


def itls_are_verified(facts: PhoneFacts) -> Finding | None:
    """A TFTP that hands out a list which it cannot verify itself loses the phones that take it (cucm.md §4.3)."""
    bad = sorted(name for name, itl in facts.itls.items() if not itl.verified)
    if not bad:
        return None
    sentence = (
        f"the ITL file is not called verified on {', '.join(bad)} ('show itl'); restart TFTP there and look again"
    )
    return Finding(Reason.ITL_NOT_VERIFIED, sentence, "cucm.md §4.3")


def signer_stays(facts: PhoneFacts) -> Finding | None:
    """Before release 12 CallManager's key signs the lists: only TVS can vouch for the next one (cucm.md §4.3)."""
    lists = {**{f"the ITL of {name}": itl for name, itl in facts.itls.items()}, "the CTL": facts.ctl}
    signed = sorted(name for name, one in lists.items() if one and one.signer is Signer.CALLMANAGER)
    if not signed:
        return None
    sentence = (
        f"CallManager's key, which is replaced, signs {', '.join(signed)}: phones accept the next list only"
        " through TVS, and those that do not know TVS (Jabber, 7940, 7960, some TelePresence) not at all"
    )
    return Finding(Reason.SIGNER_REPLACED, sentence, "cucm.md §4.3", severity=Severity.WARN)


def tvs_is_up(facts: PhoneFacts) -> Finding | None:
    """Phones ask the TVS of the servers of their group: one has to run wherever phones register (S23)."""
    down = [node.name for node in facts.running(CALLMANAGER) if TVS not in facts.started[node]]
    if not down:
        return None
    sentence = f"{TVS} is not started on {', '.join(down)}: phones there could not verify a new list"
    return Finding(Reason.TVS_DOWN, sentence, "S23")


def groups_have_a_second_server(facts: PhoneFacts) -> Finding | None:
    """Phones of a group with one server have nowhere to go while it restarts (S26)."""
    alone = sorted((group.name, *group.members) for group in facts.groups if len(group.members) == 1 and group.pools)
    if not alone:
        return None
    shown = ", ".join(f"{name} ({server} only)" for name, server in alone)
    sentence = f"phones of these CallManager groups are out of service while their one server restarts: {shown}"
    return Finding(Reason.SINGLE_SERVER_GROUP, sentence, "S26", severity=Severity.WARN)


def secure_phones_are_told(facts: PhoneFacts) -> Finding | None:
    """Secure phones drop where others stay registered; those with an LSC may also use it for 802.1X (cucm.md §4.2)."""
    if not facts.is_mixed or not any(phone.is_secure for phone in facts.known.values()):
        return None
    sentence = (
        "there are secure phones: they do not register at all with a CTL that they cannot verify. Phones with an LSC"
        " may use it for 802.1X or VPN too: that rests on CAPF, which is not touched here"
    )
    return Finding(Reason.SECURE_PHONES, sentence, "cucm.md §4.2", severity=Severity.WARN)


def phones_are_online(facts: PhoneFacts) -> Finding | None:
    """A phone that is off during the change may later need its list deleted by hand (cucm.md §4.1)."""
    if not offline(facts):
        return None
    sentence = (
        "some desk phones of the database are not registered now: those that come back after more than one such change"
        " trust nothing of the cluster any more, and need their list deleted by hand"
    )
    return Finding(Reason.PHONES_OFFLINE, sentence, "cucm.md §4.1", severity=Severity.WARN)


def phones_are_counted(facts: PhoneFacts) -> Finding | None:
    """Without the phones of every node nobody could tell afterwards who is missing (S26)."""
    expected = {node.host for node in facts.running(CALLMANAGER)}
    silent = sorted({name.partition(".")[0] for name in facts.census.silent} & expected)
    if not silent:
        return None
    sentence = (
        f"RisPort does not answer for the phones of {', '.join(silent)}: who was registered could not be compared"
    )
    return Finding(Reason.PHONES_NOT_COUNTED, sentence, "S26")


def idle_nodes_are_told(facts: PhoneFacts) -> Finding | None:
    """Nodes on which CallManager does not run stay in the SAN; leaving them out is a person's choice (S21)."""
    idle = [node.name for node in idle_nodes(facts)]
    if not idle:
        return None
    sentence = (
        f"{CALLMANAGER} does not run on {', '.join(idle)}: they are kept in the certificate unless somebody"
        " leaves them out who generates the request by hand ([by_hand] csr = true)"
    )
    return Finding(Reason.CALLMANAGER_IDLE, sentence, "S21", severity=Severity.WARN)


def idle_nodes(facts: PhoneFacts) -> tuple[Node, ...]:
    """CUCM nodes on which CallManager does not run: the only ones that a person may leave out of the SAN (S21)."""
    serving = set(facts.running(CALLMANAGER))
    return tuple(sorted(node for node in facts.started if node.product is Product.CUCM and node not in serving))


def offline(facts: PhoneFacts) -> tuple[str, ...]:
    """Desk phones that the database has and that are not registered."""
    registered = facts.census.registered
    return tuple(sorted(name for name, phone in facts.known.items() if phone.keeps_lists and name not in registered))


PHONES: tuple[Rule[PhoneFacts], ...] = (
    mode_is_known,
    rollback_is_off,
    rollback_is_known,
    ctl_is_there,
    ctl_is_verified,
    ctl_signer_is_known,
    itls_are_verified,
    tvs_is_up,
    phones_are_counted,
    ctl_is_not_by_token,
    signer_stays,
    secure_phones_are_told,
    groups_have_a_second_server,
    phones_are_online,
    interaction_is_told,
    idle_nodes_are_told,
)


def check_phones(facts: PhoneFacts) -> tuple[Finding, ...]:
    """Everything that speaks against touching the phones' trust, and what has to be known before."""
    return apply(PHONES, facts)
