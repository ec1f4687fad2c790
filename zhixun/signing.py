"""Signed posts to other systems: JSON over https, to public addresses only, never redirected.

The receiver computes HMAC-SHA256 over the header `X-Zhixun-Timestamp`, a full stop and the body as it came, compares it in
constant time with `X-Zhixun-Signature`, and refuses what is older than some minutes. `X-Zhixun-Delivery` is the same when a
post comes again; it is to be taken once, and answered with any 2xx.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from zhixun.clock import Clock

__all__ = ["NotSent", "SignedPost", "signature_of"]

SECONDS = 10
_ELSEWHERE = "接收地址解析到内网，没有发送；确需使用的，请管理员把它列入允许的内网地址"
_NOT_SECURE = "接收地址不是 https，没有发送"


class NotSent(Exception):
    """A post or a letter was not taken, or nobody knows.

    Args:
        words: why, in Chinese, for staff; nothing of a citizen.
        final: whether it is useless to try again.
    """

    def __init__(self, words: str, *, final: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.final = final


class SignedPost:
    """Posts to other systems.

    Args:
        private_hosts: hosts in private networks, or on this machine, that may be called.
        trust: which certificates are believed.
    """

    def __init__(self, private_hosts: frozenset[str], trust: ssl.SSLContext, clock: Clock) -> None:
        self._private_hosts = private_hosts
        self._trust = trust
        self._clock = clock

    def allowed(self, address: str) -> URL:
        """Return an address that may be called: https, or http on this machine where that is allowed; no private literal.

        Raises:
            NotSent: it may not.
        """
        try:
            url = URL(address)
        except ValueError as error:
            raise NotSent(_NOT_SECURE, final=True) from error
        host = url.host or ""
        listed = host in self._private_hosts
        on_this_machine = url.scheme == "http" and listed and _is_loopback(host)
        if not host or not (url.scheme == "https" or on_this_machine):
            raise NotSent(_NOT_SECURE, final=True)
        if _is_literal(host) and not listed and not _is_public(host):
            raise NotSent(_ELSEWHERE, final=True)
        return url

    async def send(self, address: str, secret: bytes, delivery: str, data: Mapping[str, Any]) -> None:
        """Post `data`.

        Args:
            secret: shared with the receiver. delivery: the same for the same post when it comes again.

        Raises:
            NotSent: the address may not be called, nobody answers, or the answer is not 2xx; redirects are not followed.
        """
        url = self.allowed(address)
        body = json.dumps(data, ensure_ascii=False, sort_keys=True).encode()
        timestamp = str(int(self._clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8", "X-Zhixun-Delivery": delivery, "X-Zhixun-Timestamp": timestamp,
            "X-Zhixun-Signature": signature_of(secret, timestamp, body),
        }  # fmt: skip
        try:
            async with self._session() as session, session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                status = answer.status
        except _NotPublicError as error:
            raise NotSent(_ELSEWHERE, final=True) from error
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError) as error:
            raise NotSent("对方系统的证书不可信") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NotSent("对方系统连接不上或没有及时应答") from error
        if not 200 <= status < 300:
            raise NotSent(f"对方系统没有接受（HTTP {status}）")

    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(resolver=_PublicOnly(self._private_hosts), ssl=self._trust)
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        return aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())


def signature_of(secret: bytes, timestamp: str, body: bytes) -> str:
    """Return what proves that a post is from the office: hexadecimal HMAC-SHA256."""
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class _NotPublicError(Exception):
    """A name leads into a private network."""


class _PublicOnly(AbstractResolver):
    """Resolves names, and lets through only addresses that anybody could reach; the connection is made to the very address."""

    def __init__(self, private_hosts: frozenset[str]) -> None:
        self._private_hosts = private_hosts
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if host not in self._private_hosts and not all(_is_public(one["host"]) for one in found):
            raise _NotPublicError
        return found

    async def close(self) -> None:
        """Hold nothing that could be closed."""


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(address: str) -> bool:
    found = ip_address(address.partition("%")[0])
    return found.is_global and not found.is_multicast


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_literal(host) and ip_address(host).is_loopback)
