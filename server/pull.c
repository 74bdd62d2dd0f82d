/* Walks the log of each scope that the user is served, and writes the rows it names. */
#include "server/pull.h"

#include <string.h>

#include "base/error.h"
#include "base/mutant.h"
#include "base/numbers.h"
#include "base/uuid.h"
#include "model/window.h"
#include "server/grants.h"

enum { PLACES_AT_ONCE = 256, LOOKED_AT_MIN = 256, LOOKED_AT_PER_ROW = 16 };

/* Rows are left out only where they are older than was asked for by so much: the device's own
 * measure is the exact one. */
#define MARGIN_US TRN_DAY_US

/* What is younger than this no device has let go for its age: no window is shorter. */
#define SHORTEST_WINDOW_US TRN_DAY_US

/* A scope under way. */
struct walk {
    struct trn_pull *pull;
    struct trn_answer_writer *page;
    struct trn_numbers *announced; /* for the rows of one scope on this page */
    struct trn_position position;
    int64_t held; /* the device has all of the scope up to this number */
    bool looked;  /* some place of it was come past */
    bool opened;  /* its first line is written */
    bool done;    /* everything of it is sent */
};

/* ---- Numbers announced ---- */

/* Announces the number unless that was done. `as_last`: the rows behind name no other, so it must
 * be the one announced last. */
