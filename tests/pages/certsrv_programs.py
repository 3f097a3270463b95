"""How working programs ask a Microsoft CA: their forms (certsrv.md §2) and what they look for in its answers (§11)."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from cryptography.hazmat.primitives.serialization import Encoding

from tests.pages.terminal import call
from tests.protocols.https_door import csr

# An RSA key, as templates want them; its names are nobody's.
REQUEST = csr("cs-ccm-pub.example.com", "cs-ccm-sub.example.com", kind="rsa")
TEMPLATE = "WebServer"  # the built-in one, which issues at once (§10)
REQUEST_PEM = REQUEST.public_bytes(Encoding.PEM).decode()

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
EXPLORER = "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)"
GO, CURL = "Go-http-client/1.1", "curl/7.88.1"
ATTRIBUTE = "CertificateTemplate:{}"


# What PyPI certsrv and adcs-issuer look for on the error page (§4).
MESSAGE = re.compile("Disposition message:[^\t]+\t\t([^\r\n]+)")
LAST_STATUS = re.compile("LastStatus:[^\t]+\t\t([^\r\n]+)")
DISPOSITION = re.compile(r"\t\t(\d) <LocID ID=locDispSpacer>-</LocID>")


@dataclass(frozen=True)
class Program:
    """One program: its name in the page, how it names itself, its form, the key that it finds an issued request by."""

    name: str
    agent: str
    dress: str  # of the CSR: lines, line, bare, new
    form: tuple[tuple[str, str], ...]
    key: str
    path: str = "certfnsh.asp"
    method: str = "POST"
    mark: str = "H"


def _form(attributes=ATTRIBUTE, flags="0", save="yes", *more):
    return (("CertAttrib", attributes), ("TargetStoreFlags", flags), ("SaveCert", save), *more)


MOZILLA_KEY = r"certnew.cer\?ReqID=(\d+)&"
LINK_KEY = r"certnew.cer\?ReqID=(\d+)&amp;Enc=b64"
PROGRAMS = [
    Program("MW", BROWSER, "lines", _form(ATTRIBUTE + "\r\n"), MOZILLA_KEY),
    Program("DG", BROWSER, "lines", _form(), MOZILLA_KEY),
    Program("A2C", BROWSER, "bare", _form(ATTRIBUTE + "\r\n"), MOZILLA_KEY),
    Program("NOK", BROWSER, "lines", _form(ATTRIBUTE, "0", "yes", ("CertificateTemplate", "{}")), MOZILLA_KEY),
    Program("JIM", GO, "line", _form(flags="%!s(int=0)"), LINK_KEY),
    Program("WIN", GO, "lines", _form(save="no"), r"ReqID=(\d+)"),
    Program("CTP", BROWSER, "lines", _form(ATTRIBUTE + "\n"), MOZILLA_KEY),
    Program("IMP", BROWSER, "line", _form(), r'location="certnew.cer\?ReqID=(.*?)&'),
    Program(
        "NAR",
        BROWSER,
        "bare",
        _form(ATTRIBUTE + f"\nUserAgent:{BROWSER}\n"),
        r"certnew.p7b\?ReqID=(.+?)\&\"\+getEncoding",
    ),
    Program("CAD", GO, "lines", _form(), r'(?i)<a href="certnew.cer\?ReqID=(\d+)&amp;Enc=b64"'),
    Program(
        "BGS", EXPLORER, "line", _form(), r'function handleGetCert\(\) \{\r?\n[^"\r\n]*"certnew.cer\?ReqID=(\d+)&"'
    ),
    Program("DAV", CURL, "line", _form(), r"(?m)^.*?=.*?ReqID=(\d+)", method="GET", mark="M"),
    Program(
        "any case",
        CURL,
        "new",
        (("certattrib", "certificatetemplate:{}"),),
        LINK_KEY,
        "CERTFNSH.ASP",
    ),
]


def dressed(csr_pem, dress):
    """A CSR as a program sends it: PEM in lines, PEM on one line, base64 without a header, or the older label."""
    label = "CERTIFICATE REQUEST"
    base64 = "".join(csr_pem.replace(f"-----BEGIN {label}-----", "").replace(f"-----END {label}-----", "").split())
    return {
        "lines": csr_pem,
        "line": csr_pem.replace("\n", ""),
        "bare": base64,
        "new": csr_pem.replace(label, "NEW " + label),
    }[dress]


class Caller:
    """Asks the CA of a scene; ``agent`` is the name of the program in the header."""

    def __init__(self, scene, agent=BROWSER):
        account = scene["ca"]
        self.port = urlsplit(account["url"]).port
        self.login = (scene["accounts"]["ca"]["user"], scene["accounts"]["ca"]["password"])
        self.agent = agent

    def get(self, page, **more):
        """Load a page."""
        return call(self.port, "GET", "/certsrv/" + page, login=self.login, User_Agent=self.agent, **more)

    def post(self, fields, *, path="certfnsh.asp", method="POST", unescaped=""):
        """Send a form; ``unescaped`` letters go out as they are."""
        return call(
            self.port,
            method,
            "/certsrv/" + path,
            login=self.login,
            body=urlencode(fields, quote_via=lambda text, *_: quote(text, safe=unescaped)),
            User_Agent=self.agent,
            Content_Type="application/x-www-form-urlencoded",
        )

    def submit(self, csr_pem, template, program=None):
        """Send a CSR as a program does."""
        used = program or PROGRAMS[0]
        form = {name: value.replace("{}", template) for name, value in used.form}
        mode = {"Mode": "newreq", "CertRequest": dressed(csr_pem, used.dress)}
        return self.post(mode | form, path=used.path, method=used.method)


def number(answer, key=MOZILLA_KEY):
    """The request id that a program finds."""
    found = re.search(key, answer.text)
    assert found, answer.text
    return int(found[1])
