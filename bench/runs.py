"""Measurements in processes of their own, and their results, which are kept."""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.files import write_json
from hexcoder.processes import die_with_parent

Value = TypeVar("Value")
Kept = TypeVar("Kept", bound="Row")
State = Mapping[str, str | float]


class Row(BaseModel):
    """What one measurement gives: a row of a benchmark's results."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def keep(path: Path, state: State, kind: type[Kept], measured: Callable[[], Kept]) -> Kept:
    """What was measured before in the same state (code, settings), or is measured now."""
    if path.is_file() and (kept := read_json(path))["state"] == state:
        return kind.model_validate(kept["result"])
    result = measured()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"state": state, "result": result.model_dump(exclude_unset=True)})
    return result


def _in_own_session(
    connection: Connection, function: Callable[..., object], arguments: Sequence[object]
) -> None:
    os.setsid()
    die_with_parent()
    try:
        connection.send((function(*arguments), None))
    except Exception as error:
        connection.send((None, error))


def within(seconds: float, function: Callable[..., Value], *arguments: object) -> Value | None:
    """Result of a function run in a process of its own, or None if it takes too long.

    What the process has started ends with it.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_in_own_session, args=(sender, function, arguments))
    process.start()
    sender.close()
    try:
        if not receiver.poll(seconds):
            return None
        result, error = receiver.recv()
    except EOFError:
        raise InputError(f"{function.__name__}{arguments} ended without a result") from None
    finally:
        if process.is_alive() and process.pid is not None and os.getsid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.join()
    if error is not None:
        raise error
    return result
