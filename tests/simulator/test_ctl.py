"""The CTL of a cluster in mixed mode: who makes it, what it holds, and what phones on TLS make of it (S24, S25)."""

import re

import pytest
from cryptography.hazmat.primitives import hashes

from tests.simulator.phones import (
    CALLMANAGER,
    PUB,
    SUB,
    TFTP,
    TVS,
    begin,
    listed,
    phones,
    renew,
    restart,
    update_ctl,
)
from tests.simulator.walk import Shell

FIELD = re.compile(r"^\d+ +([A-Z]+) +\d+ *(.*)$", re.MULTILINE)


def shown(simulator, what="ctl", host="cs-ccm-pub"):
    shell = Shell(simulator, host).start()
    text = shell.ask(f"show {what}")
    shell.close()
    return text


def records(text):
    """The records of a list that was printed, each as a dictionary."""
    return [dict(FIELD.findall(part)) for part in re.split(r"(?:CTL|ITL) Record #:\d+", text)[1:]]


def hash_line(certificate):
    return certificate.fingerprint(hashes.SHA1()).hex(" ").upper() + " (SHA1 Hash HEX)"


def ctl_updates(simulator):
    return [entry for entry in simulator.control.ledger() if entry["kind"] == "ctl-update"]


def test_no_ctl_without_mixed_mode(simulator):
    """A non-secure cluster has an ITL on each node and no CTL, and refuses to update one."""
    shell = Shell(simulator).start()
    refused = shell.ask("utils ctl update CTLFile")
    shell.close()

    assert "show ctl file not found\n" == shown(simulator)
    assert "not in Mixed mode" in refused
    assert ["refused" in entry for entry in ctl_updates(simulator)] == [True]
    for host in ("cs-ccm-pub", "cs-ccm-sub"):
        functions = [record["FUNCTION"] for record in records(shown(simulator, "itl", host))]
        assert functions == [
            "System Administrator Security Token", "CCM+TFTP", "TVS", "TVS", "CAPF",
        ]  # fmt: skip


def test_ctl_as_it_is_printed(borrowed):
    """`show ctl` has checksums, one record a certificate, who signed, and the verdict as its last line."""
    begin(borrowed, security_mode=1)
    text = shown(borrowed)
    found = records(text)

    assert text.startswith("The checksum value of the CTL file:\n")
    assert re.search(r"^[0-9a-f]{32}\(MD5\)\n[0-9a-f]{40}\(SHA1\)$", text, re.MULTILINE)
    assert "The CTL file was verified successfully." == text.strip().splitlines()[-1]
    assert ["System Administrator Security Token", "CCM+TFTP", "CCM+TFTP", "CAPF"] == [one["FUNCTION"] for one in found]
    assert 1 == text.count("This etoken was used to sign the CTL file.")
    assert "ITLRecovery" not in text
    assert {"RECORDLENGTH", "DNSNAME", "SUBJECTNAME", "ISSUERNAME", "SERIALNUMBER", "CERTIFICATE"} <= set(found[0])


def test_tokens_are_named(borrowed):
    """A CTL that a USB token signed has two tokens in it, of which one signed."""
    begin(borrowed, security_mode=1, signed_by="token")
    text = shown(borrowed)
    begin(borrowed, security_mode=0, signed_by="tokenless")
    without = shown(borrowed)

    assert "show ctl file not found\n" == without
    assert 2 == sum(record["SUBJECTNAME"].startswith('cn="SAST-ADN') for record in records(text))
    assert ["was", "was not"] == re.findall(r"This etoken (was|was not) used to sign", text)
    assert ';ou=IPCBU;o="Cisco Systems' in text


