"""Runs Rasa's own command line as a child process of ours, with two things added.

The child ends with its parent, so that no engine is ever left behind alone. And the check of what an action returns keeps
its prepared schema: Rasa prepares (and checks) the schema anew for each action, which took more than half of a turn.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any

import jsonschema
from rasa.__main__ import main
from rasa.core.actions.action import RemoteAction

_PR_SET_PDEATHSIG = 1
_VALIDATOR = jsonschema.Draft202012Validator(RemoteAction.action_response_format_spec())


def _validate_action_result(_action: RemoteAction, result: dict[str, Any]) -> bool:
    _VALIDATOR.validate(result)
    return True


def _end_with_parent(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(0)


if __name__ == "__main__":
    _end_with_parent(int(os.environ.pop("ZHIXUN_PARENT", os.getppid())))
    RemoteAction._validate_action_result = _validate_action_result
    main()
