/**
 * The small types of FHIR R4 that the import reads: dates and times, references, coded texts.
 *
 * Nothing here keeps what it is given. A member that is absent, or not of the type that R4 gives
 * it, reads as absent.
 */
#ifndef TRN_CLI_FHIR_VALUE_H
#define TRN_CLI_FHIR_VALUE_H

#include <stdbool.h>

#include <jansson.h>

#include "base/bytes.h"
#include "tern/value.h"

/** Bytes of one text: more no column holds, whatever its document says (docs/WIRE.md). */
enum { TRN_FHIR_TEXT_BYTES_MAX = 1 << 20 };

enum { TRN_DATE_SIZE = 10 /* characters of YYYY-MM-DD */ };

/** The member as text; NULL without one. Borrowed. */
const char *trn_fhir_text(const json_t *object, const char *name);

/** The first element of an array member; NULL without one. Borrowed. */
json_t *trn_fhir_first(const json_t *object, const char *name);

/** The text of a CodeableConcept: its own, else that of its first coding that has a display, else
 * its first code. NULL without one. Borrowed. */
const char *trn_fhir_concept(const json_t *concept);

/** The code of the concept's first coding; NULL without one. Borrowed. */
const char *trn_fhir_code(const json_t *concept);

/** A translation of the primitive member `name` into `language`, by the standard extension; NULL
 * without one. Borrowed. */
const char *trn_fhir_translation(const json_t *object, const char *name, const char *language);

/** Copies the date of a date or dateTime, as written where it was written, and ends it with a NUL.
 * False if it is only a year or a month, or malformed. */
bool trn_fhir_date(const char *text, char ret_date[TRN_DATE_SIZE + 1]);

/** Microseconds since 1970, UTC, of a dateTime; of its first moment if it is a date. False as
 * above. */
bool trn_fhir_time(const char *text, int64_t *ret_us);

enum { TRN_INSTANT_BYTES = 48 };
/** Writes microseconds since 1970, UTC, as a dateTime by a clock that is `offset_minutes` ahead of
 * UTC: "2026-03-02T13:30:00.5+07:00", or with a Z where it is not. */
void trn_fhir_instant(int64_t us, int offset_minutes, char ret_text[TRN_INSTANT_BYTES]);

/** Days since 1970-01-01 of a date that trn_fhir_date gave. */
int64_t trn_fhir_days(const char date[TRN_DATE_SIZE + 1]);

/** Seconds of the day of a time HH:MM[:SS]; -1 for anything else. */
int trn_fhir_time_of_day(const char *text);

/** The id of a resource: its FHIR id when that is a UUID, else one derived (UUIDv5) from
 * "Type/id". False if `id` is no FHIR id. */
bool trn_fhir_id(const char *type, const char *id, tern_id *ret_id);
/** The id in a URL of the form urn:uuid:…; false for any other, and for NULL. */
bool trn_fhir_urn_id(const char *url, tern_id *ret_id);
/** The id of a resource: its own, else its full URL's UUID. */
bool trn_fhir_resource_id(const json_t *resource,
                          const char *type,
                          const char *full_url,
                          tern_id *ret_id);

/** The end of a reference that names a resource of the type, "Type/id", without server and version;
 * the empty slice if it names none. */
struct trn_slice trn_fhir_reference_tail(const char *reference, const char *type);

#endif
