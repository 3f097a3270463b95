"""How the certificate API says no: cucm.md §1.1, §1.5 and the texts of §4.8, which are expected there too."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.pages.rest_samples import upload_chain
from tests.pages.sample import Sample
from ucrenew.clients.certmgr_refusals import NodeRefused, Reason
from ucrenew.errors import LoginRefused, Permanent, Transient

CA_MISSING = "CA Certificate is not available in the trust-store"
SAN = "CSR SAN and Certificate SAN does not match"
KEY = "CSR public key and Certificate public key do not match"
NO_CSR = "File /usr/local/platform/.security/tomcat/keys/tomcat.csr does not exist"


@dataclass(frozen=True)
class Row:
    """An answer without a value; ``reason`` is the stable word for a text that the pages know."""

    sample: Sample
    status: int
    raises: type[Exception]
    reason: Reason | None = None
    reads: Callable = upload_chain


def _row(page, name, mark, status, body, *rest, **more):
    text = body if isinstance(body, str) else json.dumps(body)
    return Row(Sample(f"cucm.md {page}", mark, name, text), status, *rest, **more)


def _snapshot(manager):
    return manager.snapshot()


# §1.5: the keys that working clients try, one after the other.
KEYS = [
    _row("§1.5", "message", "C", 400, {"message": CA_MISSING}, NodeRefused, Reason.CA_MISSING),
    _row("§1.5", "error", "C", 400, {"error": CA_MISSING}, NodeRefused, Reason.CA_MISSING),
    _row("§1.5", "messages[0]", "C", 400, {"messages": [CA_MISSING]}, NodeRefused, Reason.CA_MISSING),
    _row(
        "§1.5", "message before error", "C", 400, {"error": SAN, "message": CA_MISSING}, NodeRefused, Reason.CA_MISSING
    ),
    _row("§1.5", "400 without a text", "T", 400, "", NodeRefused),
    _row("§1.5", "500 for a stale request", "C", 500, {"message": KEY}, NodeRefused, Reason.KEY_MISMATCH),
]
TEXTS = [
    _row("§4.8", "names differ", "D", 400, {"messages": [SAN]}, NodeRefused, Reason.SAN_MISMATCH),
    _row("§4.8", "keys differ", "D", 400, {"messages": [KEY]}, NodeRefused, Reason.KEY_MISMATCH),
    _row("§4.8", "no request there", "D", 400, {"messages": [NO_CSR]}, NodeRefused, Reason.NO_CSR),
    _row("§4.8", "another case", "D", 400, {"messages": [CA_MISSING.upper()]}, NodeRefused, Reason.CA_MISSING),
    _row("§4.8", "words around", "D", 400, {"messages": [f"Error: {SAN}."]}, NodeRefused, Reason.SAN_MISMATCH),
]
STATUSES = [
    _row("§1.1", "401", "C", 401, "", LoginRefused, reads=_snapshot),
    _row("§1.1", "401 on a write", "I", 401, "", LoginRefused),
    _row("§1.1", "403 on a write", "I", 403, "", Permanent),
    _row("§1.1", "301", "D", 301, "", Permanent, reads=_snapshot),
    _row("§1.1", "404 while Tomcat starts", "I", 404, "", Transient, reads=_snapshot),
    _row("§1.1", "503 while Tomcat starts", "I", 503, "", Transient, reads=_snapshot),
]
ROWS = [*KEYS, *TEXTS, *STATUSES]
