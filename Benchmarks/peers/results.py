"""What a comparison finds, and what follows from it."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

from models import MODELS
from runtimes import DITHAROS


@dataclass(frozen=True)
class Spread:
    """A quantity of several rounds."""

    median: float
    least: float
    most: float

    @staticmethod
    def of(values: list[float]) -> "Spread":
        """Return the spread of at least one value."""
        return Spread(median(values), min(values), max(values))

    def json(self) -> dict[str, float]:
        """Return the JSON form."""
        return {"median": self.median, "min": self.least, "max": self.most}


@dataclass
class Timing:
    """One runtime.

    Attributes:
        error: of its prediction or latent against diffusers in f32, relative.
        seconds: by round; of a forward pass the median of the round's runs.
        start_seconds: by round, of a job: from process start to its first step.
        peak_memory: resident bytes of its process, the most of all rounds.
    """

    error: float
    seconds: list[float] = field(default_factory=list)
    start_seconds: list[float] = field(default_factory=list)
    peak_memory: int = 0


@dataclass
class Comparison:
    """All runtimes on one model in one precision.

    Attributes:
        model: its name.
        precision: f32 or bf16.
        steps: of a whole job; 0 for a forward pass.
        threads: of every runtime.
        flops: floating-point operations of what is timed.
        timings: by the runtime's name.
        peaks: the processor's peak by round, in operations per second; empty without ditharos.
    """

    model: str
    precision: str
    steps: int
    threads: int
    flops: float
    timings: dict[str, Timing] = field(default_factory=dict)
    peaks: list[float] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What was timed, for people."""
        what = f"{self.steps} steps, guidance, whole process" if self.steps else "one forward pass"
        return f"{MODELS[self.model].title}, {self.precision}, {what}"

    def seconds(self, runtime: str) -> Spread:
        """Return the seconds of a runtime."""
        return Spread.of(self.timings[runtime].seconds)

    def rate(self, runtime: str) -> float:
        """Return the operations per second of a runtime, at its median."""
        return self.flops / self.seconds(runtime).median

    def fraction_of_peak(self, runtime: str) -> float | None:
        """Return the part of the peak that the rate is, or None where no peak was measured."""
        return self.rate(runtime) / median(self.peaks) if self.peaks else None

    def ratio(self, runtime: str) -> Spread | None:
        """Return how often ditharos would run in the time of another, by round."""
        ours = self.timings.get(DITHAROS)
        if ours is None or runtime == DITHAROS:
            return None
        theirs = self.timings[runtime].seconds
        return Spread.of([their / our for their, our in zip(theirs, ours.seconds, strict=True)])

    def json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "model": self.model,
            "precision": self.precision,
            "measure": "job" if self.steps else "forward",
            "steps": self.steps or None,
            "threads": self.threads,
            "flops": self.flops,
            "peak_flops": median(self.peaks) if self.peaks else None,
            "runtimes": {name: self.timing_json(name) for name in self.timings},
        }

    def timing_json(self, runtime: str) -> dict[str, Any]:
        """Return the JSON form of one runtime."""
        timing = self.timings[runtime]
        ratio = self.ratio(runtime)
        return {
            "seconds": self.seconds(runtime).json(),
            "rounds": timing.seconds,
            "start_seconds": median(timing.start_seconds) if timing.start_seconds else None,
            "flops_per_second": self.rate(runtime),
            "fraction_of_peak": self.fraction_of_peak(runtime),
            "ratio_to_ditharos": ratio.json() if ratio else None,
            "peak_memory_bytes": timing.peak_memory,
            "relative_error": timing.error,
        }
