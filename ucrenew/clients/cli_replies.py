"""What the platform CLI's replies say (cucm.md §2.2, §2.3, §2.5): text in, frozen values out.

Rules: no I/O and no node name in here; a reply in no known form raises `ValueError` with the reason, and
the caller adds node, command and the quoted reply. Certificates are in `cli_certificates`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ucrenew.domain.cluster import Role


class ServiceState(StrEnum):
    """The word between the brackets (cucm.md §2.2)."""

    STARTED = "STARTED"
    STARTING = "STARTING"
    STOPPED = "STOPPED"
    STOPPING = "STOPPING"
    NOT_STARTED = "NOT STARTED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Service:
    """One line of `utils service list`; `reason` is the text after the bracket, often empty."""

    name: str
    state: ServiceState
    reason: str


@dataclass(frozen=True)
class ClusterRow:
    """One node as `show network cluster` prints it; `fqdn` in lower case.

    `role` is the place in the whole cluster: the IM&P publisher may be a subscriber there, and then
    `database` (`DBPub` or `DBSub`) tells it [I].
    """

    ip: str
    fqdn: str
    host: str
    role: Role
    application: str
    database: str = ""


@dataclass(frozen=True)
class Status:
    """The facts of `show status` that a renewal rests on; `None` and `""` where it does not say."""

    host: str
    date: datetime | None
    zone: str
    version: str
    disk_active_used_percent: int | None

    @property
    def place(self) -> ZoneInfo | None:
        """The zone by the IANA name in brackets; None where there is none that we know: `PST` has no one meaning."""
        named = re.search(r"\((\w+/[\w/+-]+)\)\s*\Z", self.zone)
        try:
            return ZoneInfo(named[1]) if named else None
        except (ZoneInfoNotFoundError, ValueError, OSError):  # the last: a folder of zones, as America/Indiana
            return None


@dataclass(frozen=True)
class Replication:
    """`utils dbreplication runtimestate`: (host, number in parentheses or -1, text) per node."""

    rows: tuple[tuple[str, int, str], ...]
    healthy: bool


@dataclass(frozen=True)
class SsoReply:
    """SSO on, off, or not understood (`None`), with the text it was read from.

    `recovery_url` is the way in that is left when the IdP's is broken; `None` where the reply does not tell.
    """

    enabled: bool | None
    recovery_url: bool | None
    text: str


_SERVICE = re.compile(
    r"^[ \t]*(\S[^\[\n]*?)[ \t]*\[[ \t]*([A-Za-z][A-Za-z _]*?)[ \t]*\][ \t]*(.*?)[ \t]*$", re.MULTILINE
)
# [I] for the words; `[FAILED]` and `ERROR` are what a client in production takes for a failure (cucm.md §2.2).
_RESTART_FAILED = re.compile(r"\[\s*FAILED\s*\]|\bERROR\b")
_CLUSTER = re.compile(
    r"^[ \t]*(\S+)[ \t]+(\S+)[ \t]+(\S+)[ \t]+(Publisher|Subscriber)[ \t]+(\S+)(?:[ \t]+(DB\w+))?",
    re.MULTILINE | re.IGNORECASE,
)
_REPLICATION = re.compile(
    r"^[ \t]*(\S+)[ \t]+(\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]*:[0-9A-Fa-f:]+)[ \t]+(\S.*?)[ \t]*$", re.MULTILINE
)
_REPLICATES = 2
_NUMBER = re.compile(r"\((\d+)\)\s*(.*)$")
_DATE = re.compile(
    r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?\s+(?P<day>\d{1,2}),?\s+"
    r"(?:(?P<year_first>\d{4})\s+)?(?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d)"
    r"(?:\s+(?P<zone>[A-Z][A-Za-z+\-0-9:]*))?(?:\s+(?P<year_last>\d{4}))?"
)
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T -](\d\d)[:-](\d\d)[:-](\d\d)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def version_active(text: str) -> str:
    """`show version active`: the release the node runs."""
    if match := re.search(r"Active Master Version:\s*(\S+)", text):
        return match[1]
    raise ValueError("no `Active Master Version`")


def network_cluster(text: str) -> tuple[ClusterRow, ...]:
    """`show network cluster`: one row a node, in the order printed."""
    rows = tuple(
        ClusterRow(ip, fqdn.lower(), host, Role(role.lower()), application.lower(), database)
        for ip, fqdn, host, role, application, database in _CLUSTER.findall(text)
    )
    if not rows:
        raise ValueError("no row of a publisher or subscriber")
    return rows


def services(text: str) -> Mapping[str, Service]:
    """`utils service list`: every service of the node by its exact name."""
    found = {service.name: service for service in map(_service, _SERVICE.finditer(text))}
    if not found:
        raise ValueError("no service in it")
    return found


def restart_failure(text: str) -> str | None:
    """The line in which a restart, start or stop says that it failed, if it does."""
    return next((line.strip() for line in text.splitlines() if _RESTART_FAILED.search(line)), None)


def last_state(text: str, service: str) -> ServiceState:
    """The state a restart, start or stop printed last; lines repeat, and STARTED may never come."""
    states = [found.state for found in map(_service, _SERVICE.finditer(text)) if found.name == service]
    if not states:
        raise ValueError(f"no state of {service}")
    return states[-1]


def status(text: str) -> Status:
    """`show status`: host, local date and zone, release, use of the active partition."""
    labels = {key.strip(): value.strip() for key, value in re.findall(r"^([A-Z][\w /]*?)\s*:(.*)$", text, re.MULTILINE)}
    if not {"Host Name", "Date"} & labels.keys():
        raise ValueError("neither `Host Name` nor `Date`")
    date, zone = read_date(labels.get("Date", ""))
    disk = re.search(r"^\s*Disk/active\s.*\((\d+)%\)", text, re.MULTILINE)
    return Status(
        host=labels.get("Host Name", ""),
        date=date,
        zone=labels.get("Time Zone", zone),
        version=labels.get("Product Ver", ""),
        disk_active_used_percent=int(disk[1]) if disk else None,
    )


def sso_status(text: str) -> SsoReply:
    """`utils sso status`: only the enabled wording was ever seen, so others are read by their words."""
    lines = [line for line in text.splitlines() if "SSO" in line and not re.search(r"\bTest\b|Date\s*=", line)]
    stated = [line for line in lines if re.match(r"\s*SSO Status\b", line)] or lines
    recovery = [line for line in text.splitlines() if re.match(r"\s*Recovery URL Status\b", line, re.IGNORECASE)]
    return SsoReply(enabled=_agreed(stated), recovery_url=_agreed(recovery), text=text.strip())


def replication(text: str) -> Replication:
    """`utils dbreplication runtimestate`: healthy when every row is (2) and set up (cucm.md §2.3)."""
    rows = tuple(_replication_row(host, rest) for host, _, rest in _REPLICATION.findall(text))
    if not rows:
        raise ValueError("no row of a node")
    running = re.search(r"^\s*DB and Replication Services:\s*(.*?)\s*$", text, re.MULTILINE)
    healthy = all(number == _REPLICATES and "setup completed" in words.lower() for _, number, words in rows)
    return Replication(rows=rows, healthy=healthy and (running is None or running[1].upper() == "ALL RUNNING"))


def sql_rows(text: str) -> list[dict[str, str]]:
    """`run sql`: columns are as wide as their group of `=` signs; the last one reaches to the end.

    Values with line breaks (a PEM column) cannot be told from rows: ask for other columns.
    """
    lines = text.splitlines()
    ruler = next((at for at, line in enumerate(lines) if re.fullmatch(r"\s*=+(\s+=+)*\s*", line)), 0)
    if ruler == 0:
        raise ValueError("no line of `=` under column names")
    if "-----BEGIN" in text:
        raise ValueError("a column holds line breaks")
    spans = [(group.start(), group.end()) for group in re.finditer(r"=+", lines[ruler])]
    spans[-1] = (spans[-1][0], max(map(len, lines)))
    names = [lines[ruler - 1][start:end].strip() for start, end in spans]
    cells = ([line[start:end].strip() for start, end in spans] for line in lines[ruler + 1 :] if line.strip())
    return [dict(zip(names, row, strict=True)) for row in cells]


def read_date(text: str) -> tuple[datetime | None, str]:
    """A date as the CLI prints it in its several places, and the zone printed with it.

    Local to the node: its zone names (`PST`) have no one meaning, so none is attached.
    """
    if (match := _DATE.search(text)) and (year := match["year_first"] or match["year_last"]):
        day, hour, minute, second = (int(match[part]) for part in ("day", "hour", "minute", "second"))
        month = _MONTHS.index(match["month"]) + 1
        return datetime(int(year), month, day, hour, minute, second), match["zone"] or ""  # noqa: DTZ001
    if match := _ISO.search(text):
        years, month, day, hour, minute, second = (int(number) for number in match.groups())
        return datetime(years, month, day, hour, minute, second), ""  # noqa: DTZ001
    return None, ""


def _service(match: re.Match[str]) -> Service:
    name, word, reason = match.groups()
    try:
        return Service(name, ServiceState(word.upper()), reason)
    except ValueError:
        # A word nobody has seen yet, on perhaps an unimportant service, must not hide all the others.
        return Service(name, ServiceState.UNKNOWN, f"{word} {reason}".strip())


def _agreed(lines: list[str]) -> bool | None:
    """On or off where the lines that say so say the same."""
    words = {_sso_word(line) for line in lines} - {None}
    return words.pop() if len(words) == 1 else None


def _sso_word(line: str) -> bool | None:
    if re.search(r"\bdisabled\b|\bnot (?:enabled|configured)\b", line, re.IGNORECASE):
        return False
    return True if re.search(r"\benabled\b", line, re.IGNORECASE) else None


def _replication_row(host: str, rest: str) -> tuple[str, int, str]:
    if match := _NUMBER.search(rest):
        return host, int(match[1]), match[2]
    return host, -1, rest
