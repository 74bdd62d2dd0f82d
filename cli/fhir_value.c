/* Reading FHIR's small types, strictly: what is not well formed is left out and counted, never
 * guessed at. */
#include "cli/fhir_value.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/uuid.h"

enum { FHIR_ID_MAX = 64 };

/* Names the ids that this import derives; made once, at random. */
static const tern_id id_space = {{0x5c,
                                  0x0e,
                                  0x6b,
                                  0x1d,
                                  0x3f,
                                  0x57,
                                  0x4a,
                                  0x9c,
                                  0x8e,
                                  0x21,
                                  0x70,
                                  0xd4,
                                  0xb9,
                                  0x6f,
                                  0x02,
                                  0xa8}};

static const char translation_url[] = "http://hl7.org/fhir/StructureDefinition/translation";

const char *trn_fhir_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

json_t *trn_fhir_first(const json_t *object, const char *name)
{
    return json_array_get(json_object_get(object, name), 0);
}

static const char *first_coded(const json_t *concept, const char *name)
{
    const json_t *codings = json_object_get(concept, "coding");

    for (size_t i = 0; i < json_array_size(codings); i++) {
        const char *text = trn_fhir_text(json_array_get(codings, i), name);

        if (text != NULL && text[0] != '\0') {
            return text;
        }
    }
    return NULL;
}

const char *trn_fhir_concept(const json_t *concept)
{
    const char *text = trn_fhir_text(concept, "text");

    if (text == NULL || text[0] == '\0') {
        text = first_coded(concept, "display");
    }
    return text != NULL ? text : first_coded(concept, "code");
}

const char *trn_fhir_code(const json_t *concept)
{
    return first_coded(concept, "code");
}

/* The content of one extension, if it is a translation into the language. */
static const char *translated(const json_t *extension, const char *language)
{
    const json_t *parts = json_object_get(extension, "extension");
    const char *url = trn_fhir_text(extension, "url");
    const char *content = NULL;
    bool fits = false;

    if (url == NULL || strcmp(url, translation_url) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *part = json_array_get(parts, i);
        const char *name = trn_fhir_text(part, "url");
        const char *code = trn_fhir_text(part, "valueCode");

        if (name == NULL) {
            continue;
        }
        if (strcmp(name, "lang") == 0) {
            fits = code != NULL && strncmp(code, language, strlen(language)) == 0;
        } else if (strcmp(name, "content") == 0) {
            content = trn_fhir_text(part, "valueString");
        }
    }
    return fits ? content : NULL;
}

const char *trn_fhir_translation(const json_t *object, const char *name, const char *language)
{
    char shadow[64];
    const json_t *extensions;

    if (snprintf(shadow, sizeof(shadow), "_%s", name) >= (int)sizeof(shadow)) {
        return NULL;
    }
    extensions = json_object_get(json_object_get(object, shadow), "extension");
    for (size_t i = 0; i < json_array_size(extensions); i++) {
        const char *content = translated(json_array_get(extensions, i), language);

        if (content != NULL) {
            return content;
        }
    }
    return NULL;
}

