"""A desk that issues slips, over a real deployment."""

import pytest

from tests.referral.desk import Desk, desk_of
from tests.support import Office


@pytest.fixture
def desk(office: Office) -> Desk:
    """Join the slips; letters go to a recorder."""
    return desk_of(office)
