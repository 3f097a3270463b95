"""What can go wrong, named for what the caller does next (design.md §5).

    Trouble
    ├── Transient       the same call may go well later: the task looks again, then retries
    ├── NeedsPerson     a person has to decide or act; becomes a question or an orderly stop
    └── Permanent       stop and say why; trying again as it is cannot help
        ├── BadInput        a profile, a file or an argument is wrong
        ├── LoginRefused    a password or key was refused: never tried twice, accounts lock
        ├── Untrusted       a certificate or host key is not the one we were told to trust
        ├── Refused         the other side understood and said no
        └── UnknownReply    an answer that no documented form explains; it is quoted

Every message is one line: what we were doing, on which node, what came back, what to do.
"""

from __future__ import annotations


class Trouble(Exception):
    """Root of everything this product raises on purpose; ``str()`` is a sentence for people."""


class Transient(Trouble):
    """The same call may go well later: refused connection, time-out, 5xx, a busy CA."""


class NeedsPerson(Trouble):
    """Nothing is broken, but only a person may decide or act."""


class Permanent(Trouble):
    """Trying again as it is cannot help."""


class BadInput(Permanent):
    """A profile, a file or an argument is wrong; says where."""


class LoginRefused(Permanent):
    """Credentials were presented and refused. Never tried again: accounts lock."""


class Untrusted(Permanent):
    """A certificate or a host key is not one that the profile trusts; nothing was sent."""


class Refused(Permanent):
    """The other side understood the request and refused it; its text is in the message."""


class UnknownReply(Permanent):
    """An answer in no form that the reference describes; quoted, redacted and shortened."""
