"""CTL, ITL and security mode at the `admin:` prompt: what is typed, what is answered, and what never is (S24, S25)."""

from pathlib import Path

import pytest

from tests.protocols.cli_talk import cli_to, node
from tests.protocols.far_end import typed
from ucrenew.clients.cli_session import CliSession
from ucrenew.domain.phones import SecurityMode
from ucrenew.domain.trust_lists import Signer
from ucrenew.errors import BadInput, Transient, UnknownReply

TRANSCRIPTS = Path(__file__).parent.parent / "rules" / "transcripts"
UPDATE = b"utils ctl update CTLFile"
KNOWN = b"This operation updates the CTLFile. Do you want to continue? (y/n):"
DONE = (
    "Updating CTL file\nCTL file Updated\nPlease Restart the TFTP and Cisco CallManager services on all nodes in the"
    " cluster that run these services"
)
MODE = "run sql select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'"


def asking(question):
    return (UPDATE, UPDATE), (b"\r", b"\r\n" + question)


def test_lists_and_mode_are_read():
    """CTL, ITL and mode are asked for by their commands and come back as values; no CTL is an answer (S24, S25)."""
    far_end = node(
        *typed("show ctl", (TRANSCRIPTS / "ctl_token.txt").read_text()),
        *typed("show itl", (TRANSCRIPTS / "itl_recovery.txt").read_text()),
        *typed("show ctl", (TRANSCRIPTS / "ctl_absent.txt").read_text()),
        *typed(MODE, "paramname           paramvalue\n=================== ==========\nClusterSecurityMode 1"),
    )
    with cli_to(far_end) as cli:
        assert Signer.TOKEN is cli.ctl().signer
        assert Signer.RECOVERY is cli.itl().signer
        assert cli.ctl() is None
        assert SecurityMode.MIXED is cli.security_mode()


def test_broken_list_is_quoted():
    """A list in no known form is an error that names node and command: it is never taken for an empty one."""
    far_end = node(*typed("show ctl", "CTL Record #:1\nnothing more"))
    with (
        pytest.raises(UnknownReply, match=r"cs-ccm-pub.*`show ctl`.*no function.*nothing more"),
        cli_to(far_end) as cli,
    ):
        cli.ctl()


@pytest.mark.parametrize(
    "question", [KNOWN, KNOWN.replace(b". ", b".\r\n"), b"\r\n" + KNOWN + b" ", KNOWN.replace(b"CTLFile", b"CTL file")]
)
def test_known_question_is_answered(question):
    """The update's one question is answered with y, and what the node says then is returned (S25)."""
    far_end = node(*asking(question), *typed("y", DONE))
    with cli_to(far_end) as cli:
        said = cli.update_ctl()

    assert "CTL file Updated" in said
    assert UPDATE + b"\ry\rexit" in far_end.sent


@pytest.mark.parametrize(
    "question",
    [
        b"This operation will reset all phones. Do you want to continue? (y/n):",
        b"This operation updates the CTLFile.\r\nThe CTL is signed by a token.\r\nDo you want to continue? (y/n):",
        b"Do you want to continue? (y/n):",
        b"This operation updates the CTLFile. Do you want to delete it? (y/n):",
        b"Enter the security password:",
    ],
)
def test_other_question_is_not_answered(question):
    """Any other question, be it one sentence more, is quoted and gets no answer."""
    far_end = node(*asking(question))
    with pytest.raises(UnknownReply, match="nobody foresaw"), cli_to(far_end) as cli:
        cli.update_ctl()

    assert far_end.sent.endswith(UPDATE + b"\r")
    assert far_end.closed


def test_second_question_is_not_answered():
    """The known question a second time gets no second yes: the first one did not do."""
    again = (b"y", b"y"), (b"\r", b"\r\nInvalid entry\r\n" + KNOWN)
    far_end = node(*asking(KNOWN), *again)
    with pytest.raises(UnknownReply, match="nobody foresaw"), cli_to(far_end) as cli:
        cli.update_ctl()

    assert far_end.sent.endswith(UPDATE + b"\ry\r")


def test_dropped_update_may_be_done():
    """A session that ends after yes was said does not tell whether the CTL is updated, and says so."""
    far_end = node(*asking(KNOWN), (b"y", b"y"), (b"\r", b"\r\nUpdating CTL file\r\n"), closes=True)
    with pytest.raises(Transient, match="the CTL may be updated all the same: look before"), cli_to(far_end) as cli:
        cli.update_ctl()


@pytest.mark.parametrize(
    "command",
    [
        "utils itl reset localkey",
        "utils itl reset remotekey",
        "utils ctl reset localkey",
        "utils  ctl   reset localkey",
        "UTILS CTL RESET localkey",
        "utils ctl set-cluster mixed-mode",
        "utils ctl set-cluster non-secure-mode",
    ],
)
def test_trust_of_every_phone_is_left_alone(command):
    """Resets of CTL and ITL and changes of the mode are not typed, whoever in here asks for it."""
    far_end = node()
    with pytest.raises(BadInput, match="never given by this program"), cli_to(far_end) as cli:
        CliSession._run(cli, command)  # noqa: SLF001 - no command of ours would get so far

    assert b"ctl" not in far_end.sent.lower()
    assert b"itl" not in far_end.sent.lower()
