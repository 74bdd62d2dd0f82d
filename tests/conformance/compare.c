/* What a user is sent, beside what the story says they must be. */
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/memory.h"
#include "base/uuid.h"
#include "tests/conformance/world.h"
#include "tests/harness/harness.h"
#include "wire/request.h"

enum { ROWS_MAX = 64, ANSWERS_MAX = 16, PAGE_ROWS = 3 };

struct seen_row {
    const struct trn_table *table;
    struct trn_row row;
    bool is_matched;
};

/* All that a fresh device of a user is sent. Rows borrow from `pieces`, copies of their lines. */
struct pull {
    struct world *world;
    const char *user;
    struct seen_row rows[ROWS_MAX];
    struct trn_answer_reader readers[ROWS_MAX]; /* their scratch holds what is decoded */
    struct trn_bytes pieces[ROWS_MAX];
    size_t count;
    int64_t named[WORLD_TXS_MAX]; /* by the "t" lines of this scope so far */
    size_t named_count;
};

/* ---- Pulling ---- */

/* Takes one row line with the "t" line it stands on, as it would be staged. */
static void
keep_row(struct pull *pull, const struct trn_answer_reader *reader, struct trn_slice line)
{
    struct trn_bytes *piece = &pull->pieces[pull->count];
    struct trn_answer_reader *again = &pull->readers[pull->count];
    struct seen_row *seen = &pull->rows[pull->count];
    struct trn_answer_item item = {.kind = TRN_ANSWER_END};

    if (pull->count == ROWS_MAX) {
        world_broken(pull->world, "too many rows", "");
    }
    CHECK_INT(trn_bytes_append_slice(piece, reader->last_line), TERN_OK);
    CHECK_INT(trn_bytes_append_slice(piece, line), TERN_OK);
    trn_answer_open_piece(again, pull->world->schema, trn_bytes_slice(piece));
    do {
        CHECK_INT(trn_answer_next(again, &item, &seen->row, NULL), TERN_OK);
    } while (item.kind == TRN_ANSWER_TX);
    seen->table = item.table;
    for (size_t i = 0; i < pull->count; i++) {
        if (pull->rows[i].table == seen->table &&
            trn_id_equal(&pull->rows[i].row.id, &seen->row.id)) {
            /* A row of two records comes once for each. */
            trn_answer_close(again);
            trn_bytes_free(piece);
            return;
        }
    }
    pull->count++;
}

static void check_tx(struct pull *pull, const struct trn_answer_tx *named)
{
    const struct world_tx *tx = world_tx_by_number(pull->world, named->number);

    if (tx == NULL || named->time_us != tx->time_us || !trn_id_equal(&named->device, &tx->device)) {
        world_problem(pull->world,
                      "a \"t\" line names %s wrongly",
                      tx != NULL ? tx->name : "an unknown number");
    }
}

static void note_tx(struct pull *pull, const struct trn_answer_tx *named)
{
    check_tx(pull, named);
    if (pull->named_count < WORLD_TXS_MAX) {
        pull->named[pull->named_count++] = named->number;
    }
}

/* A device knows no number but those that the scope's own lines have named. */
static void
check_named(struct pull *pull, const struct trn_table *table, const struct trn_version *version)
{
    for (size_t unit = 0; unit < table->unit_count; unit++) {
        bool is_named = version->keys[unit] == 0;

        for (size_t i = 0; i < pull->named_count; i++) {
            is_named = is_named || pull->named[i] == version->keys[unit];
        }
        if (!is_named) {
            world_problem(pull->world, "a row of %s names a tx that no line named", table->name);
        }
    }
}

static void take_item(struct pull *pull,
                      const struct trn_answer_reader *reader,
                      const struct trn_answer_item *item,
                      const struct trn_row *row)
{
    switch (item->kind) {
    case TRN_ANSWER_SCOPE:
        pull->named_count = 0;
        break;
    case TRN_ANSWER_TX:
        note_tx(pull, &item->tx);
        break;
    case TRN_ANSWER_ROW:
        check_named(pull, item->table, &row->version);
        keep_row(pull, reader, item->line);
        break;
    default:
        break;
    }
}

