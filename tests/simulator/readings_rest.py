"""What a client of the certificate API sees at each setting of a reading: one line, the same whenever it is looked."""

import json
from datetime import UTC, datetime, timedelta

import urllib3

from tests.conftest import Simulator
from tests.simulator.soap import asked, post
from tests.simulator.walk import Reply, Rest, TestCa, names, parsed, pem

PUBLISHER = "cs-ccm-pub.example.com"
SUBSCRIBER = "cs-ccm-sub.example.com"


def said(reply: Reply) -> str:
    """Status and texts."""
    return f"{reply.status} {' / '.join(reply.json.get('messages') or [])}".strip()


def api_on_8443(simulator: Simulator) -> str:
    return f"on 8443: {Rest(simulator, port='tomcat_port').call('GET', '/options').status}"


def forbidden_status(simulator: Simulator) -> str:
    return said(Rest(simulator, account=simulator.scene["people"]["reader"]).csr())


def while_tomcat_starts(simulator: Simulator) -> str:
    rest = Rest(simulator)
    simulator.control.post(f"/nodes/{PUBLISHER}", {"services": {"Cisco Tomcat": "STARTING"}})
    try:
        return f"{rest.call('GET', '/options').status} and a page"
    except urllib3.exceptions.NewConnectionError:
        return "the connection is refused"


def multi_server_word(simulator: Simulator) -> str:
    answers = [(word, Rest(simulator).csr(distribution=word).status) for word in ("multi-server", "cluster")]
    return ", ".join(f"`{word}` {status}" for word, status in answers)


def multi_server_where(simulator: Simulator) -> str:
    reply = Rest(simulator, "cs-ccm-sub").csr()
    return "200" if reply.status == 200 else said(reply)


def ec_word(simulator: Simulator) -> str:
    rest = Rest(simulator)
    answers = [(word, rest.csr(service="CallManager-ECDSA", keyType=word).status) for word in ("ec", "ecdsa")]
    return ", ".join(f"`{word}` {status}" for word, status in answers)


def options_path(simulator: Simulator) -> str:
    rest = Rest(simulator)
    return ", ".join(f"`{path}` {rest.call('GET', path).status}" for path in ("/options", "/snapshot/options"))


def identity_reply_form(simulator: Simulator) -> str:
    return shape(Rest(simulator).call("GET", "/identity/certificate?service=ipsec").json)


def trust_reply_form(simulator: Simulator) -> str:
    return shape(Rest(simulator).call("GET", "/trust/certificate?service=tomcat").json)


def snapshot_form(simulator: Simulator) -> str:
    return shape(Rest(simulator, "cs-imp").call("GET", "/snapshot/server").json)


def trust_service_form(simulator: Simulator) -> str:
    lists = Rest(simulator).call("GET", "/snapshot/server").json["trusts"]
    return f'`"service": {json.dumps(lists[0]["service"])}`'


def trust_list_key(simulator: Simulator) -> str:
    lists = Rest(simulator).call("GET", "/snapshot/server").json["trusts"]
    return f"keys `{'`, `'.join(lists[0])}`"


def reuse_hides_callmanager(simulator: Simulator) -> str:
    simulator.control.post(f"/nodes/{PUBLISHER}", {"reuse_tomcat": True})
    listed = Rest(simulator).call("GET", "/snapshot/server").json["identities"]
    return "CallManager is there" if "CallManager" in [one["service"] for one in listed] else "CallManager is left out"


def upload_status(simulator: Simulator) -> str:
    return said(Rest(simulator).trust(TestCa().root))


def success_names_nodes(simulator: Simulator) -> str:
    return said(Rest(simulator).csr())


def error_keys(simulator: Simulator) -> str:
    refused = Rest(simulator).csr(service="nonsense").json
    return f"`{'`, `'.join(key for key in refused if key != 'trackingId')}`"


def refusal_words(simulator: Simulator) -> str:
    """A leaf whose CA is missing, one of another key, and one that nobody asked for."""
    rest, ca = Rest(simulator), TestCa()
    request = parsed(rest.csr())
    body = {"service": "CAPF", "certificates": [pem(ca.sign(request))]}
    replies = (
        rest.leaf(ca.sign(request)),
        rest.leaf(ca.sign(request, key=ca.key)),
        rest.call("POST", "/identity/certificates", body),
    )
    return " / ".join(reply.json["message"] for reply in replies)


def key_mismatch_status(simulator: Simulator) -> str:
    rest, ca = Rest(simulator), TestCa()
    return said(rest.leaf(ca.sign(parsed(rest.csr()), key=ca.key)))


def already_there(simulator: Simulator) -> str:
    rest, ca = Rest(simulator), TestCa()
    rest.trust(ca.root)
    return said(rest.trust(ca.root))


def older_namesake(simulator: Simulator) -> str:
    rest, ca = Rest(simulator), TestCa()
    rest.trust(ca.root)
    older = ca.ca_certificate(f"Root {ca.name}", datetime.now(UTC) - timedelta(days=9))
    return said(rest.trust(older))


def issuer_needed_in_trust(simulator: Simulator) -> str:
    return said(Rest(simulator).trust(TestCa().intermediate))


def chain_with_leaf(simulator: Simulator) -> str:
    rest, ca = Rest(simulator), TestCa()
    reply = rest.leaf(ca.sign(parsed(rest.csr())), ca.intermediate, ca.root)
    return f"{reply.status} {reply.json['messages'][0]}"


def partial_fan_out(simulator: Simulator) -> str:
    """A request while the IM&P node is down."""
    before = simulator.control.node(SUBSCRIBER)["csr"]["tomcat"]
    simulator.control.post("/nodes/cs-imp.example.com", {"reachable": False})
    reply = Rest(simulator).csr()
    changed = simulator.control.node(SUBSCRIBER)["csr"]["tomcat"] != before
    return f"{said(reply)}; {'done on the others' if changed else 'nothing is done'}"


def common_name_in_san(simulator: Simulator) -> str:
    repeated = "uc.example.com" in names(parsed(Rest(simulator).csr(commonName="uc.example.com")))
    return "it is" if repeated else "it is not"


def soap_prefix(simulator: Simulator) -> str:
    _, text = post(simulator, asked("Cisco Tomcat"))
    return f"`<{text.partition('Body><')[2].partition(' ')[0]} ..>`"


def shape(found: object) -> str:
    """Array or object, and the keys of an object."""
    if isinstance(found, list):
        return f"an array of objects with `{'`, `'.join(found[-1])}`"
    return f"an object with `{'`, `'.join(found)}`"


WITNESSES = (
    api_on_8443, forbidden_status, while_tomcat_starts, multi_server_word, multi_server_where, ec_word, options_path,
    identity_reply_form, trust_reply_form, snapshot_form, trust_service_form, trust_list_key, reuse_hides_callmanager,
    upload_status, success_names_nodes, error_keys, refusal_words, key_mismatch_status, already_there, older_namesake,
    issuer_needed_in_trust, chain_with_leaf, partial_fan_out, common_name_in_san, soap_prefix,
)  # fmt: skip
