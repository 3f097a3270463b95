"""The truth about phones as JSON: counts by node, and the details of one."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import datetime

from ucrenew.simulator.identity import fingerprint
from ucrenew.simulator.phone import Phone
from ucrenew.simulator.telephony import SERVICES, Telephony
from ucrenew.simulator.trust_list import TrustList


def summary(telephony: Telephony, now: datetime) -> dict[str, object]:
    """Everything but the single phones."""
    phones = telephony.registration.phones.values()
    on_node = Counter(phone.node for phone in phones if phone.node)
    on_tls = Counter(phone.node for phone in phones if phone.node and telephony.registration.uses_tls(phone))
    away = [phone for phone in phones if phone.node is None and not phone.offline]
    return {
        "security_mode": telephony.security_mode,
        "parameters": asdict(telephony.parameters),
        "total": len(phones),
        "registered": sum(on_node.values()),
        "unregistered": len(away),
        "coming_back": sum(phone.due is not None for phone in away),
        "offline": sum(phone.offline for phone in phones),
        "lost": sum(phone.refused for phone in phones),
        "https": sum(telephony.registration.opens_https(phone) for phone in phones),
        "churn": telephony.churn.when,
        "churning": sum(not telephony.churn.sight(phone, now).registered for phone in phones if phone.node),
        "automatic_resets": telephony.automatic_resets,
        "signed_by": telephony.files.signed_by,
        "ctl": _list(telephony.files.ctl),
        "nodes": {
            name: {
                "registered": on_node[name],
                "tls": on_tls[name],
                "shown": {
                    service: fingerprint(certificate)
                    for service in SERVICES
                    if (certificate := telephony.shown(node, service))
                },
                "itl": _list(telephony.files.itl.get(name)),
            }
            for name, node in telephony.members.items()
        },
        "groups": [group.model_dump() for group in telephony.groups],
    }


def by_model(telephony: Telephony) -> list[tuple[str, int, int, int]]:
    """Model, phones of it, those that are registered, and those of them on which an HTTPS service opens."""
    found: dict[str, list[Phone]] = {}
    for phone in telephony.registration.phones.values():
        found.setdefault(phone.model.name, []).append(phone)
    rows = []
    for model, phones in sorted(found.items()):
        registered = [phone for phone in phones if phone.node]
        rows.append((model, len(phones), len(registered), sum(map(telephony.registration.opens_https, registered))))
    return rows


def details(telephony: Telephony, phone: Phone, now: datetime) -> dict[str, object]:
    """One phone: what it is, where it is, what it trusts."""
    seen = telephony.churn.sight(phone, now)
    return {
        "name": phone.name,
        "model": phone.model.name,
        "protocol": phone.model.protocol,
        "group": phone.group.name,
        "secure": phone.secure,
        "lsc": phone.lsc,
        "dot1x": phone.dot1x,
        "offline": phone.offline,
        "registered": seen.registered,
        "node": phone.node,
        "reason": seen.reason,
        "since": seen.since.isoformat() if seen.since else None,
        "due": phone.due.isoformat() if phone.due else None,
        "lost": phone.refused,
        "https": telephony.registration.opens_https(phone),
        "itl": phone.itl.sha1 if phone.itl else None,
        "ctl": phone.ctl.sha1 if phone.ctl else None,
    }


def _list(held: TrustList | None) -> dict[str, object] | None:
    if held is None:
        return None
    return {
        "sha1": held.sha1,
        "md5": held.md5,
        "made_at": held.made_at.isoformat(),
        "signer": held.signer.fingerprint,
        "blank": held.blank,
        "records": [
            {"function": record.function, "host": record.host, "fingerprint": record.fingerprint}
            for record in held.records
        ],
    }
