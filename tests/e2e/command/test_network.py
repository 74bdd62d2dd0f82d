"""The tern command while the network, or the person at the keyboard, does not wait for it."""
import json
import signal
import subprocess
import time
import unittest

from rig import LATER, TERN, Relay
from test_command import FILES, PATIENT, PRESCRIPTION, SyncCase

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
        requests = [{"resourceType": "MedicationRequest", "id": f"r{index}", "status": "active",
                     "subject": {"reference": f"Patient/{PATIENT}"}, "medicationCodeableConcept": {"text": "x"}}
                    for index in range(2600)]
        path = self.folder / "many.ndjson"
        path.write_text("\n".join(map(json.dumps, requests)))
        self.import_files(path)
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
        time.sleep(2)
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


if __name__ == "__main__":
    unittest.main()