static tern_status announce(struct walk *walk, int64_t number, bool as_last, tern_error *error)
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
static bool
still_holds(const struct walk *walk, const struct trn_table *table, const struct trn_row *row)
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
static tern_status is_own(struct walk *walk,
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
        own = trn_id_equal(&tx.sender, &pull->device) &&
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
static bool
is_too_old(const struct walk *walk, const struct trn_table *table, const struct trn_row *row)
{
    bool asked = true;

    for (size_t i = 0; i < walk->pull->window_count && walk->position.fresh && asked; i++) {
        asked = is_asked_for(walk->pull, &walk->pull->windows[i], table, row);
    }
    return !asked;
}

static tern_status open_scope(struct walk *walk, tern_error *error)
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

static tern_status write_row(struct walk *walk,
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

static bool is_full(const struct walk *walk)
{
    return (walk->pull->rows >= walk->pull->room_rows && !TRN_MUTANT(PAGE_UNLIMITED)) ||
           walk->page->lines.bytes->size >= walk->pull->room_bytes;
}

static bool has_looked_enough(const struct walk *walk)
{
    return walk->pull->looked_at >= LOOKED_AT_MIN + walk->pull->room_rows * LOOKED_AT_PER_ROW;
}

/* Sends what stands at one place, or finds that it does not fit any more. */
static tern_status
visit(struct walk *walk, const struct trn_db_place *place, bool *ret_fits, tern_error *error)
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

static tern_status walk_places(struct walk *walk,
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

/* Whose record a planted bug sends: the one whose id differs in its last bit. */
static tern_id stranger_of(const struct trn_pull *pull)
{
    tern_id stranger = pull->user;

    stranger.bytes[sizeof stranger.bytes - 1] ^= 1;
    return stranger;
}

static bool is_strange(const struct walk *walk)
{
    const tern_id stranger = stranger_of(walk->pull);

    return TRN_MUTANT(STRANGER_STAGED) && trn_id_equal(&walk->position.scope, &stranger);
}

static tern_status finish_scope(struct walk *walk, int64_t high, tern_error *error)
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

static tern_status walk_scope(struct walk *walk, tern_error *error)
{
    struct trn_db_place places[PLACES_AT_ONCE];
    struct trn_pull *pull = walk->pull;
    size_t count = PLACES_AT_ONCE;
    bool fits = true;
    tern_status status = TERN_OK;

    while (status == TERN_OK && fits && count == PLACES_AT_ONCE) {
        status = pull->db->ops->log_read(pull->view,
                                         &walk->position.scope,
                                         &walk->position.place,
                                         places,
                                         PLACES_AT_ONCE,
                                         &count,
                                         error);
        if (status == TERN_OK) {
            status = walk_places(walk, places, count, &fits, error);
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

/* ---- The page ---- */

static void start_position(struct trn_position *position, const struct trn_position *held)
{
    if (held != NULL && held->begun &&
        (held->version == position->version || TRN_MUTANT(GRANT_VERSION_IGNORED))) {
        *position = *held;
        return;
    }
    position->place.number = 0;
    position->place.table = TRN_NO_TABLE;
    position->fresh = true;
    position->begun = false;
    position->partial = false;
}

static tern_status read_erased(struct trn_pull *pull,
                               const tern_id *scope,
                               struct trn_db_erased *ret_erased,
                               tern_error *error)
{
    *ret_erased = (struct trn_db_erased){.number = 0};
    return pull->any_erased ? pull->db->ops->erased_read(pull->view, scope, ret_erased, error)
                            : TERN_OK;
}

static tern_status serve(struct trn_pull *pull,
                         const tern_id *scope,
                         int64_t version,
                         const struct trn_position *held,
                         struct trn_answer_writer *page,
                         struct trn_numbers *announced,
                         struct trn_position *ret_position,
                         tern_error *error)
{
    struct walk walk = {.pull = pull,
                        .page = page,
                        .announced = announced,
                        .position = {.scope = *scope, .version = version}};
    struct trn_db_erased erased;
    tern_status status = read_erased(pull, scope, &erased, error);

    if (erased.number > version) {
        walk.position.version = erased.number; /* what is left of it is sent whole */
    }
    start_position(&walk.position, held);
    walk.held = walk.position.place.number - (walk.position.place.table == TRN_NO_TABLE ? 0 : 1);
    if (status == TERN_OK) {
        status = walk_scope(&walk, error);
    }
    if (status == TERN_OK) {
        *ret_position = walk.position;
    }
    return status;
}

/* A planted bug: whether somebody may read was asked for the first page alone. */
static bool goes_on(const struct trn_position *position)
{
    return TRN_MUTANT(GRANT_OF_FIRST_PAGE) && position->partial;
}

static tern_status name_gone(struct trn_pull *pull,
                             struct trn_answer_writer *page,
                             const struct trn_cursor *cursor,
                             const struct trn_grants *grants,
                             tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t index = 0; index < cursor->count && status == TERN_OK; index++) {
        const tern_id *scope = &cursor->others[index].scope;
        struct trn_db_erased erased;

        if (trn_grants_find(grants, scope) != NULL || TRN_MUTANT(SCOPE_NOT_NAMED_GONE) ||
            goes_on(&cursor->others[index])) {
            continue;
        }
        status = read_erased(pull, scope, &erased, error);
        if (status == TERN_OK) {
            status = (erased.flags & TRN_ERASED_ITSELF) != 0
                         ? trn_answer_write_erased(page, scope, erased.number, error)
                         : trn_answer_write_gone(page, scope, error);
        }
    }
    return status;
}

static tern_status set_high(struct trn_pull *pull, tern_error *error)
{
    struct trn_db_tx tx = {.time_us = 0};
    tern_status status = pull->db->ops->last_number(pull->view, &pull->next.high, error);

    if (status == TERN_OK && pull->next.high != 0) {
        status = trn_facts_tx(pull->facts, pull->next.high, &tx, error);
    }
    trn_cursor_tag(&tx, pull->next.tag);
    return status;
}

/* The own record, unless it was erased: that is said once, and where something was taken. */
static tern_status serve_own(struct trn_pull *pull,
                             const struct trn_cursor *cursor,
                             struct trn_answer_writer *page,
                             struct trn_numbers *announced,
                             tern_error *error)
{
    struct trn_db_erased erased;
    tern_status status = read_erased(pull, &pull->user, &erased, error);

    if (status != TERN_OK || (erased.flags & TRN_ERASED_ITSELF) == 0) {
        return status != TERN_OK ? status
                                 : serve(pull,
                                         &pull->user,
                                         0,
                                         &cursor->own,
                                         page,
                                         announced,
                                         &pull->next.own,
                                         error);
    }
    pull->next.own =
        (struct trn_position){.scope = pull->user,
                              .version = erased.number,
                              .place = {.number = pull->next.high, .table = TRN_NO_TABLE},
                              .begun = true};
    return (cursor->own.begun && cursor->own.version == erased.number) || TRN_MUTANT(ERASURE_UNTOLD)
               ? TERN_OK
               : trn_answer_write_erased(page, &pull->user, erased.number, error);
}

static tern_status serve_granted(struct trn_pull *pull,
                                 const struct trn_cursor *cursor,
                                 const struct trn_grants *grants,
                                 struct trn_answer_writer *page,
                                 struct trn_numbers *announced,
                                 tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t index = 0; index < grants->count && status == TERN_OK; index++) {
        const struct trn_opened *opened = &grants->items[index];
        const struct trn_position *held = trn_cursor_find(cursor, &opened->scope);
        struct trn_position position;

        status =
            serve(pull, &opened->scope, opened->version, held, page, announced, &position, error);
        if (status == TERN_OK && !position.begun && held != NULL) {
            position = *held; /* its turn has not come, and the device still holds it */
        }
        /* Named even before its turn: what the device wrote into it goes with the grant. */
        if (status == TERN_OK && trn_cursor_add(&pull->next, &position) != TERN_OK) {
            status = trn_fail_nomem(error);
        }
    }
    for (size_t index = 0;
         TRN_MUTANT(GRANT_OF_FIRST_PAGE) && index < cursor->count && status == TERN_OK;
         index++) {
        const struct trn_position *held = &cursor->others[index];
        struct trn_position position;

        if (goes_on(held) && trn_grants_find(grants, &held->scope) == NULL) {
            status =
                serve(pull, &held->scope, held->version, held, page, announced, &position, error);
            status = status == TERN_OK ? trn_cursor_add(&pull->next, &position) : status;
        }
    }
    return status;
}

static tern_status renew(struct trn_pull *pull, struct trn_position *position, tern_error *error)
{
    struct trn_db_erased erased;
    tern_status status = read_erased(pull, &position->scope, &erased, error);

    if (status == TERN_OK &&
        (pull->taken[0] < erased.number || (erased.flags & TRN_ERASED_ITSELF) != 0)) {
        position->version = 0;
    }
    return status;
}

tern_status trn_pull_renew(struct trn_pull *pull, struct trn_cursor *cursor, tern_error *error)
{
    tern_status status;

    if (pull->taken_count == 0) {
        return TERN_OK;
    }
    status = renew(pull, &cursor->own, error);
    for (size_t i = 0; i < cursor->count && status == TERN_OK; i++) {
        status = renew(pull, &cursor->others[i], error);
    }
    return status;
}

tern_status trn_pull_page(struct trn_pull *pull,
                          const struct trn_cursor *cursor,
                          struct trn_answer_writer *page,
                          tern_error *error)
{
    const struct trn_cursor none = {.count = 0};
    struct trn_numbers announced = {.slots = NULL};
    struct trn_grants grants = {.items = NULL};
    tern_status status = set_high(pull, error);

    cursor = cursor == NULL ? &none : cursor;
    if (status == TERN_OK) {
        status = trn_grants_load(pull->db, pull->view, &pull->user, &grants, error);
    }
    if (status == TERN_OK) {
        status = name_gone(pull, page, cursor, &grants, error);
    }
    if (status == TERN_OK && pull->dropped != NULL) {
        status = name_gone(pull, page, pull->dropped, &grants, error);
    }
    if (status == TERN_OK) {
        status = serve_own(pull, cursor, page, &announced, error);
    }
    if (status == TERN_OK) {
        status = serve_granted(pull, cursor, &grants, page, &announced, error);
    }
    if (status == TERN_OK && TRN_MUTANT(STRANGER_STAGED) && !cursor->own.begun && !pull->more) {
        const tern_id stranger = stranger_of(pull);
        struct trn_position position;

        if (trn_grants_find(&grants, &stranger) == NULL) {
            status = serve(pull, &stranger, 0, NULL, page, &announced, &position, error);
            status = status == TERN_OK ? trn_cursor_add(&pull->next, &position) : status;
            pull->more = true;
        }
    }
    trn_grants_free(&grants);
    trn_numbers_free(&announced);
    return status;
}

tern_status
trn_pull_nothing(struct trn_pull *pull, const struct trn_cursor *cursor, tern_error *error)
{
    tern_status status = set_high(pull, error);

    pull->next.own.place.table = TRN_NO_TABLE;
    if (cursor == NULL || status != TERN_OK) {
        return status;
    }
    pull->next.own = cursor->own;
    for (size_t index = 0; index < cursor->count && status == TERN_OK; index++) {
        status = trn_cursor_add(&pull->next, &cursor->others[index]);
    }
    return status == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

void trn_pull_free(struct trn_pull *pull)
{
    trn_cursor_free(&pull->next);
}
