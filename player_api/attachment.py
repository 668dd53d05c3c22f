"""How a file for download is called."""

from __future__ import annotations

from urllib.parse import quote


def file_name(title: str, ending: str) -> str:
    """The title without what file systems refuse, and with its ending."""
    kept = "".join("-" if c in '/\\:*?"<>|' or ord(c) < 32 else c for c in title).strip(" .")
    return f"{kept[:150] or 'video'}.{ending}"


def disposition(name: str) -> str:
    """Content-Disposition for a file of that name, for clients that know RFC 6266 and for those that do not."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " -_.") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
