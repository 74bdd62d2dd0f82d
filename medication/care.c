/* The handle: statements compiled when first used, transactions, the clock, the audit row. */
#include "medication/internal.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "medication/calendar.h"
#include "tern/outbox.h"

/* A day's doses all ask of the same moments, and a host may have to go a long way for an answer. */
static tern_status
ask_zone(void *context, const char *zone, int64_t utc_us, int32_t *ret_offset_s, tern_error *error)
{
    tern_care *care = context;
    struct trn_offset *place = &care->offsets[care->next_offset % TRN_OFFSETS];
    tern_status status;

    for (size_t i = 0; i < TRN_OFFSETS; i++) {
        const struct trn_offset *said = &care->offsets[i];

        if (said->zone[0] != '\0' && said->utc_us == utc_us && strcmp(said->zone, zone) == 0) {
            *ret_offset_s = said->offset_s;
            return TERN_OK;
        }
    }
    status = care->host_zones.offset(care->host_zones.context, zone, utc_us, ret_offset_s, error);
    if (status != TERN_OK) {
        memset(care->offsets, 0, sizeof(care->offsets)); /* a call is to be told of it */
    } else if (strlen(zone) < sizeof(place->zone)) {
        place->utc_us = utc_us;
        place->offset_s = *ret_offset_s;
        memcpy(place->zone, zone, strlen(zone) + 1);
        care->next_offset++;
    }
    return status;
}

tern_status tern_care_open(tern_replica *replica,
                           const tern_care_options *options,
                           tern_care **ret_care,
                           tern_care_error *error)
{
    tern_statement *statement = NULL;
    tern_care *care;
    tern_status status;

    trn_care_clear(error);
    if (replica == NULL || options == NULL || options->size != sizeof(*options) ||
        options->zones == NULL || options->zones->offset == NULL || ret_care == NULL) {
        return trn_care_misuse(error, "tern_care_open");
    }
    care = trn_calloc(1, sizeof(*care));
    if (care == NULL) {
        return trn_fail_nomem(trn_engine_error(error));
    }
    care->replica = replica;
    care->host_zones = *options->zones;
    care->zones = (tern_zone_port){.context = care, .offset = ask_zone};
    tern_replica_user(replica, &care->user);
    /* A replica of another document is told now, rather than by the first call. */
    status = trn_care_bind(care, TRN_SQL_DAY, NULL, 0, &statement, error);
    if (status != TERN_OK) {
        tern_care_close(care);
        return status;
    }
    *ret_care = care;
    return TERN_OK;
}

void tern_care_close(tern_care *care)
{
    if (care == NULL) {
        return;
    }
    for (size_t i = 0; i < TRN_SQL_COUNT; i++) {
        tern_statement_free(care->statements[i]);
    }
    trn_free(care);
}

tern_status trn_care_bind(tern_care *care,
                          enum trn_sql which,
                          const tern_value *values,
                          size_t count,
                          tern_statement **ret_statement,
                          tern_care_error *error)
{
    tern_statement **place = &care->statements[which];
    const char *text = trn_sql_text(which);
    tern_status status = TERN_OK;

    if (*place == NULL) {
        status = tern_statement_prepare(care->replica,
                                        text,
                                        strlen(text),
                                        place,
                                        trn_engine_error(error));
    }
    if (status != TERN_OK) {
        return status;
    }
    tern_statement_reset(*place);
    for (size_t i = 0; status == TERN_OK && i < count; i++) {
        status = tern_statement_bind(*place, (int)i + 1, values[i], trn_engine_error(error));
    }
    if (status == TERN_OK) {
        *ret_statement = *place;
    }
    return status;
}

tern_status trn_care_run(tern_care *care,
                         enum trn_sql which,
                         const tern_value *values,
                         size_t count,
                         tern_care_error *error)
{
    tern_statement *statement = NULL;
    bool row = false;
    tern_status status = trn_care_bind(care, which, values, count, &statement, error);

    if (status == TERN_OK) {
        status = tern_statement_step(statement, &row, trn_engine_error(error));
    }
    return status;
}

tern_status trn_care_has(tern_care *care,
                         enum trn_sql which,
                         const tern_value *values,
                         size_t count,
                         bool *ret_has,
                         tern_care_error *error)
{
    tern_statement *statement = NULL;
    tern_status status = trn_care_bind(care, which, values, count, &statement, error);

    if (status == TERN_OK) {
        status = tern_statement_step(statement, ret_has, trn_engine_error(error));
        tern_statement_reset(statement);
    }
    return status;
}

