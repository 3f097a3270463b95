"""The language packs of the simulated web enrollment: what the pages say on a server that is not an English one.

Element ids, addresses and numbers are the same in each language (certsrv.md §3.3). A pack is a file of ``languages/``,
where known words and guessed ones are told apart; what is not in it is said in English.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from ucrenew.simulator.iis import Language


@dataclass(frozen=True)
class Pack:
    """One language; an empty pack is English."""

    pages: Mapping[str, str] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)

    def say(self, text: str) -> str:
        """A text of the pages."""
        return self.pages.get(text, text)

    def quote(self, message: str) -> str:
        """A message of the CA, whose own words are in the same language."""
        for english, here in self.messages.items():
            message = message.replace(english, here)
        return message


@cache
def pack(language: Language) -> Pack:
    """The pack of a language."""
    if language == "en":
        return Pack()
    file = resources.files("ucrenew.simulator").joinpath("languages", f"{language}.toml")
    return Pack(**tomllib.loads(file.read_text(encoding="utf-8")))
