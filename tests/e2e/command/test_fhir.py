"""FHIR out and in again: what is exported is R4, and comes back as the rows that it was."""
import copy
import json
import os
import subprocess
import time
import unittest
import uuid
from collections import Counter
from pathlib import Path

import fhir_r4
from rig import DATA, FAILED, ROOT, TERN, USAGE, Case, needs_data

PATIENT = "0a1b0000-0000-4000-8000-00000000000a"
STRANGER = "0a1b0000-0000-4000-8000-00000000000c"
OPERATOR = "0a1b0000-0000-4000-8000-0000000000ff"
DOCTOR = "0a1b0000-0000-4000-8000-0000000000dd"
FILES = [ROOT / "demo/patient.json", ROOT / "demo/neighbour.ndjson"]
STATUSES = {"ACTIVE": "active", "PAUSED": "on-hold", "INACTIVE": "stopped", "DRAFT": "draft"}
TABLES = ("users", "meal_time_preferences", "prescriptions", "prescription_beginnings", "prescription_turns", "medications",
          "dose_events")

# A record with every column filled, several medications in one prescription, and texts that FHIR has no place for.
RECORD = [
    "INSERT INTO users(id,role,first_name,last_name,full_name,phone_number,email,gender,date_of_birth,id_card_number,"
    "language,theme,grace_period_minutes,time_zone,hospital_clinic,specialty,license_number,license_photo_url) VALUES(x'{patient}','PATIENT','ទីមួយ 💊','អ្នកជំងឺ','អ្នកជំងឺ ទីមួយ "
    "💊','012 000 001','a@example.org','OTHER','1960-03-01','110 220','ENGLISH','DARK',20,'America/New_York','a clinic',"
    "'a specialty','a license','https://example.org/l.png')",
    "INSERT INTO meal_time_preferences(id,user_id,morning_meal,afternoon_meal,night_meal) VALUES("
    "tern_key('meal_time_preferences',x'{patient}'),x'{patient}','6-7AM','12:40','19:15')",
    "INSERT INTO prescriptions(id,patient_id,doctor_id,patient_name,patient_gender,patient_age,symptoms,diagnosis,"
    "start_date,end_date,status,current_version,is_urgent,urgent_reason,created_at) VALUES(x'{first}',x'{patient}',"
    "x'{doctor}','another name','FEMALE',61,'','ឈឺក្បាល; fever','2026-03-02','2026-04-02','PAUSED',3,1,'he said so',"
    "1772400000000001)",
    "INSERT INTO prescription_turns(id,prescription_id,turned_at,begins) VALUES"
    "(tern_key('prescription_turns',x'{first}',1772400000000001,1),x'{first}',1772400000000001,1),"
    "(tern_key('prescription_turns',x'{first}',1772900000000000,0),x'{first}',1772900000000000,0)",
    "INSERT INTO medications(id,prescription_id,row_number,medicine_name,medicine_name_khmer,image_url,morning_dosage,"
    "night_dosage,frequency,duration,timing,is_prn,prn_times,starts_on,first_minute) VALUES(x'{one}',x'{first}',1,'Amlodipine 5 mg','អាំឡូឌីពីន',"
    "'https://example.org/a.png','{{\"before_meal\":true, \"amount\":0.1}}','{{\"amount\":2,\"unit\":\"tablet\"}}',"
    "'twice a day',10,'told at home; mon; thu',0,NULL,'2026-03-04',390)",
    "INSERT INTO medications(id,prescription_id,row_number,medicine_name,frequency,timing,is_prn,prn_times) VALUES("
    "x'{two}',x'{first}',2,'Paracetamol','3-4 times every 1.5 days','as needed for ឈឺ; 2.5 ml a dose',1,'[\"07:00\"]')",
    "INSERT INTO prescriptions(id,patient_id,patient_name,status) VALUES(x'{second}',x'{patient}','p','ACTIVE')",
    "INSERT INTO prescription_beginnings(id,prescription_id,begins_on) VALUES("
    "tern_key('prescription_beginnings',x'{second}','2026-03-05',0),x'{second}','2026-03-05')",
    "INSERT INTO medications(id,prescription_id,row_number,medicine_name,daytime_dosage,frequency,timing) VALUES("
    "x'{three}',x'{second}',1,'Insulin','{{\"amount\":3}}','2 ដងក្នុងមួយថ្ងៃ','08:00; PCV; 21:30')",
    "INSERT INTO dose_events(id,prescription_id,medication_id,patient_id,scheduled_time,local_date,slot,time_period,"
    "reminder_time,grace_minutes,status,taken_at,skip_reason,was_offline,flags) VALUES"
    "(tern_key('dose_events',x'{one}','2026-03-02','MORNING'),x'{first}',x'{one}',x'{patient}',1772453400000000,"
    "'2026-03-02','MORNING','DAYTIME','07:10',20,'TAKEN_ON_TIME',1772453460000001,NULL,0,NULL),"
    "(tern_key('dose_events',x'{one}','2026-03-02','NIGHT'),x'{first}',x'{one}',x'{patient}',1772493000000000,"
    "'2026-03-02','NIGHT','NIGHT','18:10',20,'TAKEN_LATE',1772500000000000,NULL,1,'CLOCK AHEAD'),"
    "(tern_key('dose_events',x'{one}','2026-03-03','MORNING'),x'{first}',x'{one}',x'{patient}',1772539800000000,"
    "'2026-03-03','MORNING','DAYTIME','07:10',20,'SKIPPED',NULL,'ឈឺពោះ',1,NULL),"
    "(tern_key('dose_events',x'{one}','2026-03-03','NIGHT'),x'{first}',x'{one}',x'{patient}',1772579400000000,"
    "'2026-03-03','NIGHT','NIGHT','18:10',60,'MISSED',NULL,NULL,0,NULL),"
    "(tern_key('dose_events',x'{one}','2026-03-04','NIGHT'),x'{first}',x'{one}',x'{patient}',1772665800000000,"
    "'2026-03-04','NIGHT','NIGHT','18:10',60,'DUE',NULL,NULL,0,NULL),"
    "(tern_key('dose_events',x'{two}','2026-03-02','23:58:07'),x'{first}',x'{two}',x'{patient}',1772513887000000,"
    "'2026-03-02','23:58:07','NIGHT',NULL,30,'TAKEN_ON_TIME',1772513887000000,NULL,0,NULL)",
]
NAMES = {name: uuid.uuid5(uuid.NAMESPACE_URL, name).hex for name in ("first", "second", "one", "two", "three")}


