"""Requests that no replica makes, spelled as docs/WIRE.md says from what a conformance vector says of them. What the server
alone knows stands in them by a word, in whose place a player puts what the last answer told."""

import base64
import json
import uuid

EPOCH, CURSOR = "$epoch$", "$cursor$"
OTHER_EPOCH = "f" * 16
KINDS = {"inferred": 0, "recorded": 1, "discarded": 2, "left": 3}
TAGS = {"insert": "i", "update": "u", "undo": "b", "delete": "d", "undelete": "n"}


def spelled(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def id_of(text):
    return base64.b64encode(uuid.UUID(text).bytes).decode("ascii").rstrip("=")


class Tx:
    def __init__(self, name, device, ordinal):
        self.name, self.device, self.ordinal = name, device, ordinal
        self.number = 0  # none
        self.lines = []


class Ledger:
    """The transactions of one vector, of replicas too, in the order in which they come to ternd, which numbers from 1 on
    what it decides about."""

    def __init__(self, world, micros, before):
        self.world, self.micros = world, micros
        self.txs = {}  # by name; of two under one id, the first
        self.all = []
        self.ordinals = {}
        self.last_number = 0
        if before:
            self.sent({"from": "operator"}, {"tx": "before"}, {"applied": None})

    def sent(self, step, entry, verdict):
        """Notes an entry and what the server says of it; None where a whole request is refused."""
        tx = self.txs[entry["tx"]] if entry.get("repeat") else self.add(step, entry)
        if verdict is None or "duplicate" in verdict or verdict.get("rejected") == "TX_ID_REUSED":
            return tx
        self.last_number += 1
        if "applied" in verdict:
            tx.number = self.last_number
        return tx

    def erased(self):
        self.last_number += 1

    def add(self, step, entry):
        device = entry.get("author", step["from"])
        tx = Tx(entry["tx"], device, entry.get("ordinal", self.ordinals.get(device, 0) + 1))
        self.ordinals[device] = tx.ordinal
        former = entry.get("former")
        if isinstance(former, str):
            tx.number = self.txs[former].number
        self.all.append(tx)
        self.txs.setdefault(tx.name, tx)
        return tx

    # ---- Entries ----

    def base(self, change):
        base = change.get("base")
        if base is None:
            return 0
        own = base.startswith("own:")
        return -self.txs[base[len("own:"):]].ordinal if own else self.txs[base].number

    def value(self, kind, value):
        if not isinstance(value, str):
            return value
        if kind == "uuid":
            return id_of(self.world.id(value))
        return self.micros(value) if kind == "timestamptz" else value

    def change(self, change, created_us):
        operation = next(key for key in change if key in TAGS)
        row = change[operation]
        template = self.world.json["rows"][row]
        table = self.world.tables[template["table"]]
        columns = {c["name"]: c for c in table["columns"]}
        place = [TAGS[operation], table["index"], id_of(self.world.id(row))]
        cells = {**{name: c.get("default") for name, c in columns.items()}, **template["values"], **change.get("values", {})}
        cells = {name: self.value(columns[name]["type"], cell) for name, cell in cells.items() if name in columns}
        if operation == "insert":
            created = change.get("values", {}).get("created_at")
            return place + [self.micros(created) if created else created_us, *(cells[name] for name in columns)]
        if operation in ("delete", "undelete"):
            return place + [self.base(change)]
        unit, names = unit_of(table, change["unit"])
        return place + [unit, self.base(change), *(cells[name] for name in columns if name in names)]

    def entry(self, tx, entry):
        time_us = self.micros(entry["time"])
        epoch = {"other": OTHER_EPOCH}.get(entry.get("epoch", EPOCH), entry.get("epoch", EPOCH))
        kind = KINDS[entry.get("kind", "recorded")]
        header = ["x", tx.ordinal, id_of(self.world.id(tx.name)), time_us, kind, self.world.version, epoch]
        if "former" in entry:
            former = entry["former"]
            header.append(self.txs[former].number if isinstance(former, str) else former)
        header += [self.txs[name].ordinal for name in entry.get("depends_on", [])]
        return [header] + [self.change(change, time_us) for change in entry["changes"]]

    def attempt(self, step, entry):
        at_us = self.micros(step["at"])
        line = ["@", entry.get("age", max(0, at_us - self.micros(entry.get("time", step["at"]))))]
        if "stored" in entry:
            line.append(self.micros(entry["stored"]))
        elif "author" in entry:
            line.append(None)
        return line + ([id_of(self.world.id(entry["author"]))] if "author" in entry else [])

    # ---- Requests ----

    def landmark(self, mark):
        return [mark["ordinal"], id_of(self.world.id(mark["tx"]))]

    def envelope(self, step):
        """The highest entry of the device is that of this request, too."""
        device = step["from"]
        envelope = {"tern": 1, "schema": self.world.version, "device": id_of(self.world.id(device))}
        if "replica" in step:
            envelope["user"] = id_of(self.world.id(step["replica"]))
        envelope.update({"sent": self.micros(step.get("clock", step["at"])), "rows": 0})
        if step.get("cursor"):
            envelope["cursor"] = CURSOR
        if "acked" in step:
            envelope["acked"] = self.landmark(step["acked"])
        own = [{"ordinal": tx.ordinal, "tx": tx.name} for tx in self.all if tx.device == device]
        top = step.get("top") or max(own, key=lambda mark: mark["ordinal"], default=None)
        if top:
            envelope["top"] = self.landmark(top)
        return {**envelope, "txs": len(step["entries"])}

    def request(self, step):
        """The step of a story that hands the request of a vector's step in, and what must stand in the answer."""
        entries = []
        answer = []
        verdicts = step.get("verdicts", [None] * len(step["entries"]))
        for index, (entry, verdict) in enumerate(zip(step["entries"], verdicts)):
            tx = self.sent(step, entry, verdict)
            if not entry.get("repeat"):
                tx.lines = self.entry(tx, entry)
            entries += [self.attempt(step, entry), *tx.lines]
            if verdict:
                answer.append(self.answer(index, tx, verdict))
        lines = [self.envelope(step), *entries]
        problem = step.get("problem", {"status": 200})
        answer.insert(0, f'"code":"{problem["code"]}"' if "code" in problem else f'"verdicts":{len(verdicts)},')
        return {"do": "request", "user": self.world.id(step["user"]), "lines": [spelled(l) for l in lines + [["z", len(lines)]]],
                "status": problem["status"], "answer": answer}

    def answer(self, index, tx, verdict):
        if "rejected" in verdict:  # a sentence follows
            return spelled(["v", index, "rejected", verdict["rejected"], verdict["change"]])[:-1] + ","
        word = next(iter(verdict))
        return spelled(["v", index, word, tx.number, self.micros(verdict[word])])


def unit_of(table, name):
    """A unit's number, and its columns; without declared ones all that can change is one."""
    units = table.get("units")
    if units is None:
        fixed = set(table.get("natural_key", [])) | {c["name"] for c in table["columns"] if c.get("immutable")}
        return 1, {c["name"] for c in table["columns"]} - fixed
    number = next(i for i, unit in enumerate(units) if unit["name"] == name)
    return number + 1, set(units[number]["columns"])
