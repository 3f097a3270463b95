"""Pages as real CAs send them (certsrv.md §3, §4), and a client of a throw-away server that sends them."""

from __future__ import annotations

from contextlib import contextmanager

from tests.protocols.https_door import (
    NODE,
    Answers,
    Cert,
    Door,
    Reply,
    always,
    csr,
    hierarchy,
    make,
    opened,
    signed,
)
from ucrenew.clients import tls
from ucrenew.clients.certsrv import CertSrv
from ucrenew.domain.logon import Logon

USER, PASSWORD = "EXAMPLE\\svc-ucrenew", "geheim-ü"
OWN = make("ca.example.com")
REQUEST = csr(NODE, "cs-imp.example.com")
LEAF = signed(REQUEST)
CHAIN = (hierarchy().root.certificate, LEAF, hierarchy().intermediate.certificate)
TAB = "\t"


def page(title: str, body: str) -> str:
    """The frame of every page (certsrv.md §3): old tags, CRLF."""
    text = (
        "<HTML><Head><Title>Microsoft Active Directory Certificate Services</Title></Head><Body>\n"
        f"<Form Name=UIForm><P ID=locPageTitle> <B> {title} </B>\n{body}\n</Form></Body></HTML>"
    )
    return text.replace("\n", "\r\n")


def error_page(
    disposition: str, message: str, last_status: str, *, labels: tuple[str, str] = ("Disposition:", "Error")
) -> str:
    """The definition list of an error page (certsrv.md §4)."""
    rows = (
        ("locReqModeLabel", "Request Mode:", "newreq <LocID ID=locModeSpacer>-</LocID> (new request)"),
        (
            "locDispLabel",
            labels[0],
            f"{disposition} <LocID ID=locDispSpacer>-</LocID> <LocID ID=locDispUnknown>(unknown)</LocID>",
        ),
        ("locDispMsgLabel", "Disposition message:", message),
        ("locResultLabel", "Result:", "The operation completed successfully. 0x0 (WIN32: 0)"),
        ("locComInfoLabel", "COM Error Info:", "CCertRequest::RetrievePending"),
        ("locLastStatLabel", "LastStatus:", last_status),
        ("locSugCauseLabel", "Suggested Cause:", "No suggestions."),
    )
    listed = "\n".join(
        f"<DT ID={label}><Font Size=-1><B>{shown}</B></Font></DT><DD>\n\t\t{value}" for label, shown, value in rows
    )
    return page(labels[1], f"<DL>\n{listed}\n</DL>")


