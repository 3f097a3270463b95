"""Rules on one node before anything changes: release, services, single sign-on, clock, disk, account (S1-S3)."""

from __future__ import annotations

from ucrenew.domain.facts import NodeFacts
from ucrenew.domain.finding import Finding, Reason, Severity
from ucrenew.domain.release import has_api, is_at_least
from ucrenew.domain.rule import Rule
from ucrenew.domain.x509 import fingerprint

LARGEST_CLOCK_SKEW = 120  # seconds; beyond it a fresh certificate may not be valid yet on a node
FULLEST_DISK = 95  # percent of the active partition; 82 was seen on a healthy node (cucm.md §2.3)
TOMCAT = "Cisco Tomcat"
# Both spellings are about: the CLI's list, and the same with the company's name before it (S2).
PLATFORM_SERVICES = ("Platform Administrative Web Service", "Cisco Platform Administrative Web Service")
# The CLI's list and AXL's enumeration (cucm.md §2.2).
CHANGE_NOTIFICATION = ("Cisco Certificate Change Notification", "Cisco Certificate Change Notification Service")
COMMUNICATION_SERVICE = "Platform Communication Web Service"


def release_has_api(facts: NodeFacts) -> Finding | None:
    """The certificate REST API came with release 14 (S1, cucm.md §1.1)."""
    if has_api(facts.version):
        return None
    sentence = f"runs {facts.version}, and releases before 14 have no certificate REST API"
    return Finding(Reason.RELEASE_WITHOUT_API, sentence, "S1", facts.node.name)


def platform_service_is_up(facts: NodeFacts) -> Finding | None:
    """The Platform Administrative Web Service carries the fan-out between nodes (S2, cucm_inside.md §C)."""
    return _is_up(facts, PLATFORM_SERVICES, Reason.PLATFORM_SERVICE_DOWN, "S2")


def tomcat_is_up(facts: NodeFacts) -> Finding | None:
    """Cisco Tomcat answers the API and the pages (S2)."""
    return _is_up(facts, (TOMCAT,), Reason.TOMCAT_DOWN, "S2")


def change_notification_is_up(facts: NodeFacts) -> Finding | None:
    """It brings the CA certificates from the database into the files of each node (cucm_inside.md §A)."""
    return _is_up(facts, CHANGE_NOTIFICATION, Reason.CHANGE_NOTIFICATION_DOWN, "cucm_inside.md §A")


def communication_service_is_up(facts: NodeFacts) -> Finding | None:
    """The REST web service from 12.5 on; where the list does not have it, nothing is demanded (cucm_inside.md §C)."""
    if COMMUNICATION_SERVICE not in facts.services or not is_at_least(facts.version, 12, 5):
        return None
    advice = " and cannot be started by hand"
    row = "cucm_inside.md §C"
    return _is_up(facts, (COMMUNICATION_SERVICE,), Reason.COMMUNICATION_SERVICE_DOWN, row, advice=advice)


def _is_up(
    facts: NodeFacts, spellings: tuple[str, ...], reason: Reason, row: str, *, advice: str = ""
) -> Finding | None:
    if any(facts.started(name) for name in spellings):
        return None
    state = next((facts.services[name] for name in spellings if name in facts.services), "not in its list")
    return Finding(reason, f"{spellings[0]} is {state}, it has to be STARTED{advice}", row, facts.node.name)


def sso_is_known(facts: NodeFacts) -> Finding | None:
    """An unknown answer about single sign-on is never taken for "off" (S3)."""
    if facts.sso_enabled is not None:
        return None
    sentence = "its answer to 'utils sso status' is in no form that we know; look yourself before anything changes"
    return Finding(Reason.SSO_UNKNOWN, sentence, "S3", facts.node.name)


def sso_is_off(facts: NodeFacts) -> Finding | None:
    """Single sign-on has to be off before a Tomcat certificate is replaced (S3)."""
    if not facts.sso_enabled:
        return None
    sentence = "single sign-on is enabled; disable it, run this again, and enable it after the renewal"
    return Finding(Reason.SSO_ON, sentence, "S3", facts.node.name)


def recovery_url_is_on(facts: NodeFacts) -> Finding | None:
    """Without the recovery URL nobody logs in should single sign-on not come back (S3, cucm.md §2.5)."""
    if not facts.sso_enabled or facts.recovery_url is not False:
        return None
    sentence = (
        "single sign-on is enabled and its recovery URL is not: should it fail, nobody could log in;"
        " 'utils sso recovery-url enable' there"
    )
    return Finding(Reason.RECOVERY_URL_OFF, sentence, "S3", facts.node.name)


