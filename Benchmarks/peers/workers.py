"""The processes of forward passes, which stay loaded where the memory suffices for all."""

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from console import say
from processes import FOLDER, environment, failure
from runtimes import RUNTIMES

# What a process holds besides weights, about.
OTHER_BYTES = 500_000_000


def available_memory() -> int:
    """Return how many bytes processes can still take."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise ValueError("/proc/meminfo has no MemAvailable")


class Worker:
    """A process of `worker.py`: one model in one runtime, loaded until the end of the context."""

    def __init__(
        self, runtime: str, model: str, precision: str, threads: int, folder: Path, work: Path
    ) -> None:
        """Start to load; `prediction` waits until that is done."""
        self.prediction_file = folder / f"prediction-{runtime}-{precision}.safetensors"
        self.command = [
            sys.executable,
            str(FOLDER / "worker.py"),
            runtime,
            model,
            precision,
            str(threads),
            str(folder),
            str(self.prediction_file),
        ]
        self.messages = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.messages,
            text=True,
            env=environment(threads, work),
        )
        assert self.process.stdin and self.process.stdout
        self.requests, self.answers = self.process.stdin, self.process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.requests.close()
        self.answers.close()
        self.process.wait()
        self.messages.close()

    def answer(self) -> dict[str, Any]:
        """Return the next answer; fail with the messages of the process if it has ended."""
        # Libraries print to standard output, too.
        while line := self.answers.readline():
            if line.startswith("{"):
                return json.loads(line)
        self.process.wait()
        self.messages.seek(0)
        raise failure(self.command, self.process.returncode, self.messages.read())

    def prediction(self) -> Path:
        """Return the file with the prediction, once the model is loaded."""
        self.answer()
        return self.prediction_file

    def time(self, runs: int) -> tuple[list[float], int]:
        """Return the seconds of each of some forward passes, and the peak memory in bytes."""
        self.requests.write(f"{runs}\n")
        self.requests.flush()
        answer = self.answer()
        return answer["seconds"], answer["peak_memory"]


@dataclass
class Workers:
    """The workers of all peers of a comparison.

    Attributes:
        model: its name.
        precision: f32 or bf16.
        threads: of each.
        folder: the model's.
        work: the work folder.
        stay: whether all are loaded at once; else each is loaded for its turn.
    """

    model: str
    precision: str
    threads: int
    folder: Path
    work: Path
    stay: bool
    loaded: dict[str, Worker] = field(default_factory=dict)
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    @contextlib.contextmanager
    def turn(self, runtime: str) -> Iterator[tuple[Worker, Path]]:
        """Provide a loaded worker and the file of its prediction."""
        if worker := self.loaded.get(runtime):
            yield worker, worker.prediction_file
            return
        worker = Worker(runtime, self.model, self.precision, self.threads, self.folder, self.work)
        if self.stay:
            self.loaded[runtime] = self.stack.enter_context(worker)
            yield worker, worker.prediction()
        else:
            with worker:
                yield worker, worker.prediction()


def all_fit(runtimes: list[str], weight_bytes: int) -> bool:
    """Whether the memory holds all runtimes at once; says so if it does not."""
    needed = sum(OTHER_BYTES + RUNTIMES[name].copies * weight_bytes for name in runtimes)
    free = available_memory()
    if needed > free:
        say(
            f"all at once take {needed / 1e9:.0f} GB of memory and {free / 1e9:.0f} GB are free: "
            "each is loaded for its turn, which takes longer"
        )
    return needed <= free
