/* Rows as regimens. */
#include "medication/source.h"

#include <string.h>

#include "medication/calendar.h"

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
    size_t bytes = value.kind != TERN_TEXT ? 0 : value.size < size ? value.size : size - 1;

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

/* Without a start date, the local date on which the prescription was made. */
static tern_status read_start(const tern_zone_port *zones,
                              const tern_value *values,
                              struct trn_source *source,
                              tern_error *error)
{
    tern_local_time local = {0};
    tern_status status;

    trn_value_to_text(values[TRN_SOURCE_START], source->start, sizeof(source->start));
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

static void read_texts(const tern_value *values, struct trn_source *source)
{
    trn_value_to_text(values[TRN_SOURCE_ZONE], source->zone, sizeof(source->zone));
    trn_value_to_text(values[TRN_SOURCE_END], source->end, sizeof(source->end));
    trn_value_to_text(values[TRN_SOURCE_FREQUENCY], source->frequency, sizeof(source->frequency));
    trn_value_to_text(values[TRN_SOURCE_TIMING], source->timing, sizeof(source->timing));
}

tern_status trn_source_make(const tern_zone_port *zones,
                            const tern_value values[TRN_SOURCE_COLUMNS],
                            struct trn_source *ret_source,
                            tern_error *error)
{
    tern_regimen *regimen = &ret_source->regimen;
    tern_status status;

    read_texts(values, ret_source);
    *regimen = (tern_regimen){.size = sizeof(*regimen),
                              .zone = ret_source->zone,
                              .start_date = ret_source->start,
                              .end_date = ret_source->end[0] != '\0' ? ret_source->end : NULL,
                              .duration_days = (int32_t)values[TRN_SOURCE_DURATION].integer,
                              .slots = (unsigned)values[TRN_SOURCE_SLOTS].integer,
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
    if (!trn_regimen_read(regimen, &ret_source->rule)) {
        ret_source->rule = (struct trn_regimen){.is_understood = false};
    }
    /* What is paused, ended or deleted yields nothing. */
    ret_source->rule.is_understood &= values[TRN_SOURCE_YIELDS].integer != 0;
    return TERN_OK;
}

bool trn_source_yields(const struct trn_source *source, tern_value local_date, tern_value slot)
{
    int32_t day = 0;

    return trn_day_parse(local_date.data, local_date.size, &day) &&
           trn_regimen_yields(&source->rule, day, slot.data, slot.size);
}
