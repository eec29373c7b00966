"""Times the decoder of Stable Diffusion's autoencoder: ditharos, PyTorch and OpenVINO in turn.

All take the same random weights and the same latent, in float32, on the same number of threads. The
peers are processes of their own that stay; every round measures each, so that what else the machine
does meets all of them.

    make build
    Benchmarks/peers/run --help        installs the peers
    .build/peers/environment/bin/python Benchmarks/autoencoder/compare.py
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file


def peak_bytes() -> int:
    """Return the most memory that this process has had."""
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def serve(connection: Connection, decode) -> None:
    """Answer every request with the result of one decode, its seconds and the peak of memory."""
    latent = connection.recv()
    decode(latent)
    while connection.recv():
        start = time.perf_counter()
        image = decode(latent)
        connection.send((time.perf_counter() - start, peak_bytes(), image))


def torch_worker(connection: Connection, folder: str, threads: int) -> None:
    """Decode with diffusers' own module."""
    import torch
    from diffusers import AutoencoderKL

    torch.set_num_threads(threads)
    model = AutoencoderKL.from_pretrained(folder).eval()

    def decode(latent: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model.decode(torch.from_numpy(latent)).sample.numpy()

    serve(connection, decode)


def openvino_worker(connection: Connection, folder: str, threads: int) -> None:
    """Decode with OpenVINO, in f32: left alone it takes bf16 on processors that have it."""
    import openvino

    compiled = openvino.Core().compile_model(
        f"{folder}/decoder.xml",
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
        },
    )
    request = compiled.create_infer_request()

    def decode(latent: np.ndarray) -> np.ndarray:
        request.infer([latent], share_inputs=True)
        return request.get_output_tensor().data.copy()

    serve(connection, decode)


def prepare(folder: str, size: int) -> None:
    """Write the weights, the spec and OpenVINO's model of the decoder."""
    import openvino
    import torch
    from diffusers import AutoencoderKL

    torch.manual_seed(0)
    model = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(128, 256, 512, 512),
        layers_per_block=2,
    ).eval()
    model.save_pretrained(folder)
    Path(folder, "spec.yaml").write_text(
        "ditharos: 1\nname: sd\n"
        f"image: {{height: {size}, width: {size}}}\n"
        "autoencoder: {preset: sd}\n"
        "weights: {layout: diffusers}\n",
        encoding="utf-8",
    )

    class Decoder(torch.nn.Module):
        def forward(self, latent: torch.Tensor) -> torch.Tensor:
            return model.decode(latent).sample

    decoder = Decoder()
    decoder.model = model
    with torch.inference_mode():
        latent = torch.zeros(1, 4, size // 8, size // 8)
        converted = openvino.convert_model(decoder, example_input=latent, input=[latent.shape])
    openvino.save_model(converted, f"{folder}/decoder.xml", compress_to_fp16=False)


def run_ditharos(arguments: argparse.Namespace, folder: str) -> tuple[float, int]:
    """Return the fastest of two decodes, and the peak of memory."""
    command = [arguments.ditharos, "bench", "spec.yaml", "--weights", folder, "--runs", "2"]
    command += ["--threads", str(arguments.threads), "--format", "json"]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    report = json.loads(process.stdout.read())
    _, _, usage = os.wait4(process.pid, 0)
    forward = report["results"][0]["forward"]
    return float(forward["minimum_seconds"]), usage.ru_maxrss * 1024


def ditharos_image(arguments: argparse.Namespace, folder: str, latent: np.ndarray) -> np.ndarray:
    """Return the picture that `eval` decodes."""
    save_file({"latent": latent}, f"{folder}/latent.safetensors")
    command = [arguments.ditharos, "eval", "spec.yaml", "--entry", "decode"]
    command += ["--inputs", "latent.safetensors", "--outputs", "image.safetensors"]
    subprocess.run(
        command + ["--weights", folder, "--threads", str(arguments.threads)],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return load_file(f"{folder}/image.safetensors")["image"]


def main() -> None:
    """Measure in rounds and print a table."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ditharos", default=str(root / ".build/release/ditharos"))
    parser.add_argument("--size", type=int, default=256, help="rows and columns of the picture")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", help="keep weights and converted models here")
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or scratch
        if not Path(folder, "decoder.xml").exists():
            # Memory is measured without what the conversion takes.
            preparation = context.Process(target=prepare, args=(folder, arguments.size))
            preparation.start()
            preparation.join()
        extent = arguments.size // 8
        latent = np.random.default_rng(0).standard_normal((1, 4, extent, extent), np.float32)
        workers = {}
        for name, worker in (("PyTorch", torch_worker), ("OpenVINO", openvino_worker)):
            ours, theirs = context.Pipe()
            context.Process(
                target=worker, args=(theirs, folder, arguments.threads), daemon=True
            ).start()
            ours.send(latent)
            workers[name] = ours
        seconds: dict[str, list[float]] = {name: [] for name in ("ditharos", *workers)}
        peaks: dict[str, int] = {}
        images: dict[str, np.ndarray] = {}
        for _ in range(arguments.rounds):
            for name, connection in workers.items():
                connection.send(True)
                taken, peaks[name], images[name] = connection.recv()
                seconds[name].append(taken)
            taken, peaks["ditharos"] = run_ditharos(arguments, folder)
            seconds["ditharos"].append(taken)
        for connection in workers.values():
            connection.send(False)
        images["ditharos"] = ditharos_image(arguments, folder, latent)
        reference = images["PyTorch"]
        print(f"decode to {arguments.size}x{arguments.size}, f32, {arguments.threads} threads")
        for name, taken in seconds.items():
            error = np.abs(images[name] - reference).max() / np.abs(reference).max()
            print(
                f"  {name:10} fastest {min(taken):6.3f} s, median {np.median(taken):6.3f} s, "
                f"peak {peaks[name] / 2**20:6.0f} MiB, error {error:.1e}"
            )


if __name__ == "__main__":
    main()
