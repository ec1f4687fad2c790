"""What every action needs: the knowledge, the day, and the region of the citizen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache

from rasa_sdk import Tracker

from zhixun.clock import Clock
from zhixun.knowledge.guides.reckon import Calendar
from zhixun.knowledge.load import load
from zhixun.knowledge.model import Knowledge
from zhixun.knowledge.site import Site, load_site
from zhixun.settings import read_settings

__all__ = ["calendar", "knowledge", "now", "region_of", "serving", "site", "today"]

_SERVING: ContextVar[Knowledge | None] = ContextVar("serving", default=None)


def knowledge() -> Knowledge:
    """Return the knowledge that the engine which asks was trained on; under `rasa run actions` that of the folders."""
    return _SERVING.get() or _loaded()


@contextmanager
def serving(known: Knowledge) -> Iterator[None]:
    """Let the actions that run in this context answer from `known`."""
    before = _SERVING.set(known)
    try:
        yield
    finally:
        _SERVING.reset(before)


@cache
def _loaded() -> Knowledge:
    settings = read_settings()
    return load(settings.knowledge_dir, settings.own_dir)


@cache
def site() -> Site:
    """Return the deployment."""
    return load_site(read_settings().knowledge_dir)


def calendar() -> Calendar:
    """Return the holidays, and the days worked in their stead."""
    hours = site().hours
    return Calendar(hours.holidays, hours.workdays, hours.years)


def now() -> datetime:
    """Return the local time on the legal date."""
    return Clock(read_settings().today).local()


def today() -> date:
    """Return the legal date."""
    return Clock(read_settings().today).today()


def region_of(tracker: Tracker) -> str:
    """Return the citizen's region: what the session says, else the deployment's own."""
    region = str((tracker.latest_message.get("metadata") or {}).get("region"))
    return region if region in knowledge().glossary.places else site().region
