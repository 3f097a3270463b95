"""How one step of a renewal becomes a Prefect task: retried only where that can help, never cached, and terse.

A result on a worker's disk would let a later life skip its own look at the cluster (design.md §3), so nothing is
persisted. A refused password is never tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import exponential_backoff

from ucrenew.errors import Transient, Trouble

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def is_transient(_task: Any, _run: TaskRun, state: State[Any]) -> bool:  # noqa: ANN401 - Prefect's own signature
    """True when the step may go well if it looks again."""
    try:
        found = state.result(raise_on_failure=False)
    except Transient:
        return True
    return isinstance(found, Transient)


_RETRIED = "Task run failed with %s: %r - Retry %s/%s will start %s"  # prefect.task_engine, 3.8 and 3.9


class Terse(logging.Filter):
    """What went wrong in our own words needs no traceback and no class name; everything else keeps them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop the traceback of our own errors from a log line, and say in words that a step is tried again."""
        if record.msg == _RETRIED and isinstance(record.args, tuple) and isinstance(record.args[1], Trouble):
            record.msg, record.args = "%s; trying again, %s of %s", record.args[1:4]
        if record.exc_info and isinstance(record.exc_info, tuple) and isinstance(record.exc_info[1], Trouble):
            record.msg, record.args = "%s", (str(record.exc_info[1]),)
            record.exc_info = None
        return True


for _name in ("prefect.task_runs", "prefect.flow_runs"):
    logging.getLogger(_name).addFilter(Terse())


def step(*, name: str, retries: int = 3) -> Callable[[Callable[_Parameters, _Result]], Task[_Parameters, _Result]]:
    """Turn a function into one step of a renewal."""
    return task(
        name=name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=retries,
        retry_delay_seconds=exponential_backoff(backoff_factor=2),
        retry_jitter_factor=0.5,
        retry_condition_fn=is_transient,
    )
