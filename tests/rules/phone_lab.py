"""A cluster of two CallManager nodes with its phones, in good order; a test states the change."""

from cryptography.hazmat.primitives import hashes

from ucrenew.domain.phone_rules import CALLMANAGER, TVS, PhoneFacts
from ucrenew.domain.phones import (
    CallManagerGroup,
    Census,
    EnterpriseParameters,
    KnownPhone,
    Registration,
    SecurityMode,
    census,
)
from ucrenew.domain.trust_lists import TrustList, TrustRecord

from .builder import self_signed
from .lab import IMP, PUB, SUB

RECOVERY = "CN=ITLRECOVERY_cs-ccm-pub;O=Example"
TOKEN = 'cn="SAST-ADN0054f509        ";ou=IPCBU;o="Cisco Systems'
RUNNING = {CALLMANAGER, TVS, "Cisco Tftp", "Cisco CTIManager", "Cisco HAProxy"}


def record(certificate, number=1, function="CCM+TFTP", **changes):
    """A record about this certificate."""
    values = {
        "number": number,
        "function": function,
        "subject": ";".join(certificate.subject.rfc4514_string().split(",")),
        "issuer": ";".join(certificate.issuer.rfc4514_string().split(",")),
        "serial": certificate.serial_number,
        "certificate_hash": certificate.fingerprint(hashes.SHA1()).hex(),
        "dns_name": "cs-ccm-pub",
        "signed_the_list": False,
    }
    return TrustRecord(**values | changes)


def trust_list(*certificates, **changes):
    """A list that holds these for CallManager and TFTP, signed by ITLRecovery."""
    held = certificates or (self_signed("cs-ccm-pub.example.com"),)
    values = {
        "md5": "a" * 32,
        "sha1": "b" * 40,
        "modified": "Tue Nov 24 10:00:00 CET 2026",
        "records": tuple(record(one, number) for number, one in enumerate(held, start=1)),
        "verified": True,
        "signer_name": RECOVERY,
        "signer_serial": 5,
    }
    return TrustList(**values | changes)


def name(number):
    """The name of a desk phone."""
    return f"SEP{number:012X}"


def registration(number=1, node="cs-ccm-pub", status="Registered", at=100, **changes):
    """A phone that is registered."""
    return Registration(name(number), node, status, at=at, model="684", protocol="SIP", **changes)


def known(number=1, pool="DP-HQ", security="Non Secure"):
    """A phone of the database."""
    return KnownPhone(name(number), "Cisco 8845", "SIP", pool, security)


def facts(**changes):
    """Four phones on two nodes, non-secure, all registered."""
    values = {
        "mode": SecurityMode.NON_SECURE,
        "parameters": EnterpriseParameters(SecurityMode.NON_SECURE, rollback=False, phone_interaction="Reset"),
        "ctl": None,
        "started": {PUB: frozenset(RUNNING), SUB: frozenset(RUNNING), IMP: frozenset({"Cisco Tomcat"})},
        "census": census(registration(n, "cs-ccm-pub" if n % 2 else "cs-ccm-sub") for n in range(4)),
        "itls": {PUB.name: trust_list(), SUB.name: trust_list()},
        "known": {name(n): known(n) for n in range(4)},
        "groups": (CallManagerGroup("CMG-HQ", ("CM_sub", "CM_pub"), ("DP-HQ",)),),
    }
    return PhoneFacts(**values | changes)


def mixed(ctl=None, **changes):
    """The same in mixed mode, with a tokenless CTL and one encrypted phone."""
    parameters = EnterpriseParameters(SecurityMode.MIXED, rollback=False, phone_interaction="Reset")
    phones = {name(n): known(n, security="Encrypted" if n == 3 else "Non Secure") for n in range(4)}
    values = {"mode": SecurityMode.MIXED, "parameters": parameters, "ctl": ctl or trust_list(), "known": phones}
    return facts(**values | changes)


EMPTY = Census()
