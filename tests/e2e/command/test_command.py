"""The tern command against a ternd: what people do with it, from import to export, and what they do wrong."""
import csv
import io
import json
import os
import pty
import re
import sqlite3
import subprocess
import time
import unittest
import uuid
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rig import (ATTENTION, BUILD, DATA, FAILED, LATER, REFUSED, ROOT, SCHEMA, STRIDE, TERN, TERND, USAGE, Case,
                 Server, needs_data)

PATIENT = "0a1b0000-0000-4000-8000-00000000000a"
NEIGHBOUR = "0a1b0000-0000-4000-8000-00000000000b"
OPERATOR = "0a1b0000-0000-4000-8000-0000000000ff"
PRESCRIPTION = "0a1b0000-0000-4000-8000-000000000a01"
FILES = [ROOT / "demo/patient.json", ROOT / "demo/neighbour.ndjson"]


class Command(Case):
    """What needs no server."""

    def test_every_command_explains_itself_with_an_example(self):
        overview = self.run_tern("--help")
        commands = [line.split()[0] for line in overview.splitlines() if line.startswith("  ") and "tern" not in line[:7]]
        self.assertGreaterEqual(len(commands), 12)
        for command in commands:
            text = self.run_tern(command, "--help")
            self.assertIn(f"Usage: tern {command}", text)
            self.assertIn(f"  tern {command}", text)
            self.assertEqual(text, self.run_tern("help", command))

    def test_a_wrong_command_line_is_told_and_changes_nothing(self):
        for arguments in (["nonsense"], ["sql"], ["sync", "--nonsense"], ["sync", "--url"], ["reinstate", "x"],
                          ["quarantine", "retry"], ["quarantine", "retry", "x"], ["schema", "nonsense", "x"],
                          ["import", "csv", "x"], ["init"], ["token", "--user", PATIENT], ["audit", "--limit", "0"],
                          ["sql", "--format", "xml", "SELECT 1"], ["status", "superfluous"], ["sync"]):
            self.run_tern(*arguments, expect=USAGE)
            self.assertIn("tern: ", self.said)
            self.assertEqual([], list(self.folder.glob("*.db")))

    def test_an_option_that_is_not_there_is_named_also_among_letters(self):
        for said, arguments in (("no option -z", ["sql", "-zw", "SELECT 1"]), ("no option -z", ["status", "-jz"]),
                                ("no option --nonsense", ["sync", "--nonsense"]),
                                ("-r needs an argument", ["status", "-jr"])):
            self.run_tern(*arguments, expect=USAGE)
            self.assertIn(said, self.said)
        done = subprocess.run([TERND, "--retain", "-xyz"], capture_output=True, text=True, check=False)
        self.assertEqual((2, True), (done.returncode, "-x: no such flag" in done.stderr), done.stderr)

    def test_the_version_is_told(self):
        self.assertRegex(self.run_tern("--version"), r"^tern \d+\.\d+\.\d+\n$")

    def test_what_does_not_exist_is_told_and_nothing_is_printed_for_it(self):
        self.init("a", PATIENT)
        for code, arguments in (("NOT_FOUND", ["outbox", "999"]), ("UNKNOWN_TABLE", ["audit", "--table", "nowhere"])):
            self.assertEqual("", self.run_tern(*arguments, "-r", "a.db", expect=FAILED))
            self.assertIn(f"({code})", self.said)
            said = json.loads(self.run_tern(*arguments, "--json", "-r", "a.db", expect=FAILED))
            self.assertEqual(code, said["error"]["code"])

    def test_a_secret_that_no_server_takes_signs_nothing(self):
        for secret in (b"short", b"x" * 31 + b"\n"):
            (self.folder / "short.key").write_bytes(secret)
            self.assertEqual("", self.run_tern("token", "--user", PATIENT, "--key", "short.key", expect=FAILED))
            self.assertIn("32 bytes", self.said)

    def test_output_that_cannot_be_written_is_a_failure(self):
        self.init("a", PATIENT)
        (self.folder / "long.key").write_bytes(b"x" * 32)
        for arguments in (["export", "-r", "a.db"], ["export", "-r", "a.db", "fhir"], ["status", "-r", "a.db"],
                          ["status", "--json", "-r", "a.db"], ["sql", "-r", "a.db", "SELECT 1"], ["schema", "ddl", SCHEMA],
                          ["token", "--user", PATIENT, "--key", "long.key"], ["outbox", "-r", "a.db"], ["--help"]):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([TERN, *map(str, arguments)], stdout=full, stderr=subprocess.PIPE, text=True,
                                      cwd=self.folder, check=False)
            self.assertEqual((FAILED, True), (done.returncode, "output" in done.stderr), (arguments, done.stderr))

    def test_a_replica_that_is_not_there_is_not_made_by_looking(self):
        for arguments in (["status"], ["sql", "SELECT 1"], ["outbox"], ["export"]):
            self.run_tern(*arguments, expect=FAILED)
            self.assertIn("tern init", self.said)
        self.assertEqual([], list(self.folder.glob("*.db")))

    def test_init_twice_is_harmless_and_another_user_is_refused(self):
        self.init("a", PATIENT)
        before = json.loads(self.run_tern("status", "--json", "-r", "a.db"))
        self.init("a", PATIENT)
        self.assertEqual(before, json.loads(self.run_tern("status", "--json", "-r", "a.db")))
        self.assertIsNone(before["reach"])
        said = self.run_tern("init", "--json", "-r", "a.db", "-s", SCHEMA, "-u", NEIGHBOUR, expect=REFUSED)
        self.assertEqual("WRONG_USER", json.loads(said)["error"]["code"])

    def test_sql_reads_unless_told_to_write(self):
        self.init("a", PATIENT)
        insert = "INSERT INTO users(id, role, full_name) VALUES(?, 'PATIENT', ?)"
        said = json.loads(self.run_tern("sql", "--json", "-r", "a.db", insert, PATIENT, "x", expect=FAILED))
        self.assertEqual(("SQL", "the statement writes: give --write"),
                         (said["error"]["code"], said["error"]["message"]))
        said = json.loads(self.run_tern("sql", "--json", "-r", "a.db", "SELECT nowhere", expect=FAILED))
        self.assertIn("no such column", said["error"]["message"])
        said = json.loads(self.run_tern("sql", "--json", "-r", "a.db", "DELETE FROM sync_audit", expect=FAILED))
        self.assertNotIn("--write", said["error"]["message"])
        self.run_tern("sql", "-r", "a.db", "--write", insert, PATIENT, "អ្នកជំងឺ 💊")
        rows = json.loads(self.run_tern("sql", "-r", "a.db", "--json", "SELECT id, full_name FROM users"))
        self.assertEqual([{"id": PATIENT, "full_name": "អ្នកជំងឺ 💊"}], rows)
        self.assertEqual([(1,)], self.rows("a", "SELECT count(*) FROM tern_outbox"))

    def test_a_parameter_of_sql_is_a_number_only_where_nothing_of_it_is_lost(self):
        self.init("a", PATIENT)
        kinds = {"9223372036854775807": "integer", "-9223372036854775808": "integer", "0": "integer", "-7": "integer",
                 "9223372036854775808": "text", "99999999999999999999": "text", "+85512345678": "text",
                 " 5": "text", "007": "text", "-07": "text", "-0": "text", "": "text", "5.0": "text"}
        for parameter, kind in kinds.items():
            rows = json.loads(self.run_tern("sql", "--json", "-r", "a.db", "SELECT typeof(?1) AS kind, "
                                            "CAST(?1 AS TEXT) AS value", "--", parameter))
            self.assertEqual([{"kind": kind, "value": parameter}], rows)

    def test_sql_runs_nothing_where_parameters_are_missing_or_too_many(self):
        self.init("a", PATIENT)
        insert = "INSERT INTO users(id, role, full_name) VALUES(?, 'PATIENT', ?)"
        for statement, given, which in ((insert, [PATIENT], 2), (insert, [], 1), ("SELECT ?4", ["1", "2"], 3),
                                        ("SELECT ?", ["1", "2"], 2)):
            said = json.loads(self.run_tern("sql", "--json", "-r", "a.db", "--write", statement, *given, expect=FAILED))
            self.assertEqual("MISUSE", said["error"]["code"])
            self.assertIn(f"parameter {which}", said["error"]["message"])
        said = json.loads(self.run_tern("sql", "--json", "-r", "a.db", "SELECT ?", expect=FAILED))
        self.assertEqual("MISUSE", said["error"]["code"])
        self.assertEqual([(0,)], self.rows("a", "SELECT count(*) FROM users"))

    def test_sql_tells_a_broken_rule_and_keeps_nothing(self):
        self.init("a", PATIENT)
        said = self.run_tern("sql", "-r", "a.db", "--write", "--json",
                             "INSERT INTO users(id, role, theme) VALUES(?, 'PATIENT', 'PINK')", PATIENT, expect=FAILED)
        self.assertEqual("ENUM", json.loads(said)["error"]["code"])
        self.assertEqual([(0,)], self.rows("a", "SELECT count(*) FROM users"))

    def test_csv_quotes_what_needs_it_and_tells_null_from_empty(self):
        self.init("a", PATIENT)
        self.run_tern("sql", "-r", "a.db", "--write",
                      "INSERT INTO users(id, role, full_name, last_name) VALUES(?, 'PATIENT', ?, '')", PATIENT,
                      'a "quoted", name\nof two lines')
        text = self.run_tern("export", "-r", "a.db", "-f", "csv", "users")
        row = next(csv.DictReader(io.StringIO(text)))
        self.assertEqual('a "quoted", name\nof two lines', row["full_name"])
        self.assertIn(',"",', text)
        self.assertNotIn("tern_v", row)

    def test_a_table_shows_control_characters_instead_of_sending_them(self):
        self.init("a", PATIENT)
        text = self.run_tern("sql", "-r", "a.db", "SELECT char(27) || '[31m' AS a, 'x' || char(10) || 'y' AS b")
        self.assertIn(r"\x1b[31m", text)
        self.assertIn(r"x\ny", text)
        self.assertNotIn("\x1b", text)

    def test_import_counts_what_it_leaves_out_and_changes_nothing_the_second_time(self):
        self.init("a", OPERATOR)
        report = json.loads(self.run_tern("import", "fhir", "--json", "-r", "a.db", *FILES))
        self.assertEqual({"users": {"created": 2}, "prescriptions": {"created": 4}, "medications": {"created": 4}},
                         report["rows"])
        self.assertEqual({"Patient.maritalStatus": 1}, report["not_taken_over"])
        entries = self.rows("a", "SELECT count(*) FROM tern_outbox")
        again = json.loads(self.run_tern("import", "fhir", "--json", "-r", "a.db", *FILES))
        self.assertEqual({"users": {"unchanged": 2}, "prescriptions": {"unchanged": 4}, "medications": {"unchanged": 4}},
                         again["rows"])
        self.assertEqual(entries, self.rows("a", "SELECT count(*) FROM tern_outbox"))

    def request(self, name, patient, medicine, **more):
        return {"resourceType": "MedicationRequest", "id": name, "status": "active",
                "subject": {"reference": f"Patient/{patient}"}, "medicationCodeableConcept": {"text": medicine}, **more}

    def import_lines(self, *resources):
        path = self.folder / "lines.ndjson"
        path.write_text("\n".join(map(json.dumps, resources)))
        return json.loads(self.run_tern("import", "fhir", "--json", "-r", "a.db", path))["not_taken_over"]

    def test_a_request_under_an_id_of_another_patient_s_is_left_out_and_stops_no_other(self):
        medicines = "SELECT patient_id, medicine_name FROM medications JOIN prescriptions p ON p.id = prescription_id " \
                    "ORDER BY medicine_name"
        dose = {"resourceType": "MedicationAdministration", "status": "completed",
                "subject": {"reference": f"Patient/{NEIGHBOUR}"},
                "request": {"reference": "MedicationRequest/1"}, "effectiveDateTime": "2026-11-20T08:00:00+07:00"}
        self.init("a", PATIENT)
        for _ in range(2):  # of one file, then of what is in the replica
            left_out = self.import_lines(self.request("1", NEIGHBOUR, "A"), self.request("1", PATIENT, "B"),
                                         self.request("2", PATIENT, "C"), dose)
            self.assertEqual({"MedicationRequest (under an id of another patient's)": 1}, left_out)
        left_out = self.import_lines(self.request("1", PATIENT, "D"), self.request("3", PATIENT, "E"), dose)
        self.assertEqual({"MedicationRequest (under an id of another patient's)": 1,
                          "MedicationAdministration (without its request)": 1}, left_out)
        self.assertEqual([(uuid.UUID(NEIGHBOUR).bytes, "A"), (uuid.UUID(PATIENT).bytes, "C"),
                          (uuid.UUID(PATIENT).bytes, "E")], self.rows("a", medicines))
        self.assertEqual([(uuid.UUID(NEIGHBOUR).bytes,)], self.rows("a", "SELECT patient_id FROM dose_events"))

    def test_what_is_longer_than_a_cell_is_cut_or_left_out_and_counted(self):
        self.init("a", PATIENT)
        unit = {"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "u" * 2000}}]}
        symptoms = {"url": "urn:tern:columns:prescriptions",
                    "extension": [{"url": "symptoms", "valueString": "\u1781" * 400000}]}
        for _ in range(2):
            left_out = self.import_lines(
                self.request("1", PATIENT, "A", reasonCode=[{"text": "\u1780" * 400000}], extension=[symptoms]),
                self.request("2", PATIENT, "B", dosageInstruction=[unit]), self.request("3", NEIGHBOUR, "C"))
            self.assertEqual({"MedicationRequest.reasonCode (cut at 349525 characters)": 1,
                              "MedicationRequest (texts of more than 1 MiB together)": 1,
                              "extension (a column that cannot be taken)": 1,
                              "MedicationRequest.dosageInstruction.doseAndRate (too long)": 1}, left_out)
        self.assertEqual([(3,)], self.rows("a", "SELECT count(*) FROM prescriptions"))

    def test_a_malformed_file_imports_nothing_of_the_good_ones(self):
        self.init("a", OPERATOR)
        (self.folder / "bad.ndjson").write_text('{"resourceType":"Patient","id":"a"}\n{"resourceType":\n')
        self.run_tern("import", "fhir", "-r", "a.db", *FILES, "bad.ndjson", expect=FAILED)
        self.assertIn("bad.ndjson:2", self.said)
        self.assertEqual([(0,)], self.rows("a", "SELECT count(*) FROM users"))

    def test_people_who_share_a_telephone_are_both_imported(self):
        self.init("a", OPERATOR)
        lines = [json.dumps({"resourceType": "Patient", "id": name, "telecom": [{"system": "phone", "value": "012"}]})
                 for name in ("mother", "son")]
        (self.folder / "family.ndjson").write_text("\n".join(lines))
        report = json.loads(self.run_tern("import", "fhir", "--json", "-r", "a.db", "family.ndjson"))
        self.assertEqual({"created": 2}, report["rows"]["users"])
        self.assertEqual([("012",), (None,)],
                         self.rows("a", "SELECT phone_number FROM users ORDER BY phone_number IS NULL"))

    def test_a_file_that_is_no_replica_is_told_and_left_as_it_is(self):
        good = self.init("good", PATIENT)
        (self.folder / "text.db").write_text("a letter to the doctor, and not a database at all\n" * 100)
        sqlite3.connect(self.folder / "foreign.db").execute("CREATE TABLE t(a)").connection.close()
        whole = good.read_bytes()
        (self.folder / "short.db").write_bytes(whole[:len(whole) // 2])
        torn = bytearray(whole)
        root, size = self.rows("good", "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema "
                                       "WHERE name = 'users'")[0]
        torn[(root - 1) * size:root * size] = b"\xa5" * size
        (self.folder / "torn.db").write_bytes(torn)
        for name, codes in (("text", {"NOT_A_REPLICA"}), ("foreign", {"NOT_A_REPLICA"}), ("short", {"CORRUPT"}),
                            ("torn", {"CORRUPT"})):
            before = (self.folder / f"{name}.db").read_bytes()
            said = self.run_tern("sql", "--json", "-r", f"{name}.db", "SELECT full_name FROM users", expect=FAILED)
            self.assertIn(json.loads(said)["error"]["code"], codes, name)
            self.assertEqual(before, (self.folder / f"{name}.db").read_bytes(), name)

    def test_schema_checks_a_document_and_prints_its_tables(self):
        self.assertEqual(14, json.loads(self.run_tern("schema", "check", "--json", SCHEMA))["tables"])
        for dialect in ("replica", "sqlite", "postgres"):
            self.assertEqual(14, self.run_tern("schema", "ddl", "--dialect", dialect, SCHEMA).count("CREATE TABLE"))
        document = json.loads(SCHEMA.read_text())
        document["tables"][1]["columns"][0]["type"] = "nonsense"
        (self.folder / "bad.json").write_text(json.dumps(document))
        said = self.run_tern("schema", "check", "--json", "bad.json", expect=FAILED)
        error = json.loads(said)["error"]
        self.assertEqual("SCHEMA", error["code"])
        self.assertIn("/tables/1/columns/0/type", error["message"])


class SyncCase(Case):
    """With a server and an operator."""

    def setUp(self):
        super().setUp()
        self.operator_token = self.token(OPERATOR, "--role", "operator")
        self.init("operator", OPERATOR)

    def import_files(self, *paths):
        self.run_tern("import", "fhir", "-q", "-r", "operator.db", *paths)
        return self.sync("operator", self.operator_token)

    def pull(self, name, user):
        self.init(name, user)
        return self.sync(name, self.token(user))

    def check_texts(self, texts):
        """Through import, push, server, pull and export."""
        requests = [{"resourceType": "MedicationRequest", "id": f"r{index}", "status": "active",
                     "subject": {"reference": f"Patient/{PATIENT}"}, "medicationCodeableConcept": {"text": text}}
                    for index, text in enumerate(texts)]
        path = self.folder / "khmer.ndjson"
        path.write_text("\n".join(json.dumps(request, ensure_ascii=False) for request in requests), encoding="utf-8")
        self.import_files(path)
        self.pull("phone", PATIENT)
        exported = json.loads(self.run_tern("export", "-r", "phone.db", "medications"))["medications"]
        self.assertEqual(sorted(texts), sorted(row["medicine_name"] for row in exported))
        as_csv = csv.DictReader(io.StringIO(self.run_tern("export", "-r", "phone.db", "-f", "csv", "medications")))
        self.assertEqual(sorted(texts), sorted(row["medicine_name"] for row in as_csv))


class Synced(SyncCase):
    """What people do."""

    def test_an_import_reaches_the_patient_byte_for_byte_and_nobody_else(self):
        done = self.import_files(*FILES)
        self.assertEqual((2, 0, 0), (done["sent"], done["pending"], done["quarantined"]))
        done = self.pull("phone", PATIENT)
        self.assertEqual(7, done["rows"])
        self.assertEqual([("អ្នកជំងឺ",)], self.rows("phone", "SELECT full_name FROM users"))
        names = self.rows("phone", "SELECT medicine_name_khmer FROM medications ORDER BY row_number, id")
        self.assertEqual(sorted(names), sorted(self.rows(
            "operator", "SELECT medicine_name_khmer FROM medications WHERE medicine_name_khmer IS NOT NULL")))
        self.assertEqual([(0,)], self.rows("phone", "SELECT count(*) FROM users WHERE id = ?",
                                           uuid.UUID(NEIGHBOUR).bytes))
        again = self.sync("phone", self.token(PATIENT))
        self.assertEqual((0, 0), (again["sent"], again["rows"]))

    def test_status_and_outbox_follow_a_change_to_the_server_and_back(self):
        self.import_files(*FILES)
        self.pull("phone", PATIENT)
        self.run_tern("sql", "-r", "phone.db", "--write", "UPDATE prescriptions SET status = 'PAUSED' WHERE id = ?",
                      PRESCRIPTION)
        entries = json.loads(self.run_tern("outbox", "--json", "-r", "phone.db"))
        self.assertEqual([("pending", 1)], [(entry["state"], entry["changes"]) for entry in entries])
        changes = json.loads(self.run_tern("outbox", "--json", "-r", "phone.db", str(entries[0]["entry"])))
        self.assertEqual([("update", "prescriptions", PRESCRIPTION, "status")],
                         [(one["operation"], one["table"], one["row"], one["unit"]) for one in changes])
        self.assertEqual({"status": "PAUSED"}, json.loads(changes[0]["values"]))
        self.assertEqual(1, json.loads(self.run_tern("status", "--json", "-r", "phone.db"))["pending"])
        self.sync("phone", self.token(PATIENT))
        status = json.loads(self.run_tern("status", "--json", "-r", "phone.db"))
        self.assertEqual((0, 1, False), (status["pending"], status["acked"], status["clock_suspect"]))
        self.assertEqual(["dose_events"], list(status["reach"]))
        days = (time.time() - status["reach"]["dose_events"] / 1e6) / 86400
        self.assertTrue(90 <= days < 92, days)
        since = time.strftime("%Y-%m-%d", time.gmtime(status["reach"]["dose_events"] / 1e6))
        self.assertRegex(self.run_tern("status", "-r", "phone.db"), f"(?m)^reach +dose_events since {since} ")
        self.pull("tablet", PATIENT)
        self.assertEqual([("PAUSED",)], self.rows("tablet", "SELECT status FROM prescriptions WHERE id = ?",
                                                  uuid.UUID(PRESCRIPTION).bytes))

    def test_a_lost_value_is_listed_by_audit_and_comes_back_by_reinstate(self):
        self.import_files(*FILES)
        self.pull("phone", PATIENT)
        self.pull("tablet", PATIENT)
        update = "UPDATE prescriptions SET status = ? WHERE id = ?"
        self.run_tern("sql", "-r", "phone.db", "--write", update, "PAUSED", PRESCRIPTION)
        self.run_tern("sql", "-r", "tablet.db", "--write", update, "INACTIVE", PRESCRIPTION)
        token = self.token(PATIENT)
        self.sync("phone", token)
        self.sync("tablet", token)
        self.sync("phone", token)
        entries = json.loads(self.run_tern("audit", "--json", "-r", "phone.db", "--table", "prescriptions"))
        # Which of two acts of one moment was the later one, clocks that were set over a slow network may see otherwise.
        sides = [(one["lost_values"], one["kept_values"]) for one in entries]
        paused, inactive = ({"status": status} for status in ("PAUSED", "INACTIVE"))
        self.assertIn(sides, ([(paused, inactive)], [(inactive, paused)]))
        self.run_tern("reinstate", "-r", "phone.db", entries[0]["id"])
        self.assertEqual({"reinstated": entries[0]["id"], "queued": False},
                         json.loads(self.run_tern("reinstate", "-r", "phone.db", "--json", entries[0]["id"])))
        self.assertIn("stands already", self.run_tern("reinstate", "-r", "phone.db", entries[0]["id"]))
        self.assertEqual(1, json.loads(self.run_tern("status", "--json", "-r", "phone.db"))["pending"])
        self.sync("phone", token)
        self.sync("tablet", token)
        for name in ("phone", "tablet"):
            self.assertEqual([(sides[0][0]["status"],)], self.rows(name, "SELECT status FROM prescriptions WHERE id = ?",
                                                                   uuid.UUID(PRESCRIPTION).bytes))

    def test_what_the_server_refuses_waits_in_quarantine_and_can_be_given_up(self):
        self.import_files(*FILES)
        self.run_tern("sql", "-r", "operator.db", "--write", "UPDATE users SET phone_number = '099' WHERE id = ?",
                      NEIGHBOUR)
        self.sync("operator", self.operator_token)
        self.pull("phone", PATIENT)
        self.run_tern("sql", "-r", "phone.db", "--write", "UPDATE users SET phone_number = '099' WHERE id = ?", PATIENT)
        self.run_tern("sql", "-r", "phone.db", "--write", "UPDATE users SET theme = 'DARK' WHERE id = ?", PATIENT)
        token = self.token(PATIENT)
        done = self.sync("phone", token, expect=ATTENTION)
        self.assertEqual((0, 1), (done["pending"], done["quarantined"]))
        self.assertEqual([("012 000 001", "DARK")], self.rows("phone", "SELECT phone_number, theme FROM users"))
        entries = json.loads(self.run_tern("quarantine", "--json", "-r", "phone.db"))
        self.assertEqual(["UNIQUE"], [entry["reason"] for entry in entries])
        self.run_tern("quarantine", "discard", "-r", "phone.db", str(entries[0]["entry"]))
        self.sync("phone", token)
        self.assertEqual([], json.loads(self.run_tern("quarantine", "--json", "-r", "phone.db")))
        self.assertEqual([("DISCARDED",)], self.rows("phone", "SELECT rule FROM sync_audit"))

    def test_a_bad_token_is_refused_and_nothing_is_lost(self):
        self.import_files(*FILES)
        self.init("phone", PATIENT)
        (self.folder / "forged.key").write_bytes(b"x" * 32)
        for flags, key in (([], "forged.key"), (["--ttl", "-60"], "token.key"), (["--audience", "other"], "token.key")):
            answer = self.sync("phone", self.token(PATIENT, *flags, key=key), expect=REFUSED)
            self.assertEqual("UNAUTHORIZED", answer["error"]["code"])
        self.run_tern("sync", "-r", "phone.db", "--url", self.server().url, expect=REFUSED,
                      environment={"TERN_TOKEN": "", "TERN_CA": str(self.folder / "ca.pem")})
        self.assertEqual(7, self.sync("phone", self.token(PATIENT))["rows"])

    def test_the_token_of_another_user_is_refused_and_nothing_is_lost(self):
        self.import_files(*FILES)
        self.init("phone", PATIENT)
        self.run_tern("sql", "-r", "phone.db", "--write", "INSERT INTO users(id, role, full_name) VALUES(?, 'PATIENT', 'x')", PATIENT)
        answer = self.sync("phone", self.token(NEIGHBOUR), expect=REFUSED)
        self.assertEqual("WRONG_USER", answer["error"]["code"])
        self.assertEqual(1, json.loads(self.run_tern("status", "--json", "-r", "phone.db"))["pending"])
        self.sync("phone", self.token(PATIENT))
        self.assertEqual(0, json.loads(self.run_tern("status", "--json", "-r", "phone.db"))["pending"])

    def test_a_secret_with_a_line_end_behind_it_is_the_one_that_the_server_reads(self):
        self.import_files(*FILES)
        self.init("phone", PATIENT)
        (self.folder / "edited.key").write_bytes((self.folder / "token.key").read_bytes() + b"\n")
        self.assertEqual(7, self.sync("phone", self.token(PATIENT, key="edited.key"))["rows"])

    def test_raw_bytes_are_a_secret_even_where_the_last_is_that_of_a_line_end(self):
        (self.folder / "token.key").write_bytes(bytes(range(200, 231)) + b"\n")  # 32 bytes, as `openssl rand` may write them
        self.pull("phone", PATIENT)

    def test_a_port_that_is_taken_is_named(self):
        other = Server(self.folder)
        self.addCleanup(lambda: other.process and other.kill())
        with self.assertRaisesRegex(AssertionError, f"127.0.0.1 port {self.server().port} cannot be listened on: "):
            other.start(port=self.server().port, database=self.folder / "other.db", port_file=self.folder / "other.port")

    def test_a_sync_counts_one_as_one(self):
        self.import_files(*FILES)
        self.pull("phone", PATIENT)
        self.run_tern("sql", "-r", "phone.db", "--write", "UPDATE users SET theme = 'DARK' WHERE id = ?", PATIENT)
        said = self.run_tern("sync", "-r", "phone.db", "--url", self.server().url, "--ca", self.folder / "ca.pem",
                             "--token-file", self.token(PATIENT))
        self.assertEqual("sent 1 transaction, received 1 row in 1 record; 0 pending\n", said)

    def test_a_quarantined_change_goes_up_when_it_is_tried_again_in_better_times(self):
        self.import_files(*FILES)
        number = "UPDATE users SET phone_number = ? WHERE id = ?"
        self.run_tern("sql", "-r", "operator.db", "--write", number, "099", NEIGHBOUR)
        self.sync("operator", self.operator_token)
        self.pull("phone", PATIENT)
        self.run_tern("sql", "-r", "phone.db", "--write", number, "099", PATIENT)
        token = self.token(PATIENT)
        self.sync("phone", token, expect=ATTENTION)
        entry = json.loads(self.run_tern("quarantine", "--json", "-r", "phone.db"))[0]["entry"]
        self.run_tern("sql", "-r", "operator.db", "--write", number, "098", NEIGHBOUR)
        self.sync("operator", self.operator_token)
        self.run_tern("quarantine", "retry", "-r", "phone.db", str(entry))
        done = self.sync("phone", token)
        self.assertEqual((1, 0, 0), (done["sent"], done["pending"], done["quarantined"]))
        self.pull("tablet", PATIENT)
        for name in ("phone", "tablet"):
            self.assertEqual([("099",)], self.rows(name, "SELECT phone_number FROM users"))

    def test_a_server_set_up_by_its_environment_takes_tokens_of_a_private_key_and_no_others(self):
        self.init("phone", PATIENT)
        for algorithm, kind in (("RS256", ["RSA"]), ("ES256", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"])):
            private, public = self.folder / f"{algorithm}.key", self.folder / f"{algorithm}.pem"
            subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", *kind, "-out", private], check=True)
            subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
            server = Server(self.folder)
            self.addCleanup(server.kill)
            server.start(environment=True, token_algorithm=algorithm, token_key=public)
            self.sync("phone", self.token(PATIENT, "--algorithm", algorithm, key=private.name), server=server)
            for other in (self.token(PATIENT), self.token(PATIENT, key=public.name)):
                answer = self.sync("phone", other, expect=REFUSED, server=server)
                self.assertEqual("UNAUTHORIZED", answer["error"]["code"])
            server.stop()

    def test_a_server_that_cannot_be_trusted_or_reached_is_told_apart_and_nothing_is_lost(self):
        self.import_files(*FILES)
        self.pull("phone", PATIENT)
        self.run_tern("sql", "-r", "phone.db", "--write", "UPDATE users SET theme = 'DARK' WHERE id = ?", PATIENT)
        before = self.run_tern("export", "-r", "phone.db")
        token = self.token(PATIENT)
        server = self.server()
        pin = (self.folder / "backup.pin").read_text()
        for code, expect, flags, asked in (
                ("TLS", FAILED, [], self.server("other-host")), ("TLS", FAILED, [], self.server("expired")),
                ("TLS", FAILED, ["--ca", self.folder / "expired.pem"], server),
                ("TLS_PIN", FAILED, ["--pin", pin], server)):
            answer = self.sync("phone", token, *flags, expect=expect, server=asked)
            self.assertEqual(code, answer["error"]["code"])
            self.assertEqual(1, json.loads(self.run_tern("status", "--json", "-r", "phone.db"))["pending"])
        answer = json.loads(self.run_tern("sync", "--json", "-r", "phone.db", "--url",
                                          server.url.replace("https", "http"), "--token-file", token, expect=FAILED))
        self.assertEqual({"code": "TLS", "message": "the server's URL must begin with https://"}, answer["error"])
        self.assertEqual(before, self.run_tern("export", "-r", "phone.db"))
        right = (self.folder / "server.pin").read_text()
        self.assertEqual(1, self.sync("phone", token, "--pin", pin, "--backup-pin", right)["sent"])
        self.server().stop()
        answer = self.sync("phone", token, "--wait", "0", expect=LATER)
        self.assertEqual("NETWORK", answer["error"]["code"])
        self.assertIn("localhost cannot be reached", answer["error"]["message"])

    def test_a_terminal_is_shown_a_bar_and_a_pipe_is_not(self):
        self.import_files(*FILES)
        self.init("phone", PATIENT)
        token = self.token(PATIENT)
        leader, follower = pty.openpty()
        self.run_tern("sync", "-r", "phone.db", "--url", self.server().url, "--ca", self.folder / "ca.pem",
                      "--token-file", token, stderr=follower)
        os.close(follower)
        shown = b""
        try:
            while part := os.read(leader, 4096):
                shown += part
        except OSError:
            pass  # how Linux ends a terminal without another side
        os.close(leader)
        self.assertIn(b"down 7 rows", shown)
        self.sync("phone", token)
        self.assertEqual("", self.said)

    def test_a_token_is_in_no_output(self):
        self.init("phone", PATIENT)
        token = self.token(PATIENT)
        secret = token.read_text().strip()
        said = json.dumps(self.sync("phone", token)) + self.said
        self.server().stop()
        said += json.dumps(self.sync("phone", token, "--wait", "0", expect=LATER)) + self.said
        said += (self.folder / "server.log").read_text()
        self.assertNotIn(secret, said)
        self.assertNotIn(secret.split(".")[2], said)

    def test_khmer_and_four_byte_characters_survive_every_path(self):
        self.check_texts(["ថ្ងៃអាទិត្យ", "អរុណ\u200bសួស្តី", "e\u0301", "💊👩🏽‍⚕️", "𝔐𐍈", "\ufeff"])


class Real(SyncCase):
    """Input that nobody here wrote."""

    @needs_data
    def test_khmer_of_the_cldr_file_survives_every_path(self):
        texts = set()
        for element in ElementTree.parse(Path(DATA, "cldr-km/km.xml")).iter():
            text = (element.text or "").strip()
            if any("\u1780" <= character <= "\u17ff" for character in text):
                texts.add(text[:255])
        self.assertGreater(len(texts), 500)
        self.check_texts(sorted(texts))

    @needs_data
    def test_the_real_requests_reach_every_patient_row_by_row(self):
        source = Path(DATA, "synthea-fhir-r4/MedicationRequest.ndjson")
        self.import_files(source)
        wanted = {}
        for line in source.read_text().splitlines():
            request = json.loads(line)
            patient = request["subject"]["reference"].rsplit(":", 1)[1]
            wanted.setdefault(patient, {})[request["id"]] = request["medicationCodeableConcept"]["text"]
        self.assertEqual((584, 4712), (len(wanted), sum(map(len, wanted.values()))))
        with ThreadPoolExecutor(4) as pool:
            for done in pool.map(lambda pair: self.check_patient(*pair), sorted(wanted.items())[::STRIDE]):
                self.assertTrue(done)

    def check_patient(self, patient, requests):
        """Pulls one record on a fresh device."""
        name = f"patient-{patient}"
        self.pull(name, patient)
        held = dict(self.rows(name, "SELECT p.id, m.medicine_name FROM prescriptions AS p JOIN medications AS m "
                                    "ON m.prescription_id = p.id"))
        self.assertEqual(requests, {str(uuid.UUID(bytes=key)): text for key, text in held.items()})
        self.same_patient(name, patient)
        for file in self.folder.glob(f"{name}.db*"):
            file.unlink()
        return True

    def same_patient(self, name, patient):
        owner = uuid.UUID(patient).bytes
        for table, where in (("users", "id = ?"), ("prescriptions", "patient_id = ?"),
                             ("medications", "prescription_id IN (SELECT id FROM prescriptions WHERE patient_id = ?)")):
            columns = [row[1] for row in self.rows(name, f"PRAGMA table_info({table})")
                       if row[1] not in ("tern_v", "updated_at")]
            query = f"SELECT {', '.join(columns)} FROM {table} WHERE {where} ORDER BY id"
            here = self.rows(name, query, owner)
            self.assertEqual(self.rows("operator", query, owner), here, table)
            self.assertEqual([(len(here),)], self.rows(name, f"SELECT count(*) FROM {table}"), table)


class FirstDay(Case):
    """The first day of docs/TERND.md, as it stands there but for the port."""

    def test_the_first_day_of_the_manual_brings_the_lost_value_back(self):
        manual = (ROOT / "docs/TERND.md").read_text("utf-8").split("## A first day")[1].split("\n## ")[0]
        keys, phone, conflict, back = re.findall(r"(?:^    .*\n)+", manual, re.M)
        folder = self.folder / "day"
        folder.mkdir()
        (folder / "schemas").symlink_to(ROOT / "schemas")

        def shell(text):
            text = re.sub("^    ", "", text, flags=re.M).replace(":8443", f":{server.port}")
            done = subprocess.run(["bash", "-ec", export + text], cwd=folder, capture_output=True, text=True, timeout=300,
                                  env={**os.environ, "PATH": f"{BUILD / 'cli'}:{os.environ['PATH']}"}, check=False)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
            return done.stdout

        server, export = Server(folder), ""
        shell(keys)
        server.start(token_key=folder / "token.key")
        self.addCleanup(server.kill)
        self.assertIn("sent 1 transaction, received 3 rows in 1 record; 0 pending", shell(phone))
        export = phone.strip().splitlines()[0].strip().replace(":8443", f":{server.port}") + "\n"
        shell(conflict)
        status, audit = shell(back.split("tern reinstate")[0]).split("id  ", 1)
        self.assertIn("INACTIVE", status)
        entry = re.search(r"^[0-9a-f]{8}-[0-9a-f-]{27}", audit, re.M).group()
        self.assertTrue(shell(back.replace("reinstate ID", f"reinstate {entry}")).strip().endswith("PAUSED"))


class Demo(Case):
    """The offline day, as scripts/demo plays it."""

    def test_the_demo_keeps_every_promise_and_draws_its_page(self):
        done = subprocess.run([ROOT / "scripts/demo", "--build-dir", BUILD, "--out", self.folder / "demo"],
                              capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertEqual(10, done.stdout.count("kept   "))
        page = (self.folder / "demo/index.html").read_text()
        self.assertIn("<svg", page)
        self.assertIn("prefers-color-scheme: dark", page)
        # A picture of its own where the lanes have no room beside each other, with everything in it.
        wide, narrow = (page[page.index(f'<svg class="{name}"'):].split("</svg>")[0] for name in ("wide", "narrow"))
        self.assertEqual(wide.count('class="card'), narrow.count('class="card'))
        room = float(narrow.split('viewBox="0 0 ')[1].split()[0])
        self.assertLess(room, 400)
        for rect in ElementTree.fromstring(f"<g>{narrow.split('>', 1)[1]}</g>").iter("rect"):
            self.assertLessEqual(float(rect.get("x")) + float(rect.get("width")), room + 0.1)
        for outside in ("<script", "src=", "<link", "@import", "url("):
            self.assertNotIn(outside, page)

    def test_a_folder_that_holds_anything_else_is_left_as_it_is(self):
        out = self.folder / "mine"
        out.mkdir()
        (out / "thesis.txt").write_text("years of work")
        done = subprocess.run([ROOT / "scripts/demo", "--build-dir", BUILD, "--out", out], capture_output=True,
                              text=True, timeout=300, check=False)
        self.assertEqual(2, done.returncode, done.stdout)
        self.assertIn("mine", done.stderr)
        self.assertEqual("years of work", (out / "thesis.txt").read_text())

    def test_the_checks_find_a_broken_promise(self):
        out = self.folder / "demo"
        for _ in range(2):  # the second time over the first one's folder
            subprocess.run([ROOT / "scripts/demo", "--build-dir", BUILD, "--out", out], capture_output=True,
                           timeout=300, check=True)
        check = ["python3", "-B", ROOT / "demo/check.py", out, SCHEMA]
        self.assertEqual(0, subprocess.run(check, capture_output=True, check=False).returncode)
        connection = sqlite3.connect(out / "server.db")
        connection.execute("UPDATE dose_events SET status = 'MISSED'")
        connection.commit()
        connection.close()
        done = subprocess.run(check, capture_output=True, text=True, check=False)
        self.assertEqual(1, done.returncode)
        self.assertIn("BROKEN  1. Convergence", done.stdout)
        self.assertIn("BROKEN  2. Nothing acknowledged is lost", done.stdout)


if __name__ == "__main__":
    unittest.main()
