"""deployments/server: units that systemd takes, and settings that Prefect knows."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prefect.settings import Settings
from prefect.settings.legacy import _get_settings_fields

FOLDER = Path(__file__).parents[1] / "deployments" / "server"
# Read from the environment by the server's encryption alone, and no setting (prefect/server/utilities/encryption.py).
NO_SETTING = {"PREFECT_SERVER_ENCRYPTION_KEY"}


@pytest.mark.parametrize("unit", sorted(FOLDER.glob("*.service")), ids=lambda unit: unit.stem)
def test_unit_is_one(unit, tmp_path):
    """Systemd finds nothing wrong with it, its programs put where they are on this machine."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("prefect", "python"):
        (programs / name).symlink_to(shutil.which("true"))
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/ucrenew/.venv/bin", str(programs)))
    done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, timeout=60, check=False)

    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.env")), ids=lambda file: file.stem)
def test_settings_are_known(file):
    """Every setting is one of Prefect's, and no secret stands in the file."""
    lines = re.findall(r"^([A-Z_]+)=(.*)$", file.read_text(), re.MULTILINE)
    known = set(_get_settings_fields(Settings)) | NO_SETTING

    assert lines
    assert [] == [name for name, _ in lines if name not in known]
    assert [] == [
        name for name, value in lines if "PASSWORD" in name or (":" in value and "@" in value and "<" not in value)
    ]
