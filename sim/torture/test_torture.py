#!/usr/bin/env python3
"""test_torture.py TERN_TORTURE TERN_TORTURE_MUTANTS: what the program promises of itself: bugs are found, told, and found again by what it says."""
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

MUTANTS = sys.argv.pop(2)
PROGRAM = sys.argv.pop(1)
FILE = Path(__file__).with_name("operations.json")


def run(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=600, check=False)


class Torture(unittest.TestCase):
    def check_found(self, mutant, operation, fault, *more):
        done = run(MUTANTS, "--mutant", mutant, "--operation", operation, "--fault", fault, *more)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        command = re.search(r"replay: scripts/torture (.+)", done.stderr)
        self.assertIsNotNone(command, done.stderr)
        replay = command.group(1).split()
        self.assertEqual(run(MUTANTS, "--mutant", mutant, *replay).returncode, 1)
        sound = run(PROGRAM, *replay)
        if "the places of" in sound.stderr: # the bug comes with operations of the disk of its own
            sound = run(PROGRAM, *replay[:replay.index("--at")], "--at", "1")
        self.assertEqual(sound.returncode, 0, sound.stderr)
        self.assertIn("torture: 1 operations, 1 points, 0 failures, 0 corrupt, 0 leaked", sound.stdout)

    def test_commits_that_do_not_wait_for_the_disk_are_found(self):
        self.check_found("DEVICE_SYNC_NORMAL", "delete", "power")

    def test_acknowledgements_that_do_not_wait_for_the_disk_are_found(self):
        self.check_found("SERVER_SYNC_NORMAL", "push@server", "power")

    def test_a_receipt_in_a_transaction_of_its_own_is_found(self):
        self.check_found("RECEIPT_ALONE", "push@server", "kill")

    def test_an_acknowledgement_before_the_commit_is_found(self):
        self.check_found("ACK_BEFORE_COMMIT", "push@server", "error")

    def test_a_record_shown_by_pieces_is_found(self):
        self.check_found("PIECES_SHOWN", "pull-first@a", "kill")

    def test_a_cursor_that_moves_before_its_rows_is_found(self):
        self.check_found("CURSOR_FIRST", "pull-pages@a", "kill")

    def test_an_opening_after_a_crash_that_does_not_wait_for_the_disk_is_found_by_a_second_one(self):
        self.check_found("OPEN_UNSYNCED", "many", "twice")

    def test_a_copy_that_came_back_is_held_to_what_was_told_behind_it(self):
        for mutant, reason in (("NO_REOFFER", "lost: "), ("FOREIGN_BASES", "model: ")):
            done = run(MUTANTS, "--mutant", mutant, "--operation", "copy-restored", "--points", "2")
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("copy-restored@server fails without a fault: " + reason, done.stderr)
        self.assertEqual(run(PROGRAM, "--operation", "copy-restored", "--points", "2").returncode, 0)

    def test_a_server_that_writes_of_those_who_send_nothing_is_found_by_a_copy_alone(self):
        done = run(MUTANTS, "--mutant", "VISIT_NOTED", "--operation", "copy", "--points", "2")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("copy@server fails without a fault: backup: the copy begins anew though nothing was sent", done.stderr)
        for operation in ("push@server", "pull-first@server", "copy-restored"):
            done = run(MUTANTS, "--mutant", "VISIT_NOTED", "--operation", operation, "--points", "2")
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_way_back_that_lacks_memory_is_found_by_a_second_fault_alone(self):
        self.check_found("WAY_BACK_LATE", "push@server", "second", "--points", "64")
        for fault in ("error", "read", "full", "memory"):
            done = run(MUTANTS, "--mutant", "WAY_BACK_LATE", "--operation", "push@server", "--fault", fault, "--points", "24")
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_call_that_there_is_not_is_a_failure(self):
        done = self.run_one(base="care", do=[{"do": "care", "device": "a", "call": "fly"}])
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no call fly", done.stderr)

    def test_a_commit_that_failed_does_not_come_back_after_a_crash(self):
        for fault in ("error", "full"):
            done = run(PROGRAM, "--operation", "update", "--fault", fault)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_last_line_adds_up(self):
        done = run(PROGRAM, "--operation", "update", "--points", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        cells = re.search(r"^update@a +(.*)$", done.stdout, re.M).group(1).split()
        points = sum(int(cell) for cell in cells if cell != "-")
        self.assertRegex(done.stdout.splitlines()[-1], rf"^torture: 1 operations, {points} points, 0 failures, 0 corrupt, 0 leaked, \d+ s$")

    def run_one(self, **operation):
        """An operation of its own, on the bases that there are."""
        operations = json.loads(FILE.read_text())
        operations["operations"] = [{"name": "x", "about": "x", "base": "home", "machines": ["a"], "do": [], **operation}]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(operations, file)
            file.flush()
            return run(PROGRAM, "--file", file.name, "--points", "2")

    def test_an_operation_that_cannot_be_set_up_is_a_failure(self):
        done = self.run_one(setup=[{"do": "retry", "device": "a"}])
        self.assertEqual(done.returncode, 1)
        self.assertIn("x@a cannot be set up", done.stderr)

    def test_what_means_nothing_is_refused_and_not_passed_over(self):
        update = {"do": "write", "device": "a", "rows": [{"update": "notes", "row": "n", "values": {"body": "1"}}]}
        self.assertEqual(self.run_one(do=[update]).returncode, 0)
        for operation, said in (({"whol": True}, "operation knows no whol"),
                                ({"whole": 1}, "whole is true or false"),
                                ({"machines": ["phon"]}, "there is no device phon"),
                                ({"about": None}, "about is a text"),
                                ({"setup": [{"do": "fly"}]}, "there is no verb fly"),
                                ({"do": [{**update, "infered": True}]}, "write knows no infered"),
                                ({"do": [{**update, "seed": 1}]}, "write knows no seed"),
                                ({"do": [{**update, "rows": [{"updte": "notes"}]}]}, "change knows no updte"),
                                ({"do": [{"do": "sync", "device": "phon"}]}, "device: there is no device phon"),
                                ({"do": [{"do": "read", "device": "a", "sql": "SELECT 1"}]}, "read has no table"),
                                ({"setup": [{"do": "crash", "device": "a", "at": 1, "then": [{**update, "row": "n"}]}]}, "write knows no row"),
                                ({"do": [{"do": "copy", "device": "server", "idel": {}}]}, "copy knows no idel"),
                                ({"do": [{"do": "copy", "device": "server", "idle": {"do": "sync", "device": "a", "stp": 1}}]}, "sync knows no stp"),
                                ({"do": [update], "always": [{"do": "expect", "device": "a", "sqll": ""}]}, "expect knows no sqll")):
            done = self.run_one(**operation)
            self.assertIn(f"x: {said}", done.stderr)
            self.assertEqual(done.returncode, 1)

    def test_an_operation_on_a_base_that_there_is_not_is_a_failure(self):
        done = self.run_one(base="hom")
        self.assertIn("x: there is no base hom", done.stderr)
        self.assertEqual(done.returncode, 1)

    def test_wrong_arguments_are_refused(self):
        for arguments, said in (("--nonsense", "nonsense"),
                                ("--at 3", "--at needs --operation and --fault"),
                                ("--fault flood", "there is no fault flood"),
                                ("--points x", '--points: "x" is not a number'),
                                ("--points 1", "--points: the first and the last are two, not 1"),
                                ("--jobs 0", "--jobs: at least 1, not 0"),
                                ("--jobs 99", '--jobs: "99" is not a number from 0 to 16'),
                                ("--operation push --fault kill --at -1", '--at: "-1" is not a number'),
                                ("stray", "no option has stray")):
            done = run(PROGRAM, *arguments.split())
            self.assertIn(said, done.stderr)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
        done = run(MUTANTS, "--mutant", "NOPE")
        self.assertIn("there is no mutant NOPE", done.stderr)
        self.assertEqual(run(PROGRAM, "--help").returncode, 0)

    def test_what_proves_nothing_is_no_success(self):
        for arguments, said in (("--operation fly", "there is no operation fly"),
                                ("--operation update --fault kill --at 99999", "update@a: the places of kill are 1 to "),
                                ("--operation update --fault kill --at 0", "update@a: the places of kill are 1 to "),
                                ("--operation update --fault power --at 1 --way 3", "the ways of power at 1 are 0 to 2")):
            done = run(PROGRAM, *arguments.split())
            self.assertIn(said, done.stderr)
            self.assertEqual(done.returncode, 1, arguments)


if __name__ == "__main__":
    unittest.main()
