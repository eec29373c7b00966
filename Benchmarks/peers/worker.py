"""A process that holds one model in one runtime, and times forward passes when told to.

    python worker.py RUNTIME MODEL PRECISION THREADS FOLDER PREDICTION

It writes the prediction for the folder's inputs to PREDICTION (safetensors), then a line of JSON,
{"ready": true}. Every number N that it reads from standard input, one a line, is answered by
another: "seconds", those of N forward passes after one that is not timed, and "peak_memory", the
most bytes that the process has held so far. It ends with its input.
"""

import importlib
import json
import sys
import time
from pathlib import Path

from safetensors.numpy import load_file, save_file

from folders import FORWARD_BATCH, INPUTS
from models import MODELS
from runtimes import RUNTIMES


def peak_memory() -> int:
    """Return the peak resident memory of this process in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ValueError("/proc/self/status has no VmHWM")


def main() -> None:
    """Load, write the prediction, answer requests."""
    name, model, precision, threads, folder, prediction = sys.argv[1:]
    runtime = RUNTIMES[name]
    load = getattr(importlib.import_module(runtime.module), runtime.function)
    predict = load(Path(folder), MODELS[model], precision, FORWARD_BATCH, int(threads))
    inputs = load_file(Path(folder) / INPUTS)
    arguments = (inputs["latent"], inputs["timestep"], inputs["label"])
    save_file({"prediction": predict(*arguments).copy()}, prediction)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line) + 1):
            start = time.perf_counter()
            predict(*arguments)
            seconds.append(time.perf_counter() - start)
        print(json.dumps({"seconds": seconds[1:], "peak_memory": peak_memory()}), flush=True)


if __name__ == "__main__":
    main()
