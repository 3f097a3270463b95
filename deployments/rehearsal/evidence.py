"""Print the evidence of the last renewal: ``python -m deployments.rehearsal.evidence CLUSTER PURPOSE``, as JSON."""

from __future__ import annotations

import json
import sys

from deployments.commands import Exit, run_command
from tasks.sites import record_of, renewals_of
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import BadInput
from ucrenew.evidence import in_markdown
from ucrenew.record import Kind


def main() -> Exit:
    """Read it from the record on the Prefect server."""
    cluster, purpose = sys.argv[1], Purpose(sys.argv[2])
    last = renewals_of(cluster, purpose).last()
    evidence = record_of(last).value(Kind.EVIDENCE) if last else None
    if evidence is None:
        raise BadInput(f"{cluster} {purpose}: no renewal has finished")
    print(json.dumps({**evidence, "markdown": in_markdown(evidence)}))
    return Exit.DONE


if __name__ == "__main__":
    run_command(main)
