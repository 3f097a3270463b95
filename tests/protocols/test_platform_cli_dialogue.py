"""The `admin:` dialogue on bytes: late prompts, nudges, pagers, questions and refusals as in cucm.md §2.1."""

import pytest

from tests.protocols.cli_talk import BANNER, PAGINATION, TOMCAT, cli_to, node
from tests.protocols.far_end import FarEnd, typed
from ucrenew.clients.cli_replies import ServiceState
from ucrenew.clients.platform_cli import NotAllowed
from ucrenew.errors import BadInput, Refused, Transient, UnknownReply

PAGER = b"\x1b[1mPress <enter> for 1 line, <space> for one page, or <q> to quit\x1b[0m\x1b[K"


def test_prompt_comes_by_itself():
    """A prompt that follows the banner is waited for without a nudge; then paging is switched off."""
    far_end = node()
    with cli_to(far_end):
        pass

    assert far_end.sent.startswith(b"set cli pagination off\r")
    assert far_end.closed


def test_prompt_comes_when_nudged():
    """A prompt that stays away after the welcome comes with a return, and its echo does not disturb."""
    far_end = FarEnd(
        says=[(8, BANNER)],
        answers=[
            (b"\r", b"admin:\r\n\radmin:"),
            *PAGINATION,
            *typed("show version active", "Active Master Version: 15.0"),
        ],
    )
    with cli_to(far_end) as cli:
        version = cli.version_active()

    assert "15.0" == version
    assert far_end.sent.startswith(b"\rset cli pagination off\r")


def test_second_prompt_after_nudge_is_no_answer():
    """A nudged prompt that arrives after the first command's echo is not taken for that command's end."""
    far_end = FarEnd(
        says=[
            (8, BANNER + b"admin:"),
            (9, b"\r\nAutomatic pagination is turned off\r\nadmin:"),
            (12, b"\r\nActive Master Version: 15.0\r\nadmin:"),
        ],
        answers=[
            (b"set cli pagination off", b"set cli pagination off"),
            (b"\r", b"\r\nadmin:"),
            (b"show version active", b"show version active"),
        ],
    )
    with cli_to(far_end) as cli:
        version = cli.version_active()

    assert "15.0" == version


def test_other_pagination_wording_is_lived_with():
    """A release that answers `set cli pagination off` in other words is used all the same."""
    far_end = FarEnd(
        says=[(8, BANNER + b"admin:")],
        answers=[
            *typed("set cli pagination off", "Paging disabled"),
            *typed("show version active", "Active Master Version: 10.5"),
        ],
    )
    with cli_to(far_end) as cli:
        version = cli.version_active()

    assert "10.5" == version


def test_pager_is_turned_all_the_same():
    """A node that pages although it was told not to is read to the end."""
    far_end = node(
        (b"utils service list", b"utils service list"),
        (b"\r", b"\r\nCisco Tomcat[STARTED]\r\n" + PAGER),
        (
            b" ",
            b"\r\x1b[KCisco Tftp[STOPPED]\r\noptions: q=quit, n=next, p=prev, b=begin, e=end (lines 61 - 80 of 99) : ",
        ),
        (b"n", b"\r\nCisco CTIManager[STARTED]\r\n\x1b[Kadmin:"),
        size=11,
    )
    with cli_to(far_end) as cli:
        found = cli.services()

    assert ["Cisco Tomcat", "Cisco Tftp", "Cisco CTIManager"] == list(found)


def test_no_prompt_ends_at_the_deadline():
    """A node whose prompt never comes is given up after the login deadline, with its last words and no password."""
    far_end = FarEnd(says=[(8, BANNER + b"as you typed: hunter2 ")])

    with pytest.raises(Transient) as caught, cli_to(far_end, secrets=frozenset({"hunter2"})):
        pass

    assert "cs-ccm-pub.example.com: waiting for the `admin:` prompt: no answer within 120 s" in str(caught.value)
    assert "8192 Mbytes RAM" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert far_end.closed


