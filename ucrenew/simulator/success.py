"""What the platform says when it has done something: texts of the page, repeated by the API ([I], cucm.md §1.7)."""

from __future__ import annotations

from collections.abc import Iterable

GENERATED = "Certificate Signing Request Generated"
# [I] guess: the seed shows the text for a leaf only.
TRUST_UPLOADED = "Certificate Uploaded"


def exported(names: Iterable[str]) -> str:
    """Where the CSR is now (S9)."""
    return f"CSR export operation successful on the nodes [{', '.join(names)}]."


def installed(unit: str, names: Iterable[str]) -> list[str]:
    """Where the leaf is now, and what has to be restarted for it (S17); without Tomcat nothing is known [I]."""
    listed = ",".join(names)
    texts = [f"Certificate upload operation successful for the nodes {listed}."]
    if unit.startswith("tomcat"):
        command = "utils service restart Cisco Tomcat"
        texts.append(f'Restart Cisco Tomcat Service for the nodes {listed} using the CLI "{command}".')
    return texts
