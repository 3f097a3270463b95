"""How the clients of certsrv.md §11 read pages, each in its own terms: what they search for, and in which order.

A reader is given a page of certfnsh.asp and says what the client takes it for: ("issued", id), ("pending", id),
("denied", message) or ("nothing", "").
"""

from __future__ import annotations

import re
from itertools import pairwise

NOTHING = ("nothing", "")


def _found(expression: str, text: str) -> str | None:
    match = re.search(expression, text)
    return match[1] if match else None


def magnus(page: str) -> tuple[str, str]:
    """MW, and with it LEM, UCM, A2C and DG: link, then the title, then the disposition message."""
    number = _found(r"certnew.cer\?ReqID=(\d+)&", page)
    if number:
        return "issued", number
    if "Certificate Pending" in page:
        return "pending", _found(r"Your Request Id is (\d+).", page) or ""
    return "denied", _found(r'The disposition message is "([^"]+)', page) or "An unknown error occured"


def degagne(page: str) -> tuple[str, str]:
    """DG: as MW, with a looser link."""
    number = _found(r"certnew.cer\?ReqID=(\d+)", page)
    return ("issued", number) if number else magnus(page)


def nokia(page: str) -> tuple[str, str]:
    """NOK and DJK: link, then any request id, which is then polled for, even that of a denial."""
    number = _found(r"certnew.cer\?ReqID=([0-9]+)&", page)
    if number:
        return "issued", number
    number = _found(r"Your Request Id is ([0-9]+).", page)
    return ("polls", number) if number else ("denied", _found(r'The disposition message is "([^"]+)', page) or "")


def jimmy(page: str) -> tuple[str, str]:
    """JIM: the title and two sentences; the number out of the link with the escaped ampersand."""
    if "Certificate Issued" in page:
        return "issued", _found(r"certnew.cer\?ReqID=(\d+)&amp;Enc=b64", page) or ""
    if "Your certificate request has been received." in page:
        return "pending", _found(r"Your Request Id is (\d+).", page) or ""
    return ("denied", "") if "Your certificate request was denied." in page else NOTHING


def winca(page: str) -> tuple[str, str]:
    """WIN: the first number after ReqID=, wherever it is."""
    number = _found(r"ReqID=(\d+)", page)
    return ("issued", number) if number else NOTHING


def caddy(page: str) -> tuple[str, str]:
    """CAD: the first link with b64 in it and neither p7b nor CA."""
    for link in re.findall(r'<a [^>]*href="([^"]*)"', page, re.IGNORECASE):
        if "b64" in link and "p7b" not in link and "CA" not in link:
            return "issued", _found(r"ReqID=(\d+)", link) or ""
    return NOTHING


def davi(page: str) -> tuple[str, str]:
    """DAV: the fourth field at the equals signs of the first line with ReqID=, up to the ampersand."""
    lines = [line for line in page.splitlines() if "ReqID=" in line]
    return ("issued", lines[0].split("=")[3].split("&")[0]) if lines else NOTHING


def certreq(page: str) -> tuple[str, str]:
    """BGS: the line after a function's head, between quotes; or a commented line of VBScript."""
    lines = page.splitlines()
    for line, following in pairwise(lines):
        if "function handleGetCert() {" in line:
            return "issued", _found(r"ReqID=(\d+)&", following.split('"')[1]) or ""
        if "' nReqId" in line:
            return "pending", line.split("= ")[1]
    return NOTHING


def naresh(page: str) -> tuple[str, str]:
    """NAR: the script's address of the chain."""
    number = _found(r"certnew.p7b\?ReqID=(.+?)\&\"\+getEncoding", page)
    return ("issued", number) if number else NOTHING


def certipy(page: str) -> tuple[str, str]:
    """CTP: link as MW, the title, and the sentence about the template."""
    number = _found(r"certnew.cer\?ReqID=([0-9]+)&", page)
    if number:
        return "issued", number
    if "template that is not supported" in page:
        return "denied", "template"
    return ("pending", _found(r"Your Request Id is ([0-9]+)", page) or "") if "Certificate Pending" in page else NOTHING


def impacket(page: str) -> tuple[str, str]:
    """IMP: the script's address."""
    number = _found(r'location="certnew.cer\?ReqID=(.*?)&', page)
    return ("issued", number) if number else NOTHING


def hraedon(page: str) -> tuple[str, str]:
    """HRA: as MW without scripts and comments, and the disposition message before the request id."""
    clean = re.sub(r"<script\b[^>]*>.*?</script>|<!--.*?-->", "", page, flags=re.DOTALL | re.IGNORECASE)
    number = _found(r"certnew\.cer\?ReqID=(\d+)&", clean)
    if number:
        return "issued", number
    message = _found(r'The disposition message is "([^"]+)', clean)
    number = _found(r"Your Request Id is (\d+)", clean)
    return ("denied", message) if message else ("pending", number or "")
