"""The CA of a profile: Microsoft's pages and how they are logged on to, or any other one by hand (S12, S13)."""

import pytest

from ucrenew.domain.acting import Step
from ucrenew.domain.logon import Logon, chosen, not_offered
from ucrenew.errors import BadInput
from ucrenew.profile import Profile, load_profile

from .lab import GOOD_PROFILE, plan_of, write_profile

ACCOUNT = '[accounts.ca]\nuser = "svc-ucrenew"\npassword = { file = "ca.password" }\n'
PAGES = 'url = "https://ca.example.com/certsrv/"\ntemplate = "CiscoUC"\n'


def with_ca(folder, table: str, *, account: str = ACCOUNT) -> Profile:
    """The good profile with another CA."""
    path = folder / "lab.toml"
    path.write_text(GOOD_PROFILE.replace(ACCOUNT, account).replace(PAGES, table))
    return load_profile(path)


@pytest.mark.parametrize("word", ["ntlm", "kerberos", "basic"])
def test_way_of_logging_on(tmp_path, word):
    """A profile may name the way to log on; without one it is chosen from what the server offers."""
    assert Logon(word) is with_ca(tmp_path, f'{PAGES}logon = "{word}"\n').ca.logon
    assert with_ca(tmp_path, PAGES).ca.logon is None


def test_ca_by_hand(tmp_path):
    """A CA by hand needs neither pages nor an account; submitting is a person's step, and the plan names the CA."""
    table = 'kind = "by-hand"\nname = "Example Trust"\n'
    profile = with_ca(tmp_path, table, account="")

    assert profile.ca.is_by_hand
    assert profile.accounts.ca is None
    assert profile.is_by_hand(Step.SUBMIT)
    assert not profile.is_by_hand(Step.TRUST)
    assert "Example Trust, by hand" == str(profile.ca)


def test_plan_shows_the_pages(tmp_path):
    """The plan of a Microsoft CA shows address and template, as it always did: its digest stays."""
    assert "https://ca.example.com/certsrv/, template CiscoUC" == plan_of(tmp_path).authority
    assert load_profile(write_profile(tmp_path, template="")).ca.template is None


@pytest.mark.parametrize(
    ("table", "account", "words"),
    [
        (f'{PAGES}logon = "digest"\n', ACCOUNT, "'ntlm', 'kerberos' or 'basic'"),
        (
            'template = "CiscoUC"\n',
            ACCOUNT,
            "ca: url is missing; where the CA is none of Microsoft's, write kind = \"by-",
        ),
        (f'kind = "by-hand"\n{PAGES}', ACCOUNT, "ca: a CA by hand has no template or url"),
        ('kind = "by-hand"\nlogon = "ntlm"\n', ACCOUNT, "ca: a CA by hand has no logon"),
        ('kind = "acme"\n', ACCOUNT, "'certsrv' or 'by-hand'"),
        (PAGES, "", "[accounts.ca] is missing"),
    ],
)
def test_wrong_ca_is_refused(tmp_path, table, account, words):
    """What a CA lacks or cannot have is refused when the profile is read, with the reason."""
    with pytest.raises(BadInput) as refused:
        with_ca(tmp_path, table, account=account)

    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        (("Negotiate", "NTLM"), Logon.NTLM),
        (("Basic", "ntlm", "Negotiate"), Logon.NTLM),
        (("Basic",), Logon.BASIC),
        (("Negotiate",), None),
        ((), None),
    ],
)
def test_choice_from_the_offer(offered, taken):
    """NTLM goes before Basic, and Kerberos is never taken unasked."""
    assert taken is chosen(offered)


def test_what_is_missing_is_said():
    """The sentence names what is offered, and the next thing to do for each way."""
    assert "only nothing" in not_offered(None, ())
    assert 'logon = "kerberos"' in not_offered(None, ("Negotiate",))
    assert "Web-Basic-Auth" in not_offered(Logon.BASIC, ("NTLM",))
    assert "it offers no Negotiate login, only NTLM, Basic;" in not_offered(Logon.KERBEROS, ("NTLM", "Basic"))
