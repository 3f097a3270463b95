"""`set csr gen`, `set cert import`: what programs that know no other way do on the command line (cucm.md §2.4).

Rule 1: a request made here is for this node alone (D217138, CLIset; [I]).
Rule 2: a command that was begun and given up before its last answer changes nothing and is not in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from ucrenew.simulator.csr import Unacceptable
from ucrenew.simulator.dialogue import Command, Output, Question, Session, question
from ucrenew.simulator.uploads import Refusal

_OU = Question("Include OU in CSR (yes|no)? ", {"yes": True, "no": False})
# [T seed] for the page's warning; [I] guess for what the command line makes of it.
_OVERWRITE = (
    "Generating a new CSR for a specific certificate type will overwrite the existing CSR for that type. "
    "Do you want to continue"
)
_PASTE = "Paste the Certificate and Hit Enter\n"
_END = "-----END CERTIFICATE-----"
# [D SG14] that it cannot be done, [I] the words.
_NOT_BY_CLI = "Multi-server certificates cannot be uploaded by the command line\n"


Upload = Callable[[], object]


class SigningCommands:
    """Requests and certificates of the session's node."""

    def __init__(self, session: Session) -> None:  # noqa: D107 - the class says it
        self._session = session
        self._cluster = session.cluster
        self._node = session.node

    def commands(self) -> list[Command]:
        """What is typed, and what answers."""
        return [
            Command("set csr gen", self._generate, streams=True, level=1, kind="csr"),
            Command("set cert import trust", self._import_trust, streams=True, level=1, kind="trust-upload"),
            Command("set cert import own", self._import_own, streams=True, level=1, kind="leaf-upload"),
        ]

    def _generate(self, unit: str) -> Output:
        """One positional argument [D]; from 14 it asks for the OU first [C getcert]."""
        readings = self._cluster.readings
        if unit in self._node.requests:
            sure = question(_OVERWRITE, readings.csr_overwrite_asks)
            if not (yield from self._session.agrees(sure)):
                return
        with_unit = True
        if self._node.has_certificate_api():
            with_unit = yield from self._session.agrees(_OU)
        try:
            self._cluster.generate_csr(self._node, {"service": unit}, self._session.account, with_unit=with_unit)
        except (Unacceptable, Refusal) as reason:
            yield f"{reason}\n"
            return
        yield f"Successfully Generated CSR{' ' * readings.csr_generated_blanks}for {unit}.\n"

    def _import_trust(self, unit: str) -> Output:
        """One certificate a call [D]; the purpose, or the name of its store ([I])."""
        purpose = unit.removesuffix("-trust")
        yield _PASTE
        text = self._pasted()
        if purpose not in self._node.installed:
            yield f"Invalid service {unit}\n"  # [I] guess
            return
        yield from self._told(purpose, lambda: self._upload_trust(purpose, text))

    def _import_own(self, told: str) -> Output:
        """The unit, and the file of its issuer in the trust store where it is named [D]."""
        unit, _, issuer = told.partition(" ")
        pending = self._node.requests.get(unit)
        if pending and pending.multi_server and not self._node.is_before_14su2():
            self._session.note("leaf-upload", purpose=unit, refused=_NOT_BY_CLI.strip())
            yield _NOT_BY_CLI
            return
        if issuer and self._node.find_trust(f"{unit}-trust", issuer) is None:
            yield f"The certificate {issuer} does not exist\n"  # [I] guess
            return
        yield _PASTE
        text = self._pasted()
        yield from self._told(unit, lambda: self._cluster.upload_leaf(self._node, unit, [text], self._session.account))

    def _upload_trust(self, purpose: str, text: str) -> None:
        self._cluster.upload_trust(self._node, purpose, [text], "Trust Certificate", self._session.account)

    def _pasted(self) -> str:
        """The lines that are pasted; what ends them is a reading."""
        lines: list[str] = []
        while True:
            line = self._session.read_line().strip()
            if line:
                lines.append(line)
            by_line = self._cluster.readings.paste_ends == "certificate" and line == _END
            if by_line or (lines and not line):
                return "\n".join([*lines, ""])

    def _told(self, unit: str, upload: Upload) -> Generator[str, None, None]:
        """The texts of success [D]; those of refusal are the page's ([I])."""
        try:
            upload()
        except Refusal as reason:
            yield f"{reason.text}\n"
            return
        yield f"Successfully imported certificate for {unit}.\n"
        yield f"Please restart services related to {unit} for the new certificate to become active.\n"
