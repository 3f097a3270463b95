"""SOAP calls to a simulated node as people write them, sharing no code with it."""

import base64
import ssl
from xml.etree import ElementTree as ET

import requests
import urllib3
from requests.adapters import HTTPAdapter

PATH = "/controlcenterservice2/services/ControlCenterServices"
AXL = "http://www.cisco.com/AXL/API/15.0"
AST = "{http://schemas.cisco.com/ast/soap}"


def envelope(operation, inside="", prefix="soap"):
    """A call as people write it, with a prefix of their choice."""
    return (
        '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
        f'xmlns:{prefix}="http://schemas.cisco.com/ast/soap"><e:Header/><e:Body>'
        f"<{prefix}:{operation}>{inside}</{prefix}:{operation}></e:Body></e:Envelope>"
    )


def asked(*names, prefix="soap"):
    inside = "".join(f"<{prefix}:ServiceStatus>{name}</{prefix}:ServiceStatus>" for name in names or ("",))
    return envelope("soapGetServiceStatus", inside, prefix)


def control(kind, *services, node="cs-ccm-pub"):
    """A call that restarts, starts or stops."""
    listed = "".join(f"<soap:item>{name}</soap:item>" for name in services)
    return envelope(
        "soapDoControlServices",
        f"<soap:ControlServiceRequest><soap:NodeName>{node}</soap:NodeName><soap:ControlType>{kind}"
        f"</soap:ControlType><soap:ServiceList>{listed}</soap:ServiceList></soap:ControlServiceRequest>",
    )


def post(simulator, body, *, account=None, host="cs-ccm-pub", port="tomcat_port", path=PATH):
    """Status and body of one call as the application user, or as nobody."""
    node, account = simulator.node(host), account or simulator.scene["people"]["application"]
    address = (node["address"], node[port])
    pool = urllib3.HTTPSConnectionPool(
        *address, ca_cert_data=ssl.get_server_certificate(address), assert_hostname=node["name"],
        server_hostname=node["name"], retries=False, timeout=60,
    )  # fmt: skip
    token = base64.b64encode(f"{account['user']}:{account['password']}".encode()).decode()
    headers = {"Content-Type": "text/xml", "SOAPAction": '""', "Authorization": f"Basic {token}"}
    reply = pool.request("POST", path, body=body.encode(), headers=headers)
    return reply.status, reply.data.decode()


def items(text):
    """Every service of a reply: its fields without their namespace."""
    root = ET.fromstring(text)
    return [{part.tag.removeprefix(AST): part.text or "" for part in item} for item in root.iter(f"{AST}item")]


class Address(HTTPAdapter):
    """Goes to a node of the scene, whose running certificate is pinned and then verified."""

    def __init__(self, node):
        self._address = (node["address"], node["tomcat_port"])
        self._name = node["name"]
        super().__init__()

    def init_poolmanager(self, *told, **more):
        """Verify the node by its pinned certificate and its name."""
        context = ssl.create_default_context(cadata=ssl.get_server_certificate(self._address))
        super().init_poolmanager(
            *told, ssl_context=context, assert_hostname=self._name, server_hostname=self._name, **more
        )

    def cert_verify(self, conn, url, verify, cert):
        """The context verifies."""


def session(simulator, host="cs-ccm-pub", account=None, path="/axl/"):
    """A session of requests as the application user, with the address of a service."""
    node, account = simulator.node(host), account or simulator.scene["people"]["application"]
    made = requests.Session()
    made.trust_env = False
    made.auth = (account["user"], account["password"])
    made.mount("https://", Address(node))
    made.url = f"https://{node['address']}:{node['tomcat_port']}{path}"
    return made


def axl(simulator, operation, inside="", host="cs-ccm-pub", account=None):
    """One call of AXL written by hand; status and body."""
    calling = session(simulator, host, account)
    reply = calling.post(
        calling.url,
        data=f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="{AXL}"><e:Body>'
        f"<a:{operation}>{inside}</a:{operation}></e:Body></e:Envelope>",
        headers={"Content-Type": "text/xml", "SOAPAction": f'"CUCM:DB ver=15.0 {operation}"'},
        timeout=30,
    )
    return reply.status_code, reply.text
