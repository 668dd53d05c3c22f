"""The configuration of nginx, as text: infra/deploy/nginx/nginx.conf.template with its variables filled in.

The official image fills in the same variables from its environment (docker-compose.yml sets them), so there is one
source for both. Pure: nothing is started or written here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

TEMPLATE = Path(__file__).with_name("nginx") / "nginx.conf.template"
_VARIABLE = re.compile(r"\$\{(NGINX_[A-Z0-9_]+)\}")
_NOWHERE = "127.0.0.1:9"  # nothing listens there: there is no such backend


@dataclass(frozen=True, slots=True)
class Edge:
    """What an nginx in front of Lectern has to know. Folders must exist, apart from `cache`."""

    listen: str  # "8080", or "127.0.0.1:8080"
    api: Sequence[str]  # host:port of each web process
    run: Path  # for its process id, its socket and what it has not sent yet
    cache: Path
    cache_size: str = "10g"
    storage: Path | None = None  # the folder that X-Accel-Redirect: /_objects/KEY names
    s3_endpoint: str = ""  # http(s)://host[:port], for X-Accel-Redirect: /_s3/... and presigned uploads
    s3_host: str = ""  # the host that addresses are signed for; empty: the endpoint's
    s3_bucket: str = "lectern"
    workers: str = "auto"
    access_log: str = "/dev/stdout edge buffer=64k flush=2s"  # what follows access_log; or "off"
    user: str = ""  # whom root's workers run as; empty: who starts nginx (as root: nginx's own choice)

    def variables(self) -> dict[str, str]:
        """Name -> text, for every variable of the template."""
        s3 = urlsplit(self.s3_endpoint)
        return {
            "NGINX_USER": f"user {self.user};" if self.user else "",
            "NGINX_WORKERS": self.workers,
            "NGINX_RUN": str(self.run),
            "NGINX_CACHE": str(self.cache),
            "NGINX_CACHE_SIZE": self.cache_size,
            "NGINX_LISTEN": self.listen,
            "NGINX_ACCESS_LOG": self.access_log,
            "NGINX_API_SERVERS": " ".join(f"server {address};" for address in self.api),
            "NGINX_STORAGE": str(self.storage or "/nonexistent"),
            "NGINX_S3_SCHEME": s3.scheme or "http",
            "NGINX_S3_SERVER": _with_port(s3.netloc, s3.scheme) if s3.netloc else _NOWHERE,
            "NGINX_S3_HOST": self.s3_host or s3.netloc or _NOWHERE,
            "NGINX_S3_BUCKET": self.s3_bucket,
        }

    def render(self) -> str:
        """The whole nginx.conf."""
        values = self.variables()
        return _VARIABLE.sub(lambda found: values[found[1]], TEMPLATE.read_text())


def template_variables() -> set[str]:
    """The names that the template asks for."""
    return set(_VARIABLE.findall(TEMPLATE.read_text()))


def _with_port(netloc: str, scheme: str) -> str:
    # Inside `upstream` a server without a port would be asked at port 80.
    bare = netloc.rpartition("@")[2]
    return bare if re.search(r":\d+$", bare) else f"{bare}:{443 if scheme == 'https' else 80}"
