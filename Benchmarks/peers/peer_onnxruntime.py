"""ONNX Runtime: the model that it optimised before, as `prepare.py` wrote it."""

from pathlib import Path

import numpy as np
import onnxruntime

from folders import Predict, onnx_model
from models import Model


def load(folder: Path, model: Model, precision: str, batch: int, threads: int) -> Predict:
    """Return the prediction function for one batch size; the precision can only be f32."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        onnx_model(folder, batch), options, providers=["CPUExecutionProvider"]
    )

    def predict(latent: np.ndarray, timestep: np.ndarray, label: np.ndarray) -> np.ndarray:
        inputs = {"latent": latent, "timestep": timestep, "label": label}
        return session.run(None, inputs)[0]

    return predict
