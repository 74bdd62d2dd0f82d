/* Rows as regimens. */
#include "medication/source.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "base/text.h"
#include "medication/calendar.h"
#include "medication/plan.h"

tern_id trn_value_to_id(tern_value value)
{
    tern_id id = {{0}};

    if (value.kind == TERN_BLOB && value.size == sizeof(id.bytes)) {
        memcpy(id.bytes, value.data, sizeof(id.bytes));
    }
    return id;
}

void trn_value_to_text(tern_value value, char *buffer, size_t size)
{
    size_t bytes = value.kind != TERN_TEXT ? 0 : value.size;

    if (bytes >= size) {
        bytes = trn_utf8_whole(trn_slice_make(value.data, size - 1));
    }
    if (bytes > 0) {
        memcpy(buffer, value.data, bytes);
    }
    buffer[bytes] = '\0';
}

bool trn_value_is(tern_value value, const char *text)
{
    return value.kind == TERN_TEXT && value.size == strlen(text) &&
           memcmp(value.data, text, value.size) == 0;
}

static void read_meals(const tern_value *meals, tern_regimen *regimen)
{
    static const int32_t presets[] = {7 * 60, 12 * 60, 18 * 60};
    char text[81];

    for (int i = 0; i < 3; i++) {
        regimen->meal_minutes[i] = presets[i];
        trn_value_to_text(meals[i], text, sizeof(text));
        (void)tern_meal_parse(text, &regimen->meal_minutes[i]);
    }
}

/* Without a start date, the day on which the prescription was put in force; where nobody wrote
 * that, the local date on which it was made. */
static tern_status read_start(const tern_zone_port *zones,
                              const tern_value *values,
                              struct trn_source *source,
                              tern_error *error)
{
    tern_local_time local = {0};
    tern_status status;

    trn_value_to_text(values[TRN_SOURCE_START], source->start, sizeof(source->start));
    if (source->start[0] == '\0') {
        trn_value_to_text(values[TRN_SOURCE_BEGINS], source->start, sizeof(source->start));
    }
    if (source->start[0] != '\0') {
        return TERN_OK;
    }
    status =
        tern_zone_to_local(zones, source->zone, values[TRN_SOURCE_CREATED].integer, &local, error);
    if (status == TERN_OK) {
        trn_day_format(trn_day_of_date((struct trn_date){local.year, local.month, local.day}),
                       source->start);
    }
    return status;
}

/* One that an edit added begins on a day of its own, yet not before the prescription. */
static void read_own_start(const tern_value *values, struct trn_source *source)
{
    char own[sizeof(source->start)];

    trn_value_to_text(values[TRN_SOURCE_OWN], own, sizeof(own));
    if (strcmp(own, source->start) > 0 && !TRN_MUTANT(CARE_ADDED_FROM_START)) {
        memcpy(source->start, own, sizeof(own));
    }
}

/* The meal of today is not asked: where it moves, a dose would come too soon after another. */
static int32_t first_minute(const tern_value *values, const tern_regimen *regimen)
{
    enum { PRESET = 7 * 60 };
    const tern_value first = values[TRN_SOURCE_FIRST];

    if (TRN_MUTANT(CARE_HOURS_FROM_MEAL)) {
        return regimen->meal_minutes[0];
    }
    return first.kind == TERN_INTEGER && first.integer >= 0 && first.integer <= INT32_MAX
               ? (int32_t)first.integer
               : PRESET;
}

static void read_texts(const tern_value *values, struct trn_source *source)
{
    trn_value_to_text(values[TRN_SOURCE_ZONE], source->zone, sizeof(source->zone));
    trn_value_to_text(values[TRN_SOURCE_END], source->end, sizeof(source->end));
    trn_value_to_text(values[TRN_SOURCE_FREQUENCY], source->frequency, sizeof(source->frequency));
    trn_value_to_text(values[TRN_SOURCE_TIMING], source->timing, sizeof(source->timing));
}

/* ---- Spans ---- */

enum { SPAN_BYTES = 26 }; /* of two moments between commas, and a NUL */

struct spans {
    size_t count;
    size_t by; /* of them that lie at or before the moment asked for */
    int64_t last;
};

/* Digits between commas, and nothing else. */
static bool read_spans(tern_value text, int64_t at_us, struct spans *spans)
{
    const char *data = text.data;
    int64_t number = 0;
    size_t digits = 0;

    *spans = (struct spans){.last = 0};
    for (size_t i = 0; text.kind == TERN_TEXT && i <= text.size; i++) {
        if (i == text.size || data[i] == ',') {
            if (digits == 0) {
                return false;
            }
            spans->count++;
            spans->by += number <= at_us ? 1 : 0;
            spans->last = number;
            number = 0;
            digits = 0;
        } else if (data[i] < '0' || data[i] > '9' || ++digits > 18) {
            return false;
        } else {
            number = number * 10 + (data[i] - '0');
        }
    }
    return text.kind == TERN_TEXT;
}

/* Spans end with one that is open where, and only where, the status is ACTIVE. */
static bool believe(tern_value text, bool is_active, int64_t at_us, struct spans *spans)
{
    return read_spans(text, at_us, spans) && (spans->count % 2 == 1) == is_active;
}

