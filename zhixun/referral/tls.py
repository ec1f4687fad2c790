"""Whom outgoing connections trust."""

from __future__ import annotations

import ssl
from pathlib import Path

from zhixun.errors import StopNow

__all__ = ["trusting"]


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Return the settings of connections that check who is at the other end.

    Args:
        ca_file: certificates to be trusted in place of the system's; None trusts the system's.

    Raises:
        StopNow: the file cannot be read, or holds no certificates.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # SSLError is one too
        raise StopNow(f"证书文件 {ca_file} 无法读取，或者里面没有证书。") from error
