"""What the platform CLI's replies mean; transcripts as in cucm.md §2, their wording old and new."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ucrenew.clients import cli_backups, cli_certificates, cli_replies
from ucrenew.clients.cli_backups import BackupRun
from ucrenew.clients.cli_certificates import ListedCertificate
from ucrenew.clients.cli_replies import ClusterRow, Service, ServiceState
from ucrenew.domain.cluster import Role

GARBAGE = "Segmentation fault"


def local(*numbers):
    return datetime(*numbers)  # noqa: DTZ001 - the CLI prints local time, whose zone has no one meaning


def transcript(name):
    return (Path(__file__).parent / "transcripts" / f"{name}.txt").read_text()


@pytest.fixture(scope="module")
def key():
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def certificate(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cs-ccm-pub.example.com")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, start, start + timedelta(days=365))
    return builder.sign(key, hashes.SHA256())


@pytest.fixture(scope="module")
def csr(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cs-ccm-pub-ms.example.com")])
    return x509.CertificateSigningRequestBuilder(name).sign(key, hashes.SHA256())


def pem(of):
    return of.public_bytes(Encoding.PEM).decode()


def test_services_by_exact_name():
    """Every service of the list is found with state and reason; inner blanks and trailing ones do not matter (S2)."""
    found = cli_replies.services(transcript("service_list"))

    assert 8 == len(found)
    assert Service("Cisco DRF Master", ServiceState.STOPPED, "Commanded Out of Service") == found["Cisco DRF Master"]
    assert Service("Cisco CallManager", ServiceState.STOPPED, "Service Not Activated") == found["Cisco CallManager"]
    assert Service("Cisco Tomcat", ServiceState.STARTING, "") == found["Cisco Tomcat"]
    assert ServiceState.NOT_STARTED == found["Cisco Tftp"].state
    assert ServiceState.STARTED == found["Platform Administrative Web Service"].state


def test_unheard_service_state_is_unknown():
    """A state word that no reference knows becomes UNKNOWN with the word kept, and hides no other service."""
    found = cli_replies.services("Cisco A[PAUSED]  by hand\nCisco B[STARTED]")

    assert Service("Cisco A", ServiceState.UNKNOWN, "PAUSED by hand") == found["Cisco A"]
    assert ServiceState.STARTED == found["Cisco B"].state


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("restart_old", ServiceState.STARTED),
        ("restart_new", ServiceState.STARTED),
        ("restart_unfinished", ServiceState.STARTING),
    ],
)
def test_restart_ends_in_last_state(name, state):
    """The last state printed counts, in both wordings and when STARTED never comes (S19)."""
    text = transcript(name)

    assert state == cli_replies.last_state(text, "Cisco Tomcat")
    assert cli_replies.restart_failure(text) is None


@pytest.mark.parametrize(
    "line", ["Cisco Tomcat[FAILED]", "Cisco Tomcat[ FAILED ]  timed out", "ERROR: no such service"]
)
def test_restart_failure_is_found(line):
    """FAILED as a state and ERROR as a word are failures, quoted as the node printed them."""
    assert line == cli_replies.restart_failure(f"Service Manager is running\n{line}\n")


def test_state_of_another_service_does_not_count():
    """The state of a service that was not asked about is not taken for the one that was."""
    with pytest.raises(ValueError, match="no state of Cisco Tomcat"):
        cli_replies.last_state("Cisco UDS Tomcat[STARTED]", "Cisco Tomcat")


def test_version_is_read():
    """The active release is the word after `Active Master Version` (S1)."""
    assert "15.0.1.11900-40" == cli_replies.version_active(transcript("version_active"))


def test_cluster_rows_are_read():
    """Each node's row gives address, name in lower case, host, role and application; the server table is not a row."""
    publisher, subscriber, presence = cli_replies.network_cluster(transcript("network_cluster"))

    assert "cucm15-cluster1.example.local" == publisher.fqdn
    assert ClusterRow("10.0.0.11", "sub1.example.local", "sub1", Role.SUBSCRIBER, "callmanager", "DBSub") == subscriber
    assert ("cups", "DBPub") == (presence.application, presence.database)


def test_status_is_read():
    """Date, zone, release and the use of the active partition are found among the rest."""
    status = cli_replies.status(transcript("status"))

    assert "cucm15-cluster1" == status.host
    assert local(2026, 8, 4, 16, 22, 34) == status.date
    assert "Central European Time (Europe/Warsaw)" == status.zone
    assert "15.0.1.11900-40" == status.version
    assert 82 == status.disk_active_used_percent


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Tue Aug  4, 2026 16:22:34", ""),
        ("Tue Aug 04 16:22:34 2026", ""),
        ("Tue Aug 04 16:22:34 CEST 2026", "CEST"),
        ("2026-08-04 16:22:34", ""),
    ],
)
def test_dates_of_all_places(text, zone):
    """The date forms that the CLI uses in its several replies mean the same moment."""
    assert (local(2026, 8, 4, 16, 22, 34), zone) == cli_replies.read_date(text)


