"""The shell as a client meets it on the wire: bare paramiko, none of our client code (cucm.md §2.1)."""

import time

import paramiko
import pytest

from tests.conftest import until
from tests.simulator.walk import PROMPT, Shell, login

PUBLISHER = "cs-ccm-pub.example.com"
BANNER_ENDS = "RAM\r\n\r\n"
PAGER = "\x1b[1mPress <enter> for 1 line, <space> for one page, or <q> to quit\x1b[0m"


@pytest.fixture
def shell(borrowed):
    opened = Shell(borrowed)
    yield opened
    opened.close()


def test_shell_banner_then_prompt(shell):
    """The banner comes line by line with CR LF, then the prompt without a blank behind it."""
    seen = shell.read_to(PROMPT)

    assert seen.startswith("Command Line Interface is starting up, please wait ...\r\n")
    assert "\r\n   Welcome to the Platform Command Line Interface\r\n\r\nVMware Installation:\r\n\t2 vCPU" in seen
    assert seen.endswith("RAM\r\n\r\nadmin:")
    assert shell.is_silent(0.3)


def test_shell_late_prompt(borrowed):
    """The banner comes some time after the login, and the prompt some time after the banner."""
    borrowed.control.post("/cluster", {"prompt_seconds": 1})
    begun = time.monotonic()
    first = Shell(borrowed)
    first.read_to(BANNER_ENDS)
    greeted = time.monotonic() - begun
    first.read_to(PROMPT)
    prompted = time.monotonic() - begun
    first.close()

    def is_silent_between():
        shell = Shell(borrowed)
        shell.read_to(BANNER_ENDS)
        silent = shell.is_silent(0.2) and not shell.seen
        shell.close()
        return silent

    # Nothing here has to be quick: a slow machine lengthens the first two, and may need another look for the third.
    assert greeted >= 0.6
    assert prompted >= 1.0
    assert until(is_silent_between, 60)


def test_shell_early_nudge(borrowed):
    """A line end sent before the prompt is echoed after it, and a carriage return and a second prompt follow."""
    borrowed.control.post("/cluster", {"prompt_seconds": 1})
    shell = Shell(borrowed)
    shell.read_to("Welcome")
    shell.channel.sendall("\r\n")
    shell.read_to(PROMPT)
    following = shell.read_to(PROMPT)
    shell.close()

    assert "\r\n\radmin:" == following


def test_shell_needs_nudge(borrowed):
    """Where a node wants it, the prompt comes only after a line end."""
    borrowed.control.post(f"/nodes/{PUBLISHER}", {"prompt_needs_nudge": True})
    shell = Shell(borrowed)
    shell.read_to("RAM")
    shell.read_to("\r\n\r\n")

    assert shell.is_silent(0.5)
    shell.channel.sendall("\r\n")
    assert PROMPT == shell.read_to(PROMPT)
    shell.close()


def test_shell_echoes_typing(shell):
    """Every character is echoed as it is typed, and a rubbed-out one disappears."""
    shell.read_to(PROMPT)
    shell.channel.sendall("show cl")
    assert "show cl" == shell.read_to("show cl")

    shell.channel.sendall("x\x7fi pagination\r")
    seen = shell.read_to(PROMPT)

    assert "x\b \bi pagination\r\nAutomatic Pagination : On.\r\n\radmin:" == seen


def test_shell_pager_keys(shell):
    """A long output stops after a screen; a key without Enter gives a line, a page or the end."""
    shell.read_to(PROMPT)
    shell.channel.sendall("utils service list\r")
    first = shell.read_to(PAGER)
    assert 23 == first.partition("utils service list\r\n")[2].count("\r\n")
    assert shell.is_silent(0.3)

    shell.channel.sendall("\r")
    one_line = shell.read_to(PAGER)
    shell.channel.sendall(" ")
    rest = shell.read_to(PROMPT)
    shell.channel.sendall("utils service list\r")
    shell.read_to(PAGER)
    shell.channel.sendall("q")
    ended = shell.read_to(PROMPT)

    assert one_line.startswith("\r\x1b[K")
    assert 1 == one_line.count("\r\n")
    assert "Primary Node =true" in rest
    assert "\r\x1b[K\radmin:" == ended


def test_shell_pager_off(shell):
    """With pagination off a long output comes in one piece, in this session only."""
    shell.read_to(PROMPT)

    assert "Automatic pagination is turned off\n" == shell.ask("set cli pagination off")
    assert "Automatic Pagination : Off.\n" == shell.ask("show cli pagination")
    listing = shell.ask("utils service list")
    assert (True, False) == ("Primary Node =true" in listing, "Press <enter>" in listing)


def test_shell_keyboard_interactive(borrowed):
    """Release 15 offers keyboard-interactive only; a plain password is turned away unread and unnoted."""
    node, account = borrowed.node("cs-ccm-pub"), borrowed.scene["accounts"]["platform"]
    transport = paramiko.Transport((node["address"], node["ssh_port"]))
    transport.start_client(timeout=20)

    with pytest.raises(paramiko.BadAuthenticationType) as refusal:
        transport.auth_password(account["user"], account["password"], fallback=False)
    transport.close()
    assert ["keyboard-interactive"] == refusal.value.allowed_types
    assert [] == borrowed.control.ledger()


def test_shell_password_before_15(borrowed):
    """Older releases take a plain password."""
    borrowed.control.post("/cluster", {"version": "12.5.1.11900-146"})
    node, account = borrowed.node("cs-ccm-pub"), borrowed.scene["accounts"]["platform"]
    transport = paramiko.Transport((node["address"], node["ssh_port"]))
    transport.start_client(timeout=20)
    transport.auth_password(account["user"], account["password"], fallback=False)

    assert transport.is_authenticated()
    transport.close()


