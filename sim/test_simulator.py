#!/usr/bin/env python3
"""test_simulator.py TERN_SIM: what the program promises of itself: the same life twice, failures told and shrunk, files that replay."""
import json
import os
import re
import signal
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

    def test_a_file_with_a_slip_is_not_shrunk_but_stays_as_it_is(self):
        for slip in ({"do": "sync", "device": "phon"}, {"do": "write", "device": "eve", "rows": [{"insert": "nots"}]}):
            history = self.history(5)
            slip["device"] = slip["device"].replace("eve", history["devices"][0]["name"])
            history["events"].append(slip)
            path = self.write(history)
            before = path.read_text()
            done = run("--shrink", str(path))
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, "there is no (device phon|table nots)")
            self.assertEqual(path.read_text(), before)

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

    def test_what_cannot_be_drawn_is_named(self):
        for text, said in (("{", "history.json: Expecting"), ("[1]", "history.json: no history"), (None, "No such file")):
            path = Path(self.folder.name, "history.json")
            path.write_text(text) if text else path.unlink()
            drawn = subprocess.run([sys.executable, "-B", Path(__file__).with_name("picture.py"), path, "page.html"],
                                   capture_output=True, text=True, cwd=self.folder.name, check=False)
            self.assertIn(said, drawn.stderr)
            self.assertNotIn("Traceback", drawn.stderr)
            self.assertEqual(drawn.returncode, 2)

    def test_wrong_arguments_and_files_are_refused(self):
        for arguments, said in (("--nonsense", "nonsense"),
                                ("--seeds x", '--seeds: "x" is not a number from 1'),
                                ("--seeds 0", '--seeds: "0" is not a number from 1'),
                                ("--seeds -3", '--seeds: "-3" is not a number from 1'),
                                ("--seeds 3x", '--seeds: "3x" is not a number from 1'),
                                ("--start 99999999999999999999", "--start: "),
                                ("--seed abc --replay", '--seed: "abc" is not a number from 0'),
                                ("--devices 9", '--devices: "9" is not a number from 1 to 6'),
                                ("--steps 0", '--steps: "0" is not'),
                                ("--minutes x", '--minutes: "x" is not a number above 0'),
                                ("--jobs 0", '--jobs: "0" is not a number from 1'),
                                ("--jobs 2 --seed 5", "--jobs is of many lives"),
                                ("--jobs 2 --mutants", "--jobs is of many lives"),
                                ("--jobs 2 --scenario x.json", "--jobs is of many lives"),
                                ("--replay", "--replay needs --seed"),
                                ("--seed 5 --seeds 3", "--seed is one life"),
                                ("--seed 5 --scenario x.json", "a file is played by itself"),
                                ("--minutes 1 --seeds 3", "both say when to end"),
                                ("--scenario x.json --shrink y.json", "a file is played or shrunk"),
                                ("--mutants --scenario x.json", "needs --mutant"),
                                ("--mutant X --seed 5", "from --start on"),
                                ("--check modle --seeds 1", "there is no check modle; there are acknowledged, "),
                                ("--care --schema clinic", "--care is of the schema dastern"),
                                ("stray.json", "stray.json belongs to no option")):
            done = run(*arguments.split(), folder=self.folder.name)
            self.assertIn(said, done.stderr)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)

    def test_help_is_given(self):
        done = run("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("--seeds N", done.stdout)

    def test_a_schema_that_cannot_be_read_is_no_success(self):
        Path(self.folder.name, "bad.json").write_text('{"tern": 1, "nonsense": 2}')
        for name, said in (("none.json", "No such file"), ("bad.json", 'bad.json: (document): unknown key "nonsense"')):
            done = run("--schema", name, "--seeds", "3", folder=self.folder.name)
            self.assertEqual(done.stderr.count(said), 1, done.stderr)
            self.assertEqual(done.returncode, 2)

    def test_a_replay_that_cannot_be_written_is_no_success(self):
        done = run("--seed", "3", "--replay", "--output", "nowhere", folder=self.folder.name)
        self.assertIn("nowhere/seed-3.json cannot be written", done.stderr)
        self.assertEqual(done.returncode, 1)

    def test_progress_is_told_while_it_runs(self):
        self.assertRegex(run("--seeds", "2").stderr, r"(?m)^1 of 2 seeds, [0-9.]+ a second, 0 failures $")

    def test_a_crash_says_how_to_play_its_seed_again(self):
        for number in (signal.SIGSEGV, signal.SIGFPE, signal.SIGBUS):
            command = [PROGRAM, "--seeds", "100000", "--start", "70", "--schema", "clinic", "--devices", "2", "--steps", "20"]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as life:
                self.assertIn("1 of 100000 seeds", life.stderr.readline())
                life.send_signal(number)
                said = life.stderr.read()
            self.assertRegex(said, r"  replay: scripts/sim --seed \d+ --replay --schema clinic --devices 2 --steps 20\n")
            self.assertEqual(life.returncode, -number)

    def test_several_at_a_time_live_the_same_lives(self):
        small = ("--schema", "clinic", "--devices", "2", "--steps", "20", "--seeds", "9", "--start", "70")
        alone, beside = run(*small), run(*small, "--jobs", "3")
        self.assertRegex(alone.stdout, "^sim: 9 seeds, 0 failures, ")
        self.assertEqual(alone.stdout, beside.stdout)
        self.assertEqual(beside.returncode, 0)

    def test_a_crash_of_one_of_several_is_a_failure_of_its_seed(self):
        small = ("--schema", "clinic", "--devices", "2", "--steps", "20", "--start", "70", "--jobs", "2", "--seeds")
        for rest, goes_on in ((("100000",), False), (("40", "--keep-going"), True)):
            with subprocess.Popen([PROGRAM, *small, *rest], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as lives:
                self.assertIn(" seeds", lives.stderr.readline())
                children = Path(f"/proc/{lives.pid}/task/{lives.pid}/children").read_text().split()
                os.kill(int(children[0]), signal.SIGSEGV)
                done, said = lives.communicate()
            self.assertEqual(len(children), 2)
            self.assertRegex(said, r"sim: signal 11\n  replay: scripts/sim --seed \d+ --replay --schema clinic --devices 2 --steps 20\n")
            self.assertRegex(done, "^sim: 40 seeds, 1 failures, " if goes_on else r"^sim: \d{1,3} seeds, 1 failures, ")
            self.assertEqual(lives.returncode, 1)

    def test_wrong_files_are_refused(self):
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

    def test_what_means_nothing_is_refused_and_not_passed_over(self):
        def life(**changes):
            return {"schema": "clinic", "serves": 2, "users": [{"name": "anna", "role": "PATIENT"}],
                    "devices": [{"name": "phone", "user": "anna", "schema": 2}], "events": [], **changes}
        phone = {"name": "phone", "user": "anna"}
        for history, said in ((life(evnts=[]), "history knows no evnts"),
                              ([1], "history is no object"),
                              ({"users": [], "devices": []}, "history has no events"),
                              (life(devices=[{**phone, "user": "nobody"}]), "user: there is no user nobody"),
                              (life(devices=[phone, phone]), "two are called phone"),
                              (life(users=[{"name": "anna" * 8, "role": "PATIENT"}], devices=[]), "is empty or too long"),
                              (life(open=[["anna", "ben"]]), "open: there is no user ben"),
                              (life(storage={"ben": 5}), "storage: there is no user ben"),
                              (life(check="modle"), "check: there is no check modle"),
                              (life(serves=3), "serves: the schema has 2 versions"),
                              (life(devices=[{**phone, "schema": 3}]), "a schema that there is")):
            done = run("--scenario", str(self.write(history)))
            self.assertIn(said, done.stderr)
            self.assertEqual(done.returncode, 1)
        for event, said in (({"do": "sync", "device": "phon"}, "device: there is no device phon"),
                            ({"do": "sync", "device": "server"}, "device: there is no device server"),
                            ({"do": "sync"}, "sync has no device"),
                            ({"do": "sync", "device": "phone", "wether": ["away"]}, "sync knows no wether"),
                            ({"do": "sync", "device": "phone", "stop": -1}, "stop is a whole number from 0 on"),
                            ({"do": "clock", "device": "phone", "off_days": "3"}, "off_days is a whole number"),
                            ({"do": "pass"}, "pass asks for nothing"),
                            ({"do": "pass", "dayz": 3}, "pass knows no dayz"),
                            ({"do": "grant", "device": "phone", "to": "ben"}, "to: there is no user ben"),
                            ({"do": "kill", "device": "phone", "at": 1.5}, "at is a whole number"),
                            ({"do": "expect", "device": "phone", "is": "1"}, "expect asks for nothing"),
                            ({"do": "expect", "device": "phone", "pendng": 0}, "expect knows no pendng"),
                            ({"do": "write", "device": "phone", "rows": [{"upsert": "users"}]}, "change knows no upsert"),
                            ({"do": "write", "device": "phone", "rows": [{"row": "a"}]}, "change asks for nothing"),
                            ({"do": "care", "device": "phone", "call": "create", "medicines": [{"nmae": "a"}]}, "medicine knows no nmae"),
                            (7, "an event is an object")):
            done = run("--scenario", str(self.write(life(events=[{"do": "settle"}, event]))))
            self.assertIn(f"history, in event 2: {said}", done.stderr)
            self.assertEqual(done.returncode, 1)

    def test_each_promise_may_be_asked_for_alone_and_a_slip_is_told_all_the_same(self):
        """What fails by a name that comes from elsewhere comes from must_hold or care_compare."""
        folder = Path(__file__).parent
        source = "".join(path.read_text() for path in folder.glob("*.c") if path.name != "world.c")
        calls = re.findall(r"\b(?:sim_fail|must_hold|care_compare)\(\s*[^,]+,\s*([^,]+),", source)
        names = {name.strip('"') for name in calls if name.startswith('"')}
        self.assertEqual({name for name in calls if not name.startswith('"')}, {"check", "const char *check"})
        self.assertEqual(names - {"history"}, set(re.findall(r'^    "(.*)",$', (folder / "checks.c").read_text(), re.M)))
        history = self.history(5)
        history["check"] = "model"
        history["events"].append({"do": "write", "device": history["devices"][0]["name"], "rows": [{"insert": "nots"}]})
        done = run("--scenario", str(self.write(history)))
        self.assertIn("there is no table nots", done.stderr)
        self.assertEqual(done.returncode, 1)

    def test_all_that_may_be_said_is_in_the_manual(self):
        manual = (Path(__file__).parent.parent / "docs/SIMULATOR.md").read_text("utf-8")
        words = re.findall(r'\{"(\w+)", "(\w+)",', Path(__file__).with_name("language.c").read_text())
        self.assertGreater(len(words), 100)
        for verb, word in words:
            self.assertTrue(re.search(rf'[`"]{word}[`":]', manual), f"{verb}: {word}")

    def test_the_scenario_that_the_manual_shows_holds(self):
        manual = (Path(__file__).parent.parent / "docs/SIMULATOR.md").read_text("utf-8")
        for name, text in zip(("notes.json", "week.json"), re.findall(r"^```json\n(.*?)^```", manual, re.M | re.S), strict=True):
            Path(self.folder.name, name).write_text(text)
        done = run("--scenario", "week.json", folder=self.folder.name)
        self.assertIn("sim: 1 seeds, 0 failures", done.stdout, done.stderr)


if __name__ == "__main__":
    unittest.main()
