/* The floors stand in the file beside what was declared when they were set. */
#include "engine/window.h"

#include "base/mutant.h"
#include "base/portion.h"
#include "base/uuid.h"
#include "engine/held.h"

enum { ROWS_AT_ONCE = 256 };

/* The server's clock may be set right by this much without anybody noticing. */
#define CLOCK_SLACK_US TRN_DAY_US

/* ---- What is declared ---- */

static tern_status
declare_first(struct trn_work *work, const struct trn_table *table, tern_error *error)
{
    struct trn_window_state state = {.column = table->window_column,
                                     .days = table->window_days,
                                     .floor_us = INT64_MIN,
                                     .reach_us =
                                         work->meta.last_sync_us != 0 ? INT64_MIN : INT64_MAX};

    return trn_window_write(work->store, table, &state, error);
}

/* The window that the file was kept by is not this one. Where it was narrower, or by another
 * column, rows are missing here: they come with the copy of everything that follows any new
 * document. */
static tern_status change(struct trn_work *work,
                          const struct trn_table *table,
                          const struct trn_window_state *kept,
                          tern_error *error)
{
    struct trn_window_state state = *kept;
    bool other = kept->column != table->window_column;

    state.column = table->window_column;
    state.days = table->window_days;
    if (other || kept->days < table->window_days) {
        state.floor_us = INT64_MIN;
    }
    if (other && kept->reach_us != INT64_MIN) {
        state.reach_us = INT64_MAX;
    }
    return trn_window_write(work->store, table, &state, error);
}

/* Runs `act` on the tables with windows, and on the others only where the file has windows of
 * some. */
static tern_status
visit(struct trn_work *work,
      tern_status (*act)(struct trn_work *work, const struct trn_table *table, tern_error *error),
      tern_error *error)
{
    const struct trn_schema *schema = work->engine->schema;
    uint64_t declared = 0;
    uint64_t kept = 0;
    tern_status status = TERN_OK;

    for (size_t i = 0; i < schema->table_count && status == TERN_OK; i++) {
        if (trn_window_is_declared(&schema->tables[i])) {
            declared++;
            status = act(work, &schema->tables[i], error);
        }
    }
    if (status == TERN_OK) {
        status = trn_window_count(work->store, &kept, error);
    }
    for (size_t i = 0; i < schema->table_count && status == TERN_OK && kept > declared; i++) {
        if (!trn_window_is_declared(&schema->tables[i])) {
            status = act(work, &schema->tables[i], error);
        }
    }
    return status;
}

static tern_status declare(struct trn_work *work, const struct trn_table *table, tern_error *error)
{
    struct trn_window_state kept = {0};
    bool found = false;
    tern_status status = trn_window_read(work->store, table, &found, &kept, error);

    if (status != TERN_OK) {
        return status;
    }
    if (!trn_window_is_declared(table)) {
        kept.floor_us = INT64_MIN; /* what is known of its reach stays until all is here */
        return found ? trn_window_write(work->store, table, &kept, error) : TERN_OK;
    }
    if (!found) {
        return declare_first(work, table, error);
    }
    if (kept.column == table->window_column && kept.days == table->window_days) {
        return TERN_OK;
    }
    return change(work, table, &kept, error);
}

tern_status trn_window_declare(struct trn_work *work, tern_error *error)
{
    return visit(work, declare, error);
}

/* ---- The floors ---- */

static tern_status
move(struct trn_work *work, const struct trn_table *table, int64_t server_us, tern_error *error)
{
    uint32_t days = TRN_MUTANT(WINDOW_TOO_SHORT) ? table->window_days / 2 : table->window_days;
    int64_t floor_us = trn_window_floor(server_us, days);
    struct trn_window_state state = {0};
    bool found = false;
    tern_status status = trn_window_read(work->store, table, &found, &state, error);

    if (status != TERN_OK || !found || floor_us == state.floor_us) {
        return status;
    }
    if (floor_us < state.floor_us) {
        if (state.floor_us - floor_us < CLOCK_SLACK_US) {
            return TERN_OK;
        }
        work->refetch = true; /* the clock by which rows left was wrong */
    } else if (state.reach_us < floor_us) {
        state.reach_us = floor_us;
    }
    state.floor_us = floor_us;
    work->window_table = NULL;
    return trn_window_write(work->store, table, &state, error);
}

tern_status trn_window_move(struct trn_work *work, int64_t server_us, tern_error *error)
{
    const struct trn_schema *schema = work->engine->schema;
    tern_status status = TERN_OK;

    for (size_t i = 0; i < schema->table_count && status == TERN_OK; i++) {
        if (trn_window_is_declared(&schema->tables[i])) {
            status = move(work, &schema->tables[i], server_us, error);
        }
    }
    return status;
}

