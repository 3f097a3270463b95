"""Single steps by hand within a renewal: handed over when refused, asked durably, and then the run goes on."""

from tests.procedure.lives import ISSUING_CA, PUBLISHER, RESTARTS, ROOT_CA, UNASKED, YES
from tests.simulator.walk import Rest
from ucrenew.domain.x509 import parse_certificates


def by(life) -> list[tuple[str, str, bool]]:
    """Kind, account and whether it was refused, of every call that would change something."""
    return [(entry["kind"], entry["from"], "refused" in entry) for entry in life.control.ledger()]


def to_the_person(life) -> None:
    """A new run, with a yes to every question until a person has to act."""
    life.begin(force=True)
    while not life.key.startswith("by-hand-"):
        assert life.answered(YES).name == "Suspended"


def test_refused_request_is_generated_by_hand(lives, borrowed):
    """S6, cucm.md §1.3: where REST refuses the unproved word for multi-server a person generates; the run goes on.

    A life that is killed between question and answer changes nothing, and does not try REST again.
    """
    life = lives(borrowed, UNASKED)
    life.control.post("/cluster", {"multi_server_word": "multi-server-san"})
    to_the_person(life)
    first = life.key

    assert "generating the tomcat request was refused (HTTP 400): Invalid distribution multi-server" in life.question()
    assert [("csr", "osadmin", True)] == by(life)

    life.push()
    life.live()

    assert life.key.startswith("by-hand-")
    assert first != life.key
    assert [("csr", "osadmin", True)] == by(life)

    person = Rest(borrowed, account=borrowed.scene["people"]["person"])
    made = person.csr(distribution="multi-server-san", commonName=PUBLISHER)
    life.answered(YES)

    assert 200 == made.status
    assert life.key.startswith("ca-pending-")
    assert [
        ("csr", "osadmin", True),
        ("csr", "osperson", False),
        ("submit", borrowed.scene["accounts"]["ca"]["user"], False),
    ] == by(life)


def test_trust_alone_by_hand(lives, borrowed):
    """S15: with trust alone by hand a person uploads the chain between our own steps, and the renewal completes."""
    life = lives(borrowed, UNASKED + "\n[by_hand]\ntrust = true\n")
    life.ca_issues_at_once()
    ca = borrowed.scene["ca"]
    life.forget_chain(ROOT_CA, ISSUING_CA)
    to_the_person(life)

    assert ["csr", "submit"] == life.control.kinds()

    Rest(borrowed, account=borrowed.scene["people"]["person"]).trust(
        *parse_certificates(ca["root"] + ca["intermediate"])
    )
    state = life.answered(YES)

    assert "Completed" == state.name
    assert [
        ("csr", "osadmin", False),
        ("submit", borrowed.scene["accounts"]["ca"]["user"], False),
        *[("trust-upload", "osperson", False)] * 2,
        ("leaf-upload", "osadmin", False),
    ] == by(life)[:5]
    assert RESTARTS == life.restarts()
