"""The error page of the simulated web enrollment: a definition list that clients read line by line (certsrv.md §4)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ucrenew.simulator import refusals
from ucrenew.simulator.certsrv_pages import Frame, page
from ucrenew.simulator.request_rows import Row

# What stands behind the dash of the request mode; an empty mode is a fetch, the words of the others are [I] guesses.
_MODES = {
    "newreq": ("locModeNewReqIE", "New Request"),
    "chkpnd": ("locModeChkPnd", "Check Pending"),
    "": ("locModeCertFetch", "(certnew.cer/certnew.p7b/certcrl.crl certificate/crl fetch)"),
    "no form data": ("locModeNoData", "(no form data)"),
}


def error(frame: Frame, mode: str, row: Row | None, last_status: str) -> str:
    """The page for a request of which there is no certificate, or for none at all."""
    name, about = _MODES[mode]
    shown = "" if mode == "no form data" else mode
    status = frame.pack.quote(last_status)
    body = [
        f"<P ID=locContactAdmin>{frame.say('Contact your administrator for further assistance.')}",
        "</P>",
        "",
        "<DL><DD>",
        "\t<DL>",
        *_entry(
            frame,
            "Mode",
            "Request Mode:",
            [f"{shown} <LocID ID=locModeSpacer>-</LocID>", "", f"\t<LocID ID={name}>{frame.say(about)}</LocID>"],
        ),
        *_entry(frame, "Disp", "Disposition:", _disposition(frame, row)),
        *_entry(frame, "DispMsg", "Disposition message:", _message(frame, row)),
        *_entry(frame, "Result", "Result:", [frame.pack.quote(refusals.SUCCESS) if row else status]),
        *_entry(frame, "ComInfo", "COM Error Info:", [""]),
        *_entry(frame, "LastStat", "LastStatus:", [status]),
        *_entry(
            frame,
            "SugCause",
            "Suggested Cause:",
            ["", "\t<LocID ID=locSugCauseUnknown>", f"\t{frame.say('No suggestions.')}", "\t</LocID>"],
        ),
        "\t</DL>",
        "</DD></DL>",
    ]
    return page(frame, "Error", body)


def _entry(frame: Frame, name: str, label: str, values: Sequence[str]) -> list[str]:
    """A row: the value on its own line after exactly two TABs (§4)."""
    head = f"\t<DT ID=loc{name}Label><Font Size=-1><B>{frame.say(label)}</B></Font></DT><DD>"
    return [head, *(f"\t\t{value}" for value in values), "\t</DD>", ""]


def _message(frame: Frame, row: Row | None) -> list[str]:
    """Line by line and empty ones dropped: the denial's trailing line break ends the value."""
    if row is None or not row.message:
        # A word on a line of its own, where the expression of MW does not reach it (§12.8); which one is an [I] guess.
        return ["", f"\t<LocID ID=locDispMsgNone>{frame.say('(none)')}</LocID>"]
    return [escape(line, quote=False) for line in frame.pack.quote(row.message).splitlines()]


def _disposition(frame: Frame, row: Row | None) -> list[str]:
    if row is None:  # not seen (§4): that there is no number is [M], the words are an [I] guess
        return ["", f"\t<LocID ID=locDispNeverSet>{frame.say('(never set)')}</LocID>"]
    unknown = f"\t\t<LocID ID=locDispUnknown>{frame.say('(unknown)')}</LocID>"
    return [f"{row.status.disposition} <LocID ID=locDispSpacer>-</LocID> ", "", unknown]
