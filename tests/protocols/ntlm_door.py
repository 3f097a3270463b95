"""IIS with NTLM, as far as a client sees it: pyspnego accepts, one login a connection (certsrv.md §7)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import spnego
from cryptography.hazmat.primitives import hashes
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from tests.protocols.certsrv_captures import OWN, PASSWORD, USER, challenge
from tests.protocols.https_door import Answers, Cert, Door, Reply, Seen, opened

OFFER = challenge("Negotiate", "NTLM")


def binding(shown: Cert, digest: hashes.HashAlgorithm | None = None) -> bytes:
    """The channel binding of a server that shows this certificate (RFC 5929)."""
    return b"tls-server-end-point:" + shown.certificate.fingerprint(digest or hashes.SHA256())


@dataclass
class Iis:
    """Lets a connection in once its NTLM login is complete; ``challenged`` may bend the answer to the first message."""

    page: Answers
    bound_to: bytes = binding(OWN)
    challenged: Callable[[Reply], Reply] = lambda reply: reply
    proofs: list[bytes] = field(default_factory=list)  # every last message that arrived
    _logins: dict[int, spnego.ContextProxy] = field(default_factory=dict)  # by the client's port

    def __call__(self, seen: Seen) -> Reply:
        """Answer one request."""
        found = re.fullmatch(r"NTLM (\S+)", seen.headers.get("Authorization", ""))
        if found is None:
            known = self._logins.get(seen.port)
            return self.page(seen) if known and known.complete else OFFER
        message = base64.b64decode(found[1])
        return self._begin(seen, message) if message[8] == 1 else self._end(seen, message)

    def _begin(self, seen: Seen, message: bytes) -> Reply:
        login = self._logins[seen.port] = spnego.server(
            protocol="ntlm",
            options=spnego.NegotiateOptions.use_ntlm,
            channel_bindings=GssChannelBindings(application_data=self.bound_to),
        )
        token = base64.b64encode(login.step(message)).decode()
        return self.challenged(Reply("<title>401</title>", 401, [("WWW-Authenticate", f"NTLM {token}")]))

    def _end(self, seen: Seen, message: bytes) -> Reply:
        self.proofs.append(message)
        try:
            self._logins[seen.port].step(message)
        except (SpnegoError, KeyError):
            return OFFER
        return self.page(seen)


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The domain's accounts, where pyspnego's acceptor looks them up."""
    known = tmp_path / "accounts"
    known.write_text(f"{USER.replace(chr(92), ':')}:{PASSWORD}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(known))


@contextmanager
def iis(page: Answers, *, shown: Cert = OWN, **how: object) -> Iterator[tuple[Iis, Door]]:
    """A web server that wants NTLM, and its door."""
    server = Iis(page, **how)
    with opened(shown, answers=server) as door:
        yield server, door
