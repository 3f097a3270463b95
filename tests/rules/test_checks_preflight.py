"""Each rule that may stop a renewal before anything changes, by itself and together."""

from datetime import timedelta

import pytest

from ucrenew.domain import checks, preflight, preflight_node
from ucrenew.domain.finding import Reason, Severity, refusals

from .builder import DAY, NODES, NOW, PUBLISHER, SUBSCRIBER
from .lab import IMP, PUB, SUB, cluster_facts, node_facts, reasons, started


def test_healthy_cluster_passes():
    """A cluster in which all is well gives no finding at all (S1-S3)."""
    assert () == checks.preflight(cluster_facts())


@pytest.mark.parametrize("version", ["12.5.1.11900-146", "10.5.2.10000-5", "", "unknown"])
def test_release_without_api(version):
    """A release before 14, or one that cannot be read, is refused: it has no certificate REST API (S1)."""
    found = preflight_node.release_has_api(node_facts(version=version))

    assert Reason.RELEASE_WITHOUT_API == found.reason
    assert (PUBLISHER, "S1") == (found.node, found.row)


@pytest.mark.parametrize("version", ["14.0.1.10000-20", "15.0.1.11900-40", "16.0"])
def test_release_with_api(version):
    """Releases from 14 on are accepted (S1)."""
    assert preflight_node.release_has_api(node_facts(version=version)) is None


@pytest.mark.parametrize(
    ("version", "release"), [("15.0.1.11900-40", 15), ("9.1", 9), ("14", 14), ("x15", None), ("", None)]
)
def test_major_release(version, release):
    """The release is the number before the first dot."""
    assert release == checks.major_release(version)


@pytest.mark.parametrize("spelling", checks.PLATFORM_SERVICES)
def test_platform_service_either_spelling(spelling):
    """The Platform Administrative Web Service is recognised with and without the company's name (S2)."""
    services = {"Cisco Tomcat": "STARTED", spelling: "STARTED"}

    assert preflight_node.platform_service_is_up(node_facts(services=services)) is None


def test_platform_service_down():
    """A stopped Platform Administrative Web Service is refused with the node and the state named (S2)."""
    found = preflight_node.platform_service_is_up(
        node_facts(SUB, services={**started(SUB), "Platform Administrative Web Service": "STOPPED"})
    )

    assert Reason.PLATFORM_SERVICE_DOWN == found.reason
    assert SUBSCRIBER == found.node
    assert "STOPPED" in found.sentence


def test_platform_service_not_listed():
    """A node whose list lacks the Platform Administrative Web Service is refused, and the sentence says so (S2)."""
    found = preflight_node.platform_service_is_up(node_facts(services={"Cisco Tomcat": "STARTED"}))

    assert Reason.PLATFORM_SERVICE_DOWN == found.reason
    assert "not in its list" in found.sentence


@pytest.mark.parametrize("state", ["STOPPED", "STARTING", "STOPPING"])
def test_tomcat_not_started(state):
    """Cisco Tomcat in any state but STARTED is refused with the state named (S2)."""
    found = preflight_node.tomcat_is_up(node_facts(services={**started(PUB), "Cisco Tomcat": state}))

    assert (Reason.TOMCAT_DOWN, PUBLISHER) == (found.reason, found.node)
    assert state in found.sentence


def test_tomcat_is_exact_name():
    """Another service with Tomcat in its name does not count for Cisco Tomcat (S2)."""
    found = preflight_node.tomcat_is_up(node_facts(services={"Cisco AXL Tomcat": "STARTED"}))

    assert Reason.TOMCAT_DOWN == found.reason


def test_sso_on():
    """Enabled single sign-on stops the renewal with what to do (S3)."""
    found = preflight_node.sso_is_off(node_facts(IMP, sso_enabled=True))

    assert (Reason.SSO_ON, IMP.name, "S3") == (found.reason, found.node, found.row)
    assert "disable it" in found.sentence


def test_sso_unknown():
    """An unknown answer about single sign-on is never taken for "off" (S3)."""
    found = preflight_node.sso_is_known(node_facts(sso_enabled=None))

    assert (Reason.SSO_UNKNOWN, Severity.REFUSE) == (found.reason, found.severity)


@pytest.mark.parametrize("skew", [120.0, -120.0, 0.0])
def test_clock_near_enough(skew):
    """A node's clock may be two minutes off, before or behind."""
    assert preflight_node.clock_is_right(node_facts(clock_skew_seconds=skew)) is None


@pytest.mark.parametrize(("skew", "shown"), [(121.0, "+121 s"), (-3600.0, "-3600 s"), (None, "no time")])
def test_clock_too_far(skew, shown):
    """A clock further off, either way, or one that is not shown is refused."""
    found = preflight_node.clock_is_right(node_facts(clock_skew_seconds=skew))

    assert (Reason.CLOCK_SKEW, PUBLISHER) == (found.reason, found.node)
    assert shown in found.sentence


@pytest.mark.parametrize(("used", "shown"), [(96, "96 %"), (100, "100 %"), (None, "does not say")])
def test_disk_too_full(used, shown):
    """An active partition above 95 percent, or of unknown fill, is refused."""
    found = preflight_node.disk_has_room(node_facts(disk_used_percent=used))

    assert (Reason.DISK_FULL, PUBLISHER) == (found.reason, found.node)
    assert shown in found.sentence


