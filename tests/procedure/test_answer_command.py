"""`python -m deployments.answer`: shows the question, signs with a person's own key, and sends the form."""

import json
import subprocess

import pytest

from deployments import answer
from deployments.commands import run_command
from tests.procedure.signing import NORA, OLGA
from ucrenew.record import Kind


@pytest.fixture
def told(capsys, monkeypatch):
    """What the command says to its arguments: exit code, output, error output. No agent is there."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)

    def tell(*arguments):
        monkeypatch.setattr("sys.argv", ["answer", *map(str, arguments)])
        capsys.readouterr()  # what was said before
        with pytest.raises(SystemExit) as ended:
            run_command(answer.main)
        return ended.value.code, *capsys.readouterr()

    return tell


@pytest.fixture
def agent(tmp_path, signers, monkeypatch):
    """An SSH agent that holds the keys of these people."""
    socket = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()  # it says where it listens once it does

    def hold(*names):
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        for name in names:
            subprocess.run(["ssh-add", "-q", signers.folder / name], check=True)

    yield hold
    process.terminate()
    process.wait()
    process.stdout.close()


def test_answer_by_key_file(lives, borrowed, signers, told):
    """The question is shown, the answer signed with a key file and taken; the run goes on, and knows who it was."""
    life = lives(borrowed, signers.demanded)
    life.begin()
    question = life.question()
    code, said, _ = told(
        life.runs[-1], "--decision=approve", "--name", OLGA, "--ticket=CHG-1", "--key", signers.folder / "olga"
    )
    life.live()
    (kept,) = life.record().facts(Kind.ANSWER)

    assert 0 == code
    assert said.startswith(question)
    assert f"signed by {OLGA}, key {signers.fingerprint('olga')}" in said
    assert ("CHG-1", OLGA) == (kept.value["ticket"], kept.value["signed"]["principal"])
    assert ["csr", "submit"] == life.control.kinds()


def test_answer_by_agent(lives, borrowed, signers, told, agent):
    """Without a key file the only key of the agent signs; of several, the one whose public key is named."""
    life = lives(borrowed, signers.demanded)
    life.begin()
    agent("olga")
    said = ["--decision=approve", "--name", NORA]
    code, _, other = told(life.runs[-1], *said)
    agent("nora")
    public = life.profile.parent / "nora.pub"
    public.write_text(f"{signers.public('nora')}\n")

    assert 2 == code
    assert f"of {OLGA}, and the form says '{NORA}'; nothing was sent" in other
    assert (2, "the SSH agent holds 2 keys: say which with --key FILE.pub\n") == told(life.runs[-1], *said)[::2]
    assert 0 == told(life.runs[-1], *said, "--key", public)[0]

    life.live()

    assert NORA == life.record().facts(Kind.ANSWER)[0].value["signed"]["principal"]


def test_no_by_command(lives, borrowed, signers, told):
    """A no is sent without a key, and ends the run."""
    life = lives(borrowed, signers.demanded)
    life.begin()
    code, *_ = told(life.runs[-1], "--decision=deny", "--name", OLGA, "--remark=not this week")

    assert 0 == code
    assert "Denied" == life.live().name


def test_question_alone(asked, told):
    """Without a decision the question is shown, and nothing is answered."""
    code, said, _ = told(asked.runs[-1])

    assert 0 == code
    assert said.startswith(asked.question())
    assert "Suspended" == asked.state().name


def test_question_that_shows_another_plan(lives, borrowed, signers, told):
    """A question whose text shows another plan than the record says it is about is not answered: nothing is signed."""
    life = lives(borrowed, signers.demanded)
    life.begin()
    key, asked = f"suspended-{life.key}-description", life.record().fact(Kind.ASKED, about=life.key).value
    shown = life.question().replace(asked["digest"], "0" * 64)
    life.client.delete_flow_run_input(life.runs[-1], key)
    life.client.create_flow_run_input(life.runs[-1], key, json.dumps(shown))
    code, _, said = told(life.runs[-1], "--decision=approve", "--name", OLGA, "--key", signers.folder / "olga")

    assert 1 == code
    assert f"the question of run {life.runs[-1]} shows another plan than it is about: nothing was signed\n" == said
    assert "Suspended" == life.state().name


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--name", OLGA, "--key", "{folder}/mallory"], "is none of the allowed signers'; nothing was sent"),
        (["--name", OLGA, "--key", "{folder}/nora"], f"of {NORA}, and the form says '{OLGA}'; nothing was sent"),
        (["--name", OLGA, "--key", "{folder}/none"], "there is no key file {folder}/none"),
        (["--name", OLGA, "--key", "{folder}/allowed_signers"], "ssh-keygen did not sign with {folder}/allowed"),
        (["--name", OLGA], "no SSH agent answers (SSH_AUTH_SOCK): start one, or name your key with --key FILE"),
        (["--key", "{folder}/olga"], "say who you are with --name, in two characters or more"),
        (["--name", OLGA, "--key", "{folder}/olga", "--field", "x=y"], "the server refuses the form: "),
    ],
    ids=["not allowed", "a colleague's", "no key", "no key in it", "no agent", "no name", "field that is none"],
)
def test_mistake_of_who_answers(asked, signers, told, arguments, complaint):
    """Each mistake is one sentence and exit code 2, and the question stays open."""
    code, _, said = told(
        asked.runs[-1],
        "--decision=approve",
        *(word.format(folder=signers.folder) for word in arguments),
        "--profile",
        asked.profile,
    )

    assert (2, 1) == (code, len(said.splitlines()))
    assert complaint.format(folder=signers.folder) in said
    assert ("Suspended", []) == (asked.state().name, asked.record().facts(Kind.ANSWER))


def test_run_that_waits_for_no_answer(lives, borrowed, signers, told):
    """A run that is unknown, or waits for no answer, is named in one sentence; so is a site without signers."""
    life = lives(borrowed)
    life.begin()
    yes = ["--decision=approve", "--name", OLGA, "--key", signers.folder / "olga"]
    none = "0" * 32

    assert (2, f"the Prefect server has no run {none}\n") == told(none, *yes)[::2]
    assert "its profile names no allowed_signers. Answer on the page of the run" in told(life.runs[-1], *yes)[2]

    life.answered({"decision": "approve", "name": OLGA})

    assert (2, f"run {life.runs[-1]} waits for no answer: it is Suspended, for {life.key}\n") == told(
        life.runs[-1], *yes
    )[::2]
