"""Compares pictures of random pipelines with diffusers.

    python Benchmarks/parity/random_pipelines.py [--program PROGRAM] [--count N] [--seed N]

Each pipeline is a `DiTPipeline` of random sizes, schedule and weights, saved as a whole or in shards, with or
without a variant. The program imports the folder, and from the same noise must draw the picture that diffusers
draws, to one level of 255. A pipeline on which diffusers itself fails is passed over.

Needs the packages of Benchmarks/fixtures/requirements.txt and Pillow. Exits with 1 when a picture differs.
"""

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DiTPipeline,
    DiTTransformer2DModel,
    DPMSolverMultistepScheduler,
)
from PIL import Image
from safetensors.torch import save_file

BOUND = 1


def random_pipeline(choose: random.Random) -> DiTPipeline:
    """Return a pipeline of random sizes, options and weights, in half of them with equal embedders."""
    channels = choose.choice([3, 4, 8, 16])
    size = choose.choice([4, 8, 12, 16])
    levels = choose.choice([(16,), (8, 16), (16, 32, 32), (8, 8, 16, 16)])
    autoencoder = AutoencoderKL(
        block_out_channels=levels,
        down_block_types=("DownEncoderBlock2D",) * len(levels),
        up_block_types=("UpDecoderBlock2D",) * len(levels),
        layers_per_block=choose.choice([1, 2]),
        latent_channels=channels,
        norm_num_groups=choose.choice([4, 8]),
        sample_size=size * 2 ** (len(levels) - 1),
        scaling_factor=choose.choice([0.18215, 1.3, 0.5]),
        mid_block_add_attention=choose.random() < 0.7,
    )
    transformer = DiTTransformer2DModel(
        num_attention_heads=choose.choice([2, 3, 4]),
        attention_head_dim=choose.choice([4, 8, 12, 16]),
        in_channels=channels,
        out_channels=channels * choose.choice([1, 2]),
        num_layers=choose.choice([1, 2, 3]),
        sample_size=size,
        patch_size=choose.choice([1, 2, 4]),
    )
    if choose.random() < 0.5:
        shared = transformer.transformer_blocks[0].norm1.emb.state_dict()
        for block in transformer.transformer_blocks[1:]:
            block.norm1.emb.load_state_dict(shared)
    options = {
        "beta_schedule": choose.choice(["linear", "scaled_linear", "squaredcos_cap_v2"]),
        "timestep_spacing": choose.choice(["leading", "trailing", "linspace"]),
        "steps_offset": choose.choice([0, 1]),
        "prediction_type": choose.choice(["epsilon", "v_prediction", "sample"]),
    }
    if choose.random() < 0.6:
        scheduler = DDIMScheduler(
            clip_sample=choose.random() < 0.3, set_alpha_to_one=choose.random() < 0.5, **options
        )
    else:
        scheduler = DPMSolverMultistepScheduler(
            solver_order=choose.choice([1, 2]),
            solver_type=choose.choice(["midpoint", "heun"]),
            use_karras_sigmas=choose.random() < 0.3,
            lower_order_final=choose.random() < 0.7,
            **options,
        )
    # Left in training, the label embedding would drop labels.
    pipeline = DiTPipeline(transformer.eval(), autoencoder.eval(), scheduler)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def compare(program: Path, folder: Path, seed: int) -> tuple[int | None, str]:
    """Return the greatest difference in levels, None where diffusers fails, and a description."""
    choose = random.Random(seed)
    torch.manual_seed(seed)
    pipeline = random_pipeline(choose)
    variant = choose.choice([None, None, "fp16"])
    shards = choose.choice(["10GB", "200KB"])
    pipeline.save_pretrained(folder, variant=variant, max_shard_size=shards)
    label, steps = choose.randrange(1000), choose.choice([3, 7, 10])
    config, scheduler = pipeline.transformer.config, pipeline.scheduler
    description = (
        f"{config.num_attention_heads} heads of {config.attention_head_dim}, {config.num_layers} blocks, "
        f"{type(scheduler).__name__}, {scheduler.config.beta_schedule}, "
        f"{scheduler.config.prediction_type}, {scheduler.config.timestep_spacing}, {steps} steps"
    )
    shape = (1, config.in_channels, config.sample_size, config.sample_size)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    spec, picture = folder / "model.yaml", folder / "picture.png"
    save_file({"noise": noise}, folder / "noise.safetensors")
    try:
        expected = pipeline(
            [label],
            num_inference_steps=steps,
            generator=torch.Generator().manual_seed(seed),
        )
    except IndexError as error:
        return None, f"{description}: {error}"
    for command in (
        ["import", folder, "-o", spec],
        ["run", spec, "--label", label, "--steps", steps, "--noise", folder / "noise.safetensors",
         "--scale", 1, "--progress", "none", "-o", picture],
    ):  # fmt: skip
        subprocess.run(
            [str(program), *map(str, command)], check=True, capture_output=True, text=True
        )
    found = np.asarray(Image.open(picture).convert("RGB"), dtype=int)
    return int(np.abs(found - np.asarray(expected.images[0], dtype=int)).max()), description


def main() -> int:
    """Compare, and print what was found."""
    repository = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--program", type=Path, default=repository / ".build" / "release" / "ditharos"
    )
    parser.add_argument("--count", type=int, default=40, help="of pipelines (default: 40)")
    parser.add_argument("--seed", type=int, default=0, help="of the first (default: 0)")
    arguments = parser.parse_args()

    differing = 0
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        with tempfile.TemporaryDirectory() as folder:
            try:
                levels, description = compare(arguments.program, Path(folder), seed)
            except subprocess.CalledProcessError as error:
                levels, description = 256, error.stderr.strip()
        result = "passed over" if levels is None else f"{levels} of 255 levels"
        print(f"{seed}: {result}; {description}", flush=True)
        differing += levels is not None and levels > BOUND
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
