"""A cluster's profile: what a good one means, and how each kind of wrong one is refused."""

from datetime import timedelta
from pathlib import Path

import pytest

from ucrenew.domain.purpose import Purpose
from ucrenew.errors import BadInput
from ucrenew.profile import GatePolicy, load_profile

from .builder import NODES, PRESENCE, PUBLISHER, SUBSCRIBER
from .lab import GOOD_PROFILE, write_profile

ONE_MORE_NODE = '\n[[nodes]]\nname = "cs-new.example.com"\nproduct = "cucm"\nrole = "subscriber"\n'


def load(folder, **changes):
    """The good profile with some of its lines replaced."""
    return load_profile(write_profile(folder, **changes))


def refusal(path):
    """The sentence with which a profile is refused."""
    with pytest.raises(BadInput) as caught:
        load_profile(path)
    return str(caught.value)


def line_with(path, text):
    """The number of the only line that begins with the text."""
    (found,) = [number for number, line in enumerate(path.read_text().splitlines(), 1) if line.startswith(text)]
    return found


# --- good ones


def test_good_profile(tmp_path):
    """A good profile is the cluster that its file is named for, with its nodes in the order of the file."""
    profile = load(tmp_path)

    assert "lab" == profile.cluster
    assert NODES == tuple(entry.name for entry in profile.nodes)
    assert PUBLISHER == profile.publisher.name
    assert "CiscoUC" == profile.ca.template
    assert timedelta(days=30) == profile.renew_before


def test_cautious_defaults(tmp_path):
    """What a profile does not say is cautious: gates ask, tomcat only, RSA 2048 with SHA-256, a week's backup."""
    profile = load(tmp_path, renew_before="")

    assert {GatePolicy.ASK} == {profile.gates.start, profile.gates.activate}
    assert {GatePolicy.FORBID} == {profile.gates.cleanup, profile.gates.backup}
    assert (Purpose.TOMCAT,) == profile.certificate.purposes
    assert ("rsa", 2048, "sha256") == (
        profile.certificate.key.type,
        profile.certificate.key.length,
        profile.certificate.key.hash,
    )
    assert "multi-server" == profile.certificate.distribution
    assert timedelta(days=30) == profile.renew_before
    assert 7 == profile.limits.backup_max_age
    assert timedelta(minutes=35) == profile.fan_out
    assert profile.discover is False
    assert timedelta(days=7) == profile.overdue
    assert 30 == profile.limits.trust_expires_soon
    assert profile.accounts.application is None


def test_where_nodes_are_reached(tmp_path):
    """A node is reached at its address, else at its name, on the usual ports unless told."""
    profile = load(tmp_path)

    assert PUBLISHER == profile.entry(PUBLISHER).host
    assert "192.0.2.12" == profile.entry(SUBSCRIBER).host
    assert (443, 8443) == profile.entry(PUBLISHER).tls_ports
    assert (443, 9443) == profile.entry(PRESENCE).tls_ports
    assert 22 == profile.entry(PUBLISHER).ssh_port


def test_names_in_lower_case(tmp_path):
    """Host names are kept in lower case however they are written."""
    profile = load(tmp_path, name='name = "CS-CCM-PUB.Example.COM"', common_name='common_name = "CS-MS.Example.COM"')

    assert PUBLISHER == profile.publisher.name
    assert "cs-ms.example.com" == profile.certificate.common_name


def test_longest_common_name(tmp_path):
    """A common name of 64 characters, the most that X.520 allows, is accepted; another name may be longer (S8)."""
    longest = f"{'a' * 52}.example.com"
    profile = load(tmp_path, common_name=f'common_name = "{longest}"', extra_names=f'extra_names = ["extra-{longest}"]')

    assert longest == profile.certificate.common_name
    assert 64 == len(longest)


def test_pins_with_colons(tmp_path):
    """A pinned fingerprint may be written with colons and capitals, as browsers show it."""
    shown = ":".join(["AB"] * 32)
    profile = load(tmp_path, append=f'trust = {{ sha256 = ["{shown}"] }}\n')

    assert ("ab" * 32,) == profile.nodes[-1].trust.sha256


def test_cluster_wide_trust(tmp_path):
    """A CA file and host keys may be given once for all nodes."""
    key = f"SHA256:{'A' * 43}"
    profile = load(tmp_path, append=f'\n[trust]\nca_file = "nodes.pem"\nssh_host_keys = ["{key}"]\n')

    assert Path("nodes.pem") == profile.trust.ca_file
    assert (key,) == profile.trust.ssh_host_keys


def test_discover(tmp_path):
    """With ``discover`` a profile that knows only the publisher is enough."""
    text = "discover = true\n" + GOOD_PROFILE[: GOOD_PROFILE.index("[[nodes]]", GOOD_PROFILE.index("[[nodes]]") + 1)]
    path = tmp_path / "lab.toml"
    path.write_text(text)

    profile = load_profile(path)

    assert profile.discover
    assert (PUBLISHER,) == tuple(entry.name for entry in profile.nodes)


def test_ca_without_template(tmp_path):
    """A standalone CA has no template (S13)."""
    assert load(tmp_path, template="").ca.template is None


