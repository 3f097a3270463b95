"""What a client of the command line sees at each setting of a reading: one line, the same whenever it is looked."""

from collections.abc import Iterator
from contextlib import contextmanager

import paramiko
import pytest

from tests.conftest import Simulator, until
from tests.simulator.walk import PROMPT, Rest, Shell, TestCa, pem, sha256

PUBLISHER = "cs-ccm-pub.example.com"
SUBSCRIBER = "cs-ccm-sub.example.com"
TFTP = "Cisco Tftp"


@contextmanager
def shell_on(simulator: Simulator, host: str = "cs-ccm-pub") -> Iterator[Shell]:
    """A shell without pager."""
    opened = Shell(simulator, host).start()
    yield opened
    opened.close()


def asked(simulator: Simulator, command: str, host: str = "cs-ccm-pub") -> str:
    """What a command prints."""
    with shell_on(simulator, host) as shell:
        return shell.ask(command)


def question(simulator: Simulator, command: str) -> str:
    """The last line that a command prints before it wants an answer, or before the prompt; it is given up then."""
    with shell_on(simulator) as shell:
        shell.channel.sendall(command + "\r")
        shell.read_to("\n")
        seen, shell.seen = shell.seen, ""
        while not seen.endswith((PROMPT, "? ", "(y/n):")):
            seen += shell.channel.recv(65536).decode()
        shell.channel.sendall("\x03")
        return quoted(seen.removesuffix(PROMPT))


def quoted(text: str) -> str:
    """The last line of a text, as it is."""
    lines = [line for line in text.replace("\r", "\n").split("\n") if line.strip()]
    return f"`{lines[-1]}`"


def ssh_login(simulator: Simulator) -> str:
    """What is offered to whoever comes without anything."""
    found = []
    for version in ("15.0.1.11900-40", "12.5.1.11900-146"):
        simulator.control.post("/cluster", {"version": version})
        node = simulator.node("cs-ccm-pub")
        transport = paramiko.Transport((node["address"], node["ssh_port"]))
        transport.start_client(timeout=20)
        with pytest.raises(paramiko.BadAuthenticationType) as refusal:
            transport.auth_none("osadmin")
        transport.close()
        found.append(f"{version.split('.')[0]}: {', '.join(sorted(refusal.value.allowed_types))}")
    return "; ".join(found)


def service_state_form(simulator: Simulator) -> str:
    lines = asked(simulator, "utils service list").splitlines()
    return f"`{next(line for line in lines if line.startswith('Cisco Tomcat['))}`"


def primary_node_elsewhere(simulator: Simulator) -> str:
    return quoted(asked(simulator, "utils service list", "cs-ccm-sub"))


def restart_forgets_started(simulator: Simulator) -> str:
    return quoted(asked(simulator, f"utils service restart {TFTP}"))


def on_interrupt(simulator: Simulator) -> str:
    return _broken_off(simulator, lambda shell: shell.channel.sendall("\x03"))


def on_hangup(simulator: Simulator) -> str:
    return _broken_off(simulator, lambda shell: shell.close())


def imp_application(simulator: Simulator) -> str:
    rows = asked(simulator, "show network cluster").splitlines()
    return f"`{' '.join(next(row for row in rows if ' cs-imp ' in row).split()[1:6])} ..`"


def backup_status(simulator: Simulator) -> str:
    simulator.control.post(f"/nodes/{PUBLISHER}", {"last_backup": "2026-01-01"})
    return quoted(asked(simulator, "utils disaster_recovery status backup"))


def backup_running_form(simulator: Simulator) -> str:
    simulator.control.post(f"/nodes/{PUBLISHER}", {"backup_running": True})
    lines = asked(simulator, "utils disaster_recovery status backup").splitlines()
    return f"`{' / '.join(line for line in lines[1:] if line)}`"


