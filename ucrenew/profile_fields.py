"""What stands in the tables of a profile: names, addresses, fingerprints, times, each with its own complaint."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_HOST_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")

LONGEST_COMMON_NAME = 64  # ub-common-name of X.520 (RFC 5280, appendix A.1): no CA may sign a longer one


class Table(BaseModel):
    """One table of a profile: unknown keys are refused, and nothing changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def lower_host_name(name: str) -> str:
    """The name in lower case. Raises ValueError for what is no host name."""
    if not _HOST_NAME.fullmatch(name.lower()) or _is_address(name):
        raise ValueError(f"{name!r} is not a host name; IP addresses and wildcards are not accepted (cucm.md §4.6)")
    return name.lower()


def _short_enough(name: str) -> str:
    if len(name) > LONGEST_COMMON_NAME:
        raise ValueError(f"a common name has at most {LONGEST_COMMON_NAME} characters (X.520), this one {len(name)}")
    return name


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _host_or_address(text: str) -> str:
    return text if not text or _is_address(text) else lower_host_name(text)


def _address_of_pages(url: str) -> str:
    # The address is shown in plans, questions and logs; nothing of it may be quoted before this was looked at.
    if "@" in url:
        raise ValueError("no account stands in the address: it is shown to everybody; say it in [accounts.ca]")
    parts = urlsplit(url)
    _ = parts.port  # raises ValueError for a port that is none
    _host_or_address(parts.hostname or "-")
    return url


def _lower_fingerprint(text: str) -> str:
    plain = text.replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", plain):
        raise ValueError("a SHA-256 fingerprint has 64 hexadecimal digits, with or without colons")
    return plain


def _host_key(text: str) -> str:
    if not re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", text):
        raise ValueError("a host key is written as ssh prints it: SHA256: and 43 characters")
    return text


def _time_of_day(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError(f"{text!r} is not a time of day; write it as 22:00")
    return text


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # unknown, not a relative path, a folder of zones
        raise ValueError(f"{name!r} is not a time zone; write its IANA name, as Europe/Berlin") from error
    return name


HostName = Annotated[str, AfterValidator(lower_host_name)]
CommonName = Annotated[HostName, AfterValidator(_short_enough)]
HostOrAddress = Annotated[str, AfterValidator(_host_or_address)]
PagesAddress = Annotated[str, Field(pattern=r"^https://\S+/certsrv/?$"), AfterValidator(_address_of_pages)]
Fingerprint = Annotated[str, AfterValidator(_lower_fingerprint)]
HostKey = Annotated[str, AfterValidator(_host_key)]
Port = Annotated[int, Field(ge=1, le=65535)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
