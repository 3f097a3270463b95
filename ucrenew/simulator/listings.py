"""What the CLI's `show` commands print, as lines; formats as in cucm.md §2.3 and §2.4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from ucrenew.domain.cluster import Product, Role
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.csr import PendingRequest
from ucrenew.simulator.identity import Identity, common_name, pem
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.readings import Readings
from ucrenew.simulator.services import State

_DISK_TOTAL = 19760356
_REPLICATED_TABLES = 257
# [I] guess, but for 2 (cucm.md §2.3).
_REPLICATION = {
    0: "Initialization State",
    1: "Number of Replicates not correct",
    2: "Setup Completed",
    3: "Bad Replication",
    4: "Setup Failed",
}


def version(node: SimulatedNode) -> list[str]:
    """`show version active` [T]."""
    return [
        f"Active Master Version: {node.version}",
        "Active Version Installed Software Options:",
        "No Installed Software Options Found.",
    ]


def status(node: SimulatedNode) -> list[str]:
    """`show status`: the labels that readers of real logs look for [C]."""
    now = node.now()
    local = now.astimezone(_zone(node))
    words = "Coordinated Universal Time" if node.time_zone == "Etc/UTC" else local.tzname()
    up = now - node.booted_at - timedelta(seconds=node.clock_skew) + timedelta(hours=10, minutes=47)
    hours, rest = divmod(int(up.total_seconds()), 3600)
    used = _DISK_TOTAL * node.disk_used_percent // 100
    return [
        "",
        f"Host Name          : {node.node.host}",
        f"Date               : {local:%a %b} {local.day}, {local:%Y %H:%M:%S}",
        f"Time Zone          : {words}{f' ({node.time_zone})' if node.time_zone else ''}",
        "Locale             : en_US.UTF-8",
        f"Product Ver        : {node.version}",
        "Unified OS Version : 8.0.0.0-8",
        "",
        "Uptime:",
        f" {local:%H:%M:%S} up {hours:2d}:{rest // 60:02d},  1 user,  load average: 0.15, 0.20, 0.18",
        "",
        "CPU Idle:   92.86%  System:   03.06%    User:   04.08%",
        "  IOWAIT:   00.00%     IRQ:   00.00%    Soft:   00.00%",
        "",
        "Memory Total:       11998968K",
        "        Free:         486756K",
        "        Used:        7016916K",
        "      Cached:        4164132K",
        "",
        "                        Total            Free            Used",
        f"Disk/active         {_DISK_TOTAL}K {_DISK_TOTAL - used:>14}K {used:>14}K ({node.disk_used_percent}%)",
        f"Disk/inactive       {_DISK_TOTAL}K       15014336K        4746020K (24%)",
        "Disk/logging        69143784K       60143784K        9000000K (13%)",
        "",
    ]


def network_cluster(cluster: Cluster, asked: SimulatedNode) -> list[str]:
    """`show network cluster`: rows and the server table [T, subscriber row C, IM&P row I]."""
    imp = cluster.readings.imp_application
    lines = [_cluster_row(asked, node, imp) for node in cluster.nodes.values()]
    table = ["", "Server Table (processnode) Entries", "-" * 34]
    return lines + table + [node.node.host for node in cluster.nodes.values()]


def service_list(node: SimulatedNode, readings: Readings) -> list[str]:
    """`utils service list` [D/T]."""
    lines = [
        "Requesting service status, please wait...",
        "Service Manager is running",
        "Getting list of all services",
        ">> Return code = 0",
    ]
    for service in node.services.values():
        reason = "" if service.state is State.STARTED or not service.reason else f"  {service.reason}"
        state = f" {service.state} " if readings.service_state_form == "blanks" else service.state
        lines.append(f"{service.name}[{state}]{reason}")
    # `Primary Node =true` is what the publisher prints [T].
    first = node.node.product is Product.CUCM and node.node.role is Role.PUBLISHER
    if first:
        return [*lines, "Primary Node =true"]
    return lines if readings.primary_node_elsewhere == "absent" else [*lines, "Primary Node =false"]


def own_certificates(identities: Mapping[str, Identity]) -> list[str]:
    """`show cert list own` [T]."""
    return ["", *(f"{unit}/{unit}.pem: {_described(identity)}" for unit, identity in identities.items()), ""]


def trust_certificates(node: SimulatedNode) -> list[str]:
    """`show cert list trust`: `<unit>-trust/<file>.pem: <description>` [T seed for the description]."""
    lines = [
        f"{store}/{node.file_of(entry)}: {entry.description}"
        for store, held in node.trust.items()
        for entry in held.entries()
    ]
    return ["", *lines, ""]


def certificate(found: x509.Certificate, *, old_labels: bool) -> list[str]:
    """`show cert own|trust`: a text dump, then the PEM block; labels changed in 14SU2 [D]."""
    issuer, start, end, subject = (
        ("Issuer Name", "Validity From", "           To", "Subject Name")
        if old_labels
        else ("IssuerDN", "Start Date", "Final Date", "SubjectDN")
    )
    return [
        "[",
        "  Version: V3",
        f"  Serial Number: {found.serial_number:X}",
        f"  SignatureAlgorithm: {_signature(found)}",
        f"  {issuer}: {found.issuer.rfc4514_string()}",
        f"  {start}: {stamp(found.not_valid_before_utc)}",
        f"  {end}: {stamp(found.not_valid_after_utc)}",
        f"  {subject}: {found.subject.rfc4514_string()}",
        f"  {'Key' if old_labels else 'Public Key'}: {_public_key(found)}",
        f"  Extensions: {len(found.extensions)} present",
        *(f"    {extension.oid.dotted_string}" for extension in found.extensions),
        "]",
        *pem(found).splitlines(),
        "",
    ]


def request(pending: PendingRequest) -> list[str]:
    """`show csr own`: text may stand before the PEM [D/C]."""
    return [f"CSR of {pending.unit}, made {stamp(pending.made_at)}", "", *pem(pending.request).splitlines(), ""]


def request_list(node: SimulatedNode) -> list[str]:
    """`show csr list own` [D]."""
    return ["", *(f"{unit}/{unit}.csr" for unit in node.requests), ""]


def sso_status(node: SimulatedNode, readings: Readings) -> list[str]:
    """`utils sso status`: enabled [T], disabled [I]."""
    if not node.sso:
        return [f"SSO Status: {readings.sso_disabled_words}"]
    return [
        "SSO Status: SAML SSO Enabled",
        "IdP Metadata Imported Date = Fri Apr 09 09:09:00 UTC 2021",
        "SP Metadata Exported Date = Fri Apr 02 15:00:42 UTC 2021",
        "SSO Test Result Date = Fri Apr 09 09:10:39 UTC 2021",
        "SAML SSO Test Status = passed",
        f"Recovery URL Status = {'enabled' if node.recovery_url else 'disabled'}",
        "Entity ID = http://idp.example.com/adfs/services/trust",
    ]


def replication(cluster: Cluster, asked: SimulatedNode) -> list[str]:
    """`utils dbreplication runtimestate` [D, C]; each product has its own database, so its own rows ([I])."""
    peers = [node for node in cluster.nodes.values() if node.node.product is asked.node.product]
    bad = [peer for peer in peers if peer.replication != 2]  # noqa: PLR2004 - the healthy state
    synced = _REPLICATED_TABLES - (1 if bad else 0)
    return [
        "",
        f"Server Time: {stamp(asked.now())}",
        "",
        "DB and Replication Services: ALL RUNNING",
        "",
        "DB CLI Status: No other dbreplication CLI is running...",
        "",
        f"Cluster Replication State: Replication status command {'ENDED' if bad else 'COMPLETED'}",
        f"     Last Sync Result: SYNC COMPLETED {synced} tables sync'ed out of {_REPLICATED_TABLES}",
        f"     Sync Errors: {f'{len(bad)} ERRORS' if bad else 'NO ERRORS'}",
        *([] if bad else ["     Sync Status: All Tables are in sync"]),
        "",
        f"Number of replicated tables: {_REPLICATED_TABLES}",
        "",
        f"Cluster Detailed View from {asked.node.host} ({len(peers)} Servers):",
        "",
        "                                PING      DB/RPC/   REPL.    REPL.  REPL.  REPLICATION SETUP",
        "SERVER-NAME     IP ADDRESS      (msec)    DbMon?    QUEUE    TABLES LOOP?  (RTMT) & Details",
        "-----------     ----------      ------    -------   -----    ------ -----  -----------------",
        *(_replication_row(peer) for peer in peers),
        "",
    ]


def backup_status(cluster: Cluster, node: SimulatedNode) -> list[str]:
    """`utils disaster_recovery status backup`: empty [C], running and finished [I] guess (it lists features with %)."""
    if node.backup_running and cluster.readings.backup_running_form == "summary":
        # As ctmcp's made-up example has it (cucm.md §2.3).
        return [_tar(node.now()), "Status: IN PROGRESS", "Percentage Complete: 41", ""]
    if node.backup_running:
        return [_tar(node.now()), "Storage Location: NETWORK", "UCM   CCMDB       41%   IN PROGRESS", ""]
    if node.last_backup and cluster.readings.backup_status == "finished":
        return ["Storage Location: NETWORK", f"UCM   CCMDB      100%   SUCCESS   {node.last_backup:%Y-%m-%d}", ""]
    return ["No backup status available"]


def backup_history(node: SimulatedNode) -> list[str]:
    """`utils disaster_recovery history backup`: empty [C], the row of a 15 server [T]; the head is [I]."""
    if node.last_backup is None:
        return ["No backup history available"]
    day = node.last_backup
    zone = datetime.combine(day, time(2, 1, 19), _zone(node)).tzname()
    name, done = f"{day:%Y-%m-%d}-02-00-12.tar", f"{day:%a %b %d} 02:01:19 {zone} {day:%Y}"
    return [
        "Tar Filename              Device         Completed On                  Result   Type          Version",
        f"{name:<25} NETWORK        {done}  SUCCESS  SCHEDULED     {node.version} UCM   ---",
    ]


def _zone(node: SimulatedNode) -> ZoneInfo:
    return ZoneInfo(node.time_zone or "Etc/UTC")


def _cluster_row(asked: SimulatedNode, node: SimulatedNode, imp: str) -> str:
    cucm, first = node.node.product is Product.CUCM, node.node.role is Role.PUBLISHER
    role = "Publisher" if cucm and first else "Subscriber"
    place = f"{'callmanager' if cucm else imp} {'DBPub' if first else 'DBSub'}"
    since = "" if node is asked else f" using TCP since {stamp(node.booted_at, zone=False)}"
    state = f"authenticated{since}" if node.reachable else "not authenticated"
    return f"{node.address} {node.name} {node.node.host} {role} {place} {state}"


def _replication_row(node: SimulatedNode) -> str:
    details = _REPLICATION.get(node.replication, "Unknown")
    prefix = "PUB " if node.node.role is Role.PUBLISHER and details == "Setup Completed" else ""
    state = f"({node.replication}) {prefix}{details}"
    return f"{node.node.host:<15} {node.address:<15} 0.052 Yes Connected 0 match Yes {state}"


def _described(identity: Identity) -> str:
    if identity.self_signed:
        return "Self-signed certificate generated by system"
    return f"Certificate Signed by {common_name(identity.certificate.issuer)}"


def _signature(found: x509.Certificate) -> str:
    hash_name = found.signature_hash_algorithm.name.upper() if found.signature_hash_algorithm else "NONE"
    kind = "ECDSA" if "ecdsa" in found.signature_algorithm_oid._name.lower() else "RSA"  # noqa: SLF001
    return f"{hash_name}with{kind} ({found.signature_algorithm_oid.dotted_string})"


def _public_key(found: x509.Certificate) -> str:
    key = found.public_key()
    return f"RSA {key.key_size} bits" if isinstance(key, rsa.RSAPublicKey) else "EC"


def stamp(when: datetime, *, zone: bool = True) -> str:
    """`Tue Aug  4 10:00:00 UTC 2026`: how the platform writes dates."""
    return f"{when:%a %b} {when.day:2d} {when:%H:%M:%S}{' UTC' if zone else ''} {when:%Y}"


def _tar(when: datetime) -> str:
    return f"Tar Filename: {when:%Y-%m-%d-%H-%M-%S}.tar"


def joined(lines: Iterable[str]) -> str:
    """Lines as one text, each ended."""
    return "".join(f"{line}\n" for line in lines)
