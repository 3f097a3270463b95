"""A record's store that lives as long as the test; it keeps facts as JSON, as the Prefect server does."""

import json
from collections import defaultdict
from datetime import datetime

from ucrenew.record import Fact, Kind


class MemoryStore:
    """A ucrenew.record.Store; ``lines`` is everything that was ever appended, by key."""

    def __init__(self):
        self.lines = defaultdict(list)

    def append(self, key, fact):
        """Keep the fact."""
        self.lines[key].append(json.dumps([fact.kind, fact.about, dict(fact.value), fact.at.isoformat()]))

    def read(self, key):
        """All facts under the key, oldest first."""
        return [_fact(*json.loads(line)) for line in self.lines.get(key, [])]


def _fact(kind, about, value, at):
    return Fact(Kind(kind), about, value, datetime.fromisoformat(at))
