"""The commands of ditharos that a comparison uses."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from folders import GUIDANCE, INPUTS, LABEL, NOISE, SPEC, WEIGHTS, packed_model
from processes import Finished, environment, run

SHIPPED_SPEC = Path(__file__).resolve().parents[2] / "Specs/dit-s-2.yaml"


def default_threads(program: Path) -> int:
    """Return how many threads ditharos takes unless told: the cores, or the quota of them."""
    command = [str(program), "plan", str(SHIPPED_SPEC), "--format", "json"]
    return json.loads(run(command, dict(os.environ)).output)["machine"]["threads"]


@dataclass(frozen=True)
class Benched:
    """What `bench` measured.

    Attributes:
        seconds: of a forward pass.
        peak_flops: what the processor reaches in the precision, by bench's own loop.
        peak_memory: of the process, in bytes.
    """

    seconds: float
    peak_flops: float
    peak_memory: int


@dataclass(frozen=True)
class Ditharos:
    """The program, the number of its threads, and the work folder."""

    program: Path
    threads: int
    work: Path

    def call(self, *arguments: str | Path) -> Finished:
        """Run a command to its end."""
        command = [str(self.program), *map(str, arguments)]
        return run(command, environment(self.threads, self.work))

    def multiply_accumulates(self, folder: Path) -> int:
        """Return those of one forward pass at batch 1, as the DiT paper counts them."""
        return json.loads(self.call("plan", folder / SPEC, "--format", "json").output)["macs"]

    def predict(self, folder: Path, precision: str) -> Path:
        """Return a file with the prediction for the folder's inputs."""
        prediction = folder / f"prediction-ditharos-{precision}.safetensors"
        self.call(
            "eval", folder / SPEC, *self.settings(precision),
            "--inputs", folder / INPUTS, "--outputs", prediction,
        )  # fmt: skip
        return prediction

    def bench(self, folder: Path, precision: str, runs: int) -> Benched:
        """Return what a forward pass takes, the median of some runs, in a process of its own."""
        finished = self.call(
            "bench", folder / SPEC, *self.settings(precision),
            "--weights", folder / WEIGHTS, "--measure", "forward", "--runs", str(runs),
            "--format", "json",
        )  # fmt: skip
        result = json.loads(finished.output)["results"][0]
        return Benched(
            result["seconds_per_forward"],
            result["flops_per_second"] / result["fraction_of_peak"],
            finished.peak_memory,
        )

    def pack(self, folder: Path, precision: str) -> None:
        """Make the packed model, which another program or precision packs anew."""
        file = packed_model(folder, precision)
        self.call("compile", folder / SPEC, *self.settings(precision), "-o", file)

    def job(self, model: Path, folder: Path, precision: str, steps: int, latent: Path) -> Finished:
        """Sample from the folder's noise with a spec or a packed model, from start to end."""
        return self.call(
            "run", model, *self.settings(precision), "--label", str(LABEL),
            "--guidance", str(GUIDANCE), "--steps", str(steps), "--noise", folder / NOISE,
            "--progress", "jsonl", "-o", latent,
        )  # fmt: skip

    def settings(self, precision: str) -> list[str]:
        """Return the options that all commands share."""
        return ["--threads", str(self.threads), "--precision", precision]
