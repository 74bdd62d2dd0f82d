"""What one ill-meaning client can do to ternd, and to all others by it."""
import gzip
import signal
import socket
import ssl
import time
import unittest

from rig import Server
from test_command import NEIGHBOUR, SyncCase

MIB = 1 << 20


class Hostile(SyncCase):
    """A client that holds a good token and speaks to the socket itself."""

    def serve(self, *flags, before=()):
        server = Server(self.folder).start(*flags, before=before)
        self.addCleanup(server.kill)
        self.servers["server"] = server
        return server

    def connect(self, handshake=True):
        plain = socket.create_connection(("localhost", self.server().port), timeout=60)
        if not handshake:
            self.addCleanup(plain.close)
            return plain
        stream = ssl.create_default_context(cafile=self.folder / "ca.pem").wrap_socket(plain,
                                                                                        server_hostname="localhost")
        self.addCleanup(stream.close)
        return stream

    def request(self, body, *headers):
        lines = ["POST /v1/sync HTTP/1.1", "Host: localhost", "Content-Type: application/vnd.tern.sync+ndjson",
                 "Authorization: Bearer " + self.token(NEIGHBOUR).read_text().strip(), f"Content-Length: {len(body)}",
                 *headers]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def status_of(self, name):
        with open(f"/proc/{self.server().process.pid}/status", encoding="utf-8") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


class Memory(Hostile):
    def test_requests_that_expand_a_thousandfold_are_not_held_all_at_once(self):
        server = self.serve()
        bomb = self.request(gzip.compress(b" " * (16 * MIB - 1) + b"\n"), "Content-Encoding: gzip")
        streams = [self.connect() for _ in range(40)]
        before = self.status_of("VmHWM")
        server.process.send_signal(signal.SIGSTOP)  # so that they arrive in one turn of the loop
        for stream in streams:
            stream.sendall(bomb)
        server.process.send_signal(signal.SIGCONT)
        for stream in streams:
            self.assertEqual(b"HTTP/1.1 413", stream.recv(12))
        self.assertLess(self.status_of("VmHWM") - before, 150 * 1024)


class Slow(Hostile):
    def ends(self, stream, seconds, send=None):
        """Whether the server ends the connection in that time."""
        stream.settimeout(0.2)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if send is not None:
                    stream.sendall(send)
                if stream.recv(64) == b"":
                    return True
            except (TimeoutError, ssl.SSLWantReadError):
                continue
            except OSError:
                return True
        return False

    def test_one_that_never_ends_its_handshake_is_let_go(self):
        self.serve("--timeout", "1")
        self.assertTrue(self.ends(self.connect(handshake=False), 20))

    def test_one_that_says_nothing_is_let_go(self):
        self.serve("--timeout", "1")
        self.assertTrue(self.ends(self.connect(), 20))

    def test_one_that_sends_a_byte_now_and_then_is_let_go(self):
        self.serve("--timeout", "1")
        stream = self.connect()
        stream.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        self.assertTrue(self.ends(stream, 60, b"x"))


class Files(Hostile):
    def test_where_files_are_few_so_are_connections_and_those_there_are_served(self):
        self.serve(before=["prlimit", "--nofile=128:128"])
        log = self.folder / "server.log"
        self.assertIn('"connections":64', log.read_text())
        served = self.connect()
        crowd = [self.connect(handshake=False) for _ in range(150)]
        for _ in range(3):
            served.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while not answer.endswith(b'"ok"}\n'):
                answer += served.recv(4096)
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 "))
        self.assertNotIn("accept", log.read_text())
        self.assertEqual(150, len(crowd))


if __name__ == "__main__":
    unittest.main()
