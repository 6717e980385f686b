"""PostgreSQL and its peer: one cluster for the whole run, with new tables for each measurement."""

import os
import shutil
import signal
import subprocess

import tools
from servers import Server, wait_until

SETTINGS = {
    "listen_addresses": "", "max_connections": "200",
    # Durable before the answer, which is the default.
    "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
    # Room for all data, and no checkpoint during a measurement.
    "shared_buffers": "1GB", "wal_buffers": "16MB", "min_wal_size": "1GB", "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "jit": "off", "update_process_title": "off",
}
TABLES = """
DROP TABLE IF EXISTS taxis, orders, payments;
CREATE TABLE taxis (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, taxi_name text NOT NULL,
    company_name text NOT NULL, stock bigint NOT NULL, price bigint NOT NULL,
    version bigint NOT NULL DEFAULT 1) WITH (fillfactor = 90);
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_type text NOT NULL, name text NOT NULL);
CREATE TABLE payments (order_id bigint PRIMARY KEY, amount bigint NOT NULL,
    status text NOT NULL);
CHECKPOINT;
"""
# For each worker. On two cores 8, 32 and 64 were slower or equal.
CONNECTIONS = 16


class Postgres(Server):
    def __init__(self, folder, binary, sockets):
        super().__init__(folder, binary)
        self.sockets, self.cluster = sockets, os.path.join(os.path.dirname(folder), "cluster")
        self.user = tools.server_user()
        self.role = self.user.pw_name if self.user else None

    def call(self, program, *arguments, **options):
        command = [tools.postgres_program(program), *arguments]
        return subprocess.run(command, cwd="/", capture_output=True, check=True,
                              **tools.as_user(self.user), **options)

    def start(self):
        os.makedirs(self.folder)
        if not os.path.exists(self.cluster):
            os.mkdir(self.cluster, 0o700)
            if self.user:
                os.chown(self.cluster, self.user.pw_uid, self.user.pw_gid)
            self.call("initdb", "-D", self.cluster, "-A", "trust", "-U", "peer", "-E", "UTF8",
                      "--locale", "C")
        self.launch_cluster()
        self.call("psql", "-h", self.sockets, "-U", "peer", "-q", "-d", "postgres",
                  input=TABLES.encode())
        super().launch()

    def launch_cluster(self):
        command = [tools.postgres_program("postgres"), "-D", self.cluster, "-k", self.sockets]
        for name, value in SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        with open(os.path.join(self.folder, "postgres.log"), "ab") as log:
            server = subprocess.Popen(command, cwd="/", stdout=log, stderr=log,
                                      **tools.as_user(self.user))
        self.processes.append(server)
        ready = [tools.postgres_program("pg_isready"), "-q", "-h", self.sockets, "-d", "postgres"]
        wait_until(lambda: subprocess.run(ready).returncode == 0)

    def launch(self):
        self.launch_cluster()
        super().launch()

    def arguments(self):
        return ["--socket", self.sockets, "--port", "5432", "--user", "peer",
                "--connections", str(CONNECTIONS)]

    def stop(self, with_signal=signal.SIGINT):
        """Stops the peer and the cluster; SIGINT is PostgreSQL's fast shutdown."""
        super().stop(with_signal)

    def kill(self):
        """Ends all processes of PostgreSQL at once: what its log does not have is lost."""
        super().stop(signal.SIGQUIT)
