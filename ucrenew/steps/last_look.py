"""The last look before the certificate is uploaded: everything anew, judged at once (design.md §2).

Once the leaf is on a node there is nothing to look at any more. The CA is not asked: it has issued, and may be down.
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509 as crypto

from ucrenew.domain.baseline import Baseline
from ucrenew.domain.before_leaf import BeforeLeafFacts, check_before_leaf
from ucrenew.domain.before_phones import check_before_phones
from ucrenew.domain.finding import Finding, refusals
from ucrenew.domain.plan import Plan
from ucrenew.errors import NeedsPerson
from ucrenew.record import Record
from ucrenew.site import Site
from ucrenew.steps.phones import phones_of
from ucrenew.steps.survey import survey

Csr = crypto.CertificateSigningRequest
Chain = tuple[crypto.Certificate, ...]


def look_before_leaf(site: Site, record: Record, plan: Plan, csr: Csr, chain: Chain) -> None:
    """Our request on every node, no backup, replication, single sign-on, window. Raises NeedsPerson with all of it."""
    if not record.leaf_is_in:
        _require_nothing(plan, check_before_leaf(_seen(site, plan, csr, chain)))


def look_before_phones(  # noqa: PLR0913, PLR0917 - what it is held against
    site: Site, record: Record, plan: Plan, csr: Csr, chain: Chain, baseline: Baseline
) -> None:
    """The same where phones rest on it: their lists, parameters and the mode, too (S22-S24). Raises NeedsPerson."""
    if not record.leaf_is_in:
        seen = _seen(site, plan, csr, chain)
        _require_nothing(plan, check_before_phones(seen, phones_of(seen.cluster), baseline.phones))


def _seen(site: Site, plan: Plan, csr: Csr, chain: Chain) -> BeforeLeafFacts:
    seen = survey(site, plan.purpose, of_authority=False)
    return BeforeLeafFacts(seen, plan, csr, chain, site.profile.maintenance_windows)


def _require_nothing(plan: Plan, findings: Iterable[Finding]) -> None:
    if refused := refusals(findings):
        raise NeedsPerson(
            f"{plan.cluster}: the certificate was not uploaded: {'; '.join(map(str, refused))}. Retry this run when"
            " that is put right"
        )
