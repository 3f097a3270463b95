"""AXL on the nodes of CallManager: configuration, SQL, resets, sessions, faults (cucm.md §3.1)."""

import importlib.util
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import requests
import zeep

from tests.simulator.phones import PUB, SUB, begin, listed, phones
from tests.simulator.risport import select
from tests.simulator.soap import AXL, axl, session

BINDING = "{http://www.cisco.com/AXLAPIService/}AXLAPIBinding"


@pytest.fixture(scope="module")
def schema():
    """Cisco's own description of AXL 12.5, from the package that carries it."""
    (folder,) = importlib.util.find_spec("ciscoaxl").submodule_search_locations
    return str(Path(folder) / "schema" / "12.5" / "AXLAPI.wsdl")


@pytest.fixture(scope="module")
def somebody(standing, schema):
    """Somebody else's client, who believes in the schema and nothing else."""
    calling = session(standing)
    client = zeep.Client(schema, transport=zeep.Transport(session=calling))
    return client.create_service(BINDING, calling.url)


def resets(simulator):
    return [
        (entry["what"], entry["scope"], entry["phones"])
        for entry in simulator.control.ledger()
        if entry["kind"] == "phone-reset"
    ]


def test_nodes_by_the_schema(somebody):
    """Process nodes have name, usage and role; the pseudo node is among them and has to be skipped."""
    tags = {"name": "", "nodeUsage": "", "processNodeRole": ""}
    found = somebody.listProcessNode(searchCriteria={"name": "%"}, returnedTags=tags)["return"]["processNode"]

    assert [
        ("EnterpriseWideData", "Publisher", "CUCM Voice/Video"),
        (PUB, "Publisher", "CUCM Voice/Video"),
        (SUB, "Subscriber", "CUCM Voice/Video"),
        ("cs-imp.example.com", "Subscriber", "CUCM IM and Presence"),
    ] == [(one["name"], one["nodeUsage"], one["processNodeRole"]) for one in found]
    one = somebody.getProcessNode(uuid=found[1]["uuid"])["return"]["processNode"]
    assert PUB == one["name"]


def test_version_by_the_schema(somebody):
    """The version has its build in brackets."""
    assert "15.0.1.11900(40)" == somebody.getCCMVersion()["return"]["componentVersion"]["version"]


def test_sql_by_the_schema(somebody):
    """A query answers with a row of elements named for its columns."""
    sql = "select paramname, paramvalue from processconfig where paramname='ClusterSecurityMode'"
    (row,) = somebody.executeSQLQuery(sql=sql)["return"]["row"]

    assert {"paramname": "ClusterSecurityMode", "paramvalue": "0"} == {part.tag: part.text for part in row}


def test_services_and_groups_by_the_schema(somebody):
    """Activated services by node, groups with their members in order, device pools with their group."""
    tags = {"processNodeName": "", "service": "", "isActive": ""}
    found = somebody.listProcessNodeService(searchCriteria={"processNodeName": PUB}, returnedTags=tags)
    active = {one["service"]: one["isActive"] for one in found["return"]["processNodeService"]}
    groups = somebody.listCallManagerGroup(searchCriteria={"name": "%"}, returnedTags={"name": ""})["return"]
    single = somebody.getCallManagerGroup(name="CMG_single")["return"]["callManagerGroup"]
    pools = somebody.listDevicePool(searchCriteria={"name": "%"}, returnedTags={"name": "", "callManagerGroupName": ""})

    assert ("true", "false") == (active["Cisco CallManager"], active["Cisco WebDialer Web Service"])
    assert 3 == len(groups["callManagerGroup"]) == len(pools["return"]["devicePool"])
    assert ["CM_cs-ccm-sub"] == [one["callManagerName"]["_value_1"] for one in single["members"]["member"]]


def test_security_profiles_by_the_schema(somebody):
    """Every profile that a phone has is listed with its device security mode, in the words of the schema."""
    tags = {"name": "", "deviceSecurityMode": ""}
    found = somebody.listPhoneSecurityProfile(searchCriteria={"name": "%"}, returnedTags=tags)["return"]
    modes = {one["name"]: one["deviceSecurityMode"] for one in found["phoneSecurityProfile"]}

    assert {"Encrypted", "Non Secure"} == set(modes.values())
    assert all((mode == "Encrypted") == ("Encrypted" in name) for name, mode in modes.items())


