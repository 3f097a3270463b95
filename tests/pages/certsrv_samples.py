"""Pages of a Microsoft CA's web enrollment: certsrv.md §3 and §4, captured markup with ids and names put in."""

from dataclasses import dataclass

from tests.pages.sample import Sample
from tests.protocols.https_door import csr, signed
from ucrenew.clients.certsrv import Denied, Issued, Outcome, Pending

REQUEST = csr("cs-ccm-pub.example.com", "cs-ccm-sub.example.com")
LEAF = signed(REQUEST)
TITLE = "Microsoft Active Directory Certificate Services"


def document(title, *fragments, body="<Body>"):
    """A page in the frame that all captures share: upper case, unquoted attributes, CRLF (§3)."""
    lines = [
        "<HTML>",
        "<Head>",
        f"<Title>{TITLE}</Title>",
        "</Head>",
        body,
        f"<B><LocID ID=locMSCertSrv>{TITLE}</LocID></B> &nbsp;--&nbsp; Example Issuing CA 1",
        f"<P ID=locPageTitle> <B> {title} </B>",
        *fragments,
        "</Body>",
        "</HTML>",
    ]
    return "\n".join(lines).replace("\n", "\r\n") + "\r\n"


@dataclass(frozen=True)
class Row:
    """A page as the sum of its captured fragments, and what our client makes of it."""

    sample: Sample
    makes: Outcome
    fragments: tuple[str, ...] = ()


def _row(name, mark, makes, title, *fragments, page="§3.1", body="<Body>"):
    text = document(title, *fragments, body=body)
    number = {str(makes.request_id): r"\d+"} if makes.request_id else {}
    title_line = f"<P ID=locPageTitle> <B> {title} </B>"
    return Row(Sample(f"certsrv.md {page}", mark, name, text, number), makes, (title_line, *fragments))


# --- pending

RECEIVED = (
    "<P ID=locInfoNewReq> Your certificate request has been received. However, you must wait for an\n"
    "administrator to issue the certificate you requested. </P>"
)
YOUR_ID = "<P ID=locInfoReqID>\nYour Request Id is 89.\n</P>"
RETURN = "<P ID=locInstructions> Please return to this web site in a day or two to retrieve your certificate.</P>"
TEN_DAYS = "You must return with <B>this</B> web browser within 10 days to retrieve your\ncertificate"
WARNING = "<P ID=locTimeoutWarning>"
WAITING = ("Certificate Pending", RECEIVED, YOUR_ID)
PENDING = _row("pending", "H", Pending(89), *WAITING, RETURN, WARNING, TEN_DAYS)
STRAY = _row("pending, stray quote", "H", Pending(89), *WAITING, body='<Body Link=#0000FF">')
INTERNET_EXPLORER = _row("pending, IE", "M", Pending(89), *WAITING, "' nReqId = 89", page="§3.2")
FRENCH = _row(
    "pending, French",
    "H",
    Pending(25),
    "Certificat en attente",
    "<P ID=locInfoReqID>\nL’identificateur de votre requête est 25.\n</P>",  # noqa: RUF001 - as captured
    page="§3.3",
)
JAPANESE = _row("pending, Japanese", "H", Pending(7), "", "<P ID=locInfoReqID>\n要求 ID は 7 です。\n</P>", page="§3.3")

# --- issued: the page knows two callers

ISSUED_TEXT = "<P ID=locInfo> The certificate you requested was issued to you.</P>"
PLAIN_LINKS = tuple(
    f'<A Href="certnew.{kind}?ReqID=83&amp;Enc=bin"><LocID ID=locDownloadCert{place}>Download</LocID></A> '
    f'<A Href="certnew.{kind}?ReqID=83&amp;Enc=b64">Base 64</A>'
    for place, kind in enumerate(("cer", "p7b"), start=1)
)
INSTALL_CA = '<A Href="certnew.cer?ReqID=CACert&amp;Renewal=0&amp;Mode=inst&amp;Enc=b64">This CA is not trusted</A>'
SCRIPT = (
    "<Script>\nfunction handleGetCert() {\n"
    'location="certnew.cer?ReqID=83&"+getEncoding();\n}\n'
    "function handleGetChain() {\n"
    'location="certnew.p7b?ReqID=83&"+getEncoding();\n}\n</Script>'
)
GRANTED = Issued(83, LEAF)
ISSUED = _row("issued, links", "H", GRANTED, "Certificate Issued", ISSUED_TEXT, INSTALL_CA, *PLAIN_LINKS, page="§3.2")
BROWSER = _row("issued, script", "H", GRANTED, "Certificate Issued", SCRIPT, ISSUED_TEXT, INSTALL_CA, page="§3.2")

# --- denied: the page names an id as well, and the message ends in a line break

DENIED_TEXT = "<P ID=locDenied> Your certificate request was denied. </P>"
CONTACT = "<P ID=locContactAdmin>Contact your administrator for further information."
UNSUPPORTED = (
    "Denied by Policy Module  0x80094800, The request was for a certificate template that is not supported by the "
    "Active Directory Certificate Services policy: WebServer."
)


# Blanks in HTML are one blank to a reader: a message keeps its words.
SHOWN = " ".join(UNSUPPORTED.split())


def reason(message):
    """The words of a denied page that hold id and message."""
    return f'Your Request Id is 85. The disposition message is "{message}".'


DENIED = _row(
    "denied, traps 1 and 2",
    "H",
    Denied(85, SHOWN, "0x80094800"),
    "Certificate Request Denied",
    DENIED_TEXT,
    "<P ID=locInfoReqIDandReason>",
    reason(UNSUPPORTED + "\n"),
    CONTACT,
)
NOT_PERMITTED = _row(
    "denied, no code",
    "M",
    Denied(85, "Denied by Policy Module", None),
    "Certificate Request Denied",
    DENIED_TEXT,
    "<P ID=locInfoReqIDandReason>",
    reason("Denied by Policy Module"),
    CONTACT,
)
SUBMISSIONS = [PENDING, STRAY, INTERNET_EXPLORER, FRENCH, JAPANESE, ISSUED, BROWSER, DENIED, NOT_PERMITTED]

# --- the error page: a definition list, each value on its own line behind exactly two TABs (§4)


def listed(label, name, value):
    """One entry of the list."""
    return f"<DT ID={label}><Font><B>{name}</B></Font></DT><DD>\n\t\t{value}"


def error(
    number=None, message=None, last="", *, title="Error", disposition="Disposition:", unknown="(unknown)", mode=""
):
    """An error page; entries that nobody saw are left out."""
    shown = f"{number} <LocID ID=locDispSpacer>-</LocID>  <LocID ID=locDispUnknown>{unknown}</LocID>"
    entries = [
        listed("locModeLabel", "Request Mode:", f"{mode} <LocID ID=locModeSpacer>-</LocID>") if mode else "",
        listed("locDispLabel", disposition, shown) if number is not None else "",
        listed("locDispMsgLabel", "Disposition message:", message) if message else "",
        listed("locResultLabel", "Result:", "The operation completed successfully. 0x0 (WIN32: 0)"),
        listed("locComInfoLabel", "COM Error Info:", ""),
        listed("locLastStatLabel", "LastStatus:", last or "The operation completed successfully. 0x0 (WIN32: 0)"),
        listed("locSugCauseLabel", "Suggested Cause:", "No suggestions."),
    ]
    return document(title, "<DL>", *filter(None, entries), "</DL>")
