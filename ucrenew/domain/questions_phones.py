"""The questions of the path that touches phones' trust: facts, and what to look at (S23, S25, S26)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cryptography import x509 as crypto
from cryptography.hazmat.primitives import hashes

from ucrenew.domain.blast_radius import BlastRadius
from ucrenew.domain.finding import Finding
from ucrenew.domain.phones import Census, Registration, missing
from ucrenew.domain.plan import Plan
from ucrenew.domain.questions import listed, shown
from ucrenew.domain.trust_lists import TrustList
from ucrenew.domain.x509 import fingerprint

NAMED = 50  # phones that a question names
# cucm.md §4.3; what affects all phones is said to do so.
_RECOVERY = (
    "To bring back phones that trust nothing new, from the mildest on; look at some phones after each:",
    "",
    "1. in mixed mode see by `show ctl` on the publisher whether the CTL holds the new certificate; where not,",
    "   give `utils ctl update CTLFile` there, restart Cisco Tftp and Cisco CallManager node by node, reset phones;",
    "2. reset the phones that are not back: they fetch their lists again, and ask a TVS that they trust;",
    "3. `utils itl reset localkey` in a non-secure cluster, `utils ctl reset localkey` in mixed mode: signs the lists",
    "   with another key that phones know. **It affects all phones**: with Cisco TAC;",
    "4. delete ITL and CTL on the phone itself, one phone after another.",
    "",
)


def phones_trust_question(
    plan: Plan, radius: BlastRadius, noticed: Iterable[Finding], models: Sequence[str], *, again: bool = False
) -> str:
    """Whether phones trust TVS now: asked before signing, and again before the certificate is put there (S23)."""
    before = "its certificate is put on the nodes" if again else "anything is sent to a CA"
    return "\n".join(
        (
            f"### Do the phones of {plan.cluster} trust the cluster, before {before}?",
            "",
            f"The {plan.purpose} certificate is what phones verify files and calls by. They accept a new one only when",
            "they can ask a Trust Verification Service that they trust. Phones that cannot keep their old lists, and",
            "somebody has to delete the lists on every single one of them.",
            "",
            "Take a phone **of each model** and, best, of each site, and on it:",
            "",
            "1. open the corporate directory or another HTTPS service: it has to open, with no error of certificates;",
            "2. see Settings > Security > Trust List: it has to show an ITL file, and its signature has to be the",
            "   checksum that `show itl` prints on the TFTP server of the phone.",
            "",
            *(("What was answered days ago does not count any more: look again today.", "") if again else ()),
            *listed("Models that are registered", models),
            *listed("What is touched", radius.lines()),
            *listed("What the checks noticed", map(str, noticed)),
            "**approve** when you have seen it on those phones; name them in the remark. **deny** ends this renewal,",
            "and nothing has changed.",
            "",
            *shown(plan),
        )
    )


def ctl_question(plan: Plan, leaf: crypto.Certificate, ctl: TrustList | None, wrong: Iterable[Finding] = ()) -> str:
    """Have a person with the USB token update the CTL, now that the certificate is there (S25, cucm.md §4.3)."""
    signed = f"It is signed by '{ctl.signer_name}', and was changed {ctl.modified}." if ctl else "There is none now."
    return "\n".join(
        (
            f"### Update the CTL of {plan.cluster} with your USB token",
            "",
            "The cluster is in mixed mode and its CTL is signed by a token, which only a person can do. The new",
            "certificate is on every node, and **nothing is restarted before the CTL holds it**: secure phones would",
            f"drop. {signed}",
            "",
            "1. Start the Cisco CTL client, connect it to the publisher, and choose *Update CTL File*.",
            "2. Insert the token when asked for it, add what is missing, and finish.",
            "3. Do not restart services or reset phones: that follows here, in order.",
            "",
            f"The CTL has to hold serial `{leaf.serial_number:x}`, SHA-1 `{_sha1(leaf)}`,",
            f"SHA-256 `{fingerprint(leaf)}`.",
            "",
            *listed("What is not right yet", map(str, wrong)),
            "Where no token is to be had any more, `utils ctl update CTLFile` on the publisher makes it a tokenless",
            "one. Every phone then has to be reset to take it; those that cannot verify it need it deleted by hand.",
            "",
            "**approve** when it is done; the CTL is read back. **deny** stops half-way: the certificate is on the",
            "nodes and not in the CTL, and whoever restarts a service before it is loses the secure phones.",
            "",
            *shown(plan),
        )
    )


def phones_question(plan: Plan, before: Census, after: Census, done: Sequence[str], left: Sequence[str]) -> str:
    """Go on although phones are not back, or stop here (S26)."""
    gone = missing(before, after)
    return "\n".join(
        (
            f"### {len(gone)} phones of {plan.cluster} are not back: go on?",
            "",
            f"{len(before.registered)} were registered before the first change, {len(after.registered)} are now.",
            "",
            *listed("By node, before and now", _by_node(before, after)),
            *listed("Nodes that do not answer for their phones", after.silent),
            *listed("Not back", (*map(_seat, gone[:NAMED]), *_more(gone))),
            *listed("Restarted so far", done),
            *listed("Not restarted yet", left),
            "Look at some of them first. A phone that cannot update its trust list, or opens no HTTPS service, trusts",
            "nothing new: then **stop**, because going on takes the next phones with it. A phone that was unplugged,",
            "or whose switch is off, is no reason to stop.",
            "",
            *_RECOVERY,
            "**approve** goes on with what is not restarted yet. **deny** stops here; the record names every phone.",
            "",
            *shown(plan),
        )
    )


def _by_node(before: Census, after: Census) -> tuple[str, ...]:
    were, are = before.by_node(), after.by_node()
    return tuple(f"{node}: {were.get(node, 0)} before, {are.get(node, 0)} now" for node in sorted({*were, *are}))


def _seat(phone: Registration) -> str:
    return f"{phone.name}, was on {phone.node}"


def _more(gone: Sequence[Registration]) -> tuple[str, ...]:
    return (f"and {len(gone) - NAMED} more",) if len(gone) > NAMED else ()


def _sha1(certificate: crypto.Certificate) -> str:
    """As `show ctl` shows it: a check value for comparing, no signature."""
    return certificate.fingerprint(hashes.SHA1()).hex(" ").upper()  # noqa: S303
