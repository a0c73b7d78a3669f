"""A RabbitMQ and a MongoDB of one's own, for development, demos and tests.

    async with local_servers(Path(".sandan"), keep=True) as servers:
        settings = Settings(amqp_url=servers.amqp_url, mongo_url=servers.mongo_url)

The servers listen on 127.0.0.1 alone, live in sessions of their own (Ctrl-C reaches the services first)
and end with the process that started them, however that one ends.
"""

from services.devserver.found import find_mongod, find_rabbitmq
from services.devserver.mongod import LocalMongo
from services.devserver.pair import Servers, local_servers, servers_from
from services.devserver.rabbitmq import LocalBroker
from services.devserver.unavailable import ServersUnavailable

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
