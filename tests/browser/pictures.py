"""Pictures of the pages for docs/pictures: ``python -m tests.browser.pictures`` (``make pictures``).

With the folder of a rehearsal that waits for a person (``make rehearse ANSWERS=me``) it is played to its end, for
those of Prefect's pages.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome

from tests.browser import chromium
from tests.browser.people import Administrator, Officer, Operator, Requester
from tests.conftest import start_simulator, stop_simulator, until

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
_SIZE, _TALL = (1000, 640), (1280, 1000)
_PATIENCE = 600  # seconds, for what a busy machine takes between two questions


def main() -> None:
    """Take them all anew."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("--rehearsal", type=Path, help="folder of a rehearsal that waits for its first answer")
    rehearsal = parser.parse_args().rehearsal
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ucrenew-pictures-") as name:
        folder = Path(name)
        if rehearsal:
            _of_the_rehearsal(rehearsal, folder)
        else:
            _of_the_simulator(folder)


def _of_the_simulator(folder: Path) -> None:
    simulator = start_simulator(folder, "--latency", "0", "--seed", "1")
    try:
        with chromium.running(folder, simulator.scene) as browser:
            _walk(browser, simulator.scene, folder / "downloads")
    finally:
        stop_simulator(simulator)


def _walk(browser: Chrome, scene: dict[str, Any], downloads: Path) -> None:
    """The procedure up to the upload, a picture at each page."""
    administrator, requester, officer = (
        trade(browser, scene, downloads) for trade in (Administrator, Requester, Officer)
    )
    administrator.log_in("person")
    administrator.rows("tomcat")
    _take(browser, "certificate-list")
    administrator.press("Generate CSR")
    administrator.choose("Certificate Purpose*", "tomcat")
    administrator.choose("Distribution*", "Multi-server(SAN)")
    administrator.value("Auto-populated Domains")
    _take(browser, "generate-csr")
    administrator.press("Generate")
    administrator.find("//p[@class='success']")
    _take(browser, "csr-generated")
    administrator.press("Close")
    administrator.press("Download CSR")
    administrator.press("Download CSR")
    requester.submit(administrator.downloaded("tomcat.csr").decode())
    _take(browser, "certificate-pending")
    browser.get(scene["control"] + "/")
    _take(browser, "management")
    officer.issue(32)
    administrator.come_back()
    administrator.press("Upload Certificate/Certificate chain")
    administrator.choose("Certificate Purpose*", "tomcat-trust")
    _take(browser, "upload")


def _of_the_rehearsal(rehearsal: Path, folder: Path) -> None:
    """Play a rehearsal that nobody stands in for to its end: its questions, the click at the CA, the run's page."""
    said, scene = rehearsal / "run.log", json.loads((rehearsal / "ground" / "scene.json").read_text())

    def told(words: str) -> str:
        """What the rehearsal says next, once it has said it."""
        return until(lambda: re.findall(words, said.read_text()), _PATIENCE)[-1]

    with chromium.running(folder, scene) as browser:
        operator, officer = Operator(browser, scene, folder), Officer(browser, scene, folder)
        page = told(r"YOUR ANSWER: gate 'start'.*\n\S* +(http\S+)")
        operator.fill_in(page, "approve", "Pia Person")
        _take(browser, "prefect-form", _TALL)
        operator.submit()
        officer.issue(int(told(r"YOUR CLICK: request (\d+)")))
        page = told(r"YOUR ANSWER: gate 'activate'.*\n\S* +(http\S+)")
        operator.fill_in(page, "approve", "Pia Person")
        operator.submit()
        told("renewed on")
        browser.get(page)
        operator.find("//*[normalize-space()='Completed']")
        _take(browser, "prefect-run", _TALL)


def _take(browser: Chrome, name: str, size: tuple[int, int] = _SIZE) -> None:
    browser.set_window_size(*size)
    browser.save_screenshot(str(PICTURES / f"{name}.png"))


if __name__ == "__main__":
    main()
