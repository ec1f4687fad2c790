"""Runs Rasa's own command line as a child that ends with its parent, so that no engine is ever left behind alone."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from rasa.__main__ import main

_PR_SET_PDEATHSIG = 1


def _end_with_parent(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(0)


if __name__ == "__main__":
    _end_with_parent(int(os.environ.pop("ZHIXUN_PARENT", os.getppid())))
    main()
