"""How the web server in front of the CA is set up: who gets in and how, and the language of its pages.

`POST /ca` takes, beside what `authority.py` and `ca_answers.py` name,

logon            what is offered, in this order: "Negotiate", "NTLM", "Basic" (certsrv.md §7)
channel_binding  "off", "accept" or "required": IIS's Extended Protection (§7)
anonymous        true: everybody gets in, and nobody looks at credentials (§7)
user_names       "any", "with-domain" or "bare": the form in which accounts log on (§7 [M])
language         "en", "de", "fr" or "ja": the language pack of the server (§3.3)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Scheme: TypeAlias = Literal["Negotiate", "NTLM", "Basic"]
Language: TypeAlias = Literal["en", "de", "fr", "ja"]

# A fresh install offers Negotiate and NTLM only; Basic is a Windows feature of its own (§7 [H]).
OFFERED: tuple[Scheme, ...] = ("Negotiate", "NTLM")

CHOICES: dict[str, tuple[str, ...]] = {
    "logon": ("Negotiate", "NTLM", "Basic"),
    "channel_binding": ("off", "accept", "required"),
    "user_names": ("any", "with-domain", "bare"),
    "language": ("en", "de", "fr", "ja"),
}


@dataclass(frozen=True)
class Iis:
    """The web server's settings; Server 2025 turns channel binding on "when supported" (§7 [M])."""

    logon: tuple[Scheme, ...] = OFFERED
    channel_binding: Literal["off", "accept", "required"] = "accept"
    anonymous: bool = False
    user_names: Literal["any", "with-domain", "bare"] = "any"
    language: Language = "en"
