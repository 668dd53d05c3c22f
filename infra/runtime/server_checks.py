"""What `lectern doctor` says of the configured database and broker, each with the fix."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text

from infra.core.errors import ConfigError, LecternError
from infra.core.settings import Settings
from infra.db import migrate
from infra.db.session import Database, url_of
from infra.queue import celery_app
from infra.tools import Check

MIN_POSTGRESQL = 12
MIN_REDIS = (6, 0)
MIN_RABBITMQ = (3, 8)
ANSWER_S = 3.0


def server_checks(settings: Settings) -> list[Check]:
    """Two lines: the database and the broker. Changes neither, and never shows a password."""
    return [_database(settings), _broker(settings)]


def _database(settings: Settings) -> Check:
    try:
        database = Database(url_of(settings))
    except ConfigError as error:
        return Check("database", False, "LECTERN_DATABASE_URL is no URL of a database", error.message)
    try:
        file = database.sqlite_file
        if file is not None and not file.exists():
            return Check("database", True, f"SQLite, made at the first start ({file})")
        with database.read() as session:
            if file is not None:
                version = str(session.scalar(text("SELECT sqlite_version()")))
                found = f"SQLite {version} ({file})"
            else:
                version = str(session.scalar(text("SHOW server_version")))
                found = f"PostgreSQL {version} at {_place(database.url)}"
                if int(version.partition(".")[0]) < MIN_POSTGRESQL:
                    return Check("database", False, found, f"Use PostgreSQL {MIN_POSTGRESQL} or newer.")
        if not migrate.is_current(database):
            return Check("database", True, f"{found}; its tables are of another version",
                         "A start of Lectern brings them to this version; make a backup first.")
        return Check("database", True, found)
    except LecternError as error:
        why = str(getattr(error.__cause__, "orig", "")).strip().splitlines()
        return Check("database", False, f"{_place(database.url)} does not answer{f': {why[-1].strip()}' if why else ''}",
                     "Start the server, or mend LECTERN_DATABASE_URL (postgresql://USER:PASSWORD@HOST:5432/NAME).")
    finally:
        database.dispose()


def _broker(settings: Settings) -> Check:
    scheme = settings.broker_url.partition("://")[0].lower()
    try:
        app = celery_app(settings)
    except ConfigError as error:
        return Check("broker", False, "LECTERN_BROKER_URL is no URL of a broker", error.message)
    if scheme in ("", "filesystem"):
        folder = app.conf.broker_transport_options["folder"]
        return Check("broker", True, f"the folder {folder}, for one machine")
    try:
        return _redis(settings) if scheme in ("redis", "rediss") else _rabbitmq(app)
    except Exception as error:
        # Whatever a client library raises: refused, no such name, a wrong password, no such vhost.
        return Check("broker", False, f"{_place(settings.broker_url)} does not answer: {error}",
                     "Start the server, or mend LECTERN_BROKER_URL (redis://:PASSWORD@HOST:6379/0 or "
                     "amqp://USER:PASSWORD@HOST:5672/VHOST).")


def _redis(settings: Settings) -> Check:
    from redis import Redis
    from redis.exceptions import ResponseError

    with Redis.from_url(settings.broker_url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S) as client:
        about: dict[str, Any] = client.info()
        version = str(about["redis_version"])
        found = f"Redis {version} at {_place(settings.broker_url)}"
        if _number(version) < MIN_REDIS:
            return Check("broker", False, found, "Use Redis 6 or newer.")
        policy = about.get("maxmemory_policy", "noeviction")
        if policy != "noeviction":
            return Check("broker", False, f"{found}; maxmemory-policy is {policy}, which throws messages away",
                         "Run: redis-cli CONFIG SET maxmemory-policy noeviction, and write it into redis.conf.")
        try:
            snapshots = bool(client.config_get("save").get("save"))
        except ResponseError:  # a hosted Redis says nothing of its configuration
            snapshots = True
        if not about.get("aof_enabled") and not snapshots:
            return Check("broker", True, f"{found}; it forgets all messages when it restarts",
                         "No work is lost by that, it only waits up to a minute. To keep them: redis-cli CONFIG SET "
                         "appendonly yes, and write it into redis.conf.")
        return Check("broker", True, found)


def _rabbitmq(app: Any) -> Check:
    with app.connection_for_read() as connection:
        connection.connect()
        version = str(connection.connection.server_properties.get("version", "?"))
        found = f"RabbitMQ {version} at {connection.host}, vhost {connection.virtual_host}"
    if _number(version) < MIN_RABBITMQ:
        return Check("broker", False, found, "Use RabbitMQ 3.8 or newer.")
    return Check("broker", True, found)


def _place(url: str) -> str:
    """Where it is, without who and the password."""
    parts = urlsplit(url)
    host = parts.hostname or "this machine"
    return f"{host}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split(".")[:2])
