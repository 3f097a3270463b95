"""What certnew.cer says of a request that has no certificate, and why: the table of certsrv.md §4."""

from dataclasses import dataclass

from tests.pages.certsrv_samples import SHOWN, UNSUPPORTED, error
from tests.pages.sample import Sample
from ucrenew.clients.certsrv import Denied, Pending
from ucrenew.errors import Refused, Transient

NOT_SUPPORTED = (
    "The requested certificate template is not supported by this CA. "
    "0x80094800 (-2146875392 CERTSRV_E_UNSUPPORTED_CERT_TYPE)"
)
BY_OFFICER = (
    "The request was denied by a certificate manager or CA administrator. "
    "0x80094014 (-2146877420 CERTSRV_E_ADMIN_DENIED_REQUEST)"
)
NOTHING = "The requested property value is empty. 0x80094004 (-2146877436 CERTSRV_E_PROPERTY_EMPTY)"
STOPPED = "The Certification Authority Service has not been started."
OFFLINE = "0x80092013 (-2146885613 CRYPT_E_REVOCATION_OFFLINE)"
NO_RPC = "The RPC server is unavailable. 0x800706ba (-2147023174 RPC_S_SERVER_UNAVAILABLE)"


@dataclass(frozen=True)
class Row:
    """An error page, with what our client makes of it: an outcome, or an error that quotes ``words``."""

    sample: Sample
    makes: object
    words: str = ""


def _row(name, mark, makes, text, words=""):
    return Row(Sample("certsrv.md §4", mark, name, text), makes, words)


FRENCH = error(5, "(texte)", title="Erreur", disposition="Disposition :", unknown="(inconnu)")
OUTCOMES = [
    _row("still pending", "H", Pending(32), error(5, "Taken Under Submission")),
    _row("still pending, French", "H", Pending(32), FRENCH),
    _row("denied by policy", "H", Denied(32, SHOWN, "0x80094800"), error(2, UNSUPPORTED, NOT_SUPPORTED)),
    _row(
        "denied by an officer",
        "M",
        Denied(32, "Denied by EXAMPLE\\officer", "0x80094014"),
        error(2, "Denied by EXAMPLE\\officer", BY_OFFICER),
    ),
]
TROUBLES = [
    _row("unknown id", "H", Refused, error(last=NOTHING), "property value is empty"),
    _row("CA stopped", "M", Transient, error(last=STOPPED), STOPPED),
    _row("no RPC", "M", Transient, error(last=NO_RPC), "The RPC server is unavailable"),
    _row("revocation offline", "H", Transient, error(last=OFFLINE), "0x80092013"),
]
