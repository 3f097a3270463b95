"""The record on the Prefect server: one artifact a fact under the renewal's key, append-only (design.md §3)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import Artifact
from prefect.client.schemas.sorting import ArtifactSort
from prefect.context import get_run_context
from prefect.exceptions import MissingContextError, PrefectHTTPStatusError

from ucrenew.errors import Transient
from ucrenew.record import Fact, Kind

_PAGE = 200
_PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0)  # seconds between tries of one note
_FENCE = "```json\n"


class PrefectStore:
    """A ucrenew.record.Store whose facts people can read under Artifacts in the Prefect UI."""

    def append(self, key: str, fact: Fact) -> None:
        """Write the fact as one artifact. Raises Transient when the server did not take it."""
        document = {"kind": fact.kind, "about": fact.about, "at": fact.at.isoformat(), "value": dict(fact.value)}
        body = json.dumps(document, indent=1, ensure_ascii=False)
        title = f"{fact.kind} {fact.about}".strip()
        for pause in (*_PAUSES, None):
            try:
                _keep(f"{_FENCE}{body}\n```\n", key, title)
            except (httpx.HTTPError, PrefectHTTPStatusError) as error:
                # Noted twice does no harm, the first one counts; not noted at all might.
                if pause is None:
                    raise Transient(f"the Prefect server did not take the note '{title}' of {key}: {error}") from error
                threading.Event().wait(pause)
            else:
                return

    def read(self, key: str) -> list[Fact]:
        """Every fact under the key, oldest first."""
        try:
            with get_client(sync_client=True) as client:
                found = sorted(_all(client, key), key=lambda artifact: (str(artifact.created), str(artifact.id)))
        except (httpx.HTTPError, PrefectHTTPStatusError) as error:
            raise Transient(f"the Prefect server did not show the record {key}: {error}") from error
        return [_fact(artifact.data) for artifact in found if _is_fact(artifact.data)]


def _keep(text: str, key: str, title: str) -> None:
    """By Prefect's own function within a run, which links the two; outside it warns that it is on its way out."""
    try:
        get_run_context()
    except MissingContextError:
        with get_client(sync_client=True) as client:
            client.create_artifact(ArtifactCreate(key=key, type="markdown", description=title, data=text))
    else:
        create_markdown_artifact(text, key=key, description=title)


def _all(client: SyncPrefectClient, key: str) -> Iterator[Artifact]:
    offset = 0
    while True:
        page = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])),
            sort=ArtifactSort.ID_DESC,
            limit=_PAGE,
            offset=offset,
        )
        yield from page
        if len(page) < _PAGE:
            return
        offset += _PAGE


def _is_fact(data: Any) -> bool:  # noqa: ANN401 - an artifact's data is any JSON
    return isinstance(data, str) and data.startswith(_FENCE)


def _fact(data: Any) -> Fact:  # noqa: ANN401
    document = json.loads(str(data).removeprefix(_FENCE).rstrip().removesuffix("```"))
    at = datetime.fromisoformat(document["at"])
    return Fact(Kind(document["kind"]), document["about"], document["value"], at)