@pytest.mark.parametrize("order", [(TVS, TFTP, CALLMANAGER), (TFTP, CALLMANAGER, TVS)])
def test_right_order_keeps_secure_phones(borrowed, order):
    """Leaf, CTL, restarts: phones on TLS end where they were, on the new list (S25)."""
    begin(borrowed, security_mode=1)
    tls = phones(borrowed)["nodes"][SUB]["tls"]
    leaf = renew(borrowed)
    printed = update_ctl(borrowed)
    text = shown(borrowed)
    for service in order:
        restart(borrowed, service)
    after = phones(borrowed)

    assert "Updating CTL file\nCTL file Updated\n" in printed
    assert 2 == text.count(hash_line(leaf))
    assert tls > 0
    assert (23, tls, 0) == (after["registered"], after["nodes"][SUB]["tls"], after["lost"])
    assert [(leaf.fingerprint(hashes.SHA256()).hex(), "tokenless", PUB)] == [
        (entry["fingerprint"], entry["by"], entry["node"]) for entry in ctl_updates(borrowed)
    ]


@pytest.mark.parametrize("early", [False, True])
def test_ctl_forgotten_or_too_early(borrowed, early):
    """Without the new certificate in the CTL phones on TLS are refused everywhere; the others stay (S25)."""
    begin(borrowed, security_mode=1)
    tls = phones(borrowed)["nodes"][SUB]["tls"]
    if early:
        update_ctl(borrowed)
    leaf = renew(borrowed)
    for service in (TVS, TFTP, CALLMANAGER):
        restart(borrowed, service)
    after = phones(borrowed)

    assert hash_line(leaf) not in shown(borrowed)
    assert (23 - tls, tls) == (after["registered"], after["unregistered"])
    assert {True} == {one["secure"] for one in listed(borrowed) if not one["registered"] and not one["offline"]}


def test_forgotten_ctl_is_mended(borrowed):
    """The way back: update the CTL, restart TFTP; the phones ask for it and register."""
    begin(borrowed, security_mode=1)
    renew(borrowed)
    restart(borrowed, CALLMANAGER)
    update_ctl(borrowed)
    restart(borrowed, TFTP)

    assert (23, 0) == (phones(borrowed)["registered"], phones(borrowed)["lost"])


def test_first_restart_moves_secure_phones(borrowed):
    """With the CTL forgotten the first node that restarts does not get its secure phones back: the backup has them."""
    begin(borrowed, security_mode=1)
    tls = phones(borrowed)["nodes"][SUB]["tls"]
    renew(borrowed)
    restart(borrowed, CALLMANAGER, SUB)
    nodes = phones(borrowed)["nodes"]

    assert (23 - tls, 0, tls) == (nodes[SUB]["registered"], nodes[SUB]["tls"], nodes[PUB]["tls"])


def test_only_the_publisher_updates(borrowed):
    """The CTL is updated on the publisher, by who is asked and says yes."""
    begin(borrowed, security_mode=1)
    before = phones(borrowed)["ctl"]["sha1"]
    shell = Shell(borrowed, "cs-ccm-sub").start()
    elsewhere = shell.ask("utils ctl update CTLFile")
    shell.close()
    no = update_ctl(borrowed, "n")

    assert "publisher only" in elsewhere
    assert "CTL file Updated" not in no
    assert before == phones(borrowed)["ctl"]["sha1"]
    assert [True] == ["refused" in entry for entry in ctl_updates(borrowed)]


def test_set_mixed_mode(simulator):
    """`utils ctl set-cluster mixed-mode` asks, makes a CTL, and the database says 1."""
    shell = Shell(simulator).start()
    shell.channel.sendall("utils ctl set-cluster mixed-mode\r")
    asked = shell.read_to("(y/n):")
    told = shell.ask("y")
    mode = shell.ask("run sql select paramvalue from processconfig where paramname='ClusterSecurityMode'")
    shell.close()

    assert "Auto-registration is enabled on at least one CM node." in asked
    assert "Cluster set to Mixed Mode\nYou must reset all phones" in told
    assert "1" == mode.split()[-1]
    assert ["tokenless"] == [entry["by"] for entry in ctl_updates(simulator)]
    assert "CCM+TFTP" in shown(simulator)


