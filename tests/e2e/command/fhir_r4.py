"""Looks at FHIR JSON as R4 (4.0.1) defines it: which elements there are, how often, of which type and with which codes.

Facts, not sentences, of the published specification, https://hl7.org/fhir/R4/: the tables of bundle.html, patient.html,
medicationrequest.html, medicationadministration.html, dosage.html and datatypes.html (Timing with its invariants tim-1 to
tim-10, HumanName, ContactPoint, CodeableConcept, Quantity, Period with per-1, Reference), the patterns of the primitive types in
datatypes.html, extensibility.html (ext-1), json.html (no empty object, array or null) and references.html. Only what Tern
exports is in the tables: an element that is not fails, too.
"""
import re

URI = r"\S+"
PRIMITIVES = {
    "id": r"[A-Za-z0-9\-.]{1,64}",
    "code": r"\S+( \S+)*",
    "string": r"[ \r\n\t\S]+",
    "uri": URI,
    "uuid": r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "date": r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?",
    "time": r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?",
    "dateTime": r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"
                r"(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00)))?)?)?",
    "instant": r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"
               r"(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00))",
}
CODES = {
    "bundle-type": "document message transaction transaction-response batch batch-response history searchset collection",
    "gender": "male female other unknown",
    "name-use": "usual official temp nickname anonymous old maiden",
    "contact-system": "phone fax email pager url sms other",
    "request-status": "active on-hold cancelled completed entered-in-error stopped draft unknown",
    "request-intent": "proposal plan order original-order reflex-order filler-order instance-order option",
    "priority": "routine urgent asap stat",
    "administration-status": "in-progress not-done on-hold completed entered-in-error stopped unknown",
    "unit-of-time": "s min h d wk mo a",
    "weekday": "mon tue wed thu fri sat sun",
    "moment": "MORN MORN.early MORN.late NOON AFT AFT.early AFT.late EVE EVE.early EVE.late NIGHT PHS HS WAKE C CM CD CV "
              "AC ACM ACD ACV PC PCM PCD PCV",
}
# Element: (least, most or None, type); a name that ends with [x] is a choice.
TYPES = {
    "Bundle": {"type": (1, 1, "bundle-type"), "entry": (0, None, "Entry")},
    "Entry": {"fullUrl": (0, 1, "uri"), "resource": (0, 1, "Resource")},
    "Patient": {"name": (0, None, "HumanName"), "telecom": (0, None, "ContactPoint"), "gender": (0, 1, "gender"),
                "birthDate": (0, 1, "date"), "communication": (0, None, "Communication")},
    "Communication": {"language": (1, 1, "CodeableConcept"), "preferred": (0, 1, "boolean")},
    "MedicationRequest": {"status": (1, 1, "request-status"), "intent": (1, 1, "request-intent"),
                          "priority": (0, 1, "priority"), "medicationCodeableConcept": (1, 1, "CodeableConcept"),
                          "subject": (1, 1, "Reference"), "authoredOn": (0, 1, "dateTime"),
                          "requester": (0, 1, "Reference"), "reasonCode": (0, None, "CodeableConcept"),
                          "dosageInstruction": (0, None, "Dosage")},
    "MedicationAdministration": {"status": (1, 1, "administration-status"), "statusReason": (0, None, "CodeableConcept"),
                                 "medicationCodeableConcept": (1, 1, "CodeableConcept"), "subject": (1, 1, "Reference"),
                                 "effectiveDateTime": (1, 1, "dateTime"), "request": (0, 1, "Reference")},
    "HumanName": {"use": (0, 1, "name-use"), "text": (0, 1, "string"), "family": (0, 1, "string"),
                  "given": (0, None, "string")},
    "ContactPoint": {"system": (0, 1, "contact-system"), "value": (0, 1, "string")},
    "CodeableConcept": {"coding": (0, None, "Coding"), "text": (0, 1, "string")},
    "Coding": {"system": (0, 1, "uri"), "code": (0, 1, "code"), "display": (0, 1, "string")},
    "Reference": {"reference": (0, 1, "string")},
    "Dosage": {"text": (0, 1, "string"), "timing": (0, 1, "Timing"), "asNeededBoolean": (0, 1, "boolean"),
               "asNeededCodeableConcept": (0, 1, "CodeableConcept"), "doseAndRate": (0, None, "DoseAndRate")},
    "DoseAndRate": {"doseQuantity": (0, 1, "Quantity")},
    "Quantity": {"value": (0, 1, "decimal"), "unit": (0, 1, "string"), "system": (0, 1, "uri"), "code": (0, 1, "code")},
    "Timing": {"repeat": (0, 1, "Repeat")},
    "Repeat": {"boundsDuration": (0, 1, "Quantity"), "boundsPeriod": (0, 1, "Period"),
               "frequency": (0, 1, "positiveInt"), "frequencyMax": (0, 1, "positiveInt"), "period": (0, 1, "decimal"),
               "periodMax": (0, 1, "decimal"), "periodUnit": (0, 1, "unit-of-time"), "dayOfWeek": (0, None, "weekday"),
               "timeOfDay": (0, None, "time"), "when": (0, None, "moment")},
    "Period": {"start": (0, 1, "dateTime"), "end": (0, 1, "dateTime")},
}
RESOURCES = ("Patient", "MedicationRequest", "MedicationAdministration")
EXTENSION_VALUES = {"valueString": "string", "valueCode": "code", "valueDate": "date", "valueInstant": "instant",
                    "valueInteger": "integer", "valueBoolean": "boolean", "valueUuid": "uuid"}