TAKEN = error_page("5", "Taken Under Submission", "The operation completed successfully. 0x0 (WIN32: 0)")
PENDING = page(
    "Certificate Pending",
    "<P ID=locInfoNewReq> Your certificate request has been received. However, you must wait for an\n"
    "administrator to issue the certificate you requested. </P>\n<P ID=locInfoReqID>\nYour Request Id is 32.\n</P>\n"
    "<P ID=locTimeoutWarning> You must return with <B>this</B> web browser within 10 days to retrieve",
)
PENDING_FR = page(
    "Certificat en attente",
    "<P ID=locInfoNewReq> Votre demande a été reçue. </P>\n<P ID=locInfoReqID>\n"
    "L\u2019identificateur de votre requête est 25.\n</P><P ID=locTimeoutWarning> dans un délai de 10 jours",
)
PENDING_JA = page("証明書は保留中です", "<P ID=locInfoReqID>\n要求 ID は 7 です。\n</P>")
PENDING_DE = page(
    "Zertifikat ausstehend",
    "<P ID=locInfoNewReq> Ihre Zertifikatanforderung wurde empfangen. </P>\n<P ID=locInfoReqID>\n"
    "Die Anforderungs-ID ist 41.\n</P><P ID=locTimeoutWarning> innerhalb von 10 Tagen",
)
PENDING_DRESSED = page(
    "Certificate Pending",
    "<!-- certnew.cer?ReqID=1&Enc=b64 locDenied ID=locDenied <P ID=locDenied> 99 -->"
    "<script>var s='<P ID=locInfoReqID>12</P>';</script>"
    "<p class='x' id=\"locInfoReqID\">\nYour Request Id is <b>32</b>.</p>",
)
DENIED = page(
    "Certificate Request Denied",
    "<P ID=locDenied> Your certificate request was denied. </P>\n<P ID=locInfoReqIDandReason>\n"
    'Your Request Id is 85. The disposition message is "Denied by Policy Module  0x80094800, The request was for a'
    " certificate template that is not supported by the Active Directory Certificate Services policy: Nope.\n"
    '".\n<P ID=locContactAdmin>Contact your administrator for further information.',
)
DENIED_FR = page(
    "Demande de certificat refusée",
    "<P ID=locDenied> Votre demande de certificat a été refusée. </P>\n<P ID=locInfoReqIDandReason>\n"
    "L\u2019identificateur de votre requête est 85. Le message de disposition est «\u00a0Refusé par le module"
    " de stratégie 0x80094012\u00a0».<P ID=locContactAdmin>Contactez votre administrateur.",
)
DENIED_DE = page(
    "Zertifikatanforderung verweigert",
    "<P ID=locDenied> Ihre Zertifikatanforderung wurde verweigert. </P>\n<P ID=locInfoReqIDandReason>\n"
    "Die Anforderungs-ID ist 85. Die Dispositionsmeldung ist \u201eVom Richtlinienmodul verweigert 0x80094012\u201c."
    "<P ID=locContactAdmin>Wenden Sie sich an den Administrator.",
)
DENIED_JA = page(
    "証明書の要求は拒否されました",
    "<P ID=locDenied> 証明書の要求は拒否されました。 </P>\n<P ID=locInfoReqIDandReason>\n"
    "要求 ID は 85 です。処理メッセージは「ポリシー モジュールによって拒否されました 0x80094012」です。\n"
    "<P ID=locContactAdmin>",
)
ISSUED_LINKS = page(
    "Certificate Issued",
    "<P ID=locInfo> The certificate you requested was issued to you.</P>\n"
    '<A Href="certnew.cer?ReqID=CACert&amp;Renewal=0&amp;Mode=inst&amp;Enc=b64">This CA is not trusted</A>'
    '<A Href="certnew.cer?ReqID=83&amp;Enc=bin"><LocID ID=locDownloadCert1>Download</LocID></A>'
    '<A Href="certnew.cer?ReqID=83&amp;Enc=b64">Base 64</A> <A Href="certnew.p7b?ReqID=83&amp;Enc=b64">chain</A>',
)
ISSUED_SCRIPT = page(
    "Certificate Issued",
    "<P ID=locInfo> The certificate you requested was issued to you.</P>\n<Script Language=JavaScript>\n<!--\n"
    'function handleGetCert() {\nlocation="certnew.cer?ReqID=83&"+getEncoding();\n}\nfunction handleGetChain() {\n'
    'location="certnew.p7b?ReqID=83&"+getEncoding();\n}\n//-->\n</Script>',
)
RPC_DOWN = error_page("-", "(none)", "The RPC server is unavailable. 0x800706ba (WIN32: 1722 RPC_S_SERVER_UNAVAILABLE)")
NOT_STARTED = error_page("(never set)", "", "The Certification Authority Service has not been started.")
UNKNOWN_ID = error_page(
    "(never set)", "", "The requested property value is empty. 0x80094004 (-2146877436 CERTSRV_E_PROPERTY_EMPTY)"
)
BY_OFFICER = error_page(
    "2",
    "Denied by EXAMPLE\\officer",
    "The request was denied by a certificate manager or CA administrator. 0x80094014 (-2146877420"
    " CERTSRV_E_ADMIN_DENIED_REQUEST)",
)


def client_of(
    door: Door,
    *,
    timeout: float = 10,
    logon: Logon | None = Logon.BASIC,
    user: str = USER,
    password: str = PASSWORD,
    shown: Cert = OWN,
) -> CertSrv:
    """A client of the door, which stands for a CA's web server; Basic needs one request a call."""
    endpoint = door.endpoint("ca.example.com")
    decision = tls.decide_trust(endpoint, tls.TrustAnchors(pins=frozenset({shown.sha256})))
    session = tls.trusted_session(endpoint, decision)
    url = f"https://ca.example.com:{door.port}/certsrv/"
    return CertSrv(url, session, user, password, logon=logon, timeout=timeout)


@contextmanager
def answering(answer: Answers | str | bytes):
    """A client whose CA answers so, and the door."""
    with opened(OWN, answers=always(answer) if isinstance(answer, str | bytes) else answer) as door:
        yield client_of(door), door


def first_then(first: str | Reply, then: str | bytes | Reply) -> Answers:
    """One answer to the submission and another to every fetch."""
    answers = [item if isinstance(item, Reply) else Reply(item) for item in (first, then)]
    return lambda seen: answers[0] if seen.method == "POST" else answers[1]


def challenge(*schemes: str) -> Reply:
    """A 401 as IIS gives it, one line a scheme."""
    lines = [
        ("WWW-Authenticate", f'{scheme} realm="ca, example"' if scheme == "Basic" else scheme) for scheme in schemes
    ]
    return Reply("<title>401 - Unauthorized</title>", 401, lines)
