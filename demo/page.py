"""page.py FOLDER SCHEMA OUTPUT: one self-contained HTML page about the day: a picture with a lane for each device and one
for the server, the conflicts and who won, the doses as they stand, and the verdicts. Light and dark, without scripts.
"""
import json
import sys
import unicodedata
from datetime import datetime, timedelta, timezone
from html import escape
from pathlib import Path

from picture import NETWORK, Narrow, Picture
from records import Records

NAMES = {"phone": "phone", "tablet": "second phone", "doctor": "doctor", "operator": "clinic import", "server": "server"}
RULES = {
    "LATER": "both are people’s records: the one made later stands",
    "RANK": "a person’s record stands over a job’s guess, whichever came later",
    "DEVICE": "made in the same microsecond: the higher device id stands",
    "OWN": "what a transaction said itself stands over what was left of it elsewhere",
    "DISCARDED": "its author gave it up; the audit keeps it",
    "ERASED": "erased by an operator",
}
WORDS = {
    ("dose_events", "outcome"): "the dose’s outcome",
    ("dose_events", "schedule"): "the dose’s schedule",
    ("prescriptions", "status"): "the prescription’s status",
    ("prescriptions", "clinical"): "what the doctor wrote",
    ("users", "profile"): "the patient’s profile",
    ("users", "settings"): "the patient’s settings",
}
STYLE = (Path(__file__).parent / "page.css").read_text()
ZONE = timezone(timedelta(hours=7))


def clock(us):
    return datetime.fromtimestamp(us / 1e6, ZONE).strftime("%H:%M") if us else "–"


def differing(entry):
    """The columns in which the two sides differ, lost and kept."""
    names = [name for name in entry["lost"] if entry["lost"][name] != entry["kept"].get(name)]
    names = [name for name in names if name != "was_offline"] or list(entry["lost"])
    return names


def side(values, names):
    parts = []
    for name in names:
        value = values.get(name)
        if name.endswith("_at") and isinstance(value, int):
            value = clock(value)
        if value is not None:
            parts.append(value.replace("_", " ") if name == "status" else f"{name.replace('_', ' ')} {value}")
    return ", ".join(parts) or "nothing"