/* One page; false where there is no other. */
static bool pull_page(struct pull *pull, struct trn_bytes *cursor)
{
    struct world *world = pull->world;
    char name[64];
    struct trn_request_envelope envelope = {.schema_version = world->schema->version,
                                            .sent_us = world_time("23:00:00"),
                                            .rows = PAGE_ROWS,
                                            .cursor = trn_bytes_slice(cursor)};
    struct trn_answer_reader reader = {0};
    struct trn_answer_item item = {.kind = TRN_ANSWER_TX};
    struct trn_line_writer writer;
    struct trn_bytes body = {0};
    struct trn_sync_call call;
    struct trn_row row;
    tern_error error = {0};
    bool more = false;
    tern_status status;

    (void)snprintf(name, sizeof(name), "observer-%s", pull->user);
    envelope.device = world_id(world, name);
    trn_line_writer_open(&writer, &body);
    CHECK_INT(trn_request_write_envelope(&writer, &envelope, NULL), TERN_OK);
    CHECK_INT(trn_line_write_last(&writer, NULL), TERN_OK);
    world_send(world, pull->user, "user", world_time("23:00:00"), trn_bytes_slice(&body), &call);
    status = trn_answer_open(&reader, world->schema, trn_bytes_slice(&call.answer), &error);
    while (status == TERN_OK && item.kind != TRN_ANSWER_END) {
        status = trn_answer_next(&reader, &item, &row, &error);
        if (status == TERN_OK) {
            take_item(pull, &reader, &item, &row);
        }
    }
    if (status == TERN_OK) {
        trn_bytes_clear(cursor);
        CHECK_INT(trn_bytes_append_slice(cursor, reader.envelope.cursor), TERN_OK);
        more = reader.envelope.more;
    } else {
        world_problem(world, "pull of %s, status %u: %s", pull->user, call.status, error.message);
    }
    trn_answer_close(&reader);
    trn_sync_call_free(&call);
    trn_bytes_free(&body);
    return more;
}

static void pull_all(struct pull *pull)
{
    struct trn_bytes cursor = {0};
    int pages = 0;

    while (pull_page(pull, &cursor)) {
        if (++pages > 100) {
            world_problem(pull->world, "the pull of %s does not end", pull->user);
            break;
        }
    }
    trn_bytes_free(&cursor);
}

static void pull_free(struct pull *pull)
{
    for (size_t i = 0; i < pull->count; i++) {
        trn_answer_close(&pull->readers[i]);
        trn_bytes_free(&pull->pieces[i]);
    }
}

/* ---- Rows ---- */

static const char *maker_of(const json_t *after)
{
    const char *maker = json_string_value(json_object_get(after, "new"));

    return maker != NULL ? maker : "before";
}

static int64_t number_of(struct world *world, const char *name)
{
    const struct world_tx *tx = world_tx(world, name);

    if (tx == NULL) {
        world_broken(world, "no such tx:", name);
    }
    return tx->number;
}

static void
check_units(struct world *world, const char *name, const json_t *after, const struct seen_row *seen)
{
    const json_t *inferred = json_object_get(after, "inferred");
    const json_t *by = json_object_get(after, "by");

    if (inferred == NULL) {
        inferred = json_object_get(world_row(world, name), "inferred");
    }
    for (size_t unit = 0; unit < seen->table->unit_count; unit++) {
        const char *unit_name = seen->table->units[unit].name;
        const char *writer = json_string_value(json_object_get(by, unit_name));
        bool is_inferred = trn_version_rank(&seen->row.version, unit) == TRN_RANK_0_INFERRED;

        if (seen->row.version.keys[unit] !=
            number_of(world, writer != NULL ? writer : maker_of(after))) {
            const struct world_tx *tx = world_tx_by_number(world, seen->row.version.keys[unit]);

            world_problem(world,
                          "%s.%s: written by %s",
                          name,
                          unit_name,
                          tx != NULL ? tx->name : "nobody");
        }
        if (is_inferred != world_has(inferred, unit_name)) {
            world_problem(world,
                          "%s.%s: is %s",
                          name,
                          unit_name,
                          is_inferred ? "inferred" : "recorded");
        }
    }
}

