"""`file list` and `file view`: the logs that this node wrote, with the viewer's own pager (cucm_inside.md §D).

Their places are known; what stands in them is a likeness, made of the ledger ([I]).
"""

from __future__ import annotations

from datetime import datetime
from fnmatch import fnmatch

from ucrenew.simulator.dialogue import Command, Output, Session
from ucrenew.simulator.listings import joined

_OPERATIONS = {"csr": "gen-csr", "trust-upload": "import", "leaf-upload": "import", "delete": "delete"}
_SYSLOG = "syslog/CiscoSyslog"


class FileCommands:
    """The log files of the session's node."""

    def __init__(self, session: Session) -> None:  # noqa: D107 - the class says it
        self._session = session
        self._node = session.node

    def commands(self) -> list[Command]:
        """What is typed, and what answers."""
        return [
            Command("file list activelog", self._list, level=1),
            Command("file view activelog", self._view, views=True),
        ]

    def _list(self, told: str) -> Output:
        """Names, or with `detail` dates and sizes too; the last line counts them [T CDRblog]."""
        spec, _, how = told.partition(" ")
        found = {path: lines for path, lines in self._logs().items() if _fits(path, spec)}
        for path, lines in found.items():
            name = path.rpartition("/")[2]
            yield (self._detailed(name, lines) if how == "detail" else name) + "\n"
        yield f" dir count = 0, file count = {len(found)}\n"

    def _view(self, told: str) -> Output:
        """One file; it has to be one [D]."""
        found = [lines for path, lines in self._logs().items() if _fits(path, told)]
        yield joined(found[0]) if len(found) == 1 else "Error: a file is viewed by a name that fits one.\n"  # [I] guess

    def _detailed(self, name: str, lines: list[str]) -> str:
        size = sum(len(line) + 1 for line in lines)
        return f" {self._node.now():%d %b,%Y %H:%M:%S} {size:>12,}  {name}"

    def _logs(self) -> dict[str, list[str]]:
        """Files by their path below activelog: one a certificate operation, and the system's log."""
        entries = [one for one in self._session.cluster.ledger.entries() if one["node"] == self._node.name]
        operations = [one for one in entries if one["kind"] in _OPERATIONS]
        logs = {
            f"platform/log/certMgmt{number:05d}.log": _operation(entry) for number, entry in enumerate(operations, 1)
        }
        return {**logs, _SYSLOG: self._system_log(entries)}

    def _system_log(self, entries: list[dict[str, object]]) -> list[str]:
        host = self._node.node.host
        started = [
            f"{self._node.booted_at:%b %d %H:%M:%S} {host} local7 6 : ServiceStarted [ServiceName={service.name}]"
            for service in self._node.services.values()
            if service.started_at
        ]
        restarted = [
            f"{datetime.fromisoformat(str(one['at'])):%b %d %H:%M:%S} {host} local7 6 : {one['kind']} "
            f"[ServiceName={one['service']}] [UserID={one['from']}]"
            for one in entries
            if "service" in one
        ]
        return started + restarted


def _operation(entry: dict[str, object]) -> list[str]:
    """The lines worth matching of one operation (cucm_inside.md §D [T])."""
    at = f"{entry['at']} [main]"
    lines = [
        f"{at} INFO - op:{_OPERATIONS[str(entry['kind'])]}",
        f"{at} INFO - unit:{entry.get('purpose')}",
        f"{at} INFO - user:{entry['from']}",
    ]
    if "refused" in entry:
        return [*lines, f"{at} ERROR - CertMgmt Operation Result : {entry['refused']}"]
    subject = str(entry.get("subject", "")).replace("=", "&#61;")
    return [*lines, f"{at} INFO - Subject DN:{subject}", f"{at} INFO - CertMgmt Operation Result : null"]


def _fits(path: str, spec: str) -> bool:
    """Whether a path is meant; a leading slash is optional [D], a folder means what is in it."""
    wanted = spec.strip("/")
    return fnmatch(path, wanted) or path.rpartition("/")[0] == wanted
