"""Times training steps of DiT-S/2: ditharos and PyTorch in turn, with the peak of their memory.

Both train the paper's S/2 on noise of batch 8 with the mean squared error of the noise and AdamW,
in float32, on the same number of threads. PyTorch runs diffusers' DiTTransformer2DModel with one
embedder for all blocks, its fused AdamW and, with --compile, torch.compile. Each round starts both
anew, so that what else the machine does meets both.

    make build
    Benchmarks/peers/run --help        installs the peers
    .build/peers/environment/bin/python Benchmarks/training/compare.py
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def torch_worker(batch: int, steps: int, threads: int, is_compiled: bool) -> None:
    """Print the seconds of each step as JSON."""
    sys.path.insert(0, str(ROOT / "Benchmarks" / "peers"))
    import torch
    from models import MODELS
    from shared_dit import SharedDiT, bare

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    size = MODELS["s-2"]
    model = SharedDiT(bare(size)).train()
    run = torch.compile(model, dynamic=False) if is_compiled else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0, fused=True)
    betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    kept = torch.cumprod(1 - betas, 0).float()
    latent = torch.randn(batch, size.channels, size.size, size.size)
    label = torch.zeros(batch, dtype=torch.long)
    seconds = []
    for _ in range(steps + 2):
        start = time.perf_counter()
        timestep = torch.randint(0, 1000, (batch,))
        noise = torch.randn_like(latent)
        share = kept[timestep].view(-1, 1, 1, 1)
        noised = share.sqrt() * latent + (1 - share).sqrt() * noise
        prediction = run(noised, timestep.float(), label)[:, : size.channels]
        torch.nn.functional.mse_loss(prediction, noise).backward()
        optimizer.step()
        optimizer.zero_grad()
        seconds.append(time.perf_counter() - start)
    print(json.dumps(seconds[2:]))


def measured(command: list[str], environment: dict[str, str]) -> tuple[str, int]:
    """Return what a command writes, and the most memory that it had in bytes."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{command[0]} failed")
    return output, usage.ru_maxrss * 1024


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=5, help="steps of each in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--compile", action="store_true", help="PyTorch by torch.compile")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        torch_worker(arguments.batch, arguments.steps, arguments.threads, arguments.compile)
        return
    program = str(ROOT / ".build" / "release" / "ditharos")
    ours = [program, "bench", str(ROOT / "Specs" / "dit-s-2.yaml"), "--measure", "training",
            "--batch", str(arguments.batch), "--runs", str(arguments.steps),
            "--threads", str(arguments.threads), "--format", "json"]  # fmt: skip
    theirs = [sys.executable, __file__, "--worker", "--batch", str(arguments.batch),
              "--steps", str(arguments.steps), "--threads", str(arguments.threads),
              *(["--compile"] if arguments.compile else [])]  # fmt: skip
    ratios, memory = [], []
    for index in range(arguments.rounds):
        output, own_bytes = measured(ours, {})
        own = json.loads(output)["results"][0]["seconds_per_training_step"]
        output, peer_bytes = measured(theirs, {"OMP_NUM_THREADS": str(arguments.threads)})
        peer = statistics.median(json.loads(output))
        ratios.append(peer / own)
        memory.append(own_bytes / peer_bytes)
        print(
            f"round {index + 1}: ditharos {own:.3f} s, {own_bytes / 1e6:.0f} MB;"
            f" PyTorch {peer:.3f} s, {peer_bytes / 1e6:.0f} MB;"
            f" {ratios[-1]:.2f} times as fast in {memory[-1]:.0%} of the memory"
        )
    print(
        f"median: {statistics.median(ratios):.2f} times as fast as PyTorch,"
        f" {statistics.median(memory):.0%} of its memory"
    )


if __name__ == "__main__":
    main()
