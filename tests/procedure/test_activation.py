"""What has to be settled before the certificate is put into service: what it lacks, neighbours, the last look."""

import pytest

from tests.procedure.lives import IMP, ISSUING_CA, PUBLISHER, SUBSCRIBER, UNASKED, YES, codes

NEIGHBOURS = (
    '\n[[neighbours]]\nkind = "expressway"\nname = "exp-c.example.com"\n'
    '\n[[neighbours]]\nkind = "uccx"\nname = "uccx.example.com"\n'
)
READY = YES | {"neighbour_1": "yes", "neighbour_2": "not used"}


def test_missing_client_usage_may_be_accepted(lives, borrowed):
    """FN74345: a leaf without client authentication goes on only when a person accepts it, for this certificate."""
    life = lives(borrowed, UNASKED)
    life.ca_issues_at_once()
    life.control.post("/ca", {"drop_client_auth": True})
    life.start(force=True)
    life.go_to("accept")

    assert "client authentication" in life.question()
    assert ["csr", "submit"] == life.control.kinds()

    life.answered(YES)

    assert life.key.startswith("activate-")
    assert "client authentication" in life.question()
    assert ["csr", "submit"] == life.control.kinds()


def test_neighbours_have_to_be_named(lives, borrowed):
    """cucm.md §4.9: every neighbour of the profile needs an answer of its own before the leaf; an empty one is none."""
    life = lives(borrowed, UNASKED + NEIGHBOURS)
    life.ca_issues_at_once()
    life.start(force=True)
    life.go_to("activate")

    assert "exp-c.example.com (expressway)" in life.question()
    assert ["REJECT", "REJECT"] == [life.answer(YES), life.answer(YES | {"neighbour_1": "yes"})]
    assert 0 == life.count("trust-upload")

    state = life.answered(READY)

    assert "Completed" == state.name
    (answer,) = life.record().answers("activate", "")
    assert ("yes", "not used") == (answer["neighbour_1"], answer["neighbour_2"])


def test_unready_neighbour_is_asked_again(lives, borrowed):
    """cucm.md §4.9: a yes beside a neighbour that is not ready does not pass: it is asked again, nothing uploaded."""
    life = lives(borrowed, UNASKED + NEIGHBOURS)
    life.ca_issues_at_once()
    life.start(force=True)
    life.go_to("activate")
    first = life.key
    state = life.answered(READY | {"neighbour_2": "no"})

    assert "Suspended" == state.name
    assert life.key.startswith("activate-")
    assert first != life.key
    assert 0 == life.count("trust-upload")


@pytest.mark.parametrize(
    ("bent", "reason"),
    [
        pytest.param({"backup_running": True}, "backup-running", id="a backup was begun"),
        pytest.param({"replication": 3}, "replication", id="replication broke"),
        pytest.param({"sso": "enabled"}, "sso-on", id="single sign-on was switched on"),
        pytest.param({"overwrite_csr": "tomcat"}, "csr-not-ours", id="somebody generated another request"),
    ],
)
def test_last_look_before_the_leaf(lives, borrowed, bent, reason):
    """design.md §2: what changes after the second yes is seen immediately before the leaf, which is not uploaded."""
    life = lives(borrowed, UNASKED)
    life.ca_issues_at_once()
    life.start(force=True)
    life.go_to("activate")
    assert life.answer(YES) == "ACCEPT"
    life.forget_chain(ISSUING_CA)
    with life.said.doing_at("is in tomcat-trust", lambda: life.control.post(f"/nodes/{PUBLISHER}", bent)):
        state = life.live()

    assert "Failed" == state.name
    assert [reason] == codes(state.message)
    assert "the certificate was not uploaded" in state.message
    assert 0 == life.count("leaf-upload")


@pytest.mark.parametrize("stands", ["later", "earlier"])
def test_namesake_in_a_trust_store(lives, simulator, stands):
    """cucm.md §4.8: a newer certificate of the CA's name would stay in its place: refused; an older one is told."""
    life = lives(simulator, UNASKED)
    life.ca_issues_at_once()
    life.control.post(f"/nodes/{SUBSCRIBER}", {"namesake_trust": {"of": "issuing", "starts": stands}})
    life.start()
    state = life.go_anew()

    assert ("Failed" if stands == "later" else "Completed") == state.name
    if stands == "later":
        assert ["namesake-in-trust"] == codes(state.message)
        assert f"on {SUBSCRIBER}" in state.message
        assert 0 == life.count("trust-upload")


def test_certificate_changed_while_suspended(lives, simulator):
    """design.md §3: a node that got another certificate while a question was open makes another plan, asked again."""
    life = lives(simulator)
    life.begin()
    first = life.key
    assert life.answer(YES) == "ACCEPT"
    life.control.post(f"/nodes/{IMP}", {"expired": True})
    life.edit(life.simulator.node("cs-imp")["tomcat_sha256"], life.control.node(IMP)["identity"]["tomcat"]["running"])
    life.live()

    assert life.key.startswith("start-")
    assert first != life.key
    assert [] == life.control.kinds()
