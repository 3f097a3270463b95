"""The channel on bytes: no socket, no product, a clock that the test moves."""

import logging
import re

import pytest

from tests.protocols.far_end import FarEnd, typed
from ucrenew.clients.channel import Answer, Channel, Nudge, Pager, clean
from ucrenew.errors import Transient

PROMPT = re.compile(rb"(?:\A|[\r\n]|\x1b\[K)ready>\s*\Z")
PAGER = Pager(re.compile(rb"(?:\x1b\[\d*m)*-- more --(?:\x1b\[\d*m)*\Z"), b" ")


def channel_to(far_end, **options):
    return Channel(far_end, name="node1", clock=far_end.clock, **options)


def ask(channel, text, seconds=10):
    channel.type(text, seconds=seconds, doing=text)
    return channel.read_until(PROMPT, seconds=seconds, doing=text).text


@pytest.mark.parametrize("size", [1, 2, 7, 4096])
def test_reply_survives_any_cut(size):
    """A reply is the same in whatever pieces the network hands it over."""
    far_end = FarEnd(answers=typed("list", "one\ntwo", prompt=b"ready>"), size=size)

    assert "\none\ntwo" == ask(channel_to(far_end), "list")


def test_return_follows_the_echo():
    """Return is sent only after the typed line was read back."""
    far_end = FarEnd(answers=[(b"restart all", b"restart a")])

    with pytest.raises(Transient, match="reading back"):
        ask(channel_to(far_end), "restart all")

    assert b"restart all" == far_end.sent


def test_wrapped_echo_is_recognised():
    """An echo that the terminal wrapped with blanks, returns and escapes still counts as read back."""
    far_end = FarEnd(answers=[(b"select a from b", b"select a \r\n\x1b[Kfr \rom b"), (b"\r", b"\r\n1\r\nready>")])

    assert "\n1" == ask(channel_to(far_end), "select a from b")


def test_stale_prompt_is_no_answer():
    """A prompt that was still under way before a line is not taken for the end of its reply."""
    far_end = FarEnd(
        says=[(0, b"ready>")],
        answers=[(b"list", b"\r\n\rready>\r\n\rready>list"), (b"\r", b"\r\none\r\nready>")],
    )
    channel = channel_to(far_end)
    channel.read_until(PROMPT, seconds=1, doing="waiting")

    assert "\none" == ask(channel, "list")


@pytest.mark.parametrize(("body", "size"), [("not ready>\nmore", 1), ("ready> or so\nmore", 4096)])
def test_prompt_inside_a_line_is_text(body, size):
    """The prompt's letters in the middle of a line, or with text behind them, do not end a reply."""
    far_end = FarEnd(answers=typed("list", body, prompt=b"ready>"), size=size)

    assert f"\n{body}" == ask(channel_to(far_end), "list")


def test_prompt_after_erased_line_is_found():
    """A prompt that follows an erase-line sequence ends the reply."""
    far_end = FarEnd(answers=[(b"x", b"x"), (b"\r", b"\r\none\r\ntwo\x1b[Kready>")])

    assert "\none\ntwo" == ask(channel_to(far_end), "x")


def test_pager_is_turned_and_erased():
    """Each page is asked for with the pager's key, and its line is not part of the reply."""
    far_end = FarEnd(
        answers=[
            (b"list", b"list"),
            (b"\r", b"\r\none\r\n\x1b[1m-- more --\x1b[0m"),
            (b" ", b"\r\x1b[Ktwo\r\n\x1b[1m-- more --\x1b[0m"),
            (b" ", b"\r\x1b[Kthree\r\nready>"),
        ]
    )

    assert "\none\ntwo\nthree" == ask(channel_to(far_end, pagers=[PAGER]), "list")
    assert b"list\r  " == far_end.sent


def test_deadline_shows_last_bytes():
    """A prompt that never comes ends at the deadline with node, purpose, seconds and what was read last."""
    far_end = FarEnd(says=[(1, b"starting up\r\n")])

    with pytest.raises(Transient) as caught:
        channel_to(far_end).read_until(PROMPT, seconds=30, doing="waiting for the prompt")

    assert "node1: waiting for the prompt: no answer within 30 s; last read: 'starting up\\n'" == str(caught.value)
    assert 30 == far_end.now


def test_deadline_holds_against_a_talker():
    """A peer that talks on without ever prompting does not push the deadline away."""
    far_end = FarEnd(says=[(second, b".") for second in range(1, 1000)])

    with pytest.raises(Transient, match="within 30 s"):
        channel_to(far_end).read_until(PROMPT, seconds=30, doing="waiting")

    assert 31 >= far_end.now


def test_close_is_transient():
    """A peer that closes in the middle is reported with what it said last, not waited for."""
    far_end = FarEnd(says=[(1, b"rebooting")], closes=True)

    with pytest.raises(Transient, match="closed the connection; last read: 'rebooting'"):
        channel_to(far_end).read_until(PROMPT, seconds=30, doing="waiting")

    assert 1 == far_end.now


