/* One walk over the entry's lines, asking something of each row. */
#include "engine/reach.h"

#include <string.h>

#include "base/uuid.h"
#include "engine/keep.h"
#include "engine/window.h"
#include "model/about.h"
#include "wire/entry.h"

struct asking {
    struct trn_work *work;
    const tern_id *scope; /* NULL: whether each is held */
    /* Each is noted by it; of a row that has left by the other, if there is one. */
    tern_status (*note)(struct trn_store *store, const tern_id *scope, tern_error *error);
    tern_status (*note_left)(struct trn_store *store, const tern_id *scope, tern_error *error);
    bool left;    /* the row has, and not for its age */
    bool gathers; /* add each to what the work has reached */
    bool abouts;  /* also where the row lies that one is about */
    bool alone;   /* some row lies in `scope` alone */
    bool touches; /* some row lies in `scope` */
    bool all;     /* every row lies in a held one */
    bool any;     /* some row does */
    bool unknown; /* of some row nothing here says where it lies: it has left for its age */
};

/* A scope is named by the id of a user. */
static const struct trn_table *users_of(const struct trn_work *work)
{
    return &work->engine->schema->tables[0];
}

static tern_status
gather(struct trn_work *work, const tern_id *scopes, size_t count, tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        status = trn_idset_add(&work->reached, users_of(work), &scopes[i], error);
    }
    return status;
}

static tern_status
ask(struct asking *asking, const tern_id *scopes, size_t count, tern_error *error)
{
    bool there = false;
    bool elsewhere = false;
    tern_status status = TERN_OK;

    if (asking->gathers) {
        return gather(asking->work, scopes, count, error);
    }
    for (size_t i = 0; i < count && status == TERN_OK && asking->note != NULL; i++) {
        status = asking->left && asking->note_left != NULL
                     ? asking->note_left(asking->work->store, &scopes[i], error)
                     : asking->note(asking->work->store, &scopes[i], error);
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        if (asking->scope != NULL && trn_id_equal(&scopes[i], asking->scope)) {
            there = true;
        } else if (!elsewhere) {
            status = trn_scope_is_held(asking->work->store, &scopes[i], &elsewhere, error);
        }
    }
    asking->alone = asking->alone || (there && !elsewhere);
    asking->touches = asking->touches || there;
    asking->all = asking->all && elsewhere;
    asking->any = asking->any || elsewhere;
    return status;
}

static tern_status ask_of_row(struct asking *asking,
                              const struct trn_table *table,
                              const struct trn_row *row,
                              tern_error *error)
{
    tern_id scopes[TRN_SCOPES_MAX];
    size_t count = 0;
    tern_status status =
        trn_store_row_scopes(asking->work->store, table, row, scopes, &count, error);

    asking->unknown = asking->unknown || count == 0;
    return status == TERN_OK ? ask(asking, scopes, count, error) : status;
}

/* Of whatever table it is: ids are of one row each. */
static tern_status ask_where(struct asking *asking, const tern_id *id, tern_error *error)
{
    const struct trn_schema *schema = asking->work->engine->schema;
    tern_status status = TERN_OK;

    for (size_t i = 0; i < schema->table_count && status == TERN_OK; i++) {
        tern_id scopes[TRN_SCOPES_MAX];
        struct trn_row row;
        size_t count = 0;
        bool found = false;

        status =
            trn_store_row_read(asking->work->store, &schema->tables[i], id, &found, &row, error);
        if (status == TERN_OK && found) {
            status = trn_store_row_scopes(asking->work->store,
                                          &schema->tables[i],
                                          &row,
                                          scopes,
                                          &count,
                                          error);
        }
        for (size_t j = 0; j < count && status == TERN_OK; j++) {
            asking->touches = asking->touches || trn_id_equal(&scopes[j], asking->scope);
        }
    }
    return status;
}

static tern_status
ask_of_abouts(struct asking *asking, const struct trn_change *change, tern_error *error)
{
    const struct trn_table *table = change->table;
    tern_status status = TERN_OK;

    for (size_t i = 0; i < table->natural_key_count && status == TERN_OK; i++) {
        const size_t column = table->natural_key[i];
        tern_id about;

        if (change->operation == TRN_OP_INSERT && trn_column_is_about(table, column) &&
            trn_value_id(&change->values[column], &about)) {
            status = ask_where(asking, &about, error);
        }
    }
    return status;
}

