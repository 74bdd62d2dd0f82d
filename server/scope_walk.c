/* Places are read some at a time, and rows as their places are come past. */
#include "server/scope_walk.h"

#include "base/error.h"
#include "base/mutant.h"
#include "base/portion.h"
#include "base/uuid.h"
#include "model/window.h"
#include "wire/upcast.h"

enum { PLACES_AT_ONCE = 256, LOOKED_AT_MIN = 256, LOOKED_AT_PER_ROW = 16 };

/* Rows are left out only where they are older than was asked for by so much: the device's own
 * measure is the exact one. */
#define MARGIN_US TRN_DAY_US

/* What is younger than this no device has let go for its age: no window is shorter. */
#define SHORTEST_WINDOW_US TRN_DAY_US

/* ---- Numbers announced ---- */

/* Announces the number unless that was done. `as_last`: the rows behind name no other, so it must
 * be the one announced last. */
static tern_status
announce(struct trn_scope_walk *walk, int64_t number, bool as_last, tern_error *error)
{
    struct trn_db_tx tx;
    tern_status status;

    if (number == 0 || (as_last && walk->page->last == number) ||
        (!as_last && trn_numbers_has(walk->announced, number))) {
        return TERN_OK;
    }
    status = trn_facts_tx(walk->pull->facts, number, &tx, error);
    if (status == TERN_OK) {
        const struct trn_answer_tx line = {number, tx.time_us, tx.device};

        status = trn_answer_write_tx(walk->page, &line, error);
    }
    if (status == TERN_OK && trn_numbers_add(walk->announced, number) != TERN_OK) {
        status = trn_fail_nomem(error);
    }
    return status;
}

/* ---- Rows ---- */

static bool is_uniform(const struct trn_table *table, const struct trn_version *version)
{
    for (size_t unit = 1; unit < table->unit_count; unit++) {
        if (version->keys[unit] != version->keys[0]) {
            return false;
        }
    }
    return version->keys[0] != 0;
}

