"""The DDIM sampler with classifier-free guidance, in numpy alone.

Song, Meng and Ermon, "Denoising Diffusion Implicit Models", arXiv 2010.02502, formula 12 with
eta 0; linear betas of 1e-4 to 0.02 over 1000 training steps, timesteps with leading spacing.
"""

from collections.abc import Callable

import numpy as np

from folders import Predict

TRAIN_STEPS = 1000


def cumulative_products() -> np.ndarray:
    """Return the cumulative products of 1 - beta: [1000], float64."""
    return np.cumprod(1 - np.linspace(1e-4, 0.02, TRAIN_STEPS))


def sample(
    predict: Predict,
    noise: np.ndarray,
    label: int,
    null_label: int,
    steps: int,
    guidance: float,
    after_step: Callable[[int], None],
) -> np.ndarray:
    """Return the latent after all steps, [1, channel, height, width].

    Args:
        predict: of a batch of two, the sample with its label before the one without.
        noise: [1, channel, height, width].
        label: the class.
        null_label: the class that stands for none.
        steps: at most 1000.
        guidance: the scale; prediction = without + scale * (with - without).
        after_step: called with the number of steps done.
    """
    products = cumulative_products()
    stride = TRAIN_STEPS // steps
    latent = noise
    labels = np.array([label, null_label], np.int64)
    for index in range(steps):
        timestep = (steps - 1 - index) * stride
        prediction = predict(
            np.concatenate([latent, latent]), np.full(2, timestep, np.float32), labels
        )[:, : latent.shape[1]]
        epsilon = prediction[1:] + np.float32(guidance) * (prediction[:1] - prediction[1:])
        before = products[timestep - stride] if timestep >= stride else 1.0
        # x' = sqrt(before) * (x - sqrt(1 - now) * e) / sqrt(now) + sqrt(1 - before) * e
        kept = np.sqrt(before / products[timestep])
        moved = np.sqrt(1 - before) - kept * np.sqrt(1 - products[timestep])
        latent = np.float32(kept) * latent + np.float32(moved) * epsilon
        after_step(index + 1)
    return latent
