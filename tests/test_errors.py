"""The tree of errors."""

import pytest

from zhixun.errors import CitizenError, OurFault, StopNow, TryLater, ZhixunError


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [(CitizenError, 400, "invalid"), (TryLater, 503, "unavailable"), (OurFault, 500, "internal"), (StopNow, 500, "internal")],
)
def test_each_branch_has_its_own_answer(kind: type[ZhixunError], status: int, code: str) -> None:
    plain = kind("一句话。")
    assert (plain.status, plain.code, plain.message, plain.field, str(plain)) == (status, code, "一句话。", None, "一句话。")
    told = kind("一句话。", code="own", status=418, field="text")
    assert (told.status, told.code, told.field) == (418, "own", "text")


def test_no_branch_is_another() -> None:
    branches = (CitizenError, TryLater, OurFault, StopNow)
    assert all(not issubclass(one, two) for one in branches for two in branches if one is not two)