class Page:
    def __init__(self, folder, schema):
        self.records = Records(folder, schema)
        self.cast = self.records.cast
        found = json.loads(Path(folder, "verdicts.json").read_text())
        self.verdicts = found["verdicts"]
        self.fates = found["fates"]

    def medicine(self, medication_id):
        row = self.records.server.tables["medications"].get(medication_id, {})
        return row.get("medicine_name", ""), row.get("medicine_name_khmer") or ""

    def subject(self, entry):
        """What an audit entry is about, in words."""
        table, unit = entry["table_name"], entry["unit"]
        row = self.records.server.tables.get(table, {}).get(entry["row_id"], {})
        what = WORDS.get((table, unit), f"{table}, {unit}")
        name = ""
        if table == "dose_events":
            name = f"{self.medicine(row.get('medication_id'))[0].split()[0]}, {row.get('slot', '').lower()}"
        elif table == "prescriptions":
            for medication in self.records.server.tables["medications"].values():
                if medication["prescription_id"] == entry["row_id"]:
                    name = medication["medicine_name"].split()[0]
        elif table == "users":
            name = "the patient"
        return what, name

    def conflicts(self):
        """The audit as events of the server's lane."""
        events = []
        for entry in self.records.audit():
            names = differing(entry)
            names = ["status"] if "status" in names else names
            what, name = self.subject(entry)
            lost = side(entry["lost"], names)
            if entry["rule"] == "DISCARDED":
                title = f"given up: {lost}"
            else:
                title = f"{side(entry['kept'], names)} wins; {lost} goes to the audit"
            events.append({
                "at": (entry["created_at"] - self.cast["start_us"]) / 1e6,
                "lane": "server",
                "kind": "conflict",
                "title": title,
                "detail": f"{name}: {RULES.get(entry['rule'], entry['rule'])}" if name else RULES.get(entry["rule"], ""),
            })
        return events

    def timeline(self):
        """The story's events; each conflict stands behind the exchange in which it was decided."""
        woven, waiting = [], self.conflicts()
        for event in self.records.story["events"]:
            woven.append(event)
            while event.get("kind") in NETWORK and waiting and waiting[0]["at"] <= event["at"]:
                woven.append(waiting.pop(0))
        return woven + waiting

    def is_back(self, entry, names):
        """Whether the value that lost stands again."""
        row = self.records.server.tables[entry["table_name"]].get(entry["row_id"], {})
        return all(row.get(name) == entry["lost"][name] for name in names)

    def audit_rows(self):
        for entry in self.records.audit():
            names = differing(entry)
            what, name = self.subject(entry)
            lost_by = NAMES[self.records.device_name(entry["lost_device"])]
            kept_by = NAMES[self.records.device_name(entry["kept_device"])]
            kept = "–" if entry["rule"] == "DISCARDED" else f"{escape(side(entry['kept'], names))}<small>{kept_by}</small>"
            if self.is_back(entry, names):
                kept += "<small class='back'>the other one was reinstated since</small>"
            yield (f"<tr><td>{escape(name[:1].upper() + name[1:])}<small>{escape(what)}</small></td>"
                   f"<td class='kept'>{kept}</td>"
                   f"<td class='lost'>{escape(side(entry['lost'], names))}<small>{lost_by}</small></td>"
                   f"<td>{escape(RULES.get(entry['rule'], entry['rule']))}</td></tr>")

    def dose_rows(self):
        doses = self.records.server.tables["dose_events"].values()
        for dose in sorted(doses, key=lambda row: (row["scheduled_time"], row["id"])):
            name, khmer = self.medicine(dose["medication_id"])
            yield (f"<tr><td>{clock(dose['scheduled_time'])}<small>{escape(dose['slot'].lower())}</small></td>"
                   f"<td>{escape(name)}<small lang='km'>{escape(khmer)}</small></td>"
                   f"<td>{escape(dose['status'].replace('_', ' ').lower())}</td><td>{clock(dose['taken_at'])}</td></tr>")

    def verdict_rows(self):
        for verdict in self.verdicts:
            sign, word = ("✓", "kept") if verdict["kept"] else ("✗", "broken")
            yield (f"<li class='{word}'><span class='sign' title='{word}'>{sign}</span>"
                   f"<b>{verdict['number']}. {escape(verdict['name'])}</b><span>{escape(verdict['why'])}</span></li>")

    def render(self):
        kept = sum(verdict["kept"] for verdict in self.verdicts)
        picture = Picture(self.timeline()).render() + Narrow(self.timeline()).render()
        conflicts = len(self.records.audit())
        return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tern: an offline day</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>An offline day</h1>
<p>Two phones of one patient, a doctor and a server. All three devices write while there is no network; one clock is
three years ahead; answers get lost, requests arrive twice, the server loses its power. Then everyone syncs, and the
databases are read to see what became of it all.</p>
<ul class="facts">
<li><b>{kept}/{len(self.verdicts)}</b> promises kept</li>
<li><b>{len(self.records.story['changes'])}</b> transactions by people and a job</li>
<li><b>{conflicts}</b> sets of values set aside, all in the audit</li>
<li><b>{self.fates['lost']}</b> values lost</li>
</ul>
</header>
<main>
<section>
<h2>What happened</h2>
<p>Time runs down. A lane is a device; its line is dotted while it has no network. Seconds are real: the day is told
faster than it passes.</p>
<div class="picture">{picture}</div>
</section>
<section>
<h2>What was overwritten, and by what rule</h2>
<p>An entry stands in the audit wherever somebody overwrote a value that they had not seen. Nothing here is gone: each
can be reinstated.</p>
<table class="audit"><thead><tr><th>Where</th><th>Won</th><th>Lost</th><th>Why</th></tr></thead>
<tbody>{''.join(self.audit_rows())}</tbody></table>
</section>
<section>
<h2>The day’s doses, as every device shows them now</h2>
<table><thead><tr><th>Due</th><th>Medicine</th><th>Outcome</th><th>Taken at</th></tr></thead>
<tbody>{''.join(self.dose_rows())}</tbody></table>
</section>
<section>
<h2>The promises</h2>
<p>Judged by reading the server’s file and the three replicas with plain SQLite, not by asking the engine.</p>
<ol class="verdicts">{''.join(self.verdict_rows())}</ol>
</section>
</main>
</body>
</html>
"""


def main():
    page = Page(sys.argv[1], sys.argv[2])
    text = unicodedata.normalize("NFC", page.render())
    Path(sys.argv[3]).write_text(text, encoding="utf-8")
    return 0


sys.exit(main())