static bool is_told(const struct trn_pull *pull, int64_t number)
{
    size_t low = 0;
    size_t high = pull->taken_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (pull->taken[middle] < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < pull->taken_count && pull->taken[low] == number;
}

/* A row that has a window may have left the device since it wrote it, and a further insert of its
 * natural key met it here unseen. It holds it for certain where one tx wrote all of it; or where it
 * had it before this page and the row is so young that it has not left. */
static bool still_holds(const struct trn_scope_walk *walk,
                        const struct trn_table *table,
                        const struct trn_row *row)
{
    const struct trn_column *column;
    const int64_t *numbers = row->version.keys;

    if (!trn_window_is_declared(table) || is_uniform(table, &row->version)) {
        return true;
    }
    column = &table->columns[table->window_column];
    return numbers[TRN_UNIT_EXISTENCE] <= walk->held && numbers[column->unit] <= walk->held &&
           trn_window_covers(column->type,
                             walk->pull->now_us - SHORTEST_WINDOW_US,
                             &row->values[table->window_column]);
}

/* Whether the row was made by the insert that its existence is of, and not by another that this
 * device never heard of: a derived id may have been inserted twice, and whoever deleted the row, or
 * brought it back, need not have made it. */
static bool is_as_made(const struct trn_table *table, const struct trn_row *row)
{
    int64_t existence = row->version.keys[TRN_UNIT_EXISTENCE];

    if (table->natural_key_count == 0) {
        return true;
    }
    for (size_t unit = 0; unit < table->unit_count; unit++) {
        if (row->version.keys[unit] != 0 && row->version.keys[unit] < existence) {
            return false;
        }
    }
    return row->deleted_at_us == 0;
}

/* The device holds the row as it is: it handed every unit of it in, and knows that it did. What has
 * its id may be a copy of it, and what that handed in is news here. The server's own rows it never
 * saw.
 */
static tern_status is_own(struct trn_scope_walk *walk,
                          const struct trn_table *table,
                          const struct trn_row *row,
                          bool *ret_own,
                          tern_error *error)
{
    const struct trn_pull *pull = walk->pull;
    bool own = !walk->position.fresh && table->index + 1U != pull->db->schema->table_count;
    int64_t seen = 0;

    for (size_t unit = 0; unit < table->unit_count && own; unit++) {
        int64_t number = row->version.keys[unit];
        struct trn_db_tx tx;
        tern_status status;

        if (number == 0 || number == seen) {
            continue;
        }
        status = trn_facts_tx(pull->facts, number, &tx, error);
        if (status != TERN_OK) {
            return status;
        }
        own = trn_id_equal(&tx.sender, &pull->device) && !tx.relayed &&
              (number <= walk->held || is_told(pull, number));
        seen = number;
    }
    *ret_own = own && is_as_made(table, row) && still_holds(walk, table, row);
    return TERN_OK;
}

static bool is_asked_for(const struct trn_pull *pull,
                         const struct trn_request_window *window,
                         const struct trn_table *table,
                         const struct trn_row *row)
{
    const struct trn_schema *schema = pull->db->schema;
    enum trn_type type;

    if (trn_wire_table(schema, (int64_t)window->table, pull->schema_version) != table ||
        window->column >= table->column_count) {
        return true;
    }
    type = table->columns[window->column].type;
    return (type != TRN_TYPE_DATE && type != TRN_TYPE_TIMESTAMPTZ) ||
           trn_window_covers(type,
                             trn_window_floor(pull->now_us, window->days) - MARGIN_US,
                             &row->values[window->column]);
}

/* Whether the device wants none of it. Only what was never sent can be left out: of a row that the
 * device may hold it has to hear. */
static bool is_too_old(const struct trn_scope_walk *walk,
                       const struct trn_table *table,
                       const struct trn_row *row)
{
    bool asked = true;

    for (size_t i = 0; i < walk->pull->window_count && walk->position.fresh && asked; i++) {
        asked = is_asked_for(walk->pull, &walk->pull->windows[i], table, row);
    }
    return !asked;
}

static tern_status open_scope(struct trn_scope_walk *walk, tern_error *error)
{
    tern_status status = TERN_OK;

    if (!walk->opened) {
        trn_numbers_clear(walk->announced);
        status =
            trn_answer_begin_scope(walk->page, &walk->position.scope, !walk->position.begun, error);
        walk->opened = status == TERN_OK;
    }
    return status;
}

static tern_status write_row(struct trn_scope_walk *walk,
                             const struct trn_table *table,
                             const struct trn_row *row,
                             tern_error *error)
{
    bool uniform = is_uniform(table, &row->version);
    tern_status status = open_scope(walk, error);

    for (size_t unit = 0; unit < table->unit_count && status == TERN_OK; unit++) {
        if (unit == 0 || !uniform) {
            status = announce(walk, row->version.keys[unit], uniform, error);
        }
    }
    if (status == TERN_OK) {
        status = trn_answer_write_row(walk->page, table, row, error);
    }
    if (status == TERN_OK) {
        walk->pull->rows++;
    }
    return status;
}

static bool is_full(const struct trn_scope_walk *walk)
{
    return (walk->pull->rows >= walk->pull->room_rows && !TRN_MUTANT(PAGE_UNLIMITED)) ||
           walk->page->lines.bytes->size >= walk->pull->room_bytes;
}

static bool has_looked_enough(const struct trn_scope_walk *walk)
{
    return walk->pull->looked_at >=
           trn_portion(LOOKED_AT_MIN) + walk->pull->room_rows * trn_portion(LOOKED_AT_PER_ROW);
}

/* Sends what stands at one place, or finds that it does not fit any more. */
static tern_status visit(struct trn_scope_walk *walk,
                         const struct trn_db_place *place,
                         bool *ret_fits,
                         tern_error *error)
{
    const struct trn_table *table = &walk->pull->db->schema->tables[place->table];
    struct trn_row row;
    bool found = false;
    bool skip = table->since > walk->pull->schema_version;
    tern_status status = TERN_OK;

    *ret_fits = !has_looked_enough(walk);
    if (!*ret_fits) {
        return TERN_OK;
    }
    walk->pull->looked_at++;
    walk->looked = true;
    if (!skip) {
        status =
            walk->pull->db->ops->row_read(walk->pull->view, table, &place->id, &found, &row, error);
    }
    if (status == TERN_OK && !skip && !found) {
        status =
            trn_fail(error, TERN_ERR_CORRUPT, "%s: the log names a row that is gone", table->name);
    }
    if (status == TERN_OK && !skip) {
        status = is_own(walk, table, &row, &skip, error);
    }
    skip = skip || (status == TERN_OK && is_too_old(walk, table, &row));
    if (status != TERN_OK || skip) {
        return status;
    }
    if (is_full(walk)) {
        *ret_fits = false;
        return TERN_OK;
    }
    return write_row(walk, table, &row, error);
}

static tern_status walk_places(struct trn_scope_walk *walk,
                               const struct trn_db_place *places,
                               size_t count,
                               bool *ret_fits,
                               tern_error *error)
{
    struct trn_db_place *place = &walk->position.place;
    tern_status status = TERN_OK;

    *ret_fits = true;
    for (size_t index = 0; index < count && status == TERN_OK; index++) {
        status = visit(walk, &places[index], ret_fits, error);
        if (status == TERN_OK && !*ret_fits) {
            if (places[index].number > place->number) {
                place->table = TRN_NO_TABLE; /* the number before is sent whole */
            }
            return TERN_OK;
        }
        *place = places[index];
    }
    return status;
}

tern_id trn_scope_walk_stranger(const struct trn_pull *pull)
{
    tern_id stranger = pull->user;

    stranger.bytes[sizeof stranger.bytes - 1] ^= 1;
    return stranger;
}

static bool is_strange(const struct trn_scope_walk *walk)
{
    const tern_id stranger = trn_scope_walk_stranger(walk->pull);

    return TRN_MUTANT(STRANGER_STAGED) && trn_id_equal(&walk->position.scope, &stranger);
}

static tern_status finish_scope(struct trn_scope_walk *walk, int64_t high, tern_error *error)
{
    tern_status status = TERN_OK;

    if (!walk->position.begun || walk->position.partial) {
        status = open_scope(walk, error);
    }
    if (status == TERN_OK && walk->opened && !is_strange(walk)) {
        status = trn_answer_end_scope(walk->page, &walk->position.scope, error);
    }
    walk->position.place.number = TRN_MUTANT(HIGH_AHEAD) ? high + 1 : high;
    walk->position.place.table = TRN_NO_TABLE;
    walk->position.begun = true;
    walk->position.fresh = false;
    walk->position.partial = false;
    walk->done = true;
    return status;
}

tern_status trn_scope_walk_run(struct trn_scope_walk *walk, tern_error *error)
{
    const size_t room = trn_portion(PLACES_AT_ONCE);
    struct trn_db_place places[PLACES_AT_ONCE];
    struct trn_pull *pull = walk->pull;
    size_t count = room;
    bool fits = true;
    tern_status status = TERN_OK;

    while (status == TERN_OK && fits && count == room) {
        status = pull->db->ops->log_read(pull->view,
                                         &walk->position.scope,
                                         &walk->position.place,
                                         places,
                                         room,
                                         &count,
                                         error);
        if (status == TERN_OK) {
            status = walk_places(walk, places, count, &fits, error);
        }
        if (TRN_MUTANT(RECORD_CUT)) {
            break;
        }
    }
    if (status == TERN_OK && fits && !walk->position.begun && is_full(walk)) {
        fits = false; /* an empty scope may be a fresh one, too: next time */
    }
    if (status == TERN_OK && fits) {
        return finish_scope(walk, pull->next.high, error);
    }
    if (status == TERN_OK && walk->looked && has_looked_enough(walk)) {
        status = open_scope(walk, error); /* else the way would be come again */
    }
    pull->more = true;
    walk->position.begun = walk->position.begun || walk->opened;
    walk->position.partial = walk->position.partial || walk->opened;
    if (TRN_MUTANT(RECORD_COMPLETE_EARLY) && status == TERN_OK && walk->opened) {
        return trn_answer_end_scope(walk->page, &walk->position.scope, error);
    }
    return status;
}