def clock_is_right(facts: NodeFacts) -> Finding | None:
    """A node whose clock is off may refuse a fresh certificate, or take an old one."""
    skew = facts.clock_skew_seconds
    if skew is not None and abs(skew) <= LARGEST_CLOCK_SKEW:
        return None
    if skew is None and not (facts.started(TOMCAT) and has_api(facts.version)):
        return None  # nobody could answer, which is a finding of its own
    found = "shows no time in its REST replies" if skew is None else f"has a clock {skew:+.0f} s from ours"
    sentence = f"{found}; at most {LARGEST_CLOCK_SKEW} s is safe for a fresh certificate"
    return Finding(Reason.CLOCK_SKEW, sentence, "cucm.md §4.8", facts.node.name)


def disk_has_room(facts: NodeFacts) -> Finding | None:
    """A full active partition breaks uploads and logs half-way."""
    used = facts.disk_used_percent
    if used is not None and used <= FULLEST_DISK:
        return None
    found = "does not say how full its active partition is" if used is None else f"has {used} % of its disk in use"
    return Finding(Reason.DISK_FULL, f"{found}; at most {FULLEST_DISK} % is safe", "cucm.md §2.3", facts.node.name)


def account_may_write(facts: NodeFacts) -> Finding | None:
    """Privilege 0 reads only; better known now than after the request was signed (cucm.md §1.1)."""
    if facts.may_write is not False:
        return None
    sentence = (
        "the platform account may only read there; it needs privilege 1, or 'actuator = \"person\"' in the profile"
    )
    return Finding(Reason.PRIVILEGE, sentence, "cucm.md §1.1", facts.node.name)


def reuse_is_told(facts: NodeFacts) -> Finding | None:
    """Where CallManager reuses the Tomcat certificate, renewing one changes the other (cucm.md §4.4)."""
    if not facts.reuses_tomcat:
        return None
    sentence = (
        "CallManager reuses the Tomcat certificate: renewing it changes what phones trust, so it takes their path too"
        " (S21-S26)"
    )
    return Finding(Reason.TOMCAT_REUSED, sentence, "cucm.md §4.4", facts.node.name, Severity.WARN)


def reuse_is_known(facts: NodeFacts) -> Finding | None:
    """REST hides CallManager's certificate where it is Tomcat's: not shown is no "not reused" (D221070, cucm.md §4.4).

    Only the CLI tells then, and not to an account that only reads.
    """
    if not facts.reuse_unknown:
        return None
    sentence = (
        "whether CallManager reuses the Tomcat certificate cannot be told: REST shows no CallManager certificate, as"
        " under reuse, which puts the phones at risk, and the platform account may not see it on the CLI. Give the"
        " account privilege 1 there, or compare 'show cert own CallManager' with 'show cert own tomcat' by hand"
    )
    return Finding(Reason.REUSE_UNKNOWN, sentence, "cucm.md §4.4", facts.node.name)


def callmanager_is_its_own(facts: NodeFacts) -> Finding | None:
    """Where CallManager reuses the Tomcat certificate it has no request of its own to be renewed by (cucm.md §4.4)."""
    hidden = facts.identity is None and facts.callmanager is not None
    if not hidden and (facts.identity is None or fingerprint(facts.identity) not in facts.served.values()):
        return None
    sentence = "CallManager reuses the Tomcat certificate there: it is renewed with Tomcat's, and not by itself"
    return Finding(Reason.TOMCAT_REUSED, sentence, "cucm.md §4.4", facts.node.name)


NODE_PREFLIGHT: tuple[Rule[NodeFacts], ...] = (
    release_has_api,
    platform_service_is_up,
    tomcat_is_up,
    change_notification_is_up,
    communication_service_is_up,
    sso_is_known,
    recovery_url_is_on,
    clock_is_right,
    disk_has_room,
    account_may_write,
    reuse_is_told,
    reuse_is_known,
)

# Single sign-on is Tomcat's affair (S3).
_TOMCATS = (sso_is_known, recovery_url_is_on, reuse_is_told)
CALLMANAGER_PREFLIGHT: tuple[Rule[NodeFacts], ...] = (
    *(rule for rule in NODE_PREFLIGHT if rule not in _TOMCATS),
    callmanager_is_its_own,
)