def test_person_with_token(borrowed):
    """Before 14SU3 the CTL client updates a CTL that a token signs; afterwards, or without mixed mode, it cannot."""
    borrowed.control.post("/cluster", {"version": "14.0.1.12900-161"})
    begin(borrowed, security_mode=1, signed_by="token")
    leaf = renew(borrowed)
    borrowed.control.post("/ctl/client", {"account": "Ida"})
    text = shown(borrowed)
    for service in (TFTP, CALLMANAGER):
        restart(borrowed, service)

    assert 2 == text.count(hash_line(leaf))
    assert 'cn="SAST-ADN' in text
    assert [("token", "Ida")] == [(entry["by"], entry["from"]) for entry in ctl_updates(borrowed)]
    assert (23, 0) == (phones(borrowed)["registered"], phones(borrowed)["lost"])
    borrowed.control.post("/cluster", {"version": "15.0.1.11900-40"})
    with pytest.raises(Exception, match="400"):
        borrowed.control.post("/ctl/client")
    begin(borrowed, signed_by="tokenless")


def test_token_to_tokenless(borrowed):
    """The command line makes a CTL tokenless that a token signed; phones take it because TVS vouches."""
    borrowed.control.post("/cluster", {"version": "14.0.1.12900-161"})
    begin(borrowed, security_mode=1, signed_by="token")
    update_ctl(borrowed)
    text = shown(borrowed)
    restart(borrowed, TFTP)

    assert 'cn="SAST-ADN' not in text
    assert (23, 0) == (phones(borrowed)["registered"], phones(borrowed)["lost"])
    assert {phones(borrowed)["ctl"]["sha1"]} == {one["ctl"] for one in listed(borrowed) if not one["offline"]}
    begin(borrowed, signed_by="tokenless")


def test_ctl_from_tftp_after_its_restart(borrowed):
    """By the older reading TFTP serves the new CTL only after a restart: phones that reset before keep the old one."""
    borrowed.control.post("/cluster", {"tftp_serves_ctl": "after-restart"})
    begin(borrowed, security_mode=1)
    renew(borrowed)
    update_ctl(borrowed)
    borrowed.control.post("/phones/all", {"reset": True})
    new = phones(borrowed)["ctl"]["sha1"]
    early = {one["ctl"] for one in listed(borrowed)}
    restart(borrowed, TFTP)

    assert new not in early
    assert {new} == {one["ctl"] for one in listed(borrowed) if not one["offline"]}


def test_older_release_signs_with_callmanager(simulator):
    """Before 12.0 CallManager signs both lists, and asks for other restarts."""
    simulator.control.post("/cluster", {"version": "10.5.2.10000-5"})
    begin(simulator, security_mode=1)
    text = update_ctl(simulator)
    signer = next(one for one in records(shown(simulator)) if "Administrator" in one["FUNCTION"])
    own = next(one for one in records(shown(simulator)) if one["FUNCTION"] == "CCM+TFTP")

    assert "Please Restart the TFTP and Cisco CallManager services on all nodes" in text
    assert own["CERTIFICATE"] == signer["CERTIFICATE"]


@pytest.mark.parametrize(
    ("version", "signers", "authorities"),
    [("12.0.1.21900-7", 2, 2), ("12.5.1.18900-40", 1, 2), ("14.0.1.13900-155", 1, 1)],
)
def test_one_itlrecovery_one_capf(borrowed, version, signers, authorities):
    """ITLRecovery is one for all nodes from 12.5 on, CAPF from 14 on; before each node has its own (cucm.md §2.6)."""
    borrowed.control.post("/cluster", {"version": version})
    begin(borrowed)
    lists = [records(shown(borrowed, "itl", host)) for host in ("cs-ccm-pub", "cs-ccm-sub")]

    def different(function):
        return len({one["CERTIFICATE"] for found in lists for one in found if one["FUNCTION"] == function})

    assert (signers, authorities) == (different("System Administrator Security Token"), different("CAPF"))


