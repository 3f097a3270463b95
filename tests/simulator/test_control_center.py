"""Control Center Services by SOAP: which services run and since when, and restarts (cucm.md §3.2)."""

from datetime import UTC, datetime

import pytest

from tests.conftest import until
from tests.simulator.soap import PATH, asked, control, envelope, items, post
from tests.simulator.walk import Shell

PUBLISHER = "cs-ccm-pub.example.com"
TFTP, IDLE = "Cisco Tftp", "Cisco WebDialer Web Service"


def test_one_service(standing):
    """A started service has its state, reason -1, when it started, and its seconds since then."""
    status, text = post(standing, asked("Cisco Tomcat"))
    (service,) = items(text)

    started = datetime.strptime(service["StartTime"], "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    age = (datetime.now(UTC) - started).total_seconds()
    assert 200 == status
    assert ("Cisco Tomcat", "Started", "-1", "") == tuple(
        service[name] for name in ("ServiceName", "ServiceStatus", "ReasonCode", "ReasonCodeString")
    )
    assert -2 < age - int(service["UpTime"]) < 2
    assert "<ns1:ReturnCode>0</ns1:ReturnCode><ns1:ReasonCode>-1</ns1:ReasonCode>" in text


def test_services_not_running(borrowed):
    """A service that does not run says why and has no time; one that does not exist says so too."""
    borrowed.control.post(f"/nodes/{PUBLISHER}", {"services": {TFTP: "STOPPED"}})
    _, text = post(borrowed, asked(TFTP, IDLE, "Cisco Nonsense"))

    assert [
        (TFTP, "Stopped", "-1069", "Commanded Out of Service", "", "-1"),
        (IDLE, "Stopped", "-1068", "Service Not Activated", "", "-1"),
        ("Cisco Nonsense", "Stopped", "-1010", "No such service", "", "-1"),
    ] == [tuple(service.values()) for service in items(text)]


@pytest.mark.parametrize("state", ["STARTING", "STOPPING"])
def test_service_in_between(borrowed, state):
    """A service on its way has the word for it, and no time."""
    borrowed.control.post(f"/nodes/{PUBLISHER}", {"services": {TFTP: state}})
    (service,) = items(post(borrowed, asked(TFTP))[1])

    assert (state.capitalize(), "-1") == (service["ServiceStatus"], service["UpTime"])


def test_all_services_on_every_node(standing):
    """One empty name asks for all, each node tells its own, on both of Tomcat's ports and both addresses."""
    for host in ("cs-ccm-pub", "cs-imp"):
        expected = set(standing.control.node(f"{host}.example.com")["services"])
        for port, path in (("tomcat_port", PATH), ("https_port", PATH + "Ex")):
            _, text = post(standing, asked(), host=host, port=port, path=path)

            assert expected == {service["ServiceName"] for service in items(text)}


def test_static_list(standing):
    """The static list names the services of the node."""
    _, text = post(standing, envelope("soapGetStaticServiceList", "<soap:ServiceInformationResponse/>"))

    assert set(standing.control.node(PUBLISHER)["services"]) == {service["ServiceName"] for service in items(text)}


def test_start_time_moves_at_restart(borrowed):
    """After a restart the service says a later start, by the node's own clock."""
    borrowed.control.post(f"/nodes/{PUBLISHER}", {"clock_skew": 7200})
    (before,) = items(post(borrowed, asked(TFTP))[1])
    shell = Shell(borrowed).start()
    borrowed.control.post("/cluster", {"service_stop_seconds": 1.1})
    shell.ask(f"utils service restart {TFTP}")
    shell.close()
    (after,) = items(post(borrowed, asked(TFTP))[1])

    started = datetime.strptime(after["StartTime"], "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    assert before["StartTime"] != after["StartTime"]
    assert 7190 < (started - datetime.now(UTC)).total_seconds() < 7205
    assert 0 <= int(after["UpTime"]) < 15


@pytest.mark.parametrize("prefix", ["soap", "q0", "ns1"])
def test_any_prefix_is_taken(standing, prefix):
    """A caller may use the prefix that it likes."""
    assert [TFTP] == [service["ServiceName"] for service in items(post(standing, asked(TFTP, prefix=prefix))[1])]


def test_nested_item_is_taken(standing):
    """A name inside an `item` is understood as well."""
    body = envelope("soapGetServiceStatus", f"<soap:ServiceStatus><item>{TFTP}</item></soap:ServiceStatus>")

    assert [TFTP] == [service["ServiceName"] for service in items(post(standing, body)[1])]


@pytest.mark.parametrize(("prefix", "written"), [("ns2", "<ns2:ServiceName>"), ("", "<ServiceName>")])
def test_reply_prefix_is_a_reading(borrowed, prefix, written):
    """The prefix of the reply can be switched; the names in it stay the same."""
    borrowed.control.post("/cluster", {"soap_prefix": prefix})
    _, text = post(borrowed, asked(TFTP))

    assert written in text
    assert [TFTP] == [service["ServiceName"] for service in items(text)]


def test_only_application_users(borrowed):
    """An OS account is refused, and so is a wrong password; each try is one entry of the ledger."""
    application = borrowed.scene["people"]["application"]
    refused = [borrowed.scene["accounts"]["platform"], {**application, "password": "wrong"}]
    statuses = [post(borrowed, asked(TFTP), account=account)[0] for account in refused]

    assert [401, 401] == statuses
    assert [("login-refused", "osadmin"), ("login-refused", "appuser")] == [
        (entry["kind"], entry["from"]) for entry in borrowed.control.ledger()
    ]


@pytest.mark.parametrize("answers", ["at-once", "when-done"])
def test_restart_by_soap(borrowed, answers):
    """A restart is one entry of the ledger, and a later start time; the answer waits for it by one of the readings."""
    borrowed.control.post("/cluster", {"control_answers": answers, "service_start_seconds": 0.6})
    before = borrowed.control.node(PUBLISHER)["services"][TFTP]["started_at"]
    status, text = post(borrowed, control("Restart", TFTP))
    (told,) = items(text)

    assert 200 == status
    assert (answers == "when-done") == (told["ServiceStatus"] == "Started")
    until(lambda: borrowed.control.node(PUBLISHER)["services"][TFTP]["state"] == "STARTED")
    assert before < borrowed.control.node(PUBLISHER)["services"][TFTP]["started_at"]
    assert [("restart", TFTP, "appuser", False)] == [
        (entry["kind"], entry["service"], entry["from"], "refused" in entry) for entry in borrowed.control.ledger()
    ]


def test_stop_and_start_by_soap(borrowed):
    """Stop and start are understood as well, for several services at once, and by the node's address."""
    states = []
    for kind, reached in (("Stop", "STOPPED"), ("Start", "STARTED")):
        post(borrowed, control(kind, TFTP, "Cisco CTIManager", node="192.0.2.11"))
        until(lambda: borrowed.control.node(PUBLISHER)["services"][TFTP]["state"] == reached)  # noqa: B023 - used at once
        states.append(borrowed.control.node(PUBLISHER)["services"]["Cisco CTIManager"]["state"])

    assert ["STOPPED", "STARTED"] == states


@pytest.mark.parametrize(
    ("service", "code"), [(IDLE, "-1068"), ("Cisco Tomcat", "-1045"), ("Cisco HAProxy", "-1045"), ("Nonsense", "-1010")]
)
def test_what_is_not_controlled(borrowed, service, code):
    """What is not activated, not there, or the command line's alone is left as it is, with the reason's code."""
    before = borrowed.control.node(PUBLISHER)["services"]
    status, text = post(borrowed, control("Restart", service))

    assert (200, code) == (status, items(text)[0]["ReasonCode"])
    assert before == borrowed.control.node(PUBLISHER)["services"]
    assert [("restart", service, True)] == [
        (entry["kind"], entry["service"], "refused" in entry) for entry in borrowed.control.ledger()
    ]


def test_service_on_its_way_is_not_controlled(borrowed):
    """What is being started or stopped already is left to that, with the reason's code."""
    borrowed.control.post(f"/nodes/{PUBLISHER}", {"services": {TFTP: "STARTING"}})
    (told,) = items(post(borrowed, control("Restart", TFTP))[1])

    assert ("Starting", "-1041") == (told["ServiceStatus"], told["ReasonCode"])
    assert [True] == ["refused" in entry for entry in borrowed.control.ledger()]


def test_another_node_is_not_controlled(borrowed):
    """A node controls its own services only."""
    assert 500 == post(borrowed, control("Restart", TFTP, node="cs-ccm-sub"))[0]
    assert [] == borrowed.control.ledger()


def test_stuck_in_stopping(borrowed):
    """The fault `stuck` can hold a service while it stops; a start brings it up."""
    borrowed.control.post(
        "/faults", {"kind": "stuck", "node": PUBLISHER, "on": True, "service": TFTP, "at": "STOPPING"}
    )
    post(borrowed, control("Restart", TFTP))
    until(lambda: borrowed.control.node(PUBLISHER)["services"][TFTP]["state"] == "STOPPING")
    _, text = post(borrowed, asked(TFTP))
    post(borrowed, control("Start", TFTP))

    assert "Stopping" == items(text)[0]["ServiceStatus"]
    until(lambda: borrowed.control.node(PUBLISHER)["services"][TFTP]["state"] == "STARTED")


def test_product_list(standing):
    """The list of products names the release."""
    _, text = post(standing, envelope("getProductInformationList", "<soap:ServiceInfo/>"))

    assert "15.0.1.11900-40" in text


@pytest.mark.parametrize(
    "body",
    [
        "no xml",
        "<a/>",
        '<!DOCTYPE e [<!ENTITY x "y">]>' + asked("&x;").partition("?>")[2],
        envelope("soapNonsense"),
    ],
)
def test_nonsense_is_a_fault(standing, body):
    """What is no call that is known here is a fault: other XML, a document type, another operation."""
    status, text = post(standing, body)

    assert 500 == status
    assert "<faultcode>" in text
