"""The picture: lanes as columns, time running down, a card for each event, arrows between a device and the server."""
import unicodedata
from html import escape

WIDTH = 1240
LANES = [
    ("tablet", "second phone", "clock three years ahead"),
    ("phone", "phone", "the patient’s own"),
    ("server", "server", "ternd, SQLite"),
    ("doctor", "doctor", "sees the patient’s record"),
    ("operator", "clinic import", "FHIR files, operator token"),
]
CARD = 214
PITCH = WIDTH / len(LANES)
TOP = 78
STEP = 30  # at least so far below the event before it
GAP = 10  # between two cards of a lane
TITLE_LINE, DETAIL_LINE = 17, 15
NETWORK = {"sync", "quiet", "push", "lost", "cut", "twice"}


def width(text, size):
    """About how wide a text is; marks that stand above or below others take no place."""
    total = 0.0
    for character in text:
        if unicodedata.category(character) in ("Mn", "Cf"):
            continue
        if character in "iljtf.,:;'’!|() ":
            total += 0.30
        elif character.isupper() or character in "mwMW–":
            total += 0.72
        else:
            total += 0.56
    return total * size


BOLD = 1.09  # bold letters are wider


def wrap(text, size, limit):
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and width(longer, size) > limit:
            lines.append(line)
            line = word
        else:
            line = longer
    return lines + [line] if line else lines


class Card:
    def __init__(self, event, x, y, room=CARD):
        self.event, self.x, self.y, self.width = event, x, y, room
        self.title = wrap(event["title"], 13 * BOLD, room - 30)
        self.detail = wrap(event.get("detail") or "", 11.5, room - 30)
        self.height = 18 + TITLE_LINE * len(self.title) + DETAIL_LINE * len(self.detail) + (4 if self.detail else 0)
        ending = width(self.detail[-1], 11.5) if self.detail else width(self.title[-1], 13 * BOLD)
        if ending > room - 30 - 46:  # the time stands there
            self.height += 11

    def render(self):
        left = self.x - self.width / 2
        parts = [f'<g class="card k-{self.event["kind"]}">',
                 f'<rect class="paper" x="{left:.1f}" y="{self.y:.1f}" width="{self.width}" height="{self.height}" rx="7"/>',
                 f'<rect class="edge" x="{left:.1f}" y="{self.y:.1f}" width="5" height="{self.height}" rx="2.5"/>']
        at = self.y + 21
        for line in self.title:
            parts.append(f'<text class="title" x="{left + 16:.1f}" y="{at:.1f}">{escape(line)}</text>')
            at += TITLE_LINE
        at += 2 if self.detail else 0
        for line in self.detail:
            parts.append(f'<text class="detail" x="{left + 16:.1f}" y="{at:.1f}">{escape(line)}</text>')
            at += DETAIL_LINE
        return "".join(parts) + "</g>"


