"""What `--precision bf16` costs in accuracy: the error against f32, with random weights.

    python3 Benchmarks/precision/measure.py [--program PROGRAM] [--steps N] [SPEC...]

For each spec: the relative error max|a - b| / max|b| of one prediction at three timesteps, and of the
latent after a run without and with guidance; the bytes of the weights; the seconds of a whole run
with guidance, the best of three. Rows of kernels other than the best are chosen by DITHAROS_ISA.
Needs Python alone.
"""

import argparse
import json
import math
import random
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PRECISIONS = ["f32", "bf16"]


def write_tensors(path, tensors):
    """A safetensors file of f32 tensors: name to (extents, values)."""
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        block = struct.pack(f"<{len(values)}f", *values)
        header[name] = {
            "dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(block)],
        }
        data += block
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_tensor(path):
    """The values of the one tensor of a safetensors file."""
    data = path.read_bytes()
    (size,) = struct.unpack_from("<Q", data)
    entry = next(value for name, value in json.loads(data[8:8 + size]).items() if name[0] != "_")
    start, end = entry["data_offsets"]
    return struct.unpack_from(f"<{(end - start) // 4}f", data, 8 + size + start)


def relative_error(a, b):
    return max(abs(x - y) for x, y in zip(a, b)) / max(map(abs, b))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=str(ROOT / ".build/release/ditharos"))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--weights", default="random:0")
    parser.add_argument("specs", nargs="*", default=["dit-s-2", "dit-b-4", "dit-xl-2-256"])
    options = parser.parse_args()

    def ditharos(*arguments):
        result = subprocess.run([options.program, *map(str, arguments)], capture_output=True)
        if result.returncode:
            sys.exit(result.stderr.decode())
        return result.stdout

    for name in options.specs:
        spec = ROOT / f"Specs/{name}.yaml"
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)

            def predicted(timestep, precision):
                generator = random.Random(1)
                side = 64 if name.endswith("512") else 32
                count = 4 * side * side
                latent = [generator.gauss(0, 1) for _ in range(count)]
                write_tensors(folder / "in.safetensors", {
                    "latent": ([1, 4, side, side], latent),
                    "timestep": ([1], [timestep]), "label": ([1], [207]),
                })
                ditharos(
                    "eval", spec, "--inputs", folder / "in.safetensors", "--outputs",
                    folder / "out.safetensors", "--weights", options.weights, "--precision", precision)
                return read_tensor(folder / "out.safetensors")

            def sampled(guidance, precision):
                start = time.monotonic()
                ditharos(
                    "run", spec, "--label", 207, "--weights", options.weights, "--steps",
                    options.steps, "--guidance", guidance, "--precision", precision,
                    "--progress", "none", "-o", folder / "out.safetensors")
                return read_tensor(folder / "out.safetensors"), time.monotonic() - start

            print(name)
            for timestep in [0, 500, 999]:
                wide, short = (predicted(timestep, precision) for precision in PRECISIONS)
                print(f"  prediction at timestep {timestep}: {relative_error(short, wide):.1e}")
            seconds = dict.fromkeys(PRECISIONS, math.inf)
            for guidance in [1, 4]:
                latents = {}
                for precision in PRECISIONS:
                    for _ in range(1 if guidance == 1 else 3):
                        latents[precision], elapsed = sampled(guidance, precision)
                        if guidance != 1:
                            seconds[precision] = min(seconds[precision], elapsed)
                error = relative_error(latents["bf16"], latents["f32"])
                print(f"  latent after {options.steps} steps, guidance {guidance}: {error:.1e}")
            for precision in PRECISIONS:
                plan = json.loads(
                    ditharos("plan", spec, "--precision", precision, "--format", "json"))
                print(
                    f"  {precision}: {plan['weight_bytes']:,} bytes of weights, "
                    f"{seconds[precision]:.2f} s for {options.steps} steps with guidance")


main()
