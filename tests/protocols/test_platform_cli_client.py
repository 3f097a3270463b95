"""The platform CLI client against the simulator, over SSH on loopback: two heads, one reference page."""

import logging
import threading

import pytest
from cryptography.hazmat.primitives import hashes

from tests.conftest import start_simulator, stop_simulator, until
from ucrenew.clients import platform_cli, ssh
from ucrenew.clients.cli_replies import ServiceState
from ucrenew.errors import LoginRefused, Refused, Transient, UnknownReply, Untrusted

PUBLISHER, PRESENCE = "cs-ccm-pub", "cs-imp"


def connect(simulator, host=PUBLISHER, **options):
    node, account = simulator.node(host), simulator.scene["accounts"]["platform"]
    wanted = {
        "name": node["name"],
        "user": account["user"],
        "password": account["password"],
        "host_keys": frozenset({node["ssh_host_key"]}),
    }
    return platform_cli.connect(node["address"], node["ssh_port"], **(wanted | options))


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """One simulator for the tests that only look."""
    simulator = start_simulator(tmp_path_factory.mktemp("standing"), "--latency", "0", "--seed", "1")
    yield simulator
    stop_simulator(simulator)


@pytest.fixture(scope="module")
def cli(standing):
    with connect(standing) as session:
        yield session


def test_cluster_is_read(cli, standing):
    """The nodes that the CLI lists are those of the scene, with the application that tells CUCM from IM&P (S4)."""
    rows = cli.network_cluster()

    assert [node["name"] for node in standing.scene["nodes"]] == [row.fqdn for row in rows]
    assert ["callmanager", "callmanager", "cups"] == [row.application for row in rows]


def test_facts_of_preflight_are_read(cli):
    """Release, date, disk, services, SSO, replication and backups of a healthy node are understood (S1 to S3)."""
    services = cli.services()

    assert cli.version_active().startswith("15.")
    assert cli.status().date is not None
    assert 0 < cli.status().disk_active_used_percent < 100
    assert ServiceState.STARTED == services["Cisco Tomcat"].state
    assert ServiceState.STARTED == services["Platform Administrative Web Service"].state
    assert cli.sso_status() is False
    assert cli.replication().healthy
    assert cli.backup_history()[0].succeeded
    assert cli.backup_running() is False


def test_own_certificate_is_the_running_one(cli, standing):
    """The certificate behind `show cert own` is the one that the node serves at the start."""
    certificate = cli.own_certificate("tomcat")

    assert standing.node(PUBLISHER)["tomcat_sha256"] == certificate.fingerprint(hashes.SHA256()).hex()


def test_absent_files_are_none(cli):
    """A unit without certificate and a purpose without CSR are answers, not errors (S11)."""
    assert cli.own_certificate("nonsense") is None
    assert cli.csr("tomcat") is None


def test_certificate_lists_are_read(cli):
    """Identities and trust stores are listed with unit, file and description."""
    assert "tomcat" in {row.unit for row in cli.certificate_list_own()}
    assert "tomcat-trust" in {row.unit for row in cli.certificate_list_trust()}


def test_sql_is_read(cli):
    """A SELECT gives rows by column name, a long one too (cucm.md §2.3)."""
    inventory = cli.run_sql(
        "select c.servername, tcs.name, dist.moniker, c.ipv4address from certificate as c "
        "inner join certificateservicecertificatemap as cscm on c.pkid = cscm.fkcertificate "
        "inner join typecertificateservice as tcs on cscm.tkcertificateservice = tcs.enum "
        "inner join typecertificatedistribution as dist on c.tkcertificatedistribution = dist.enum"
    )
    mode = cli.run_sql("select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'")

    assert [{"paramname": "ClusterSecurityMode", "paramvalue": "0"}] == mode
    assert {"servername", "name", "moniker", "ipv4address"} == set(inventory[0])
    assert "tomcat" in {row["name"] for row in inventory}


def test_broken_sql_is_an_error(cli):
    """A SELECT that the database refuses is an error that quotes it, and the session goes on."""
    with pytest.raises((UnknownReply, Refused), match="nonsense"):
        cli.run_sql("select nonsense from nowhere")

    assert cli.version_active()


def test_looking_changes_nothing(cli, standing):
    """Nothing that only looks leaves a trace in the simulator's ledger."""
    cli.services()
    cli.certificate_list_trust()

    assert [] == standing.control.ledger()


@pytest.mark.parametrize("host", ["cs-ccm-pub", "cs-ccm-sub", "cs-imp"])
def test_restart_on_each_node(simulator, host):
    """Tomcat restarts on every kind of node with one call in the ledger, and is confirmed by the list (S19)."""
    with connect(simulator, host) as cli:
        cli.restart("Cisco Tomcat")
        confirmed = until(lambda: cli.services()["Cisco Tomcat"].state == ServiceState.STARTED)

    ledger = simulator.control.ledger()

    assert confirmed
    assert ["restart"] == [entry["kind"] for entry in ledger]
    assert "Cisco Tomcat" == ledger[0]["service"]
    assert "refused" not in ledger[0]


def test_stop_and_start(simulator):
    """A service that was stopped is listed so with a reason, and is up again after a start."""
    with connect(simulator) as cli:
        cli.stop("Cisco DRF Local")
        stopped = until(lambda: cli.services()["Cisco DRF Local"].state == ServiceState.STOPPED)
        reason = cli.services()["Cisco DRF Local"].reason
        cli.start("Cisco DRF Local")
        started = until(lambda: cli.services()["Cisco DRF Local"].state == ServiceState.STARTED)

    assert stopped
    assert started
    assert "Commanded Out of Service" == reason
    assert ["stop", "start"] == simulator.control.kinds()


