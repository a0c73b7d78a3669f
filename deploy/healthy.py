"""Asks the service in this container whether it is alive; the exit status is the answer."""

import os
import sys
from http.client import HTTPConnection, HTTPException

_ANSWER_SECONDS_MAX = 4


def is_healthy(port: int) -> bool:
    """Tell whether /healthz of the service on this port answers 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS_MAX)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_healthy(int(os.environ.get("SANDAN_HTTP_PORT", "8080"))) else 1)
