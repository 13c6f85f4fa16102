"""What hub and probers tell each other of pictures: taught on watching, again when people change it; bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from camerahub.core.eyes import Lesson
from camerahub.core.messages import Learned, Message, Still, Teach
from camerahub.registry.eyes import Order
from camerahub.services.clock import ManualClock
from camerahub.services.teaching import EXPIRE_S, MOST_WAITING, PART, Teaching

WEEK_S = 7 * 86_400.0


class Book:
    def __init__(self) -> None:
        self.pasts: list[tuple[int, bytes]] = []
        self.stills: list[tuple[int, str, int]] = []
        self.expired: list[int] = []
        self.kept = asyncio.Event()

    def keep_past(self, endpoint: int, at: int, past: bytes) -> None:
        self.pasts.append((endpoint, past))
        self.kept.set()

    def keep_still(self, endpoint: int, at: int, reason: str, jpeg: bytes, expires_at: int) -> bool:
        self.stills.append((endpoint, reason, expires_at))
        return True

    def expire_stills(self, now: int) -> int:
        self.expired.append(now)
        return 0


class Reader:
    def __init__(self) -> None:
        self.said: dict[int, Order] = {}
        self.pasts: dict[int, bytes] = {}

    def orders(self) -> Mapping[int, Order]:
        return dict(self.said)

    def lessons(self, endpoints: Sequence[int]) -> list[Lesson]:
        return [Lesson(e, self.pasts.get(e)) for e in endpoints if e in self.pasts]


class School:
    """A teaching with everything around it played."""

    def __init__(self) -> None:
        self.book, self.reader, self.clock = Book(), Reader(), ManualClock()
        self.told: list[tuple[str, Lesson]] = []
        self.messages = 0
        around = (self.book, self.reader, self.exclusively, self.teach)
        foggy = lambda endpoint, reason: (endpoint, reason) == (999, "blur")  # noqa: E731
        self.teaching = Teaching(*around, lambda e: f"p{e % 2}", self.clock, WEEK_S, foggy)

    async def exclusively(self, work: Callable[[], object]) -> None:
        work()

    async def teach(self, worker: str, message: Message) -> bool:
        assert isinstance(message, Teach)
        self.messages += 1
        self.told += [(worker, lesson) for lesson in message.lessons]
        return True


async def test_whoever_begins_to_watch_is_taught_in_parts() -> None:
    school = School()
    school.reader.pasts = dict.fromkeys(range(0, 600, 2), b"p")
    school.teaching.watched("p0", range(600))
    await school.teaching.step()
    assert school.told == [("p0", Lesson(e, b"p")) for e in range(0, 600, 2)]
    assert school.messages == -(-600 // PART)


async def test_what_people_change_is_told_at_once_and_once() -> None:
    school = School()
    mask, weights = b"m" * 288, b"w" * 14
    school.reader.said = {1: Order(mask), 2: Order(weights=weights, relearned=1)}
    school.teaching.look_again()
    await school.teaching.step()
    assert sorted(school.told) == [("p0", Lesson(2, b"", b"", b"", weights)), ("p1", Lesson(1, None, mask))]
    school.told.clear()
    school.teaching.look_again()
    await school.teaching.step()
    assert school.told == []
    del school.reader.said[1]
    school.teaching.look_again()
    await school.teaching.step()
    assert school.told == [("p1", Lesson(1))]


async def test_pasts_and_evidence_are_kept_and_evidence_expires() -> None:
    school = School()
    school.teaching.heard(Learned("p0", 4, 1, b"past"))
    school.teaching.heard(Still("p0", 5, 2, "blur", b"jpeg"))
    await school.teaching.step()
    assert school.book.pasts == [(4, b"past")]
    assert school.book.stills == [(5, "blur", school.clock.wall_us() + round(WEEK_S * 1e6))]
    assert (school.teaching.kept, school.teaching.dropped) == (1, 0)
    assert len(school.book.expired) == 1
    await school.teaching.step()
    assert len(school.book.expired) == 1
    school.clock.advance(EXPIRE_S)
    await school.teaching.step()
    assert len(school.book.expired) == 2


async def test_what_weather_explains_is_no_fault_to_be_shown() -> None:
    school = School()
    for reason in ("blur", "frozen"):
        school.teaching.heard(Still("p0", 999, 2, reason, b"jpeg"))
    await school.teaching.step()
    assert [reason for _, reason, _ in school.book.stills] == ["frozen"]


async def test_what_comes_too_fast_is_dropped_oldest_first_and_counted() -> None:
    school = School()
    for n in range(MOST_WAITING + 5):
        school.teaching.heard(Still("p0", n, 2, "blur", b"jpeg"))
    await school.teaching.step()
    assert [endpoint for endpoint, _, _ in school.book.stills] == list(range(5, MOST_WAITING + 5))
    assert school.teaching.dropped == 5


async def test_it_runs_until_it_is_ended() -> None:
    school = School()
    running = asyncio.ensure_future(school.teaching.run())
    school.teaching.heard(Learned("p0", 4, 1, b"past"))
    await school.book.kept.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
