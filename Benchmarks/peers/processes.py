"""Starting the processes that are measured."""

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from console import ComparisonError

FOLDER = Path(__file__).resolve().parent


def environment(threads: int, work: Path) -> dict[str, str]:
    """Return the variables of a measured process: every library gets the number of threads."""
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "PYTHONWARNINGS": "ignore",
        "TORCHINDUCTOR_CACHE_DIR": str(work / "inductor"),
    }


def failure(command: list[str], status: int, messages: str) -> ComparisonError:
    """Return the error of a process that failed, with the last of what it said."""
    said = "\n".join(f"  {line}" for line in messages.strip().splitlines()[-12:])
    return ComparisonError(f"{' '.join(command)}\nended with status {status}:\n{said}")


@dataclass(frozen=True)
class Finished:
    """What a process that ran from start to end took.

    Attributes:
        seconds: from before it was started until it had ended.
        start_seconds: until its first step began; None if it said nothing of steps.
        peak_memory: resident bytes.
        output: what it wrote to standard output.
    """

    seconds: float
    start_seconds: float | None
    peak_memory: int
    output: str


def run(command: list[str], variables: dict[str, str]) -> Finished:
    """Run a process to its end, and fail with its messages if it fails.

    The first line of JSON on standard error, with `seconds` since its loop began, tells when that
    was.
    """
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            env=variables,
        )
        assert process.stderr
        messages = []
        began = None
        with process.stderr:
            for line in process.stderr:
                if began is None and line.startswith('{"step"'):
                    began = time.perf_counter() - start
                    began -= json.loads(line).get("seconds", 0)
                messages.append(line)
        # `wait4` in place of `wait`, for the peak memory of this process alone.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise failure(command, process.returncode, "".join(messages))
        output.seek(0)
        return Finished(seconds, began, usage.ru_maxrss * 1024, output.read())
