"""Logs for TAC after a failure (S27): where they are, the commands that fetch them, and taking secrets out of them.

The paths are data with their source and how sure it is; a path that no document names is not made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Log:
    """One kind of log on a node; ``spec`` comes after ``activelog``."""

    what: str
    spec: str
    sure: str
    options: str = ""


# cucm_inside.md §D; S27 names four collections of RTMT.
LOGS = (
    Log("IPT Platform CertMgr logs: request, upload, deletion", "platform/log/certMgmt*.log", "documented (D210541)"),
    Log("Certificate Change Notification", "platform/log/certCN*.log", "documented (D210541)"),
    Log("Cisco Unified OS Platform API", "tomcat/logs/platform-api/log4j/*", "documented (PAWSfaq)"),
    Log("Cisco Tomcat, all", "tomcat/logs/*", "documented (Finlog)", options="recurs"),
    Log("the CLI's own", "platform/log/cli*.log", "documented for a sister product (CERcli)"),
    Log("Service Manager", "platform/log/servm*.log", "documented for a sister product (D212078)"),
    Log("system log", "syslog/CiscoSyslog*", "seen on a sister product (Finesse)"),
    Log("expiry monitor", "platform/log/certm.log", "not proved: one client's list (RTMTp)"),
)
WITHOUT_PATH = (
    "Certificate Renewal process: a name in RTMT, its path is documented nowhere; collect it with RTMT",
    'that "IPT Platform CertMgr Logs" of RTMT are the certMgmt files is likely, not proved',
)


def log_commands(nodes: Iterable[str], since: timedelta) -> str:
    """Markdown with the commands for every node that fetch what was logged since then; whole hours, one at least."""
    hours = max(1, -(-since // _HOUR))
    commands = [_command(log, hours) for log in LOGS]
    return "\n".join((
        "By SSH on each of these nodes, with the OS administration account:",
        "",
        *(f"- {node}" for node in nodes),
        "",
        "```",
        *commands,
        "```",
        "",
        "Each asks for an SFTP server of yours. Without one, `file list activelog <path> detail` shows the files and",
        "`file view activelog <file>` a single one.",
        "",
        "| log | how sure the path is |",
        "|---|---|",
        *(f"| {log.what}: `{log.spec}` | {log.sure} |" for log in LOGS),
        "",
        *(f"- {line}" for line in WITHOUT_PATH),
        "- certMgmt logs hold the keystore's passphrase in clear (`passphrase is ::`): take it out before attaching",
        "",
    ))  # fmt: skip


def _command(log: Log, hours: int) -> str:
    options = f" {log.options}" if log.options else ""
    return f"file get activelog {log.spec} reltime hours {hours}{options} compress"


GONE = "[taken out]"

# What stands before such a word does not matter; what stands behind is bounded, so that no text costs much time.
_NAME = r"(?:pass(?:word|phrase|wd|code)|pwd|store_?pass|key_?pass|secret)[\w.-]{0,80}"
_IS = rf"({_NAME}\\*[\"']?[ \t]*[:=]+[ \t]*)"
_SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?=-----END|\Z)",
        # As certMgmt writes it: everything behind it, blanks too (cucm_inside.md §D).
        r"(\bpassphrase\s+is\b|\bpassword\s+is\s*:)[^\r\n]*",
        r"(\b(?:(?:Proxy-)?Authorization|(?:Set-)?Cookie)[\"']?[ \t]*[:=])[^\r\n]*",
        rf"(<[\w.:-]{{0,80}}?{_NAME}(?:\s[^<>]*)?>)[^<]*",
        rf"{_IS}\"(?:[^\"\\\r\n]|\\.)*\"",
        rf"{_IS}'(?:[^'\\\r\n]|\\.)*'",
        # Without quotes nobody knows where it ends: the rest of the line goes.
        rf"{_IS}(?![ \t]|\[taken out\])[^\r\n]+",
    )
)


def redacted(text: str) -> str:
    """The text of a log without keystore passphrases, passwords and private keys; rather too much than too little."""
    for pattern in _SECRETS:
        text = pattern.sub(rf"\1{GONE}", text)
    return text
