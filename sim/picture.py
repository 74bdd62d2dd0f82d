#!/usr/bin/env python3
"""picture.py HISTORY OUTPUT: a page with a picture of a history (a scenario or a replay file): a lane for each device and
one for the server, time running down, arrows for what went over the network."""
import json
import sys
from html import escape
from pathlib import Path

DEMO = Path(__file__).resolve().parent.parent / "demo"
sys.path.insert(0, str(DEMO))
import picture  # noqa: E402

KINDS = {"write": "edit", "user": "edit", "grant": "reinstate", "clock": "clock", "kill": "kill", "power": "kill", "error": "rejected",
         "full": "rejected", "memory": "rejected", "reopen": "restart", "upgrade": "import", "backup": "import", "restore": "conflict",
         "clone": "conflict", "switch": "rejected", "erase": "discard", "decide": "discard", "expect": "job", "room": "restart", "settle": "job"}
QUIET = {"do", "device", "weather", "rows", "about"}


def spelled(change):
    verb = next((verb for verb in ("insert", "update", "undo", "delete", "undelete") if verb in change), "change")
    values = ", ".join(f"{name} {value}" for name, value in change.get("values", {}).items())
    return f"{verb} {change.get(verb)} {change.get('row', '')}" + (f": {values}" if values else "")


def network_kind(weather):
    for words, kind in (("cut", "cut"), ("lost", "lost"), ("stalled", "lost"), ("away", "lost"), ("late", "twice"), ("twice", "twice")):
        if any(words in one for one in weather):
            return kind
    return "sync"


def card(event, at):
    verb, device = event["do"], event.get("device", "server")
    if verb == "sync":
        weather = event.get("weather", [])
        rest = [f"{key} {value}" for key, value in event.items() if key not in QUIET]
        return {"at": at, "lane": device, "kind": network_kind(weather), "title": "syncs", "detail": "; ".join(weather + rest)}
    rest = [spelled(change) for change in event.get("rows", [])]
    rest += [f"{key} {value}" for key, value in event.items() if key not in QUIET]
    return {"at": at, "lane": device, "kind": KINDS.get(verb, "job"), "title": verb, "detail": "; ".join(rest)}


def passed(event):
    return (event.get("ms", 0) / 1000 + event.get("s", 0) + 3600 * event.get("hours", 0) + 86400 * event.get("days", 0)
            if event["do"] == "pass" else 0)


def page(history, name):
    devices = [(one["name"], one["name"], f"{one['user']}, version {one.get('schema', 1)}") for one in history["devices"]]
    picture.LANES = devices + [("server", "server", history.get("schema", "clinic"))]
    picture.PITCH = picture.WIDTH / len(picture.LANES)
    picture.CARD = min(picture.CARD, int(picture.PITCH) - 12)
    at, cards, lanes = 0.0, [], {lane for lane, _, _ in picture.LANES}
    for event in history["events"]:
        at += passed(event)
        if event["do"] != "pass" and event.get("device", "server") in lanes:
            cards.append(card(event, at))
    about = history.get("about") or f"Seed {history.get('seed', 'unknown')}, {len(history['events'])} events."
    failure = history.get("failure")
    told = f"<p><b>Breaks {escape(history.get('breaks', ''))}:</b> {escape(failure)}</p>" if failure else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tern: {escape(name)}</title>
<style>{(DEMO / "page.css").read_text()}</style>
</head>
<body>
<header>
<h1>{escape(name)}</h1>
<p>{escape(about)}</p>
{told}
</header>
<main>
<section>
<h2>What happened</h2>
<p>Time runs down, in seconds since the history began. Behind the last event faults stop, and all sync until quiet.</p>
<div class="picture">{picture.Picture(cards).render()}</div>
</section>
</main>
</body>
</html>
"""


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    path = Path(sys.argv[1])
    try:
        history = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 2
    if not isinstance(history, dict) or not isinstance(history.get("events"), list):
        print(f"{path}: no history: it has no events", file=sys.stderr)
        return 2
    Path(sys.argv[2]).write_text(page(history, path.stem), encoding="utf-8")
    return 0


sys.exit(main())
