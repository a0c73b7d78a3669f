"""The broker and the database of one's own, for real: killed, restarted with their data, ended."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from time import sleep

import aiormq
import psutil
import pytest
from pamqp.commands import Basic
from pymongo import AsyncMongoClient
from pymongo.write_concern import WriteConcern

from services.devserver import (
    LocalBroker,
    LocalMongo,
    ServersUnavailable,
    find_mongod,
    find_rabbitmq,
    local_servers,
    pair,
    servers_from,
)
from services.devserver.home import Home
from services.devserver.ports import free_port, is_free
from services.devserver.process import end_stale, works_in

pytestmark = pytest.mark.skipif(
    not (find_rabbitmq() and find_mongod()), reason="needs rabbitmq-server and mongod; run `make setup`"
)

QUEUE = "kept"


@pytest.fixture(scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalBroker]:
    broker = LocalBroker(tmp_path_factory.mktemp("broker"))
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture(scope="module")
async def mongo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalMongo]:
    mongo = LocalMongo(tmp_path_factory.mktemp("mongo"))
    await mongo.start()
    yield mongo
    await mongo.stop()


async def publish(url: str, body: bytes) -> None:
    """Send one persistent message to a durable quorum queue and wait for the broker's word."""
    connection = await aiormq.connect(url)
    channel = await connection.channel(publisher_confirms=True)
    await channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    confirmed = await channel.basic_publish(
        body, routing_key=QUEUE, properties=Basic.Properties(delivery_mode=2), mandatory=True
    )
    assert isinstance(confirmed, Basic.Ack)
    await connection.close()
    # RabbitMQ 3.10 writes its list of quorum queues down every half second: a queue that is declared and lost
    # to a power cut within that time stays known but never finds a leader again. Messages have no such gap.
    await asyncio.sleep(1)


async def take(url: str) -> bytes:
    connection = await aiormq.connect(url)
    channel = await connection.channel()
    for _ in range(50):  # a quorum queue elects its leader shortly after the node answers
        message = await channel.basic_get(QUEUE, no_ack=True)
        if message.body:
            break
        await asyncio.sleep(0.1)
    await connection.close()
    return bytes(message.body)


async def write(url: str, name: str) -> None:
    async with AsyncMongoClient[dict[str, object]](url) as client:
        majority = WriteConcern("majority", j=True)
        await client["kept"].get_collection("names", write_concern=majority).insert_one({"_id": name})


async def names(url: str) -> list[object]:
    async with AsyncMongoClient[dict[str, object]](url) as client:
        return [document["_id"] async for document in client["kept"]["names"].find()]


