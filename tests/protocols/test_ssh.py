"""The SSH transport against a real server on loopback: whom it trusts, and how often it presents a password."""

import io
import logging
import socket
import threading
import time

import pytest

from tests.protocols.ssh_door import Door
from ucrenew.clients import ssh
from ucrenew.errors import BadInput, LoginRefused, Transient, Untrusted

PATIENCE = 12  # seconds: less than the 15 and more that paramiko waits when nobody tells it


def pinned(door):
    return frozenset({door.key.fingerprint})


def log_in(door, *, password="correct", host_keys=None, timeout=10):
    return ssh.open_shell(
        "127.0.0.1",
        door.port,
        name="cs-ccm-pub.example.com",
        user="osadmin",
        password=password,
        host_keys=pinned(door) if host_keys is None else host_keys,
        timeout=timeout,
    )


@pytest.mark.parametrize(
    "methods", ["keyboard-interactive", "password", "password,keyboard-interactive", "publickey,password"]
)
def test_login_in_the_offered_way(methods):
    """Keyboard-interactive is used where it is offered, else password; the password goes out once."""
    with Door(methods=methods) as door:
        shell = log_in(door)
        said = shell.receive(5)
        shell.close()

    assert b"welcome\r\n" == said
    assert ["correct"] == door.presented


@pytest.mark.parametrize("methods", ["keyboard-interactive", "password", "password,keyboard-interactive"])
def test_refused_password_is_presented_once(methods):
    """A refused password is not presented a second time, also not in another way that the node offers."""
    with Door(methods=methods) as door, pytest.raises(LoginRefused) as caught:
        log_in(door, password="wr0ng-one")

    assert ["wr0ng-one"] == door.presented
    assert "cs-ccm-pub.example.com: logging in to the platform CLI as osadmin: user or password" in str(caught.value)
    assert "wr0ng-one" not in str(caught.value)


def test_unknown_host_key_gets_nothing():
    """A node whose host key is not pinned is refused before any credential, naming node, key and what to do."""
    with Door() as door, pytest.raises(Untrusted) as caught:
        log_in(door, host_keys=frozenset({"SHA256:somethingelse"}))

    assert [] == door.presented
    assert "cs-ccm-pub.example.com" in str(caught.value)
    assert door.key.fingerprint in str(caught.value)
    assert "add it to the profile" in str(caught.value)


def test_no_pin_trusts_nobody():
    """Without any pin no host key is trusted, not even on first sight."""
    with Door() as door, pytest.raises(Untrusted):
        log_in(door, host_keys=frozenset())

    assert [] == door.presented


def test_presented_key_is_shown_without_login():
    """The fingerprint that a person has to confirm is read without presenting any credential."""
    with Door() as door:
        presented = ssh.presented_host_key("127.0.0.1", door.port, 10)

    assert door.key.fingerprint == presented
    assert presented.startswith("SHA256:")
    assert [] == door.presented


def test_second_question_is_not_answered():
    """A dialogue that asks again after the password, as for a new one, ends there with the question quoted."""
    with (
        Door(rounds=[[("Password: ", False)], [("New password: ", False)]]) as door,
        pytest.raises(LoginRefused, match="New password:"),
    ):
        log_in(door)

    assert ["correct"] == door.presented


@pytest.mark.parametrize("prompts", [[("Login: ", True)], [("Password: ", False), ("Token: ", False)]])
def test_other_first_question_gets_no_password(prompts):
    """A question that is not one hidden one does not get the password."""
    with Door(rounds=[prompts]) as door, pytest.raises(LoginRefused, match="cannot answer"):
        log_in(door)

    assert [] == door.presented


def test_empty_round_is_passed():
    """A round without questions before the password is passed, as the protocol allows (RFC 4256 §3.2)."""
    with Door(rounds=[[], [("Password: ", False)]]) as door:
        log_in(door).close()

    assert ["correct"] == door.presented


def test_node_without_passwords_is_refused():
    """A node that takes keys only is reported with what it offers, and gets no password."""
    with Door(methods="publickey") as door, pytest.raises(LoginRefused, match="publickey"):
        log_in(door)

    assert [] == door.presented


def test_silence_after_the_password_is_final():
    """When the node falls silent after the password, it is not presented again: the account might lock."""
    with Door(hangs=True) as door, pytest.raises(LoginRefused, match="not tried again"):
        log_in(door, timeout=1)

    assert ["correct"] == door.presented


@pytest.mark.parametrize("shell", ["refused", "silence"])
def test_no_shell_is_transient(shell):
    """A node that lets us in and gives no shell, or never answers for one, is given up in time; what lacked is said."""
    with Door(shell=shell) as door:
        began = time.monotonic()
        with pytest.raises(Transient, match=r"cs-ccm-pub.*: starting the platform CLI's shell: .* not be set up"):
            log_in(door, timeout=0.5)
        took = time.monotonic() - began

    assert PATIENCE > took
    assert ["correct"] == door.presented


def test_dropped_connection_is_an_end():
    """A session that the node drops without a word ends: nothing more is read and nothing more can be sent."""
    with Door() as door:
        shell = log_in(door)
        shell.receive(5)
        door.drop()
        read = shell.receive(5)
        with pytest.raises(OSError, match="closed"):
            shell.send(b"utils service restart Cisco Tomcat")

    assert b"" == read


def test_refused_connection_is_transient():
    """A port on which nobody listens is a transient error that names node and address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(Transient, match=rf"n1: connecting to 127\.0\.0\.1:{port} by SSH"):
        ssh.open_shell("127.0.0.1", port, name="n1", user="u", password="p", host_keys=frozenset(), timeout=5)


def test_unknown_name_is_bad_input():
    """A host name that does not exist is the profile's mistake, said in one sentence."""
    with pytest.raises(BadInput, match="no such host name"):
        ssh.presented_host_key("no-such-node.invalid", 22, 5)


def slam(listener):
    listener.accept()[0].close()


def test_other_protocol_is_transient(capfd):
    """A port that closes without speaking SSH is one sentence; no stack trace reaches the terminal or the root log."""
    heard = io.StringIO()
    ear = logging.StreamHandler(heard)
    logging.getLogger().addHandler(ear)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        slammer = threading.Thread(target=slam, args=(listener,))
        slammer.start()
        with pytest.raises(Transient, match="could not be set up"):
            ssh.presented_host_key("127.0.0.1", listener.getsockname()[1], 5)
        slammer.join()
    logging.getLogger().removeHandler(ear)

    assert "" == heard.getvalue() + "".join(capfd.readouterr())


@pytest.mark.parametrize("words", [b"", b"SSH-2.0-OpenSSH_5.3\r\n"])
def test_silent_port_ends_at_the_timeout(words):
    """A port that accepts and then says nothing, or nothing more than its name, is given up in time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        talker = threading.Thread(target=lambda: kept.append(listener.accept()[0]) or kept[0].sendall(words))
        kept = []
        talker.start()
        began = time.monotonic()
        with pytest.raises(Transient, match="could not be set up"):
            ssh.presented_host_key("127.0.0.1", listener.getsockname()[1], 0.5)
        took = time.monotonic() - began
        talker.join()
        kept[0].close()

    assert PATIENCE > took
