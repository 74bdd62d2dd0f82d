"""ternd's job for missed doses, with two devices of one patient that record and infer beside it."""
import json
import time
import unittest
import urllib.request
import ssl
import uuid
from datetime import datetime, timedelta, timezone

from rig import Case, Server

PATIENT = "0a1b0000-0000-4000-8000-00000000000a"
PRESCRIPTION, MEDICATION = (uuid.uuid5(uuid.NAMESPACE_URL, name).hex for name in ("prescription", "medication"))
LOCAL = timezone(timedelta(hours=7))


class Missed(Case):
    """A patient's phone and tablet; their doses of the last days are due."""

    def start(self, *flags):
        self.servers["server"] = Server(self.folder).start("--infer-missed", "1", *flags)
        self.addCleanup(lambda: self.servers["server"].kill())

    def write(self, name, sql):
        self.run_tern("sql", "-w", "-r", f"{name}.db", sql)

    def phone(self, days, role="PATIENT"):
        """A replica with a medicine of each morning, and the doses of that many days past."""
        self.init("phone", PATIENT)
        self.keys = self.token(PATIENT, "--role", role)
        patient = PATIENT.replace("-", "")
        first = datetime.now(LOCAL).date() - timedelta(days=days + 1)
        self.write("phone", f"INSERT INTO users(id,role) VALUES(x'{patient}','PATIENT')")
        self.write("phone", "INSERT INTO prescriptions(id,patient_id,patient_name,status,start_date) "
                            f"VALUES(x'{PRESCRIPTION}',x'{patient}','x','ACTIVE','{first}')")
        self.write("phone", "INSERT INTO medications(id,prescription_id,row_number,medicine_name,morning_dosage) "
                            f"VALUES(x'{MEDICATION}',x'{PRESCRIPTION}',1,'x','{{\"amount\":1}}')")
        self.days = [str(first + timedelta(days=1 + day)) for day in range(days)]
        for start in range(0, days, 200):
            rows = [f"(tern_key('dose_events',x'{MEDICATION}','{day}','MORNING'),x'{PRESCRIPTION}',x'{MEDICATION}',"
                    f"x'{patient}',{self.due(day)},'{day}','MORNING','DAYTIME','07:30',30)"
                    for day in self.days[start:start + 200]]
            self.write("phone", "INSERT INTO dose_events(id,prescription_id,medication_id,patient_id,scheduled_time,"
                                "local_date,slot,time_period,reminder_time,grace_minutes) VALUES " + ",".join(rows))

    def due(self, day):
        return int(datetime.fromisoformat(day + "T07:30:00+07:00").timestamp()) * 1_000_000

    def take(self, name, day):
        self.write(name, "UPDATE dose_events SET status='TAKEN_ON_TIME',taken_at=scheduled_time,was_offline=1 "
                         f"WHERE local_date='{day}'")

    def miss(self, name):
        """As an app that infers for itself."""
        self.write(name, "UPDATE dose_events SET status='MISSED', flags='INFERRED' WHERE status='DUE'")

    def statuses(self, name):
        return dict(self.rows(name, "SELECT local_date, status FROM dose_events"))

    def until(self, count):
        for _ in range(1000):
            if self.stored() >= count:
                return
            time.sleep(0.02)
        raise AssertionError(f"{self.stored()} of {count} are missed: " + (self.folder / "server.log").read_text()[-2000:])

    def stored(self):
        return self.rows("server", "SELECT count(*) FROM dose_events WHERE status='MISSED'")[0][0]

    def job(self, what):
        """Of the job's transactions: they are of the one device that no device of ours is."""
        return self.rows("server", f"SELECT {what} FROM tern_entry WHERE user <> ?", uuid.UUID(PATIENT).bytes)[0][0]

    def test_a_record_wins_everywhere_whether_it_reaches_the_server_before_the_job_or_after(self):
        self.phone(3)
        first, second, third = self.days
        self.sync("phone", self.keys)  # the server, without a job, is started here
        self.init("tablet", PATIENT)
        self.sync("tablet", self.keys)
        self.take("phone", first)
        self.sync("phone", self.keys)  # before
        self.take("tablet", second)  # offline until the job has inferred it
        self.servers["server"].stop()
        self.start()
        self.until(2)
        self.sync("phone", self.keys)
        self.assertEqual({first: "TAKEN_ON_TIME", second: "MISSED", third: "MISSED"}, self.statuses("phone"))
        self.sync("tablet", self.keys)
        self.sync("phone", self.keys)
        wanted = {first: "TAKEN_ON_TIME", second: "TAKEN_ON_TIME", third: "MISSED"}
        for name in ("phone", "tablet", "server"):
            self.assertEqual(wanted, self.statuses(name), name)
            self.assertEqual([(3,)], self.rows(name, "SELECT count(*) FROM dose_events"), name)
        audit = json.loads(self.run_tern("audit", "--json", "-r", "phone.db"))
        self.assertEqual(1, len(audit), audit)
        self.assertIn("MISSED", json.dumps(audit))

    def test_the_job_and_two_devices_infer_the_same_without_a_conflict(self):
        self.phone(3)
        self.sync("phone", self.keys)
        self.init("tablet", PATIENT)
        self.sync("tablet", self.keys)
        self.miss("phone")
        self.miss("tablet")
        self.servers["server"].stop()
        self.start()
        self.until(3)
        for name in ("phone", "tablet", "phone"):
            self.sync(name, self.keys)
        for name in ("phone", "tablet", "server"):
            self.assertEqual(dict.fromkeys(self.days, "MISSED"), self.statuses(name), name)
        self.assertEqual([], json.loads(self.run_tern("audit", "--json", "-r", "phone.db")))
        self.assertEqual(1, self.job("count(*)"))

    def test_a_kill_at_any_time_doubles_nothing_and_the_next_start_goes_on(self):
        days = 700
        self.phone(days)
        self.sync("phone", self.keys)
        self.servers["server"].stop()
        for attempt in range(6):
            self.start()
            time.sleep(0.004 * attempt)
            self.servers["server"].kill()
        self.start()
        self.until(days)
        self.assertEqual(days, self.stored())
        self.assertEqual(self.job("count(*)"), self.job("count(DISTINCT ordinal)"))
        self.assertEqual(self.job("count(*)"), self.job("max(ordinal)"))
        self.assertEqual(1, self.job("count(DISTINCT device)"))
        self.sync("phone", self.keys)
        self.assertEqual({"MISSED"}, set(self.statuses("phone").values()))  # of the last 90 days
        self.assertIn("ternd_missed_doses_total", self.metrics())

    def test_without_the_flag_nothing_is_inferred(self):
        self.phone(2)
        self.sync("phone", self.keys)
        time.sleep(1.2)
        self.assertEqual(0, self.stored())

    def metrics(self):
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        with urllib.request.urlopen(self.servers["server"].url + "/metrics", context=context) as answer:
            return answer.read().decode()


if __name__ == "__main__":
    unittest.main()
