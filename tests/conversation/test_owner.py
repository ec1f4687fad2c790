"""Who owns a consultation, and every step between the states."""

import pytest

from zhixun.conversation.owner import owner_of, step
from zhixun.errors import CitizenError
from zhixun.messages import OWNERS

STATES = {"bot": "bot", "queued": "queue", "message_left": "queue", "staff": "staff", "closed": "closed"}
ALLOWED = {
    ("bot", "queued"), ("bot", "message_left"), ("bot", "staff"), ("bot", "closed"),
    ("queued", "staff"), ("queued", "bot"), ("queued", "message_left"), ("queued", "closed"),
    ("message_left", "staff"), ("message_left", "bot"), ("message_left", "queued"), ("message_left", "closed"),
    ("staff", "queued"), ("staff", "bot"), ("staff", "closed"),
}  # fmt: skip
ALL = [(state, new) for state in STATES for new in STATES]


@pytest.mark.parametrize(("state", "owner"), STATES.items())
def test_every_state_has_one_owner(state: str, owner: str) -> None:
    assert owner_of(state) == owner
    assert owner in OWNERS


@pytest.mark.parametrize(("state", "new"), [pair for pair in ALL if pair in ALLOWED])
def test_a_step_that_is_allowed(state: str, new: str) -> None:
    assert step(state, new) == new


@pytest.mark.parametrize(("state", "new"), [pair for pair in ALL if pair not in ALLOWED])
def test_a_step_that_is_not(state: str, new: str) -> None:
    with pytest.raises(CitizenError) as refused:
        step(state, new)
    assert (refused.value.code, refused.value.status) == ("closed", 409)
