"""Reads the demo's databases with plain SQLite: the server's file and the three replicas, and the story beside them."""
import json
import sqlite3
import uuid
from pathlib import Path

DEVICES = {"phone": "patient", "tablet": "patient", "doctor": "doctor"}


def text_of(value):
    """Ids are blobs of 16 bytes."""
    if isinstance(value, bytes):
        return str(uuid.UUID(bytes=value)) if len(value) == 16 else value.hex()
    return value


class Database:
    """One file: its synced tables as {table: {id: {column: value}}}."""

    def __init__(self, path, schema):
        self.path = Path(path)
        self.connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self.schema = schema
        self.tables = {name: self.read(name) for name in schema.tables}

    def query(self, sql, *values):
        return self.connection.execute(sql, values).fetchall()

    def read(self, table):
        columns = self.schema.columns(table)
        names = ", ".join(f'"{name}"' for name in columns)
        rows = self.query(f'SELECT {names} FROM "{table}"')
        return {text_of(row[0]): dict(zip(columns, map(text_of, row))) for row in rows}

    def wal_bytes(self):
        wal = Path(f"{self.path}-wal")
        return wal.stat().st_size if wal.exists() else 0


class Schema:
    """What the checks need of the schema document."""

    IMPLIED = {
        "name": "sync_audit",
        "scopes": ["scope_id"],
        "columns": [
            {"name": name}
            for name in (
                "scope_id table_name row_id unit rule lost_values kept_values lost_time kept_time "
                "lost_device kept_device lost_number kept_number lost_tx"
            ).split()
        ],
    }

    def __init__(self, path):
        document = json.loads(Path(path).read_text())
        self.document = {table["name"]: table for table in document["tables"] + [self.IMPLIED]}
        self.tables = list(self.document)

    def columns(self, table):
        own = [column["name"] for column in self.document[table]["columns"]]
        return ["id", "created_at", *own, "updated_at", "deleted_at"]

    def scopes(self, database, table, row):
        """Whose records the row belongs to, by the paths of the document."""
        found = set()
        for path in self.document[table].get("scopes", []):
            value, place = row, table
            steps = path.split(".")
            for step in steps[:-1]:
                place = self.target(place, step)
                value = database.tables[place].get(value[step], {})
            owner = value.get(steps[-1])
            if owner is not None:
                found.add(owner)
        return found

    def target(self, table, column):
        for candidate in self.document[table]["columns"]:
            if candidate["name"] == column:
                return candidate["references"]["table"]
        raise KeyError(column)


class Records:
    """All that the demo left behind."""

    def __init__(self, folder, schema_path):
        folder = Path(folder)
        self.schema = Schema(schema_path)
        self.story = json.loads((folder / "story.json").read_text())
        self.cast = self.story["cast"]
        self.server = Database(folder / "server.db", self.schema)
        self.devices = {name: Database(folder / f"{name}.db", self.schema) for name in DEVICES}

    def granted(self, device):
        """The server's rows that the device's user is granted: their own record, and for the doctor the patient's."""
        owners = {self.cast[DEVICES[device]]}
        if device == "doctor":
            owners.add(self.cast["patient"])
        return {
            table: {
                key: row
                for key, row in rows.items()
                if self.schema.scopes(self.server, table, row) & owners
            }
            for table, rows in self.server.tables.items()
        }

    def audit(self):
        """The audit's entries, oldest first, with their values read."""
        entries = []
        for row in self.server.tables["sync_audit"].values():
            entry = dict(row)
            entry["lost"] = json.loads(row["lost_values"])
            entry["kept"] = json.loads(row["kept_values"])
            entries.append(entry)
        return sorted(entries, key=lambda entry: (entry["created_at"], entry["id"]))

    def device_name(self, device_id):
        for name, known in self.cast["devices"].items():
            if known == device_id:
                return name
        return "operator"
