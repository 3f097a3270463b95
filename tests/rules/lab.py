"""The document's cluster as a survey sees it when all is well, its plan and its profile; a test states the change."""

from ucrenew.domain.baseline import baseline_of
from ucrenew.domain.cluster import Node, Product, Role
from ucrenew.domain.facts import ClusterFacts, CsrFacts, NodeFacts
from ucrenew.domain.purpose import Purpose
from ucrenew.profile import load_profile
from ucrenew.steps.planning import draw_up_plan

from .builder import DAY, NODES, NOW, PRESENCE, PUBLISHER, SUBSCRIBER, request, self_signed

PUB = Node(PUBLISHER, Product.CUCM, Role.PUBLISHER)
SUB = Node(SUBSCRIBER, Product.CUCM, Role.SUBSCRIBER)
IMP = Node(PRESENCE, Product.IMP, Role.PUBLISHER)

_EVERYWHERE = (
    "Platform Administrative Web Service",
    "Platform Communication Web Service",
    "Cisco Certificate Change Notification",
    "Cisco Tomcat",
    "Cisco DRF Local",
)
_ON_CUCM = ("Cisco UDS Tomcat", "Cisco AXL Tomcat", "Cisco CallManager")

GOOD_PROFILE = """\
# The cluster of Cisco's document.
[certificate]
common_name = "cs-ccm-pub-ms.example.com"
parent_domain = "example.com"
extra_names = []
renew_before = 30

[accounts.platform]
user = "osadmin"
password = { env = "LAB_PLATFORM" }

[accounts.ca]
user = "svc-ucrenew"
password = { file = "ca.password" }

[ca]
url = "https://ca.example.com/certsrv/"
template = "CiscoUC"

[[nodes]]
name = "cs-ccm-pub.example.com"
product = "cucm"
role = "publisher"

[[nodes]]
name = "cs-ccm-sub.example.com"
product = "cucm"
role = "subscriber"
address = "192.0.2.12"

[[nodes]]
name = "cs-imp.example.com"
product = "imp"
role = "publisher"
tomcat_port = 9443
"""


def started(node):
    """The services of a node, all up."""
    names = _EVERYWHERE + (_ON_CUCM if node.product is Product.CUCM else ())
    names += ("Cisco DRF Master",) if node.is_cucm_publisher else ()
    return dict.fromkeys(names, "STARTED")


def node_facts(node=PUB, **changes):
    """One healthy node."""
    facts = {
        "version": "15.0.1.11900-40",
        "services": started(node),
        "sso_enabled": False,
        "clock_skew_seconds": 0.4,
        "disk_used_percent": 82,
        "replication": {},
        "identity": self_signed(node.name),
        "csr": None,
        "served": {443: "aa", 8443: "aa"},
        **changes,
    }
    return NodeFacts(node=node, **facts)


def cluster_facts(*nodes, **changes):
    """A healthy cluster; its three nodes when none are given."""
    facts = {
        "members": NODES,
        "replication": dict.fromkeys((node.partition(".")[0] for node in NODES), 2),
        "last_backup": NOW - DAY,
        "backup_running": False,
        "backup_max_age_days": 7,
        **changes,
    }
    return ClusterFacts(at=NOW, nodes=nodes or tuple(map(node_facts, (PUB, SUB, IMP))), **facts)


def write_profile(folder, *, file="lab.toml", **changes):
    """Write the good profile with some of its lines replaced; a change is ``key="new line"`` or ``append="..."``."""
    text = GOOD_PROFILE
    for key, line in changes.items():
        text = text + line if key == "append" else _with_line(text, key, line)
    path = folder / file
    path.write_text(text)
    return path


def _with_line(text, key, line):
    found = [old for old in text.splitlines() if old.startswith(f"{key} =")]
    assert found, f"the good profile has no {key}"
    return text.replace(found[0], line, 1)


def plan_of(folder, facts=None, **changes):
    """The plan for a profile with these changes, and the cluster as seen."""
    profile = load_profile(write_profile(folder, **changes))
    seen = baseline_of(facts or cluster_facts())
    return draw_up_plan(profile, Purpose.TOMCAT, seen, seen)


def csr_facts(plan, **defects):
    """The cluster's request beside the plan it has to satisfy."""
    return CsrFacts(request(**defects), plan)


def reasons(findings):
    """The codes of findings, in their order."""
    return [finding.reason for finding in findings]
