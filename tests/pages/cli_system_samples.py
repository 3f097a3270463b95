"""Nodes, database, backups on the command line: replies of cucm.md §2.3."""

from datetime import datetime

from tests.pages.cli_row import DATE, FQDN, HOST, IP, Row
from tests.pages.sample import Sample
from ucrenew.domain.cluster import Role

CLUSTER = """\
192.168.125.10 cucm15-cluster1.example.local cucm15-cluster1 Publisher callmanager DBPub authenticated
10.0.0.11 sub1.example.local sub1 Subscriber callmanager DBSub authenticated using TCP since Tue Aug  4 10:00:00 2026

Server Table (processnode) Entries
----------------------------------
cucm15-cluster1
sub1
"""
NODES = [
    ("192.168.125.10", "cucm15-cluster1.example.local", "cucm15-cluster1", Role.PUBLISHER, "callmanager", "DBPub"),
    ("10.0.0.11", "sub1.example.local", "sub1", Role.SUBSCRIBER, "callmanager", "DBSub"),
]
ANY_NODE = {
    "192.168.125.10 ": IP + " ",
    "10.0.0.11 ": IP + " ",
    "cucm15-cluster1.example.local": FQDN,
    "sub1.example.local": FQDN,
    "cucm15-cluster1": HOST,
    "sub1": HOST,
    " using TCP since Tue Aug  4 10:00:00 2026": rf"( using \w+ since {DATE})?",
}


def _nodes(cli):
    return [(row.ip, row.fqdn, row.host, row.role, row.application, row.database) for row in cli.network_cluster()]


STATUS = """\
Host Name : cucm01
Date : Tue Aug  4 10:00:00 2026
Time Zone : Eastern Standard Time (America/New_York)
Locale : en_US.UTF-8
Product Ver : 15.0.1.11900-40
Unified OS Version : 8.0.0.0-0
 16:22:34 up 10:47,  1 user,  load average: 0.25, 0.19, 0.17
CPU Idle: 92.86%
Memory Total: 11998968K
Free: 4982052K
Used: 7016916K
Disk/active 19760356K 3527092K 16014336K (82%)
"""
NUMBER = r"[\d.]+"
ANY_STATUS = {
    "Host Name : cucm01": rf"\s*Host Name\s*: {HOST}",
    "Date : Tue Aug  4 10:00:00 2026": r"\s*Date\s*: .+",
    "Time Zone : Eastern Standard Time (America/New_York)": r"\s*Time Zone\s*: .+",
    "Locale : en_US.UTF-8": r"\s*Locale\s*: .+",
    "Product Ver : 15.0.1.11900-40": r"\s*Product Ver\s*: [\d.-]+",
    "Unified OS Version : 8.0.0.0-0": r"\s*Unified OS Version\s*: [\d.-]+",
    "16:22:34 up 10:47,  1 user,  load average: 0.25, 0.19, 0.17": (
        rf"\d\d:\d\d:\d\d up .+, +\d+ users?, +load average: {NUMBER}, {NUMBER}, {NUMBER}"
    ),
    "CPU Idle: 92.86%": rf"\s*CPU Idle: +{NUMBER}%.*",
    "Memory Total: 11998968K": r"\s*Memory Total: +\d+K",
    "Free: 4982052K": r"\s*Free: +\d+K",
    "Used: 7016916K": r"\s*Used: +\d+K",
    "Disk/active 19760356K 3527092K 16014336K (82%)": r"\s*Disk/active +\d+K +\d+K +\d+K +\(\d+%\)",
}

