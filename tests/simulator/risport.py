"""RisPort70 as people call it, sharing no code with the simulator (cucm.md §3.3)."""

from xml.etree import ElementTree as ET

from tests.simulator.soap import AST, envelope, post

PATH = "/realtimeservice2/services/RISService70"


def asked(*names, ext=False, state="", most=1000, **criteria):
    """A call as people write it, elements in the order of the schema."""
    items = "".join(f"<soap:item><soap:Item>{name}</soap:Item></soap:item>" for name in names or ("*",))
    told = {"Model": "255", "Status": "Any", "NodeName": "", **criteria}
    inside = (
        f"<soap:StateInfo>{state}</soap:StateInfo><soap:CmSelectionCriteria><soap:MaxReturnedDevices>{most}"
        "</soap:MaxReturnedDevices><soap:DeviceClass>Phone</soap:DeviceClass>"
        + "".join(f"<soap:{name}>{value}</soap:{name}>" for name, value in told.items())
        + f"<soap:SelectBy>Name</soap:SelectBy><soap:SelectItems>{items}</soap:SelectItems>"
        "<soap:Protocol>Any</soap:Protocol><soap:DownloadStatus>Any</soap:DownloadStatus></soap:CmSelectionCriteria>"
    )
    return envelope("selectCmDeviceExt" if ext else "selectCmDevice", inside)


def select(simulator, *names, **told):
    """Devices as (node, fields), the number found, and the StateInfo."""
    status, text = post(simulator, asked(*names, **told), path=PATH)
    assert 200 == status, text
    root = ET.fromstring(text)
    devices = [
        (node.findtext(f"{AST}Name"), {part.tag.removeprefix(AST): part.text for part in device})
        for node in root.iter(f"{AST}CmNodes").__next__()
        for device in node.find(f"{AST}CmDevices")
    ]
    state = root.findtext(f".//{AST}StateInfo").replace("<", "&lt;")
    return devices, int(root.findtext(f".//{AST}TotalDevicesFound")), state
