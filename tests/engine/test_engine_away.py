"""The tests of tests/faults/test_engine_away.py on a real engine."""

import pytest

from tests.faults.test_engine_away import *  # noqa: F403 - the same tests on this folder's bed

pytestmark = pytest.mark.engine