/* When the row was made, as its maker claimed. */
static int64_t made_us(const struct world *world, const json_t *after)
{
    const char *maker = maker_of(after);
    const json_t *steps = json_object_get(world->vector, "steps");
    const json_t *step;
    const json_t *entry;
    size_t i;
    size_t j;

    json_array_foreach(steps, i, step)
    {
        json_array_foreach(json_object_get(step, "entries"), j, entry)
        {
            if (strcmp(json_string_value(json_object_get(entry, "tx")), maker) == 0) {
                return world_time_of(entry, "time", 0);
            }
        }
    }
    return world_time_of(world->world, "before_at", 0);
}

static void check_row(struct world *world, const char *name, struct seen_row *seen)
{
    const json_t *after = json_object_get(json_object_get(world->vector, "after"), name);
    const struct world_tx *maker = world_tx(world, maker_of(after));
    struct world_cells cells;
    int64_t updated_us = maker != NULL ? maker->time_us : 0;

    world_fill(world, name, json_object_get(after, "values"), &cells);
    if (cells.values[0].kind == TERN_NULL) {
        cells.values[0] = tern_value_integer(made_us(world, after));
    }
    for (size_t i = 0; i < seen->table->column_count; i++) {
        if (!trn_value_equal(&cells.values[i], &seen->row.values[i])) {
            world_problem(world, "%s.%s: another value", name, seen->table->columns[i].name);
        }
    }
    if (seen->row.updated_at_us != world_time_of(after, "updated", updated_us)) {
        world_problem(world, "%s: another updated_at", name);
    }
    if (seen->row.deleted_at_us != world_time_of(after, "deleted", 0)) {
        world_problem(world, "%s: another deleted_at", name);
    }
    check_units(world, name, after, seen);
}

static struct seen_row *find_row(struct pull *pull, const char *name)
{
    const struct trn_table *table = world_table(pull->world, name);
    tern_id id = world_id(pull->world, name);

    for (size_t i = 0; i < pull->count; i++) {
        if (pull->rows[i].table == table && trn_id_equal(&pull->rows[i].row.id, &id)) {
            return &pull->rows[i];
        }
    }
    return NULL;
}

/* The rows that must be there: those before and the new ones, of the scope. */
static json_t *rows_of_patient(const struct world *world)
{
    const json_t *before = json_object_get(world->vector, "before");
    json_t *after = json_object_get(world->vector, "after");
    json_t *names = json_array();
    const json_t *value;
    const char *name;
    size_t i;

    json_array_foreach(before, i, value)
    {
        if (world_has(json_object_get(world_row(world, json_string_value(value)), "scopes"),
                      "patient")) {
            CHECK_INT(json_array_append_new(names, json_string(json_string_value(value))), 0);
        }
    }
    for (void *at = json_object_iter(after); at != NULL; at = json_object_iter_next(after, at)) {
        name = json_object_iter_key(at);
        value = json_object_iter_value(at);
        if (json_object_get(value, "new") != NULL &&
            world_has(json_object_get(world_row(world, name), "scopes"), "patient")) {
            CHECK_INT(json_array_append_new(names, json_string(name)), 0);
        }
    }
    return names;
}

