"""Compares a DiT of full depth, and whole pictures, with diffusers.

    python Benchmarks/parity/parity.py [--program PROGRAM] [--folder FOLDER] [--steps N] [--picture]

First the folders of Tests/Fixtures that diffusers saved: the program imports each, and its prediction must be
diffusers' to 1e-5, relative error max |a - b| / max |b|.

Then saves a `DiTPipeline` with random weights: S/2 of the paper at 32x32 latents (12 blocks of width 384), the
autoencoder of Stable Diffusion and DDIM. The program imports the folder, and must give

- the prediction of `DiTTransformer2DModel` to 1e-4;
- with --picture the picture of `DiTPipeline` from the same noise to one level of 255.

Needs the packages of Benchmarks/fixtures/requirements.txt and Pillow. Exits with 1 when a bound is exceeded.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, DiTPipeline, DiTTransformer2DModel
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image
from safetensors.torch import load_file, save_file

TINY_BOUND = 1e-5
PREDICTION_BOUND = 1e-4
PICTURE_BOUND = 1
TINY_MODELS = ["dit-tiny-a", "dit-tiny-shared", "dit-tiny-wide"]
LABELS = [207]
SEED = 33


def make_pipeline(folder: Path) -> DiTPipeline:
    """Save a pipeline with random weights, its embedders equal in all blocks as in real ones."""
    torch.manual_seed(1)
    transformer = DiTTransformer2DModel(
        num_attention_heads=6, attention_head_dim=64, in_channels=4, out_channels=8, num_layers=12
    )
    shared = transformer.transformer_blocks[0].norm1.emb.state_dict()
    for block in transformer.transformer_blocks[1:]:
        block.norm1.emb.load_state_dict(shared)
    vae = AutoencoderKL(
        block_out_channels=(128, 256, 512, 512),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        sample_size=256,
    )
    pipeline = DiTPipeline(transformer, vae, DDIMScheduler(clip_sample=False))
    pipeline.save_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def run(*arguments: object, quiet: bool = False) -> None:
    """Run a command, its notes shown unless it is quiet; its failure ends the comparison."""
    subprocess.run(
        [str(argument) for argument in arguments],
        check=True,
        stderr=subprocess.DEVNULL if quiet else None,
    )


def relative_error(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Return the greatest difference by the greatest expected value."""
    return float((found - expected).abs().max() / expected.abs().max())


def tiny_errors(program: Path, fixtures: Path, folder: Path) -> dict[str, float]:
    """Return the relative error of every prediction of the models that diffusers saved."""
    errors = {}
    for name in TINY_MODELS:
        model = fixtures / name
        weights = model / "diffusion_pytorch_model.safetensors"
        spec, outputs = folder / f"{name}.yaml", folder / "outputs.safetensors"
        # The spec stands elsewhere, so that the weights are named on the command line.
        run(program, "import", model, "-o", spec, "--force", quiet=True)
        for inputs in sorted(model.glob("inputs*.safetensors")):
            suffix = inputs.stem.removeprefix("inputs")
            run(
                program, "eval", spec, "--weights", weights, "--inputs", inputs,
                "--outputs", outputs, quiet=True,
            )  # fmt: skip
            expected = load_file(model / f"expected{suffix}.safetensors")["prediction"]
            errors[name + suffix] = relative_error(load_file(outputs)["prediction"], expected)
    return errors


def prediction_error(program: Path, spec: Path, model: DiTTransformer2DModel) -> float:
    """Return the relative error of one prediction of a batch of three."""
    generator = torch.Generator().manual_seed(2)
    given = {
        "latent": torch.randn((3, 4, 32, 32), generator=generator),
        "timestep": torch.tensor([17, 999, 500]),
        "label": torch.tensor([2, 1000, 0]),
    }
    with torch.no_grad():
        expected = model.eval()(
            given["latent"], timestep=given["timestep"], class_labels=given["label"]
        ).sample
    inputs, outputs = spec.with_name("inputs.safetensors"), spec.with_name("outputs.safetensors")
    save_file(given, inputs)
    run(program, "eval", spec, "--inputs", inputs, "--outputs", outputs)
    found = load_file(outputs)["prediction"]
    return relative_error(found, expected)


def picture_error(program: Path, spec: Path, pipeline: DiTPipeline, steps: int) -> int:
    """Return the greatest difference of two pictures from the same noise, in levels of 255."""
    noise = randn_tensor((1, 4, 32, 32), generator=torch.Generator().manual_seed(SEED))
    noise_file, picture = spec.with_name("noise.safetensors"), spec.with_name("picture.png")
    save_file({"noise": noise}, noise_file)
    run(
        program, "run", spec, "--label", LABELS[0], "--steps", steps, "--noise", noise_file,
        "--scale", "1", "-o", picture,
    )  # fmt: skip
    expected = pipeline(
        class_labels=LABELS,
        num_inference_steps=steps,
        generator=torch.Generator().manual_seed(SEED),
    ).images[0]
    found = np.asarray(Image.open(picture).convert("RGB"), dtype=int)
    levels = np.asarray(expected, dtype=int)
    print(f"levels from {levels.min()} to {levels.max()}, deviation {levels.std():.1f}")
    return int(np.abs(found - levels).max())


def main() -> int:
    """Compare, and print what was found."""
    repository = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--program", type=Path, default=repository / ".build" / "release" / "ditharos"
    )
    parser.add_argument("--folder", type=Path, help="where to keep the models; temporary else")
    parser.add_argument("--steps", type=int, default=10, help="of the picture (default: 10)")
    parser.add_argument("--picture", action="store_true", help="compare a whole picture as well")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        passes = True
        fixtures = repository / "Tests" / "Fixtures"
        for name, error in tiny_errors(arguments.program, fixtures, folder).items():
            print(f"{name}: relative error {error:.2e}, bound {TINY_BOUND:.0e}")
            passes = passes and error <= TINY_BOUND
        pipeline = make_pipeline(folder / "pipeline")
        spec = folder / "imported.yaml"
        run(arguments.program, "import", folder / "pipeline", "-o", spec, "--force")
        error = prediction_error(arguments.program, spec, pipeline.transformer)
        print(f"prediction: relative error {error:.2e}, bound {PREDICTION_BOUND:.0e}")
        passes = passes and error <= PREDICTION_BOUND
        if arguments.picture:
            levels = picture_error(arguments.program, spec, pipeline, arguments.steps)
            print(f"picture: {levels} of 255 levels, bound {PICTURE_BOUND}")
            passes = passes and levels <= PICTURE_BOUND
    return 0 if passes else 1


if __name__ == "__main__":
    sys.exit(main())
