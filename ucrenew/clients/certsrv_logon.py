"""The web server in front of a CA: logging on to it, and what its answers mean before any page is read (certsrv.md §7).

1. Which way to log on is the profile's word, else chosen from what the server offers; credentials go out only where
   they are asked for, or where the profile names Basic.
2. A password, or a proof of it, is presented once a call. A 401 to it ends the call.
3. Whatever goes wrong while logging on is never Unanswered: nothing was asked for yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from ucrenew.clients.certsrv_proofs import proof_of
from ucrenew.clients.sessions import Unanswered, basic, challenged, exchange, offered_schemes, quoted, send
from ucrenew.domain.logon import ENABLE_BASIC, Logon, chosen, not_offered
from ucrenew.errors import BadInput, LoginRefused, Refused, Transient, Trouble, UnknownReply

# Without "Mozilla" in it IIS sends certificates as text/html and another issued page (§3.2, §4).
_AGENT = {"User-Agent": "Mozilla/5.0 (compatible; ucrenew)"}


class WebServer:
    """One IIS with the pages of one CA, and the account that is used there."""

    def __init__(  # noqa: PLR0913 - each by its name
        self, url: str, session: requests.Session, user: str, password: str, *, logon: Logon | None, timeout: float
    ) -> None:
        """Take address and account. Raises BadInput for anything but https: the password would travel in the clear."""
        if urlsplit(url).scheme.lower() != "https":
            raise BadInput(f"the CA's address has to begin with https://, and is {url}")
        self.url = url.rstrip("/") + "/"
        self._session, self._timeout = session, timeout
        self._user, self._password = user, password
        self._logon = logon

    def check_login(self) -> str | None:
        """Log in once without asking for anything; return what a person should know, or None.

        Asks without credentials first: so schemes are known before a password is sent, and a server that lets
        anybody in is noticed, where a 200 would prove nothing.
        Raises LoginRefused, Refused when no way of logging on that we may use is offered, Transient.
        """
        doing = "logging in"
        bare = self._bare(doing)
        if bare.status_code == requests.codes.unauthorized:
            self._logon = self._offered_logon(bare, doing)
        answer = self.exchange("GET", "", doing)
        if answer.status_code != requests.codes.ok:
            raise self.trouble(answer, doing)
        if bare.status_code == requests.codes.ok:
            return f"{self.url} lets in anybody without a password, so this login proves nothing: tell the CA's owner"
        return None

    def exchange(self, method: str, page: str, doing: str, **content: Any) -> requests.Response:  # noqa: ANN401
        """Log on, and send one request once; the session holds no connection afterwards."""
        try:
            headers = self._log_on(doing)
            return send(self._session, method, self.url + page, headers=headers, **self._how(doing), **content)
        finally:
            self._session.close()

    def trouble(self, answer: requests.Response, doing: str) -> Trouble:
        """What an answer other than 200 means; the pages themselves always come with 200 (certsrv.md §1)."""
        at, status = f"{self.url}: {doing}", answer.status_code
        match status:
            case 401:
                offered = ", ".join(offered_schemes(answer)) or "nothing"
                return LoginRefused(
                    f"{at}: account {self._user} was refused (HTTP 401; offered: {offered}){_hint(answer)};"
                    r" it is not tried again. Some accounts need DOMAIN\user, others user@domain"
                )
            case 403:
                return Refused(f"{at}: HTTP 403; the site may want a client certificate, or the account may not enroll")
            case _ if status >= 500:  # noqa: PLR2004 - server errors begin there
                return Transient(f"{at}: the web server is not ready (HTTP {status})")
            case _:
                to = answer.headers.get("Location")
                where = f", redirecting to {self.quote(to)}" if to else ""
                return UnknownReply(f"{at}: HTTP {status}{where}; is this the address of the web enrollment pages?")

    def quote(self, text: str) -> str:
        """A text of theirs for a message of ours, without the password should it be in it."""
        return quoted(text, hide=self._password)

    # --- logging on

    def _log_on(self, doing: str) -> Mapping[str, str]:
        """The headers of a request that is logged on, on the session's connection where the login is bound to one."""
        logon = self._logon or self._ask_for_logon(doing)
        if logon is None:
            return _AGENT
        if logon is Logon.BASIC:
            return {**_AGENT, **basic(self._user, self._password)}
        proof = proof_of(logon, self._user, self._password, urlsplit(self.url).hostname or "")

        def answer(reply: requests.Response) -> Mapping[str, str]:
            if self._is_open(reply, doing):
                return _AGENT
            return {**_AGENT, **proof.answer(reply, f"{self.url}: {doing}")}

        opening = {**_AGENT, **proof.opening()}
        return challenged(self._session, self.url, headers=opening, answer=answer, **self._how(doing))

    def _ask_for_logon(self, doing: str) -> Logon | None:
        """What the server offers of what we may use; None where it asks for nothing, and then it is asked again."""
        try:
            bare = self._bare(doing)
        except Unanswered as error:
            raise Transient(f"{error}; it was asked for nothing yet but how to log on") from error
        if bare.status_code == requests.codes.unauthorized:
            self._logon = self._offered_logon(bare, doing)
        return self._logon

    def _bare(self, doing: str) -> requests.Response:
        """What a request without credentials gets: 401 as it should, 200 where anybody is let in."""
        reply = exchange(self._session, "GET", self.url, headers=_AGENT, **self._how(doing))
        self._is_open(reply, doing)
        return reply

    def _is_open(self, reply: requests.Response, doing: str) -> bool:
        """True where anybody is let in, False where a login is asked for. Raises for everything else."""
        if reply.status_code not in {requests.codes.ok, requests.codes.unauthorized}:
            raise self.trouble(reply, doing)
        return bool(reply.status_code == requests.codes.ok)

    def _offered_logon(self, bare: requests.Response, doing: str) -> Logon:
        """The way that the profile names, else one that the server offers. Raises Refused when it offers none."""
        offered = offered_schemes(bare)
        logon = self._logon or chosen(offered)
        if logon is None or not logon.is_among(offered):
            raise Refused(f"{self.url}: {doing}: {not_offered(logon, offered)}")
        return logon

    def _how(self, doing: str) -> dict[str, Any]:
        return {"doing": f"{self.url}: {doing}", "timeout": self._timeout}


def _hint(answer: requests.Response) -> str:
    """What a 401 can mean beside a wrong password, by the scheme of the request that it answers."""
    presented, _, _ = answer.request.headers.get("Authorization", "").partition(" ")
    if not presented:
        return "; it asks for a login now"
    if presented == Logon.NTLM.scheme:
        return (
            f'; {_BOUND}; or the domain lets this account use no NTLM: then logon = "kerberos" in the profile\'s [ca]'
        )
    if presented != Logon.BASIC.scheme:
        return f"; {_BOUND}"
    return "" if Logon.BASIC.is_among(offered_schemes(answer)) else f"; {ENABLE_BASIC}"


_BOUND = (
    "where the password is right, something between us and IIS ends TLS or shows another certificate (a proxy, a load"
    " balancer), and Extended Protection refuses the channel binding: reach IIS itself"
)