class Fhir(Case):
    """`tern export fhir` and `tern import fhir`."""

    def record(self, name="a"):
        self.init(name, OPERATOR)
        for statement in RECORD:
            self.run_tern("sql", "-w", "-r", f"{name}.db", statement.format(
                patient=PATIENT.replace("-", ""), doctor=DOCTOR.replace("-", ""), **NAMES))

    def export(self, name, *flags):
        return self.run_tern("export", "fhir", "-q", "-r", f"{name}.db", *flags)

    def take(self, name, text):
        """Imports into a fresh replica; the report."""
        self.init(name, OPERATOR)
        (self.folder / f"{name}.json").write_text(text)
        return json.loads(self.run_tern("import", "fhir", "--json", "-r", f"{name}.db", f"{name}.json"))

    def content(self, name, table):
        columns = [row[1] for row in self.rows(name, f"PRAGMA table_info({table})")
                   if row[1] not in ("tern_v", "updated_at")
                   and (table, row[1]) not in (("prescription_beginnings", "created_at"), ("prescription_turns", "created_at"))]
        where = " WHERE status <> 'DUE'" if table == "dose_events" else ""
        return self.rows(name, f"SELECT {', '.join(columns)} FROM {table}{where} ORDER BY id")

    def check_round_trip(self, name):
        """By both forms; the Bundle is R4, everything in it is taken, and a further export says the same."""
        text = self.export(name)
        fhir_r4.bundle(json.loads(text))
        lines = self.export(name, "-f", "ndjson")
        for line in lines.splitlines():
            fhir_r4.resource(json.loads(line))
        for form, said in (("bundle", text), ("lines", lines)):
            report = self.take(f"{name}-{form}", said)
            left = set(report["not_taken_over"]) - {"MedicationRequest.requester"}
            self.assertEqual(set(), left, form)
            for table in TABLES:
                self.assertEqual(self.content(name, table), self.content(f"{name}-{form}", table), f"{form} {table}")
            self.assertEqual(text, self.export(f"{name}-{form}"), form)
        return json.loads(text)

    def test_a_record_with_every_column_comes_back_as_it_was(self):
        self.record()
        for table in TABLES:
            for _, column, *_ in self.rows("a", f"PRAGMA table_info({table})"):
                filled = self.rows("a", f"SELECT 1 FROM {table} WHERE {column} IS NOT NULL LIMIT 1")
                self.assertEqual(column != "deleted_at", bool(filled), f"{table}.{column}")
        document = self.check_round_trip("a")
        counts = Counter(entry["resource"]["resourceType"] for entry in document["entry"])
        self.assertEqual({"Patient": 1, "MedicationRequest": 3, "MedicationAdministration": 5}, counts)

    def test_elements_say_what_the_columns_say(self):
        self.record()
        resources = {entry["resource"]["id"]: entry["resource"] for entry in json.loads(self.export("a"))["entry"]}
        one, two, three = (resources[str(uuid.UUID(NAMES[name]))] for name in ("one", "two", "three"))
        self.assertEqual(("on-hold", "urgent"), (one["status"], one["priority"]))
        self.assertEqual("active", three["status"])
        self.assertEqual([["ACM"], ["PCV"]], [part["timing"]["repeat"]["when"] for part in one["dosageInstruction"]])
        self.assertEqual([{"value": 0.1}, {"value": 2, "unit": "tablet"}],
                         [part["doseAndRate"][0]["doseQuantity"] for part in one["dosageInstruction"]])
        self.assertEqual({"frequency": 3, "frequencyMax": 4, "period": 1.5, "periodUnit": "d"},
                         {name: value for name, value in two["dosageInstruction"][0]["timing"]["repeat"].items()
                          if not name.startswith("bounds")})
        self.assertEqual("ឈឺ", two["dosageInstruction"][0]["asNeededCodeableConcept"]["text"])
        # Words that the schedule does not follow, since a dosage stands beside them, go along as columns alone.
        self.assertEqual([{"text": "2 ដងក្នុងមួយថ្ងៃ", "timing": {"repeat": {"when": ["PCD"]}},
                           "doseAndRate": [{"doseQuantity": {"value": 3}}]}],
                         [{**part, "timing": {"repeat": {"when": part["timing"]["repeat"]["when"]}}}
                          for part in three["dosageInstruction"]])
        self.assertNotIn("timeOfDay", three["dosageInstruction"][0]["timing"]["repeat"])
        doses = sorted((dose for dose in resources.values() if dose["resourceType"] == "MedicationAdministration"),
                       key=lambda dose: dose["effectiveDateTime"])
        self.assertEqual([("completed", "2026-03-02T07:11:00.000001-05:00", None),
                          ("completed", "2026-03-02T20:06:40-05:00", None),
                          ("completed", "2026-03-02T23:58:07-05:00", None),
                          ("not-done", "2026-03-03T07:10:00-05:00", "ឈឺពោះ"),
                          ("not-done", "2026-03-03T18:10:00-05:00", "missed: nobody recorded it")],
                         [(dose["status"], dose["effectiveDateTime"], dose.get("statusReason", [{}])[0].get("text"))
                          for dose in doses])

    def test_whatever_another_program_wrote_for_a_dosage_comes_back(self):
        self.record()
        dosages = ['{"amount":-1}', '{"amount":0}', '{"amount":"x"}', '{"amount":1e999}', '{"unit":"\\ud800"}',
                   '{"amount":99999999999999999999999}', '{"unit":"\\u0000"}', '{"amount":1,"amount":2}', '"one"', "[3]"]
        for dosage in dosages:
            self.run_tern("sql", "-w", "-r", "a.db",
                          "INSERT INTO medications(id,prescription_id,row_number,medicine_name,night_dosage) VALUES(tern_id(),"
                          f"x'{NAMES['second']}',2,'of another program','{dosage}')")
        document = self.check_round_trip("a")
        amounts = [part["doseAndRate"][0]["doseQuantity"]["value"] for entry in document["entry"]
                   for part in entry["resource"].get("dosageInstruction", []) if "doseAndRate" in part]
        self.assertEqual([0.1, 2, 2, 2.5, 3], sorted(amounts))

    def test_the_small_records_of_the_demo_come_back(self):
        self.init("a", OPERATOR)
        self.run_tern("import", "fhir", "-q", "-r", "a.db", *FILES)
        self.check_round_trip("a")

    # A new replica in which all prescriptions are such; turns are told as in a file.
    def live(self, status, turns):
        name = f"r{len(list(self.folder.glob('r*.db')))}"
        self.init(name, OPERATOR)
        self.imports(name, *FILES)
        self.run_tern("sql", "-w", "-r", f"{name}.db", f"UPDATE prescriptions SET status='{status}'")
        for place, moment in enumerate(turns.split(",") if turns else []):
            turn = f"{moment},{1 - place % 2}"
            if moment != "0":
                self.run_tern("sql", "-w", "-r", f"{name}.db", "INSERT INTO prescription_turns(id,prescription_id,turned_at,"
                              f"begins) SELECT tern_key('prescription_turns',id,{turn}),id,{turn} FROM prescriptions")
        return name

    # What all prescriptions are; a moment of now is told as such.
    def turned(self, name):
        def told(moment):
            return "now" if abs(moment / 1e6 - time.time()) < 600 else str(moment)
        said = set()
        for row, status in self.rows(name, "SELECT id,status FROM prescriptions"):
            turns = self.rows(name, "SELECT turned_at,begins FROM prescription_turns WHERE prescription_id=? ORDER BY 1,2", row)
            moments = ["0"] if turns and not turns[0][1] else []
            moments += [told(at) for (at, begins), before in zip(turns, [None, *turns]) if not before or before[1] != begins]
            said.add((status, ",".join(moments)))
        (only,) = said
        return only

    # Imports the file, and once more, which changes nothing.
    def imports(self, name, *files):
        self.run_tern("import", "fhir", "-q", "-r", f"{name}.db", *files)
        again = json.loads(self.run_tern("import", "fhir", "--json", "-r", f"{name}.db", *files))
        self.assertEqual({"unchanged"}, {outcome for table in again["rows"].values() for outcome in table})

    # A file in which all prescriptions are such.
    def saved(self, status, turns, told=None):
        document = self.export(self.live(status, turns))
        if told:
            document = document.replace(f'"{STATUSES[status]}"', f'"{told}"')
        (self.folder / "saved.json").write_text(document)
        return "saved.json"

    # What the prescriptions are becomes the last of these by the file.
    def check_turns(self, file, *cases):
        for status, turns, becomes in cases:
            with self.subTest(f"{status} {turns}"):
                name = self.live(status, turns)
                self.imports(name, file)
                self.assertEqual(becomes, self.turned(name))

    def test_a_pause_stays_known_where_the_file_makes_it_active_again(self):
        self.check_turns(self.saved("ACTIVE", ""),
                         ("PAUSED", "0,1000", ("ACTIVE", "0,1000,now")),
                         ("INACTIVE", "0,1000", ("ACTIVE", "0,1000,now")),
                         ("DRAFT", "0,1000", ("ACTIVE", "0,1000,now")),
                         ("PAUSED", "", ("ACTIVE", "now")),
                         ("DRAFT", "", ("ACTIVE", "")))

    def test_what_the_file_ends_was_active_until_then(self):
        for status in ("PAUSED", "INACTIVE"):
            self.check_turns(self.saved(status, ""),
                             ("ACTIVE", "", (status, "0,now")),
                             ("DRAFT", "", (status, "0,now")),
                             ("ACTIVE", "0,1000,2000", (status, "0,1000,2000,now")),
                             ("DRAFT", "0,1000", (status, "0,1000")))

    def test_turns_that_go_on_from_those_of_the_file_stay(self):
        self.check_turns(self.saved("ACTIVE", "0,1000,2000"),
                         ("PAUSED", "0,1000,2000,3000", ("ACTIVE", "0,1000,2000,3000,now")),
                         ("DRAFT", "0,1000,2000,3000", ("ACTIVE", "0,1000,2000,3000,now")),
                         ("ACTIVE", "0,1000,2000,3000,4000", ("ACTIVE", "0,1000,2000,3000,4000")))
        self.check_turns(self.saved("PAUSED", "0,1000"), ("ACTIVE", "0,1000,2000", ("PAUSED", "0,1000,2000,now")))

    # As where two devices have turned it; who wrote the status alone was right behind the last turn.
    def test_turns_of_the_file_stand_beside_others_of_the_replica(self):
        self.check_turns(self.saved("PAUSED", "0,1000"),
                         ("ACTIVE", "", ("PAUSED", "0,1000")),
                         ("PAUSED", "0,10000", ("PAUSED", "0,1000")),
                         ("ACTIVE", "0,500,700", ("PAUSED", "0,500,700,1000")),
                         ("INACTIVE", "0,500,700,800", ("PAUSED", "0,500,700,800")),
                         ("ACTIVE", "0,1000", ("PAUSED", "0,1000,1001,now")))

    def test_turns_that_cannot_be_read_say_nothing(self):
        document = (self.folder / self.saved("PAUSED", "0,1000")).read_text()
        for text in ("0,1000,x", "0,", ",", "1000 2000", "0,253402300799000001", "0,9999999999999999999"):
            with self.subTest(text):
                (self.folder / "odd.json").write_text(document.replace('"0,1000"', f'"{text}"'))
                name = self.live("PAUSED", "")
                self.imports(name, "odd.json")
                self.assertEqual(("PAUSED", ""), self.turned(name))

    # A program that knows the status alone has changed it.
    def test_a_status_that_contradicts_the_turns_of_the_file_holds_from_now_on(self):
        for told, becomes in (("on-hold", "PAUSED"), ("stopped", "INACTIVE")):
            self.check_turns(self.saved("ACTIVE", "0,1000,2000", told),
                             ("ACTIVE", "0,1000,2000", (becomes, "0,1000,2000,now")),
                             ("ACTIVE", "", (becomes, "0,1000,2000,now")))
        self.check_turns(self.saved("PAUSED", "0,1000", "active"),
                         ("PAUSED", "0,1000", ("ACTIVE", "0,1000,now")),
                         ("ACTIVE", "0,500,700", ("ACTIVE", "0,500,700,1000")))

    @needs_data
    def test_every_real_bundle_comes_back_row_by_row(self):
        self.init("a", OPERATOR)
        self.run_tern("import", "fhir", "-q", "-r", "a.db", *sorted(Path(DATA, "synthea-fhir-r4").glob("*json")))
        document = self.check_round_trip("a")
        requests = [entry["resource"] for entry in document["entry"]
                    if entry["resource"]["resourceType"] == "MedicationRequest"]
        self.assertEqual(4712, len({request["id"] for request in requests}))
        # Whatever these files say, elements say it: no request needs a column beside them.
        self.assertEqual([], [request["id"] for request in requests if "extension" in request])

    def test_one_patient_or_a_file_each_can_be_asked_for(self):
        self.init("a", OPERATOR)
        self.run_tern("import", "fhir", "-q", "-r", "a.db", *FILES)
        patients = sorted(str(uuid.UUID(bytes=row[0])) for row in self.rows("a", "SELECT id FROM users"))
        one = json.loads(self.export("a", patients[0]))
        self.assertEqual([patients[0]], [entry["resource"]["id"] for entry in one["entry"]
                                         if entry["resource"]["resourceType"] == "Patient"])
        report = json.loads(self.run_tern("export", "fhir", "--json", "-r", "a.db", "-d", "out"))
        self.assertEqual({"Patient": 2, "MedicationRequest": 4}, report["resources"])
        self.assertEqual([f"{patient}.json" for patient in patients],
                         sorted(path.name for path in (self.folder / "out").iterdir()))
        self.assertEqual(one, json.loads((self.folder / "out" / f"{patients[0]}.json").read_text()))

    def test_what_is_left_out_is_told(self):
        self.record()
        self.run_tern("export", "fhir", "-r", "a.db")
        self.assertIn("1  dose that has passed and is not stored as missed", self.said)

    def test_bad_input_is_told_and_writes_nothing(self):
        self.record()
        self.assertEqual("", self.run_tern("export", "fhir", "-r", "a.db", STRANGER, expect=FAILED))
        self.assertIn(f"{STRANGER}: no patient of this replica has that id", self.said)
        self.run_tern("export", "fhir", "-r", "a.db", "-d", "out", PATIENT, STRANGER, expect=FAILED)
        self.assertFalse((self.folder / "out").exists())
        self.run_tern("export", "fhir", "-r", "a.db", "somebody", expect=USAGE)
        self.assertIn('"somebody" is not a UUID', self.said)
        self.run_tern("export", "fhir", "-r", "a.db", "-f", "csv", expect=USAGE)
        self.run_tern("export", "fhir", "-r", "a.db", "--deleted", expect=USAGE)
        self.run_tern("export", "fhir", "-r", "none.db", expect=FAILED)
        self.assertIn("none.db: no such replica", self.said)
        self.run_tern("export", "fhir", "-r", "a.db", "-d", "no/such/folder", expect=FAILED)
        self.assertIn("no/such/folder", self.said)
        failure = json.loads(self.run_tern("export", "fhir", "--json", "-r", "a.db", STRANGER, expect=FAILED) or
                             self.said)
        self.assertEqual("NOT_FOUND", failure["error"]["code"])
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([TERN, "export", "fhir", "-r", "a.db"], stdout=full, stderr=subprocess.PIPE,
                                  cwd=self.folder, text=True, check=False)
        self.assertEqual(FAILED, done.returncode)
        self.assertIn("could not be written", done.stderr)

    def test_administrations_of_others_become_doses(self):
        request = {"resourceType": "MedicationRequest", "id": "r1", "status": "active", "intent": "order",
                   "subject": {"reference": "Patient/p1"}, "medicationCodeableConcept": {"text": "Aspirin"}}
        given = {"resourceType": "MedicationAdministration", "status": "completed",
                 "subject": {"reference": "Patient/p1"}, "request": {"reference": "MedicationRequest/r1"},
                 "medicationCodeableConcept": {"text": "Aspirin"}, "effectiveDateTime": "2026-03-02T21:05:09+07:00"}
        cases = [
            given,
            {**given, "status": "not-done", "statusReason": [{"text": "asleep"}],
             "effectiveDateTime": "2026-03-03T06:00:00+07:00"},
            {**given, "status": "in-progress", "effectivePeriod": {"start": "2026-03-04T06:00:00Z"},
             "effectiveDateTime": None},
            {**given, "status": "entered-in-error"}, {**given, "status": "on-hold"},
            {**given, "request": {"reference": "MedicationRequest/r2"}},
            {**given, "subject": {"reference": "Patient/p2"}},
            {**given, "effectiveDateTime": "2026-03-02"},
        ]
        lines = [{"id": f"m{number}", **case} for number, case in enumerate(cases)] + [request]
        report = self.take("a", "\n".join(json.dumps({name: value for name, value in line.items() if value is not None})
                                          for line in lines))
        self.assertEqual([("2026-03-02", "21:05:09", "NIGHT", "TAKEN_ON_TIME", 1772460309000000, 1772460309000000, None),
                          ("2026-03-03", "06:00:00", "DAYTIME", "SKIPPED", 1772492400000000, None, "asleep"),
                          ("2026-03-04", "06:00:00", "DAYTIME", "TAKEN_ON_TIME", 1772604000000000, 1772604000000000, None)],
                         self.rows("a", "SELECT local_date, slot, time_period, status, scheduled_time, taken_at, "
                                        "skip_reason FROM dose_events ORDER BY scheduled_time"))
        self.assertEqual({"MedicationAdministration (of another status)": 2,
                          "MedicationAdministration (without its request)": 1,
                          "MedicationAdministration (not of its request's patient)": 1,
                          "MedicationAdministration (without a time)": 1}, report["not_taken_over"])
        again = json.loads(self.run_tern("import", "fhir", "--json", "-r", "a.db", "a.json"))
        self.assertEqual({"unchanged": 3}, again["rows"]["dose_events"])
        self.check_round_trip("a")

    def test_a_hundred_thousand_doses_take_no_more_memory_than_a_few(self):
        self.record()
        few = self.peak()
        doses = ("INSERT INTO dose_events(id,prescription_id,medication_id,patient_id,scheduled_time,local_date,slot,"
                 "time_period,grace_minutes,status,taken_at) WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n "
                 "WHERE i<{count}) SELECT tern_key('dose_events',x'{two}',date('2026-03-05','+'||(i/1440)||' days'),"
                 "printf('%02d:%02d',i/60%24,i%60)),x'{first}',x'{two}',x'{patient}',1772668800000000+i*60000000,"
                 "date('2026-03-05','+'||(i/1440)||' days'),printf('%02d:%02d',i/60%24,i%60),'DAYTIME',30,"
                 "'TAKEN_ON_TIME',1772668800000000+i*60000000 FROM n WHERE i>={first_number}")
        for start in range(0, 100000, 5000):
            self.run_tern("sql", "-w", "-r", "a.db", doses.format(
                count=start + 4999, first_number=start, patient=PATIENT.replace("-", ""), **NAMES))
        more = (self.peak() - few) * 1024  # a little where sanitizers keep books on what is freed
        text = (self.folder / "out").read_text()
        self.assertLess(more, len(text) / 2)
        self.assertEqual(100009, text.count("\n"))

    def peak(self):
        """Most memory of an export, in KiB; that the address sanitizer keeps what was freed is none of the command's."""
        options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=0:thread_local_quarantine_size_kb=0"
        said = subprocess.run(
            ["python3", "-c", "import resource, subprocess, sys\n"
             f"subprocess.run({[str(TERN), 'export', 'fhir', '-q', '-f', 'ndjson', '-r', 'a.db']!r}, check=True, "
             "stdout=open('out', 'w'))\n"
             "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"],
            cwd=self.folder, stdout=subprocess.PIPE, text=True, check=True,
            env={**os.environ, "ASAN_OPTIONS": options})
        return int(said.stdout)