class Picture:
    """The wide one: a column of cards for each lane."""

    name, width, top, pitch, first = "wide", WIDTH, TOP, PITCH, PITCH / 2
    scene_size = 15

    def __init__(self, events):
        self.events = events
        self.x = {key: self.first + self.pitch * index for index, (key, _, _) in enumerate(LANES)}
        self.free = dict.fromkeys(self.x, self.top + 16)
        self.last = self.top - STEP
        self.below, self.lines, self.cards, self.marks = [], [], [], []
        self.offline = {}
        self.since = {key: self.top for key in self.x}

    # ---- Lanes ----

    def lane_until(self, lane, y):
        """Draws the lane's line from where it was drawn to, as it was in the meantime."""
        kind = self.offline.get(lane, "")
        self.lines.append(f'<line class="lane {kind}" x1="{self.x[lane]:.1f}" x2="{self.x[lane]:.1f}" '
                          f'y1="{self.since[lane]:.1f}" y2="{y:.1f}"/>')
        self.since[lane] = y

    def set_state(self, lane, y, kind):
        if self.offline.get(lane, "") != kind:
            self.lane_until(lane, y)
            self.offline[lane] = kind

    # ---- Events ----

    def scene(self, title):
        y = max(max(self.free.values()), self.last + STEP) + 22
        self.below.append(f'<line class="scene" x1="0" x2="{self.width}" y1="{y:.1f}" y2="{y:.1f}"/>')
        mark_width = width(title, self.scene_size * BOLD) + 34
        self.marks.append(f'<rect class="plate" x="0" y="{y - 15:.1f}" width="{mark_width:.1f}" height="30" rx="15"/>'
                          f'<text class="scene-title" x="14" y="{y + 5:.1f}">{escape(title)}</text>')
        self.last = y
        self.free = dict.fromkeys(self.free, y + 32)

    def crossed(self, event):
        """The lanes that the event's arrows pass over, its own and the server's among them."""
        order = [key for key, _, _ in LANES]
        if event["kind"] not in NETWORK:
            return [event["lane"]]
        ends = sorted((order.index(event["lane"]), order.index("server")))
        return order[ends[0]:ends[1] + 1]

    def place(self, event):
        lane = event["lane"]
        lanes = self.crossed(event)
        y = max(self.last + STEP, *(self.free[key] for key in lanes))
        card = Card(event, self.x[lane], y)
        self.cards.append(card.render())
        for key in lanes:
            self.free[key] = y + card.height + GAP
        self.last = y
        return card

    def stamp(self, card):
        side = card.x + card.width / 2 - 8
        self.marks.append(f'<text class="at" x="{side:.1f}" y="{card.y + card.height - 6:.1f}">'
                          f'{card.event["at"]:.2f} s</text>')

    def leave(self, lane, sign):
        """Where a device's arrows begin."""
        return self.x[lane] + sign * CARD / 2

    def arrow(self, kind, lane, y, to_server, broken=False):
        end = self.x["server"]
        sign = 1 if end > self.x[lane] else -1
        start = self.leave(lane, sign)
        end -= sign * 7
        if not to_server:
            start, end = end, start
            sign = -sign
        if broken:
            end = start + (end - start) * 0.45
            self.marks.append(f'<path class="cross" d="M{end - 5:.1f} {y - 5:.1f}l10 10m0 -10l-10 10"/>')
        else:
            self.marks.append(f'<path class="head {kind}" d="M{end:.1f} {y:.1f}l{-8 * sign} -4.5v9z"/>')
        self.lines.append(f'<line class="wire {kind}" x1="{start:.1f}" x2="{end - (0 if broken else 6 * sign):.1f}" '
                          f'y1="{y:.1f}" y2="{y:.1f}"/>')

    def wires(self, card):
        """What went over the network: requests from the device, answers back, some of which broke."""
        kind, lane = card.event["kind"], card.event["lane"]
        first, second = card.y + 12, card.y + card.height - 10
        self.arrow(kind, lane, first, True)
        if kind == "twice":
            self.arrow(kind, lane, first + 9, True)
        elif kind != "push":
            self.arrow(kind, lane, second, False, broken=kind in ("lost", "cut"))
        self.marks.append(f'<circle class="knot" cx="{self.x["server"]:.1f}" cy="{first:.1f}" r="4"/>')

    def event(self, event):
        lane, kind = event["lane"], event["kind"]
        card = self.place(event)
        self.stamp(card)
        if kind == "offline" and "goes offline" in event["title"]:
            self.set_state(lane, card.y + card.height, "off")
        elif kind in NETWORK:
            self.set_state(lane, card.y, "")
            self.wires(card)
        elif kind == "kill":
            self.set_state(lane, card.y + card.height, "dead")
        elif kind == "restart":
            self.set_state(lane, card.y, "")

    def heads(self):
        parts = []
        for key, name, about in LANES:
            parts.append(f'<text class="lane-name" x="{self.x[key]:.1f}" y="30">{escape(name)}</text>'
                         f'<text class="lane-about" x="{self.x[key]:.1f}" y="50">{escape(about)}</text>'
                         f'<circle class="lane-dot l-{key}" cx="{self.x[key]:.1f}" cy="{self.top - 8}" r="6"/>')
        return "".join(parts)

    def render(self):
        for event in self.events:
            if "scene" in event:
                self.scene(event["scene"])
            else:
                self.event(event)
        bottom = max(self.free.values()) + 10
        for lane in self.x:
            self.lane_until(lane, bottom)
        shade = (f'<rect class="server-shade" x="{self.x["server"] - self.pitch / 2:.1f}" y="0" width="{self.pitch:.1f}" '
                 f'height="{bottom:.1f}" rx="12"/>')
        body = shade + "".join(self.below + self.lines + self.cards + self.marks) + self.heads()
        return (f'<svg class="{self.name}" viewBox="0 0 {self.width} {bottom:.0f}" role="img" aria-label="A lane for each device and one for the '
                f'server, with what happened in order">{body}</svg>')


class Narrow(Picture):
    """For a phone: the lanes close together, and one column of cards beside them, each tied to its lane."""

    name, width, top, pitch, first = "narrow", 384, 128, 22, 13
    scene_size = 12.5
    beside = 126  # where the cards begin

    def place(self, event):
        room = self.width - self.beside
        y = max(self.last + STEP, *self.free.values())
        card = Card(event, self.beside + room / 2, y, room)
        self.cards.append(card.render())
        self.free = dict.fromkeys(self.free, y + card.height + GAP)
        self.last = y
        at, lane = y + 12, self.x[event["lane"]]
        if event["kind"] not in NETWORK:
            self.lines.append(f'<line class="tie" x1="{lane:.1f}" x2="{self.beside}" y1="{at:.1f}" y2="{at:.1f}"/>')
            self.marks.append(f'<circle class="lane-dot" cx="{lane:.1f}" cy="{at:.1f}" r="4"/>')
        return card

    def leave(self, lane, sign):
        return self.x[lane]

    def wires(self, card):
        lanes = (self.x[card.event["lane"]], self.x["server"])
        self.lines.append(f'<line class="tie" x1="{max(lanes):.1f}" x2="{self.beside}" y1="{card.y + 12:.1f}" '
                          f'y2="{card.y + 12:.1f}"/>')
        super().wires(card)

    def heads(self):
        parts = []
        for key, name, _ in LANES:
            x = self.x[key]
            parts.append(f'<text class="lane-name" transform="translate({x + 5:.1f} {self.top - 20}) rotate(-90)" '
                         f'x="0" y="0">{escape(name)}</text>'
                         f'<circle class="lane-dot l-{key}" cx="{x:.1f}" cy="{self.top - 8}" r="5"/>')
        return "".join(parts)
