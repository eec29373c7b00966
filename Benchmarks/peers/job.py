"""A whole job in one process: load the model, take noise through all steps, write the latent.

    python job.py RUNTIME MODEL PRECISION THREADS FOLDER STEPS LATENT

Guidance is a batch of two. After the first step a line of JSON goes to standard error, as
`ditharos run --progress jsonl` writes it: "step", and "seconds" since the loop began. LATENT is a
safetensors file that holds `latent`.
"""

import importlib
import json
import sys
import time
from pathlib import Path

from safetensors.numpy import load_file, save_file

import ddim
from folders import GUIDANCE, JOB_BATCH, LABEL, NOISE
from models import MODELS
from runtimes import RUNTIMES


def main() -> None:
    """Load, sample, write."""
    name, model_name, precision, threads, folder, steps, latent = sys.argv[1:]
    runtime, model = RUNTIMES[name], MODELS[model_name]
    module = importlib.import_module(runtime.module)
    predict = getattr(module, runtime.function)(
        Path(folder), model, precision, JOB_BATCH, int(threads)
    )
    # PyTorch brings a scheduler of its own.
    sample = getattr(module, "sample", ddim.sample)
    noise = load_file(Path(folder) / NOISE)["noise"]
    start = time.perf_counter()

    def after_step(done: int) -> None:
        if done == 1:
            line = {"step": 1, "seconds": time.perf_counter() - start}
            print(json.dumps(line), file=sys.stderr, flush=True)

    result = sample(predict, noise, LABEL, model.classes, int(steps), GUIDANCE, after_step)
    save_file({"latent": result}, latent)


if __name__ == "__main__":
    main()
