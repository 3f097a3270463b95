"""How the CA and the web server in front of it are set up, and what its policy makes of a request.

`POST /ca` takes, beside the settings of `iis.py`, the defects of `signing.Bends` and the answers of `ca_answers.py`,

template    {name: {attribute: value}}, attributes of `templates.Template`
standalone  true: no template is used, and everything waits for an officer (certsrv.md §2, §5)
renew       "new-key" or "same-key": renew the CA once, under the same name (§6)
renewals    a number: renew it with new keys until it was renewed so often
profile     "honest": all but the renewals as it was at the start
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from cryptography import x509

from ucrenew.simulator import bending, refusals
from ucrenew.simulator.iis import Iis
from ucrenew.simulator.refusals import Refusal
from ucrenew.simulator.signing import HONEST, Bends
from ucrenew.simulator.templates import TEMPLATES, Template, as_requested

_RENEWALS = ("new-key", "same-key")
_OF_IIS = frozenset(one.name for one in fields(Iis))


@dataclass(frozen=True)
class Setup:
    """Settings that change together or not at all.

    A ``standalone`` CA is outside the directory: it has no templates, and all that it gets waits for an officer
    (certsrv.md §2, §5).
    """

    bends: Bends = HONEST
    templates: Mapping[str, Template] = field(default_factory=lambda: {one.name: one for one in TEMPLATES})
    iis: Iis = field(default_factory=Iis)
    standalone: bool = False

    def changed(self, changes: Mapping[str, object]) -> Setup:
        """The set-up with ``changes``. Raises ValueError with a sentence."""
        told = dict(changes)
        templates, standalone = told.pop("template", {}), told.pop("standalone", self.standalone)
        web = {name: told.pop(name) for name in _OF_IIS & told.keys()}
        if standalone is not True and standalone is not False:
            raise ValueError(f"{standalone!r} is no value for standalone")
        return Setup(
            bending.replaced(self.bends, told),
            bending.templates(self.templates, templates),
            bending.replaced(self.iis, web),
            standalone=standalone,
        )

    def template(self, name: str | None) -> Template | None:
        """A published template by its short name; directory names know no case."""
        wanted = (name or "").casefold()
        found = [one for one in self.templates.values() if one.published and one.name.casefold() == wanted]
        return None if self.standalone or not found else found[0]

    def template_of(self, csr: x509.CertificateSigningRequest, name: str) -> Template | None:
        """By what a request is issued that named this template, or none at a standalone CA."""
        return self.template(name) if name else as_requested(csr)

    def refusal(self, csr: x509.CertificateSigningRequest | None, name: str | None) -> Refusal | None:
        """Why a submission is denied at once, or None."""
        refused = refusals.of_csr(csr)
        return refused or (None if self.standalone else refusals.of_policy(csr, name, self.template(name)))

    def waits(self, name: str | None) -> bool:
        """Whether an officer has to decide (§5.1)."""
        template = self.template(name)
        return self.standalone or (template is not None and template.approval)


def renewals_due(once: object, done: int, wanted: object) -> list[str]:
    """How the CA is to be renewed now, one word a time; raises ValueError with a sentence."""
    if once is not None and once not in _RENEWALS:
        raise ValueError(f"renew takes {' or '.join(_RENEWALS)}, not {once!r}")
    if isinstance(wanted, int) and wanted < done:
        raise ValueError(f"the CA was renewed {done} times already; that cannot be taken back")
    missing = wanted - done if isinstance(wanted, int) else 0
    return ["new-key"] * missing + ([str(once)] if once else [])