def test_phones_by_pages(standing, somebody):
    """Phones are listed by pages of skip and first, with model, protocol, pool and security profile."""
    tags = {"name": "", "model": "", "protocol": "", "devicePoolName": "", "securityProfileName": ""}
    pages = [
        somebody.listPhone(searchCriteria={"name": "SEP%"}, returnedTags=tags, skip=skip, first=200)["return"]["phone"]
        for skip in (0, 200)
    ]
    names = {one["name"] for page in pages for one in page}

    assert {one["name"] for one in listed(standing)} == names
    assert {"SIP", "SCCP"} == {one["protocol"] for one in pages[0]}
    assert any("Encrypted" in one["securityProfileName"]["_value_1"] for one in pages[0])


def test_resets_by_the_schema(borrowed, somebody):
    """A phone, a pool, everything: each call is one entry of the ledger, and the phones register anew."""
    begin(borrowed)
    before = {one["name"]: one["since"] for one in listed(borrowed)}
    name = next(one["name"] for one in listed(borrowed) if not one["offline"])
    somebody.doDeviceReset(deviceName=name, deviceResetType="Reset")
    somebody.resetPhone(name=name)
    somebody.restartDevicePool(name="Single")
    somebody.resetEnterpriseParameters()
    kept = [one["name"] for one in listed(borrowed) if one["since"] == before[one["name"]] and not one["offline"]]

    assert [("reset", name, 1), ("reset", name, 1), ("restart", "Single", 5), ("reset", "all", 25)] == resets(borrowed)
    assert ([], 23) == (kept, phones(borrowed)["registered"])


def test_apply_lets_phones_fetch(borrowed, somebody):
    """Applying the configuration lets phones fetch their lists and stay registered."""
    begin(borrowed)
    name = next(one["name"] for one in listed(borrowed) if not one["offline"])
    before = borrowed.control.get(f"/phones/{name}")
    somebody.applyPhone(name=name)

    assert before == borrowed.control.get(f"/phones/{name}")
    assert [("apply", name, 1)] == resets(borrowed)


def test_reset_and_restart_differ(borrowed, somebody):
    """RisPort tells a phone that was reset from one that was restarted by its reason (cucm.md §3.3)."""
    begin(borrowed)
    borrowed.control.post("/cluster", {"phone_reset_seconds": 3600})
    first, second = [one["name"] for one in listed(borrowed) if not one["offline"]][:2]
    somebody.doDeviceReset(deviceName=first, deviceResetType="Reset")
    somebody.doDeviceReset(deviceName=second, deviceResetType="Restart")
    reasons = {device["Name"]: device["StatusReason"] for _, device in select(borrowed, first, second, ext=True)[0]}

    assert {first: "31", second: "9"} == reasons


def test_enterprise_reset_is_younger(borrowed, somebody):
    """Before schema 12.0 enterprise parameters cannot be reset by AXL (cucm.md §3.1)."""
    borrowed.control.post("/cluster", {"version": "11.5.1.18900-97"})
    with pytest.raises(zeep.exceptions.Fault, match="resetEnterpriseParameters is not known"):
        somebody.resetEnterpriseParameters()

    assert [] == resets(borrowed)


def test_unknown_things_are_faults(borrowed, somebody):
    """What is not there is a fault that names itself and the operation."""
    with pytest.raises(zeep.exceptions.Fault, match="SEP000000000000") as trouble:
        somebody.resetPhone(name="SEP000000000000")
    with pytest.raises(zeep.exceptions.Fault, match="no such table"):
        somebody.executeSQLQuery(sql="select * from nonsense")

    assert "resetPhone" == trouble.value.detail.findtext("axlError/request")
    assert 500 == axl(borrowed, "listNonsense")[0]
    assert [] == borrowed.control.ledger()


def test_any_release_is_answered_in_its_own(standing):
    """The answer stands in the namespace of the request."""
    status, text = axl(standing, "getCCMVersion")

    assert 200 == status
    assert f"{{{AXL}}}getCCMVersionResponse" in {part.tag for part in ET.fromstring(text).iter()}