# --- wrong ones: each is refused with file, line and reason

WRONG = {
    "unknown key": ({"renew_before": "renew_befor = 30"}, "renew_befor", "Extra inputs are not permitted"),
    "unknown table": ({"append": "\n[gate]\nstart = 'ask'\n"}, "[gate]", "Extra inputs are not permitted"),
    "key missing": ({"common_name": ""}, "[certificate]", "certificate.common_name: Field required"),
    "wildcard": ({"common_name": 'common_name = "*.example.com"'}, "common_name", "is not a host name"),
    "address as name": ({"extra_names": 'extra_names = ["192.0.2.1"]'}, "extra_names", "is not a host name"),
    "name with blank": ({"common_name": 'common_name = "a b"'}, "common_name", "is not a host name"),
    "label with hyphen": ({"common_name": 'common_name = "-a.example.com"'}, "common_name", "is not a host name"),
    "long common name": (
        {"common_name": f'common_name = "{"a" * 53}.example.com"'},
        "common_name",
        "certificate.common_name: a common name has at most 64 characters (X.520), this one 65",
    ),
    "second extra name": (
        {"extra_names": 'extra_names = ["a.example.com", "b_c.example.com"]'},
        "extra_names",
        "certificate.extra_names.2: 'b_c.example.com' is not a host name",
    ),
    "purpose": ({"renew_before": 'purposes = ["webserver"]'}, "purposes", "'tomcat', 'CallManager'"),
    "renew before, share": ({"renew_before": "renew_before = 1.5"}, "renew_before", "the share of its lifetime"),
    "renew before": ({"renew_before": "renew_before = 0"}, "renew_before", "greater than or equal to 1"),
    "short key": ({"append": "\n[certificate.key]\nlength = 1024\n"}, "length", "2048, 3072 or 4096"),
    "plain http": ({"url": 'url = "http://ca.example.com/certsrv/"'}, "url", "ca.url"),
    "other page": ({"url": 'url = "https://ca.example.com/"'}, "url", "ca.url"),
    "product": ({"append": ONE_MORE_NODE.replace('"cucm"', '"cuc"')}, 'product = "cuc"', "nodes.4.product"),
    "port": ({"tomcat_port": "tomcat_port = 84433"}, "tomcat_port", "nodes.3.tomcat_port"),
    "short fingerprint": ({"address": 'trust.sha256 = ["abcd"]'}, "trust.sha256", "64 hexadecimal digits"),
    "host key": ({"address": 'trust.ssh_host_keys = ["MD5:00:11"]'}, "trust.ssh_host_keys", "as ssh prints it"),
    "gate policy": ({"append": '\n[gates]\nstart = "maybe"\n'}, "start", "'ask', 'auto' or 'forbid'"),
    "cleanup by policy": (
        {"append": '\n[gates]\ncleanup = "auto"\n'},
        "cleanup",
        "gates.cleanup: this never passes by policy",
    ),
    "activation by policy": ({"append": '\n[gates]\nactivate = "auto"\n'}, "activate", "write ask or forbid"),
    "overdue at once": ({"append": "\n[gates]\noverdue = 0\n"}, "overdue", "gates.overdue"),
    "trust expires soon": (
        {"append": "\n[limits]\ntrust_expires_soon = 0\n"},
        "trust_expires_soon",
        "limits.trust_expires_soon",
    ),
    "step": ({"append": "\n[by_hand]\nupload = true\n"}, "upload", "by_hand.upload: Extra inputs are not permitted"),
    "backup age": ({"append": "\n[limits]\nbackup_max_age = 0\n"}, "backup_max_age", "limits.backup_max_age"),
    "purpose without restarts": (
        {"renew_before": 'purposes = ["tomcat", "cup-xmpp"]'},
        "purposes",
        "certificate.purposes.2: which services to restart for cup-xmpp is not known yet, only for: tomcat",
    ),
    **{
        f"{key} = {value}": (
            {"append": f"\n[{table}]\n{key} = {value}\n"},
            key,
            f"{table}.{key}: Input should be less than or equal to {most}",
        )
        for table, key, value, most in (
            ("limits", "fan_out", "inf", 1440),
            ("limits", "fan_out", "1441", 1440),
            ("limits", "prompt", "inf", 3600),
            ("limits", "backup_max_age", "99999999999999", 3650),
            ("limits", "trust_expires_soon", "99999999999999", 3650),
            ("gates", "overdue", "inf", 8760),
        )
    },
    "two references": (
        {"password": 'password = { env = "A", file = "b" }'},
        'password = { env = "A"',
        "exactly one of env, file, block",
    ),
    "no reference": ({"password": "password = {}"}, "password = {}", "exactly one of env, file, block"),
    "unknown key of an account": ({"user": "usr = 1"}, "usr", "accounts.platform.usr"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_profile(tmp_path, kind):
    """Each kind of mistake is refused with the file, the line on which it stands, and the reason."""
    changes, marker, reason = WRONG[kind]
    path = write_profile(tmp_path, **changes)

    found = refusal(path)

    assert f"lab.toml, line {line_with(path, marker)}: " in found
    assert reason in found
    assert "\n" not in found


def test_mistake_in_second_node(tmp_path):
    """A mistake in one of several nodes is found on that node's line, not on the first one's."""
    path = write_profile(tmp_path, address='colour = "blue"')

    found = refusal(path)

    assert f"line {line_with(path, 'colour')}: nodes.2.colour" in found


def test_key_that_a_node_lacks(tmp_path):
    """A key that a node lacks is reported on the line where that node begins."""
    path = write_profile(tmp_path, append='\n[[nodes]]  # new\nname = "cs-new.example.com"\nproduct = "cucm"\n')

    assert f"line {line_with(path, '[[nodes]]  # new')}: nodes.4.role: Field required" in refusal(path)


def test_mistake_in_table_of_node(tmp_path):
    """A mistake in a table of one node is found on its own line: such a table belongs to the node before it."""
    path = write_profile(tmp_path, append='\n[nodes.trust]\nsha256 = ["abcd"]\n')

    assert f"line {line_with(path, 'sha256')}: nodes.3.trust.sha256.1: " in refusal(path)


def test_all_mistakes_at_once(tmp_path):
    """All mistakes of a profile are reported in one go."""
    path = write_profile(tmp_path, common_name="", url='url = "ftp://ca"', tomcat_port="tomcat_port = 0")

    found = refusal(path)

    assert 3 == found.count("lab.toml, line ")
    assert all(key in found for key in ("certificate.common_name", "ca.url", "nodes.3.tomcat_port"))


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"role": 'role = "subscriber"'}, "exactly one node has to be the CUCM publisher, and 0 are"),
        (
            {"append": ONE_MORE_NODE.replace("subscriber", "publisher")},
            "exactly one node has to be the CUCM publisher, and 2 are",
        ),
        ({"append": ONE_MORE_NODE.replace("cs-new", "CS-CCM-SUB")}, "a node is listed twice"),
    ],
    ids=["no publisher", "two publishers", "twice"],
)
def test_nodes_that_are_no_cluster(tmp_path, changes, shown):
    """A cluster has exactly one CUCM publisher, and no node twice; the IM&P publisher does not count (S6)."""
    found = refusal(write_profile(tmp_path, **changes))

    assert found.startswith("lab.toml, line ")
    assert shown in found


