"""The WSDL of RisPort and Control Center, which somebody else's client works from (cucm.md §3.2, §3.3)."""

import pytest
import zeep

from tests.conftest import until
from tests.simulator.phones import PUB, TFTP, begin, listed
from tests.simulator.soap import PATH, session

RIS = "/realtimeservice2/services/RISService70"


def client(simulator, path):
    calling = session(simulator, path=path)
    return zeep.Client(f"{calling.url}?wsdl", transport=zeep.Transport(session=calling))


@pytest.mark.parametrize("prefix", ["ns1", ""])
def test_risport_by_its_wsdl(borrowed, prefix):
    """Both calls and every element of their answers are understood, page after page."""
    begin(borrowed)
    borrowed.control.post("/cluster", {"soap_prefix": prefix})
    service = client(borrowed, RIS).service
    names = [one["name"] for one in listed(borrowed)]
    criteria = {
        "MaxReturnedDevices": 15, "DeviceClass": "Phone", "Model": 255, "Status": "Any", "NodeName": "",
        "SelectBy": "Name", "SelectItems": {"item": [{"Item": name} for name in names]}, "Protocol": "Any",
        "DownloadStatus": "Any",
    }  # fmt: skip
    found, state = [], ""
    for _ in range(2):
        answer = service.selectCmDeviceExt(StateInfo=state, CmSelectionCriteria=criteria)
        state = answer["StateInfo"]
        nodes = answer["SelectCmDeviceResult"]["CmNodes"]["item"]
        found += [one["Name"] for node in nodes for one in (node["CmDevices"] or {"item": []})["item"]]

    assert {one["name"] for one in listed(borrowed) if not one["offline"]} == set(found)
    assert 23 == len(found) == answer["SelectCmDeviceResult"]["TotalDevicesFound"]
    assert (
        23
        == service.selectCmDevice("", {**criteria, "MaxReturnedDevices": 1000})["SelectCmDeviceResult"][
            "TotalDevicesFound"
        ]
    )


def test_control_center_by_its_wsdl(borrowed):
    """Status is read and a service restarted by what the WSDL says."""
    service = client(borrowed, PATH).service
    (before,) = service.soapGetServiceStatus(ServiceStatus=[TFTP])["ServiceInfoList"]["item"]
    started = borrowed.control.node(PUB)["services"][TFTP]["started_at"]
    request = {"NodeName": "cs-ccm-pub", "ControlType": "Restart", "ServiceList": {"item": [TFTP]}}
    answer = service.soapDoControlServices(ControlServiceRequest=request)

    assert ("Started", -1) == (before["ServiceStatus"], before["ReasonCode"])
    assert 0 == answer["ReturnCode"]
    until(lambda: borrowed.control.node(PUB)["services"][TFTP]["started_at"] > started)