REPLICATION = """\
DB and Replication Services: ALL RUNNING
Cluster Replication State: Replication status command completed.
Last Sync Result: SYNC COMPLETED 257 tables sync'ed out of 257
Sync Errors: NO ERRORS
server1 100.10.10.17 0.052 Yes Connected 0 match Yes (2) PUB Setup Completed
"""
IN_SYNC = "Sync Status: All Tables are in sync\nSync Errors"
ANY_REPLICATION = {
    "Replication status command completed.": ".+",
    "257": r"\d+",
    "server1 100.10.10.17 0.052 Yes Connected 0 match Yes (2) PUB Setup Completed": (
        rf"{HOST} +{IP} +{NUMBER} +.+\(2\).*Setup Completed"
    ),
}
BACKUP = (
    "2025-12-12-13-44-12.tar   NETWORK        Fri Dec 12 13:45:19 PST 2025  SUCCESS  MANUAL        "
    "15.0.1.12900-234 UCM   ---\n"
)
ANY_BACKUP = {
    BACKUP.strip(): (rf"\d{{4}}(-\d\d){{5}}\.tar +\w+ +{DATE} +SUCCESS +(MANUAL|SCHEDULED) +[\d.]+-\d+ +\w+.*")
}
SQL = """\
paramname           paramvalue
=================== ==========
ClusterSecurityMode 0
"""
SELECT = "run sql select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'"


def _backups(cli):
    return [(run.file, run.date, run.zone, run.status) for run in cli.backup_history()]


VERSION = """\
Active Master Version: 15.0.1.11900-40
Active Version Installed Software Options:
No Installed Software Options Found.
"""
ONE_OPTION = VERSION.replace("No Installed Software Options Found.", "ciscocm.V15.0.1_CSCwx00000.cop.sha512")
ROWS = [
    Row(
        Sample("cucm.md §2.3", "T", "version", VERSION, {"15.0.1.11900-40": r"[\d.]+-\d+"}),
        ("show version active",),
        lambda cli: cli.version_active(),
        "15.0.1.11900-40",
    ),
    Row(
        Sample("cucm.md §2.3", "T", "version with an option", ONE_OPTION),
        ("show version active",),
        lambda cli: cli.version_active(),
        "15.0.1.11900-40",
        None,
    ),
    Row(Sample("cucm.md §2.3", "T/C", "cluster", CLUSTER, ANY_NODE), ("show network cluster",), _nodes, NODES),
    Row(
        Sample("cucm.md §2.3", "C", "status", STATUS, ANY_STATUS),
        ("show status",),
        lambda cli: (cli.status().host, cli.status().version, cli.status().disk_active_used_percent),
        ("cucm01", "15.0.1.11900-40", 82),
    ),
    Row(
        Sample("cucm.md §2.3", "D", "replication", REPLICATION, ANY_REPLICATION),
        ("utils dbreplication runtimestate",),
        lambda cli: (cli.replication().rows[0][:2], cli.replication().healthy),
        (("server1", 2), True),
    ),
    Row(
        Sample("cucm.md §2.3", "C", "replication, newer", REPLICATION.replace("Sync Errors", IN_SYNC), ANY_REPLICATION),
        ("utils dbreplication runtimestate",),
        lambda cli: cli.replication().healthy,
        makes=True,
        bend=None,
    ),
    Row(
        Sample("cucm.md §2.3", "C", "replication not set up", REPLICATION.replace("(2)", "(3)")),
        ("utils dbreplication runtimestate",),
        lambda cli: cli.replication().healthy,
        makes=False,
        bend=None,
    ),
    Row(
        Sample("cucm.md §2.3", "T", "backup history", BACKUP, ANY_BACKUP),
        ("utils disaster_recovery history backup",),
        _backups,
        [("2025-12-12-13-44-12.tar", datetime(2025, 12, 12, 13, 45, 19), "PST", "SUCCESS")],  # noqa: DTZ001 - local
    ),
    Row(
        Sample("cucm.md §2.3", "C", "no backup history", "No backup history available\n"),
        ("utils disaster_recovery history backup",),
        _backups,
        [],
        {"last_backup": None},
    ),
    Row(
        Sample("cucm.md §2.3", "C", "no backup status", "No backup status available\n"),
        ("utils disaster_recovery status backup",),
        lambda cli: cli.backup_running(),
        makes=False,
    ),
    Row(
        Sample("cucm.md §2.3", "T", "sql", SQL),
        (SELECT,),
        lambda cli: cli.run_sql(SELECT.removeprefix("run sql ")),
        [{"paramname": "ClusterSecurityMode", "paramvalue": "0"}],
    ),
]
