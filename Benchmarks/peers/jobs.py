"""The processes of whole jobs, and of one of them the program."""

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from console import ComparisonError, say
from ditharos import Ditharos
from folders import (
    GUIDANCE,
    JOB_BATCH,
    LABEL,
    NOISE,
    SPEC,
    openvino_cache,
    openvino_model,
    packed_model,
)
from models import MODELS
from processes import FOLDER, Finished, environment, run
from runtimes import DITHAROS, OPENVINO_CPP, UNPACKED


@dataclass(frozen=True)
class Job:
    """Sampling from the folder's noise: guidance is a batch of two."""

    model: str
    precision: str
    steps: int
    folder: Path


def run_job(job: Job, runtime: str, ditharos: Ditharos) -> tuple[Finished, Path]:
    """Run a job from process start to end, and return what it took and the file of its latent.

    Args:
        job: what to do.
        runtime: who does it; of ditharos the packed model must be there.
        ditharos: the program, the threads and the work folder of all.
    """
    latent = job.folder / f"latent-{runtime}-{job.precision}.safetensors"
    if runtime in (DITHAROS, UNPACKED):
        packed = packed_model(job.folder, job.precision)
        model = packed if runtime == DITHAROS else job.folder / SPEC
        return ditharos.job(model, job.folder, job.precision, job.steps, latent), latent
    threads, work = ditharos.threads, ditharos.work
    command: list[object]
    if runtime == OPENVINO_CPP:
        command = [
            openvino_program(work),
            openvino_model(job.folder, JOB_BATCH),
            job.precision,
            threads,
            openvino_cache(job.folder, job.precision),
            job.folder / NOISE,
            LABEL,
            MODELS[job.model].classes,
            GUIDANCE,
            job.steps,
            latent,
        ]
    else:
        command = [
            sys.executable,
            FOLDER / "job.py",
            runtime,
            job.model,
            job.precision,
            threads,
            job.folder,
            job.steps,
            latent,
        ]
    return run([str(part) for part in command], environment(threads, work)), latent


def openvino_program(work: Path) -> Path:
    """Return the compiled `openvino_job.cpp`, compiling it where that has not been done."""
    source = FOLDER / "openvino_job.cpp"
    digest = hashlib.sha256(
        source.read_bytes() + distribution("openvino").version.encode()
    ).hexdigest()
    program = work / f"openvino_job-{digest[:16]}"
    if program.exists():
        return program
    say("compiling openvino_job.cpp")
    # Found, not imported: what this process holds counts as memory of those that it starts.
    package = Path(str(distribution("openvino").locate_file("openvino")))
    (library,) = (package / "libs").glob("libopenvino.so.*")
    partial = program.with_suffix(".partial")
    command = ["g++", "-O2", "-std=c++17", "-I", str(package / "include"), str(source)]
    # The path becomes one of the program's whole process: the library's plugins need it too.
    command += ["-o", str(partial), str(library)]
    command += [f"-Wl,-rpath,{library.parent},--disable-new-dtags"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise ComparisonError(
            "g++ is needed for openvino-cpp: install it, or leave openvino-cpp out of --runtimes"
        ) from None
    except subprocess.CalledProcessError as error:
        raise ComparisonError(f"openvino_job.cpp does not compile:\n{error.stderr}") from None
    return partial.rename(program)
