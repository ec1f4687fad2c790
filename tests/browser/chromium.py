"""Runs tests of pages, which Node's own runner understands, in Chromium against a product that runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.product import PROJECT

__all__ = ["in_chromium"]

SECONDS = 900
"""A bound for what hangs; it takes five minutes."""


def in_chromium(files: Sequence[Path], told: Mapping[str, str], out: Path, *, only: str = "", seconds: float = SECONDS) -> None:
    """Run the tests of `files`; fails with all that the runner says when one of them does.

    Args:
        told: addresses and passwords, as the environment of the tests. out: where pictures of what failed are put.
        only: a pattern of the names of the tests to run; all of them when it is empty.
    """
    # Node is where `make setup` took it from: the project's own when there is one, else that of the machine.
    node = shutil.which("node", path=os.pathsep.join([str(PROJECT / ".node/bin"), os.environ["PATH"]]))
    assert node, "no Node: run make setup"
    browser = subprocess.run(["sh", PROJECT / "scripts/browser"], capture_output=True, text=True, check=False)
    assert browser.returncode == 0, browser.stderr
    environment = {**os.environ, **told, "CHROMIUM": browser.stdout.strip(), "ZHIXUN_OUT": str(out)}
    picked = [f"--test-name-pattern={only}"] if only else []
    done = subprocess.run(
        [node, "--test", "--test-reporter=spec", *picked, *files], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=seconds, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.fail(f"pictures of what failed: {out}\n{done.stdout}\n{done.stderr}", pytrace=False)
    assert "pass 0" not in done.stdout, done.stdout
