"""The feed: a picture when something is new, ages once a second, silence where nothing changes."""

from __future__ import annotations

from dataclasses import replace

from console.ui.feed import Feed

from . import fakes
from .fake_session import FakeSession


class Clocked(FakeSession):
    """A session whose clock is set by hand."""

    at = fakes.NOW

    def now(self) -> float:
        return self.at


def test_a_new_version_is_drawn_once() -> None:
    session = Clocked()
    feed = Feed(session)
    first = feed.poll()
    assert first is not None
    assert first.view is session.shown
    assert feed.poll() is None
    session.set(fakes.detected())
    assert feed.poll() is not None
    assert feed.poll() is None


def test_ages_grow_once_a_second_without_news() -> None:
    session = Clocked()
    feed = Feed(session)
    feed.poll()
    session.at += 0.4
    assert feed.poll() is None
    session.at += 0.7
    aged = feed.poll()
    assert aged is not None
    assert aged.view.now == session.at
    assert aged.view.wall == session.shown.wall + (session.at - fakes.NOW)
    assert aged.quiet == 0


def test_no_news_is_said_after_three_seconds() -> None:
    session = Clocked()
    feed = Feed(session)
    feed.poll()
    session.at += 5.2
    picture = feed.poll()
    assert picture is not None
    assert picture.quiet == 5
    session.set(replace(session.shown, seq=99, now=session.at))
    news = feed.poll()
    assert news is not None
    assert news.quiet == 0


def test_a_paused_replay_and_a_start_stand_still() -> None:
    for view in (fakes.replay(playing=False), fakes.starting()):
        session = Clocked(view)
        feed = Feed(session)
        feed.poll()
        session.at += 30
        assert feed.poll() is None
