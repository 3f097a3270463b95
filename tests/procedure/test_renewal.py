"""The whole road of a renewal, walked once and looked at from all sides, and what makes it turn back."""

from datetime import datetime, timedelta

import pytest

from flows.attend import attend_suspended_runs
from tests.procedure.lives import (
    IMP,
    ISSUING_CA,
    PUBLISHER,
    RESTARTS,
    ROOT_CA,
    SUBSCRIBER,
    UNASKED,
    YES,
    Lives,
    at_note,
    codes,
)
from ucrenew.record import Kind

NODES = (PUBLISHER, SUBSCRIBER, IMP)


@pytest.fixture(scope="module")
def renewed(module_lives, standing) -> Lives:
    """A cluster that was renewed from its self-signed certificates on, with two questions and an officer.

    It has to come first in this module: the scene is fresh, its first request is 32.
    """
    life = module_lives(standing)
    life.to_activation()
    life.asked = life.question()
    life.ended = life.answered(YES)
    life.calls = standing.control.ledger()
    life.proof = life.evidence()
    return life


def kinds(life: Lives) -> list[str]:
    """The kinds of the calls of the road."""
    return [call["kind"] for call in life.calls]


def test_road_changes_each_thing_once(renewed):
    """S6-S19: one request, one submission, two CA certificates, one leaf, eleven restarts, in this order."""
    assert ("Completed", "COMPLETED") == (renewed.ended.name, renewed.ended.type.value)
    assert ["csr", "submit", "trust-upload", "trust-upload", "leaf-upload", *["restart"] * 11] == kinds(renewed)
    assert [PUBLISHER] * 3 == [call["node"] for call in renewed.calls[2:5]]
    assert renewed.calls[0]["fingerprint"] == renewed.calls[1]["fingerprint"]
    assert 32 == renewed.calls[1]["request_id"]


def test_root_goes_before_intermediate(renewed):
    """S15: the root is uploaded first, then the intermediate, then the leaf alone."""
    subjects = [call["subject"] for call in renewed.calls if call["kind"] == "trust-upload"]

    assert [True, True] == [f"CN={name}," in text for name, text in zip((ROOT_CA, ISSUING_CA), subjects, strict=True)]
    assert renewed.proof["leaf"] == renewed.calls[4]["fingerprint"]


def test_restarts_in_the_documents_order(renewed):
    """S19: publisher first, then the subscriber, then IM&P; on each node the services of release 15 and no others."""
    restarts = [(call["node"], call["service"]) for call in renewed.calls if call["kind"] == "restart"]

    assert RESTARTS == restarts


def test_evidence_tells_it_all(renewed):
    """S18, S20: request, answers, digest, and one row a node and port with what it served before and serves now."""
    proof, scene = renewed.proof, renewed.simulator.scene
    ports = {(node["name"], node[port]) for node in scene["nodes"] for port in ("https_port", "tomcat_port")}
    first = {node["name"]: node["tomcat_sha256"] for node in scene["nodes"]}

    assert 32 == proof["request_id"]
    assert [("start", "approve"), ("activate", "approve")] == [
        (answer["gate"], answer["decision"]) for answer in proof["answers"]
    ]
    assert [(proof["plan_digest"], "Olga Operator", "CHG-1")] * 2 == [
        (answer["digest"], answer["name"], answer["ticket"]) for answer in proof["answers"]
    ]
    assert 64 == len(proof["plan_digest"])
    assert ports == {(row["node"], row["port"]) for row in proof["nodes"]}
    assert 6 == len(proof["nodes"])
    assert {proof["leaf"]} == {row["after"] for row in proof["nodes"]}
    assert all(first[row["node"]] == row["before"] for row in proof["nodes"])


def test_activation_shows_the_leaf(renewed):
    """S18: the second question shows the issued certificate by fingerprint and names, and its issuers, root first."""
    assert renewed.proof["leaf"] in renewed.asked
    assert all(node in renewed.asked for node in NODES)
    assert f"root first: CN={ROOT_CA},DC=example,DC=com, CN={ISSUING_CA}," in renewed.asked


def test_last_sentence_names_request_and_leaf(renewed):
    """S18: the run's last sentence names the request's number, the certificate and its end."""
    assert "request 32" in renewed.ended.message
    assert renewed.proof["leaf"][:16] in renewed.ended.message
    assert renewed.proof["not_after"][:10] in renewed.ended.message


def test_old_certificates_are_reported(renewed):
    """S28: self-signed certificates that stay in the trust stores are named for each node, and nothing is deleted."""
    lines = renewed.said.with_words("[old-certificate-left, S28]")

    assert [True] * 3 == [any(line.startswith(f"{node}: ") for line in lines) for node in NODES]
    assert "delete" not in kinds(renewed)


