"""Gates: the kinds of questions that people are asked, and one such question (design.md §4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Gate(StrEnum):
    """The kinds of questions; the profile says for some whether a person is asked."""

    TAKE_OVER = "take-over"  # another run left the renewal open: go on with it?
    START = "start"  # before the first change
    SUBMISSION = "submission"  # the CA's number was never noted: which is it?
    ACCEPT = "accept"  # the certificate lacks something that a person may accept
    ACTIVATE = "activate"  # before the first upload: from here on people notice
    PHONES_TRUST = "phones-trust"  # do phones trust the cluster: before signing, before the certificate, at the end
    CTL = "ctl"  # update the CTL with the USB token, and say when it is done
    PHONES_BACK = "phones-back"  # phones are not back, or register anew again and again: go on?
    SSO_OFF = "sso-off"  # before single sign-on is switched off
    BY_HAND = "by-hand"  # do this, and say when it is done
    SSO_ON = "sso-on"  # switch single sign-on on again, and say when it is done
    CLEANUP = "cleanup"  # delete what is left over?
    BACKUP = "backup"  # make a backup, and say when it is done

    @property
    def is_afterwards(self) -> bool:
        """True for what is asked when everything is done and proven: a no leaves it as it is, and ends nothing."""
        return self in {Gate.CLEANUP, Gate.BACKUP}


class Form(StrEnum):
    """What is filled in beside decision, name, ticket and remark."""

    ANSWER = "answer"  # nothing
    SUBMISSION = "submission"  # the CA's number of the request
    CERTIFICATE = "certificate"  # the signed certificate, or the name of a file with it


@dataclass(frozen=True)
class Question:
    """What a person is asked, when a step cannot go on without: it looks again after the answer.

    ``matter`` is what beside the plan the answer is about (the fingerprint of a certificate, the how-manieth
    attempt): an answer counts for this matter only.
    """

    gate: Gate
    text: str
    matter: str = ""
    form: Form = Form.ANSWER


@dataclass(frozen=True)
class Closed:
    """A gate that no person opens: the maintenance window is not open, or not for long enough (S22)."""
