"""The other end of a channel as bytes: what it says by itself, what it answers, on a clock of its own."""

import re


class FarEnd:
    """A transport whose peer says `says` at given seconds and answers what `answers` expects, in order.

    Every answer is (what has to be sent, what comes back); what was sent beyond the script stays unanswered.
    `size` cuts what comes back into pieces, as networks do.
    """

    def __init__(self, *, says=(), answers=(), size=4096, closes=False):
        self.now = 0.0
        self.sent = b""
        self.closed = False
        self._says = [(at, data) for at, data in says]
        self._answers = list(answers)
        self._size = size
        self._closes = closes
        self._pending = b""
        self._unanswered = b""

    def clock(self):
        """Seconds as the test counts them."""
        return self.now

    def send(self, data):
        """Take what the channel sends and queue the scripted answer."""
        self.sent += data
        self._unanswered += data
        while self._answers and self._answers[0][0] in self._unanswered:
            expected, reply = self._answers.pop(0)
            self._unanswered = self._unanswered.partition(expected)[2]
            self._pending += reply

    def receive(self, seconds):
        """Hand over what is due within `seconds`, moving the clock instead of waiting."""
        if not self._pending and self._says and self._says[0][0] <= self.now + seconds:
            at, self._pending = self._says.pop(0)
            self.now = max(self.now, at)
        if self._pending:
            data, self._pending = self._pending[: self._size], self._pending[self._size :]
            return data
        if self._closes and not self._says and not self._answers:
            return b""
        self.now += seconds
        raise TimeoutError

    def close(self):
        """Note that the channel let go."""
        self.closed = True


def typed(command, reply, prompt=b"admin:"):
    """A command's two steps as a terminal shows them: the echo, then after return the reply and the prompt."""
    body = re.sub(rb"\r?\n", b"\r\n", reply.encode())
    return [(command.encode(), command.encode()), (b"\r", b"\r\n" + body + b"\r\n" + prompt)]
