"""A rig for tests over real sockets: throwaway certificates, a ternd on a free port, and the tern command.

Environment, set by ctest: TERN_BUILD, the build folder; TERN_ROOT, the source folder; TERN_E2E_STRIDE, which of the real
patients are pulled (every n-th).
"""
import http.client
import http.server
import json
import os
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import tempfile
import threading
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
    """A ternd of the test's own folder, on one port for as long as it lives."""

    def __init__(self, folder, certificate="server"):
        self.folder = folder
        self.certificate = certificate
        self.process = None
        # Bound and not listening, beside which a ternd may listen: while there is none, nobody else is given the port.
        self.place = socket.socket()
        self.place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.place.bind(("127.0.0.1", 0))
        self.port = self.place.getsockname()[1]

    def start(self, *flags, environment=False, before=(), **settings):
        """With flags, or with all settings in the environment; `settings` replace the rig's own. `before` is the
        command that runs it, if it is not run by itself."""
        port_file = self.folder / f"{self.certificate}.port"
        port_file.unlink(missing_ok=True)
        settings = {"database": self.folder / f"{self.certificate}.db", "schema": SCHEMA,
                    "certificate": self.folder / f"{self.certificate}.pem",
                    "private_key": self.folder / f"{self.certificate}.key", "token_key": self.folder / "token.key",
                    "port": self.port, "port_file": port_file, **settings}
        given = [part for name, value in settings.items() for part in ("--" + name.replace("_", "-"), str(value))]
        set_before = {f"TERND_{name.upper()}": str(value) for name, value in settings.items()}
        log = open(self.folder / "server.log", "a", encoding="utf-8")
        self.process = subprocess.Popen(
            [*before, TERND, *([] if environment else given), *flags], stdout=subprocess.DEVNULL, stderr=log,
            env={**os.environ, **(set_before if environment else {})})
        log.close()
        for _ in range(12000):
            if port_file.exists():
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise AssertionError("ternd does not start: " + (self.folder / "server.log").read_text())

    def kill(self):
        self.place.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=120)

    @property
    def url(self):
        return f"https://localhost:{self.port}"


class Relay:
    """Stands before a ternd, TLS on both sides, and keeps one request or its answer to itself.

    `hold` says which: (0, "request") the first request never reaches the server, (1, "answer") the answer to the second
    never comes back. `held` is set once that has happened.
    """

    def __init__(self, case, server, hold):
        self.held = threading.Event()
        seen = iter(range(1 << 30))
        relay = self
        trust = ssl.create_default_context(cafile=case.folder / "ca.pem")

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                number = next(seen)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if (number, "request") == hold:
                    return self.keep()
                back = http.client.HTTPSConnection("localhost", server.port, context=trust)
                back.request("POST", self.path, body, dict(self.headers))
                answer = back.getresponse()
                text = answer.read()
                back.close()
                if (number, "answer") == hold:
                    return self.keep()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                return self.wfile.write(text)

            def keep(self):
                self.close_connection = True
                relay.held.set()
                self.rfile.read(1)  # until the other side has gone

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(case.folder / "server.pem", case.folder / "server.key")
        self.http.socket = own.wrap_socket(self.http.socket, server_side=True)
        self.http.handle_error = lambda *_: None  # a client that went away is what these tests are about
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        case.addCleanup(self.http.server_close)
        case.addCleanup(self.http.shutdown)

    @property
    def url(self):
        return f"https://localhost:{self.http.server_address[1]}"


class Front:
    """An nghttpx before a ternd: HTTP/2 where the client asks for it, HTTP/1.1 behind."""

    def __init__(self, case, server):
        self.case = case
        self.log = case.folder / "front.log"
        for _ in range(10):  # another program may take the port between the look at it and the listening
            if self.start(server):
                return
        raise AssertionError("nghttpx does not start: " + (case.folder / "front.err").read_text())

    def start(self, server):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"https://localhost:{port}"
        folder = self.case.folder
        with open(folder / "front.err", "w", encoding="utf-8") as errors:
            process = subprocess.Popen(
                ["nghttpx", "--conf=/dev/null", "--single-process", "--workers=1", "--no-ocsp",
                 f"--frontend=127.0.0.1,{port}", f"--backend=localhost,{server.port};;tls;proto=http/1.1",
                 f"--cacert={folder}/ca.pem", f"--accesslog-file={self.log}",
                 "--accesslog-format=$alpn $remote_port $status $request", f"--pid-file={folder}/front.pid",
                 folder / "server.key", folder / "server.pem"], stdout=errors, stderr=errors)
        self.case.addCleanup(process.wait)
        self.case.addCleanup(process.kill)
        for _ in range(12000):
            if process.poll() is not None:
                return False
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return True
            time.sleep(0.005)
        return False

    def exchanges(self):
        """[protocol, the client's port, status, method, path, version] of each exchange since the last look."""
        lines = [line.split() for line in self.log.read_text().splitlines()]
        self.log.write_text("")
        return lines


class Case(unittest.TestCase):
    """A test with a folder, certificates, tokens and a server that is started when it is first asked for."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tern-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)
        subprocess.run([ROOT / "tests/fixtures/tls/make-certificates", self.folder], check=True)
        (self.folder / "token.key").write_text(os.urandom(32).hex())  # no white space at its end
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
