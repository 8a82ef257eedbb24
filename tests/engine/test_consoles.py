"""The tests of tests/faults/test_consoles.py on a real engine."""

import pytest

from tests.faults.test_consoles import *  # noqa: F403 - the same tests on this folder's bed

pytestmark = pytest.mark.engine
