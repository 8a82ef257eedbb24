"""The tests of tests/faults/test_refusals.py on a real engine."""

import pytest

from tests.faults.test_refusals import *  # noqa: F403 - the same tests on this folder's bed

pytestmark = pytest.mark.engine
