#!/usr/bin/env python3
"""All dates, times, lengths of time, sizes and digits that the library says, against the Unicode CLDR as Debian packages it.

The program named by SPEAK says them; what they should be is made here of the package's XML alone: names, patterns, the
bounds of day periods, plural forms, digits. Where the wording differs on purpose DIFFERS says where and why.
"""

import datetime
import os
import pathlib
import re
import subprocess
import unittest
import xml.etree.ElementTree as tree

CLDR = pathlib.Path(os.environ.get("TERN_CLDR", "/usr/share/unicode/cldr")) / "common"
GREGORIAN = "dates/calendars/calendar[@type='gregorian']/"

# What is said otherwise than the first choice of the CLDR: (language, fact): (first choice, ours, why). Each is the
# CLDR's as well, of another place, and a test proves that it still differs.
DIFFERS = {
    ("km", "day period"): ("format", "stand-alone",
                           "the words for within a sentence say 'at the time of'; behind a time of the clock that is said twice"),
    ("en", "units joined"): ("unit", "unit-narrow",
                             "these lengths stand in sentences and lists that have commas of their own"),
}


def choice(language, fact, first):
    return DIFFERS.get((language, fact), (first, first, ""))[1]


class Facts:
    """Of one language."""

    def __init__(self, language):
        self.language = language
        self.texts = {}
        self.root = tree.parse(CLDR / "main" / f"{language}.xml").getroot()
        rules = tree.parse(CLDR / "supplemental" / "dayPeriods.xml").getroot()
        everywhere = next(each for each in rules.findall("dayPeriodRuleSet") if each.get("type") is None)
        self.periods = next(each for each in everywhere if language in each.get("locales").split())
        plurals = tree.parse(CLDR / "supplemental" / "plurals.xml").getroot()
        self.plurals = next(each for each in plurals.iter("pluralRules") if language in each.get("locales").split())
        self.clock = self.text(GREGORIAN + "dateTimeFormats/availableFormats/dateFormatItem[@id='Bhm']")
        self.decimal = self.text("numbers/symbols[@numberSystem='latn']/decimal")
        self.joined = self.text(
            f"listPatterns/listPattern[@type='{choice(language, 'units joined', 'unit')}']/listPatternPart[@type='2']")

    def text(self, path):
        if path not in self.texts:
            found = self.root.findall(path)
            if len(found) != 1:
                raise AssertionError(f"{self.language}: {path} stands there {len(found)} times")
            self.texts[path] = found[0].text
        return self.texts[path]

    def month(self, number):
        return self.text(GREGORIAN + f"months/monthContext[@type='format']/monthWidth[@type='wide']/month[@type='{number}']")

    def weekday(self, date):
        name = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[date.weekday()]
        return self.text(GREGORIAN + f"days/dayContext[@type='format']/dayWidth[@type='wide']/day[@type='{name}']")

    def date(self, length, date):
        pattern = self.text(GREGORIAN + f"dateFormats/dateFormatLength[@type='{length}']/dateFormat/pattern")
        fields = {"EEEE": lambda: self.weekday(date), "MMMM": lambda: self.month(date.month), "d": lambda: str(date.day),
                  "y": lambda: str(date.year)}
        return re.sub("[A-Za-z]+", lambda field: fields[field.group()](), pattern)

    def period(self, minute):
        def minutes(text):
            return int(text[:2]) * 60 + int(text[3:])

        kind = None
        for rule in self.periods:
            if rule.get("at") is not None:
                if minutes(rule.get("at")) == minute:
                    return rule.get("type")
                continue
            begin, end = minutes(rule.get("from")), minutes(rule.get("before"))
            if begin <= minute < end or (end <= begin and (minute >= begin or minute < end)):
                kind = rule.get("type")
        return kind

    def time(self, minute):
        context = choice(self.language, "day period", "format")
        name = self.text(GREGORIAN + f"dayPeriods/dayPeriodContext[@type='{context}']/dayPeriodWidth[@type='wide']/"
                         f"dayPeriod[@type='{self.period(minute)}']")
        fields = {"h": str((minute // 60 + 11) % 12 + 1), "mm": f"{minute % 60:02d}", "B": name}
        return re.sub("[A-Za-z]+", lambda field: fields[field.group()], self.clock)

    def unit(self, length, unit, number):
        one = any(rule.get("count") == "one" for rule in self.plurals) and number == "1"
        pattern = self.text(f"units/unitLength[@type='{length}']/unit[@type='{unit}']/"
                            f"unitPattern[@count='{'one' if one else 'other'}']")
        return pattern.replace("{0}", number)

    def span(self, minutes):
        parts = [(minutes // 1440, "duration-day"), (minutes // 60 % 24, "duration-hour"), (minutes % 60, "duration-minute")]
        while len(parts) > 1 and parts[0][0] == 0:
            del parts[0]
        said = [self.unit("long", unit, str(number)) for number, unit in parts[:1] + [each for each in parts[1:2] if each[0]]]
        return said[0] if len(said) == 1 else self.joined.replace("{0}", said[0]).replace("{1}", said[1])

    def size(self, number):
        tenths = number // ((1 << 30) // 10)
        return self.unit("short", "digital-gigabyte", f"{tenths // 10}{self.decimal}{tenths % 10}")


def native_digits(language):
    """The language's own digits, and whether it does without them unless asked."""
    root = tree.parse(CLDR / "main" / f"{language}.xml").getroot()
    name = root.findtext("numbers/otherNumberingSystems/native")
    systems = tree.parse(CLDR / "supplemental" / "numberingSystems.xml").getroot()
    digits = next(each.get("digits") for each in systems.iter("numberingSystem") if each.get("id") == name)
    return digits, root.findtext("numbers/defaultNumberingSystem") == "latn"


class Cldr(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not (CLDR / "main" / "km.xml").exists():
            print("skipped: the package unicode-cldr-core is not installed", flush=True)
            raise unittest.SkipTest("no CLDR")
        cls.facts = {language: Facts(language) for language in ("en", "km")}
        said = subprocess.run([os.environ["SPEAK"]], check=True, capture_output=True).stdout.decode()
        cls.said = [line.split("\t") for line in said.splitlines()]
        digits, cls.is_latin = native_digits("km")
        cls.own = str.maketrans("0123456789", digits)

    def compare(self, kind, expect, least):
        count = 0
        for voice, of, asked, said in self.said:
            if of == kind:
                due = expect(self.facts[voice.split("-")[0]], asked)
                self.assertEqual(said, due.translate(self.own) if voice == "km-native" else due, (voice, kind, asked))
                count += 1
        self.assertEqual(count, 3 * least)

    def test_dates_have_its_names_in_its_order(self):
        self.compare("date", lambda facts, day: facts.date("long", datetime.date.fromisoformat(day)), 370)
        self.compare("day", lambda facts, day: facts.date("full", datetime.date.fromisoformat(day)), 370)

    def test_every_minute_has_its_day_period(self):
        self.compare("time", lambda facts, minute: facts.time(int(minute)), 1440)

    def test_lengths_of_time_have_its_units_and_plurals(self):
        self.compare("span", lambda facts, minutes: facts.span(int(minutes)), 4 * 1440)

    def test_sizes_have_its_unit_and_decimal_sign(self):
        self.compare("size", lambda facts, size: facts.size(int(size)), 6)

    def test_khmer_has_its_own_digits_where_they_are_asked_for_alone(self):
        self.assertTrue(self.is_latin)
        for voice, kind, asked, said in self.said:
            own = any(digit in said for digit in "០១២៣៤៥៦៧៨៩")
            self.assertEqual(own, voice == "km-native", (voice, kind, asked, said))

    def test_what_differs_on_purpose_does_and_is_the_cldrs_of_another_place(self):
        for (language, fact), (first, ours, why) in DIFFERS.items():
            facts = self.facts[language]
            if fact == "day period":
                paths = [GREGORIAN + f"dayPeriods/dayPeriodContext[@type='{each}']/dayPeriodWidth[@type='wide']/"
                         "dayPeriod[@type='morning1']" for each in (first, ours)]
            else:
                paths = [f"listPatterns/listPattern[@type='{each}']/listPatternPart[@type='2']" for each in (first, ours)]
            self.assertNotEqual(facts.text(paths[0]), facts.text(paths[1]), (language, fact))
            self.assertTrue(why)


if __name__ == "__main__":
    unittest.main(verbosity=2)
