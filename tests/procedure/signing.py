"""People with SSH keys: they answer a run's open question by the form, with a signature made by ssh-keygen itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.procedure.lives import Lives
from ucrenew.domain.statement import statement_of
from ucrenew.record import Kind

OLGA, NORA = "olga@example.com", "nora@example.com"
SIGNED = '\n[signed]\ngates = ["start"]\nallowed_signers = "{}"\n'


class Signers:
    """Olga and Nora, who may sign, and Mallory, who may not."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.allowed = folder, folder / "allowed_signers"
        for name in ("olga", "nora", "mallory"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name], check=True)
        self.allowed.write_text("".join(f"{who} {self.public(who.partition('@')[0])}\n" for who in (OLGA, NORA)))
        self.demanded = SIGNED.format(self.allowed)

    def public(self, name: str) -> str:
        """A person's public key."""
        return " ".join((self.folder / f"{name}.pub").read_text().split()[:2])

    def fingerprint(self, name: str) -> str:
        """Its fingerprint, as ssh-keygen prints it."""
        listed = ["ssh-keygen", "-l", "-f", self.folder / f"{name}.pub"]
        return subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split()[1]

    def form(self, life: Lives, by: str, *, name: str = OLGA, namespace: str = "ucrenew-answer", **more) -> dict:
        """A signed yes to the open question of a life."""
        form = {"decision": "approve", "name": name, "ticket": "CHG-1", "remark": "", **more}
        asked = life.record().fact(Kind.ASKED, about=life.key)
        renewal = life.renewal()
        said = {**form, **asked.value}
        text = statement_of(life.cluster, life.purpose, renewal.number, life.key, said)
        return {**form, "signature": text + self.sign(text, by, namespace)}

    def sign(self, text: str, by: str, namespace: str = "ucrenew-answer") -> str:
        """The armored signature of a person over a text."""
        command = ["ssh-keygen", "-Y", "sign", "-f", self.folder / by, "-n", namespace]
        return subprocess.run(command, input=text, check=True, capture_output=True, text=True).stdout
