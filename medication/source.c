/* Rows as regimens. */
#include "medication/source.h"

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

/* ---- Turns ---- */

static bool was_active(const tern_value *values)
{
    const bool is_active = values[TRN_SOURCE_ACTIVE].integer != 0;
    const tern_value was = values[TRN_SOURCE_WAS_ACTIVE];

    if (was.kind != TERN_INTEGER || TRN_MUTANT(CARE_PAUSE_HIDES)) {
        return is_active;
    }
    return was.integer != 0 || (TRN_MUTANT(CARE_PAUSE_COUNTS) && is_active);
}

static int64_t behind(int64_t at_us)
{
    return at_us < TRN_MOMENT_MAX_US ? at_us + 1 : TRN_MOMENT_MAX_US;
}

size_t trn_turns_make(tern_value status,
                      const struct trn_turn *last,
                      bool begins,
                      int64_t now_us,
                      struct trn_turn ret_turns[2])
{
    const bool is_draft = trn_value_is(status, "DRAFT");
    const bool was = is_draft ? last == NULL || last->begins : trn_value_is(status, "ACTIVE");
    int64_t least_us = last != NULL ? behind(last->at_us) : INT64_MIN;
    size_t count = 0;

    if (last != NULL && last->begins != was) {
        ret_turns[count++] = (struct trn_turn){least_us, was};
        least_us = behind(least_us);
    }
    if (!(is_draft && was && begins)) {
        ret_turns[count++] = (struct trn_turn){now_us > least_us ? now_us : least_us, begins};
    }
    return count;
}

/* ---- Sources ---- */

enum { SLOTS = 3, ALL_SLOTS = (1 << SLOTS) - 1 };

tern_status trn_source_make(const tern_zone_port *zones,
                            const tern_value values[TRN_SOURCE_COLUMNS],
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
    ret_source->rule.is_understood &= values[TRN_SOURCE_STANDS].integer != 0 && was_active(values);
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
