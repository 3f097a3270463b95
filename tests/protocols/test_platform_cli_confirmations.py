"""Commands that ask before they act: yes in each style of question, and nothing to a question that nobody foresaw."""

import pytest

from tests.protocols.cli_talk import cli_to, node
from tests.protocols.far_end import typed
from ucrenew.errors import BadInput, Transient, UnknownReply

DISABLE = b"utils sso disable"
STATUS = typed("utils sso status", "SSO Status: SAML SSO Disabled\nRecovery URL Status = enabled")
DELETE = b"set cert delete tomcat-trust Old_Root.pem"


def asking(command, question, *answers):
    """A command that asks this first."""
    return (command, command), (b"\r", b"\r\nThis cannot be undone.\r\n" + question), *answers


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (b"Proceed (yes|no)? ", "yes"),
        (b"Are you sure (y/n)?", "y"),
        (b"Do you want to continue? (y/n):", "y"),
        (b"Continue (y/n)?", "y"),
        (b"Enter (yes/no)? ", "yes"),
        (b"Would you like to proceed [y/n]? ", "y"),
        (b"Proceed (Yes/No)? ", "yes"),
    ],
)
def test_yes_in_the_style_of_the_question(question, answer):
    """SSO is switched off with the word that the question shows, and the status that follows is returned (S3)."""
    far_end = node(*asking(DISABLE, question, *typed(answer, "Done")), *STATUS)
    with cli_to(far_end) as cli:
        reply = cli.disable_sso()

    assert (False, True) == (reply.enabled, reply.recovery_url)
    assert f"disable\r{answer}\rutils sso status\r".encode() in far_end.sent


def test_no_question_is_fine_too():
    """A release that switches SSO off without asking is lived with."""
    far_end = node(*typed(DISABLE.decode(), "SSO is disabled"), *STATUS)
    with cli_to(far_end) as cli:
        assert cli.disable_sso().enabled is False


def test_two_questions_are_answered():
    """Two questions in different styles are each answered in their own."""
    far_end = node(
        *asking(DISABLE, b"Disable SAML SSO (yes|no)? "),
        (b"yes", b"yes"),
        (b"\r", b"\r\nOn all web applications (y/n): "),
        *typed("y", "Done"),
        *STATUS,
    )
    with cli_to(far_end) as cli:
        assert cli.disable_sso().enabled is False

    assert b"disable\ryes\ry\rutils sso status\r" in far_end.sent


def test_third_question_is_quoted():
    """A question for the third time is not answered: whatever was said twice was not what is wanted."""
    again = [(b"yes", b"yes"), (b"\r", b"\r\nPlease enter (yes/no)? ")]
    far_end = node(*asking(DISABLE, b"Proceed (yes/no)? "), *again, *again)
    with (
        pytest.raises(UnknownReply, match=r"`utils sso disable` asks 'Please enter \(yes/no\)\?'"),
        cli_to(far_end) as cli,
    ):
        cli.disable_sso()

    assert far_end.sent.endswith(b"disable\ryes\ryes\r")


@pytest.mark.parametrize("question", [b"Enter the security password: ", b"Which application?", b"Continue (1/2): "])
def test_other_question_is_quoted(question):
    """A question of another kind gets no answer, and is quoted when the node waits for one to the end."""
    far_end = node(*asking(DISABLE, question))
    with pytest.raises(UnknownReply, match="nobody foresaw") as trouble, cli_to(far_end) as cli:
        cli.disable_sso()

    assert question.decode().strip() in str(trouble.value)
    assert "cannot be undone" not in str(trouble.value)
    assert far_end.sent.endswith(b"disable\r")
    assert far_end.closed


def test_silence_is_no_question():
    """A command that has said something and is not done in time is trouble that may pass, not a question."""
    far_end = node(*asking(DISABLE, b"Please wait...\r\n"))
    with pytest.raises(Transient, match="no answer within 300 s"), cli_to(far_end) as cli:
        cli.disable_sso()


def test_dropped_switch_may_be_done():
    """A session that ends after yes was said does not tell whether SSO is off, and says so."""
    far_end = node(*asking(DISABLE, b"Proceed (yes|no)? ", (b"yes", b"yes"), (b"\r", b"\r\n")), closes=True)
    with pytest.raises(Transient, match="SSO may be off all the same: look before"), cli_to(far_end) as cli:
        cli.disable_sso()


@pytest.mark.parametrize(
    ("question", "answer"), [(b"Do you want to continue? (yes/no): ", "yes"), (b"Continue (y/n)?", "y")]
)
def test_trust_certificate_is_deleted(question, answer):
    """A file of a trust store is deleted after its question was answered; what the node said to it is returned."""
    far_end = node(*asking(DELETE, question, *typed(answer, "Successfully deleted")))
    with cli_to(far_end) as cli:
        assert "Successfully deleted" == cli.delete_trust("tomcat-trust", "Old_Root.pem")

    assert b"Old_Root.pem\r" + answer.encode() in far_end.sent


@pytest.mark.parametrize(
    ("unit", "file"),
    [
        ("tomcat", "tomcat.pem"),
        ("ITLRecovery", "ITLRecovery.pem"),
        ("own", "tomcat.pem"),
        ("tomcat-trust tomcat-trust", "a.pem"),
        ("-trust", "a.pem"),
        ("tomcat-trust", "a.pem b.pem"),
        ("tomcat-trust", "*.pem"),
        ("tomcat-trust", "../certs/tomcat.pem"),
        ("tomcat-trust", "Old_Root"),
        ("tomcat-trust", "a.pem\rutils system shutdown.pem"),
    ],
)
def test_only_one_trust_file_is_deleted(unit, file):
    """Identity certificates, patterns, paths and anything that is not one file are refused before a byte is sent."""
    far_end = node()
    with pytest.raises(BadInput, match="nothing was deleted"), cli_to(far_end) as cli:
        cli.delete_trust(unit, file)

    assert b"delete" not in far_end.sent
