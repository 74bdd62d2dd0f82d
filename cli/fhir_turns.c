/* Turns are only ever added: a file takes none away that the replica has from elsewhere. */
#include "cli/fhir_turns.h"

#include <string.h>

#include "base/error.h"
#include "medication/source.h"
#include "tern/row.h"

/* The digits from `at` on, and nothing else up to a comma or the end. Moves on behind the comma. */
static bool read_moment(tern_value text, size_t *at, int64_t *ret_moment)
{
    const char *data = text.data;
    const size_t from = *at;
    size_t i = from;
    int64_t moment = 0;

    while (i < text.size && i - from < 18 && data[i] >= '0' && data[i] <= '9') {
        moment = moment * 10 + (data[i++] - '0');
    }
    *at = i + 1;
    *ret_moment = moment;
    return i > from && moment <= TRN_MOMENT_MAX_US && (i == text.size || data[i] == ',');
}

static bool can_be_read(tern_value text)
{
    bool can = text.kind == TERN_TEXT;
    int64_t moment;

    for (size_t at = 0; can && at <= text.size;) {
        can = read_moment(text, &at, &moment);
    }
    return can;
}

static tern_status insert(tern_tx *tx,
                          const tern_id *prescription,
                          const struct trn_turn *turn,
                          struct trn_fhir_report *report,
                          tern_error *error)
{
    static const char table[] = "prescription_turns";
    const tern_cell cells[] = {{"prescription_id", tern_value_id(prescription)},
                               {"turned_at", tern_value_integer(turn->at_us)},
                               {"begins", tern_value_integer(turn->begins)}};
    tern_status status = tern_row_insert(tx, table, cells, 3, NULL, error);
    const bool is_there = status == TERN_ERR_EXISTS;

    if (is_there) {
        trn_error_clear(error);
        status = TERN_OK;
    }
    if (status == TERN_OK) {
        trn_fhir_report_row(report, table, is_there ? "unchanged" : "created");
    }
    return status;
}

tern_status trn_fhir_turns_put(tern_tx *tx,
                               const struct trn_fhir_row *prescription,
                               struct trn_fhir_report *report,
                               tern_error *error)
{
    const tern_value text = trn_fhir_row_find(prescription, TRN_FHIR_TURNS);
    struct trn_turn turn = {.begins = true};
    tern_status status = TERN_OK;

    if (!can_be_read(text)) {
        return TERN_OK;
    }
    for (size_t at = 0; status == TERN_OK && at <= text.size;) {
        (void)read_moment(text, &at, &turn.at_us);
        if (turn.at_us != 0) {
            status = insert(tx, &prescription->id, &turn, report, error);
        }
        turn.begins = !turn.begins;
    }
    return status;
}

static tern_status read_last(tern_replica *replica,
                             const tern_id *prescription,
                             struct trn_turn *last,
                             bool *ret_found,
                             tern_error *error)
{
    static const char sql[] = "SELECT turned_at, begins FROM prescription_turns WHERE "
                              "prescription_id = ?1 AND deleted_at IS NULL "
                              "ORDER BY turned_at DESC, begins DESC LIMIT 1";
    tern_statement *statement = NULL;
    tern_status status = tern_statement_prepare(replica, sql, sizeof(sql) - 1, &statement, error);

    if (status == TERN_OK) {
        status = tern_statement_bind(statement, 1, tern_value_id(prescription), error);
    }
    if (status == TERN_OK) {
        status = tern_statement_step(statement, ret_found, error);
    }
    if (status == TERN_OK && *ret_found) {
        *last = (struct trn_turn){tern_statement_value(statement, 0).integer,
                                  tern_statement_value(statement, 1).integer != 0};
    }
    tern_statement_free(statement);
    return status;
}

tern_status trn_fhir_turns_turn(tern_replica *replica,
                                tern_tx *tx,
                                const tern_id *prescription,
                                tern_value status_now,
                                bool begins,
                                int64_t now_us,
                                struct trn_fhir_report *report,
                                tern_error *error)
{
    struct trn_turn turns[2];
    struct trn_turn last = {0};
    bool found = false;
    size_t count = 0;
    tern_status status = read_last(replica, prescription, &last, &found, error);

    if (status == TERN_OK) {
        count = trn_turns_make(status_now, found ? &last : NULL, begins, now_us, turns);
    }
    for (size_t i = 0; status == TERN_OK && i < count; i++) {
        status = insert(tx, prescription, &turns[i], report, error);
    }
    return status;
}
