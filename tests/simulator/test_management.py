"""The management page: what a person sees and clicks there, and what another site's page cannot do."""

import re
from html import unescape

import pytest
import requests

from tests.simulator.phones import TFTP, begin, listed, restart
from tests.simulator.walk import Rest, TestCa, parsed, submit

PUBLISHER = "cs-ccm-pub.example.com"


@pytest.fixture
def ask(borrowed):
    """Ask for a path as a browser on this very page does, or with the headers that the test states."""

    def call(method, path, fields=None, **headers):
        origin = borrowed.scene["control"]
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin", **headers}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, origin + path, data=fields, headers=headers, timeout=20)

    return call


def pending(simulator) -> int:
    """A request of ours that waits for the officer."""
    submit(simulator, Rest(simulator).csr().json["csr"], simulator.scene["accounts"]["ca"])
    return simulator.control.get("/requests")[-1]["id"]


def statuses(simulator) -> dict[int, str]:
    """What has become of each request."""
    return {one["id"]: one["status"] for one in simulator.control.get("/requests")}


def test_management_shows_everything(borrowed, ask):
    """Nodes, certificates, services that are down, faults, requests and ledger stand on the page."""
    number = pending(borrowed)
    borrowed.control.post(f"/nodes/{PUBLISHER}", {"services": {"Platform Administrative Web Service": "STOPPED"}})
    borrowed.control.post("/faults", {"kind": "ssh-refused", "node": PUBLISHER, "on": True})
    page = unescape(ask("GET", "/").text)

    assert all(node["name"] in page for node in borrowed.scene["nodes"])
    assert borrowed.scene["nodes"][0]["tomcat_sha256"][:16] in page
    assert f'action="/page/requests/{number}/issue"><button>Issue' in page
    assert "Platform Administrative Web Service [STOPPED]" in page
    assert "'kind': 'ssh-refused'" in page
    assert f"request_id: {number}" in page
    assert "CSR Only" in page


def test_management_officer_clicks(borrowed, ask):
    """Issue and Deny decide a pending request once; a second click is refused in a sentence."""
    first, second = pending(borrowed), pending(borrowed)
    clicks = [ask("POST", f"/page/requests/{number}/{verb}") for number, verb in ((first, "issue"), (second, "deny"))]
    again = ask("POST", f"/page/requests/{first}/deny")

    assert [200, 200] == [click.status_code for click in clicks]
    assert ("issued", "denied") == (statuses(borrowed)[first], statuses(borrowed)[second])
    assert 409 == again.status_code
    assert f"Request {first} cannot be denied: it is issued, not pending." in again.text


def test_management_sets_faults(borrowed, ask):
    """A fault is set with what was filled in, and all are cleared by one button."""
    form = {"kind": "refuse", "node": PUBLISHER, "what": "csr", "text": "No.", "status": "500", "times": ""}
    ask("POST", "/page/faults", form)
    ask("POST", "/page/faults", {"kind": "html", "node": PUBLISHER})
    node = borrowed.control.node(PUBLISHER)
    ask("POST", "/page/faults/clear")

    assert [{"kind": "refuse", "what": "csr", "text": "No.", "status": 500, "times": None}] == node["set_faults"]
    assert node["faults"]["html"]
    assert [] == borrowed.control.node(PUBLISHER)["set_faults"]


def test_management_switches(borrowed, ask):
    """Single sign-on of one node, and any reading, are switched on the page."""
    ask("POST", f"/page/sso/{PUBLISHER}", {"sso": "enabled"})
    told = {"snapshot_form": "array", "security_mode": "1", "issuer_needed_in_trust": "true", "ris_page": "7"}
    for name, value in told.items():
        ask("POST", f"/page/readings/{name}", {"value": value})
    state = borrowed.control.state()

    assert ["enabled", "disabled", "disabled"] == [node["sso"] for node in state["nodes"]]
    assert ["array", 1, True, 7] == [state["readings"][name] for name in told]


