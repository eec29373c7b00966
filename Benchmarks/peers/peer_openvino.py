"""OpenVINO: the model in its own format, and the cache of what it compiled from it."""

from pathlib import Path

import numpy as np
import openvino

from folders import JOB_BATCH, Predict, openvino_cache, openvino_model
from models import Model


def load(folder: Path, model: Model, precision: str, batch: int, threads: int) -> Predict:
    """Return the prediction function for one batch size.

    The precision is always set: left alone, OpenVINO takes bf16 on processors that have it.
    """
    # The cache makes only the start faster, and is as large as the weights.
    cache = openvino_cache(folder, precision) if batch == JOB_BATCH else ""
    core = openvino.Core()
    compiled = core.compile_model(
        openvino_model(folder, batch),
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "CACHE_DIR": cache,
        },
    )
    request = compiled.create_infer_request()

    def predict(latent: np.ndarray, timestep: np.ndarray, label: np.ndarray) -> np.ndarray:
        request.infer([latent, timestep, label], share_inputs=True)
        return request.get_output_tensor().data

    return predict
