"""People at a browser: they read labels and click what they read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from tests.conftest import until

T = TypeVar("T")


class Browsing:
    """What anybody does at a page."""

    def __init__(self, browser: Chrome, scene: dict[str, Any], downloads: Path):
        self.browser = browser
        self.scene = scene
        self.downloads = downloads

    def find(self, path: str) -> WebElement:
        """The first element of that XPath, as soon as there is one."""
        return until(lambda: self.browser.find_elements(By.XPATH, path))[0]

    def on(self, path: str, act: Callable[[WebElement], T]) -> T:
        """Do something with the first element of that XPath; begin again where the page changed under the hand."""

        def tried() -> list[T]:
            try:
                return [act(self.find(path))]
            except StaleElementReferenceException:
                return []

        return until(tried)[0]

    def field(self, label: str) -> str:
        """The XPath of what a label belongs to."""
        return f"//*[@id=//label[normalize-space()='{label}']/@for]"

    def value(self, label: str) -> str:
        """What a field holds."""
        return self.on(self.field(label), lambda field: field.get_attribute("value") or "")

    def enter(self, label: str, text: str) -> None:
        """Type into a field."""
        self.on(self.field(label), lambda field: field.send_keys(text))

    def press(self, text: str) -> None:
        """A button, or what looks like one, by its words."""
        self.on(f"//button[normalize-space()='{text}'] | //input[@value='{text}']", WebElement.click)

    def follow(self, text: str) -> None:
        """A link by its words."""
        self.on(f"//a[normalize-space()='{text}']", WebElement.click)

    def choose(self, label: str, words: str) -> None:
        """One of the words that a list offers."""
        self.on(self.field(label), lambda field: Select(field).select_by_visible_text(words))

    def shown(self) -> str:
        """The page's text."""
        return self.on("//body", lambda body: body.text)

    def downloaded(self, name: str) -> bytes:
        """A file that the browser has just saved, moved away so that the next one has its name."""
        file = self.downloads / name
        until(file.exists)
        content = file.read_bytes()
        file.unlink()
        return content


class Administrator(Browsing):
    """Somebody with an account of the operating system, at the pages of one node."""

    def log_in(self, account: str) -> None:
        """The form, with an account of the scene."""
        told = self.scene["people"][account]
        self.open_pages()
        self.enter("Username", told["user"])
        self.enter("Password", told["password"])
        self.press("Login")
        self.follow("Certificate Management")

    def come_back(self) -> None:
        """The list, while the login of before still holds."""
        self.open_pages()
        self.follow("Certificate Management")

    def open_pages(self) -> None:
        """The publisher's pages by its name."""
        publisher = self.scene["nodes"][0]
        self.browser.get(f"https://{publisher['name']}:{publisher['tomcat_port']}/cmplatform/")

    def statuses(self) -> list[str]:
        """The lines of the box Status."""
        return self.on("//*[@id='status']", lambda box: box.text).splitlines()[1:]

    def rows(self, certificate: str) -> list[list[str]]:
        """The list's rows of that name."""
        self.press("Find")
        self.find("//th[text()='Issued By']")
        found = self.browser.find_elements(By.XPATH, f"//tr[td[1][normalize-space()='{certificate}']]")
        return [[cell.text for cell in row.find_elements(By.TAG_NAME, "td")] for row in found]

    def upload(self, purpose: str, file: Path) -> list[str]:
        """Upload Certificate/Certificate chain; what it says."""
        self.press("Upload Certificate/Certificate chain")
        self.choose("Certificate Purpose*", purpose)
        self.enter("Upload File", str(file))
        self.press("Upload")
        told = self.statuses()
        self.press("Close")
        return told


class Requester(Browsing):
    """The same person at the CA's pages."""

    def open_ca(self) -> None:
        """With name and password in the address, which answers the browser's own prompt."""
        told, ca = self.scene["people"]["person"], self.scene["ca"]
        port = urlsplit(ca["url"]).port
        self.browser.get(f"https://{quote(told['user'])}:{quote(told['password'])}@{ca['host']}:{port}/certsrv/")

    def submit(self, csr: str) -> None:
        """Request a certificate > the form, with the template of the cluster."""
        self.open_ca()
        self.follow("Request a certificate")
        self.follow("Submit a certificate request by using a base-64-encoded CMC or PKCS #10 file")
        self.enter("Saved Request:", csr)
        self.choose("Certificate Template:", "Cisco UC")
        self.press("Submit >")

    def look_at_pending(self) -> None:
        """View the status of the request that this browser has made."""
        self.open_ca()
        self.follow("View the status of a pending certificate request")
        self.on("//input[starts-with(@value, 'Saved-Request Certificate')]", WebElement.click)

    def chain_of_the_ca(self) -> bytes:
        """Download a CA certificate, certificate chain, or CRL > the chain, in base64."""
        self.open_ca()
        self.follow("Download a CA certificate, certificate chain, or CRL")
        self.on("//*[@id='rbB64Enc']", WebElement.click)
        self.follow("Download CA certificate chain")
        return self.downloaded("certnew.p7b")


class Officer(Browsing):
    """The CA's officer, at the management page."""

    def issue(self, number: int) -> None:
        """The button Issue in the line of a request."""
        self.browser.get(self.scene["control"] + "/")
        line = f"//table[@id='requests']//tr[td[1][normalize-space()='{number}']]"
        self.on(f"{line}//button[normalize-space()='Issue']", WebElement.click)
        self.find(f"{line}[td[2][normalize-space()='issued']]")


class Operator(Browsing):
    """Whoever answers a renewal's questions, at Prefect's own page of the run."""

    _DIALOGUE = "//*[@role='dialog']"

    def fill_in(self, page: str, decision: str, name: str) -> None:
        """Resume, and the form."""
        self.browser.get(page)
        self.press("Resume")
        self.on(f"{self._part('Decision')}//select", lambda field: Select(field).select_by_visible_text(decision))
        self.on(f"{self._part('Name')}//textarea", lambda field: field.send_keys(name))

    def submit(self) -> None:
        """Submit, and once more while the form stays open: SQLite under Prefect may have been busy."""

        def sent() -> bool:
            if not self.browser.find_elements(By.XPATH, self._DIALOGUE):
                return True
            self.press("Submit")
            return False

        until(sent, every=5)

    def _part(self, label: str) -> str:
        return f"{self._DIALOGUE}//div[contains(@class, 'p-label ')][.//span[normalize-space()='{label}']]"
