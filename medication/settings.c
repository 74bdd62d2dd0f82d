/* Settings: cells of the user's own row, and the row of meal times. Where days or slots may change
 * by them, doses that have passed are stored as MISSED before, by what was set: a bounded number a
 * transaction, each a guess. The last transaction sees that there is no more, and writes the
 * setting alone. */
#include "tern/medication/settings.h"

#include <string.h>

#include "base/mutant.h"
#include "medication/internal.h"
#include "tern/medication/schedule.h"
#include "tern/row.h"

static const char *const languages[] = {"KHMER", "ENGLISH"};
static const char *const themes[] = {"LIGHT", "DARK"};

/* Columns of the settings' statement. */
enum { LANGUAGE, THEME, GRACE, ZONE, MEALS_ID, MEALS_DELETED, FIRST_MEAL };

enum { MEALS = 3, MEAL_CHARACTERS = 20, MEAL_BYTES = 81, ZONE_BYTES = 65, MORNING_PRESET = 420 };

static tern_status
read_row(tern_care *care, const tern_id *patient, tern_statement **ret_row, tern_care_error *error)
{
    const tern_value user = tern_value_id(patient);

    return trn_care_row(care, TRN_SQL_SETTINGS, &user, 1, TERN_PROBLEM_NO_PATIENT, ret_row, error);
}

static bool meals_are_deleted(tern_statement *row)
{
    return tern_statement_value(row, MEALS_DELETED).kind != TERN_NULL;
}

static void read_meal(tern_statement *row, int meal, int32_t *minute)
{
    char text[MEAL_BYTES];

    if (!meals_are_deleted(row)) {
        trn_value_to_text(tern_statement_value(row, FIRST_MEAL + meal), text, sizeof(text));
        (void)tern_meal_parse(text, minute);
    }
}

tern_status trn_care_morning(tern_care *care,
                             const tern_id *patient,
                             int32_t *ret_minute,
                             tern_care_error *error)
{
    tern_care_error cause = {.problem = TERN_PROBLEM_NONE};
    tern_statement *row = NULL;
    tern_status status = read_row(care, patient, &row, &cause);

    if (status != TERN_OK && cause.problem != TERN_PROBLEM_NO_PATIENT) {
        if (error != NULL) {
            *error = cause;
        }
        return status;
    }
    *ret_minute = MORNING_PRESET;
    if (status == TERN_OK) {
        read_meal(row, 0, ret_minute);
        tern_statement_reset(row);
    }
    return TERN_OK;
}

tern_status tern_settings_read(tern_care *care, tern_settings *ret_settings, tern_care_error *error)
{
    tern_settings settings = {.size = sizeof(settings),
                              .meal_minutes = {MORNING_PRESET, 720, 1080}};
    tern_statement *row = NULL;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || ret_settings == NULL || ret_settings->size != sizeof(*ret_settings)) {
        return trn_care_misuse(error, "tern_settings_read");
    }
    status = read_row(care, &care->user, &row, error);
    if (status != TERN_OK) {
        return status;
    }
    settings.language =
        trn_value_is(tern_statement_value(row, LANGUAGE), languages[1]) ? TERN_ENGLISH : TERN_KHMER;
    settings.theme = trn_value_is(tern_statement_value(row, THEME), themes[1]) ? TERN_THEME_DARK
                                                                               : TERN_THEME_LIGHT;
    settings.grace_minutes = (int32_t)tern_statement_value(row, GRACE).integer;
    trn_value_to_text(tern_statement_value(row, ZONE), settings.time_zone, ZONE_BYTES);
    for (int i = TRN_MUTANT(CARE_MORNING_PRESET) ? 1 : 0; i < MEALS; i++) {
        read_meal(row, i, &settings.meal_minutes[i]);
    }
    tern_statement_reset(row);
    *ret_settings = settings;
    return TERN_OK;
}

static tern_status
update_user(tern_care *care, tern_tx *tx, const tern_cell *cell, tern_care_error *error)
{
    tern_status status =
        tern_row_update(tx, "users", &care->user, cell, 1, trn_engine_error(error));

    return status == TERN_ERR_NOT_FOUND ? trn_problem(error, TERN_PROBLEM_NO_PATIENT, 0, 0)
                                        : status;
}

/* Changes a cell of the user's row. */
static tern_status
write_cell(tern_care *care, const char *column, tern_value value, tern_care_error *error)
{
    const tern_cell cell = {column, value};
    tern_tx *tx = NULL;
    tern_status status = trn_care_begin(care, false, &tx, error);

    return status == TERN_OK ? trn_care_end(tx, update_user(care, tx, &cell, error), error)
                             : status;
}

tern_status
tern_settings_set_language(tern_care *care, tern_language language, tern_care_error *error)
{
    trn_care_clear(error);
    if (care == NULL) {
        return trn_care_misuse(error, "tern_settings_set_language");
    }
    if (language != TERN_KHMER && language != TERN_ENGLISH) {
        return trn_problem(error, TERN_PROBLEM_SETTING, 0, 0);
    }
    return write_cell(care, "language", tern_value_text(languages[language]), error);
}

