"""What a client that looks after phones sees at each setting of a reading: one line, the same whenever it is looked."""

import re

from tests.conftest import Simulator, until
from tests.simulator.phones import CALLMANAGER, PUB, SUB, TFTP, TVS, begin, listed, phones, restart, update_ctl
from tests.simulator.readings_cli import asked, question
from tests.simulator.risport import PATH, select
from tests.simulator.risport import asked as ris
from tests.simulator.soap import axl, control, items, post

UPDATE = "utils ctl update CTLFile"


def itl_signer(simulator: Simulator) -> str:
    begin(simulator)
    records = asked(simulator, "show itl").split("ITL Record")
    certificates = [re.search("CERTIFICATE +[0-9]+ +(.*) ", one)[1] for one in records if "This etoken was used" in one]
    own = [re.search("CERTIFICATE +[0-9]+ +(.*) ", one)[1] for one in records if "CCM+TFTP" in one]
    return f"the ITL is {'' if certificates == own else 'not '}signed by the CallManager certificate"


def untrusting_phone(simulator: Simulator) -> str:
    begin(simulator)
    return _untrusting(simulator)


def untrusting_tls_phone(simulator: Simulator) -> str:
    begin(simulator, security_mode=1)
    return _untrusting(simulator)


def tftp_serves_ctl(simulator: Simulator) -> str:
    """The new CTL is made, phones are reset, and CallManager shows the new certificate; TFTP was not restarted."""
    _new_certificate_in_ctl(simulator)
    simulator.control.post("/phones/all", {"reset": True})
    restart(simulator, CALLMANAGER)
    return _registered(simulator)


def itl_rebuilt(simulator: Simulator) -> str:
    begin(simulator)
    simulator.control.post("/cluster", {"tvs_restarts_itself": False})
    before = asked(simulator, "show itl")
    _regenerate(simulator, "TVS", PUB)
    return "the ITL is as before" if asked(simulator, "show itl") == before else "the ITL is another"


def tvs_restarts_itself(simulator: Simulator) -> str:
    _regenerate(simulator, "TVS", PUB)
    installed = simulator.control.node(PUB)["identity"]["TVS"]["installed"]
    return f"TVS shows the {'new' if phones(simulator)['nodes'][PUB]['shown'][TVS] == installed else 'old'} certificate"


def callmanager_front(simulator: Simulator) -> str:
    """CallManager is restarted and HAProxy is not."""
    _new_certificate_in_ctl(simulator)
    restart(simulator, TFTP)
    restart(simulator, CALLMANAGER)
    return _registered(simulator)


def no_ctl_text(simulator: Simulator) -> str:
    begin(simulator)
    return _lines(asked(simulator, "show ctl"))


def ctl_refused_text(simulator: Simulator) -> str:
    return _lines(asked(simulator, UPDATE, "cs-ccm-sub"))


def ctl_nonsecure_text(simulator: Simulator) -> str:
    begin(simulator)
    return _lines(asked(simulator, UPDATE))


def auto_registration(simulator: Simulator) -> str:
    return question(simulator, "utils ctl set-cluster mixed-mode")


def interaction_parameter(simulator: Simulator) -> str:
    return _parameter(simulator, "Interaction")


def rollback_parameter(simulator: Simulator) -> str:
    return _parameter(simulator, "Rollback")


def control_answers(simulator: Simulator) -> str:
    simulator.control.post("/cluster", {"service_start_seconds": 0.6})
    (told,) = items(post(simulator, control("Restart", TFTP))[1])
    until(lambda: simulator.control.node(PUB)["services"][TFTP]["state"] == "STARTED")
    return "answered when it is started" if told["ServiceStatus"] == "Started" else "answered before it is started"


def enterprise_reset(simulator: Simulator) -> str:
    begin(simulator)
    axl(simulator, "resetEnterpriseParameters")
    return f"{sum(one['phones'] for one in simulator.control.ledger())} phones are reset"


def axl_role(simulator: Simulator) -> str:
    return str(axl(simulator, "getCCMVersion")[0])