def test_older_release_in_mixed_mode(simulator):
    """Before 12.0 the new CallManager certificate signs the new CTL: phones take both lists because TVS vouches."""
    simulator.control.post("/cluster", {"version": "11.5.1.18900-97"})
    begin(simulator, security_mode=1)
    for node in (PUB, SUB):
        simulator.control.post("/certificates/regenerate", {"node": node, "purpose": "CallManager"})
    update_ctl(simulator)
    for service in (TVS, TFTP, CALLMANAGER):
        restart(simulator, service)
    after = phones(simulator)

    assert (23, 0, 0) == (after["registered"], after["lost"], after["automatic_resets"])
    assert {after["ctl"]["sha1"]} == {one["ctl"] for one in listed(simulator) if not one["offline"]}


def test_regenerate(borrowed):
    """`set cert regen` asks, makes one node's certificate anew and says which services to restart."""
    begin(borrowed)
    before = borrowed.control.state()["nodes"]
    shell = Shell(borrowed, "cs-ccm-sub").start()
    shell.channel.sendall("set cert regen TVS\r")
    asked = shell.read_to("(yes|no)?")
    told = shell.ask("yes")
    unknown = shell.ask("set cert regen Nonsense")
    shell.close()
    after = borrowed.control.state()["nodes"]

    assert "WARNING: This operation will overwrite any CA signed certificate previously imported for  TVS" in asked
    assert "Successfully Regenerated Certificate for TVS." in told
    assert "Invalid" in unknown
    assert [True, False] == [
        one["identity"]["TVS"]["installed"] == two["identity"]["TVS"]["installed"]
        for one, two in zip(before[:2], after[:2], strict=True)
    ]
    assert [("regenerate", "TVS"), ("regenerate", "Nonsense")] == [
        (entry["kind"], entry["purpose"]) for entry in borrowed.control.ledger()
    ]


def test_reused_tomcat_is_callmanager(simulator):
    """Where Tomcat's certificate is reused a Tomcat renewal is CallManager's: secure phones need the CTL (§4.4)."""
    simulator.control.post("/cluster", {"reuse_tomcat": True})
    begin(simulator, security_mode=1)
    leaf = renew(simulator, "tomcat")
    restart(simulator, CALLMANAGER)
    forgotten = phones(simulator)
    text = update_ctl(simulator) and shown(simulator)
    restart(simulator, TFTP)

    assert leaf.fingerprint(hashes.SHA256()).hex() == forgotten["nodes"][PUB]["shown"][CALLMANAGER]
    assert forgotten["unregistered"] > 0
    assert 2 == text.count(hash_line(leaf))
    assert 0 == phones(simulator)["unregistered"]


def test_haproxy_in_front(borrowed):
    """By SG14's reading HAProxy alone shows phones the certificate: its restart decides, CallManager's does not."""
    borrowed.control.post("/cluster", {"callmanager_front": "Cisco HAProxy"})
    begin(borrowed, security_mode=1)
    renew(borrowed)
    update_ctl(borrowed)
    restart(borrowed, TFTP)
    restart(borrowed, CALLMANAGER)
    without = phones(borrowed)["unregistered"]
    restart(borrowed, "Cisco HAProxy")

    assert without > 0
    assert 0 == phones(borrowed)["unregistered"]


def test_node_that_missed_the_leaf(simulator):
    """A CTL has one record a node: it shows which of them still had the old certificate when it was made."""
    begin(simulator, security_mode=1)
    simulator.control.post(f"/nodes/{SUB}", {"fan_out": "broken"})
    leaf = renew(simulator)
    update_ctl(simulator)
    servers = {
        one["DNSNAME"]: one["CERTIFICATE"] == hash_line(leaf)
        for one in records(shown(simulator))
        if one["FUNCTION"] == "CCM+TFTP"
    }

    assert {"cs-ccm-pub": True, "cs-ccm-sub": False} == servers
