"""check.py FOLDER SCHEMA: judges the ten promises of docs/SYNC.md by what the demo's databases hold.

Nothing of the engine is asked: the files are read with plain SQLite. Prints a verdict per promise, writes them to
FOLDER/verdicts.json, and fails if one promise is broken.
"""
import json
import sys
from pathlib import Path

from records import DEVICES, Records

WAL_MAX = 8 * 1024 * 1024
AHEAD_MAX_US = 5 * 60 * 1_000_000


def convergence(records):
    rows = 0
    for device, database in records.devices.items():
        for table, expected in records.granted(device).items():
            held = database.tables[table]
            if held.keys() != expected.keys():
                missing = len(expected.keys() - held.keys())
                surplus = len(held.keys() - expected.keys())
                return False, f"{device}: {table}: {missing} rows missing, {surplus} too many"
            for key, row in expected.items():
                wrong = [name for name in row if row[name] != held[key][name]]
                if wrong:
                    return False, f"{device}: {table}: {', '.join(wrong)} differ from the server's"
            rows += len(held)
    return True, f"{rows} rows on three devices equal the server's, cell by cell"


def is_current(row, column, value):
    if column == "deleted":
        return (row["deleted_at"] is not None) == value
    return row.get(column) == value


def is_audited(records, change, column, value):
    for entry in records.audit():
        same_row = entry["table_name"] == change["table"] and entry["row_id"] == change["row"]
        if same_row and column in entry["lost"] and entry["lost"][column] == value:
            return True
    return False


def syncs_between(records, lane, start, end):
    events = records.story["events"][start:end]
    return any(event.get("lane") == lane and event["kind"] in ("sync", "quiet") for event in events)


def is_superseded(records, change, column):
    """By a later change of the same cell whose writer had seen it: the same device, or one that synced in between."""
    for later in records.story["changes"]:
        if (later["after"] > change["after"] and later["row"] == change["row"] and column in later["values"]
                and (later["lane"] == change["lane"]
                     or syncs_between(records, later["lane"], change["after"], later["after"]))):
            return True
    return False


def fate(records, change, column, value):
    row = records.server.tables[change["table"]].get(change["row"])
    if row is not None and is_current(row, column, value):
        return "current"
    if is_audited(records, change, column, value):
        return "in the audit"
    return "superseded knowingly" if is_superseded(records, change, column) else "lost"


def fates(records):
    """What became of each value that was committed on a device, counted."""
    counts = dict.fromkeys(("current", "in the audit", "superseded knowingly", "lost"), 0)
    for change in records.story["changes"]:
        for column, value in change["values"].items():
            counts[fate(records, change, column, value)] += 1
    return counts


def nothing_lost(records):
    counts = fates(records)
    told = ", ".join(f"{count} {word}" for word, count in counts.items())
    return counts["lost"] == 0 and counts["current"] > 0, f"of the values committed on devices {told}"


def no_duplicates(records):
    twice = records.server.query(
        "SELECT count(*) FROM (SELECT 1 FROM tern_entry GROUP BY device, ordinal HAVING count(*) > 1)")[0][0]
    if twice:
        return False, f"{twice} transactions stand twice in the history"
    doses = list(records.server.tables["dose_events"].values())
    keys = {(dose["medication_id"], dose["local_date"], dose["slot"]) for dose in doses}
    if len(keys) != len(doses):
        return False, "a dose exists twice"
    actions = sum(1 for row in records.server.tables["audit_logs"].values())
    return True, (f"a lost answer, a doubled request and a broken one: {len(doses)} doses, {actions} log entries, "
                  "each once")


def atomic(records):
    doses = records.server.tables["dose_events"]
    logged = {row["resource_id"] for row in records.server.tables["audit_logs"].values()}
    people = {change["row"] for change in records.story["changes"]
              if change["table"] == "dose_events" and change["values"].get("status") != "MISSED"}
    torn = [key for key in people if (key in doses) != (key in logged)]
    if torn or not people:
        return False, f"{len(torn)} doses arrived without the log entry of their transaction, or it without them"
    for device, database in records.devices.items():
        held = {row["resource_id"] for row in database.tables["audit_logs"].values()}
        if not people <= (set(database.tables["dose_events"]) & held):
            return False, f"{device} holds half of a transaction"
    return True, f"{len(people)} doses and their log entries, written together, stand together everywhere"


def monotone(records):
    samples = records.story["samples"]
    looks = 0
    for before, after in zip(samples, samples[1:]):
        for key, number in before.items():
            if after.get(key, 0) < number:
                return False, "the server's number of a row went back"
            looks += 1
    return looks > 0, f"{len(samples)} looks into the server's file, {looks} comparisons: no number went back"