bool trn_spans_fit(tern_value status, tern_value spans)
{
    struct spans read;

    return believe(spans, trn_value_is(status, "ACTIVE"), 0, &read);
}

bool trn_spans_cover(tern_value spans, bool is_active, int64_t at_us)
{
    struct spans read;

    if (at_us == INT64_MAX || TRN_MUTANT(CARE_PAUSE_HIDES) ||
        !believe(spans, is_active, at_us, &read)) {
        return is_active;
    }
    return read.by % 2 == 1 || (TRN_MUTANT(CARE_PAUSE_COUNTS) && is_active);
}

tern_status trn_spans_turn(tern_value status,
                           tern_value spans,
                           int64_t now_us,
                           struct trn_bytes *ret_spans,
                           bool *ret_was_active)
{
    struct spans read;
    char added[SPAN_BYTES];
    bool was_active = trn_value_is(status, "ACTIVE") ||
                      (trn_value_is(status, "DRAFT") && !trn_spans_fit(status, spans));
    bool kept = believe(spans, was_active, now_us, &read);
    tern_status appended = kept ? trn_bytes_append(ret_spans, spans.data, spans.size) : TERN_OK;

    *ret_was_active = was_active;
    (void)snprintf(added,
                   sizeof(added),
                   "%s%" PRId64,
                   kept         ? ","
                   : was_active ? "0,"
                                : "",
                   kept && read.last > now_us ? read.last : now_us);
    return appended == TERN_OK ? trn_bytes_append(ret_spans, added, strlen(added) + 1) : appended;
}

/* ---- Sources ---- */

enum { SLOTS = 3, ALL_SLOTS = (1 << SLOTS) - 1 };

tern_status trn_source_make(const tern_zone_port *zones,
                            const tern_value values[TRN_SOURCE_COLUMNS],
                            int64_t at_us,
                            struct trn_source *ret_source,
                            tern_error *error)
{
    tern_regimen *regimen = &ret_source->regimen;
    tern_status status;

    ret_source->zones = zones;
    read_texts(values, ret_source);
    ret_source->unread = (unsigned)values[TRN_SOURCE_SLOTS].integer >> SLOTS;
    *regimen = (tern_regimen){.size = sizeof(*regimen),
                              .zone = ret_source->zone,
                              .start_date = ret_source->start,
                              .end_date = ret_source->end[0] != '\0' ? ret_source->end : NULL,
                              .duration_days = (int32_t)values[TRN_SOURCE_DURATION].integer,
                              .slots = (unsigned)values[TRN_SOURCE_SLOTS].integer & ALL_SLOTS,
                              .before_meal = (unsigned)values[TRN_SOURCE_BEFORE].integer,
                              .frequency = ret_source->frequency,
                              .timing = ret_source->timing,
                              .is_prn = values[TRN_SOURCE_PRN].integer != 0,
                              .grace_minutes = (int32_t)values[TRN_SOURCE_GRACE].integer};
    read_meals(&values[TRN_SOURCE_MEALS], regimen);
    status = read_start(zones, values, ret_source, error);
    if (status != TERN_OK) {
        return status;
    }
    read_own_start(values, ret_source);
    if (!trn_regimen_read(regimen, &ret_source->rule)) {
        ret_source->rule = (struct trn_regimen){.is_understood = false};
    }
    ret_source->rule.anchor_minute = first_minute(values, regimen);
    /* What was to be taken at a slot cannot be known by the words that stand beside it. */
    ret_source->rule.is_understood &= ret_source->unread == 0 || regimen->slots != 0;
    /* What is paused, ended or deleted yields nothing. */
    ret_source->rule.is_understood &=
        values[TRN_SOURCE_STANDS].integer != 0 &&
        trn_spans_cover(values[TRN_SOURCE_SPANS], values[TRN_SOURCE_ACTIVE].integer != 0, at_us);
    return TERN_OK;
}

bool trn_source_has(const struct trn_source *source, bool is_guess, int32_t day, tern_value slot)
{
    return is_guess ? trn_regimen_yields(&source->rule, day, slot.data, slot.size)
                    : trn_plan_yields(source->zones,
                                      source->zone,
                                      &source->rule,
                                      day,
                                      slot.data,
                                      slot.size);
}

bool trn_source_yields(const struct trn_source *source,
                       bool is_guess,
                       tern_value local_date,
                       tern_value slot)
{
    int32_t day = 0;

    return trn_day_parse(local_date.data, local_date.size, &day) &&
           trn_source_has(source, is_guess, day, slot);
}

bool trn_is_guess(tern_value status, tern_value flags)
{
    return trn_value_is(status, "MISSED") && trn_value_is(flags, TRN_INFERRED) &&
           !TRN_MUTANT(CARE_GUESS_STANDS);
}

bool trn_source_is_unread(const struct trn_source *source, tern_value slot)
{
    static const char *const names[SLOTS] = {"MORNING", "DAYTIME", "NIGHT"};

    for (unsigned i = 0; i < SLOTS; i++) {
        if (trn_value_is(slot, names[i])) {
            return (source->unread >> i & 1) != 0;
        }
    }
    return false;
}
