"""The command line under programs of others: a person at OpenSSH in tmux, expect, and paramiko (cucm.md §2.1)."""

import subprocess

import paramiko
import pytest

from tests.simulator.programs import Screen, Visitor, run
from tests.simulator.walk import PROMPT

PUBLISHER = "cs-ccm-pub.example.com"
PAGER = "Press <enter> for 1 line, <space> for one page, or <q> to quit"
VIEWER = "options: q=quit, n=next, p=prev, b=begin, e=end (lines "


@pytest.fixture
def visitor(borrowed, tmp_path):
    return Visitor(borrowed, tmp_path)


@pytest.fixture
def screen(visitor, tmp_path):
    """A person's terminal, who has logged in."""
    opened = Screen(tmp_path / "tmux", visitor.ssh())
    opened.shows("Password:")
    opened.paste(visitor.account["password"])
    opened.prompts()
    yield opened
    opened.close()


# --- a person


def test_person_sees_banner(screen):
    """The banner stands on the screen as it is known, and the prompt below it; the password does not."""
    lines = screen.lines()
    start = lines.index("Command Line Interface is starting up, please wait ...")

    assert [
        "",
        "   Welcome to the Platform Command Line Interface",
        "",
        "VMware Installation:",
        "        2 vCPU: Intel(R) Xeon(R) CPU E5-2690 v4 @ 2.60GHz",
        "        Disk 1: 110GB, Partitions aligned",
        "        8192 Mbytes RAM",
        "",
        "admin:",
    ] == lines[start + 1 :]


def test_person_mistypes(screen):
    """A wrong command is answered so, a rubbed-out letter is gone, and the prompt is there again."""
    screen.type("shwo version", "Enter")
    wrong = screen.prompts(after="No valid command")
    screen.type("shox", "BSpace", "w version active", "Enter")
    right = screen.prompts(after="Options Found")

    assert "No valid command entered" == wrong[-2]
    assert "admin:show version active" in right
    assert "Active Master Version: 15.0.1.11900-40" in right


def test_person_pages(screen):
    """Enter gives one line more, space the next page, q the prompt; the question leaves no trace."""
    screen.type("utils service list", "Enter")
    first = screen.shows(PAGER[:40])
    screen.type("Enter")
    second = screen.shows(PAGER[:40], unlike=first)
    screen.type("Space")
    third = screen.prompts()
    screen.type("utils service list", "Enter")
    screen.shows(PAGER[:40])
    screen.type("q")
    ended = screen.prompts()

    assert first[1:-1] == second[:-2]
    assert "Primary Node =true" == third[-2]
    assert "Primary Node =true" not in ended[-2:]
    assert [] == [line for line in third if "Press" in line]


def test_person_views_a_file(screen):
    """A file has another pager: n the next page, p back, q the prompt, whatever the pagination."""
    screen.type("set cli pagination off", "Enter")
    screen.prompts(after="turned off")
    screen.type("file view activelog syslog/CiscoSyslog", "Enter")
    screen.shows(VIEWER + "1 - 20 of ")
    screen.type("n")
    screen.shows(VIEWER + "21 - ")
    screen.type("p")
    screen.shows(VIEWER + "1 - 20 of ")
    screen.type("q")

    assert PROMPT == screen.prompts()[-1]


def test_person_presses_ctrl_c(borrowed, screen):
    """Ctrl-C throws away what was typed at the prompt, and ends a question, and nothing is done."""
    borrowed.control.post("/cluster", {"sso": "enabled"})
    screen.type("utils service restart Cisco Tftp", "C-c")
    thrown = screen.prompts(after="^C")
    screen.type("utils sso disable", "Enter")
    screen.shows("(yes/no)?")
    screen.type("C-c")
    given_up = screen.prompts()

    assert "admin:utils service restart Cisco Tftp^C" == thrown[-2]
    assert given_up[-2].endswith("(yes/no)? ^C")
    assert [] == borrowed.control.ledger()


def test_person_restarts(borrowed, screen):
    """A restart walks through its states line by line, up to the prompt."""
    screen.type("utils service restart Cisco Tftp", "Enter")
    lines = screen.prompts(after="[STARTED]")
    start = lines.index("Service Manager is running")

    assert [
        "Cisco Tftp[STOPPING]",
        "Cisco Tftp[STOPPING]",
        "Cisco Tftp[STARTING]",
        "Cisco Tftp[STARTING]",
        "Cisco Tftp[STARTED]",
        "admin:",
    ] == lines[start + 1 :]
    assert ["restart"] == borrowed.control.kinds()


def test_person_leaves(screen):
    """With `exit` the connection ends in order."""
    screen.type("exit", "Enter")

    assert "ended with 0" == screen.shows("ended with")[-1]


# --- OpenSSH and its files


def test_ssh_host_key(visitor):
    """The scanned host key has the fingerprint that the simulator says."""
    assert visitor.node["ssh_host_key"] == visitor.fingerprint()


