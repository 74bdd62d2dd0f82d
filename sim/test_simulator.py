#!/usr/bin/env python3
"""test_simulator.py TERN_SIM: what the program promises of itself: the same life twice, failures told and shrunk, files that replay."""
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = sys.argv.pop(1)
# Nobody holds doses: false as soon as somebody has written one.
PLANTED = {"do": "expect", "device": "a", "sql": "SELECT count(*) > 0 FROM doses", "is": "0"}


def run(*arguments, folder="."):
    return subprocess.run([PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, timeout=600, check=False)


class Simulator(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def history(self, seed):
        run("--seed", str(seed), "--replay", folder=self.folder.name)
        return json.loads(Path(self.folder.name, f"seed-{seed}.json").read_text())

    def write(self, history):
        path = Path(self.folder.name, "history.json")
        path.write_text(json.dumps(history))
        return path

    def test_equal_seeds_give_equal_lives(self):
        first = run("--seed", "3", "--replay", folder=self.folder.name)
        second = run("--seed", "3", "--replay", folder=self.folder.name)
        self.assertIn("hashes to", first.stdout)
        self.assertEqual(first.stdout, second.stdout)
        other = run("--seed", "4", "--replay", folder=self.folder.name)
        self.assertNotEqual(first.stdout.split("hashes to")[1].split()[0], other.stdout.split("hashes to")[1].split()[0])

    def test_a_seed_and_its_replay_file_are_the_same_life(self):
        history = self.history(3)
        done = run("--scenario", str(self.write(history)))
        again = run("--seed", "3")
        self.assertEqual(done.stdout, again.stdout)

    def test_a_failure_is_told_and_sets_the_exit_status(self):
        history = self.history(5)
        history["events"].append(PLANTED)
        done = run("--scenario", str(self.write(history)))
        self.assertEqual(done.returncode, 1)
        self.assertIn("replay: scripts/sim --scenario", done.stderr)
        self.assertRegex(done.stdout.splitlines()[-1], r"^sim: 1 seeds, 1 failures, \d+ ops, \d+ faults$")

    def test_a_planted_failure_shrinks_to_few_events(self):
        history = self.history(5)
        self.assertGreater(len(history["events"]), 60)
        history["events"].append(PLANTED)
        path = self.write(history)
        self.assertEqual(run("--shrink", str(path)).returncode, 1)
        shrunk = json.loads(path.read_text())
        self.assertLessEqual(len(shrunk["events"]), 4)
        self.assertEqual(shrunk["breaks"], "expectation")
        self.assertLessEqual(len(shrunk["devices"]), 2)
        self.assertEqual(run("--scenario", str(path)).returncode, 1)
        page = path.with_suffix(".html").read_text()
        self.assertIn("<svg", page)
        self.assertIn("Breaks expectation", page)

    def test_a_replay_comes_with_its_picture(self):
        self.history(3)
        self.assertIn("<svg", Path(self.folder.name, "seed-3.html").read_text())

    def test_wrong_arguments_and_files_are_refused(self):
        self.assertEqual(run("--nonsense").returncode, 2)
        self.assertEqual(run("--scenario", "nowhere.json", folder=self.folder.name).returncode, 1)
        path = self.write({"users": [], "devices": [], "events": [{"do": "fly"}]})
        self.assertIn("no verb fly", run("--scenario", str(path)).stderr)

    def test_a_slip_in_a_history_is_named(self):
        life = {"schema": "clinic", "serves": 2, "users": [{"name": "anna", "role": "PATIENT"}],
                "devices": [{"name": "phone", "user": "anna", "schema": 2}]}
        for event, said in (({"do": "sync", "device": "phone", "weather": ["rain"]}, "there is no weather rain"),
                            ({"do": "sync", "device": "phone", "weather": "away"}, "weather is a list"),
                            ({"do": "write", "device": "phone", "rows": [{"update": "users", "row": "@anna",
                              "values": {"nowhere": 1}}]}, "write gave UNKNOWN_COLUMN, not OK: users has no column nowhere")):
            done = run("--scenario", str(self.write({**life, "events": [{"do": "sync", "device": "phone"}, event]})))
            self.assertIn(said, done.stderr)
            self.assertEqual(done.returncode, 1)
        self.assertEqual(run("--scenario", "nowhere.json", folder=self.folder.name).stderr.count("-1"), 0)

    def test_the_scenario_that_the_manual_shows_holds(self):
        manual = (Path(__file__).parent.parent / "docs/SIMULATOR.md").read_text("utf-8")
        for name, text in zip(("notes.json", "week.json"), re.findall(r"^```json\n(.*?)^```", manual, re.M | re.S), strict=True):
            Path(self.folder.name, name).write_text(text)
        done = run("--scenario", "week.json", folder=self.folder.name)
        self.assertIn("sim: 1 seeds, 0 failures", done.stdout, done.stderr)


if __name__ == "__main__":
    unittest.main()
