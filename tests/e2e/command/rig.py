"""A rig for tests over real sockets: throwaway certificates, a ternd on a free port, and the tern command.

Environment, set by ctest: TERN_BUILD, the build folder; TERN_ROOT, the source folder; TERN_E2E_STRIDE, which of the real
patients are pulled (every n-th).
"""
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest
import uuid
from pathlib import Path

BUILD = Path(os.environ["TERN_BUILD"])
ROOT = Path(os.environ["TERN_ROOT"])
TERN = BUILD / "cli" / "tern"
TERND = BUILD / "server" / "ternd"
SCHEMA = ROOT / "schemas" / "dastern.json"
STRIDE = int(os.environ.get("TERN_E2E_STRIDE", "1"))
DATA = os.environ.get("TERN_TEST_DATA")

OK, FAILED, USAGE, LATER, ATTENTION, REFUSED = range(6)


def needs_data(test):
    """Skips the test, saying so, where there is no folder of real data."""
    def wrapped(self):
        if not DATA:
            print("skipped: TERN_TEST_DATA names no folder of real data", flush=True)
            self.skipTest("TERN_TEST_DATA names no folder of real data")
        test(self)
    wrapped.__name__ = test.__name__
    return wrapped


class Server:
    """A ternd of the test's own folder."""

    def __init__(self, folder, certificate="server"):
        self.folder = folder
        self.certificate = certificate
        self.process = None
        self.port = 0

    def start(self, *flags):
        port_file = self.folder / f"{self.certificate}.port"
        port_file.unlink(missing_ok=True)
        log = open(self.folder / "server.log", "a", encoding="utf-8")
        self.process = subprocess.Popen(
            [TERND, "--database", self.folder / f"{self.certificate}.db", "--schema", SCHEMA,
             "--certificate", self.folder / f"{self.certificate}.pem",
             "--private-key", self.folder / f"{self.certificate}.key", "--token-key", self.folder / "token.key",
             "--port", str(self.port), "--port-file", port_file, *flags],
            stdout=subprocess.DEVNULL, stderr=log)
        log.close()
        for _ in range(2000):
            if port_file.exists():
                self.port = int(port_file.read_text())
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise AssertionError("ternd does not start: " + (self.folder / "server.log").read_text())

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=30)

    @property
    def url(self):
        return f"https://localhost:{self.port}"


class Case(unittest.TestCase):
    """A test with a folder, certificates, tokens and a server that is started when it is first asked for."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tern-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)
        subprocess.run([ROOT / "tests/fixtures/tls/make-certificates", self.folder], check=True)
        (self.folder / "token.key").write_bytes(os.urandom(32))
        self.servers = {}

    def server(self, certificate="server"):
        if certificate not in self.servers:
            self.servers[certificate] = Server(self.folder, certificate).start()
            self.addCleanup(self.servers[certificate].kill)
        return self.servers[certificate]

    def run_tern(self, *arguments, expect=OK, environment=None, stderr=subprocess.PIPE):
        """Runs the command; its standard output, after its exit was checked."""
        done = subprocess.run([TERN, *map(str, arguments)], stdout=subprocess.PIPE, stderr=stderr, text=True,
                              cwd=self.folder, timeout=300, env={**os.environ, **(environment or {})}, check=False)
        self.assertEqual(done.returncode, expect, f"{arguments}: {done.stdout}{done.stderr}")
        self.said = done.stderr
        return done.stdout

    def token(self, user, *flags, key="token.key"):
        path = self.folder / f"{uuid.uuid4()}.jwt"
        path.write_text(self.run_tern("token", "--user", user, "--key", self.folder / key, *flags))
        return path

    def init(self, name, user):
        self.run_tern("init", "-q", "-r", f"{name}.db", "-s", SCHEMA, "-u", user)
        return self.folder / f"{name}.db"

    def sync(self, name, token, *flags, expect=OK, server=None):
        server = server or self.server()
        said = self.run_tern("sync", "--json", "-r", f"{name}.db", "--url", server.url, "--ca", self.folder / "ca.pem",
                             "--token-file", token, *flags, expect=expect)
        return json.loads(said)

    def rows(self, name, sql, *values):
        """Reads a file with plain SQLite."""
        connection = sqlite3.connect(f"file:{self.folder / name}.db?mode=ro", uri=True)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()
