"""Compares ditharos with PyTorch, ONNX Runtime and OpenVINO; see README.md beside this file."""

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Callable, Collection, Iterator
from importlib.metadata import version
from itertools import product
from pathlib import Path

import artefacts
import measure
import report
from console import ComparisonError, say
from ditharos import Ditharos, default_threads
from folders import FORWARD_BATCH, JOB_BATCH
from jobs import Job
from models import MODELS, PRECISIONS
from results import Comparison
from runtimes import FORWARD, JOB, RUNTIMES

REPOSITORY = Path(__file__).resolve().parents[2]


def listed(known: Collection[str]) -> Callable[[str], list[str]]:
    """Return a reader of names separated by commas."""

    def read(text: str) -> list[str]:
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(
                f"{', '.join(unknown)} is unknown; choose from {', '.join(known)}"
            )
        return names

    return read


def jobs(text: str) -> dict[str, int]:
    """Read MODEL:STEPS, separated by commas; `none` is empty."""
    found = {}
    for part in [] if text == "none" else text.split(","):
        model, _, steps = part.partition(":")
        if model not in MODELS or not steps.isdecimal() or not 1 <= int(steps) <= 1000:
            raise argparse.ArgumentTypeError(
                f"{part} is not MODEL:STEPS: a model of {', '.join(MODELS)}, and 1 to 1000 steps"
            )
        found[model] = int(steps)
    return found


def absolute(text: str) -> Path:
    """Read a path."""
    return Path(text).absolute()


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="Benchmarks/peers/run", description=__doc__)
    parser.add_argument(
        "--models", type=listed(MODELS), default=list(MODELS),
        help=f"of the forward pass; by default {','.join(MODELS)}",
    )  # fmt: skip
    parser.add_argument(
        "--jobs", type=jobs, default={"s-2": 20}, metavar="MODEL:STEPS,...",
        help="whole jobs; by default s-2:20",
    )  # fmt: skip
    parser.add_argument(
        "--measure", type=listed((FORWARD, JOB)), default=[FORWARD, JOB],
        help="forward, job, or both (default)",
    )  # fmt: skip
    parser.add_argument(
        "--precisions", type=listed(PRECISIONS), default=list(PRECISIONS),
        help="f32, bf16, or both (default)",
    )  # fmt: skip
    parser.add_argument(
        "--runtimes", type=listed(RUNTIMES), default=list(RUNTIMES),
        help=f"who takes part; by default {','.join(RUNTIMES)}",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default: 5)")
    parser.add_argument("--runs", type=int, default=5, help="forward passes a turn (default: 5)")
    parser.add_argument("--threads", type=int, help="of all; by default those of ditharos")
    parser.add_argument("--format", choices=("text", "markdown", "json"), default="text")
    parser.add_argument(
        "--program", type=absolute, default=REPOSITORY / ".build/release/ditharos",
        help="ditharos (default: .build/release/ditharos)",
    )  # fmt: skip
    parser.add_argument(
        "--work", type=absolute, default=REPOSITORY / ".build/peers",
        help="where the models are kept (default: .build/peers)",
    )  # fmt: skip
    parser.add_argument(
        "--prepare", action="store_true", help="make what the comparison needs, and end"
    )
    parser.add_argument("--clean", action="store_true", help="remove the kept models, and end")
    chosen = parser.parse_args()
    for name in ("rounds", "runs", "threads"):
        if getattr(chosen, name) is not None and getattr(chosen, name) < 1:
            parser.error(f"--{name} must be at least 1")
    return chosen


def machine() -> dict[str, str]:
    """Return what the numbers depend on besides the program."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    packages = ("torch", "diffusers", "onnxruntime", "openvino")
    return {
        "processor": names[0] if names else platform.machine(),
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }


def prepared(chosen: argparse.Namespace) -> dict[str, Path]:
    """Make what the chosen comparisons read, and return the folder of each model."""
    batches: dict[str, set[int]] = {}
    for model in chosen.models if FORWARD in chosen.measure else []:
        batches.setdefault(model, set()).add(FORWARD_BATCH)
    for model in chosen.jobs if JOB in chosen.measure else []:
        batches.setdefault(model, set()).add(JOB_BATCH)
    chosen.work.mkdir(parents=True, exist_ok=True)
    artefacts.check_space(chosen.work, batches, chosen.runtimes)
    return {
        model: artefacts.prepare(chosen.work, model, sizes, chosen.runtimes)
        for model, sizes in batches.items()
    }


def compare(chosen: argparse.Namespace, folders: dict[str, Path]) -> Iterator[Comparison]:
    """Check and measure what was chosen, one comparison after another."""
    for name in chosen.runtimes:
        asked = product(chosen.precisions, chosen.measure)
        if RUNTIMES[name].note and not all(RUNTIMES[name].takes_part(*pair) for pair in asked):
            say(RUNTIMES[name].note)
    threads = chosen.threads or default_threads(chosen.program)
    ditharos = Ditharos(chosen.program, threads, chosen.work)
    settings = measure.Settings(ditharos, chosen.runtimes, chosen.rounds, chosen.runs)
    if FORWARD in chosen.measure:
        for model, precision in product(chosen.models, chosen.precisions):
            yield measure.forward(settings, folders[model], model, precision)
    if JOB in chosen.measure:
        for (model, steps), precision in product(chosen.jobs.items(), chosen.precisions):
            yield measure.whole_job(settings, Job(model, precision, steps, folders[model]))


def main() -> int:
    """Return the exit status."""
    chosen = options()
    if chosen.clean:
        for model in MODELS:
            shutil.rmtree(chosen.work / model, ignore_errors=True)
        return 0
    found: list[Comparison] = []
    status = 0
    try:
        if not os.access(chosen.program, os.X_OK):
            raise ComparisonError(f"there is no program {chosen.program}; `make build` makes it")
        folders = prepared(chosen)
        for comparison in [] if chosen.prepare else compare(chosen, folders):
            found.append(comparison)
            if chosen.format == "text":
                print(report.table(comparison), end="\n\n", flush=True)
    except ComparisonError as error:
        print(f"error: {error}", file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        print("error: interrupted; what was prepared is kept", file=sys.stderr)
        status = 130
    # What was found until then is worth having.
    if chosen.format == "json" and not chosen.prepare:
        print(report.as_json(found, machine()))
    elif chosen.format == "markdown" and found:
        print(report.markdown(found))
    return status


if __name__ == "__main__":
    sys.exit(main())
