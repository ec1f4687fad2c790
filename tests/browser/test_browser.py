"""The citizen's widget in Chromium against the real product: runs the tests that Node's own runner understands."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.product import PROJECT, Product

pytestmark = pytest.mark.slow

HERE = Path(__file__).resolve().parent
SECONDS = 240


def test_the_widget_in_chromium(product: Product, tmp_path: Path) -> None:
    # Node is where `make setup` took it from: the project's own when there is one, else that of the machine.
    node = shutil.which("node", path=os.pathsep.join([str(PROJECT / ".node/bin"), os.environ["PATH"]]))
    assert node, "no Node: run make setup"
    browser = subprocess.run(["sh", PROJECT / "scripts/browser"], capture_output=True, text=True, check=False)
    assert browser.returncode == 0, browser.stderr
    files = sorted(HERE.glob("*.test.mjs"))
    environment = {**os.environ, "ZHIXUN_URL": product.url, "CHROMIUM": browser.stdout.strip(), "ZHIXUN_OUT": str(tmp_path)}
    done = subprocess.run(
        [node, "--test", "--test-reporter=spec", *files], cwd=HERE, env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.fail(f"pictures of what failed: {tmp_path}\n{done.stdout}\n{done.stderr}", pytrace=False)