class Checker(unittest.TestCase):
    """The check of the structure can fail."""

    def test_a_broken_resource_is_found(self):
        good = {"resourceType": "MedicationAdministration", "id": "a", "status": "not-done",
                "medicationCodeableConcept": {"text": "x"}, "subject": {"reference": "Patient/p"},
                "effectiveDateTime": "2026-03-02T21:05:09+07:00"}
        fhir_r4.resource(good)
        for change in ({"status": "MISSED"}, {"status": None}, {"subject": None}, {"effectiveDateTime": "2026-03-02 21:05"},
                       {"effectiveDateTime": None}, {"note": "x"}, {"medicationCodeableConcept": {}}, {"statusReason": []},
                       {"id": "a/b"}, {"extension": [{"url": "u"}]}):
            broken = {name: value for name, value in {**copy.deepcopy(good), **change}.items() if value is not None}
            with self.assertRaises(fhir_r4.Bad, msg=str(change)):
                fhir_r4.resource(broken)

    def test_a_reference_that_leads_nowhere_is_found(self):
        patient = {"resourceType": "Patient", "id": PATIENT}
        request = {"resourceType": "MedicationRequest", "id": STRANGER, "status": "active", "intent": "order",
                   "medicationCodeableConcept": {"text": "x"}, "subject": {"reference": "urn:uuid:" + PATIENT}}
        entries = [{"fullUrl": "urn:uuid:" + one["id"], "resource": one} for one in (patient, request)]
        fhir_r4.bundle({"resourceType": "Bundle", "type": "collection", "entry": entries})
        for broken in ([entries[1]], [entries[0], entries[0]], []):
            with self.assertRaises(fhir_r4.Bad):
                fhir_r4.bundle({"resourceType": "Bundle", "type": "collection", "entry": broken})

    def test_a_timing_of_two_kinds_is_found(self):
        with self.assertRaises(fhir_r4.Bad):
            fhir_r4.element("Repeat", {"when": ["CM"], "timeOfDay": ["08:00:00"]}, "repeat")

    def test_a_period_that_ends_before_it_starts_is_found(self):
        fhir_r4.element("Repeat", {"boundsPeriod": {"start": "2026-03-02", "end": "2026-03-02"}}, "repeat")
        with self.assertRaises(fhir_r4.Bad):
            fhir_r4.element("Repeat", {"boundsPeriod": {"start": "2026-03-02", "end": "2026-03-01"}}, "repeat")


if __name__ == "__main__":
    unittest.main()
