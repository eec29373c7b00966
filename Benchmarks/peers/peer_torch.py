"""PyTorch: the modules as they are, and compiled by torch.compile."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler

import shared_dit
from folders import WEIGHTS, Predict
from models import Model

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def load(folder: Path, model: Model, precision: str, batch: int, threads: int) -> Predict:
    """Return the prediction function of the eager model; `batch` may change from call to call."""
    return predictor(prepared(folder, model, precision, threads), precision)


def load_compiled(folder: Path, model: Model, precision: str, batch: int, threads: int) -> Predict:
    """Return the prediction function of the model compiled by Inductor, weights frozen into it.

    Freezing lets Inductor reorder the weights for oneDNN; without it linear layers are those of
    the eager model.
    """
    import torch._inductor.config as inductor

    inductor.freezing = True
    shared = prepared(folder, model, precision, threads)
    return predictor(torch.compile(shared, dynamic=False), precision)


def prepared(folder: Path, model: Model, precision: str, threads: int) -> shared_dit.SharedDiT:
    """Return the model with the number of threads set."""
    torch.set_num_threads(threads)
    return shared_dit.load(model, folder / WEIGHTS, precision)


def predictor(run: Callable[..., torch.Tensor], precision: str) -> Predict:
    """Return a function of numpy arrays around one of tensors."""

    def predict(latent: np.ndarray, timestep: np.ndarray, label: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            prediction = run(
                torch.from_numpy(latent).to(DTYPES[precision]),
                torch.from_numpy(timestep),
                torch.from_numpy(label),
            )
            return prediction.float().numpy()

    return predict


def sample(
    predict: Predict,
    noise: np.ndarray,
    label: int,
    null_label: int,
    steps: int,
    guidance: float,
    after_step: Callable[[int], None],
) -> np.ndarray:
    """Return the latent after all steps, as `ddim.sample` does, by the scheduler of diffusers."""
    scheduler = DDIMScheduler(clip_sample=False)
    scheduler.set_timesteps(steps)
    latent = torch.from_numpy(noise)
    labels = np.array([label, null_label], np.int64)
    for index, timestep in enumerate(scheduler.timesteps):
        prediction = torch.from_numpy(
            predict(torch.cat([latent, latent]).numpy(), np.full(2, timestep, np.float32), labels)
        )[:, : latent.shape[1]]
        epsilon = prediction[1:] + guidance * (prediction[:1] - prediction[1:])
        latent = scheduler.step(epsilon, timestep, latent).prev_sample
        after_step(index + 1)
    return latent.numpy()
