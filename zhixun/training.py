"""Trains the engine's model, only when something that goes into it has changed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from zhixun.errors import StopNow
from zhixun.knowledge.compile import compile_training_data
from zhixun.knowledge.load import load

__all__ = ["STEPS", "model_path", "train"]

_INPUTS = ("config.yml", "domain.yml", "requirements.lock", "data/**/*.yml", "data/**/*.txt", "knowledge/**/*.yml", "zhixun/nlu/*.py",
           "zhixun/knowledge/compile.py", "zhixun/knowledge/check.py")  # fmt: skip
_KEPT = 3
_STEP = re.compile(rb"Finished training component '(\w+)'")
STEPS = 6
"""How many components report while training."""


def model_path(project: Path) -> Path:
    """Return where the model of today's inputs is or will be: its name is the digest of all of them."""
    digest = hashlib.sha256()
    for pattern in _INPUTS:
        for path in sorted(project.glob(pattern)):
            digest.update(path.relative_to(project).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return project / "models" / f"zhixun-{digest.hexdigest()[:12]}.tar.gz"


async def train(project: Path, progress: Callable[[str], object], *, force: bool = False) -> Path:
    """Train unless the model of today's inputs exists; returns its path.

    Args:
        progress: told the name of each component as it is done.

    Raises:
        StopNow: training failed; the log is named in the message.
    """
    model = model_path(project)
    if model.exists() and not force:
        return model
    compile_training_data(load(project / "knowledge"), project / "build")
    model.parent.mkdir(exist_ok=True)
    draft = model.with_name(f"draft-{os.getpid()}.tar.gz")
    log = project / "build" / "training.log"
    command = [sys.executable, "-m", "zhixun.nlu.run", "train", "--data", "data", "build/nlu", "--domain", "domain.yml",
               "--config", "config.yml", "--out", "models", "--fixed-model-name", draft.name, "--force"]  # fmt: skip
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore",
                   "PYTHONPATH": str(project), "ZHIXUN_PARENT": str(os.getpid())}  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *command, cwd=project, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, limit=2**20
    )
    try:
        with log.open("wb") as kept:
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for above
            async for line in process.stdout:
                kept.write(line)
                for done in _STEP.findall(line):
                    progress(done.decode())
        if await process.wait() != 0 or not draft.exists():
            raise StopNow(f"训练没有成功，详见 {log}")
        draft.replace(model)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        draft.unlink(missing_ok=True)
    for old in sorted(model.parent.glob("zhixun-*.tar.gz"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
        old.unlink()
    return model
