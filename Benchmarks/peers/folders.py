"""The files of one model in the work folder, and what every peer makes of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

SPEC = "spec.yaml"
WEIGHTS = "weights.safetensors"
INPUTS = "inputs.safetensors"
REFERENCE = "reference.safetensors"
NOISE = "noise.safetensors"

# Batch sizes: guidance takes two.
FORWARD_BATCH = 1
JOB_BATCH = 2

# Of every run: the class, and the scale of the guidance of a whole job.
LABEL = 207
GUIDANCE = 4.0

# (latent [batch, channel, height, width] f32, timestep [batch] f32, label [batch] int64) to the
# prediction [batch, out channel, height, width] f32.
Predict = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def openvino_model(folder: Path, batch: int) -> Path:
    """Return the path of the model in OpenVINO's format, its shapes those of a batch size."""
    return folder / f"openvino-batch-{batch}.xml"


def openvino_cache(folder: Path, precision: str) -> Path:
    """Return the folder where OpenVINO keeps what it has compiled, so that it loads faster."""
    return folder / f"openvino-cache-{precision}"


def onnx_model(folder: Path, batch: int) -> Path:
    """Return the path of the model in the ONNX format, its shapes those of a batch size."""
    return folder / f"onnx-batch-{batch}.onnx"


def packed_model(folder: Path, precision: str) -> Path:
    """Return the path of the model as ditharos packs it."""
    return folder / f"{precision}.ditc"