@pytest.mark.parametrize("used", [0, 82, 95])
def test_disk_with_room(used):
    """Up to 95 percent is accepted; 82 is what a healthy node shows."""
    assert preflight_node.disk_has_room(node_facts(disk_used_percent=used)) is None


def test_node_that_profile_lacks():
    """A node that only the publisher lists is named: the new certificate would have to include it (S4, S31)."""
    found = preflight.nodes_are_known(cluster_facts(members=(*NODES, "cs-new.example.com")))

    assert (Reason.NODES_DIFFER, "S4") == (found.reason, found.row)
    assert "also lists cs-new.example.com" in found.sentence


def test_node_that_cluster_lacks():
    """A node that only the profile lists is named (S4)."""
    found = preflight.nodes_are_known(cluster_facts(members=NODES[:2]))

    assert Reason.NODES_DIFFER == found.reason
    assert f"does not list {NODES[2]}" in found.sentence


def test_members_in_any_order():
    """The order in which the publisher lists its cluster does not matter (S4)."""
    assert preflight.nodes_are_known(cluster_facts(members=NODES[::-1])) is None


@pytest.mark.parametrize("state", [0, 1, 3, 4, None])
def test_replication_not_good(state):
    """Any replication state but (2), also an unreadable one, is refused with the node named (cucm.md §4.1)."""
    found = preflight.replication_is_good(
        cluster_facts(replication={"cs-ccm-pub": 2, "cs-ccm-sub": state, "cs-imp": 2})
    )

    assert Reason.REPLICATION == found.reason
    assert f"cs-ccm-sub ({state})" in found.sentence
    assert "cs-ccm-pub (" not in found.sentence


def test_replication_of_nobody():
    """A replication table without a row proves nothing and is refused."""
    found = preflight.replication_is_good(cluster_facts(replication={}))

    assert Reason.REPLICATION == found.reason


@pytest.mark.parametrize("silent", ["cs-ccm-sub", "cs-imp"])
def test_replication_row_missing(silent):
    """A node without a row in the replication table is refused and named: (2) is wanted of each (cucm.md §4.1)."""
    rows = {host: 2 for host in ("cs-ccm-pub", "cs-ccm-sub", "cs-imp") if host != silent}

    found = preflight.replication_is_good(cluster_facts(replication=rows))

    assert found is not None
    assert Reason.REPLICATION == found.reason
    assert silent in found.sentence


def test_backup_of_limit_day():
    """A backup exactly as old as the limit is accepted."""
    assert preflight.backup_is_fresh(cluster_facts(last_backup=NOW - 7 * DAY)) is None


@pytest.mark.parametrize(
    ("last", "shown"), [(NOW - 7 * DAY - timedelta(seconds=1), "2026-02-23"), (None, "no successful backup")]
)
def test_backup_missing_or_old(last, shown):
    """No successful backup, or one older than the profile's limit, is refused with its date."""
    found = preflight.backup_is_fresh(cluster_facts(last_backup=last))

    assert Reason.BACKUP_OLD == found.reason
    assert shown in found.sentence
    assert "last 7 days" in found.sentence


def test_backup_running():
    """A running backup stops the renewal: it would hold keys of both sides."""
    found = preflight.no_backup_runs(cluster_facts(backup_running=True))

    assert Reason.BACKUP_RUNNING == found.reason


def test_preflight_reports_everything():
    """All findings of all nodes and of the cluster come at once, node by node, each one a refusal (S1-S3)."""
    facts = cluster_facts(
        node_facts(PUB, version="12.5.1", services={}, sso_enabled=True, clock_skew_seconds=999, disk_used_percent=99),
        node_facts(SUB, sso_enabled=None),
        node_facts(IMP, services={**started(IMP), "Cisco Tomcat": "STOPPED"}),
        members=NODES[:2],
        replication={"cs-ccm-pub": 3},
        last_backup=None,
        backup_running=True,
    )

    found = checks.preflight(facts)

    assert reasons(found) == [
        Reason.RELEASE_WITHOUT_API,
        Reason.PLATFORM_SERVICE_DOWN,
        Reason.TOMCAT_DOWN,
        Reason.CHANGE_NOTIFICATION_DOWN,
        Reason.CLOCK_SKEW,
        Reason.DISK_FULL,
        Reason.SSO_ON,
        Reason.SSO_UNKNOWN,
        Reason.TOMCAT_DOWN,
        Reason.NODES_DIFFER,
        Reason.REPLICATION,
        Reason.BACKUP_OLD,
        Reason.BACKUP_RUNNING,
    ]
    assert [PUB.name] * 7 + [SUB.name, IMP.name] == [finding.node for finding in found[:9]]
    assert found == refusals(found)


def test_finding_reads_as_one_line():
    """A finding is shown as node, sentence, code and row on one line."""
    found = preflight_node.sso_is_off(node_facts(sso_enabled=True))

    assert str(found).startswith(f"{PUBLISHER}: single sign-on is enabled")
    assert str(found).endswith("[sso-on, S3]")
    assert "\n" not in str(found)
