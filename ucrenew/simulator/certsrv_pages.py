"""Markup of the simulated web enrollment pages, English, as certsrv.md §3, §4 and §6 captured it.

Rule 1: upper-case HTML 3 tags, unquoted attributes, ids as captured, CRLF at every line's end.
Rule 2: ids, texts, TAB counts and line breaks that foreign clients match are literal; what no client reads is short.
Rule 3: everything that came from outside is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_RULE = "<Table Border=0 CellSpacing=0 CellPadding=0 Width=100%><TR><TD BgColor=#008080></TD></TR></Table>"

UNAUTHORIZED = "401 - Unauthorized: Access is denied due to invalid credentials."


def page(ca_name: str, title: str, body: Iterable[str], *, script: Iterable[str] = (), title_id: str = "") -> str:
    """The frame that every page shares (§3)."""
    lines = [
        "<HTML>",
        "<Head>",
        '    <Meta HTTP-Equiv="Content-Type" Content="text/html; charset=UTF-8">',
        "    <Title>Microsoft Active Directory Certificate Services</Title>",
        "</Head>",
        '<Body BgColor=#FFFFFF Link=#0000FF VLink=#0000FF ALink=#0000FF><Font ID=locPageFont Face="Arial">',
        "",
        "<Table Border=0 CellSpacing=0 CellPadding=4 Width=100% BgColor=#008080>",
        "<TR>",
        (
            '\t<TD><Font Color=#FFFFFF><LocID ID=locMSCertSrv><Font Face="Arial" Size=-1><B><I>Microsoft</I></B>'
            f" Active Directory Certificate Services &nbsp;--&nbsp; {escape(ca_name)} &nbsp;</Font></LocID></Font></TD>"
        ),
        '\t<TD ID=locHomeAlign Align=Right><A Href="/certsrv"><LocID ID=locHomeLink>Home</LocID></A></TD>',
        "</TR>",
        "</Table>",
        "",
        f"<P ID={title_id or 'locPageTitle'}> <B> {title} </B>",
        _RULE,
        "",
        *body,
        "",
        _RULE,
        "</Font>",
        *script,
        "</Body>",
        "</HTML>",
        "",
    ]
    return "\r\n".join(lines)


def issued(ca_name: str, number: int, renewal: int, *, browser: bool, save: bool) -> str:
    """certfnsh.asp, issued: links for programs, a script for browsers (§3.2); without SaveCert a checkbox (§2)."""
    choice = (
        "<Input Type=Radio ID=rbDerEnc Name=rbEncoding Checked><Label For=rbDerEnc ID=locDerEnc0>DER encoded</Label>"
        " <LocID ID=locSep0>&nbsp;or&nbsp;</LocID> "
        "<Input Type=Radio ID=rbB64Enc Name=rbEncoding><Label For=rbB64Enc ID=locB64Enc0>Base 64 encoded</Label>"
        if save
        else "<Input Type=Checkbox ID=cbSaveResponse><Label For=cbSaveResponse>Save response</Label>"
    )
    links = (
        ['<P><A Href="#" OnClick="handleGetCert();return false;">Download certificate</A>',
         '<P><A Href="#" OnClick="handleGetChain();return false;">Download certificate chain</A>']
        if browser
        else [_pair("", "Download certificate: ", f"certnew.cer?ReqID={number}", 1) + "<BR>",
              _pair("Chain", "Download certificate chain: ", f"certnew.p7b?ReqID={number}", 2)]
    )  # fmt: skip
    body = [
        "<P ID=locInfo> The certificate you requested was issued to you.</P>",
        "",
        "<P><Form Name=UIForm>",
        choice,
        *links,
        "</Form></P>",
        '<P><Span ID=spnNotTrusted Style="display:none"><LocID ID=locNotTrusted>',
        f'\t<A Href="certnew.cer?ReqID=CACert&amp;Renewal={renewal}&amp;Mode=inst&amp;Enc=b64">',
        "\tinstall this CA certificate</A>",
        "\t</LocID></Span></P>",
    ]
    return page(ca_name, "Certificate Issued", body, script=_issued_script(number) if browser else ())


def _pair(kind: str, label: str, target: str, row: int) -> str:
    """A DER and a base64 link on one line: programs cut that line at its equals signs (§3.2)."""
    return (
        f"\t\t<LocID ID=locDownloadCert{kind}1>{label}</LocID>"
        f'<A Href="{target}&amp;Enc=bin"><LocID ID=locDerEnc{row}>DER Encoded</LocID></A>'
        f"<LocID ID=locSep{row}> or </LocID>"
        f'<A Href="{target}&amp;Enc=b64"><LocID ID=locB64Enc{row}>Base 64 encoded</LocID></A>'
    )


def _issued_script(number: int) -> list[str]:
    return [
        '<Script Language="JavaScript">',
        "\tfunction handleGetCert() {",
        f'\t\tlocation="certnew.cer?ReqID={number}&"+getEncoding();',
        "\t}",
        "\tfunction handleGetChain() {",
        f'\t\tlocation="certnew.p7b?ReqID={number}&"+getEncoding();',
        "\t}",
        *ENCODING_SCRIPT,
        "</Script>",
    ]


ENCODING_SCRIPT = (
    "\tfunction getEncoding() {",
    '\t\treturn document.UIForm.rbEncoding[0].checked ? "Enc=bin" : "Enc=b64";',
    "\t}",
)

_RETURN = (
    "<P ID=locInstructions> Please return to this web site in a day or two to retrieve your certificate.</P>",
    (
        "<P ID=locTimeoutWarning><Font Size=-1><B>Note:</B>"
        " You must return with <B>this</B> web browser within 10 days to retrieve your"
    ),
    "certificate</Font></P>",
)


def pending(ca_name: str, number: int) -> str:
    """certfnsh.asp, pending on submission (§3.1)."""
    body = [
        "<P ID=locInfoNewReq> Your certificate request has been received. However, you must wait for an",
        "administrator to issue the certificate you requested. </P>",
        "",
        "<P ID=locInfoReqID>",
        f"Your Request Id is {number}.",
        "</P>",
        "",
        *_RETURN,
    ]
    return page(ca_name, "Certificate Pending", body)


def still_pending(ca_name: str, number: int) -> str:
    """certfnsh.asp, pending when asked again: no request id paragraph (§3.1 [M])."""
    body = [
        "<P ID=locInfoChkPnd> Your certificate request is still pending. You must wait for an",
        "administrator to issue the certificate you requested. </P>",
        "",
        *_RETURN,
        *_removal(number),
    ]
    return page(ca_name, "Certificate Pending", body)


def denied(ca_name: str, number: int, message: str) -> str:
    """certfnsh.asp, denied: it names the request id too (§3.1, Trap 1)."""
    body = [
        "<P ID=locDenied> Your certificate request was denied. </P>",
        "",
        "<P ID=locInfoReqIDandReason>",
        "",
        f'Your Request Id is {number}. The disposition message is "{escape(message, quote=False)}".',
        "</P>",
        "",
        "<P ID=locContactAdmin>Contact your administrator for further information.",
        "</P>",
    ]
    return page(ca_name, "Certificate Request Denied", body)


def error(  # noqa: PLR0913 - the rows of the table
    ca_name: str, *, mode: str, disposition: int | None, message: str, result: str, last_status: str
) -> str:
    """The error page with the definition list of §4; ``mode`` is newreq, chkpnd, no form data, or empty for a fetch."""
    about = {
        "newreq": "<LocID ID=locModeNewReqIE>New Request</LocID>",
        "chkpnd": "<LocID ID=locModeChkPnd>Check Pending</LocID>",
        "": "<LocID ID=locModeCertFetch>(certnew.cer/certnew.p7b/certcrl.crl certificate/crl fetch)</LocID>",
        "no form data": "<LocID ID=locModeNoData>(no form data)</LocID>",
    }[mode]
    shown = "" if mode == "no form data" else mode
    body = [
        "<P ID=locContactAdmin>Contact your administrator for further assistance.",
        "</P>",
        "",
        "<DL><DD>",
        "\t<DL>",
        *_entry("Mode", "Request Mode", [f"{shown} <LocID ID=locModeSpacer>-</LocID>", "", f"\t{about}"]),
        *_entry("Disp", "Disposition", _disposition(disposition)),
        # An empty message puts "(none)" on a line of its own, where MW's expression does not reach it (§12.8).
        *_entry("DispMsg", "Disposition message", _value(message, "\t<LocID ID=locDispMsgNone>(none)</LocID>")),
        *_entry("Result", "Result", [result]),
        *_entry("ComInfo", "COM Error Info", [""]),
        *_entry("LastStat", "LastStatus", [last_status]),
        *_entry(
            "SugCause", "Suggested Cause", ["", "\t<LocID ID=locSugCauseUnknown>", "\tNo suggestions.", "\t</LocID>"]
        ),
        "\t</DL>",
        "</DD></DL>",
    ]
    return page(ca_name, "Error", body)


def _entry(name: str, label: str, values: Sequence[str]) -> list[str]:
    """A row: the value on its own line after exactly two TABs (§4)."""
    head = f"\t<DT ID=loc{name}Label><Font Size=-1><B>{label}:</B></Font></DT><DD>"
    return [head, *(f"\t\t{value}" for value in values), "\t</DD>", ""]


def _value(text: str, when_empty: str) -> list[str]:
    # Line by line and empty ones dropped: the denial's trailing line break ends the value.
    return [escape(line, quote=False) for line in text.splitlines()] if text else ["", when_empty]


def _disposition(number: int | None) -> list[str]:
    if number is None:
        return ["", "\t<LocID ID=locDispNeverSet>(never set)</LocID>"]
    return [f"{number} <LocID ID=locDispSpacer>-</LocID> ", "", "\t\t<LocID ID=locDispUnknown>(unknown)</LocID>"]


def _removal(number: int) -> list[str]:
    return [
        '<Form Action="certrmpn.asp" Method=Post><Input Type=Hidden Name=Action Value="rmpn">',
        f'<Input Type=Hidden Name=ReqID Value="{number}"><Input Type=Submit Value="Remove"></Form>',
    ]


def unauthorized() -> str:
    """The web server's own page for 401 (§7)."""
    return "\r\n".join(
        (
            "<html>",
            f"<head><title>{UNAUTHORIZED}</title></head>",
            "<body>",
            f"<h1>Server Error</h1><h2>{UNAUTHORIZED}</h2>",
            "</body>",
            "</html>",
            "",
        )
    )