def test_renewal_is_closed(renewed):
    """S5: a renewal that is done is closed; none is left open."""
    assert 1 == renewed.renewal().number
    assert not renewed.is_open()


def test_second_run_finds_nothing_to_do(renewed):
    """S31: right after, a run changes nothing, opens nothing, and says the day on which the next one is due."""
    before = renewed.control.ledger()
    state = renewed.begin()
    due = datetime.fromisoformat(renewed.proof["not_after"]) - timedelta(days=30)

    assert "Completed" == state.name
    assert f"nothing to do until {due:%Y-%m-%d}" in state.message
    assert before == renewed.control.ledger()
    assert 1 == renewed.renewal().number


def test_another_name_makes_it_due(renewed):
    """S31: a name that the profile has and the certificate has not makes the next renewal due."""
    old, new = "renew_before = 30\n", 'renew_before = 30\nextra_names = ["ucm.example.com"]\n'
    before = renewed.control.ledger()
    renewed.edit(old, new)
    state = renewed.begin()
    renewed.edit(new, old)

    assert "Suspended" == state.name
    assert renewed.said.with_words("is due", "does not name ucm.example.com")
    assert before == renewed.control.ledger()


@pytest.mark.usefixtures("renewed")
def test_force_renews_again(lives, borrowed):
    """S15, S31: with `force` all is done once more; of the CA certificates only the one that is missing is uploaded."""
    life = lives(borrowed, UNASKED)
    life.ca_issues_at_once()
    life.forget_chain(ISSUING_CA)
    before = life.leaf_on(PUBLISHER)
    state = life.go_anew(force=True)

    assert "Completed" == state.name
    assert ["csr", "submit", "trust-upload", "leaf-upload", *["restart"] * 11] == life.control.kinds()
    assert [(PUBLISHER, ISSUING_CA)] == life.uploads()
    assert RESTARTS == life.restarts()
    leaf = life.evidence()["leaf"]
    assert before != (leaf, leaf)
    assert [(leaf, leaf)] * 3 == [life.leaf_on(node) for node in NODES]


def test_officer_denies(lives, borrowed):
    """S14: a request that the officer denies ends the run in order, with the CA's own words; nothing was uploaded."""
    life = lives(borrowed, UNASKED)
    assert life.go_anew(force=True).name == "Suspended"
    number = life.request()["id"]
    life.officer("deny")
    state = life.live()

    assert ("Denied", "COMPLETED") == (state.name, state.type.value)
    assert f"the CA denied request {number}: Denied by EXAMPLE\\ca-officer" in state.message
    assert ["csr", "submit"] == life.control.kinds()
    assert not life.is_open()


def test_attend_wakes_for_the_ca_only(lives, borrowed):
    """S14: `attend` wakes a run whose request was decided; not one still pending, not one that waits for a person."""
    asked = lives(borrowed)
    asked.begin(force=True)
    waiting = lives(borrowed, UNASKED)
    waiting.go_anew(force=True)
    attend_suspended_runs()

    assert ["Suspended", "Suspended"] == [asked.state().name, waiting.state().name]

    waiting.control.post(f"/requests/{waiting.request()['id']}/issue")
    attend_suspended_runs()

    assert ["Suspended", "SCHEDULED"] == [asked.state().name, waiting.state().type.value]
    assert [] == waiting.said.with_words(asked.cluster, "resuming")

    state = waiting.live()

    assert "Suspended" == state.name
    assert waiting.key.startswith("activate-")


def test_attend_asks_no_refusing_ca_twice(lives, borrowed):
    """A CA that refuses the password is asked once by `attend`; a person who mends it and resumes the run goes on."""
    life = lives(borrowed, UNASKED)
    life.go_anew(force=True)
    secret = life.profile.parent / "ca.password"
    right = secret.read_text()
    secret.write_text("of-last-year")
    for _ in range(3):
        attend_suspended_runs()

    assert 1 == life.count("login-refused")
    assert 3 == len(life.said.with_words(life.cluster, "not asked again", f"resume run {life.runs[-1]}"))
    assert "Suspended" == life.state().name

    secret.write_text(right)
    life.client.resume_flow_run(life.runs[-1])
    life.live()
    life.control.post(f"/requests/{life.request()['id']}/issue")
    attend_suspended_runs()

    assert "SCHEDULED" == life.state().type.value


def test_early_wake_up_only_looks(lives, borrowed):
    """S14: a run that a person resumes before the CA has decided looks once more and waits on, under another key."""
    life = lives(borrowed, UNASKED)
    life.go_anew(force=True)
    first = life.key
    life.client.resume_flow_run(life.runs[-1])
    state = life.live()

    assert "Suspended" == state.name
    assert first != life.key
    assert first.rpartition("-")[0] == life.key.rpartition("-")[0]
    assert 1 == life.count("submit")


