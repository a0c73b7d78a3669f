"""What a request may cost before anybody knows who asks: time, bytes, connections; nothing is unpacked."""

import asyncio
import gzip
import threading
from typing import Any, cast

import aiohttp
import pytest
from aiohttp.http_parser import DeflateBuffer

from services.chassis.http.once import Reply
from services.chassis.http.readers import WAITING_MAX
from services.chassis.http.reading import PARTS_MAX
from services.chassis.http.web import ApiRequest, Route, show
from tests.support.deployment import Keys
from tests.support.running import eventually
from tests.support.threshold import EVERYBODY, LOOK, WRITE, Said, Threshold, look, threshold

MEGABYTE = 1024 * 1024
JSON = {"Content-Type": "application/json"}


async def status_of(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return status and head of an answer."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    return int(head.split()[1]), head


async def closed(reader: asyncio.StreamReader) -> bool:
    """Return whether the far end closes within a few seconds, whatever it says before."""
    try:
        async with asyncio.timeout(8):
            while await reader.read(65_536):
                pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


class TestPackedBodies:
    @pytest.fixture
    def unpacked(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Sizes of what was given to be unpacked."""
        given: list[int] = []

        def feed_data(_: Any, chunk: bytes, *__: Any) -> bool:
            given.append(len(chunk))
            return True

        monkeypatch.setattr(DeflateBuffer, "feed_data", feed_data)
        return given

    @pytest.mark.parametrize("known", [True, False], ids=["with a token", "without one"])
    async def test_are_refused_and_never_unpacked(self, keys: Keys, unpacked: list[int], known: bool) -> None:
        bomb = gzip.compress(b" " * 20 * MEGABYTE)
        async with threshold(keys) as door:
            visitor = door.visitor() if known else door.stranger()
            headers = {**JSON, "Content-Encoding": "gzip"}
            answer = await visitor.ask("POST", "/words", data=bomb, headers=headers)
            if known:
                answer.refused(415, "content_encoding_refused")
            else:
                answer.refused(401, "token_missing")
            assert unpacked == []
            assert door.writes.done == 0


class TestWhatIsRefusedEarly:
    @pytest.mark.parametrize(
        ("path", "headers", "token", "status"),
        [
            ("words", "", "", 401),
            ("nowhere", "", None, 404),
            ("words", "", None, 413),
            ("words", "Content-Encoding: gzip\r\n", None, 415),
            ("words", "X-Route: other\r\n", None, 405),
        ],
    )
    async def test_is_not_read_to_its_end(
        self, keys: Keys, path: str, headers: str, token: str | None, status: int
    ) -> None:
        async with threshold(keys) as door:
            reader, writer = await door.wire()
            method = b"PUT " if status == 405 else b"POST "
            length = 200 * MEGABYTE if status != 415 else MEGABYTE
            head = door.head(f"{headers}Content-Length: {length}", token=token)
            head = head.replace(b"POST ", method, 1).replace(b"/words", f"/{path}".encode(), 1)
            writer.write(head)
            assert (await status_of(reader))[0] == status
            sent = await sent_until_closed(writer, length)
            assert sent < 40 * MEGABYTE, "the buffers between us may fill, and nothing else"
            assert await closed(reader)

    async def test_says_that_the_connection_ends(self, keys: Keys) -> None:
        async with threshold(keys) as door:
            reader, writer = await door.wire()
            writer.write(door.head("Content-Length: 1000", token="bad"))
            status, head = await status_of(reader)
            assert status == 401
            assert b"connection: close" in head.lower()
            assert await closed(reader)

    async def test_keeps_the_connection_when_all_of_it_has_come(self, keys: Keys) -> None:
        async with threshold(keys) as door:
            reader, writer = await door.wire()
            for _ in range(3):
                writer.write(door.head("Content-Length: 2", token="bad") + b"{}")
                status, head = await status_of(reader)
                assert status == 401
                assert b"connection: close" not in head.lower()
                length = int(head.lower().split(b"content-length: ")[1].split()[0])
                await reader.readexactly(length)


async def sent_until_closed(writer: asyncio.StreamWriter, most: int) -> int:
    """Send until the far end takes nothing more; return how much it took, buffers included."""
    sent, chunk = 0, b"x" * 65_536
    try:
        while sent < most:
            writer.write(chunk)
            async with asyncio.timeout(3):
                await writer.drain()
            sent += len(chunk)
    except (ConnectionError, TimeoutError):
        pass
    return sent


class TestTime:
    async def test_a_half_sent_head_is_closed(self, keys: Keys) -> None:
        async with threshold(keys, http_header_seconds=0.2) as door:
            silent, half, second = [await door.wire() for _ in range(3)]
            half[1].write(b"POST /api/v1/communities/jiwang/words HTTP/1.1\r\nHost: x\r\n")
            second[1].write(door.head("Content-Length: 2") + b"{}")
            status, head = await status_of(second[0])
            assert status == 200
            await second[0].readexactly(int(head.lower().split(b"content-length: ")[1].split()[0]))
            second[1].write(b"POST /half")
            for reader, _ in (silent, half, second):
                assert await closed(reader)
            assert await none_open(door)

    async def test_a_head_that_trickles_is_closed_however_busy_it_looks(self, keys: Keys) -> None:
        async with threshold(keys, http_header_seconds=0.3) as door:
            reader, writer = await door.wire()
            ended = asyncio.create_task(closed(reader))
            for byte in door.head("Content-Length: 2"):
                if ended.done() or writer.is_closing():
                    break
                writer.write(bytes([byte]))
                await asyncio.sleep(0.05)
            assert await ended
            assert door.writes.done == 0

    async def test_a_body_that_trickles_gets_408(self, keys: Keys) -> None:
        async with threshold(keys, http_body_seconds=0.3) as door:
            reader, writer = await door.wire()
            writer.write(door.head("Content-Length: 1000"))
            answer = asyncio.create_task(status_of(reader))
            while not answer.done():
                writer.write(b" ")
                await asyncio.sleep(0.02)
            status, head = await answer
            assert status == 408
            assert b"application/problem+json" in head
            body = await reader.read(65_536)
            assert b'"code":"request_timeout"' in body
            assert await closed(reader)
            assert door.writes.done == 0

    async def test_a_handler_that_takes_too_long_gets_503_and_the_advice_to_use_the_same_key(
        self, keys: Keys
    ) -> None:
        async def for_ever(_: ApiRequest[None]) -> Reply:
            await asyncio.Event().wait()
            raise AssertionError("nobody wakes it")

        slow = Route("GET", "/slow", EVERYBODY, for_ever, "Wait", Said)
        async with threshold(keys, slow, LOOK, http_request_seconds=0.3) as door:
            answer = await door.visitor().get("/slow")
            assert "同一个幂等键" in answer.refused(503, "temporarily_unavailable")["detail"]
            assert answer.headers["Retry-After"] == "1"
            assert (await door.visitor().get("/words")).status == 200

    async def test_a_client_that_does_not_take_its_answer_is_dropped(self, keys: Keys) -> None:
        async def much(_: ApiRequest[None]) -> Reply:
            return show(Said(text="长" * 10 * MEGABYTE))

        long = Route("GET", "/long", EVERYBODY, much, "Much", Said)
        async with threshold(keys, long, http_request_seconds=0.5) as door:
            _, writer = await door.wire()
            cast(asyncio.Transport, writer.transport).pause_reading()
            head = door.head().replace(b"POST", b"GET").replace(b"/words", b"/long")
            writer.write(head)
            assert await none_open(door)


async def none_open(door: Threshold) -> bool:
    """Return once all connections are gone; fail if that takes long."""
    return bool(await eventually(lambda: fewer_than(door, 1)))


async def fewer_than(door: Threshold, number: int) -> bool:
    """Return whether fewer connections are open."""
    return door.site.connections < number


class TestConnections:
    async def test_more_than_there_may_be_are_turned_away_and_those_inside_go_on(self, keys: Keys) -> None:
        async with threshold(keys, http_connections_max=5) as door:
            wires = [await door.wire() for _ in range(5)]
            wires[0][1].write(door.head("Content-Length: 2") + b"{}")
            assert (await status_of(wires[0][0]))[0] == 200
            turned_away = [await door.wire() for _ in range(3)]
            for reader, _ in turned_away:
                status, head = await status_of(reader)
                assert status == 503
                assert b"Retry-After: 1" in head
                assert await closed(reader)
            assert door.site.connections == 5
            wires[4][1].close()
            await eventually(lambda: fewer_than(door, 5))
            assert (await door.visitor().get("/words")).status == 200


class TestBodiesThatAreDearToRead:
    async def test_are_read_apart_from_the_loop_which_answers_others_meanwhile(self, keys: Keys) -> None:
        began, go_on = threading.Event(), threading.Event()
        threads: list[threading.Thread] = []

        def dear(raw: bytes, community: str) -> str:
            threads.append(threading.current_thread())
            began.set()
            assert go_on.wait(20)
            return f"{community} {len(raw)}"

        async def hear(ask: ApiRequest[str]) -> Reply:
            return show(Said(text=ask.body))

        route = Route("POST", "/file", EVERYBODY, hear, "Dear", Said, only_looks=True, reads=dear)
        async with threshold(keys, route, LOOK) as door:
            asked = asyncio.create_task(door.visitor().ask("POST", "/file", data=b"abc"))
            await asyncio.to_thread(began.wait, 10)
            others = [(await door.visitor("resident-2").get("/words")).status for _ in range(50)]
            assert others == [200] * 50
            assert not asked.done()
            go_on.set()
            assert (await asked).ok() == {"text": "jiwang 3"}
            assert threading.main_thread() not in threads

    async def test_wait_in_a_short_line(self, keys: Keys) -> None:
        go_on = threading.Event()

        def dear(_: bytes, __: str) -> str:
            assert go_on.wait(20)
            return ""

        route = Route("POST", "/file", EVERYBODY, look, "Dear", Said, only_looks=True, reads=dear)
        async with threshold(keys, route) as door:
            asked = [
                asyncio.create_task(door.visitor().ask("POST", "/file", data=b"x"))
                for _ in range(WAITING_MAX + 3)
            ]
            done, _ = await asyncio.wait(asked, timeout=5)
            assert [task.result().refused(429, "too_many_waiting")["code"] for task in done] == [
                "too_many_waiting"
            ] * 3
            go_on.set()
            seen = await asyncio.gather(*asked)
            assert sorted(answer.status for answer in seen) == [200] * WAITING_MAX + [429] * 3

    async def test_a_body_of_too_many_parts_is_refused_before_any_is_looked_at(
        self, keys: Keys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked: list[int] = []
        model = WRITE.body
        assert model is not None

        def validate(raw: bytes) -> Any:
            looked.append(len(raw))
            raise AssertionError("not to be looked at")

        monkeypatch.setattr(model, "model_validate_json", validate)
        async with threshold(keys) as door:
            body = b'{"text":[' + b",".join([b"1"] * (PARTS_MAX + 2)) + b"]}"
            answer = await door.visitor().ask("POST", "/words", data=body, headers=JSON)
            assert answer.refused(413, "body_too_large")["most_parts"] == PARTS_MAX
            assert looked == []


async def test_the_guard_forgets_a_connection_that_ends(keys: Keys) -> None:
    async with threshold(keys) as door:
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{door.port}/api/v1/communities/jiwang/words"
            async with session.get(url) as answer:
                assert answer.status == 401
            assert door.site.connections == 1
        assert await none_open(door)