class Bad(Exception):
    pass


def check(good, where, what):
    if not good:
        raise Bad(f"{where}: {what}")


def primitive(kind, value, where):
    if kind in CODES:
        check(value in CODES[kind].split(), where, f"no code of {kind}")
    elif kind == "boolean":
        check(isinstance(value, bool), where, "not a boolean")
    elif kind in ("integer", "positiveInt"):
        check(isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31, where, "not an integer")
        check(kind == "integer" or value > 0, where, "not above zero")
    elif kind == "decimal":
        check(isinstance(value, (int, float)) and not isinstance(value, bool), where, "not a number")
    else:
        check(isinstance(value, str) and re.fullmatch(PRIMITIVES[kind], value) is not None, where, f"not a {kind}")
        check(value == value.strip() or kind == "string", where, "white space around it")


def extension(value, where):
    check(isinstance(value, dict) and set(value) <= {"url", "extension"} | set(EXTENSION_VALUES), where, "not an Extension")
    primitive("uri", value.get("url"), where + ".url")
    values = [name for name in value if name.startswith("value")]
    check(len(values) + ("extension" in value) == 1, where, "ext-1: a value or extensions, one of them")
    for name in values:
        primitive(EXTENSION_VALUES[name], value[name], f"{where}.{name}")
    for one in several(value.get("extension"), where):
        extension(one, where + ".extension")


def several(value, where):
    if value is None:
        return []
    check(isinstance(value, list) and value, where, "not an array that holds something")
    return value


def repeat(value, where):
    check(("period" in value) <= ("periodUnit" in value), where, "tim-2: a period has a unit")
    check(value.get("period", 0) >= 0, where, "tim-5: a period is not negative")
    check(("periodMax" in value) <= ("period" in value), where, "tim-6: a greatest period has a period")
    check(not ("timeOfDay" in value and "when" in value), where, "tim-10: times of the day or moments")
    check(not ("boundsPeriod" in value and "boundsDuration" in value), where, "bounds[x] is a choice")


def period(value, where):
    check("start" not in value or "end" not in value or value["start"] <= value["end"], where, "per-1: it starts before it ends")


def element(kind, value, where):
    if kind not in TYPES:
        return primitive(kind, value, where)
    check(isinstance(value, dict) and value, where, "not an object that holds something")
    known = TYPES[kind]
    for name in value:
        if name == "extension":
            for one in several(value[name], where):
                extension(one, f"{where}.extension")
        elif name.startswith("_"):
            check(name[1:] in known, where, f"{name} belongs to nothing")
            for one in several(value[name].get("extension"), where):
                extension(one, f"{where}.{name}")
        elif not (kind in RESOURCES + ("Bundle",) and name in ("resourceType", "id")):
            check(name in known, where, f"no element {name}")
    for name, (least, most, inner) in known.items():
        if name not in value:
            check(least == 0, where, f"{name} is missing")
            continue
        for one in several(value[name], f"{where}.{name}") if most is None else [value[name]]:
            resource(one, f"{where}.{name}") if inner == "Resource" else element(inner, one, f"{where}.{name}")
    if kind == "Repeat":
        repeat(value, where)
    if kind == "Period":
        period(value, where)
    if kind == "Dosage":
        check(not ("asNeededBoolean" in value and "asNeededCodeableConcept" in value), where, "asNeeded[x] is a choice")
    return None


def resource(value, where="resource"):
    kind = value.get("resourceType")
    check(kind in RESOURCES, where, "not a resource that is exported")
    primitive("id", value.get("id"), where + ".id")
    element(kind, value, kind)


def references(value):
    """All references of a resource."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "reference":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def bundle(value):
    """Raises Bad where it is no Bundle of R4 whose references lead somewhere; those to a Practitioner may lead out."""
    check(value.get("resourceType") == "Bundle", "Bundle", "not a Bundle")
    element("Bundle", value, "Bundle")
    entries = value.get("entry", [])
    urls = [entry["fullUrl"] for entry in entries]
    check(len(set(urls)) == len(urls), "Bundle", "bdl-7: a fullUrl stands there once")
    for entry in entries:
        primitive("uuid", entry["fullUrl"], "fullUrl")
        inner = dict(entry["resource"])
        check(entry["fullUrl"] == "urn:uuid:" + inner["id"], "Bundle", "fullUrl and id disagree")
        inner.pop("requester", None)
        for reference in references(inner):
            check(reference in urls, inner["resourceType"], "a reference leads nowhere")