def test_unreadable_date_is_none():
    """A date in another form is not guessed, and the rest of the status is still read."""
    status = cli_replies.status("Host Name : a\nDate : le 4 aout\n")

    assert status.date is None
    assert status.disk_active_used_percent is None
    assert "a" == status.host


@pytest.mark.parametrize(
    ("text", "enabled"),
    [
        (transcript("sso_enabled"), True),
        (transcript("sso_disabled"), False),
        ("SSO Status: SAML SSO Enabled\nRecovery URL Status = disabled", True),
        ("SAML SSO is disabled on this node", False),
        ("SSO is not enabled", False),
        ("SSO Status: undergoing maintenance", None),
        (GARBAGE, None),
    ],
)
def test_sso_is_read_by_its_words(text, enabled):
    """SSO is on or off by its own line's words; the recovery URL does not count; else it is unknown, text kept (S3)."""
    reply = cli_replies.sso_status(text)

    assert enabled is reply.enabled
    assert text.strip() == reply.text


@pytest.mark.parametrize(
    ("text", "recovery_url"),
    [
        (transcript("sso_enabled"), True),
        ("SSO Status: SAML SSO Enabled\nRecovery URL Status = disabled", False),
        ("SSO Status: SAML SSO Enabled\n  recovery url status = Disabled", False),
        ("SSO Status: SAML SSO Enabled", None),
        ("SSO Status: SAML SSO Disabled\nRecovery URL Status = unknown", None),
        (GARBAGE, None),
    ],
)
def test_recovery_url_has_its_own_line(text, recovery_url):
    """The recovery URL is on or off by its own line, whatever SSO is; without a clear word it is unknown (S3)."""
    assert recovery_url is cli_replies.sso_status(text).recovery_url


def test_replication_is_healthy():
    """Replication is good when every row says (2) and setup completed."""
    found = cli_replies.replication(transcript("replication_old"))

    assert (("server1", 2, "PUB Setup Completed"), ("server2", 2, "Setup Completed")) == found.rows
    assert found.healthy


def test_one_bad_row_is_not_healthy():
    """One row with another number makes replication bad, in the newer table too."""
    found = cli_replies.replication(transcript("replication_new"))

    assert ("server2", 3, "Setup Failed") == found.rows[1]
    assert not found.healthy


@pytest.mark.parametrize(
    "text",
    [
        "DB and Replication Services: NOT ALL RUNNING\nserver1 10.0.0.1 0.1 Yes Connected (2) Setup Completed",
        "server1 10.0.0.1 - No Dropped - - -",
        "server1 10.0.0.1 0.1 Yes Connected 0 match Yes (2) Not Setup",
    ],
)
def test_doubtful_replication_is_not_healthy(text):
    """Services that are down, a row without a number and a row that is not set up are not taken for good."""
    assert not cli_replies.replication(text).healthy


def test_backup_history_is_read():
    """Each backup gives its date, zone, outcome and file."""
    good, bad = cli_backups.backup_history(transcript("backup_history"))

    assert BackupRun(local(2025, 12, 12, 13, 45, 19), "PST", "SUCCESS", "2025-12-12-13-44-12.tar") == good
    assert good.succeeded
    assert not bad.succeeded


@pytest.mark.parametrize(
    ("zone", "utc"),
    [
        ("Central European Time (Europe/Warsaw)", "2026-08-04T14:22:34+00:00"),
        ("Japan Standard Time (Asia/Tokyo)", "2026-08-04T07:22:34+00:00"),
        ("PST", None),
        ("Eastern Standard Time (EST)", None),
        ("somewhere in (America/Indiana)", None),
        ("Somewhere (Mars/Olympus_Mons)", None),
        ("Somewhere (../etc/passwd)", None),
        ("", None),
    ],
)
def test_backup_in_its_zone(zone, utc):
    """cucm.md §2.3: a local time means something by the IANA name in brackets only; else nothing is said of it."""
    status = cli_replies.Status(host="a", date=None, zone=zone, version="", disk_active_used_percent=None)
    run = BackupRun(local(2026, 8, 4, 16, 22, 34), "CEST", "SUCCESS", "a.tar")
    last = cli_backups.last_backup([run, replace(run, date=local(2026, 8, 5), status="FAILED")], status.place)

    assert utc == (last.at and last.at.isoformat())
    assert (utc or "2026-08-04T16:22:34") == str(last)


def test_backup_of_an_hour_that_comes_twice():
    """Of an hour that the node's wall shows twice the first is taken: no backup is held for newer than it is."""
    last = cli_backups.LastBackup(local(2026, 10, 25, 2, 30), ZoneInfo("Europe/Warsaw"))

    assert not last.is_after(datetime(2026, 10, 25, 1, 0, tzinfo=UTC))
    assert last.is_after(datetime(2026, 10, 25, 0, 29, tzinfo=UTC))


