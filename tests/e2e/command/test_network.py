"""The tern command while the network, or the person at the keyboard, does not wait for it."""
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import time
import unittest

from rig import LATER, REFUSED, TERN, Front, Relay
from test_command import FILES, NEIGHBOUR, PATIENT, PRESCRIPTION, SyncCase

NOBODY = b"\0" * 16


class Background(SyncCase):
    """A sync that runs while the test does something else."""

    def begin(self, name, token, url, *flags):
        process = subprocess.Popen([TERN, "sync", "--json", "-r", f"{name}.db", "--url", url, "--ca",
                                    self.folder / "ca.pem", "--token-file", token, *flags],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process


    def many_requests(self):
        """A file that becomes more rows than a page holds."""
        path = self.folder / "many.ndjson"
        path.write_text("\n".join(json.dumps({
            "resourceType": "MedicationRequest", "id": f"r{index}", "status": "active",
            "subject": {"reference": f"Patient/{PATIENT}"},
            "medicationCodeableConcept": {"text": os.urandom(60).hex()}}) for index in range(2600)))
        return path


class Interrupted(Background):
    """SIGINT, as Ctrl-C sends it."""

    def lease(self, name):
        return self.rows(name, "SELECT lease FROM tern_meta")[0][0]

    def interrupt(self, process):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(LATER, process.returncode, out + err)
        return json.loads(out)["error"]

    def interrupt_held(self, name, token, hold):
        """A sync whose request or answer is kept back, and that is interrupted then."""
        relay = Relay(self, self.server(), hold)
        process = self.begin(name, token, relay.url)
        self.assertTrue(relay.held.wait(120))
        self.assertNotEqual(NOBODY, self.lease(name))
        self.assertEqual("CANCELLED", self.interrupt(process)["code"])
        self.assertEqual(NOBODY, self.lease(name))

    def phone_with_an_edit(self):
        self.import_files(*FILES)
        self.pull("phone", PATIENT)
        self.run_tern("sql", "-r", "phone.db", "--write", "UPDATE prescriptions SET status = 'PAUSED' WHERE id = ?",
                      PRESCRIPTION)
        return self.token(PATIENT)

    def check_the_edit_arrived(self, token):
        done = self.sync("phone", token)
        self.assertEqual((1, 0), (done["sent"], done["pending"]))
        self.assertEqual(0, self.sync("phone", token)["sent"])
        self.pull("tablet", PATIENT)
        for name in ("phone", "tablet"):
            self.assertEqual([("PAUSED",)], self.rows(name, "SELECT status FROM prescriptions WHERE hex(id) = ?",
                                                      PRESCRIPTION.replace("-", "").upper()))

    def test_before_the_server_has_the_request_keeps_the_edit_for_the_next_sync(self):
        token = self.phone_with_an_edit()
        self.interrupt_held("phone", token, (0, "request"))
        self.assertEqual([(1,)], self.rows("phone", "SELECT count(*) FROM tern_outbox WHERE state = 0"))
        self.check_the_edit_arrived(token)

    def test_before_the_answer_is_here_sends_the_edit_again_and_has_it_once(self):
        token = self.phone_with_an_edit()
        self.interrupt_held("phone", token, (0, "answer"))
        self.check_the_edit_arrived(token)
        self.assertEqual([], self.rows("phone", "SELECT id FROM sync_audit"))

    def test_between_two_pages_keeps_the_first_and_fetches_the_second(self):
        self.import_files(self.many_requests())
        self.init("phone", PATIENT)
        token = self.token(PATIENT)
        self.interrupt_held("phone", token, (1, "answer"))
        done = self.sync("phone", token)
        self.assertLess(done["rows"], 1000)
        self.assertEqual([(2600, 2600)], self.rows("phone", "SELECT (SELECT count(*) FROM prescriptions), "
                                                            "(SELECT count(*) FROM medications)"))

    def test_while_it_waits_for_a_server_that_is_away_ends_the_wait(self):
        self.init("phone", PATIENT)
        token = self.token(PATIENT)
        self.server().stop()
        process = self.begin("phone", token, self.server().url, "--wait", "3600")
        with self.server().place as place:
            place.listen()
            place.accept()[0].close()  # it has asked, and was not answered
        self.assertIsNone(process.poll())
        self.interrupt(process)
        self.assertEqual(NOBODY, self.lease("phone"))


class Waiting(Background):
    """--wait."""

    def test_goes_on_when_a_server_that_was_away_is_back(self):
        self.import_files(*FILES)
        self.init("phone", PATIENT)
        token = self.token(PATIENT)
        server = self.server()
        server.stop()
        process = self.begin("phone", token, server.url, "--wait", "600")
        time.sleep(1)
        server.start()
        self.assertEqual(7, json.loads(process.communicate(timeout=300)[0])["rows"])
        self.assertEqual(0, process.returncode)


class Http2(Background):
    """A server behind a front that speaks HTTP/2, as most do."""

    def setUp(self):
        super().setUp()
        if shutil.which("nghttpx") is None:
            self.fail("nghttpx is missing: run scripts/deps")
        self.front = Front(self, self.server())

    def check_exchanges(self, least):
        """All since the last look were over one connection, in HTTP/2."""
        lines = self.front.exchanges()
        self.assertGreaterEqual(len(lines), least)
        self.assertEqual({("h2", "200", "POST", "/v1/sync", "HTTP/2")}, {(line[0], *line[2:]) for line in lines})
        self.assertEqual(1, len({line[1] for line in lines}), lines)

    def test_a_record_goes_up_and_comes_down_over_one_connection(self):
        self.run_tern("import", "fhir", "-q", "-r", "operator.db", *FILES, self.many_requests())
        self.sync("operator", self.operator_token, server=self.front)
        self.check_exchanges(2)
        self.init("phone", PATIENT)
        token = self.token(PATIENT)
        done = self.sync("phone", token, server=self.front)
        self.assertEqual(2 * 2600 + 7, done["rows"])
        self.check_exchanges(2)
        self.run_tern("sql", "-r", "phone.db", "--write", "UPDATE prescriptions SET status = 'PAUSED' WHERE id = ?",
                      PRESCRIPTION)
        self.assertEqual(1, self.sync("phone", token, server=self.front)["sent"])
        self.check_exchanges(1)
        self.pull("tablet", PATIENT)  # without the front
        for query in ("SELECT id, status, patient_id FROM prescriptions ORDER BY id",
                      "SELECT id, medicine_name FROM medications ORDER BY id"):
            self.assertEqual(self.rows("phone", query), self.rows("tablet", query))

    def test_problems_are_heard_through_the_front(self):
        self.init("phone", PATIENT)
        (self.folder / "forged.key").write_bytes(b"x" * 32)
        answer = self.sync("phone", self.token(PATIENT, key="forged.key"), server=self.front, expect=REFUSED)
        self.assertEqual("UNAUTHORIZED", answer["error"]["code"])
        self.assertIn("token", answer["error"]["message"])
        self.assertEqual({("h2", "401")}, {(line[0], line[2]) for line in self.front.exchanges()})

    def test_a_front_without_its_server_is_one_to_ask_later(self):
        self.init("phone", PATIENT)
        token = self.token(PATIENT)
        self.server().stop()
        answer = self.sync("phone", token, "--wait", "0", server=self.front, expect=LATER)
        # The front answers 502, or drops what it was asked.
        self.assertIn(answer["error"]["code"], ("UNAVAILABLE", "NETWORK"))
        self.server().start()
        self.sync("phone", token, server=self.front)


class Framing(SyncCase):
    """Spellings of one request that fronts and other clients use, and ours does not."""

    def setUp(self):
        super().setUp()
        self.body = ('{"tern":1,"schema":1,"device":"AAAAAAAAQACAAAAAAAAAAA","sent":1763600000000000,"rows":0,'
                     '"txs":0,"padding":"' + "x" * 70000 + '"}\n["z",1]\n').encode()
        self.headers = {"Content-Type": "application/vnd.tern.sync+ndjson; version=1",
                        "Authorization": "Bearer " + self.token(NEIGHBOUR).read_text().strip()}

    def connect(self):
        connection = http.client.HTTPSConnection(
            "localhost", self.server().port, context=ssl.create_default_context(cafile=self.folder / "ca.pem"))
        self.addCleanup(connection.close)
        return connection

    def check(self, connection):
        answer = connection.getresponse()
        text = answer.read()
        self.assertEqual(200, answer.status, text)
        self.assertIn(b'"verdicts":0', text)

    def test_a_body_in_chunks_is_taken(self):
        connection = self.connect()
        for _ in range(2):
            connection.request("POST", "/v1/sync", (self.body[at:at + 999] for at in range(0, len(self.body), 999)),
                               self.headers, encode_chunked=True)
            self.check(connection)

    def test_what_trails_a_body_in_chunks_is_passed_over(self):
        connection = self.connect()
        for _ in range(2):
            connection.putrequest("POST", "/v1/sync")
            for name, value in {**self.headers, "Transfer-Encoding": "chunked", "Trailer": "X-Sum"}.items():
                connection.putheader(name, value)
            connection.endheaders()
            connection.send(b"%x\r\n%s\r\n0\r\nX-Sum: 1\r\n\r\n" % (len(self.body), self.body))
            self.check(connection)

    def test_names_of_headers_are_taken_in_any_case(self):
        connection = self.connect()
        for change in (str.lower, str.upper):
            connection.request("POST", "/v1/sync", self.body,
                               {change(name): value for name, value in self.headers.items()})
            self.check(connection)

    def test_a_client_that_asks_before_it_sends_is_told_to_go_on(self):
        connection = self.connect()
        connection.putrequest("POST", "/v1/sync")
        for name, value in {**self.headers, "Content-Length": len(self.body), "Expect": "100-continue"}.items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.sock.settimeout(30)
        told = b""
        while not told.endswith(b"\r\n\r\n"):
            told += connection.sock.recv(1)
        self.assertTrue(told.startswith(b"HTTP/1.1 100 "), told)
        connection.send(self.body)
        self.check(connection)

    def test_through_a_front_a_body_of_unknown_length_arrives(self):
        front = Front(self, self.server())
        headers = [part for name, value in self.headers.items() for part in ("-H", f"{name}: {value}")]
        done = subprocess.run(["curl", "-sS", "--http2", "--cacert", self.folder / "ca.pem", "-X", "POST", "-T", "-",
                               *headers, front.url + "/v1/sync"], input=self.body, stdout=subprocess.PIPE, check=True)
        self.assertIn(b'"verdicts":0', done.stdout)
        self.assertEqual([("h2", "200")], [(line[0], line[2]) for line in front.exchanges()])


if __name__ == "__main__":
    unittest.main()