def axl_row_limit(simulator: Simulator) -> str:
    begin(simulator)
    status, text = axl(simulator, "executeSQLQuery", "<sql>select name from device</sql>")
    found = re.search("<faultstring>(.*)</faultstring>", text)
    return f"{status} {found[1]}" if found else f"{status} and {text.count('<row>')} rows"


def ris_page(simulator: Simulator) -> str:
    begin(simulator, {"name": "Many", "nodes": ["cs-ccm-pub"], "phones": 2100, "secure": 0, "offline": 0})
    devices, total, _ = select(simulator, most=5000)
    return f"{len(devices)} of {total} phones"


def ris_calls(simulator: Simulator) -> str:
    _first_of_a_window(simulator)
    answered = iter(range(1, 100))
    return f"{next(number for number in answered if 'Exceeded' in post(simulator, ris(), path=PATH)[1])} calls"


def ris_refusal_status(simulator: Simulator) -> str:
    simulator.control.post("/cluster", {"ris_calls": 1})
    _first_of_a_window(simulator)
    status, text = post(simulator, ris(), path=PATH)
    return f"{status} {re.search('<faultstring>(.*)</faultstring>', text)[1]}"


def ris_ext_wildcard(simulator: Simulator) -> str:
    begin(simulator, {"name": "Some", "nodes": ["cs-ccm-pub"], "phones": 400, "secure": 0, "offline": 0})
    return f"{select(simulator, ext=True)[1]} of 400 phones"


def ris_ext_response(simulator: Simulator) -> str:
    text = post(simulator, ris(ext=True), path=PATH)[1]
    return f"`<{text.partition('Body><')[2].partition(' ')[0]} ..>`"


def ris_never_seen(simulator: Simulator) -> str:
    begin(simulator)
    name = next(one["name"] for one in listed(simulator) if one["offline"])
    devices, _, _ = select(simulator, name)
    return "it is not listed" if not devices else f"`{devices[0][1]['Status']}`"


def _regenerate(simulator: Simulator, purpose: str, *nodes: str) -> None:
    for node in nodes or (PUB, SUB):
        simulator.control.post("/certificates/regenerate", {"node": node, "purpose": purpose})


def _untrusting(simulator: Simulator) -> str:
    """The signer of the list and TVS are changed together, where CallManager is the signer; CallManager goes on."""
    simulator.control.post("/cluster", {"itl_signer": "CallManager"})
    restart(simulator, TFTP)
    for purpose in ("CallManager", "TVS"):
        _regenerate(simulator, purpose)
    restart(simulator, TFTP)
    return _registered(simulator)


def _new_certificate_in_ctl(simulator: Simulator) -> None:
    begin(simulator, security_mode=1)
    _regenerate(simulator, "CallManager")
    update_ctl(simulator)


def _registered(simulator: Simulator) -> str:
    """Half of the phones have a secure profile, and all but two are on."""
    return f"{select(simulator, Status='Registered')[1]} of 23 phones are registered"


def _parameter(simulator: Simulator, word: str) -> str:
    lines = asked(simulator, "run sql select paramname from processconfig").splitlines()
    return f"`{next(line.strip() for line in lines if word in line)}`"


def _lines(text: str) -> str:
    return f"`{' / '.join(text.splitlines())}`"


def _first_of_a_window(simulator: Simulator) -> None:
    """One call that begins a window of calls: while a window has no length none before it counts."""
    simulator.control.post("/cluster", {"ris_window_seconds": 0})
    post(simulator, ris(), path=PATH)
    simulator.control.post("/cluster", {"ris_window_seconds": 600})


WITNESSES = (
    itl_signer, untrusting_phone, untrusting_tls_phone, tftp_serves_ctl, itl_rebuilt, tvs_restarts_itself,
    callmanager_front, no_ctl_text, ctl_refused_text, ctl_nonsecure_text, auto_registration, interaction_parameter,
    rollback_parameter, control_answers, enterprise_reset, axl_role, axl_row_limit, ris_page, ris_calls,
    ris_refusal_status, ris_ext_wildcard, ris_ext_response, ris_never_seen,
)  # fmt: skip