static void compare_rows(struct pull *pull, const json_t *names, bool is_final)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        struct seen_row *seen = find_row(pull, name);

        if (seen == NULL) {
            world_problem(pull->world, "%s is not sent %s", pull->user, name);
            continue;
        }
        seen->is_matched = true;
        if (is_final) {
            check_row(pull->world, name, seen);
        }
    }
}

/* ---- Audits ---- */

static json_t *json_of(const struct trn_column *column, const tern_value *value)
{
    char text[TRN_ID_WIRE_SIZE + 1];

    if (value->kind == TERN_NULL) {
        return json_null();
    }
    if (value->kind == TERN_BLOB) {
        trn_base64_encode(value->data, value->size, text);
        return json_stringn(text, TRN_ID_WIRE_SIZE);
    }
    if (value->kind == TERN_TEXT) {
        return json_stringn(value->data, value->size);
    }
    return column->type == TRN_TYPE_BOOL ? json_boolean(value->integer != 0)
                                         : json_integer(value->integer);
}

/* What one side's values must be. */
static json_t *side_of(struct world *world, const json_t *audit, const char *side)
{
    const char *row = json_string_value(json_object_get(audit, "row"));
    const json_t *described = json_object_get(audit, side);
    const char *deleted = json_string_value(json_object_get(described, "deleted"));
    const struct trn_table *table = world_table(world, row);
    size_t unit = trn_table_unit(table, json_string_value(json_object_get(audit, "unit")));
    struct world_cells cells;
    json_t *object = json_object();

    if (unit == TRN_UNIT_EXISTENCE) {
        CHECK_INT(
            json_object_set_new(object,
                                "deleted_at",
                                deleted != NULL ? json_integer(world_time(deleted)) : json_null()),
            0);
        return object;
    }
    world_fill(world, row, json_object_get(described, "values"), &cells);
    for (size_t i = 0; i < table->units[unit].column_count; i++) {
        uint16_t column = table->units[unit].columns[i];

        CHECK_INT(json_object_set_new(object,
                                      table->columns[column].name,
                                      json_of(&table->columns[column], &cells.values[column])),
                  0);
    }
    return object;
}

static const tern_value *cell_of(const struct seen_row *seen, const char *column)
{
    return &seen->row.values[trn_table_column(seen->table, column)];
}

static bool is_text(const struct seen_row *seen, const char *column, const json_t *text)
{
    const tern_value expected = tern_value_text(json_string_value(text));

    return trn_value_equal(cell_of(seen, column), &expected);
}

static bool is_integer(const struct seen_row *seen, const char *column, int64_t integer)
{
    const tern_value expected = tern_value_integer(integer);

    return trn_value_equal(cell_of(seen, column), &expected);
}

static bool is_id(const struct seen_row *seen, const char *column, const tern_id *id)
{
    const tern_value expected = tern_value_id(id);

    return trn_value_equal(cell_of(seen, column), &expected);
}

static bool is_object(const struct seen_row *seen, const char *column, const json_t *expected)
{
    const tern_value *value = cell_of(seen, column);
    json_t *object =
        value->kind == TERN_TEXT ? json_loadb(value->data, value->size, 0, NULL) : NULL;
    bool equal = object != NULL && json_equal(object, expected) != 0;

    json_decref(object);
    return equal;
}

/* Nothing was kept, or nothing that this record may hold. */
static bool is_kept_nothing(const struct seen_row *seen)
{
    json_t *empty = json_object();
    bool fits =
        is_object(seen, "kept_values", empty) && cell_of(seen, "kept_number")->kind == TERN_NULL;

    json_decref(empty);
    return fits;
}