def runs(pid: int) -> bool:
    """Tell whether a process runs; one that waits to be buried does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def gone(pids: Iterable[int]) -> bool:
    """Tell whether all have ended; init may need a moment to bury those whose parent died with them."""
    for _ in range(20):
        if not any(runs(pid) for pid in pids):
            return True
        await asyncio.sleep(0.1)
    return False


def is_empty(directory: Path) -> bool:
    return not list(directory.iterdir())


def listening(pids: tuple[int, ...]) -> set[str]:
    connections = [each for pid in pids for each in psutil.Process(pid).net_connections("inet")]
    return {each.laddr.ip for each in connections if each.status == psutil.CONN_LISTEN}


async def test_a_killed_broker_comes_back_on_its_port_with_its_confirmed_messages(
    broker: LocalBroker,
) -> None:
    url, killed = broker.url, broker.pids
    await publish(url, b"still here")
    # A quorum queue that is killed in its first second may never elect a leader (RabbitMQ 3.10).
    await asyncio.sleep(1.5)
    broker.kill()
    assert broker.pids == ()
    assert await gone(killed)
    await broker.start()
    assert broker.url == url
    assert await take(url) == b"still here"


async def test_a_killed_database_comes_back_on_its_port_with_its_majority_writes(mongo: LocalMongo) -> None:
    url, killed = mongo.url, mongo.pid
    assert killed is not None
    await write(url, "still here")
    mongo.kill()
    assert not psutil.pid_exists(killed)
    await mongo.start()
    assert mongo.url == url
    assert await names(url) == ["still here"]


async def test_they_listen_on_loopback_alone(broker: LocalBroker, mongo: LocalMongo) -> None:
    assert listening((*broker.pids, *mongo.pids)) <= {"127.0.0.1", "::1"}


async def test_ctrl_c_in_the_terminal_does_not_reach_them(broker: LocalBroker, mongo: LocalMongo) -> None:
    ours = os.getsid(0)
    assert all(os.getsid(pid) != ours for pid in (*broker.pids, *mongo.pids))


async def test_their_pids_tell_what_they_cost(broker: LocalBroker) -> None:
    memory = sum(psutil.Process(pid).memory_info().rss for pid in broker.pids)
    assert memory > 50_000_000


async def test_a_second_pair_does_not_collide_and_leaves_nothing(
    broker: LocalBroker, mongo: LocalMongo, tmp_path: Path
) -> None:
    async with local_servers(tmp_path, keep=False) as second:
        assert second.broker is not None
        assert second.mongo is not None
        pids = (*second.broker.pids, *second.mongo.pids)
        await publish(second.amqp_url, b"of the second")
        await write(second.mongo_url, "of the second")
        assert second.amqp_url != broker.url
        assert "of the second" not in await names(mongo.url)
    assert is_empty(tmp_path)
    assert await gone(pids)


async def test_two_do_not_run_on_the_same_data(mongo: LocalMongo) -> None:
    with pytest.raises(ServersUnavailable, match="in use by another"):
        await LocalMongo(mongo.log.parent).start()


async def test_data_that_moved_to_another_port_are_still_found(tmp_path: Path) -> None:
    first = LocalMongo(tmp_path)
    await first.start()
    await write(first.url, "moved")
    await first.stop()
    second = LocalMongo(tmp_path, port=free_port())
    await second.start()
    assert second.url != first.url
    assert await names(second.url) == ["moved"]
    await second.stop()


async def test_nothing_is_started_when_both_are_given(tmp_path: Path) -> None:
    async with servers_from("amqp://there/", "mongodb://there/", tmp_path, keep=False) as servers:
        assert (servers.amqp_url, servers.mongo_url) == ("amqp://there/", "mongodb://there/")
        assert servers.broker is None
        assert servers.mongo is None
    assert is_empty(tmp_path)


async def test_only_the_missing_one_is_started(tmp_path: Path) -> None:
    async with servers_from("amqp://there/", None, tmp_path, keep=True) as servers:
        assert servers.broker is None
        await write(servers.mongo_url, "kept")
    async with servers_from("amqp://there/", None, tmp_path, keep=True) as servers:
        assert await names(servers.mongo_url) == ["kept"]


async def test_a_machine_without_them_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("services.devserver.mongod.find_mongod", lambda: None)
    with pytest.raises(ServersUnavailable, match="make setup") as told:
        async with servers_from("amqp://there/", None, tmp_path, keep=False):
            pass
    assert "SANDAN_MONGO_URL" in str(told.value)
    assert "副本集" in str(told.value)


async def test_a_server_that_dies_at_the_start_shows_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "storage.bson").write_bytes(b"not a database")
    with pytest.raises(ServersUnavailable, match="did not start: it ended") as told:
        await LocalMongo(tmp_path).start()
    assert "storage engine metadata" in str(told.value)


async def test_a_taken_port_is_said_and_not_fought_for(mongo: LocalMongo, tmp_path: Path) -> None:
    port = int(mongo.url.split(":")[2].split("/")[0])
    with pytest.raises(ServersUnavailable, match=f"Port {port} is taken"):
        await LocalMongo(tmp_path, port=port).start()


def test_what_a_crashed_owner_left_behind_is_ended(tmp_path: Path) -> None:
    left = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={"HOME": str(tmp_path)}
    )
    (tmp_path / "left.pid").write_text(str(left.pid))
    while not works_in(left.pid, tmp_path):  # the kernel shows its environment a little after its beginning
        sleep(0.001)
    end_stale(tmp_path / "left.pid", tmp_path, grace_seconds=0)
    assert left.wait(timeout=5) in (-signal.SIGTERM, -signal.SIGKILL)
    assert left.stdin is not None
    left.stdin.close()


def test_a_stranger_with_a_remembered_pid_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (tmp_path / "left.pid").write_text(str(stranger.pid))
    end_stale(tmp_path / "left.pid", tmp_path, grace_seconds=0)
    assert stranger.poll() is None
    stranger.communicate(b"\n", timeout=5)


def test_a_chosen_port_is_free_and_outside_the_range_of_outgoing_connections() -> None:
    port = free_port()
    first_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert is_free(port)
    assert port < first_outgoing


def test_data_of_a_run_that_was_killed_is_removed_by_the_next_and_of_one_that_lives_is_not(
    tmp_path: Path,
) -> None:
    killed, living, beginning = (tmp_path / f"throwaway-{name}" for name in ("killed", "living", "beginning"))
    for home in (killed, living):
        (home / "mongod").mkdir(parents=True)
        (home / "mongod" / "lock").touch()
    beginning.mkdir()
    lives = Home(living / "mongod")
    lives.take()
    made = pair._fresh(tmp_path)
    lives.leave()
    assert {each.name for each in tmp_path.iterdir()} == {living.name, beginning.name, made.name}