def csr_generated_blanks(simulator: Simulator) -> str:
    with shell_on(simulator) as shell:
        shell.channel.sendall("set csr gen ipsec\r")
        shell.read_to("(yes|no)? ")
        shell.channel.sendall("no\r")
        return quoted(shell.read_to(PROMPT).removesuffix(PROMPT))


def csr_overwrite_asks(simulator: Simulator) -> str:
    """With a request there; the question for the OU comes after it."""
    Rest(simulator).csr()
    return question(simulator, "set csr gen tomcat")


def paste_ends(simulator: Simulator) -> str:
    """A certificate and an empty line: the line is the end, or is typed at the prompt already."""
    with shell_on(simulator) as shell:
        shell.channel.sendall("set cert import trust tomcat\r")
        shell.read_to("Hit Enter")
        shell.channel.sendall(pem(TestCa().root).replace("\n", "\r") + "\rshow cli pagination\r")
        seen = shell.read_to("Automatic Pagination")
        prompts = seen.count(PROMPT)
    return "an empty line after it" if prompts == 1 else "its last line; an empty line after it is one at the prompt"


def cert_delete_asks(simulator: Simulator) -> str:
    file = _planted(simulator)[1]
    return question(simulator, f"set cert delete tomcat {file}").replace(file, "FILE")


def trust_delete_scope(simulator: Simulator) -> str:
    fingerprint, file = _planted(simulator)
    simulator.control.post("/cluster", {"cert_delete_asks": "nothing"})
    asked(simulator, f"set cert delete tomcat {file}")
    elsewhere = simulator.control.node(SUBSCRIBER)["trust"]["tomcat-trust"]
    return "on that node" if any(one["fingerprint"] == fingerprint for one in elsewhere) else "on every node"


def sso_disabled_words(simulator: Simulator) -> str:
    return quoted(asked(simulator, "utils sso status"))


def sso_disable_asks(simulator: Simulator) -> str:
    simulator.control.post("/cluster", {"sso": "enabled"})
    asks = question(simulator, "utils sso disable")
    return f"{asks}, and it is {simulator.control.node(PUBLISHER)['sso']}"


def sso_disable_scope(simulator: Simulator) -> str:
    simulator.control.post("/cluster", {"sso": "enabled", "sso_disable_asks": "nothing"})
    asked(simulator, "utils sso disable")
    return ", ".join(node["sso"] for node in simulator.control.state()["nodes"])


def _planted(simulator: Simulator) -> tuple[str, str]:
    """A CA certificate that everybody trusts: its fingerprint, and its file on the publisher."""
    root = TestCa().root
    Rest(simulator).trust(root)
    entries = simulator.control.node(PUBLISHER)["trust"]["tomcat-trust"]
    return sha256(root), next(one["file"] for one in entries if one["fingerprint"] == sha256(root))


def _broken_off(simulator: Simulator, break_off) -> str:
    """A restart that is broken off while the service stops: where it ends, once nothing moves any more."""
    simulator.control.post("/cluster", {"service_stop_seconds": 0.4})
    with shell_on(simulator) as shell:
        shell.channel.sendall(f"utils service restart {TFTP}\r")
        shell.read_to("[STOPPING]")
        break_off(shell)
        seen: list[str] = []

        def is_at_rest() -> bool:
            seen.append(simulator.control.node(PUBLISHER)["services"][TFTP]["state"])
            return len(set(seen[-4:])) == 1 and len(seen) >= 4 and seen[-1] in {"STARTED", "STOPPED"}

        until(is_at_rest)
    return f"the service is {seen[-1]}"


WITNESSES = (
    ssh_login, service_state_form, primary_node_elsewhere, restart_forgets_started, on_interrupt, on_hangup,
    imp_application, backup_status, backup_running_form, csr_generated_blanks, csr_overwrite_asks, paste_ends,
    cert_delete_asks, trust_delete_scope, sso_disabled_words, sso_disable_asks, sso_disable_scope,
)  # fmt: skip
