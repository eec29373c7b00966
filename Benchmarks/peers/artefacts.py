"""Keeping what `prepare.py` makes, so that a second comparison starts at once."""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

from console import ComparisonError, say
from folders import JOB_BATCH, SPEC
from models import MODELS
from processes import FOLDER, run
from runtimes import RUNTIMES

# What the files are made from; a change makes them anew.
SOURCES = ("prepare.py", "shared_dit.py", "models.py", "folders.py", "requirements.txt")


def recipe() -> str:
    """Return a digest of what the files are made from."""
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((FOLDER / name).read_bytes())
    return digest.hexdigest()[:16]


def parameter_bytes(model: str) -> int:
    """Return about how many bytes the f32 weights take: 18 width^2 a block, and the embedders."""
    shape = MODELS[model]
    return 4 * (18 * shape.depth * shape.width**2 + (shape.classes + 1) * shape.width)


def copies(runtimes: list[str], batches: set[int]) -> int:
    """Return how many times a model's weights lie in its folder at most.

    Jobs add what ditharos packs and what OpenVINO caches, both once for each precision.
    """
    converted = {RUNTIMES[name].artefact for name in runtimes} - {""}
    return 1 + len(converted) * len(batches) + (4 if JOB_BATCH in batches else 0)


def check_space(work: Path, wanted: dict[str, set[int]], runtimes: list[str]) -> None:
    """Fail if the disk has no room for what is missing.

    Args:
        work: the work folder.
        wanted: the batch sizes by model.
        runtimes: their names.
    """
    needed = sum(copies(runtimes, batches) * parameter_bytes(m) for m, batches in wanted.items())
    held = sum(file.stat().st_size for m in wanted for file in (work / m).glob("*"))
    free = shutil.disk_usage(work).free
    if needed - held > free:
        raise ComparisonError(
            f"{work} needs {(needed - held) / 1e9:.1f} GB more for {', '.join(wanted)}, and "
            f"{free / 1e9:.1f} GB are free. Choose fewer --models or another --work"
        )


def prepare(work: Path, model: str, batches: set[int], runtimes: list[str]) -> Path:
    """Make what is missing in a model's folder, and return the folder."""
    folder = work / model
    record = folder / "prepared.json"
    try:
        prepared = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        prepared = {}
    if prepared.get("recipe") != recipe():
        shutil.rmtree(folder, ignore_errors=True)
        prepared = {"recipe": recipe(), "made": []}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SPEC).write_text(MODELS[model].spec(), encoding="utf-8")
    wanted = [["weights"]]
    for artefact in sorted({RUNTIMES[name].artefact for name in runtimes} - {""}):
        wanted += [[artefact, str(batch)] for batch in sorted(batches)]
    for artefact, *batch in wanted:
        name = "-".join([artefact, *batch])
        if name in prepared["made"]:
            continue
        say(f"{MODELS[model].title}: making {name.replace('-', ' for batch ')}")
        run(
            [sys.executable, str(FOLDER / "prepare.py"), artefact, model, str(folder), *batch],
            dict(os.environ),
        )
        # Noted only when complete: what was interrupted is made again.
        prepared["made"].append(name)
        record.write_text(json.dumps(prepared) + "\n", encoding="utf-8")
    return folder