def test_shell_wrong_password(borrowed):
    """A wrong password is refused and written to the ledger once."""
    with pytest.raises(paramiko.AuthenticationException):
        login(borrowed, "cs-ccm-sub", password="wrong")

    assert [("login-refused", "osadmin", "cs-ccm-sub.example.com")] == [
        (entry["kind"], entry["from"], entry["node"]) for entry in borrowed.control.ledger()
    ]


def test_exec_gives_banner(borrowed):
    """A command on an exec channel is never run: the banner comes and the channel closes."""
    transport = login(borrowed, "cs-ccm-pub")
    channel = transport.open_session()
    channel.exec_command("utils service restart Cisco Tomcat")
    channel.settimeout(20)
    seen = b""
    while chunk := channel.recv(4096):
        seen += chunk
    transport.close()

    assert b"Welcome to the Platform Command Line Interface" in seen
    assert b"admin:" not in seen
    assert [] == borrowed.control.ledger()


def test_shell_no_prompt(borrowed):
    """With the fault `no-prompt` the banner comes and never a prompt, nudged or not."""
    borrowed.control.post("/faults", {"kind": "no-prompt", "node": PUBLISHER, "on": True})
    shell = Shell(borrowed)
    shell.read_to(BANNER_ENDS)
    shell.channel.sendall("\r\n")

    assert shell.is_silent(0.7)
    shell.close()
    borrowed.control.post("/faults", {"kind": "no-prompt", "node": PUBLISHER, "on": False})
    other = Shell(borrowed)
    assert PROMPT in other.read_to(PROMPT)
    other.close()


def test_shell_hold_and_release(borrowed):
    """With the fault `hold` the next login waits for its prompt until it is released; later logins do not."""
    borrowed.control.post("/faults", {"kind": "hold", "node": PUBLISHER, "on": True})
    held = Shell(borrowed)
    held.read_to(BANNER_ENDS)
    assert until(lambda: borrowed.control.node(PUBLISHER)["held_sessions"] == 1)
    assert held.is_silent(0.5)
    other = Shell(borrowed)
    other.read_to(PROMPT)
    other.close()

    borrowed.control.post("/faults", {"kind": "hold", "node": PUBLISHER, "on": False})
    assert PROMPT == held.read_to(PROMPT)
    assert until(lambda: borrowed.control.node(PUBLISHER)["held_sessions"] == 0)
    held.close()


def test_shell_held_client_leaves(borrowed):
    """A held client that goes away is not counted any more."""
    borrowed.control.post("/faults", {"kind": "hold", "node": PUBLISHER, "on": True})
    held = Shell(borrowed)
    until(lambda: borrowed.control.node(PUBLISHER)["held_sessions"] == 1)
    held.close()

    assert until(lambda: borrowed.control.node(PUBLISHER)["held_sessions"] == 0)


def test_shell_exit(shell):
    """`exit` closes the channel."""
    shell.read_to(PROMPT)
    shell.channel.sendall("exit\r")
    shell.read_to("exit\r\n")

    shell.channel.settimeout(10)
    assert b"" == shell.channel.recv(100)


def test_shell_interrupt_stops_restart(borrowed, shell):
    """Ctrl-C during [STOPPING] leaves the service stopped; the same command again brings it up (S19)."""
    borrowed.control.post("/cluster", {"service_stop_seconds": 1})
    shell.start()
    shell.channel.sendall("utils service restart Cisco Tftp\r")
    shell.read_to("[STOPPING]")
    shell.channel.sendall("\x03")
    shell.read_to(PROMPT)

    def state():
        return borrowed.control.node(PUBLISHER)["services"]["Cisco Tftp"]["state"]

    assert until(lambda: state() == "STOPPED")
    borrowed.control.post("/cluster", {"service_stop_seconds": 0})
    assert "Cisco Tftp[STARTED]" in shell.ask("utils service restart Cisco Tftp")
    assert "STARTED" == state()


@pytest.mark.parametrize(
    ("readings", "by_hangup", "expected"),
    [({"on_hangup": "abandons"}, True, "STOPPED"), ({"on_interrupt": "finishes"}, False, "STARTED")],
)
def test_shell_other_readings(borrowed, shell, readings, by_hangup, expected):
    """By the other readings a lost connection abandons a restart, and Ctrl-C lets it finish."""
    borrowed.control.post("/cluster", {"service_stop_seconds": 1, **readings})
    shell.start()
    shell.channel.sendall("utils service restart Cisco Tftp\r")
    shell.read_to("[STOPPING]")
    if by_hangup:
        shell.close()
    else:
        shell.channel.sendall("\x03")
        shell.read_to(PROMPT)

    def state():
        return borrowed.control.node(PUBLISHER)["services"]["Cisco Tftp"]["state"]

    assert until(lambda: state() == expected)


def test_shell_hangup_lets_finish(borrowed, shell):
    """A connection lost during a restart lets it finish, unless the other reading is switched on."""
    borrowed.control.post("/cluster", {"service_stop_seconds": 1})
    shell.start()
    shell.channel.sendall("utils service restart Cisco Tftp\r")
    shell.read_to("[STOPPING]")
    before = borrowed.control.node(PUBLISHER)["services"]["Cisco Tftp"]["started_at"]
    shell.close()

    def restarted():
        service = borrowed.control.node(PUBLISHER)["services"]["Cisco Tftp"]
        return service["state"] == "STARTED" and service["started_at"] != before

    assert until(restarted)
