"""A RabbitMQ and a MongoDB of one's own, for development, demos and tests.

    async with local_servers(Path(".sandan"), keep=True) as servers:
        bus = await Bus.connect(servers.amqp_url)

The servers listen on 127.0.0.1 alone, live in sessions of their own (Ctrl-C reaches the services first)
and end with the process that started them, however that one ends.
"""

from services.chassis.servers.found import find_mongod, find_rabbitmq
from services.chassis.servers.mongod import LocalMongo
from services.chassis.servers.pair import Servers, local_servers, servers_from
from services.chassis.servers.rabbitmq import LocalBroker
from services.chassis.servers.unavailable import ServersUnavailable

__all__ = [
    "LocalBroker",
    "LocalMongo",
    "Servers",
    "ServersUnavailable",
    "find_mongod",
    "find_rabbitmq",
    "local_servers",
    "servers_from",
]