/* Reads exactly `count` digits; -1 without them. */
static int digits(const char *text, int count)
{
    int number = 0;

    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

bool trn_fhir_date(const char *text, char ret_date[TRN_DATE_SIZE + 1])
{
    int year;
    int month;
    int day;

    if (text == NULL || strlen(text) < TRN_DATE_SIZE || text[4] != '-' || text[7] != '-' ||
        (text[TRN_DATE_SIZE] != '\0' && text[TRN_DATE_SIZE] != 'T')) {
        return false;
    }
    year = digits(text, 4);
    month = digits(text + 5, 2);
    day = digits(text + 8, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
        return false;
    }
    memcpy(ret_date, text, TRN_DATE_SIZE);
    ret_date[TRN_DATE_SIZE] = '\0';
    return true;
}

/* Years begin in March here, so that the leap day is the last of its year. */
int64_t trn_fhir_days(const char date[TRN_DATE_SIZE + 1])
{
    int month = digits(date + 5, 2);
    int64_t year = digits(date, 4) - (month <= 2);
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + digits(date + 8, 2) - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

/* Reads ".123456789" as microseconds, further digits dropped, and moves past it. */
static int64_t fraction_us(const char **at)
{
    int64_t us = 0;
    int64_t place = 100000;

    if (**at != '.') {
        return 0;
    }
    for ((*at)++; isdigit((unsigned char)**at); (*at)++) {
        us += place * (**at - '0');
        place /= 10;
    }
    return us;
}

/* Reads "Z" or "+07:00" to the end of the text. */
static bool zone_seconds(const char *text, int64_t *ret_seconds)
{
    int hours;
    int minutes;

    if (strcmp(text, "Z") == 0) {
        *ret_seconds = 0;
        return true;
    }
    if ((text[0] != '+' && text[0] != '-') || strlen(text) != 6 || text[3] != ':') {
        return false;
    }
    hours = digits(text + 1, 2);
    minutes = digits(text + 4, 2);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59) {
        return false;
    }
    *ret_seconds = ((int64_t)hours * 60 + minutes) * (text[0] == '-' ? -60 : 60);
    return true;
}

/* Seconds of a day at "HH:MM:SS"; -1 if it is none. A leap second is the second before it. */
static int clock_seconds(const char *text)
{
    int hours = digits(text, 2);
    int minutes = hours < 0 || text[2] != ':' ? -1 : digits(text + 3, 2);
    int seconds = minutes < 0 || text[5] != ':' ? -1 : digits(text + 6, 2);

    if (seconds < 0 || hours > 23 || minutes > 59 || seconds > 60) {
        return -1;
    }
    return hours * 3600 + minutes * 60 + (seconds == 60 ? 59 : seconds);
}

bool trn_fhir_time(const char *text, int64_t *ret_us)
{
    char date[TRN_DATE_SIZE + 1];
    const char *at;
    int64_t day_us;
    int64_t fraction;
    int64_t zone = 0;
    int seconds;

    if (!trn_fhir_date(text, date)) {
        return false;
    }
    day_us = trn_fhir_days(date) * 86400 * 1000000;
    if (text[TRN_DATE_SIZE] == '\0') {
        *ret_us = day_us;
        return true;
    }
    at = text + TRN_DATE_SIZE + 1;
    seconds = clock_seconds(at);
    if (seconds < 0) {
        return false;
    }
    at += 8;
    fraction = fraction_us(&at);
    if (!zone_seconds(at, &zone)) {
        return false;
    }
    *ret_us = day_us + (seconds - zone) * 1000000 + fraction;
    return true;
}

void trn_fhir_instant(int64_t us, int offset_minutes, char ret_text[TRN_INSTANT_BYTES])
{
    int64_t seconds = us / 1000000 - (us % 1000000 < 0);
    int fraction = (int)(us - seconds * 1000000);
    time_t moment = (time_t)(seconds + (int64_t)offset_minutes * 60);
    struct tm parts = {0};
    size_t size;

    (void)gmtime_r(&moment, &parts);
    /* %Y has no zeros before a year of less than four digits. */
    size = (size_t)snprintf(ret_text, TRN_INSTANT_BYTES, "%04d", parts.tm_year + 1900);
    size += strftime(ret_text + size, TRN_INSTANT_BYTES - size, "-%m-%dT%H:%M:%S", &parts);
    if (fraction != 0) {
        size += (size_t)snprintf(ret_text + size, TRN_INSTANT_BYTES - size, ".%06d", fraction);
    }
    if (offset_minutes == 0) {
        (void)snprintf(ret_text + size, TRN_INSTANT_BYTES - size, "Z");
    } else {
        int minutes = abs(offset_minutes);

        (void)snprintf(ret_text + size,
                       TRN_INSTANT_BYTES - size,
                       "%c%02d:%02d",
                       offset_minutes < 0 ? '-' : '+',
                       minutes / 60 % 100,
                       minutes % 60);
    }
}

int trn_fhir_time_of_day(const char *text)
{
    char whole[16];
    size_t size = text != NULL ? strlen(text) : 0;

    if (size != 5 && size != 8) {
        return -1;
    }
    (void)snprintf(whole, sizeof(whole), "%s%s", text, size == 5 ? ":00" : "");
    return clock_seconds(whole);
}

bool trn_fhir_id(const char *type, const char *id, tern_id *ret_id)
{
    char name[128];
    size_t size = id != NULL ? strlen(id) : 0;

    if (size == 0 || size > FHIR_ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!isalnum((unsigned char)id[i]) && id[i] != '-' && id[i] != '.') {
            return false;
        }
    }
    if (trn_id_parse(trn_slice_text(id), ret_id)) {
        return true;
    }
    if (snprintf(name, sizeof(name), "%s/%s", type, id) >= (int)sizeof(name)) {
        return false;
    }
    return trn_id_v5(&id_space, trn_slice_text(name), ret_id) == TERN_OK;
}

bool trn_fhir_urn_id(const char *url, tern_id *ret_id)
{
    static const char scheme[] = "urn:uuid:";
    size_t size = sizeof(scheme) - 1;

    return url != NULL && strncmp(url, scheme, size) == 0 &&
           trn_id_parse(trn_slice_text(url + size), ret_id);
}

bool trn_fhir_resource_id(const json_t *resource,
                          const char *type,
                          const char *full_url,
                          tern_id *ret_id)
{
    return trn_fhir_id(type, trn_fhir_text(resource, "id"), ret_id) ||
           trn_fhir_urn_id(full_url, ret_id);
}

struct trn_slice trn_fhir_reference_tail(const char *reference, const char *type)
{
    size_t type_size = strlen(type);
    const char *found = NULL;
    const char *version;

    for (const char *at = reference; at != NULL && (at = strstr(at, type)) != NULL; at++) {
        if (at[type_size] == '/' && (at == reference || at[-1] == '/')) {
            found = at;
        }
    }
    if (found == NULL) {
        return trn_slice_make(NULL, 0);
    }
    version = strstr(found, "/_history/");
    return trn_slice_make(found, version != NULL ? (size_t)(version - found) : strlen(found));
}