def durable(records):
    broken = [name for name, database in [("server", records.server), *records.devices.items()]
              if database.query("PRAGMA integrity_check")[0][0] != "ok"]
    if broken:
        return False, f"integrity_check fails: {', '.join(broken)}"
    kept = 0
    for device, database in records.devices.items():
        for tx, number in database.query("SELECT tx, number FROM tern_outbox WHERE state = 1"):
            found = records.server.query("SELECT number FROM tern_entry WHERE tx = ?", tx)
            if not found or found[0][0] != number:
                return False, f"{device} holds an acknowledgement that the server forgot"
            kept += 1
    return kept > 0, f"{kept} acknowledged transactions survived the server's sudden death"


def never_blocked(records):
    open_entries = sum(database.query("SELECT count(*) FROM tern_outbox WHERE state IN (0, 2, 3)")[0][0]
                       for database in records.devices.values())
    rejected = records.server.query("SELECT device, ordinal FROM tern_entry WHERE verdict <> 0")
    if open_entries or not rejected:
        return False, f"{open_entries} entries still wait, {len(rejected)} were rejected on the way"
    passed = 0
    for device, ordinal in rejected:
        passed += records.server.query(
            "SELECT count(*) FROM tern_entry WHERE device = ? AND ordinal > ? AND verdict = 0", device, ordinal)[0][0]
    return passed > 0, f"{len(rejected)} rejected transaction parked itself, {passed} behind it went through"


def bounded(records):
    biggest = records.cast["wal_max_bytes"]
    left = sum(database.wal_bytes() for database in records.devices.values())
    return 0 < biggest <= WAL_MAX and left == 0, (
        f"the largest write-ahead log ever seen: {biggest / 1024:.0f} KiB; at the end the devices have none")


def isolated(records):
    neighbour = records.cast["neighbour"]
    server_rows = sum(1 for table, rows in records.server.tables.items() for row in rows.values()
                      if neighbour in records.schema.scopes(records.server, table, row))
    for device, database in records.devices.items():
        dump = "".join(database.connection.iterdump())
        if neighbour.replace("-", "").upper() in dump.upper():
            return False, f"{device} holds something of the neighbour"
    return server_rows > 0, (f"the neighbour's {server_rows} rows are on the server, and not a byte of them on "
                             f"{len(DEVICES)} devices")


def honest(records):
    tablet = records.cast["devices"]["tablet"]
    entries = records.server.query("SELECT lower(hex(device)), time, raw_time, received FROM tern_entry")
    own = [entry for entry in entries if entry[0] == tablet.replace("-", "")]
    ahead = [entry for entry in own if entry[1] > entry[3] + AHEAD_MAX_US]
    if ahead or not own:
        return False, f"{len(ahead)} times of the wrong clock stand in the future"
    for change in records.story["changes"]:
        taken = change["values"].get("taken_at")
        row = records.server.tables[change["table"]].get(change["row"], {})
        if taken and row.get("status") == change["values"]["status"] and row.get("taken_at") != taken:
            return False, "a claimed time of taking was rewritten"
    off = max(abs(entry[2] - entry[3]) for entry in own) / 86_400e6
    return off > 1000, f"a clock {off:.0f} days wrong: {len(own)} transactions taken, each at its honest time"


PROMISES = [
    ("Convergence", convergence),
    ("Nothing acknowledged is lost", nothing_lost),
    ("No duplicates", no_duplicates),
    ("Atomic", atomic),
    ("Monotone", monotone),
    ("Durable acks", durable),
    ("Never blocked", never_blocked),
    ("Bounded", bounded),
    ("Isolated", isolated),
    ("Honest clocks", honest),
]


def main():
    records = Records(sys.argv[1], sys.argv[2])
    colours = sys.stdout.isatty()
    verdicts = []
    print("\nThe promises, judged by reading the databases")
    for number, (name, judge) in enumerate(PROMISES, 1):
        kept, why = judge(records)
        verdicts.append({"number": number, "name": name, "kept": kept, "why": why})
        word = "kept  " if kept else "BROKEN"
        if colours:
            word = f"\033[{32 if kept else 31}m{word}\033[0m"
        print(f"  {word} {number:2}. {name}: {why}")
    found = {"verdicts": verdicts, "fates": fates(records)}
    Path(sys.argv[1], "verdicts.json").write_text(json.dumps(found, indent=1))
    return 0 if all(verdict["kept"] for verdict in verdicts) else 1


sys.exit(main())
