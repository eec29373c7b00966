"""Makes the components of a linear autoencoder's latent more alike in size.

    python Benchmarks/sky/whiten.py AUTOENCODER LATENTS OUTPUT

AUTOENCODER is what `ditharos train --stage autoencoder` made, LATENTS the latents.safetensors of a training of the
denoiser with it. Along the principal axes of the latents the standard deviation becomes the root of what it
was, times a factor that leaves 0.7 as it is. What is decoded is the same. A denoiser is trained on the squared error
of its latent, of which two components, the light of the sky, were 86 %, and the edges of a bird next to nothing.

Needs numpy and safetensors.
"""

import sys

import numpy as np
from safetensors.numpy import load_file, save_file

KEPT = 0.7


def main() -> None:
    """Write the autoencoder with the changed latent."""
    autoencoder, latents, output = sys.argv[1:]
    weights = load_file(autoencoder)
    values = load_file(latents)["latents"][:4000].astype(np.float64)
    channels = values.shape[1]
    variances, axes = np.linalg.eigh(np.cov(np.moveaxis(values, 1, -1).reshape(-1, channels).T))
    # The largest first.
    forwards = (KEPT**0.5 * variances[::-1] ** -0.25)[:, None] * axes[:, ::-1].T
    backwards = np.linalg.inv(forwards)
    for name in ("weight", "bias"):
        weights[f"autoencoder.encoder.{name}"] = forwards @ weights[f"autoencoder.encoder.{name}"]
    weights["autoencoder.decoder.weight"] = weights["autoencoder.decoder.weight"] @ backwards
    save_file(
        {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in weights.items()},
        output,
    )


if __name__ == "__main__":
    main()