tern_status trn_care_row(tern_care *care,
                         enum trn_sql which,
                         const tern_value *values,
                         size_t count,
                         tern_problem missing,
                         tern_statement **ret_statement,
                         tern_care_error *error)
{
    tern_statement *statement = NULL;
    bool row = false;
    tern_status status = trn_care_bind(care, which, values, count, &statement, error);

    if (status == TERN_OK) {
        status = tern_statement_step(statement, &row, trn_engine_error(error));
    }
    if (status != TERN_OK) {
        return status;
    }
    if (!row) {
        return trn_problem(error, missing, 0, 0);
    }
    *ret_statement = statement;
    return TERN_OK;
}

tern_status trn_care_each(tern_care *care,
                          enum trn_sql which,
                          const tern_value *values,
                          size_t count,
                          tern_problem missing,
                          trn_row_reader reader,
                          void *run,
                          tern_care_error *error)
{
    tern_statement *row = NULL;
    bool found = false;
    bool more = true;
    tern_status status = trn_care_bind(care, which, values, count, &row, error);

    while (status == TERN_OK && more) {
        status = tern_statement_step(row, &more, trn_engine_error(error));
        if (status == TERN_OK && more) {
            found = true;
            status = reader(run, row, &more, error);
        }
    }
    if (row != NULL) {
        tern_statement_reset(row);
    }
    return status == TERN_OK && !found && missing != TERN_PROBLEM_NONE
               ? trn_problem(error, missing, 0, 0)
               : status;
}

tern_status trn_care_begin(tern_care *care, bool inferred, tern_tx **ret_tx, tern_care_error *error)
{
    tern_tx_options options = {.size = sizeof(options), .inferred = inferred};

    return tern_tx_begin(care->replica, &options, ret_tx, trn_engine_error(error));
}

#ifdef TERN_MUTANTS
static struct {
    tern_care *care;
    tern_value values[5];
    tern_id row;
} apart;

static tern_status act_apart(tern_status status, tern_care_error *error)
{
    tern_care *care = apart.care;
    tern_tx *tx = NULL;

    apart.care = NULL;
    if (status != TERN_OK || care == NULL || trn_care_begin(care, false, &tx, error) != TERN_OK) {
        return status;
    }
    return trn_care_end(tx, trn_care_run(care, TRN_SQL_ACTION, apart.values, 5, error), error);
}

static bool keep_apart(tern_care *care, const tern_value values[5])
{
    if (!TRN_MUTANT(CARE_ACTION_APART)) {
        return false;
    }
    apart.care = care;
    memcpy(apart.values, values, sizeof(apart.values));
    apart.row = trn_value_to_id(values[3]);
    apart.values[0] = tern_value_id(&care->user);
    apart.values[3] = tern_value_id(&apart.row);
    return true;
}
#endif

tern_status trn_care_end(tern_tx *tx, tern_status status, tern_care_error *error)
{
    if (status == TERN_OK) {
        status = tern_tx_commit(tx, NULL, trn_engine_error(error));
#ifdef TERN_MUTANTS
        status = act_apart(status, error);
#endif
        return status;
    }
    tern_tx_rollback(tx);
    return status;
}

tern_status trn_care_now(tern_care *care, int64_t *ret_now_us, tern_care_error *error)
{
    tern_statement *statement = NULL;
    tern_status status =
        trn_care_row(care, TRN_SQL_NOW, NULL, 0, TERN_PROBLEM_NONE, &statement, error);

    if (status == TERN_OK) {
        *ret_now_us = tern_statement_value(statement, 0).integer;
        tern_statement_reset(statement);
    }
    return status;
}

tern_status trn_care_action(tern_care *care,
                            const char *action,
                            const char *table,
                            const tern_id *row,
                            const char *details,
                            tern_care_error *error)
{
    const tern_value values[] = {tern_value_id(&care->user),
                                 tern_value_text(action),
                                 tern_value_text(table),
                                 tern_value_id(row),
                                 tern_value_text(details)};

#ifdef TERN_MUTANTS
    if (keep_apart(care, values)) {
        return TERN_OK;
    }
#endif
    return TRN_MUTANT(CARE_ACTION_MISSING) ? TERN_OK
                                           : trn_care_run(care, TRN_SQL_ACTION, values, 5, error);
}

