"""Trains the engine's model, only when something that goes into it has changed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from zhixun.errors import StopNow
from zhixun.knowledge.compile import compile_training_data
from zhixun.knowledge.load import LEARNED, load

__all__ = ["STEPS", "model_path", "prune", "train"]

_INPUTS = ("config.yml", "domain.yml", "requirements.lock", "data/**/*.yml", "data/**/*.txt", "zhixun/nlu/*.py",
           "zhixun/knowledge/compile.py", "zhixun/knowledge/check.py", *(f"knowledge/{each}" for each in LEARNED))  # fmt: skip
_KEPT = 3
_STEP = re.compile(rb"Finished training component '(\w+)'")
STEPS = 6
"""How many components report while training."""
_NICE = "10"
"""How far training steps back behind those who answer, when citizens are talking meanwhile."""


def model_path(project: Path, own: Path | None = None, models: Path | None = None) -> Path:
    """Return where the model of today's inputs is or will be: its name is the digest of all of them.

    Args:
        own: the deployment's own answers, laid over the knowledge of the project.
        models: where models with own answers lie; those without lie in the project.
    """
    digest = hashlib.sha256()
    for pattern in _INPUTS:
        for path in sorted(project.glob(pattern)):
            digest.update(path.relative_to(project).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    mine = list(_own_files(own))
    for path in mine:
        digest.update(b"own/" + path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return (models if mine and models is not None else project / "models") / f"zhixun-{digest.hexdigest()[:12]}.tar.gz"


async def train(
    project: Path, progress: Callable[[str], object], *, force: bool = False, own: Path | None = None, work: Path | None = None,
    aside: bool = False,
) -> Path:  # fmt: skip
    """Train unless the model of today's inputs exists; returns its path.

    Args:
        progress: told the name of each component as it is done.
        own: the deployment's own answers; the model is then kept in `work`, which must be given.
        work: a folder of the deployment for models, the configuration and the log of a training with own answers.
        aside: step back behind others who want the processor.

    Raises:
        StopNow: training failed; the log is named in the message.
    """
    # Reading everything takes a second, for which citizens who are talking would have to wait.
    model = await asyncio.to_thread(model_path, project, own, work and work / "models")
    if model.exists() and not force:
        return model
    mine = own is not None and work is not None and any(_own_files(own))
    build = work if mine and work is not None else project / "build"
    await asyncio.to_thread(lambda: compile_training_data(load(project / "knowledge", own), build))
    config = _configured(project, own, build) if mine and own is not None else project / "config.yml"
    model.parent.mkdir(parents=True, exist_ok=True)
    draft = model.with_name(f"draft-{os.getpid()}.tar.gz")
    command = [sys.executable, "-m", "zhixun.nlu.run", "train", "--data", "data", str(build / "nlu"), "--domain", "domain.yml",
               "--config", str(config), "--out", str(model.parent), "--fixed-model-name", draft.name, "--force"]  # fmt: skip
    try:
        await _run(["nice", "-n", _NICE, *command] if aside else command, project, build / "training.log", progress)
        if not draft.exists():
            raise StopNow(f"训练没有成功，详见 {build / 'training.log'}")
        draft.replace(model)
    finally:
        draft.unlink(missing_ok=True)
    if not mine:
        for old in sorted(model.parent.glob("zhixun-*.tar.gz"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
            old.unlink()
    return model


def prune(models: Path, kept: set[str]) -> None:
    """Delete the models of a deployment's own answers but those of the file names in `kept`."""
    for old in models.glob("zhixun-*.tar.gz"):
        if old.name not in kept:
            old.unlink()


async def _run(command: list[str], project: Path, log: Path, progress: Callable[[str], object]) -> None:
    """Run the training; it ends with whoever waits for it."""
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
        if await process.wait() != 0:
            raise StopNow(f"训练没有成功，详见 {log}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _configured(project: Path, own: Path, build: Path) -> Path:
    """Write the project's configuration with the own answers in it; returns its path."""
    config: dict[str, Any] = yaml.safe_load((project / "config.yml").read_text("utf-8"))
    for part in config["pipeline"]:
        if "knowledge" in part:
            part["own"] = str(own)
        if "dictionary_path" in part:
            part["dictionary_path"] = str(build / "jieba")
    path = build / "config.yml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False), "utf-8")
    return path


def _own_files(own: Path | None) -> Iterator[Path]:
    return iter(sorted((own / "answers").glob("*.yml")) if own is not None else ())