/* The columns of one side, whose names begin with "lost" or "kept". */
static bool
is_side(struct world *world, const struct seen_row *seen, const json_t *audit, const char *side)
{
    const char *name = json_string_value(json_object_get(json_object_get(audit, side), "tx"));
    const struct world_tx *tx = world_tx(world, name != NULL ? name : "");
    json_t *values = side_of(world, audit, side);
    char columns[4][32];
    bool fits;

    if (tx == NULL) {
        world_broken(world, "an audit without a tx", side);
    }
    (void)snprintf(columns[0], sizeof(columns[0]), "%s_values", side);
    (void)snprintf(columns[1], sizeof(columns[1]), "%s_time", side);
    (void)snprintf(columns[2], sizeof(columns[2]), "%s_device", side);
    (void)snprintf(columns[3], sizeof(columns[3]), "%s_number", side);
    fits = is_object(seen, columns[0], values) && is_integer(seen, columns[1], tx->time_us) &&
           is_id(seen, columns[2], &tx->device) && is_integer(seen, columns[3], tx->number);
    json_decref(values);
    return fits;
}

static bool is_audit(struct world *world, const struct seen_row *seen, const json_t *audit)
{
    const char *row = json_string_value(json_object_get(audit, "row"));
    const char *scope = json_string_value(json_object_get(audit, "scope"));
    const char *lost = json_string_value(json_object_get(json_object_get(audit, "lost"), "tx"));
    tern_id scope_id = world_id(world, scope != NULL ? scope : "patient");
    tern_id row_id = world_id(world, row);
    tern_id lost_tx = world_id(world, lost);
    const tern_value table = tern_value_text(world_table(world, row)->name);

    return is_id(seen, "scope_id", &scope_id) && is_id(seen, "row_id", &row_id) &&
           trn_value_equal(cell_of(seen, "table_name"), &table) &&
           is_text(seen, "unit", json_object_get(audit, "unit")) &&
           is_text(seen, "rule", json_object_get(audit, "rule")) &&
           is_integer(seen, "created_at", world_time_of(audit, "at", 0)) &&
           is_id(seen, "lost_tx", &lost_tx) && is_side(world, seen, audit, "lost") &&
           (json_is_null(json_object_get(audit, "kept")) ? is_kept_nothing(seen)
                                                         : is_side(world, seen, audit, "kept"));
}

static bool reads_scope(const struct pull *pull, const json_t *names, const json_t *audit)
{
    const char *scope = json_string_value(json_object_get(audit, "scope"));

    if (scope == NULL) {
        scope = "patient";
    }
    return strcmp(scope, pull->user) == 0 || world_has(names, scope);
}

static void compare_audits(struct pull *pull, const json_t *names)
{
    const struct trn_schema *schema = pull->world->schema;
    const struct trn_table *table = &schema->tables[schema->table_count - 1];
    const json_t *audits = json_object_get(pull->world->vector, "audit");

    for (size_t i = 0; i < json_array_size(audits); i++) {
        const json_t *audit = json_array_get(audits, i);
        bool found = !reads_scope(pull, names, audit);

        for (size_t j = 0; j < pull->count && !found; j++) {
            struct seen_row *seen = &pull->rows[j];

            if (seen->table == table && !seen->is_matched && is_audit(pull->world, seen, audit)) {
                seen->is_matched = true;
                found = true;
            }
        }
        if (!found) {
            world_problem(pull->world, "%s is not sent audit %zu", pull->user, i);
        }
    }
}

/* ---- All ---- */

void world_compare(struct world *world, const char *user, const json_t *names, bool is_final)
{
    struct pull *pull = trn_calloc(1, sizeof(*pull));
    json_t *all = names == NULL ? rows_of_patient(world) : NULL;

    CHECK(pull != NULL);
    pull->world = world;
    pull->user = user;
    pull_all(pull);
    compare_rows(pull, names != NULL ? names : all, is_final);
    if (is_final) {
        compare_audits(pull, names != NULL ? names : all);
    }
    for (size_t i = 0; i < pull->count; i++) {
        if (!pull->rows[i].is_matched) {
            world_problem(world,
                          "%s is sent a row too many of %s",
                          user,
                          pull->rows[i].table->name);
        }
    }
    pull_free(pull);
    trn_free(pull);
    json_decref(all);
}
