"""What a person signs when they answer a question, and what is wrong with a signature that was given for another.

1. The statement names everything that the answer is bound to: cluster, purpose, number of the renewal, run, the
   question's key (which no question has twice), gate, plan digest, matter, and every field of the form.
2. It is one text, the same on both sides: sorted JSON, so that it can be read before it is signed.
3. In the form it travels with its signature behind it; ``ssh-keygen -Y verify`` can be asked about it for ever.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ucrenew.domain.purpose import Purpose

NAMESPACE = "ucrenew-answer"  # of SSHSIG: what was signed for git or a file is no answer
SIGNATURE, SIGNED = "signature", "signed"  # the form's field; what was found about it
_ARMOR = "-----BEGIN SSH SIGNATURE-----"
_PLACE = {"cluster": "another cluster", "purpose": "another purpose", "renewal": "another renewal"}


def statement_of(cluster: str, purpose: Purpose, number: int, question: str, said: Mapping[str, Any]) -> str:
    """The text to sign. ``said`` is the question's gate, digest, matter and run, and the answer's fields."""
    bound = {
        "ucrenew": "answer, version 1",
        "cluster": cluster,
        "purpose": purpose.value,
        "renewal": number,
        "question": question,
        "said": {name: value for name, value in said.items() if name not in {SIGNATURE, SIGNED}},
    }
    return json.dumps(bound, sort_keys=True, indent=1, ensure_ascii=True) + "\n"


def parted(field: str) -> tuple[str, str]:
    """The statement and the signature that stand in the form's field, the latter empty when there is none."""
    # The UI's text fields and mail programs may make CRLF of a line's end: a statement has none of its own.
    text, armor, signature = field.replace("\r\n", "\n").partition(_ARMOR)
    return text, (armor + signature).strip() + "\n" if armor else ""


def mismatch(signed: str, wanted: str) -> str:
    """Why a statement is not the wanted one; empty when it is."""
    if signed == wanted:
        return ""
    try:
        was, now = json.loads(signed), json.loads(wanted)
        for key, place in _PLACE.items():
            if was[key] != now[key]:
                return f"it was signed for {place}, {str(was[key])[:60]!r}"
        return _other_question(was, now)
    except (ValueError, TypeError, LookupError, RecursionError):
        return "what was signed is no answer of ours"


def _other_question(was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if was["said"]["digest"] != now["said"]["digest"]:
        return f"it was signed for another plan, with digest {str(was['said']['digest'])[:16]!r}"
    if was["question"] != now["question"] or was["said"]["run"] != now["said"]["run"]:
        return f"it was signed for another question, {str(was['question'])[:80]!r}, and counts there only"
    fields = {name for name in {*was["said"], *now["said"]} if was["said"].get(name) != now["said"].get(name)}
    return f"the form is not as it was signed: {', '.join(sorted(fields))[:80] or 'its text'} differs"
