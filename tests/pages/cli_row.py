"""One row of the command line's samples: what is asked, what the page shows, what our client makes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.pages.sample import Sample

DATE = r"\w{3} \w{3} +\d+ \d\d:\d\d:\d\d(?: \w+)? \d{4}"
HOST = r"[\w-]+"
FQDN = r"[\w.-]+"
IP = r"\d+\.\d+\.\d+\.\d+"


@dataclass(frozen=True)
class Row:
    """A reply to ``commands``, all of which the pages show: what our client, asked by ``reads``, makes of it.

    ``bend`` brings the simulator's publisher there (`{"nodes": ..}` of one node); None: the simulator need not say it.
    """

    sample: Sample
    commands: tuple[str, ...]
    reads: Callable
    makes: object
    bend: Mapping[str, object] | None = field(default_factory=dict)
    ordered: bool = True
