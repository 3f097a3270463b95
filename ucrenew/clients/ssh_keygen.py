"""Signing and verifying with the system's ``ssh-keygen -Y`` (docs/adr/0008-signed-answers.md).

Whatever is written for it lies in a folder of its own that only we can read, and is gone afterwards. Prompts for a
passphrase or a touch are ssh's own.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ucrenew.domain.statement import NAMESPACE
from ucrenew.errors import BadInput, NeedsPerson, Untrusted

_SECONDS = 30  # for what asks nobody
_KEY = re.compile(r"with \S+ key (SHA256:[A-Za-z0-9+/=]+)\s*\Z")  # at the end: the name before it is the form's
_NO_AGENT, _EMPTY_AGENT = 2, 1  # ssh-add(1)


@dataclass(frozen=True)
class Signer:
    """Who signed: a principal of the allowed signers, and the fingerprint of the key."""

    principal: str
    key: str


def signer_of(text: str, signature: str, name: str, *, allowed: str) -> Signer:
    """Who signed the text, when that is ``name`` by the allowed signers. Raises Untrusted with what is wrong."""
    if "\0" in name or "\0" in allowed:
        raise Untrusted("a name holds no NUL")
    with _files(signature=signature, allowed=allowed) as folder:
        who = ("-f", str(folder / "allowed"))
        over = ("-n", NAMESPACE, "-s", str(folder / "signature"))
        verified = _ask("verify", *who, "-I", name, *over, text=text)
        if verified.returncode == 0 and (key := _KEY.search(verified.stdout)):
            return Signer(name, key[1])
        intact = _ask("check-novalidate", *over, text=text)
        if intact.returncode != 0:
            raise Untrusted(f"the signature does not hold: {_last_line(intact.stderr)}")
        key = _KEY.search(intact.stdout)
        known = _ask("find-principals", *who, *over[2:], text=text).stdout.split()
    raise Untrusted(_not_allowed(key[1] if key else "", known, name))


def _not_allowed(key: str, known: list[str], name: str) -> str:
    if not known:
        return f"key {key} is none of the allowed signers'"
    if name in known:
        return f"the allowed signers do not let key {key} sign answers now (namespaces, dates)"
    return f"it is signed with key {key} of {', '.join(known)}, and the form says {name!r}"


def sign(text: str, key: Path) -> str:
    """The armored signature over the text, by a key file or, for a public key, by the agent. Raises BadInput."""
    if not key.exists():
        raise BadInput(f"there is no key file {key}")
    done = _run(["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", NAMESPACE], text=text, seconds=None)
    if done.returncode != 0:
        raise BadInput(f"ssh-keygen did not sign with {key}: {_last_line(done.stderr)}")
    return done.stdout


def sign_by_agent(text: str) -> str:
    """The same with the only key that the agent holds. Raises BadInput."""
    with _files(key=_only_key()) as folder:
        return sign(text, folder / "key")


def _only_key() -> str:
    listed = _run(["ssh-add", "-L"], text="", seconds=_SECONDS)
    if listed.returncode == _NO_AGENT:
        raise BadInput("no SSH agent answers (SSH_AUTH_SOCK): start one, or name your key with --key FILE")
    if listed.returncode == _EMPTY_AGENT:
        raise BadInput("the SSH agent holds no key: ssh-add yours, or name it with --key FILE")
    keys = listed.stdout.splitlines()
    if len(keys) > 1:
        raise BadInput(f"the SSH agent holds {len(keys)} keys: say which with --key FILE.pub")
    return keys[0] + "\n"


def _ask(verb: str, *arguments: str, text: str) -> subprocess.CompletedProcess[str]:
    return _run(["ssh-keygen", "-Y", verb, *arguments], text=text, seconds=_SECONDS)


def _run(command: list[str], *, text: str, seconds: float | None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, input=text, capture_output=True, encoding="utf-8", errors="replace", timeout=seconds, check=False
        )
    except FileNotFoundError as error:
        raise NeedsPerson(f"{command[0]} is not on this machine: install OpenSSH's client there") from error
    except subprocess.TimeoutExpired as error:
        raise NeedsPerson(f"{command[0]} gave no answer within {_SECONDS} seconds") from error


@contextmanager
def _files(**contents: str) -> Iterator[Path]:
    with TemporaryDirectory(prefix="ucrenew-") as folder:
        for name, content in contents.items():
            (Path(folder) / name).write_text(content, encoding="utf-8", newline="\n")
        yield Path(folder)


def _last_line(said: str) -> str:
    return (said.strip().splitlines() or ["without a word"])[-1][:200]