static tern_status settle(struct trn_work *work, const struct trn_table *table, tern_error *error)
{
    struct trn_window_state state = {0};
    bool found = false;
    tern_status status = trn_window_read(work->store, table, &found, &state, error);

    if (status != TERN_OK || !found) {
        return status;
    }
    if (!trn_window_is_declared(table)) {
        return trn_window_drop(work->store, table, error);
    }
    if (state.reach_us == state.floor_us) {
        return TERN_OK;
    }
    state.reach_us = state.floor_us;
    return trn_window_write(work->store, table, &state, error);
}

tern_status trn_window_settle(struct trn_work *work, tern_error *error)
{
    return visit(work, settle, error);
}

tern_status trn_window_reach(struct trn_store *store,
                             const struct trn_table *table,
                             int64_t *ret_reach_us,
                             tern_error *error)
{
    struct trn_window_state state = {.reach_us = INT64_MIN};
    struct trn_meta meta = {0};
    bool found = false;
    tern_status status = trn_meta_read(store, &meta, error);

    if (status == TERN_OK) {
        status = trn_window_read(store, table, &found, &state, error);
    }
    if (status == TERN_OK) {
        *ret_reach_us = found || meta.last_sync_us != 0 ? state.reach_us : INT64_MAX;
    }
    return status;
}

/* The floor of a table with a window. */
static tern_status floor_of(struct trn_work *work,
                            const struct trn_table *table,
                            int64_t *ret_floor_us,
                            tern_error *error)
{
    struct trn_window_state state = {.floor_us = INT64_MIN};
    bool found = false;
    tern_status status = TERN_OK;

    if (work->window_table != table) {
        status = trn_window_read(work->store, table, &found, &state, error);
        if (status == TERN_OK) {
            work->window_table = table;
            work->window_floor_us = state.floor_us;
        }
    }
    *ret_floor_us = work->window_floor_us;
    return status;
}

/* ---- What is asked of the server ---- */

static bool holds_of(const struct trn_idset *held, const struct trn_table *table)
{
    for (size_t i = 0; i < held->room; i++) {
        if (held->items[i].table == table->index + 1) {
            return true;
        }
    }
    return false;
}

tern_status trn_window_ask(struct trn_work *work,
                           struct trn_request_window *ret_windows,
                           size_t room,
                           size_t *ret_count,
                           tern_error *error)
{
    const struct trn_schema *schema = work->engine->schema;
    struct trn_entry pending = {0};
    size_t count = 0;
    tern_status status = TERN_OK;

    *ret_count = 0;
    for (size_t i = 0; i < schema->table_count && status == TERN_OK && count < room; i++) {
        const struct trn_table *table = &schema->tables[i];

        if (!trn_window_is_declared(table) || trn_window_is_referenced(schema, table)) {
            continue;
        }
        /* To look through a long queue for each request would take longer than the rows do. */
        status = trn_outbox_next(work->store, 0, 1U << TERN_ENTRY_PENDING, &pending, error);
        if (status == TERN_OK && pending.ordinal != 0) {
            return TERN_OK;
        }
        if (status == TERN_OK) {
            status = trn_held_find(work, error);
        }
        if (status == TERN_OK && !holds_of(&work->held, table)) {
            ret_windows[count++] =
                (struct trn_request_window){i, table->window_column, table->window_days};
        }
    }
    if (status == TERN_OK) {
        *ret_count = count;
    }
    return status;
}

/* ---- What comes ---- */

tern_status trn_window_is_past(struct trn_work *work,
                               const struct trn_table *table,
                               const struct trn_row *row,
                               bool *ret_past,
                               tern_error *error)
{
    int64_t floor_us = 0;
    tern_status status;

    *ret_past = false;
    if (!trn_window_is_declared(table)) {
        return TERN_OK;
    }
    status = floor_of(work, table, &floor_us, error);
    *ret_past = !trn_window_covers(table->columns[table->window_column].type,
                                   floor_us,
                                   &row->values[table->window_column]);
    return status;
}

tern_status trn_window_refuses(struct trn_work *work,
                               const struct trn_table *table,
                               const struct trn_row *row,
                               bool *ret_refuses,
                               tern_error *error)
{
    bool past = false;
    bool stays = true;
    tern_status status = trn_window_is_past(work, table, row, &past, error);

    *ret_refuses = false;
    if (status != TERN_OK || !past || trn_window_is_referenced(work->engine->schema, table)) {
        return status;
    }
    status = trn_held_has(work, table, &row->id, &stays, error);
    *ret_refuses = !stays;
    return status;
}

tern_status trn_window_keeps(struct trn_work *work,
                             const struct trn_table *table,
                             const tern_id *id,
                             bool *ret_keeps,
                             tern_error *error)
{
    struct trn_row row;
    bool found = false;
    bool past = false;
    bool held = false;
    tern_status status = TERN_OK;

    *ret_keeps = false;
    if (!trn_window_is_declared(table)) {
        return TERN_OK;
    }
    status = trn_store_row_read(work->store, table, id, &found, &row, error);
    if (status == TERN_OK && found) {
        status = trn_window_is_past(work, table, &row, &past, error);
    }
    if (status == TERN_OK && past) {
        status = trn_held_has(work, table, id, &held, error);
    }
    *ret_keeps = held;
    return status;
}

