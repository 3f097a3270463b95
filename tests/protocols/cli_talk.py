"""What tests of the `admin:` dialogue share: a node as bytes, and a session at it."""

from tests.protocols.far_end import FarEnd, typed
from ucrenew.clients.platform_cli import PlatformCli

BANNER = (
    b"Command Line Interface is starting up, please wait ...\r\n\r\n"
    b"   Welcome to the Platform Command Line Interface\r\n\r\nVMware Installation:\r\n"
    b"\t2 vCPU: Intel(R) Xeon(R) CPU E5-2690 v4 @ 2.60GHz\r\n\t8192 Mbytes RAM\r\n\r\n"
)
PAGINATION = typed("set cli pagination off", "Automatic pagination is turned off")
TOMCAT = typed("utils service list", "Cisco Tomcat[STARTED]\nCisco DRF Local[STOPPED]  Service Not Activated")


def node(*answers, says=((8, BANNER + b"admin:"),), **options):
    """A node that logs in, switches paging off, and then answers as the test says."""
    return FarEnd(says=says, answers=[*PAGINATION, *answers], **options)


def cli_to(far_end, **options):
    """A session at it, not entered yet."""
    return PlatformCli("cs-ccm-pub.example.com", far_end, clock=far_end.clock, **options)
