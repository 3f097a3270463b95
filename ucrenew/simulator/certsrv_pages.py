"""Markup of the simulated web enrollment pages as certsrv.md §3, §4 and §6 captured it, in the server's language.

Rule 1: upper-case HTML 3 tags, unquoted attributes, ids as captured, CRLF at every line's end.
Rule 2: ids, texts, TAB counts and line breaks that foreign clients match are literal; what no client reads is short.
Rule 3: everything that came from outside is escaped.
Rule 4: texts stand here in English, and go through the language pack (§3.3).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from ucrenew.simulator.certsrv_language import Pack

_RULE = "<Table Border=0 CellSpacing=0 CellPadding=0 Width=100%><TR><TD BgColor=#008080></TD></TR></Table>"

UNAUTHORIZED = "401 - Unauthorized: Access is denied due to invalid credentials."


@dataclass(frozen=True)
class Frame:
    """What the pages of one answer share: whose they are, in which language, and for which kind of browser (§3.2)."""

    ca_name: str
    pack: Pack
    mozilla: bool = False
    internet_explorer: bool = False

    def say(self, text: str, **facts: object) -> str:
        """A text in the language of the server."""
        return self.pack.say(text).format(**facts) if facts else self.pack.say(text)


def page(  # noqa: PLR0913 - the parts of a page
    frame: Frame,
    title: str,
    body: Iterable[str],
    *,
    script: Iterable[str] = (),
    title_id: str = "locPageTitle",
    body_end: str = ">",
) -> str:
    """The frame that every page shares (§3)."""
    services = frame.say("Active Directory Certificate Services")
    lines = [
        "<HTML>",
        "<Head>",
        '    <Meta HTTP-Equiv="Content-Type" Content="text/html; charset=UTF-8">',
        f"    <Title>Microsoft {services}</Title>",
        "</Head>",
        f'<Body BgColor=#FFFFFF Link=#0000FF VLink=#0000FF ALink=#0000FF{body_end}<Font ID=locPageFont Face="Arial">',
        "",
        "<Table Border=0 CellSpacing=0 CellPadding=4 Width=100% BgColor=#008080>",
        "<TR>",
        (
            '\t<TD><Font Color=#FFFFFF><LocID ID=locMSCertSrv><Font Face="Arial" Size=-1><B><I>Microsoft</I></B>'
            f" {services} &nbsp;--&nbsp; {escape(frame.ca_name)} &nbsp;</Font></LocID></Font></TD>"
        ),
        (
            '\t<TD ID=locHomeAlign Align=Right><A Href="/certsrv">'
            f"<LocID ID=locHomeLink>{frame.say('Home')}</LocID></A></TD>"
        ),
        "</TR>",
        "</Table>",
        "",
        f"<P ID={title_id}> <B> {frame.say(title)} </B>",
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


def issued(frame: Frame, number: int, renewal: int, *, save: bool) -> str:
    """certfnsh.asp, issued: links for programs, a script for browsers (§3.2); without SaveCert a checkbox (§2)."""
    say = frame.say
    choice = (
        f"<Input Type=Radio ID=rbDerEnc Name=rbEncoding Checked><Label For=rbDerEnc ID=locDerEnc0>{say('DER encoded')}"
        "</Label> <LocID ID=locSep0>&nbsp;or&nbsp;</LocID> "
        f"<Input Type=Radio ID=rbB64Enc Name=rbEncoding><Label For=rbB64Enc ID=locB64Enc0>{say('Base 64 encoded')}"
        "</Label>"
        if save
        else f"<Input Type=Checkbox ID=cbSaveResponse><Label For=cbSaveResponse>{say('Save response')}</Label>"
    )
    links = (
        [f'<P><A Href="#" OnClick="handleGetCert();return false;">{say("Download certificate")}</A>',
         f'<P><A Href="#" OnClick="handleGetChain();return false;">{say("Download certificate chain")}</A>']
        if frame.mozilla
        else [_pair(frame, "", "Download certificate", f"certnew.cer?ReqID={number}", 1) + "<BR>",
              _pair(frame, "Chain", "Download certificate chain", f"certnew.p7b?ReqID={number}", 2)]
    )  # fmt: skip
    body = [
        f"<P ID=locInfo> {say('The certificate you requested was issued to you.')}</P>",
        "",
        "<P><Form Name=UIForm>",
        choice,
        *links,
        "</Form></P>",
        '<P><Span ID=spnNotTrusted Style="display:none"><LocID ID=locNotTrusted>',
        f'\t<A Href="certnew.cer?ReqID=CACert&amp;Renewal={renewal}&amp;Mode=inst&amp;Enc=b64">',
        f"\t{say('install this CA certificate')}</A>",
        "\t</LocID></Span></P>",
    ]
    return page(frame, "Certificate Issued", body, script=_issued_script(number) if frame.mozilla else ())


def _pair(frame: Frame, kind: str, label: str, target: str, row: int) -> str:
    """A DER and a base64 link on one line: programs cut that line at its equals signs (§3.2)."""
    return (
        f"\t\t<LocID ID=locDownloadCert{kind}1>{frame.say(label)}: </LocID>"
        f'<A Href="{target}&amp;Enc=bin"><LocID ID=locDerEnc{row}>{frame.say("DER Encoded")}</LocID></A>'
        f"<LocID ID=locSep{row}> or </LocID>"
        f'<A Href="{target}&amp;Enc=b64"><LocID ID=locB64Enc{row}>{frame.say("Base 64 encoded")}</LocID></A>'
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


def pending(frame: Frame, number: int) -> str:
    """certfnsh.asp, pending on submission (§3.1)."""
    received = (
        "Your certificate request has been received. However, you must wait for an\r\n"
        "administrator to issue the certificate you requested."
    )
    body = [
        f"<P ID=locInfoNewReq> {frame.say(received)} </P>",
        "",
        "<P ID=locInfoReqID>",
        frame.say("Your Request Id is {number}.", number=number),
        "</P>",
        "",
        *_return(frame),
    ]
    # The commented line is all that one client knows of the id (§3.2 [M]).
    script = ['<Script Language="VBScript">', "\tSub postLoad", f"\t\t' nReqId = {number}", "\tEnd Sub", "</Script>"]
    return _waiting(frame, body, script)


def still_pending(frame: Frame, number: int) -> str:
    """certfnsh.asp, pending when asked again: no request id paragraph (§3.1 [M])."""
    waiting = (
        "Your certificate request is still pending. You must wait for an\r\n"
        "administrator to issue the certificate you requested."
    )
    removal = [
        '<Form Action="certrmpn.asp" Method=Post><Input Type=Hidden Name=Action Value="rmpn">',
        f'<Input Type=Hidden Name=ReqID Value="{number}"><Input Type=Submit Value="{frame.say("Remove")}"></Form>',
    ]
    body = [f"<P ID=locInfoChkPnd> {frame.say(waiting)} </P>", "", *_return(frame), *removal]
    return _waiting(frame, body, ['<Script Language="VBScript">', "\tSub postLoad", "\tEnd Sub", "</Script>"])


def _waiting(frame: Frame, body: Iterable[str], script: Iterable[str]) -> str:
    """Where there is no script for Internet Explorer, the Body tag ends in a stray quote (§3, captured)."""
    ie = frame.internet_explorer
    end = ' OnLoad="postLoad();">' if ie else '">'
    return page(frame, "Certificate Pending", body, script=script if ie else (), body_end=end)


def _return(frame: Frame) -> list[str]:
    again = "Please return to this web site in a day or two to retrieve your certificate."
    within = "You must return with <B>this</B> web browser within 10 days to retrieve your\r\ncertificate"
    return [
        f"<P ID=locInstructions> {frame.say(again)}</P>",
        f"<P ID=locTimeoutWarning><Font Size=-1><B>{frame.say('Note:')}</B> {frame.say(within)}</Font></P>",
    ]


def denied(frame: Frame, number: int, message: str) -> str:
    """certfnsh.asp, denied: it names the request id too (§3.1, Trap 1)."""
    quoted = escape(frame.pack.quote(message), quote=False)
    body = [
        f"<P ID=locDenied> {frame.say('Your certificate request was denied.')} </P>",
        "",
        "<P ID=locInfoReqIDandReason>",
        "",
        frame.say(
            'Your Request Id is {number}. The disposition message is "{message}".', number=number, message=quoted
        ),
        "</P>",
        "",
        f"<P ID=locContactAdmin>{frame.say('Contact your administrator for further information.')}",
        "</P>",
    ]
    return page(frame, "Certificate Request Denied", body)


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
