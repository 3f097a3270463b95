"""Literal samples of the reference pages, and the shape that an answer has if it follows one of them.

The tests of this folder come from ``cucm.md`` §1, §2 and ``certsrv.md`` alone: neither the simulator nor the clients
were read for them. Each sample is held against both: the simulator must answer in its shape, our client must make the
right value of its bytes. So what one head misread on both sides does not stay unseen.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

PEM = re.compile(r"-----BEGIN [A-Z ]+-----\n[A-Za-z0-9+/=\n]+-----END [A-Z ]+-----\n?$")


@dataclass(frozen=True)
class Sample:
    """What a page shows, verbatim; ``mark`` is the page's own word for how sure it is.

    ``varies`` are the parts that belong to the server that was watched, with a pattern for those of another one.
    """

    page: str
    mark: str
    name: str
    text: str
    varies: Mapping[str, str] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """Its lines, without those that only keep a distance."""
        return [line for line in self.text.splitlines() if line.strip()]

    def shape(self, line: str) -> re.Pattern[str]:
        """A pattern for a part of this sample: all of it is literal but what varies."""
        parts = "|".join(re.escape(part) for part in sorted(self.varies, key=len, reverse=True))
        pieces = re.split(f"({parts})", line) if parts else [line]
        return re.compile("".join(self.varies.get(piece, re.escape(piece)) for piece in pieces))

    def missing(self, answer: str, *, ordered: bool = True) -> list[str]:
        """The lines of this sample that an answer does not have; blanks around them count for nothing.

        The pages quote most lines alone, so how far they are indented is not known.
        """
        wanted, heard = self.lines, [line.strip() for line in answer.split("\n")]
        absent = []
        for line in wanted:
            shape = self.shape(line.strip())
            place = next((at for at, said in enumerate(heard) if shape.fullmatch(said)), None)
            if place is None:
                absent.append(line)
            elif ordered:
                heard = heard[place + 1 :]
        return absent


def named(rows):
    """The arguments of ``parametrize`` for a table of rows, samples, or pairs of a sample and something."""
    samples = [row if isinstance(row, Sample) else row[0] if isinstance(row, tuple) else row.sample for row in rows]
    return {"argvalues": rows, "ids": [f"{sample.page} {sample.name}".replace("§", "") for sample in samples]}


def lacking(sample, answer, at=""):
    """Where JSON does not have the shape of a sample: every key of it, the same types; a list's first element counts.

    A certificate is one whose PEM block has real newlines (cucm.md §1.4).
    """
    if type(sample) is not type(answer):
        return [f"{at}: {type(answer).__name__}"]
    if isinstance(sample, dict):
        absent = [f"{at}/{key}" for key in sample if key not in answer]
        return absent + [
            one for key in sample if key in answer for one in lacking(sample[key], answer[key], f"{at}/{key}")
        ]
    if isinstance(sample, list):
        return [one for part in answer for one in lacking(sample[0], part, f"{at}/*")] if sample else []
    return [at] if str(sample).startswith("-----BEGIN") and not PEM.match(answer) else []
