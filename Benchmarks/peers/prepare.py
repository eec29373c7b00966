"""Makes one of the files that a comparison reads from a model's folder.

    python prepare.py ARTEFACT MODEL FOLDER [BATCH]

Artefacts: `weights` (with the inputs, the noise, and the reference: what diffusers' own model
predicts in f32), `openvino`, `onnx` (both of one batch size, from the weights).
"""

import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import shared_dit
from folders import INPUTS, LABEL, NOISE, REFERENCE, WEIGHTS, onnx_model, openvino_model
from models import MODELS, Model

SEED = 2212


def make_weights(model: Model, folder: Path) -> None:
    """Write random weights, inputs, and what diffusers makes of both.

    Every matrix is normal with variance 1 / fan_in, every vector normal with standard deviation
    0.02: no part is zero, the modulation of adaLN-Zero included, which training starts at zero.
    """
    generator = torch.Generator().manual_seed(SEED)
    transformer = shared_dit.bare(model)
    state = shared_dit.shared_state(transformer)
    for tensor in state.values():
        deviation = tensor[0].numel() ** -0.5 if tensor.dim() > 1 else 0.02
        tensor.normal_(0, deviation, generator=generator)
    shape = (1, model.channels, model.size, model.size)
    inputs = {
        "latent": torch.randn(shape, generator=generator),
        "timestep": torch.tensor([500.0]),
        "label": torch.tensor([LABEL]),
    }
    # Diffusers computes the conditioning in every block; all blocks get the same embedders.
    for block in transformer.transformer_blocks[1:]:
        block.norm1.emb = transformer.transformer_blocks[0].norm1.emb
    prediction = transformer.eval()(
        inputs["latent"], timestep=inputs["timestep"], class_labels=inputs["label"]
    ).sample
    save_file(inputs, folder / INPUTS)
    save_file({"noise": torch.randn(shape, generator=generator)}, folder / NOISE)
    save_file({"prediction": prediction}, folder / REFERENCE)
    save_file(state, folder / WEIGHTS)


def example(folder: Path, batch: int) -> dict[str, torch.Tensor]:
    """Return the inputs of the folder, repeated to a batch, in the order of the model."""
    inputs = load_file(folder / INPUTS)
    return {
        name: inputs[name].expand(batch, *inputs[name].shape[1:]).contiguous()
        for name in ("latent", "timestep", "label")
    }


def make_openvino(model: Model, folder: Path, batch: int) -> None:
    """Convert the model with OpenVINO's own converter; weights stay in f32."""
    import openvino

    inputs = example(folder, batch)
    shared = shared_dit.load(model, folder / WEIGHTS)
    converted = openvino.convert_model(
        shared,
        example_input=tuple(inputs.values()),
        input=[(name, list(tensor.shape)) for name, tensor in inputs.items()],
    )
    openvino.save_model(converted, openvino_model(folder, batch), compress_to_fp16=False)


def make_onnx(model: Model, folder: Path, batch: int) -> None:
    """Export the model with PyTorch's exporter, and write it as ONNX Runtime optimises it."""
    import onnxruntime

    inputs = example(folder, batch)
    final = onnx_model(folder, batch)
    # What an interrupted export left is as large as the weights.
    scratch = folder / "exported"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    exported = scratch / "model.onnx"
    torch.onnx.export(
        shared_dit.load(model, folder / WEIGHTS),
        tuple(inputs.values()),
        exported,
        input_names=list(inputs),
        output_names=["prediction"],
        dynamo=True,
        external_data=True,
        verbose=False,
    )
    options = onnxruntime.SessionOptions()
    # Errors alone: that the result suits this processor only is what is wanted.
    options.log_severity_level = 3
    options.optimized_model_filepath = str(final)
    options.add_session_config_entry(
        "session.optimized_model_external_initializers_file_name", f"{final.stem}.data"
    )
    onnxruntime.InferenceSession(exported, options, providers=["CPUExecutionProvider"])
    shutil.rmtree(scratch)


def main() -> None:
    """Make the artefact that the arguments name."""
    artefact, name, folder, *batch = sys.argv[1:]
    make = {"weights": make_weights, "openvino": make_openvino, "onnx": make_onnx}[artefact]
    torch.set_grad_enabled(False)
    make(MODELS[name], Path(folder), *map(int, batch))


if __name__ == "__main__":
    main()
