"""The people's part of a profile: accounts, who acts, what has to be asked."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from ucrenew.domain.gate import Gate
from ucrenew.profile_fields import Table


class GatePolicy(StrEnum):
    """What may happen at a gate: a person is asked, it passes by policy, or nothing ever passes."""

    ASK = "ask"
    AUTO = "auto"
    FORBID = "forbid"


def _never_by_policy(policy: GatePolicy) -> GatePolicy:
    if policy is GatePolicy.AUTO:
        raise ValueError("this never passes by policy: write ask or forbid")
    return policy


PersonsPolicy = Annotated[GatePolicy, AfterValidator(_never_by_policy)]


class SecretReference(Table):
    """Where a password is kept: exactly one of an environment variable, a file, a Prefect Secret block."""

    env: str | None = None
    file: Path | None = None
    block: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len([kind for kind in (self.env, self.file, self.block) if kind is not None]) != 1:
            raise ValueError("say exactly one of env, file, block")
        return self


class Account(Table):
    """A user name and where its password is kept."""

    user: str
    password: SecretReference


class Accounts(Table):
    """The OS administration account of the nodes, the one that the CA knows, and an application user for SOAP."""

    platform: Account
    ca: Account | None = None  # a CA by hand needs none
    application: Account | None = None  # only reads; without it Control Center is not asked (cucm.md §3)


class ByHand(Table):
    """Steps that a person does instead of us (design.md §2); the names are those of ``domain.acting.Step``."""

    csr: bool = False
    submit: bool = False
    trust: bool = False
    leaf: bool = False
    restart: bool = False
    sso: bool = False


class Gates(Table):
    """Policy for each kind of gate; the default is to ask. What people notice or miss never passes by policy."""

    start: GatePolicy = GatePolicy.ASK
    activate: PersonsPolicy = GatePolicy.ASK
    # Asked when all is done and proven; forbid: only reported. Nobody has to be kept waiting for it.
    cleanup: PersonsPolicy = GatePolicy.FORBID  # deleting leftovers (S28)
    backup: PersonsPolicy = GatePolicy.FORBID  # a backup with the new keys
    # Hours after which a question without an answer counts as denied; a year at most.
    overdue: Annotated[float, Field(gt=0, le=8760)] = 168


class Signed(Table):
    """Where a yes counts only signed with a person's SSH key, and whose signatures hold (``ssh-keygen -Y verify``)."""

    gates: tuple[Gate, ...] = ()
    allowed_signers: Path | None = None

    @model_validator(mode="after")
    def _somebody_can_sign(self) -> Self:
        if self.gates and self.allowed_signers is None:
            raise ValueError("gates that demand a signature need allowed_signers, the file of those who may sign")
        return self