def test_absent_service_reaches_no_node(simulator):
    """A service name that the node does not list is refused before anything is sent to it."""
    with connect(simulator, PRESENCE) as cli, pytest.raises(Refused, match="lists no service"):
        cli.restart("Cisco AXL Tomcat")

    assert [] == simulator.control.ledger()


def test_bent_facts_are_seen(simulator):
    """What the preflight refuses is seen: stopped service, full disk, bad replication, running and missing backup."""
    name = simulator.node(PUBLISHER)["name"]
    simulator.control.post(
        f"/nodes/{name}",
        {
            "services": {"Platform Administrative Web Service": "STOPPED"},
            "disk_used_percent": 97,
            "replication": 3,
            "backup_running": True,
            "last_backup": None,
            "version": "12.5.1.11900-146",
        },
    )
    with connect(simulator) as cli:
        services, replication = cli.services(), cli.replication()

        assert ServiceState.STOPPED == services["Platform Administrative Web Service"].state
        assert 97 == cli.status().disk_active_used_percent
        assert not replication.healthy
        assert 3 in {number for _, number, _ in replication.rows}
        assert cli.backup_running()
        assert () == cli.backup_history()
        assert "12.5.1.11900-146" == cli.version_active()


def test_sso_on_is_seen(launch):
    """A cluster with SSO on is told from one with SSO off (S3)."""
    with connect(launch("--latency", "0", "--sso")) as cli:
        assert cli.sso_status() is True
        assert cli.sso_reply().text.startswith("SSO Status")


def test_prompt_that_never_comes(simulator):
    """A shell without a prompt ends at the login deadline in one sentence with the banner's last words."""
    simulator.control.post("/faults", {"kind": "no-prompt", "node": simulator.node(PUBLISHER)["name"], "on": True})

    with pytest.raises(Transient, match=r"cs-ccm-pub.*`admin:` prompt: no answer within 3 s; last read:.*") as caught:
        connect(simulator, login_deadline=3.0)

    assert simulator.scene["accounts"]["platform"]["password"] not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [] == simulator.control.ledger()


def test_held_login_waits(simulator):
    """A login whose prompt is held back goes on when it is released, and the session is in order."""
    name = simulator.node(PUBLISHER)["name"]
    simulator.control.post("/faults", {"kind": "hold", "node": name, "on": True})
    versions = []

    def look():
        with connect(simulator) as cli:
            versions.append(cli.version_active())

    thread = threading.Thread(target=look)
    thread.start()
    until(lambda: simulator.control.node(name).get("held_sessions") == 1)
    simulator.control.post("/faults", {"kind": "hold", "node": name, "on": False})
    thread.join(20)

    assert 1 == len(versions)
    assert versions[0].startswith("15.")


def test_wrong_password_is_tried_once(simulator, caplog):
    """A wrong password is one `login-refused` in the ledger, one sentence, and in no log."""
    caplog.set_level(logging.DEBUG)

    with pytest.raises(LoginRefused, match=r"cs-ccm-pub\.example\.com: logging in .* as osadmin") as caught:
        connect(simulator, password="wr0ng-one")

    assert ["login-refused"] == simulator.control.kinds()
    assert "wr0ng-one" not in str(caught.value) + caplog.text


def test_unpinned_host_key_gets_no_credential(simulator):
    """A host key that is not pinned is refused with its fingerprint, and no credential was presented."""
    node = simulator.node(PUBLISHER)

    with pytest.raises(Untrusted) as caught:
        connect(simulator, host_keys=frozenset({simulator.node(PRESENCE)["ssh_host_key"]}))

    assert node["ssh_host_key"] in str(caught.value)
    assert [] == simulator.control.ledger()


def test_presented_host_key_is_the_scenes(standing):
    """The fingerprint to confirm is the one that OpenSSH would print."""
    for node in standing.scene["nodes"]:
        assert node["ssh_host_key"] == ssh.presented_host_key(node["address"], node["ssh_port"])


def test_password_reaches_no_log(simulator, caplog):
    """A whole session at debug level logs its commands, and never the password."""
    caplog.set_level(logging.DEBUG)
    with connect(simulator) as cli:
        cli.version_active()

    assert "show version active" in caplog.text
    assert simulator.scene["accounts"]["platform"]["password"] not in caplog.text


def test_unreachable_node_is_transient(simulator):
    """A node that refuses connections is a transient error that names it."""
    simulator.control.post(f"/nodes/{simulator.node(PUBLISHER)['name']}", {"reachable": False})

    with pytest.raises(Transient, match=r"cs-ccm-pub\.example\.com: connecting to 127\.0\.0\.1:\d+ by SSH"):
        connect(simulator)


def test_realistic_pace_is_waited_for(launch):
    """A login and a restart at a real node's pace, scaled to a twentieth, need no other settings."""
    simulator = launch("--latency", "0.05", "--seed", "1")
    with connect(simulator) as cli:
        cli.restart("Cisco Tomcat")
        confirmed = until(lambda: cli.services()["Cisco Tomcat"].state == ServiceState.STARTED, 20)

    assert confirmed
    assert ["restart"] == simulator.control.kinds()
