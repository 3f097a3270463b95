"""When a cluster may be touched, by whom, and who else has to be ready: the people's part of a profile."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from ucrenew.domain.acting import Step
from ucrenew.domain.gate import Gate
from ucrenew.domain.neighbours import NeighbourKind
from ucrenew.domain.windows import Window, next_opening
from ucrenew.errors import BadInput
from ucrenew.profile import load_profile
from ucrenew.profile_people import ByHand

from .lab import GOOD_PROFILE, write_profile

WINDOW = '\n[[windows]]\ndays = ["sat", "sun"]\nstart = "22:00"\nhours = 6.5\nzone = "Europe/Berlin"\n'
NEIGHBOUR = '\n[[neighbours]]\nkind = "expressway"\nname = "exp-c.example.com"\n'


def load(folder, append="", *, top=""):
    """The good profile with lines before it and behind it."""
    path = folder / "lab.toml"
    path.write_text(top + GOOD_PROFILE + append)
    return load_profile(path)


def refusal(folder, append, *, top=""):
    """The sentence with which a profile is refused, and the text that it was refused for."""
    with pytest.raises(BadInput) as caught:
        load(folder, append, top=top)
    return str(caught.value), (folder / "lab.toml").read_text()


def line_of(text, begins):
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(begins))


# --- windows (S22)


def test_windows(tmp_path):
    """Windows are read as days, start, real length and zone, in the order of the file (S22)."""
    profile = load(tmp_path, WINDOW + WINDOW.replace('"sat", "sun"', '"daily"'))

    assert (
        Window(frozenset({5, 6}), time(22), timedelta(hours=6, minutes=30), "Europe/Berlin"),
        Window(frozenset(range(7)), time(22), timedelta(hours=6, minutes=30), "Europe/Berlin"),
    ) == profile.maintenance_windows


def test_no_windows(tmp_path):
    """A profile without windows has none: the gate decides alone (S22)."""
    assert () == load(tmp_path).maintenance_windows


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ('["sat", "sun"]', '["saturday"]', "days", "windows.1.days.1"),
        ('["sat", "sun"]', "[]", "days", "windows.1.days"),
        ("22:00", "24:00", "start", "windows.1.start: '24:00' is not a time of day"),
        ("22:00", "9:00", "start", "windows.1.start: '9:00' is not a time of day"),
        ("22:00", "22:00:00", "start", "windows.1.start: '22:00:00' is not a time of day"),
        ("6.5", "0", "hours", "windows.1.hours"),
        ("6.5", "24.1", "hours", "windows.1.hours"),
        ("Europe/Berlin", "Europe/Bonn", "zone", "windows.1.zone: 'Europe/Bonn' is not a time zone"),
        ("Europe/Berlin", "Europe", "zone", "windows.1.zone: 'Europe' is not a time zone"),
        ("Europe/Berlin", "../../etc/passwd", "zone", "is not a time zone"),
        ("Europe/Berlin", "", "zone", "windows.1.zone: '' is not a time zone"),
        ('zone = "Europe/Berlin"\n', "", "[[windows]]", "windows.1.zone: Field required"),
    ],
)
def test_wrong_window(tmp_path, old, new, key, reason):
    """Each kind of mistake in a window is refused with the line and the reason (S22)."""
    said, text = refusal(tmp_path, WINDOW.replace(old, new))

    assert f"lab.toml, line {line_of(text, key)}: " in said
    assert reason in said


def test_mistake_in_second_window(tmp_path):
    """A mistake in one of several windows is found on that window's line."""
    said, text = refusal(tmp_path, WINDOW + WINDOW.replace("22:00", "25:00"))

    second = line_of(text, 'start = "25:00"')

    assert f"line {second}: windows.2.start: " in said


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/Argentina/Buenos_Aires"])
def test_zones(tmp_path, zone):
    """Any IANA zone will do, and its rules are at hand wherever we are installed."""
    (found,) = load(tmp_path, WINDOW.replace("Europe/Berlin", zone)).maintenance_windows

    assert zone == found.zone
    assert next_opening([found], datetime(2026, 3, 2, tzinfo=UTC)) is not None


# --- neighbours


def test_neighbours(tmp_path):
    """A neighbour is told by name, kind, and what it has to trust before the certificate is in service."""
    (found,) = load(tmp_path, NEIGHBOUR).outside

    assert str(found).startswith("exp-c.example.com (expressway): Expressway-C trusts the new chain")


