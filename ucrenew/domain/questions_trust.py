"""Questions about phones' trust when something has been changed: by other hands, and by this renewal (S23, S30)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cryptography import x509 as crypto

from ucrenew.domain.finding import Finding
from ucrenew.domain.interlock import TrustChange
from ucrenew.domain.plan import Plan
from ucrenew.domain.questions import listed, shown
from ucrenew.domain.x509 import fingerprint

_HOW = (
    "Take a phone **of each model** and, best, of each site: the corporate directory or another HTTPS service has to",
    "open on it, and Settings > Security > Trust List has to show the ITL that `show itl` prints on its TFTP server.",
)


def changed_question(plan: Plan, change: TrustChange) -> str:
    """Whether phones trust the cluster since somebody else changed what they rest on."""
    return "\n".join(
        (
            f"### {change.what} was changed on {plan.cluster} meanwhile: do the phones trust it?",
            "",
            f"It was changed {change.about}, and noticed on {change.changed_at:%Y-%m-%d %H:%M} UTC. As many phones are",
            "registered as before; that proves nothing, for phones that trust nothing any more may stay registered.",
            "With CallManager's certificate changed on top of it such phones are lost, every single one by hand.",
            "",
            *_HOW,
            "",
            "**approve** when you have seen it on those phones today; name them in the remark. **deny** stops here.",
            "",
            *shown(plan),
        )
    )


def ctl_by_hand(plan: Plan, leaf: crypto.Certificate, wrong: Iterable[Finding] = ()) -> str:
    """Have a person update a CTL that the cluster signs itself, where people do what changes something (S25)."""
    return "\n".join(
        (
            f"### Update the CTL of {plan.cluster}",
            "",
            "The cluster is in mixed mode, and the new certificate is on every node. **Nothing is restarted before the",
            f"CTL holds it**: secure phones would drop. On **{plan.publisher}**, logged in by SSH with an OS",
            "administration account, give `utils ctl update CTLFile`, answer `y`, and see it say `CTL file Updated`.",
            "Restart nothing and reset no phones, whatever it says next: that follows here, in order.",
            "",
            f"`show ctl` there has to show serial `{leaf.serial_number:x}` for CCM+TFTP, and does when it is done.",
            "",
            *listed("What is not right yet", map(str, wrong)),
            "**approve** when it is done; the CTL is read back. **deny** stops half-way: whoever restarts a service",
            "before the CTL is updated loses the secure phones.",
            "",
            *shown(plan),
        )
    )


def proven_question(plan: Plan, leaf: crypto.Certificate, models: Sequence[str], itls: Iterable[str]) -> str:
    """Whether phones trust the cluster with its new certificate: until it is seen, nothing they rest on may change."""
    return "\n".join(
        (
            f"### Do the phones of {plan.cluster} trust its new {plan.purpose} certificate?",
            "",
            f"Certificate `{fingerprint(leaf)}` is in service and the phones are back. Until somebody has seen that",
            "they trust it, CallManager, TVS, CAPF and ITLRecovery stay as they are: a second change would lose them.",
            "",
            *_HOW,
            "",
            *listed("Models that are registered", models),
            *listed("Lists that the nodes hand out now, by SHA-1", itls),
            "**approve** when you have seen it on those phones; name them in the remark. **deny** ends this run with",
            "the renewal open: a new run asks again.",
            "",
            *shown(plan),
        )
    )


def churn_question(plan: Plan, findings: Iterable[str]) -> str:
    """Phones register anew again and again after everything is done (S30, CSCup28852)."""
    return "\n".join(
        (
            f"### Phones of {plan.cluster} do not settle",
            "",
            "Everything is restarted, and phones were counted twice since then.",
            "",
            *listed("What was seen", findings),
            "Where phones reset every seven minutes or so, that is CSCup28852: restart TVS, then Tftp, on every node,",
            "one node after the other, reset the phones once, and have TAC look at the release where it goes on.",
            "",
            "**approve** goes on to the end; the evidence names what was seen. **deny** stops here, with the renewal",
            "open.",
            "",
            *shown(plan),
        )
    )