tern_status tern_settings_set_theme(tern_care *care, tern_theme theme, tern_care_error *error)
{
    trn_care_clear(error);
    if (care == NULL) {
        return trn_care_misuse(error, "tern_settings_set_theme");
    }
    if (theme != TERN_THEME_LIGHT && theme != TERN_THEME_DARK) {
        return trn_problem(error, TERN_PROBLEM_SETTING, 0, 0);
    }
    return write_cell(care, "theme", tern_value_text(themes[theme]), error);
}

tern_status tern_settings_set_grace(tern_care *care, int32_t minutes, tern_care_error *error)
{
    trn_care_clear(error);
    if (care == NULL) {
        return trn_care_misuse(error, "tern_settings_set_grace");
    }
    if (minutes != 10 && minutes != 20 && minutes != 30 && minutes != 60) {
        return trn_problem(error, TERN_PROBLEM_GRACE, minutes, 0);
    }
    return write_cell(care, "grace_period_minutes", tern_value_integer(minutes), error);
}

/* ---- What days and slots depend on ---- */

typedef tern_status (*write_setting)(tern_care *care,
                                     tern_tx *tx,
                                     const void *setting,
                                     tern_care_error *error);

struct change {
    write_setting write;
    const void *setting;
    tern_missed_cursor cursor; /* what passed is settled up to there */
    bool is_settled;
    bool more; /* behind the cursor */
};

/* Writes the setting, unless there is something to settle before. */
static tern_status look_or_write(tern_care *care, struct change *change, tern_care_error *error)
{
    tern_statement *row = NULL;
    tern_tx *tx = NULL;
    tern_status status = trn_care_begin(care, false, &tx, error);

    if (status != TERN_OK) {
        return status;
    }
    status = read_row(care, &care->user, &row, error);
    if (status == TERN_OK) {
        tern_statement_reset(row);
        status = trn_doses_are_settled(care,
                                       &care->user,
                                       &change->cursor,
                                       &change->is_settled,
                                       &change->more,
                                       error);
    }
    if (status == TERN_OK && change->is_settled && !change->more) {
        status = change->write(care, tx, change->setting, error);
    }
    return trn_care_end(tx, status, error);
}

static tern_status
change(tern_care *care, write_setting write, const void *setting, tern_care_error *error)
{
    struct change change = {.write = write, .setting = setting};
    tern_status status;

    do {
        status = look_or_write(care, &change, error);
        if (status == TERN_OK && !change.is_settled) {
            status = trn_doses_settle(care, &care->user, &change.cursor, &change.more, error);
        }
    } while (status == TERN_OK && (!change.is_settled || change.more));
    return status;
}

static tern_status
write_zone(tern_care *care, tern_tx *tx, const void *setting, tern_care_error *error)
{
    return update_user(care, tx, setting, error);
}

tern_status tern_settings_set_time_zone(tern_care *care, const char *zone, tern_care_error *error)
{
    const tern_cell cell = {"time_zone", tern_value_text(zone)};
    int32_t offset = 0;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || zone == NULL) {
        return trn_care_misuse(error, "tern_settings_set_time_zone");
    }
    status = care->zones.offset(care->zones.context, zone, 0, &offset, trn_engine_error(error));
    return status == TERN_OK ? change(care, write_zone, &cell, error)
                             : trn_zone_failed(status, error);
}

/* The row is there, or is brought back, or is made: its id is derived from the user. */
static tern_status
write_meals(tern_care *care, tern_tx *tx, const void *setting, tern_care_error *error)
{
    const char *const *meals = setting;
    static const char table[] = "meal_time_preferences";
    const tern_cell cells[] = {{"morning_meal", tern_value_text(meals[0])},
                               {"afternoon_meal", tern_value_text(meals[1])},
                               {"night_meal", tern_value_text(meals[2])},
                               {"user_id", tern_value_id(&care->user)}};
    tern_error *engine = trn_engine_error(error);
    tern_statement *row = NULL;
    bool is_there;
    bool is_deleted;
    tern_id id;
    tern_status status = read_row(care, &care->user, &row, error);

    if (status != TERN_OK) {
        return status;
    }
    is_there = tern_statement_value(row, MEALS_ID).kind != TERN_NULL;
    is_deleted = meals_are_deleted(row);
    id = trn_value_to_id(tern_statement_value(row, MEALS_ID));
    tern_statement_reset(row);
    if (!is_there) {
        return tern_row_insert(tx, table, cells, MEALS + 1, NULL, engine);
    }
    if (is_deleted) {
        status = tern_row_undelete(tx, table, &id, engine);
    }
    return status == TERN_OK ? tern_row_update(tx, table, &id, cells, MEALS, engine) : status;
}

tern_status tern_settings_set_meals(tern_care *care,
                                    const char *morning,
                                    const char *afternoon,
                                    const char *night,
                                    tern_care_error *error)
{
    const char *const meals[MEALS] = {morning, afternoon, night};
    int32_t minute = 0;

    trn_care_clear(error);
    if (care == NULL) {
        return trn_care_misuse(error, "tern_settings_set_meals");
    }
    for (int i = 0; i < MEALS; i++) {
        if (meals[i] != NULL &&
            (!tern_meal_parse(meals[i], &minute) || strlen(meals[i]) > MEAL_CHARACTERS)) {
            return trn_problem(error, TERN_PROBLEM_MEAL_TIME, i, 0);
        }
    }
    return change(care, write_meals, meals, error);
}