@pytest.mark.parametrize("kind", NeighbourKind)
def test_every_kind_of_neighbour(tmp_path, kind):
    """Every kind of neighbour can be named in a profile, and each says what it needs."""
    (found,) = load(tmp_path, NEIGHBOUR.replace("expressway", kind)).outside

    assert kind is found.kind
    assert len(str(found)) > len(f"{found.name} ({kind}): ")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("expressway", "exchange", "kind"),
        ("exp-c.example.com", "", "name"),
    ],
)
def test_wrong_neighbour(tmp_path, old, new, key):
    """A kind that nobody knows, and a neighbour without a name, are refused with their line."""
    said, text = refusal(tmp_path, NEIGHBOUR.replace(old, new))

    assert f"line {line_of(text, f'{key} = {chr(34)}{new}{chr(34)}')}: neighbours.1.{key}: " in said


# --- who acts (design.md §2)


def test_programs_act(tmp_path):
    """Unless told, our programs do every step."""
    profile = load(tmp_path)

    assert [] == [step for step in Step if profile.is_by_hand(step)]


@pytest.mark.parametrize("by_hand", Step)
def test_single_step_by_hand(tmp_path, by_hand):
    """Any single step can be given to a person; the others stay ours."""
    profile = load(tmp_path, f"\n[by_hand]\n{by_hand} = true\n")

    assert [by_hand] == [step for step in Step if profile.is_by_hand(step)]


def test_person_acts(tmp_path):
    """In advise mode a person does every step, whatever is said of single ones."""
    profile = load(tmp_path, "\n[by_hand]\ncsr = false\n", top='actuator = "person"\n')

    assert list(Step) == [step for step in Step if profile.is_by_hand(step)]


def test_unknown_actuator(tmp_path):
    """An actuator that is neither is refused with its line."""
    said, _ = refusal(tmp_path, "", top='actuator = "nobody"\n')

    assert "lab.toml, line 1: actuator: " in said


def test_steps_are_keys():
    """Every step is a key of [by_hand], and every key is a step."""
    assert [step.value for step in Step] == list(ByHand.model_fields)


# --- who may sign


def test_signed_gates(tmp_path):
    """Gates that demand a signature are named by their kind, and the file of signers is seen from the profile."""
    signed = load(tmp_path, '\n[signed]\ngates = ["activate", "phones-trust"]\nallowed_signers = "signers"\n').signed

    assert ((Gate.ACTIVATE, Gate.PHONES_TRUST), Path("signers")) == (signed.gates, signed.allowed_signers)


def test_nobody_signs(tmp_path):
    """Unless told, no gate demands a signature."""
    assert () == load(tmp_path).signed.gates


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[signed]\ngates = ["activate"]\n', "signed: gates that demand a signature need allowed_signers"),
        ('[signed]\ngates = ["lunch"]\nallowed_signers = "s"\n', "signed.gates.1: "),
        (
            '[gates]\nstart = "auto"\n\n[signed]\ngates = ["start"]\nallowed_signers = "s"\n',
            "[signed] demands a signature at 'start', and [gates] lets it pass by policy",
        ),
    ],
    ids=["no signers", "no gate", "by policy"],
)
def test_wrong_signed(tmp_path, text, reason):
    """Signatures that nobody could give, at a gate that there is not, or that policy would pass over, are refused."""
    said, _ = refusal(tmp_path, f"\n{text}")

    assert reason in said


def test_signers_that_are_not_there(tmp_path):
    """A file of signers that cannot be read is complained of before anything begins."""
    profile = load(tmp_path, '\n[signed]\nallowed_signers = "nowhere"\n')

    with pytest.raises(BadInput, match="the profile names nowhere, which cannot be read"):
        profile.require_files()


# --- accounts and patience


def test_application_account(tmp_path):
    """An application user for SOAP may be given; its password is a reference as any other."""
    account = load(
        tmp_path, '\n[accounts.application]\nuser = "axl-reader"\npassword = { env = "LAB_AXL" }\n'
    ).accounts.application

    assert ("axl-reader", "LAB_AXL") == (account.user, account.password.env)


def test_application_account_in_clear(tmp_path):
    """A password of the application user that stands in the profile is refused and not shown."""
    said, _ = refusal(tmp_path, '\n[accounts.application]\nuser = "axl-reader"\npassword = "never-shown"\n')

    assert "accounts.application.password" in said
    assert "never-shown" not in said


def test_overdue_in_hours(tmp_path):
    """How long a question may stay without an answer is said in hours."""
    path = write_profile(tmp_path, append="\n[gates]\noverdue = 36\ncleanup = 'forbid'\n")
    profile = load_profile(path)

    assert timedelta(hours=36) == profile.overdue
    assert "forbid" == profile.gates.cleanup