struct lacking {
    struct trn_work *work;
    bool lacks;
};

static tern_status
look_for(void *context, const struct trn_table *table, const tern_id *id, tern_error *error)
{
    struct lacking *lacking = context;
    struct trn_row row;
    bool found = false;
    tern_status status = trn_store_row_read(lacking->work->store, table, id, &found, &row, error);

    lacking->lacks = lacking->lacks || !found;
    return status;
}

tern_status
trn_window_lacks(struct trn_work *work, uint64_t ordinal, bool *ret_lacks, tern_error *error)
{
    struct lacking lacking = {.work = work};
    tern_status status = trn_held_visit_references(work, ordinal, look_for, &lacking, error);

    *ret_lacks = lacking.lacks;
    return status;
}

/* ---- Tidying ---- */

static tern_status is_kept(struct trn_work *work,
                           const struct trn_table *table,
                           const tern_id *id,
                           bool *ret_kept,
                           tern_error *error)
{
    tern_status status = trn_held_has(work, table, id, ret_kept, error);

    return status == TERN_OK && !*ret_kept
               ? trn_store_row_is_referenced(work->store, table, id, ret_kept, error)
               : status;
}

/* Whether rows of the table may keep older ones. */
static bool may_hold(const struct trn_schema *schema, const struct trn_table *table)
{
    for (size_t i = 0; i < table->column_count; i++) {
        const struct trn_column *column = &table->columns[i];

        if (column->target != TRN_NO_TABLE && !column->may_leave &&
            trn_window_is_declared(&schema->tables[column->target])) {
            return true;
        }
    }
    return false;
}

static tern_status take_out(struct trn_work *work,
                            const struct trn_table *table,
                            const tern_id *id,
                            bool *ret_left,
                            tern_error *error)
{
    bool kept = false;
    tern_status status = is_kept(work, table, id, &kept, error);

    if (status != TERN_OK || kept) {
        return status;
    }
    trn_store_touch(work->store, table);
    *ret_left = true;
    return trn_store_row_erase(work->store, table, id, error);
}

static tern_status tidy_some(struct trn_work *work,
                             const struct trn_table *table,
                             struct trn_window_tidying *tidying,
                             size_t rows,
                             size_t *ret_count,
                             tern_error *error)
{
    char room[TRN_DATE_BYTES];
    tern_id ids[ROWS_AT_ONCE];
    int64_t floor_us = 0;
    bool left = false;
    tern_value bound;
    tern_status status = floor_of(work, table, &floor_us, error);

    if (status != TERN_OK) {
        return status;
    }
    bound = trn_window_bound(table->columns[table->window_column].type, floor_us, room);
    status = trn_store_rows_before(work->store,
                                   table,
                                   &bound,
                                   &tidying->place,
                                   ids,
                                   rows,
                                   ret_count,
                                   error);
    for (size_t i = 0; status == TERN_OK && i < *ret_count; i++) {
        status = take_out(work, table, &ids[i], &left, error);
    }
    tidying->freed = tidying->freed || (left && may_hold(work->engine->schema, table));
    return status;
}

/* A table's rows mostly reference those of tables before it, so the last one comes first. */
static void start_pass(struct trn_window_tidying *tidying, const struct trn_schema *schema)
{
    *tidying = (struct trn_window_tidying){.begun = true, .tables_left = schema->table_count};
    tidying->place.time_us = INT64_MIN;
    tidying->place.rowid = INT64_MIN;
}

tern_status trn_window_tidy(struct trn_work *work,
                            struct trn_window_tidying *tidying,
                            size_t rows,
                            bool *ret_more,
                            tern_error *error)
{
    const struct trn_schema *schema = work->engine->schema;

    if (!tidying->begun) {
        start_pass(tidying, schema);
    }
    while (rows > 0 && tidying->tables_left > 0) {
        const struct trn_table *table = &schema->tables[tidying->tables_left - 1];
        size_t limit = rows < trn_portion(ROWS_AT_ONCE) ? rows : trn_portion(ROWS_AT_ONCE);
        size_t count = 0;
        tern_status status = TERN_OK;

        if (trn_window_is_declared(table) && !TRN_MUTANT(WINDOW_UNTIDIED)) {
            status = tidy_some(work, table, tidying, limit, &count, error);
        }
        if (status != TERN_OK) {
            return status;
        }
        rows -= count;
        if (count < limit) {
            tidying->tables_left--;
            tidying->place = (struct trn_window_place){.time_us = INT64_MIN, .rowid = INT64_MIN};
        }
    }
    if (tidying->tables_left == 0 && tidying->freed) {
        start_pass(tidying, schema);
    }
    *ret_more = tidying->tables_left > 0;
    return TERN_OK;
}
