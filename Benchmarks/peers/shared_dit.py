"""DiTTransformer2DModel of diffusers with one embedder for all blocks, as the paper has it.

Diffusers gives every block embedders of its own, which in a trained DiT are copies of one. Here
they exist once and run once, so that no peer reads a weight, or computes a value, that another
does not. Everything else is the code of diffusers.
"""

from pathlib import Path

import torch
from diffusers import DiTTransformer2DModel
from diffusers.models.embeddings import PatchEmbed
from safetensors.torch import load_file

from models import Model


class GivenConditioning(torch.nn.Module):
    """Takes the place of a block's embedders: returns the conditioning that it is given."""

    def forward(
        self,
        timestep: torch.Tensor,
        class_labels: torch.Tensor,
        hidden_dtype: torch.dtype | None = None,
    ) -> torch.Tensor:
        """Return `timestep`, which is the conditioning: [batch, width]."""
        return timestep


class SharedDiT(torch.nn.Module):
    """A DiT whose embedders exist once.

    Its tensors have the names of the diffusers layout, the embedders those of block 0.
    """

    def __init__(self, transformer: DiTTransformer2DModel) -> None:
        """Take over a transformer, which is not usable by itself any more."""
        super().__init__()
        self.transformer = transformer
        self.embedder = transformer.transformer_blocks[0].norm1.emb
        for block in transformer.transformer_blocks:
            block.norm1.emb = GivenConditioning()

    def forward(
        self, latent: torch.Tensor, timestep: torch.Tensor, label: torch.Tensor
    ) -> torch.Tensor:
        """Return the prediction [batch, out channel, height, width].

        Args:
            latent: [batch, channel, height, width], in the precision of the weights.
            timestep: [batch], f32.
            label: [batch], int64; the last is the null class.
        """
        conditioning = self.embedder(timestep, label, hidden_dtype=latent.dtype)
        return self.transformer(
            latent, timestep=conditioning, class_labels=label, return_dict=False
        )[0]


EMBEDDER = "transformer_blocks.0.norm1.emb."


def bare(model: Model) -> DiTTransformer2DModel:
    """Return diffusers' model of these sizes."""
    return DiTTransformer2DModel(
        num_attention_heads=model.heads,
        attention_head_dim=model.width // model.heads,
        in_channels=model.channels,
        out_channels=model.out_channels,
        num_layers=model.depth,
        sample_size=model.size,
        patch_size=model.patch,
        num_embeds_ada_norm=model.classes,
    )


def shared_state(transformer: DiTTransformer2DModel) -> dict[str, torch.Tensor]:
    """Return the tensors that a file holds: all but the embedders of blocks after the first."""
    return {
        name: tensor
        for name, tensor in transformer.state_dict().items()
        if ".norm1.emb." not in name or name.startswith(EMBEDDER)
    }


def load(model: Model, weights: Path, precision: str = "f32") -> SharedDiT:
    """Return the model with the weights of a file, in evaluation mode.

    The modules are made without storage and take over the file's tensors, so that nothing is
    initialised or copied first.
    """
    with torch.device("meta"):
        transformer = bare(model)
    # The table of positions is computed, not stored: its module alone is made with storage.
    transformer.pos_embed = PatchEmbed(
        height=model.size,
        width=model.size,
        patch_size=model.patch,
        in_channels=model.channels,
        embed_dim=model.width,
    )
    shared = SharedDiT(transformer)
    shared.load_state_dict(
        {
            f"embedder.{name.removeprefix(EMBEDDER)}"
            if name.startswith(EMBEDDER)
            else f"transformer.{name}": tensor
            for name, tensor in load_file(weights).items()
        },
        assign=True,
    )
    return (shared.bfloat16() if precision == "bf16" else shared).eval()