@pytest.mark.parametrize("own", ['cluster = "other"\n', 'folder = "elsewhere"\n'])
def test_name_inside_the_file(tmp_path, own):
    """A profile cannot call its cluster or folder otherwise than its file: such a key is refused, not passed over."""
    path = tmp_path / "lab.toml"
    path.write_text(own + GOOD_PROFILE)

    assert "lab.toml, line 1: " in refusal(path)


def test_broken_toml(tmp_path):
    """A file that is not TOML is refused with the parser's reason and place."""
    path = write_profile(tmp_path, template="template = CiscoUC")

    found = refusal(path)

    assert found.startswith("lab.toml: this is not TOML: ")
    assert f"line {line_with(path, 'template')}" in found


def test_not_text(tmp_path):
    """A file in another encoding than UTF-8 is refused in words."""
    path = tmp_path / "lab.toml"
    path.write_bytes(b"# caf\xe9\n")

    assert refusal(path).startswith("lab.toml: this is not TOML: ")


def test_no_file(tmp_path):
    """A profile that is not there is bad input that names the file."""
    assert "lab.toml cannot be read" in refusal(tmp_path / "lab.toml")


@pytest.mark.parametrize("name", ["Lab.toml", "my lab.toml", "lab_1.toml", "-lab.toml"])
def test_name_of_file(tmp_path, name):
    """A file name that cannot be a cluster's name is refused: it becomes keys and run names."""
    path = write_profile(tmp_path, file=name)

    assert refusal(path).startswith(f"{name}: ")


def test_empty_profile(tmp_path):
    """An empty file is refused with everything that is missing."""
    path = tmp_path / "lab.toml"
    path.write_text("")

    found = refusal(path)

    assert all(f"lab.toml, line 1: {table}: " in found for table in ("nodes", "accounts", "certificate", "ca"))


# --- what is asked of a profile


def test_purpose_not_covered(tmp_path):
    """A purpose that the profile does not cover, or that does not exist, is refused with those it has (S4)."""
    profile = load(tmp_path)

    assert Purpose.TOMCAT is profile.require_purpose("tomcat")
    for asked in ("CallManager", "webserver"):
        with pytest.raises(BadInput, match=rf"^lab: purpose '{asked}' is not covered .*: tomcat$"):
            profile.require_purpose(asked)


def test_unknown_node(tmp_path):
    """A node that the profile does not have is refused by its name."""
    with pytest.raises(BadInput, match=r"^lab: the profile knows no node cs-new\.example\.com$"):
        load(tmp_path).entry("cs-new.example.com")


def test_renew_before_as_share(tmp_path):
    """The lead may be the share of the lifetime that is left: the same profile then fits 398 and 47 days."""
    assert 0.33 == load(tmp_path, renew_before="renew_before = 0.33").renew_before
