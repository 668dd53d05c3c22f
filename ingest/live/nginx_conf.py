"""The configuration of the nginx that takes RTMP, and what is read of its calls. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

APP = "live"


@dataclass(frozen=True, slots=True)
class Places:
    """Where this nginx listens, whom it calls, and where its files lie."""

    module: Path | None  # of RTMP; None: it is built in
    host: str
    port: int
    callback: str  # http://127.0.0.1:PORT/rtmp/SECRET: its calls go below
    folder: Path  # of its own; short, because a socket lies in it

    @property
    def control(self) -> Path:
        return self.folder / "control"


def configuration(places: Places) -> str:
    """nginx.conf. One process: it holds no secret but the callback's, and is started again when it dies."""
    folder = places.folder
    listen = f"[{places.host}]" if ":" in places.host else places.host
    return f"""{f'load_module {places.module};' if places.module else ''}
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log warn;  # "info" would write down stream keys
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen unix:{places.control};
        location /control {{ rtmp_control all; }}
    }}
}}
rtmp {{
    access_log off;
    server {{
        listen {listen}:{places.port};
        chunk_size 65536;
        max_message 8M;
        ping 5s;
        ping_timeout 5s;
        timeout 15s;
        notify_method post;
        application {APP} {{
            live on;
            wait_key on;
            wait_video on;
            publish_notify on;
            drop_idle_publisher 10s;
            allow play 127.0.0.1;
            deny play all;
            on_publish {places.callback}/publish;
            on_publish_done {places.callback}/publish-done;
            on_play {places.callback}/play;
        }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of nginx. `client` is the number of the connection; they begin anew with each start of nginx."""

    client: str
    address: str
    name: str  # of the stream, as the client gave it
    key: str  # `key` of its query, or else the name


def read_call(body: str) -> Call | None:
    """Understand a call; None when it can not be relied on.

    What a client writes behind a `?` arrives among nginx's own fields, so a field that stands twice is a forgery.
    """
    fields: dict[str, str] = {}
    for name, value in parse_qsl(body, keep_blank_values=True, errors="replace"):
        if name in fields and name in ("clientid", "addr", "name", "app", "key"):
            return None
        fields[name] = value
    if fields.get("app") != APP or not fields.get("clientid", "").isdigit():
        return None
    return Call(fields["clientid"], fields.get("addr", ""), fields.get("name", ""), _key(fields))


def _key(fields: Mapping[str, str]) -> str:
    return fields.get("key") or fields.get("name", "")