def test_missed_trust_is_uploaded_there(lives, borrowed):
    """S16: a node that misses the news of the CA certificates gets them itself, root first; the others do not.

    The service that brings the news was up before, so it is started in the end.
    """
    life = lives(borrowed, UNASKED + "\n[limits]\nfan_out = 0.01\n")
    life.ca_issues_at_once()
    life.forget_chain(ROOT_CA, ISSUING_CA)
    life.start(force=True)
    life.go_to("activate")
    assert life.answer(YES) == "ACCEPT"
    stopped = {"services": {"Cisco Certificate Change Notification": "STOPPED"}}
    with life.said.doing_at("the plan has digest", lambda: life.control.post(f"/nodes/{SUBSCRIBER}", stopped)):
        state = life.live()

    assert "Completed" == state.name
    assert [
        (PUBLISHER, ROOT_CA), (PUBLISHER, ISSUING_CA), (SUBSCRIBER, ROOT_CA), (SUBSCRIBER, ISSUING_CA),
    ] == life.uploads()  # fmt: skip
    assert life.said.with_words(f"{SUBSCRIBER}: ", "did not arrive")
    assert 1 == life.count("start")


def test_lost_leaf_stops_before_restarts(lives, borrowed, monkeypatch):
    """S17: a node that does not show the leaf in time stops the run before any restart, and is named."""
    life = lives(borrowed, UNASKED + "\n[limits]\nfan_out = 0.01\n")
    life.ca_issues_at_once()
    stopped = {"services": {"Platform Administrative Web Service": "STOPPED"}}
    with at_note(monkeypatch, Kind.LEAF_INTENT, lambda: life.control.post(f"/nodes/{IMP}", stopped)):
        state = life.go_anew(force=True)

    assert "Failed" == state.name
    assert state.message.startswith(f"{IMP}: still shows ")
    assert "no service was restarted" in state.message
    assert 1 == life.count("leaf-upload")
    assert [] == life.restarts()


@pytest.mark.parametrize(
    ("bend", "found"),
    [
        pytest.param(
            {
                "swap_key": True,  # another key than the request's
                "drop_san": [SUBSCRIBER],  # a node left out
                "add_san": ["www.example.com"],  # a name added
                "drop_rdns": ["CN"],  # no common name
                "drop_client_auth": True,
                "drop_key_usage": ["data_encipherment"],
            },
            ["other-key", "name-missing", "name-extra", "common-name", "extended-key-usage"],
            id="everything that a CA can change",
        ),
        pytest.param({"expired": True}, ["expired"], id="it has ended"),
        pytest.param({"not_yet_valid": True}, ["not-yet-valid"], id="it begins tomorrow"),
        pytest.param({"ca_leaf": True}, ["ca-certificate"], id="it is a CA certificate"),
        pytest.param({"sign_with": "namesake"}, ["chain-incomplete"], id="a namesake of the CA signed it"),
    ],
)
def test_wrong_certificate_is_refused(lives, borrowed, bend, found):
    """S15, S17, cucm.md §4.8: what the cluster could not use is refused before any upload, with every finding."""
    life = lives(borrowed, UNASKED)
    life.ca_issues_at_once()
    life.control.post("/ca", bend)
    state = life.go_anew(force=True)

    assert "Failed" == state.name
    assert "nothing was uploaded" in state.message
    assert set(found) <= set(codes(state.message))
    assert ["csr", "submit"] == life.control.kinds()


@pytest.mark.parametrize("missing", ["intermediate", "root"])
def test_missing_issuer_is_refused(lives, borrowed, missing):
    """S15: without a chain file, a CA that does not hand out all its certificates is noticed before any upload."""
    life = lives(borrowed, UNASKED)
    life.edit('chain_file = "chain.pem"\n', "")
    life.ca_issues_at_once()
    life.control.post("/ca", {"missing_from_chain": missing})
    state = life.go_anew(force=True)

    assert "Failed" == state.name
    assert ["chain-incomplete"] == codes(state.message)
    assert ["csr", "submit"] == life.control.kinds()


def test_wrong_template_is_refused(lives, borrowed):
    """FN74345: template WebServer grants no client authentication; all of what is wrong is told, nothing uploaded."""
    life = lives(borrowed, UNASKED)
    life.edit('template = "CiscoUC"', 'template = "WebServer"')
    life.control.post("/ca", {"add_san": ["www.example.com"]})
    state = life.go_anew(force=True)

    assert "Failed" == state.name
    assert ["name-extra", "extended-key-usage"] == codes(state.message)
    assert life.said.with_words("client authentication")
    assert ["csr", "submit"] == life.control.kinds()