def test_restart_survives_a_missing_started():
    """A restart whose prompt comes back after STARTING is no error; the state printed last is returned (S19)."""
    far_end = node(
        *TOMCAT, *typed("utils service restart Cisco Tomcat", "Cisco Tomcat[STOPPING]\nCisco Tomcat[STARTING]")
    )
    with cli_to(far_end) as cli:
        state = cli.restart("Cisco Tomcat")

    assert ServiceState.STARTING == state


def test_slow_restart_is_not_interrupted():
    """A restart that outlasts its deadline is left alone: no Ctrl-C and no further command is sent (S19)."""
    far_end = node(
        *TOMCAT,
        (b"utils service restart Cisco Tomcat", b"utils service restart Cisco Tomcat"),
        (b"\r", b"\r\nCisco Tomcat[STOPPING]\r\n"),
    )

    with pytest.raises(Transient, match=r"within 600 s; last read: .*STOPPING"), cli_to(far_end) as cli:
        cli.restart("Cisco Tomcat")

    assert far_end.sent.endswith(b"utils service restart Cisco Tomcat\r")
    assert b"\x03" not in far_end.sent
    assert far_end.closed


RESTART = (b"utils service restart Cisco Tomcat", b"utils service restart Cisco Tomcat")


def test_dropped_restart_may_go_on():
    """A session dropped in the middle of a restart is transient, names the command and says that it may go on (S19)."""
    far_end = node(*TOMCAT, RESTART, (b"\r", b"\r\nCisco Tomcat[STOPPING]\r\n"), closes=True)
    with pytest.raises(Transient) as caught, cli_to(far_end) as cli:
        cli.restart("Cisco Tomcat")

    assert str(caught.value).startswith(
        "cs-ccm-pub.example.com: `utils service restart Cisco Tomcat`: the other side closed the connection; last read:"
    )
    assert str(caught.value).endswith("the restart itself may go on: look before the command is given again")
    assert far_end.closed


def test_restart_not_given_does_not_go_on():
    """A session that ends before return was pressed is not said to have begun a restart."""
    far_end = node(*TOMCAT, (b"utils service restart Cisco Tomcat", b"utils service re"), closes=True)
    with pytest.raises(Transient, match="reading back") as caught, cli_to(far_end) as cli:
        cli.restart("Cisco Tomcat")

    assert "may go on" not in str(caught.value)
    assert far_end.sent.endswith(b"utils service restart Cisco Tomcat")


@pytest.mark.parametrize("line", ["Cisco Tomcat[FAILED]", "ERROR: the service cannot be restarted"])
def test_failed_restart_is_refused(line):
    """A restart that says FAILED or ERROR is refused with the node's words."""
    far_end = node(*TOMCAT, *typed("utils service restart Cisco Tomcat", f"Cisco Tomcat[STOPPING]\n{line}"))

    with pytest.raises(Refused) as caught, cli_to(far_end) as cli:
        cli.restart("Cisco Tomcat")

    assert line in str(caught.value)


def test_absent_service_is_not_restarted():
    """A service that the node does not list by exactly this name is refused and nothing is restarted."""
    far_end = node(*TOMCAT)

    with pytest.raises(Refused, match="lists no service of this name"), cli_to(far_end) as cli:
        cli.restart("Cisco TomCat")

    assert b"restart" not in far_end.sent


def test_start_and_stop_answer_alike():
    """Start and stop return the state printed last, and ask for the list of services only once."""
    far_end = node(
        *TOMCAT,
        *typed(
            "utils service stop Cisco Tomcat", "Cisco Tomcat[STOPPING]\nCisco Tomcat[STOPPED]  Commanded Out of Service"
        ),
        *typed("utils service start Cisco Tomcat", "Cisco Tomcat[STARTING]\nCisco Tomcat[STARTED]"),
    )
    with cli_to(far_end) as cli:
        states = cli.stop("Cisco Tomcat"), cli.start("Cisco Tomcat")

    assert (ServiceState.STOPPED, ServiceState.STARTED) == states
    assert 1 == far_end.sent.count(b"utils service list")


