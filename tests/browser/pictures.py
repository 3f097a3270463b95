"""Pictures of the pages for docs/pictures: ``python -m tests.browser.pictures`` (``make pictures``).

With the folder of a rehearsal that waits for a person (``make rehearse ANSWERS=me``) Prefect's form is taken too.
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
from tests.conftest import start_simulator, stop_simulator

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
_SIZE = (1000, 640)


def main() -> None:
    """Take them all anew."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("--rehearsal", type=Path, help="folder of a rehearsal that waits at a question")
    rehearsal = parser.parse_args().rehearsal
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ucrenew-pictures-") as name:
        folder = Path(name)
        if rehearsal:
            _of_the_form(rehearsal, folder)
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


def _of_the_form(rehearsal: Path, folder: Path) -> None:
    """Prefect's form with the question that waits now."""
    scene = json.loads((rehearsal / "ground" / "scene.json").read_text())
    page = re.findall(r"YOUR ANSWER.*\n\S* +(http\S+)", (rehearsal / "run.log").read_text())[-1]
    with chromium.running(folder, scene) as browser:
        operator = Operator(browser, scene, folder)
        operator.fill_in(page, "approve", "Pia Person")
        _take(browser, "prefect-form")


def _take(browser: Chrome, name: str) -> None:
    browser.set_window_size(*_SIZE)
    browser.save_screenshot(str(PICTURES / f"{name}.png"))


if __name__ == "__main__":
    main()
