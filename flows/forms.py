"""The forms behind *Resume*: what a person fills in, and what of it counts.

The decision has no default: nothing passes by an empty form (design.md §4). Every form has the fields of ``Answer``;
what a form asks beside them is kept with the answer under its own name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

from prefect.input import RunInput
from pydantic import ConfigDict, Field, ValidationError, create_model

from ucrenew.domain.gate import Form
from ucrenew.domain.handed_in import KEY_LABEL, read_field
from ucrenew.domain.statement import SIGNATURE
from ucrenew.domain.x509 import pem


class Decision(StrEnum):
    """What a person can say."""

    APPROVE = "approve"
    DENY = "deny"


class Answer(RunInput):
    """The form that a person fills in."""

    decision: Decision = Field(description="approve goes on; deny ends this renewal in order")
    name: Annotated[str, Field(min_length=2, description="your name, kept for ever with the decision")]
    ticket: str = Field(default="", description="change ticket, if there is one")
    remark: str = Field(default="", description="anything that should be kept with the decision")


class Submission(Answer):
    """The same, and the number that the CA gave to a request that a person submitted or found."""

    request_id: Annotated[int, Field(ge=0, description="the CA's number for the request; 0: submit it (once more)")]


_NO_KEY = "only certificates: a private key belongs nowhere but on the cluster, and nothing of this was kept"


class HandIn(Answer):
    """The same, and the certificate that a CA signed by hand (S12).

    Prefect's server judges a form by its schema before it keeps it: a private key is refused there, in a way that says
    why and repeats nothing of it. What it cannot see (a key without its first and last line) we see, and take away.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"certificate": {"pattern": KEY_LABEL}}, "required": ["certificate"]},
            "then": {"required": [_NO_KEY]},
        }
    )

    certificate: str = Field(
        default="",
        description="the signed certificate as text (PEM, base64, PKCS#7), with its CA certificates where the profile's"
        " chain file lacks them; or the name of a file on the worker",
    )


class Trusts(StrEnum):
    """What a neighbour makes of the new chain."""

    YES = "yes"
    NOT_USED = "not used"
    NO = "no"


_NEIGHBOUR = "neighbour_"


def form_of(form: Form, neighbours: Sequence[str] = (), *, signed: bool = False) -> type[Answer]:
    """The form of a question; each of ``neighbours`` becomes a field that has to be filled in.

    ``signed``: there is a field for a signature, which may be left empty as far as the form goes.
    """
    plain = _plain_form(form, neighbours)
    if not signed:
        return plain
    field = Field(default="", description="left empty by hand; python -m deployments.answer fills it in")
    return create_model(f"Signed{plain.__name__}", __base__=plain, **{SIGNATURE: (str, field)})  # type: ignore[call-overload,no-any-return]


def _plain_form(form: Form, neighbours: Sequence[str]) -> type[Answer]:
    if form is Form.SUBMISSION:
        return Submission
    if form is Form.CERTIFICATE:
        return HandIn
    if not neighbours:
        return Answer
    fields: dict[str, Any] = {
        f"{_NEIGHBOUR}{number}": (Trusts, Field(title=who, description=f"ready for the new chain? {who}"))
        for number, who in enumerate(neighbours, start=1)
    }
    return create_model("Activation", __base__=Answer, **fields)


def is_yes(answer: Mapping[str, Any]) -> bool:
    """Approved, and no neighbour named that is not ready."""
    ready = (value != Trusts.NO for name, value in answer.items() if name.startswith(_NEIGHBOUR))
    return answer["decision"] == Decision.APPROVE and all(ready)


def valid_answer(given: Any) -> Mapping[str, Any] | None:  # noqa: ANN401 - what somebody sent
    """The answer with everything that was filled in; None for what is none: pushed past its form from outside."""
    if not isinstance(given, Mapping):
        return None
    always = {name: value for name, value in given.items() if name in Answer.model_fields}
    try:
        return {**given, **Answer.model_validate(always).model_dump(mode="json"), **_handed_in(given)}
    except ValidationError:
        return None


def _handed_in(given: Mapping[str, Any]) -> Mapping[str, str]:
    """Of what was handed in only its certificates, the name of a file, or what is wrong: the rest is not kept."""
    if "certificate" not in given:
        return {}
    found = read_field(str(given["certificate"]))
    return {"certificate": "".join(map(pem, found.certificates)), "path": found.path, "wrong": found.wrong}
