# ruff: noqa: D102, D105 - paramiko names these methods and says what they are for
"""An SSH server that only opens the door: it offers what the test says and writes down what it was given."""

import contextlib
import logging
import socket
import threading

import paramiko

# paramiko's server side logs stack traces when a client leaves early, which is what these tests are about.
_LOG = "tests.ssh_door"
logging.getLogger(_LOG).addHandler(logging.NullHandler())
logging.getLogger(_LOG).propagate = False


class Door(paramiko.ServerInterface):
    """Counts every credential presented; `rounds` are the questions of keyboard-interactive, one list a round.

    `shell` says what becomes of the request for one: it is "given", "refused", or left in "silence".
    """

    def __init__(self, *, methods="keyboard-interactive", password="correct", rounds=None, hangs=False, shell="given"):
        self.methods = methods
        self.password = password
        self.rounds = rounds if rounds is not None else [[("Password: ", False)]]
        self.hangs = hangs
        self.shell = shell
        self.presented = []
        self.key = paramiko.ECDSAKey.generate()
        self._asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._stop = threading.Event()
        self._sessions = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for session in self._sessions:
            session.close()
        self._thread.join()

    def _serve(self):
        while not self._stop.is_set():
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            session = paramiko.Transport(stream)
            session.set_log_channel(_LOG)
            session.add_server_key(self.key)
            self._sessions.append(session)
            with contextlib.suppress(paramiko.SSHException, EOFError, OSError):  # a client that leaves, in any way
                session.start_server(server=self)

    def get_allowed_auths(self, _username):
        return self.methods

    def check_auth_none(self, _username):
        return paramiko.AUTH_FAILED

    def check_auth_password(self, _username, password):
        return self._judge([password])

    def check_auth_interactive(self, _username, _submethods):
        return self._question()

    def check_auth_interactive_response(self, responses):
        if self._asked < len(self.rounds):
            self.presented += responses
            return self._question()
        return self._judge(responses)

    def check_channel_request(self, _kind, _chanid):
        return paramiko.OPEN_SUCCEEDED

    def check_channel_pty_request(self, *_):
        return True

    def check_channel_shell_request(self, channel):
        if self.shell == "silence":
            self._stop.wait(30)
        if self.shell == "given":
            channel.send(b"welcome\r\n")
        return self.shell == "given"

    def drop(self):
        """Cut the connections under all sessions, without a word."""
        for session in self._sessions:
            session.sock.close()

    def _question(self):
        prompts = self.rounds[self._asked]
        self._asked += 1
        return paramiko.InteractiveQuery("", "", *prompts)

    def _judge(self, given):
        self.presented += given
        if self.hangs:
            self._stop.wait(30)
        return paramiko.AUTH_SUCCESSFUL if given == [self.password] else paramiko.AUTH_FAILED