static tern_status
ask_of_change(struct asking *asking, const struct trn_change *change, tern_error *error)
{
    struct trn_row row;
    bool found = false;
    bool past = false;
    tern_status status =
        trn_store_row_read(asking->work->store, change->table, &change->id, &found, &row, error);

    if (status == TERN_OK && asking->gathers && change->operation == TRN_OP_INSERT) {
        status = trn_idset_add(&asking->work->made, change->table, &change->id, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (!found && change->operation != TRN_OP_INSERT) {
        asking->all = false;
        asking->unknown = true;
        return TERN_OK;
    }
    asking->left = false;
    if (!found) {
        row.id = change->id;
        memcpy(row.values, change->values, change->table->column_count * sizeof *row.values);
        status = trn_window_is_past(asking->work, change->table, &row, &past, error);
        asking->left = !past;
    }
    return status == TERN_OK ? ask_of_row(asking, change->table, &row, error) : status;
}

static tern_status ask_of_entry(struct asking *asking, struct trn_slice body, tern_error *error)
{
    struct trn_entry_reader reader;
    struct trn_change change;
    bool any = true;
    tern_status status = trn_entry_open(&reader, asking->work->engine->schema, body, error);

    while (status == TERN_OK) {
        status = trn_entry_next(&reader, &any, &change, error);
        if (status != TERN_OK || !any) {
            break;
        }
        if (asking->abouts) {
            status = ask_of_abouts(asking, &change, error);
        }
        if (status == TERN_OK) {
            status = ask_of_change(asking, &change, error);
        }
    }
    trn_entry_close(&reader);
    return status;
}

static tern_status run(struct asking *asking, uint64_t ordinal, tern_error *error)
{
    struct trn_bytes body = {0};
    tern_status status = trn_keep_body(asking->work->store, ordinal, &body, error);

    asking->all = true;
    if (status == TERN_OK) {
        status = ask_of_entry(asking, trn_bytes_slice(&body), error);
    }
    trn_bytes_free(&body);
    return status;
}

tern_status trn_reach_alone(struct trn_work *work,
                            uint64_t ordinal,
                            const tern_id *scope,
                            bool *ret_alone,
                            tern_error *error)
{
    struct asking asking = {.work = work, .scope = scope};
    tern_status status = run(&asking, ordinal, error);

    *ret_alone = asking.alone;
    return status;
}

tern_status trn_reach_touches(struct trn_work *work,
                              uint64_t ordinal,
                              const tern_id *scope,
                              bool *ret_touches,
                              tern_error *error)
{
    struct asking asking = {.work = work, .scope = scope, .abouts = true};
    tern_status status = run(&asking, ordinal, error);

    *ret_touches = asking.touches || (asking.unknown && trn_id_equal(scope, &work->meta.user));
    return status;
}

tern_status trn_reach_held(struct trn_work *work,
                           uint64_t ordinal,
                           bool *ret_all,
                           bool *ret_any,
                           tern_error *error)
{
    struct asking asking = {.work = work};
    tern_status status = run(&asking, ordinal, error);

    *ret_all = asking.all;
    *ret_any = asking.any;
    return status;
}

tern_status trn_reach_suspect(struct trn_work *work, uint64_t ordinal, tern_error *error)
{
    struct asking asking = {.work = work, .note = trn_scope_suspect};

    return run(&asking, ordinal, error);
}

tern_status trn_reach_offered(struct trn_work *work, uint64_t ordinal, tern_error *error)
{
    struct asking asking = {.work = work, .note = trn_scope_suspect, .note_left = trn_scope_closed};

    return run(&asking, ordinal, error);
}

tern_status trn_reach_closed(struct trn_work *work, uint64_t ordinal, tern_error *error)
{
    struct asking asking = {.work = work, .note = trn_scope_closed};

    return run(&asking, ordinal, error);
}

static tern_status gather_all(struct trn_work *work, tern_error *error)
{
    const unsigned states = 1U << TERN_ENTRY_PENDING | 1U << TERN_ENTRY_QUARANTINED;
    struct trn_entry entry = {0};

    for (;;) {
        struct asking asking = {.work = work, .gathers = true};
        tern_status status = trn_outbox_next(work->store, entry.ordinal, states, &entry, error);

        if (status == TERN_OK && entry.ordinal != 0) {
            status = run(&asking, entry.ordinal, error);
        }
        if (status != TERN_OK || entry.ordinal == 0) {
            return status;
        }
    }
}

static tern_status know(struct trn_work *work, tern_error *error)
{
    tern_status status = work->reached_is_known ? TERN_OK : gather_all(work, error);

    work->reached_is_known = work->reached_is_known || status == TERN_OK;
    return status;
}

tern_status
trn_reach_may(struct trn_work *work, const tern_id *scope, bool *ret_may, tern_error *error)
{
    tern_status status = know(work, error);

    if (status == TERN_OK) {
        *ret_may = trn_idset_has(&work->reached, users_of(work), scope);
    }
    return status;
}

tern_status trn_reach_makes(struct trn_work *work,
                            const struct trn_table *table,
                            const tern_id *id,
                            bool *ret_makes,
                            tern_error *error)
{
    tern_status status = know(work, error);

    if (status == TERN_OK) {
        *ret_makes = trn_idset_has(&work->made, table, id);
    }
    return status;
}

void trn_reach_forget(struct trn_work *work)
{
    trn_idset_free(&work->reached);
    trn_idset_free(&work->made);
    work->reached_is_known = false;
}