@pytest.mark.parametrize(
    "reply",
    [
        "No valid command entered",
        "\nExecuting...\nNo valid command entered\nsee help",
        "Error: insufficient privilege level",
        "You are not authorized to execute this command",
    ],
)
def test_refused_for_lack_of_privilege(reply):
    """A command that the account may not give, or the release lacks, is told as such, and the session goes on."""
    far_end = node(*typed("show cert own tomcat", reply), *typed("show version active", "Active Master Version: 8.5"))
    with cli_to(far_end) as cli:
        with pytest.raises(NotAllowed, match=r"`show cert own tomcat` was refused: .*privilege may be too low") as told:
            cli.own_certificate("tomcat")
        version = cli.version_active()

    assert isinstance(told.value, Refused)
    assert "level 1 is needed for show cert" in str(told.value)
    assert "8.5" == version


def test_other_refusals_are_not_for_privilege():
    """A command that failed for another reason is refused, and not taken for one that the account may not give."""
    far_end = node(*typed("show version active", "Executed command unsuccessfully\nThe file is damaged"))
    with pytest.raises(Refused, match="file is damaged") as told, cli_to(far_end) as cli:
        cli.version_active()

    assert Refused is type(told.value)


def test_data_may_speak_of_privilege():
    """The word in the middle of data is no refusal."""
    far_end = node(*typed("run sql select name from role", "name\n=================\nprivilege manager"))
    with cli_to(far_end) as cli:
        assert [{"name": "privilege manager"}] == cli.run_sql("select name from role")


def test_unforeseen_question_is_quoted_unanswered():
    """A question that nobody foresaw is quoted in the error and not answered."""
    far_end = node(
        *TOMCAT,
        (b"utils service stop Cisco Tomcat", b"utils service stop Cisco Tomcat"),
        (b"\r", b"\r\nStopping this locks you out. Continue (y/n)? "),
    )

    with pytest.raises(UnknownReply, match=r"Continue \(y/n\)\?"), cli_to(far_end) as cli:
        cli.stop("Cisco Tomcat")

    assert far_end.sent.endswith(b"utils service stop Cisco Tomcat\r")
    assert far_end.closed


def test_unknown_reply_is_quoted_short():
    """A reply in no known form is quoted, on one line and shortened."""
    far_end = node(*typed("show version active", "Kernel panic\n" * 200))

    with pytest.raises(UnknownReply, match=r"`show version active`.*Kernel panic Kernel panic") as caught:
        cli_to(far_end).__enter__().version_active()

    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("service", ["Cisco Tomcat\rutils system shutdown", "Cisco\x03", "Cisco ?"])
def test_keys_cannot_be_smuggled_in(service):
    """Control characters and the help key are refused before anything is typed."""
    far_end = node()

    with pytest.raises(BadInput, match="cannot be typed"), cli_to(far_end) as cli:
        cli.own_certificate(service)

    assert b"show cert" not in far_end.sent


def test_session_after_a_timeout_is_not_used():
    """After a command that did not come back the session refuses further commands instead of mixing replies."""
    far_end = node()
    cli = cli_to(far_end).__enter__()
    with pytest.raises(Transient, match="within 60 s"):
        cli.version_active()

    with pytest.raises(Transient, match="not at its prompt"):
        cli.status()


def test_exit_says_goodbye():
    """Leaving types `exit`, waits for the node to close and lets go."""
    far_end = node((b"exit", b"exit"), (b"\r", b"\r\n"), closes=True)
    with cli_to(far_end):
        pass

    assert far_end.sent.endswith(b"exit\r")
    assert far_end.closed
