"""RabbitMQ as the broker: one node of its own name, with its own epmd, so that others on the machine do not meet it."""

from __future__ import annotations

import os
from pathlib import Path

from infra.deploy.native.server import Server, find_program, free_port, listens, wait_until


class RabbitMQ(Server):
    name = "rabbitmq"
    packages = "rabbitmq-server"
    user = "rabbitmq"
    start_s = 90.0  # some 6 s on an idle machine

    def __init__(self, folder: Path, *, consumer_timeout_s: float | None = None) -> None:
        """`consumer_timeout_s`: how long a consumer may hold a message; RabbitMQ's own default is half an hour."""
        super().__init__(folder)
        # Not the one on the PATH: it is a wrapper that lets only root and the user rabbitmq in.
        self._program = find_program("rabbitmq-server", self.packages, "/usr/lib/rabbitmq/bin")
        self._epmd = find_program("epmd", self.packages, "/usr/lib/erlang/erts-*/bin")
        self._epmd_port, self._node_port = free_port(), free_port()
        self._consumer_timeout_s = consumer_timeout_s

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def _launch(self) -> None:
        # Written anew at each start; nothing secret is in them.
        (self.folder / "rabbitmq.conf").write_text(
            "loopback_users.guest = true\nlog.console = true\nlog.console.level = warning\n")
        limits = [] if self._consumer_timeout_s is None else [
            f"{{consumer_timeout, {self._consumer_timeout_s * 1000:.0f}}}", "{channel_tick_interval, 500}"]
        (self.folder / "advanced.config").write_text(f"[{{rabbit, [{', '.join(limits)}]}}].\n")
        (self.folder / "enabled_plugins").write_text("[].\n")
        epmd = {"ERL_EPMD_PORT": str(self._epmd_port), "ERL_EPMD_ADDRESS": "127.0.0.1"}
        # RabbitMQ would start one for itself, in the background, and leave it behind.
        self._spawn([self._epmd], epmd)
        wait_until(lambda: listens(self._epmd_port), 10.0, self._why)
        self._spawn([self._program], {
            **epmd,
            "HOME": str(self.folder),  # the cookie
            "RABBITMQ_NODENAME": f"lectern-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._node_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self.folder / "config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}",
            "RUNNING_UNDER_SYSTEMD": "1",  # Erlang in place of the shell: signals reach it, and it ends in order
        })

    def _answers(self) -> bool:
        from kombu.connection import Connection

        with Connection(self.url, connect_timeout=2.0) as connection:  # type: ignore[no-untyped-call]
            try:
                connection.connect()
            except (OSError, *connection.recoverable_connection_errors):
                return False
            return True