@pytest.mark.parametrize(
    ("path", "fields", "sentence"),
    [
        ("/page/requests/99/issue", {}, "The CA has no request 99."),
        ("/page/requests/99/burn", {}, "An officer does not burn"),
        ("/page/sso/nobody", {"sso": "enabled"}, "There is no node nobody"),
        (f"/page/sso/{PUBLISHER}", {"sso": "maybe"}, "sso does not take 'maybe'"),
        ("/page/faults", {"kind": "nonsense", "node": PUBLISHER}, "this is no fault: kind"),
        ("/page/faults", {"kind": "refuse", "node": PUBLISHER, "status": "no"}, "'no' is no number"),
        ("/page/readings/nonsense", {"value": "1"}, "There is no reading nonsense"),
        ("/page/readings/security_mode", {"value": "mixed"}, "'mixed' is no number"),
        ("/page/ctl", {}, "The cluster is not in mixed mode, so the CTL client has nothing to update"),
    ],
)
def test_management_refuses_nonsense(borrowed, ask, path, fields, sentence):
    """What cannot be done is said in a sentence above the page, and changes nothing."""
    before = borrowed.control.state()
    reply = ask("POST", path, fields)

    assert 409 == reply.status_code
    assert sentence in re.search(r'id="refused">(.*?)</p>', unescape(reply.text))[1]
    assert before == borrowed.control.state()


@pytest.mark.parametrize("path", ["/page/requests/{}/issue", "/requests/{}/issue"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.net"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example.net", "Origin": "http://evil.example.net"},
    ],
)
def test_management_refuses_other_sites(borrowed, ask, path, headers):
    """A click that another site's page makes, or that came by a foreign name, does nothing, at the page or the API."""
    number = pending(borrowed)
    reply = ask("POST", path.format(number), **headers)

    assert 403 == reply.status_code
    assert "pending" == statuses(borrowed)[number]


def test_management_hides_from_other_sites(standing):
    """Whoever comes by a foreign name sees nothing, and no other page may show this one in a frame."""
    control = standing.scene["control"]
    foreign = requests.get(control + "/", headers={"Host": "evil.example.net"}, timeout=20)
    own = requests.get(control + "/", timeout=20)

    assert 403 == foreign.status_code
    assert "frame-ancestors 'none'" == own.headers["Content-Security-Policy"]


def test_management_knows_what_is_served(borrowed, ask):
    """Until Tomcat is restarted the page says that another certificate is served than the node holds (S19)."""
    rest, ca = Rest(borrowed), TestCa()
    csr = parsed(rest.csr())
    rest.trust(ca.root, ca.intermediate)
    before = ask("GET", "/").text
    rest.leaf(ca.sign(csr))
    after = ask("GET", "/").text

    served = borrowed.scene["nodes"][0]["tomcat_sha256"][:16]
    assert "<td>yes</td>" in before
    assert f"<td>no: {served} until Tomcat is restarted</td>" not in before
    assert f"<td>no: {served} until Tomcat is restarted</td>" in after


def test_management_shows_phones(borrowed, ask):
    """Phones by model, and on how many an HTTPS service opens: what a person looks at before saying that they trust."""
    begin(borrowed)
    good = unescape(ask("GET", "/").text)
    registered = [one for one in listed(borrowed) if one["registered"]]
    model = registered[0]["model"]
    of_model = sum(one["model"] == model for one in registered)
    borrowed.control.post("/phones", {"rollback": True})
    restart(borrowed, TFTP)
    bad = unescape(ask("GET", "/").text)
    begin(borrowed)

    assert "The cluster is non-secure" in good
    assert f"{len(registered)} of 25 phones are registered" in good
    assert f"<td>{of_model}</td>\n<td>{of_model}</td></tr>" in good[good.index(f"<td>{model}</td>") :]
    assert '<td class="down">0</td>' in bad
    assert "Run the CTL client" not in good


def test_management_runs_the_ctl_client(borrowed, ask):
    """Before 14SU3, where a token signs the CTL, the button is the person with the token (S25)."""
    borrowed.control.post("/cluster", {"version": "14.0.1.12900-161"})
    begin(borrowed, security_mode=1, signed_by="token")
    page = ask("GET", "/").text
    reply = ask("POST", "/page/ctl")
    updates = [(entry["by"], entry["from"]) for entry in borrowed.control.ledger() if entry["kind"] == "ctl-update"]
    borrowed.control.post("/cluster", {"version": "15.0.1.11900-40"})
    begin(borrowed, signed_by="tokenless")

    assert '<form method="post" action="/page/ctl"><button>Run the CTL client</button>' in page
    assert 200 == reply.status_code
    assert [("token", "person")] == updates