def test_ssh_refuses_other_key(standing, visitor, tmp_path):
    """OpenSSH does not speak to a node whose key is another one than the known."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = Visitor(standing, elsewhere, "cs-imp").known_hosts.read_text().split()
    mine = visitor.known_hosts.read_text().split()
    visitor.known_hosts.write_text(" ".join([mine[0], *other[1:3]]) + "\n")
    ended = subprocess.run(
        visitor.ssh(), capture_output=True, text=True, timeout=30, check=False, env=visitor.environment()
    )

    assert 255 == ended.returncode
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in ended.stderr
    assert "Welcome" not in ended.stdout


def test_ssh_command_gets_banner_only(visitor):
    """A command given to ssh is never run: its answer is the banner (cucm.md §2.1)."""
    said = run(*visitor.ssh(), "show version active", env=visitor.environment())

    assert said.endswith("\t8192 Mbytes RAM\n\n")
    assert "Active Master Version" not in said


def test_ssh_without_terminal(visitor):
    """Typed ahead without a terminal, commands are answered one after the other."""
    said = run(*visitor.ssh("-T"), stdin="show cli pagination\nexit\n", env=visitor.environment())

    assert said.endswith("admin:show cli pagination\nAutomatic Pagination : On.\n\nadmin:exit\n")


def test_ssh_wrong_password(borrowed, visitor):
    """A wrong password is refused, and the ledger names the account."""
    visitor.password_file.write_text("wrong")
    ended = subprocess.run(
        visitor.ssh("-o", "NumberOfPasswordPrompts=1"),
        capture_output=True, text=True, timeout=30, check=False, env=visitor.environment(),
    )  # fmt: skip

    assert 255 == ended.returncode
    assert "Permission denied (keyboard-interactive)" in ended.stderr
    assert [("login-refused", "osadmin")] == [(one["kind"], one["from"]) for one in borrowed.control.ledger()]


# --- expect

EXPECT = r"""
set timeout 30
set file [open $env(PASSWORD_FILE)]
set password [read -nonewline $file]
close $file
proc wanted {what} {
    expect {
        -re $what {}
        timeout { puts "\nno $what"; exit 1 }
        eof { puts "\nended before $what"; exit 1 }
    }
}
eval spawn -noecho $argv
wanted {assword: $}
send -- "$password\r"
wanted {admin:$}
send "set cli pagination off\r"
wanted {turned off.*admin:$}
send "nonsense\r"
wanted {No valid command entered.*admin:$}
send "utils service restart Cisco Tftp\r"
wanted {Cisco Tftp\[STOPPING\].*Cisco Tftp\[STARTING\].*Cisco Tftp\[STARTED\].*admin:$}
send "utils sso disable\r"
wanted {\(yes/no\)\? $}
send "\003"
wanted {\^C.*admin:$}
send "exit\r"
expect eof
exit [lindex [wait] 3]
"""


def test_expect_dialogue(borrowed, visitor):
    """A script of expect logs in, is told of a wrong command, restarts a service, gives up a question and leaves."""
    borrowed.control.post("/cluster", {"sso": "enabled"})
    env = {**visitor.environment(), "SSH_ASKPASS_REQUIRE": "never", "PASSWORD_FILE": str(visitor.password_file)}
    script = visitor.folder / "dialogue.exp"
    script.write_text(EXPECT)
    said = run("expect", str(script), *visitor.ssh(), env=env)

    assert "Welcome to the Platform Command Line Interface" in said
    assert visitor.account["password"] not in said
    assert ["restart"] == borrowed.control.kinds()


# --- paramiko


def test_paramiko_client(visitor):
    """The client of paramiko believes the known host, answers by keyboard-interactive and talks by a shell."""
    with paramiko.SSHClient() as client:
        client.load_host_keys(str(visitor.known_hosts))
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        client.connect(
            visitor.node["address"],
            visitor.node["ssh_port"],
            visitor.account["user"],
            visitor.account["password"],
            look_for_keys=False,
            allow_agent=False,
        )
        channel = client.invoke_shell(term="vt100", width=80, height=24)
        channel.settimeout(20)
        seen = ""
        for keys, wanted in (("\r\n", "admin:\r\n\radmin:"), ("utils service list\r", PAGER), ("q", "\radmin:")):
            if keys == "\r\n":
                seen = _read_to(channel, PROMPT, seen)
            channel.sendall(keys)
            seen = _read_to(channel, wanted, seen if keys == "\r\n" else "")

    assert seen.endswith("\radmin:")


def test_paramiko_refuses_unknown_host(visitor):
    """Where the key is not known, paramiko ends before anything secret is sent."""
    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        with pytest.raises(paramiko.SSHException, match="not found in known_hosts"):
            client.connect(visitor.node["address"], visitor.node["ssh_port"], "osadmin", "never sent")


def _read_to(channel: paramiko.Channel, wanted: str, seen: str) -> str:
    while wanted not in seen:
        seen += channel.recv(65536).decode()
    return seen