def test_no_backup_is_no_run():
    """A node that never made a backup has an empty history and none under way."""
    assert () == cli_backups.backup_history("No backup history available")
    assert not cli_backups.backup_running("No backup status available")


@pytest.mark.parametrize(
    ("text", "running"),
    [
        (transcript("backup_running"), True),
        ("Status: SUCCESS :Backup Completed...\nPercentage Complete: 100", False),
        ("Status: FAILED\nPercentage Complete: 40", False),
        ("Backup in progress", True),
        ("PLATFORM 100%\nCCMDB 35 %", True),
        ("PLATFORM 100%\nCCMDB 100%", False),
    ],
)
def test_backup_under_way_is_noticed(text, running):
    """A percentage below 100 or a word for it means a backup runs, unless the reply says how it ended."""
    assert running is cli_backups.backup_running(text)


def test_sql_rows_follow_the_ruler():
    """Columns are as wide as their group of `=` signs; the last reaches to the end of the line."""
    assert [{"paramname": "ClusterSecurityMode", "paramvalue": "0"}] == cli_replies.sql_rows(transcript("sql"))


def test_empty_sql_cell_moves_nothing():
    """A row with an empty cell keeps its other values in their own columns."""
    rows = cli_replies.sql_rows(transcript("sql_types"))

    assert 3 == len(rows)
    assert {"enum": "16", "name": "userlicensing-trust", "moniker": "", "usestruststore": "t"} == rows[2]


def test_sql_without_rows_is_empty():
    """Column names and the ruler alone are an answer without rows."""
    assert [] == cli_replies.sql_rows("name\n====\n")


def test_sql_with_line_breaks_is_refused():
    """A column that holds a PEM block cannot be told from rows and is not guessed at."""
    with pytest.raises(ValueError, match="line breaks"):
        cli_replies.sql_rows("name certificate\n==== ===========\na    -----BEGIN CERTIFICATE-----\nAAAA\n")


def test_certificate_lists_are_read():
    """Unit, file and description are told apart for identities and for trust stores."""
    own = cli_certificates.certificate_list(transcript("cert_list_own"))
    trust = cli_certificates.certificate_list(transcript("cert_list_trust"))

    assert ListedCertificate("tomcat", "tomcat.pem", "Certificate Signed by Example Issuing CA") == own[0]
    assert ["tomcat", "tomcat-ECDSA", "ITLRecovery"] == [row.unit for row in own]
    assert "cs-ccm-sub.example.com_7a40f8743a793b44.pem" == trust[1].file


@pytest.mark.parametrize("name", ["cert_own_old", "cert_own_new"])
def test_certificate_is_its_pem_block(name, certificate):
    """The certificate is read from its PEM block, whatever the labels around it are called."""
    text = transcript(name).replace("{pem}", pem(certificate))

    assert certificate == cli_certificates.certificate(text)


def test_pem_alone_is_enough(certificate):
    """A reply that is only the PEM block is read like any other."""
    assert certificate == cli_certificates.certificate(pem(certificate))


@pytest.mark.parametrize("label", ["CERTIFICATE REQUEST", "CERTIFICATE SIGN REQUEST", "NEW CERTIFICATE REQUEST"])
def test_csr_of_any_header(label, csr):
    """The CSR is read under its old and its present header, with text before it."""
    text = "tomcat CSR\n" + pem(csr).replace("CERTIFICATE REQUEST", label)
    found = cli_certificates.csr(text)

    assert csr.public_bytes(Encoding.DER) == found.public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    "text",
    [
        "File /usr/local/platform/.security/tomcat/keys/tomcat.csr does not exist",
        "Certificate names not listed below do not have a corresponding CSR",
        "No CSR found for tomcat",
    ],
)
def test_missing_csr_is_none(text):
    """A sentence that there is no CSR is an answer, not an error (S11)."""
    assert cli_certificates.csr(text) is None


def test_cut_pem_is_not_understood(certificate):
    """A PEM block whose end is missing is never taken for no certificate."""
    with pytest.raises(ValueError, match="cut off"):
        cli_certificates.certificate(pem(certificate)[:200])


@pytest.mark.parametrize(
    "read",
    [
        cli_replies.version_active,
        cli_replies.network_cluster,
        cli_replies.services,
        cli_replies.status,
        cli_replies.replication,
        cli_replies.sql_rows,
        cli_backups.backup_history,
        cli_backups.backup_running,
        cli_certificates.certificate,
        cli_certificates.csr,
        cli_certificates.certificate_list,
    ],
)
def test_garbage_is_not_understood(read):
    """Text in no known form is an error of every reader, never an empty answer."""
    with pytest.raises(ValueError, match=r".+"):
        read(GARBAGE)
