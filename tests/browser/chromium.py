"""Debian's Chromium, driven by the driver of the same Debian version through Selenium.

The browser trusts what the scene says and nothing else: the very keys of the nodes and of the CA's web server, each
compared with its fingerprint or verified before. Everybody else's certificate is judged as ever.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

EVIL = "evil.example.net"
_SWITCHES = (
    "--headless=new",
    "--window-size=1280,900",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
)


@contextmanager
def running(folder: Path, scene: dict[str, Any]) -> Iterator[Chrome]:
    """One browser with a profile of its own under ``folder``; downloads land in ``folder/downloads``."""
    options = ChromeOptions()
    options.binary_location = _program("chromium")
    trusted = ",".join(_key_hash(one) for one in _certificates(scene))
    names = ", ".join(f"MAP {name} 127.0.0.1" for name in (f"*.{scene['domain']}", EVIL))
    for switch in (
        *_SWITCHES,
        f"--user-data-dir={folder / 'profile'}",
        f"--ignore-certificate-errors-spki-list={trusted}",
        f"--host-resolver-rules={names}",
        # Chromium's sandbox does not start for root, which is what a container's only user mostly is.
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ):
        options.add_argument(switch)
    downloads = {"download.default_directory": str(folder / "downloads"), "safebrowsing.enabled": False}
    options.add_experimental_option("prefs", downloads)
    browser = Chrome(options=options, service=Service(_program("chromedriver")))
    try:
        yield browser
    finally:
        browser.quit()


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is missing: apt-get install chromium chromium-driver"
    return found


def _certificates(scene: dict[str, Any]) -> Iterator[x509.Certificate]:
    for node in scene["nodes"]:
        text = ssl.get_server_certificate((node["address"], node["tomcat_port"]))
        presented = x509.load_pem_x509_certificate(text.encode())
        der = presented.public_bytes(Encoding.DER)
        assert node["tomcat_sha256"] == hashlib.sha256(der).hexdigest()
        yield presented
    yield _of_the_ca(scene["ca"])


def _of_the_ca(ca: dict[str, str]) -> x509.Certificate:
    """What the CA's web server shows, after it was verified with the root."""
    address = urlsplit(ca["url"])
    context = ssl.create_default_context(cadata=ca["tls_ca"])
    with (
        socket.create_connection((address.hostname, address.port)) as plain,
        context.wrap_socket(plain, server_hostname=ca["host"]) as encrypted,
    ):
        return x509.load_der_x509_certificate(encrypted.getpeercert(binary_form=True) or b"")


def _key_hash(certificate: x509.Certificate) -> str:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()
