"""One GET that says "I am alive" to whoever watches from outside.

No redirect is followed and no proxy of the environment asked. The address is a secret (who has it can pretend that
we live): it stands in no error and no log.
"""

from __future__ import annotations

import asyncio

import httpx2

from monitor.model.errors import MonitorError
from monitor.model.secret import Secret

DEADLINE = 10.0  # seconds for the whole exchange


class HeartbeatFailed(MonitorError):
    """Nobody took the heartbeat."""


def send_heartbeat(url: Secret, version: str, deadline: float = DEADLINE) -> None:
    """Asks the address once. Raises HeartbeatFailed when no 2xx is answered in time."""
    try:
        request = httpx2.Request("GET", url.reveal(), headers={"User-Agent": f"media-monitor/{version}"})
        status = asyncio.run(_asked(request, deadline))
    # `from None`: the causes carry the request, and with it the secret.
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL):
        raise HeartbeatFailed("heartbeat_url holds no http(s) address") from None
    except (httpx2.HTTPError, TimeoutError) as error:
        raise HeartbeatFailed(f"nobody answers at heartbeat_url ({type(error).__name__})") from None
    except Exception as error:  # whatever else: its words and its frames may hold the address
        raise HeartbeatFailed(f"heartbeat_url: internal error: {type(error).__name__}") from None
    if not 200 <= status < 300:
        raise HeartbeatFailed(f"heartbeat_url answers HTTP {status}; redirects are not followed")


async def _asked(request: httpx2.Request, deadline: float) -> int:
    # The bare transport, not a Client, which logs each URL.
    async with asyncio.timeout(deadline), httpx2.AsyncHTTPTransport(trust_env=False) as transport:
        response = await transport.handle_async_request(request)
        await response.aclose()
        return response.status_code
