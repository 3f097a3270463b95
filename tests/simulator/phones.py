"""Phones of a simulated cluster as tests look at them and change what they depend on."""

import json

from tests.simulator.walk import Rest, Shell, TestCa, parsed, pem

PUB, SUB = "cs-ccm-pub.example.com", "cs-ccm-sub.example.com"
CALLMANAGER, TFTP, TVS = "Cisco CallManager", "Cisco Tftp", "Cisco Trust Verification Service"
PAIR = {"name": "Pair", "nodes": ["cs-ccm-sub", "cs-ccm-pub"], "phones": 20, "secure": 0.5, "offline": 0.1}
SINGLE = {"name": "Single", "nodes": ["cs-ccm-sub"], "phones": 5, "secure": 0, "offline": 0}


def begin(simulator, *groups, **told):
    """Other phones, which have been there for long and know what is installed."""
    body = {"groups": list(groups or (PAIR, SINGLE)), "security_mode": 0, "churn": "off", "rollback": False, **told}
    simulator.control.post("/phones", {"settled": True})
    return simulator.control.post("/phones", body)


def in_toml(scene):
    """A scene's file: every value on the line of its key."""
    return "".join(f"{key} = {_inline(value)}\n" for key, value in scene.items())


def _inline(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_inline(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return json.dumps(value)


def phones(simulator):
    return simulator.control.get("/phones")


def listed(simulator, query=""):
    return simulator.control.get(f"/phones/list?{query}")["phones"]


def renew(simulator, unit="CallManager"):
    """A multi-server certificate of a CA that the cluster comes to trust; no restart yet."""
    rest, ca = Rest(simulator), TestCa()
    leaf = ca.sign(parsed(rest.csr(service=unit)))
    rest.trust(ca.root, ca.intermediate, service=[unit])
    reply = rest.call("POST", "/identity/certificates", {"service": unit, "certificates": [pem(leaf)]})
    assert 200 == reply.status
    return leaf


def restart(simulator, service, *nodes):
    """Let a service stop and start again, without the command line and its ledger."""
    for node in nodes or (PUB, SUB):
        for state in ("STOPPED", "STARTED"):
            simulator.control.post(f"/nodes/{node}", {"services": {service: state}})


def update_ctl(simulator, answer="y"):
    """`utils ctl update CTLFile`, answered; everything it printed."""
    shell = Shell(simulator).start()
    shell.channel.sendall("utils ctl update CTLFile\r")
    asked = shell.read_to("(y/n):")
    text = asked + shell.ask(answer)
    shell.close()
    return text
