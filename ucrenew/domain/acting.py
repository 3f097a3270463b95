"""Who acts: our programs, or a person who is asked to. What is looked at and confirmed stays ours (design.md §2)."""

from __future__ import annotations

from enum import StrEnum


class Actuator(StrEnum):
    """Who does the steps that change something."""

    API = "api"
    PERSON = "person"


class Step(StrEnum):
    """The steps that a person can do instead of us."""

    CSR = "csr"
    SUBMIT = "submit"
    TRUST = "trust"
    LEAF = "leaf"
    RESTART = "restart"
    SSO = "sso"

    @property
    def words(self) -> str:
        """What is done in it."""
        return _WORDS[self]


_WORDS = {
    Step.CSR: "generate the request",
    Step.SUBMIT: "submit the request to the CA",
    Step.TRUST: "upload the CA certificates",
    Step.LEAF: "upload the certificate",
    Step.RESTART: "restart the services",
    Step.SSO: "switch single sign-on off and on",
}