def test_cookies_stand_for_the_login(standing):
    """A session's cookie is enough for the next call; it is of no use on another node."""
    calling = session(standing)
    body = (
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="{AXL}"><e:Body>'
        "<a:getCCMVersion/></e:Body></e:Envelope>"
    )
    calling.post(calling.url, data=body, timeout=30)
    calling.auth = None

    assert {"JSESSIONIDSSO", "JSESSIONID"} == set(calling.cookies.keys())
    assert 200 == calling.post(calling.url, data=body, timeout=30).status_code
    calling.cookies.clear()
    assert 401 == calling.post(calling.url, data=body, timeout=30).status_code


def test_large_queries_are_refused(borrowed):
    """A query with too many rows is a fault; pages of it are not."""
    begin(borrowed)
    borrowed.control.post("/cluster", {"axl_row_limit": 10})
    status, text = axl(borrowed, "executeSQLQuery", "<sql>select name from device</sql>")
    page = axl(borrowed, "executeSQLQuery", "<sql>select skip 20 first 10 name from device order by name</sql>")

    assert 500 == status
    assert "<axlmessage>Query request too large. Total rows matched: 25" in text
    assert (200, 5) == (page[0], page[1].count("<row>"))


def test_who_may_axl(borrowed):
    """An OS account gets 401 and is in the ledger, an account without the role 403, an IM&P node has no AXL."""
    platform = borrowed.scene["accounts"]["platform"]
    wrong = axl(borrowed, "getCCMVersion", account=platform)[0]
    borrowed.control.post("/cluster", {"axl_role": False})

    assert (401, 403) == (wrong, axl(borrowed, "getCCMVersion")[0])
    assert 404 == axl(borrowed, "getCCMVersion", host="cs-imp")[0]
    assert ["login-refused"] == borrowed.control.kinds()


@pytest.mark.parametrize("service", ["Cisco AXL Web Service", "Cisco AXL Tomcat"])
def test_axl_needs_its_services(borrowed, service):
    """Without its web service, or from 14 on its own Tomcat, AXL is away."""
    borrowed.control.post(f"/nodes/{PUB}", {"services": {service: "STOPPED"}})

    assert 503 == axl(borrowed, "getCCMVersion")[0]
    assert 200 == axl(borrowed, "getCCMVersion", host="cs-ccm-sub")[0]


def test_groups_by_sql(borrowed):
    """Groups, members and security modes of phones can be read by SQL as well."""
    begin(borrowed)
    members = (
        "<sql>select g.name, c.name as node, m.priority"
        " from callmanagergroup g, callmanagergroupmember m, callmanager c"
        " where m.fkcallmanagergroup=g.pkid and m.fkcallmanager=c.pkid order by g.name, m.priority</sql>"
    )
    secure = (
        "<sql>select count(*) as n from device d, securityprofile s where d.fksecurityprofile=s.pkid"
        " and s.tkdevicesecuritymode=3</sql>"
    )
    rows = ET.fromstring(axl(borrowed, "executeSQLQuery", members)[1]).iter("row")

    assert [
        ("Pair", "CM_cs-ccm-sub"), ("Pair", "CM_cs-ccm-pub"), ("Single", "CM_cs-ccm-sub"),
    ] == [(row.findtext("name"), row.findtext("node")) for row in rows]  # fmt: skip
    assert "<n>10</n>" in axl(borrowed, "executeSQLQuery", secure)[1]


def test_faults_of_the_web_hit_soap(borrowed):
    """A throttled AXL is 503, and a service that hangs up is cut, as every web call can be."""
    fault = {"node": PUB, "on": True, "times": 1, "path": "/axl/"}
    borrowed.control.post("/faults", {**fault, "kind": "rest-status", "status": 503})
    throttled = axl(borrowed, "getCCMVersion")[0]
    borrowed.control.post("/faults", {**fault, "kind": "rest-reset"})

    assert 503 == throttled
    with pytest.raises(requests.ConnectionError):
        axl(borrowed, "getCCMVersion")
    assert 200 == axl(borrowed, "getCCMVersion")[0]
