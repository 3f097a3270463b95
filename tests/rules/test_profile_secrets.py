"""Passwords of a profile: by reference only, fetched when they are needed, never shown."""

import pytest

from ucrenew.credentials import password_of
from ucrenew.errors import BadInput
from ucrenew.profile import Account, SecretReference, load_profile

from .lab import write_profile

SECRET = "never-to-be-shown"


def no_block(name):
    raise AssertionError(name)


@pytest.mark.parametrize(
    "line", [f'password = "{SECRET}"', f'password = {{ value = "{SECRET}" }}', f'password = {{ env = ["{SECRET}"] }}']
)
def test_password_in_clear(tmp_path, line):
    """A password in the profile itself is refused, and the refusal does not show it."""
    with pytest.raises(BadInput) as caught:
        load_profile(write_profile(tmp_path, password=line))
    found = str(caught.value)

    assert "accounts.platform.password" in found
    assert SECRET not in found


@pytest.mark.parametrize("place", [f"svc:{SECRET}@ca.example.com", f"svc:{SECRET}:x@ca.example.com", f"{SECRET}@ca"])
def test_password_in_address(tmp_path, place):
    """An account in the CA's address is refused, and the refusal does not show it: addresses stand in every plan."""
    with pytest.raises(BadInput) as caught:
        load_profile(write_profile(tmp_path, url=f'url = "https://{place}/certsrv/"'))
    found = str(caught.value)

    assert "ca.url: no account stands in the address" in found
    assert SECRET not in found


def test_password_from_environment(tmp_path, monkeypatch):
    """A password by environment is read when it is needed, and is not kept in the profile."""
    profile = load_profile(write_profile(tmp_path))
    monkeypatch.setenv("LAB_PLATFORM", SECRET)

    found = password_of(profile, profile.accounts.platform, no_block)

    assert SECRET == found
    assert SECRET not in repr(profile)


@pytest.mark.parametrize("value", [None, ""])
def test_environment_without_password(tmp_path, monkeypatch, value):
    """A variable that is not set, or empty, is bad input that names cluster, variable and account."""
    profile = load_profile(write_profile(tmp_path))
    monkeypatch.delenv("LAB_PLATFORM", raising=False)
    if value is not None:
        monkeypatch.setenv("LAB_PLATFORM", value)

    with pytest.raises(BadInput, match=r"^lab: .*LAB_PLATFORM.*osadmin"):
        password_of(profile, profile.accounts.platform, no_block)


def test_password_from_file(tmp_path):
    """A password by file is read beside the profile; only the line's end is taken off."""
    (tmp_path / "ca.password").write_text(f" {SECRET} \r\n")
    profile = load_profile(write_profile(tmp_path))

    assert f" {SECRET} " == password_of(profile, profile.accounts.ca, no_block)


def test_password_file_missing(tmp_path):
    """A password file that is not there is bad input that names it."""
    profile = load_profile(write_profile(tmp_path))

    with pytest.raises(BadInput, match=r"^lab: .*ca\.password"):
        password_of(profile, profile.accounts.ca, no_block)


def test_password_from_block(tmp_path):
    """A password by Secret block is asked for by the block's name."""
    profile = load_profile(write_profile(tmp_path))
    account = Account(user="osadmin", password=SecretReference(block="lab-platform"))

    assert SECRET == password_of(profile, account, {"lab-platform": SECRET}.__getitem__)