tern_status trn_care_local_day(tern_care *care,
                               const char *zone,
                               int64_t utc_us,
                               int32_t *ret_day,
                               tern_local_time *ret_local,
                               tern_care_error *error)
{
    tern_local_time local = {0};
    tern_status status =
        tern_zone_to_local(&care->zones, zone, utc_us, &local, trn_engine_error(error));

    if (status != TERN_OK) {
        return trn_zone_failed(status, error);
    }
    *ret_day = trn_day_of_date((struct trn_date){local.year, local.month, local.day});
    if (ret_local != NULL) {
        *ret_local = local;
    }
    return TERN_OK;
}

tern_status trn_care_zone(tern_care *care,
                          const tern_id *patient,
                          char ret_zone[TRN_ZONE_BYTES],
                          tern_care_error *error)
{
    const tern_value key = tern_value_id(patient);
    tern_statement *row = NULL;
    tern_status status =
        trn_care_row(care, TRN_SQL_PATIENT, &key, 1, TERN_PROBLEM_NO_PATIENT, &row, error);

    if (status == TERN_OK) {
        trn_value_to_text(tern_statement_value(row, 0), ret_zone, TRN_ZONE_BYTES);
        tern_statement_reset(row);
    }
    return status;
}

tern_status trn_care_knows(tern_care *care, const tern_id *patient, tern_care_error *error)
{
    char zone[TRN_ZONE_BYTES];

    return trn_care_zone(care, patient, zone, error);
}

/* Now; where the clock is not trusted, the earlier of what the wall clock and the server's word
 * make of it, as a wall clock that has been put right since is moved once too often by that word,
 * yet nothing before `since_us`: that may be of another clock, which a trusted one overrules. */
static tern_status
read_moment(tern_care *care, int64_t since_us, int64_t *ret_now_us, tern_care_error *error)
{
    tern_clock_state clock = {.size = sizeof(clock)};
    tern_status status = tern_replica_read_clock(care->replica, &clock, trn_engine_error(error));

    if (status != TERN_OK) {
        return status;
    }
    *ret_now_us = clock.now_us;
    if (clock.clock_suspect) {
        if (clock.server_offset_known && clock.server_offset_us > 0) {
            *ret_now_us -= clock.server_offset_us;
        }
        *ret_now_us = *ret_now_us < since_us ? since_us : *ret_now_us;
    }
    return TERN_OK;
}

static tern_status read_today(tern_care *care,
                              const tern_id *patient,
                              int64_t since_us,
                              int32_t *ret_day,
                              tern_care_error *error)
{
    char zone[TRN_ZONE_BYTES];
    int64_t now_us = 0;
    tern_status status = trn_care_zone(care, patient, zone, error);

    if (status == TERN_OK) {
        status = read_moment(care, since_us, &now_us, error);
    }
    return status == TERN_OK ? trn_care_local_day(care, zone, now_us, ret_day, NULL, error)
                             : status;
}

tern_status trn_care_start(tern_care *care,
                           const tern_id *patient,
                           const char *end_date,
                           int64_t since_us,
                           char ret_date[TRN_DATE_BYTES],
                           tern_care_error *error)
{
    tern_care_error cause = {.problem = TERN_PROBLEM_NONE};
    int32_t day = 0;
    tern_status status = read_today(care, patient, since_us, &day, &cause);

    ret_date[0] = '\0';
    if (cause.problem == TERN_PROBLEM_NO_PATIENT || cause.problem == TERN_PROBLEM_ZONE) {
        return TERN_OK;
    }
    if (status != TERN_OK) {
        if (error != NULL) {
            *error = cause;
        }
        return status;
    }
    trn_day_format(day, ret_date);
    if (end_date != NULL && strcmp(ret_date, end_date) > 0) {
        ret_date[0] = '\0';
    }
    return TERN_OK;
}

tern_status trn_source_read(tern_care *care,
                            tern_statement *statement,
                            int first,
                            struct trn_source *ret_source,
                            tern_care_error *error)
{
    tern_value values[TRN_SOURCE_COLUMNS];
    tern_status status;

    for (int i = 0; i < TRN_SOURCE_COLUMNS; i++) {
        values[i] = tern_statement_value(statement, first + i);
    }
    status = trn_source_make(&care->zones, values, ret_source, trn_engine_error(error));
    if (status == TERN_ERR_RANGE) {
        /* When it was made is one prescription's trouble, and the patient has others. */
        ret_source->rule = (struct trn_regimen){.is_understood = false};
        trn_care_clear(error);
        return TERN_OK;
    }
    return status == TERN_OK ? TERN_OK : trn_zone_failed(status, error);
}

bool trn_source_is_active(tern_statement *row)
{
    return tern_statement_value(row, TRN_SOURCE_STANDS).integer != 0 &&
           tern_statement_value(row, TRN_SOURCE_ACTIVE).integer != 0;
}
