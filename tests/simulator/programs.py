"""Programs of others at the command line of a node: OpenSSH, in a terminal of tmux, or driven by expect.

Rule 1: no password is ever an argument: it comes by stdin, by a private file, or is asked for.
Rule 2: host keys are looked at as people do: scanned, compared by their fingerprint, and then believed.
"""

import os
import subprocess
from pathlib import Path

from tests.conftest import Simulator, until
from tests.simulator.walk import PROMPT

SECONDS = 30


class Visitor:
    """Somebody with an OpenSSH client, a file of known hosts and a private file with the password."""

    def __init__(self, simulator: Simulator, folder: Path, host: str = "cs-ccm-pub") -> None:
        self.node = simulator.node(host)
        self.account = simulator.scene["accounts"]["platform"]
        self.known_hosts = folder / "known_hosts"
        self.folder = folder
        self.password_file = folder / "password"
        self.password_file.touch(mode=0o600)
        self.password_file.write_text(self.account["password"])
        self.known_hosts.write_text(run("ssh-keyscan", "-p", str(self.node["ssh_port"]), self.node["address"]))

    def fingerprint(self) -> str:
        """The fingerprint of the scanned key, as ssh-keygen prints it."""
        return run("ssh-keygen", "-lf", str(self.known_hosts)).split()[1]

    def ssh(self, *options: str) -> list[str]:
        """The command that a person types, with a file of known hosts of their own."""
        return [
            "ssh", "-F", "/dev/null", "-p", str(self.node["ssh_port"]), "-o", f"UserKnownHostsFile={self.known_hosts}",
            "-o", "GlobalKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=yes", *options,
            f"{self.account['user']}@{self.node['address']}",
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        """OpenSSH asks a program for the password; this one reads the private file."""
        asks = self.folder / "askpass"
        asks.write_text(f"#!/bin/sh\ncat '{self.password_file}'\n")
        asks.chmod(0o700)
        return {**os.environ, "SSH_ASKPASS": str(asks), "SSH_ASKPASS_REQUIRE": "force"}


class Screen:
    """A terminal of 80 times 24 in which a person types."""

    def __init__(self, socket: Path, command: list[str]) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]
        words = " ".join(f"'{word}'" for word in command)
        # What ended stays on the screen.
        run(*self._tmux, "new-session", "-d", "-x", "80", "-y", "24", f"{words}; echo ended with $?; exec cat")

    def type(self, *keys: str) -> None:
        """Press keys by their names in tmux; a text is typed letter by letter."""
        run(*self._tmux, "send-keys", *keys)

    def paste(self, secret: str) -> None:
        """Type what no list of processes may show."""
        run(*self._tmux, "load-buffer", "-", stdin=secret)
        run(*self._tmux, "paste-buffer", "-d")
        self.type("Enter")

    def lines(self) -> list[str]:
        """What stands on the screen, without the blank rest."""
        return run(*self._tmux, "capture-pane", "-p").rstrip("\n").split("\n")

    def shows(self, wanted: str, unlike: list[str] | None = None) -> list[str]:
        """Wait until the last line has a text, and the screen is another one; the whole screen then."""
        return until(lambda: (lines := self.lines()) != unlike and wanted in lines[-1] and lines, SECONDS)

    def prompts(self, after: str = "") -> list[str]:
        """Wait until the last line is the prompt, and a text stands above it; the whole screen then."""
        return until(
            lambda: (lines := self.lines())[-1] == PROMPT and any(after in line for line in lines) and lines, SECONDS
        )

    def close(self) -> None:
        """End the terminal and what runs in it."""
        run(*self._tmux, "kill-server")


def run(*command: str, stdin: str = "", env: dict[str, str] | None = None) -> str:
    """Run a program to its end; what it prints."""
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=SECONDS, check=True, env=env
    ).stdout
