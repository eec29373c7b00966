"""The models that are compared, and the spec that describes each of them to ditharos."""

from dataclasses import dataclass

SPEC = """\
ditharos: 1
name: dit-{name}
preset: dit-diffusers
latent: {{channels: {channels}, height: {size}, width: {size}}}
patch_size: {patch}
latent_dim: {width}
depth: {depth}
heads: {heads}
conditioning:
  label: {{classes: {classes}, dropout: 0.1}}
  modulation: adaln_zero
final_layer: {{out_channels: {out_channels}}}
diffusion: {{schedule: linear, prediction: epsilon, variance: learned_range}}
weights: {{layout: diffusers, file: weights.safetensors}}
"""


@dataclass(frozen=True)
class Model:
    """A DiT of the paper (Peebles and Xie, arXiv 2212.09748, table 1), patch 2.

    Attributes:
        name: what --models takes.
        title: the paper's name, with the resolution of the picture.
        width: of a token.
        depth: blocks.
        heads: of the attention.
        size: rows and columns of the latent.
    """

    name: str
    title: str
    width: int
    depth: int
    heads: int
    size: int
    patch: int = 2
    channels: int = 4
    out_channels: int = 8
    classes: int = 1000

    def spec(self) -> str:
        """Return the spec's text."""
        return SPEC.format(**vars(self))


MODELS = {
    model.name: model
    for model in (
        Model("s-2", "S/2 at 256", 384, 12, 6, 32),
        Model("b-2", "B/2 at 256", 768, 12, 12, 32),
        Model("xl-2", "XL/2 at 256", 1152, 28, 16, 32),
        Model("s-2-512", "S/2 at 512", 384, 12, 6, 64),
    )
}

PRECISIONS = ("f32", "bf16")
