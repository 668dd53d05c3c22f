"""RTMP and SRT by MediaMTX, a server of its own: it asks us by HTTP who may publish, and we play from it by RTMP.

    authMethod: http
    authHTTPAddress: http://LIVE:PORT/mediamtx/SECRET/auth      POST of JSON; 2xx lets in, all else and no answer refuses

Written to its documentation (1.20): user, password, token, ip, action, path, protocol, id and query are what it sends.
`overridePublisher: no` has it refuse a second publisher; we refuse one ourselves, too. The path is `live/KEY`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
from collections.abc import Mapping
from typing import Any

import httpx

from infra.core.errors import ConfigError
from infra.core.live import PUBLISHER_SILENT_S
from ingest.live.port import Desk, Knock, Refused
from ingest.live.rtmp_play import RtmpGone, RtmpPlay

log = logging.getLogger(__name__)

APP = "live"
_USER = "lectern"
_API_S = 5.0
_LOOK_S = 0.2  # it is published a moment after we were asked
_KICK = {"rtmp": ("rtmpconns", "rtmpsconns"), "srt": ("srtconns",)}  # rtmps: RTMP inside TLS


class MediaMtx:
    """Implements `ingest.live.port.LiveIngest` for one protocol of a MediaMTX."""

    def __init__(self, protocol: str, port: int, host: str, api_url: str, secret: str, play_port: int = 1935) -> None:
        """`port` is the one that encoders see; `host` and `play_port` are where we play from, `secret` what we show then."""
        self.protocol, self.port = protocol, port
        self._host, self._play_port, self._api_url, self._secret = host, play_port, api_url.rstrip("/"), secret
        self._desk: Desk | None = None
        self._following: dict[str, asyncio.Task[None]] = {}  # by connection

    async def start(self, desk: Desk) -> None:
        try:
            async with self._http() as http:
                answer = await http.get("/v3/config/global/get")
            if answer.status_code != 200:
                raise ConfigError("mediamtx", f"MediaMTX answers {answer.status_code} at LECTERN_MEDIAMTX_API "
                                  f"({self._api_url}): set `api: yes`, and `authHTTPAddress` to this live process.")
        except httpx.HTTPError as error:
            raise ConfigError("mediamtx", f"MediaMTX does not answer at LECTERN_MEDIAMTX_API ({self._api_url})."
                              ) from error
        self._desk = desk

    def is_asked(self, secret: str, question: Mapping[str, Any]) -> bool:
        """Whether this call is MediaMTX's, and about what comes by this protocol."""
        return (hmac.compare_digest(secret.encode(), self._secret.encode()) and bool(secret)
                and str(question.get("protocol", "")).removesuffix("s") == self.protocol)

    async def asked(self, question: Mapping[str, Any]) -> bool:
        """MediaMTX asks whether somebody may: the body of its call. Only we ourselves may read."""
        action, path = str(question.get("action", "")), str(question.get("path", ""))
        if action in ("read", "api"):
            return hmac.compare_digest(str(question.get("password", "")).encode(), self._secret.encode())
        client = str(question.get("id") or "")
        if self._desk is None or action != "publish" or not client or not path.startswith(f"{APP}/"):
            return False
        if client in self._following:  # RTMP encoders may ask twice on one connection
            return False
        key, address = path.removeprefix(f"{APP}/"), str(question.get("ip", ""))
        try:
            admitted = await self._desk.ask(Knock(self.protocol, client, key, address))
        except Refused as refused:
            log.info("a publisher from %s was refused: %s", address, refused.message)
            return False
        self._following[client] = asyncio.create_task(self._follow(client, key, admitted.publication))
        return True

    async def drop(self, client: str) -> None:
        with contextlib.suppress(httpx.HTTPError):  # it is away: then nobody publishes
            async with self._http() as http:
                for kind in _KICK[self.protocol]:
                    await http.post(f"/v3/{kind}/kick/{client}")

    async def close(self) -> None:
        for task in self._following.values():
            task.cancel()
        await asyncio.gather(*self._following.values(), return_exceptions=True)

    def publish_url(self, host: str) -> str:
        return f"rtmp://{host}:{self.port}/{APP}" if self.protocol == "rtmp" else f"srt://{host}:{self.port}"

    async def _follow(self, client: str, key: str, publication: str) -> None:
        """Play what was let in, once it is published, until it is gone."""
        assert self._desk is not None
        play = None
        try:
            async with asyncio.timeout(PUBLISHER_SILENT_S):
                while play is None:
                    await asyncio.sleep(_LOOK_S)
                    with contextlib.suppress(RtmpGone):
                        play = await RtmpPlay.connect(self._play_port, APP, f"{key}?user={_USER}&pass={self._secret}",
                                                      host=self._host)
            await self._desk.take(publication, play.source())
            await play.ended.wait()
        except TimeoutError:
            log.info("somebody was let in by %s, and published nothing", self.protocol)
        finally:
            self._following.pop(client, None)
            if play is not None:
                play.close()
            await self._desk.gone(client)

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._api_url, auth=(_USER, self._secret), timeout=_API_S, trust_env=False)