def test_broken_connection_is_transient():
    """An error of the transport is reported as transient, with its cause."""
    far_end = FarEnd()
    far_end.send = lambda _: (_ for _ in ()).throw(ConnectionResetError("reset by peer"))

    with pytest.raises(Transient, match="reset by peer") as caught:
        ask(channel_to(far_end), "list")

    assert isinstance(caught.value.__cause__, ConnectionResetError)


def test_nudge_brings_the_prompt():
    """Return is sent once the welcome was read and nothing follows; never before."""
    far_end = FarEnd(says=[(3, b"Hello\r\n")], answers=[(b"\r", b"\r\n\rready>")])
    nudge = Nudge(after=re.compile(rb"Hello"), first=0.5)

    channel_to(far_end).read_until(PROMPT, seconds=60, doing="waiting", nudge=nudge)

    assert b"\r" == far_end.sent
    assert 3.5 == far_end.now


def test_no_nudge_before_the_welcome():
    """A peer that has not said its welcome is left alone until the deadline."""
    far_end = FarEnd(says=[(1, b"starting up, please wait ...")])

    with pytest.raises(Transient):
        channel_to(far_end).read_until(PROMPT, seconds=60, doing="waiting", nudge=Nudge(after=re.compile(rb"Hello")))

    assert b"" == far_end.sent


def test_nudges_become_rare():
    """A peer that stays silent is nudged ever more rarely, and the deadline still holds."""
    far_end = FarEnd(says=[(0, b"Hello")])
    nudge = Nudge(after=re.compile(rb"Hello"), first=0.5, longest=8)

    with pytest.raises(Transient, match="within 120 s"):
        channel_to(far_end).read_until(PROMPT, seconds=120, doing="waiting", nudge=nudge)

    assert 10 <= len(far_end.sent) <= 20
    assert 120 == far_end.now


def test_prompt_without_nudge_sends_nothing():
    """A prompt that comes by itself in time is not nudged."""
    far_end = FarEnd(says=[(1, b"Hello"), (1.2, b"\r\nready>")])

    channel_to(far_end).read_until(PROMPT, seconds=60, doing="waiting", nudge=Nudge(after=re.compile(rb"Hello")))

    assert b"" == far_end.sent


def test_hidden_input_stays_hidden(caplog):
    """Hidden input is not waited for, not logged, and cut out of the error although the peer repeats it."""
    caplog.set_level(logging.DEBUG)
    far_end = FarEnd(answers=[(b"s3cret\r", b"\r\nwrong: s3cret")])
    channel = channel_to(far_end)
    channel.answer(Answer(re.compile(rb"Password: \Z"), "s3cret", hidden=True), seconds=5, doing="answering")

    with pytest.raises(Transient) as caught:
        channel.read_until(PROMPT, seconds=5, doing="answering")

    assert "s3cret" not in caplog.text + str(caught.value)
    assert "(hidden)" in caplog.text
    assert "wrong: ***" in str(caught.value)


def test_secret_cut_by_the_tail_is_redacted():
    """A secret that straddles the start of the quoted tail leaves none of its letters in the message."""
    far_end = FarEnd(says=[(0, b"LONGSECRETWORD" + b"." * 195)])

    with pytest.raises(Transient) as caught:
        channel_to(far_end, secrets=["LONGSECRETWORD"]).read_until(PROMPT, seconds=1, doing="waiting")

    assert "WORD" not in str(caught.value)


@pytest.mark.parametrize("text", ["passphrase is ::abc123", "Password: abc123", "password=abc123"])
def test_labelled_secrets_are_redacted(text):
    """What the peer itself labels as a password or passphrase does not get into a message."""
    far_end = FarEnd(says=[(0, text.encode())])

    with pytest.raises(Transient) as caught:
        channel_to(far_end).read_until(PROMPT, seconds=1, doing="waiting")

    assert "abc123" not in str(caught.value)
    assert "***" in str(caught.value)


def test_open_answer_is_read_back():
    """An answer that is not hidden is typed like any line, and logged."""
    far_end = FarEnd(answers=typed("yes", "done", prompt=b"ready>"))
    channel = channel_to(far_end)
    channel.answer(Answer(re.compile(rb"\?\Z"), "yes"), seconds=5, doing="answering")

    assert "\ndone" == channel.read_until(PROMPT, seconds=5, doing="answering").text
    assert b"yes\r" == far_end.sent


def test_wait_for_close_says_whether():
    """Waiting for the peer to close tells a close from a silence."""
    assert channel_to(FarEnd(says=[(1, b"bye")], closes=True)).wait_for_close(seconds=5)
    assert not channel_to(FarEnd(says=[(1, b"bye")])).wait_for_close(seconds=5)


def test_clean_removes_terminal_noise():
    """Escape sequences, returns and bells are not text; broken UTF-8 does not stop the reading."""
    assert "bold plain\n� end" == clean(b"\x1b[1mbold\x1b[0m plain\x1b[K\r\n\xff\x07 end")
