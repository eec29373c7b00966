"""Checking that all runtimes agree, then timing them in turn."""

from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np
from safetensors.numpy import load_file

from console import ComparisonError, say
from ditharos import Ditharos
from folders import REFERENCE, WEIGHTS
from jobs import Job, run_job
from models import MODELS
from results import Comparison, Timing
from runtimes import DITHAROS, FORWARD, JOB, RUNTIMES
from workers import Workers, all_fit

# The largest relative error in f32 against PyTorch, of a prediction or of a job's latent.
BOUND = 1e-4


def relative_error(actual: Path, expected: Path) -> float:
    """Return max |a - b| / max |b| of the only tensors of two files; infinity for NaN."""
    (a,) = load_file(actual).values()
    (b,) = load_file(expected).values()
    if a.shape != b.shape or not np.isfinite(a).all():
        return float("inf")
    return float(np.abs(a.astype(np.float64) - b).max() / np.abs(b).max())


def check(comparison: Comparison) -> None:
    """Report the errors of all runtimes, and fail if one is above its bound."""
    wrong = []
    said = []
    for name, timing in comparison.timings.items():
        narrow = comparison.precision == "bf16"
        bound = RUNTIMES[name].narrow_bound if narrow else BOUND
        said.append(f"{RUNTIMES[name].title} {timing.error:.1e} of {bound:.0e}")
        # Not `>`: NaN is an error.
        if not timing.error <= bound:
            wrong.append(RUNTIMES[name].title)
    say(f"{comparison.title}: relative error {', '.join(said)}")
    if wrong:
        raise ComparisonError(
            f"{comparison.title}: not the result of PyTorch in f32: {', '.join(wrong)}. Times of "
            "different results say nothing; leave it out with --runtimes, or repair it"
        )


def say_round(comparison: Comparison, index: int, rounds: int) -> None:
    """Report the seconds of a round."""
    listed = ", ".join(f"{name} {t.seconds[index]:.4f}" for name, t in comparison.timings.items())
    say(f"round {index + 1} of {rounds}: {listed} s")


@dataclass(frozen=True)
class Settings:
    """What holds for all comparisons.

    Attributes:
        runtimes: their names, in the order in which they take turns.
        rounds: turns of each.
        runs: forward passes of a turn, of which the median counts.
    """

    ditharos: Ditharos
    runtimes: list[str]
    rounds: int
    runs: int

    def names(self, precision: str, measure: str) -> list[str]:
        """Return the runtimes that take part."""
        return [name for name in self.runtimes if RUNTIMES[name].takes_part(precision, measure)]


def forward(settings: Settings, folder: Path, model: str, precision: str) -> Comparison:
    """Compare one forward pass at batch 1."""
    ditharos = settings.ditharos
    comparison = Comparison(
        model,
        precision,
        0,
        ditharos.threads,
        flops=2.0 * ditharos.multiply_accumulates(folder),
    )
    names = settings.names(precision, FORWARD)
    stay = all_fit(names, (folder / WEIGHTS).stat().st_size)
    with Workers(model, precision, ditharos.threads, folder, ditharos.work, stay) as workers:
        for name in names:
            say(f"{comparison.title}: trying {RUNTIMES[name].title}")
            if name == DITHAROS:
                error = relative_error(ditharos.predict(folder, precision), folder / REFERENCE)
            else:
                with workers.turn(name) as (_, prediction):
                    error = relative_error(prediction, folder / REFERENCE)
            comparison.timings[name] = Timing(error)
        check(comparison)
        for index in range(settings.rounds):
            for name, timing in comparison.timings.items():
                if name == DITHAROS:
                    benched = ditharos.bench(folder, precision, settings.runs)
                    comparison.peaks.append(benched.peak_flops)
                    seconds, memory = benched.seconds, benched.peak_memory
                else:
                    with workers.turn(name) as (worker, _):
                        times, memory = worker.time(settings.runs)
                    seconds = median(times)
                timing.seconds.append(seconds)
                timing.peak_memory = max(timing.peak_memory, memory)
            say_round(comparison, index, settings.rounds)
    return comparison


def reference_latent(settings: Settings, job: Job) -> Path:
    """Return the file with the latent of PyTorch in f32, made if it is not there."""
    kept = job.folder / f"latent-{job.steps}.safetensors"
    if not kept.exists():
        job = replace(job, precision="f32")
        say(f"{MODELS[job.model].title}: {job.steps} steps of PyTorch in f32 for reference")
        run_job(job, "eager", settings.ditharos)[1].rename(kept)
    return kept


def whole_job(settings: Settings, job: Job) -> Comparison:
    """Compare whole jobs, each a process from start to end."""
    ditharos = settings.ditharos
    names = settings.names(job.precision, JOB)
    reference = reference_latent(settings, job)
    if DITHAROS in names:
        ditharos.pack(job.folder, job.precision)
    comparison = Comparison(
        job.model,
        job.precision,
        job.steps,
        ditharos.threads,
        # Guidance doubles the batch.
        flops=2.0 * ditharos.multiply_accumulates(job.folder) * 2 * job.steps,
    )
    for name in names:
        say(f"{comparison.title}: trying {RUNTIMES[name].title}")
        latent = run_job(job, name, ditharos)[1]
        comparison.timings[name] = Timing(relative_error(latent, reference))
    check(comparison)
    if DITHAROS in names:
        comparison.peaks.append(ditharos.bench(job.folder, job.precision, 1).peak_flops)
    for index in range(settings.rounds):
        for name, timing in comparison.timings.items():
            finished = run_job(job, name, ditharos)[0]
            timing.seconds.append(finished.seconds)
            timing.peak_memory = max(timing.peak_memory, finished.peak_memory)
            if finished.start_seconds is not None:
                timing.start_seconds.append(finished.start_seconds)
        say_round(comparison, index, settings.rounds)
    return comparison
