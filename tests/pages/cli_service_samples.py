"""Services and single sign-on on the command line: replies of cucm.md §2.2 and §2.5."""

from tests.pages.cli_row import DATE, Row
from tests.pages.sample import Sample


def _service(name):
    return lambda cli: (cli.services()[name].state.value, cli.services()[name].reason)


SERVICES = """\
Requesting service status, please wait...
Service Manager is running
Getting list of all services
>> Return code = 0
Cisco AMC Service[STARTED]
Cisco DRF Master[STOPPED]  Commanded Out of Service
Cisco HCS UC Monitor Service[STOPPED]  Service Not Activated
Cisco RTMT Web Service[STOPPED]  Component is not running
Primary Node =true
"""
LISTED = {
    "Cisco AMC Service": ("STARTED", ""),
    "Cisco DRF Master": ("STOPPED", "Commanded Out of Service"),
    "Cisco HCS UC Monitor Service": ("STOPPED", "Service Not Activated"),
    "Cisco RTMT Web Service": ("STOPPED", "Component is not running"),
}
STATES = ("STARTED", "STOPPED", "STARTING", "STOPPING", "UNKNOWN", "NOT STARTED")

SERVICE_ROWS = [
    Row(
        Sample(
            "cucm.md §2.2",
            "D/T",
            "service list",
            SERVICES,
            {"Cisco HCS UC Monitor Service": r"[\w ]+", "Cisco RTMT Web Service": r"[\w ]+"},
        ),
        ("utils service list",),
        lambda cli: {one.name: (one.state.value, one.reason) for one in cli.services().values()},
        LISTED,
        {
            "services": {
                "Cisco DRF Master": {"state": "STOPPED", "reason": "Commanded Out of Service"},
                "Cisco Tftp": {"state": "STOPPED", "reason": "Component is not running"},
            }
        },
        ordered=False,
    ),
    Row(
        Sample("cucm.md §2.2", "T", "inner blanks", SERVICES.replace("[STOPPED]", "[ STOPPED ]")),
        ("utils service list",),
        lambda cli: {one.name: (one.state.value, one.reason) for one in cli.services().values()},
        LISTED,
        None,
    ),
    *(
        Row(
            Sample(
                "cucm.md §2.2",
                "T",
                f"state {state}",
                f"Cisco Tftp[{state}]\nPrimary Node =true\n",
                {f"[{state}]": rf"\[{state}\]" if state == "STARTED" else rf"\[{state}\](  \S.*)?"},
            ),
            ("utils service list",),
            _service("Cisco Tftp"),
            (state, ""),
            {"services": {"Cisco Tftp": state}} if state in {"STARTED", "STOPPED", "STARTING", "STOPPING"} else None,
        )
        for state in STATES
    ),
]

SSO = """\
SSO Status: SAML SSO Enabled
IdP Metadata Imported Date = Fri Apr 09 09:09:00 EDT 2021
SP Metadata Exported Date = Fri Apr 02 15:00:42 EDT 2021
SSO Test Result Date = Fri Apr 09 09:10:39 EDT 2021
SAML SSO Test Status = passed
Recovery URL Status = enabled
Entity ID = http://.../adfs/services/trust
"""
ANY_SSO = {
    "Fri Apr 09 09:09:00 EDT 2021": DATE,
    "Fri Apr 02 15:00:42 EDT 2021": DATE,
    "Fri Apr 09 09:10:39 EDT 2021": DATE,
    "http://.../adfs/services/trust": r"https?://\S+",
}


def _sso(cli):
    return cli.sso_reply().enabled, cli.sso_reply().recovery_url


SSO_ROWS = [
    Row(
        Sample("cucm.md §2.5", "T", "sso enabled", SSO, ANY_SSO),
        ("utils sso status",),
        _sso,
        (True, True),
        {"sso": "enabled"},
    ),
    Row(
        Sample("cucm.md §2.5", "I", "recovery url off", SSO.replace("URL Status = enabled", "URL Status = disabled")),
        ("utils sso status",),
        _sso,
        (True, False),
        None,
    ),
    Row(
        Sample("cucm.md §2.5", "I", "sso disabled", "SSO Status: SAML SSO Disabled\n"),
        ("utils sso status",),
        lambda cli: cli.sso_status(),
        makes=False,
        bend={"sso": "disabled"},
    ),
]

ROWS = [*SERVICE_ROWS, *SSO_ROWS]
