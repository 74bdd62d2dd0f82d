/* The database beside the model: each row, each unit, each audit entry, each place in a log. */
#include "sim/model/twin_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/values.h"

/* A comparison under way. */
struct look {
    const struct model *model;
    struct trn_db *db;
    struct trn_db_view *view;
    bool *audits; /* of the model: found in the database */
    char *says;
};

__attribute__((format(printf, 4, 5))) static bool
differ(const struct look *look, size_t table, const tern_id *id, const char *format, ...)
{
    char text[TERN_ID_TEXT_BYTES];
    va_list arguments;
    size_t size;

    tern_id_format(id, text);
    (void)snprintf(look->says,
                   TWIN_SAYS_BYTES,
                   "row %s %s: ",
                   model_table(look->model, table)->name,
                   text);
    size = strlen(look->says);
    va_start(arguments, format);
    (void)vsnprintf(look->says + size, TWIN_SAYS_BYTES - size, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- Rows ---- */

static bool look_at_stamp(const struct look *look,
                          const struct model_row *row,
                          size_t unit,
                          const struct trn_row *theirs)
{
    const struct trn_table *table = model_table(look->model, row->table);
    const struct model_unit *ours = &row->units[unit];
    int rank = theirs->version.ranks >> unit & 1;
    int64_t number = theirs->version.keys[unit];
    struct trn_db_tx tx;
    bool found = false;

    if (number != ours->number || rank != ours->rank) {
        return differ(look,
                      row->table,
                      &row->id,
                      "unit %s is of tx %lld, rank %d; in the model of %lld, rank %d",
                      table->units[unit].name,
                      (long long)number,
                      rank,
                      (long long)ours->number,
                      ours->rank);
    }
    if (number == 0) {
        return true;
    }
    if (look->db->ops->tx_get(look->view, number, &found, &tx, NULL) != TERN_OK || !found ||
        tx.time_us != ours->time_us || !model_id_equal(&tx.device, &ours->device) ||
        !model_id_equal(&tx.tx, &ours->tx)) {
        return differ(look,
                      row->table,
                      &row->id,
                      "unit %s: tx %lld is another one than in the model",
                      table->units[unit].name,
                      (long long)number);
    }
    return true;
}

static bool
look_at_values(const struct look *look, const struct model_row *row, const struct trn_row *theirs)
{
    const struct trn_table *table = model_table(look->model, row->table);

    for (size_t i = 0; i < table->column_count; i++) {
        if (!trn_value_equal(&row->values[i], &theirs->values[i])) {
            return differ(look,
                          row->table,
                          &row->id,
                          "unit %s: column %s is another than in the model",
                          table->units[table->columns[i].unit].name,
                          table->columns[i].name);
        }
    }
    return true;
}

static bool look_at_row(const struct look *look, const struct model_row *row)
{
    const struct trn_table *table = model_table(look->model, row->table);
    struct trn_row theirs;
    bool found = false;

    if (look->db->ops->row_read(look->view, table, &row->id, &found, &theirs, NULL) != TERN_OK ||
        !found) {
        return differ(look, row->table, &row->id, "is in the model alone");
    }
    if (!look_at_values(look, row, &theirs)) {
        return false;
    }
    for (size_t unit = 0; unit < table->unit_count; unit++) {
        if (!look_at_stamp(look, row, unit, &theirs)) {
            return false;
        }
    }
    if (theirs.deleted_at_us != (row->deleted ? row->deleted_us : 0)) {
        return differ(look,
                      row->table,
                      &row->id,
                      "is deleted at %lld; in the model at %lld",
                      (long long)theirs.deleted_at_us,
                      (long long)(row->deleted ? row->deleted_us : 0));
    }
    if (theirs.updated_at_us != model_row_updated(look->model, row)) {
        return differ(look,
                      row->table,
                      &row->id,
                      "is updated at %lld; in the model at %lld",
                      (long long)theirs.updated_at_us,
                      (long long)model_row_updated(look->model, row));
    }
    return true;
}

/* ---- Audit ---- */

static bool is_text(const struct trn_row *row,
                    const struct trn_table *table,
                    const char *column,
                    const char *text)
{
    return model_value_is(&row->values[trn_table_column(table, column)], text);
}

static bool is_id(const struct trn_row *row,
                  const struct trn_table *table,
                  const char *column,
                  const tern_id *id)
{
    tern_id theirs;

    return model_value_id(&row->values[trn_table_column(table, column)], &theirs) &&
           model_id_equal(&theirs, id);
}

static bool is_number(const struct trn_row *row,
                      const struct trn_table *table,
                      const char *column,
                      int64_t number)
{
    const tern_value *value = &row->values[trn_table_column(table, column)];

    return value->kind == TERN_NULL ? number == 0
                                    : value->kind == TERN_INTEGER && value->integer == number;
}

/* The text of one side's values. */
static bool is_values(const struct look *look,
                      const struct model_audit *audit,
                      const tern_value *theirs,
                      bool lost)
{
    const struct trn_table *table = model_table(look->model, audit->table);
    const struct trn_unit *unit = &table->units[audit->unit];
    const struct model_unit *side = lost ? &audit->lost : &audit->kept;
    struct trn_bytes text = {0};
    uint64_t columns = 0;
    tern_status status;
    bool same;

    if (audit->unit == 0 && side->number != 0) {
        bool deleted = lost ? audit->lost_deleted : audit->kept_deleted;
        int64_t deleted_us = lost ? audit->lost_deleted_us : audit->kept_deleted_us;

        status =
            deleted ? trn_bytes_append_format(&text, "{\"deleted_at\":%lld}", (long long)deleted_us)
                    : trn_bytes_append_text(&text, "{\"deleted_at\":null}");
    } else {
        for (size_t i = 0; side->number != 0 && i < unit->column_count; i++) {
            columns |= UINT64_C(1) << unit->columns[i];
        }
        status = trn_values_write(table,
                                  columns,
                                  lost ? audit->lost_values : audit->kept_values,
                                  &text,
                                  NULL);
    }
    same = status == TERN_OK && model_value_is(theirs, trn_bytes_text(&text));
    trn_bytes_free(&text);
    return same;
}

static bool is_audit(const struct look *look,
                     const struct model_audit *audit,
                     const struct trn_table *table,
                     const struct trn_row *row)
{
    const struct trn_table *of = model_table(look->model, audit->table);
    const tern_value *lost = &row->values[trn_table_column(table, "lost_values")];
    const tern_value *kept = &row->values[trn_table_column(table, "kept_values")];

    return is_id(row, table, "scope_id", &audit->scope) &&
           is_id(row, table, "row_id", &audit->row) &&
           is_text(row, table, "table_name", of->name) &&
           is_text(row, table, "unit", of->units[audit->unit].name) &&
           is_text(row, table, "rule", audit->rule) &&
           is_number(row, table, "lost_number", audit->lost.number) &&
           is_number(row, table, "kept_number", audit->kept.number) &&
           is_number(row, table, "lost_time", audit->lost.time_us) &&
           is_id(row, table, "lost_device", &audit->lost.device) &&
           is_id(row, table, "lost_tx", &audit->lost.tx) &&
           (audit->kept.number == 0 || (is_number(row, table, "kept_time", audit->kept.time_us) &&
                                        is_id(row, table, "kept_device", &audit->kept.device))) &&
           is_values(look, audit, lost, true) && is_values(look, audit, kept, false);
}

static bool look_at_audit(const struct look *look, const tern_id *id)
{
    const struct trn_schema *schema = model_schema(look->model);
    size_t index = schema->table_count - 1;
    const struct trn_table *table = &schema->tables[index];
    struct trn_row row;
    bool found = false;

    if (look->db->ops->row_read(look->view, table, id, &found, &row, NULL) != TERN_OK || !found) {
        return differ(look, index, id, "is in the log and not in the table");
    }
    for (size_t i = 0; i < model_audit_count(look->model); i++) {
        if (!look->audits[i] && is_audit(look, model_audit_at(look->model, i), table, &row)) {
            look->audits[i] = true;
            return true;
        }
    }
    return differ(look,
                  index,
                  id,
                  "is not in the model: of %.*s, unit %.*s, rule %.*s, tx %lld aside for %lld",
                  (int)row.values[trn_table_column(table, "table_name")].size,
                  (const char *)row.values[trn_table_column(table, "table_name")].data,
                  (int)row.values[trn_table_column(table, "unit")].size,
                  (const char *)row.values[trn_table_column(table, "unit")].data,
                  (int)row.values[trn_table_column(table, "rule")].size,
                  (const char *)row.values[trn_table_column(table, "rule")].data,
                  (long long)row.values[trn_table_column(table, "lost_number")].integer,
                  (long long)row.values[trn_table_column(table, "kept_number")].integer);
}

static bool look_for_audits(const struct look *look)
{
    for (size_t i = 0; i < model_audit_count(look->model); i++) {
        const struct model_audit *audit = model_audit_at(look->model, i);

        if (!look->audits[i]) {
            return differ(look,
                          audit->table,
                          &audit->row,
                          "unit %s: the audit of the server lacks tx %lld, aside for %lld by %s",
                          model_table(look->model, audit->table)->units[audit->unit].name,
                          (long long)audit->lost.number,
                          (long long)audit->kept.number,
                          audit->rule);
        }
    }
    return true;
}

/* ---- Logs ---- */

static bool is_in(const struct look *look, const struct model_row *row, const tern_id *scope)
{
    struct model_scopes scopes = model_scopes_of(look->model, row->table, &row->id, row->values);

    for (size_t i = 0; i < scopes.count; i++) {
        if (model_id_equal(&scopes.ids[i], scope)) {
            return true;
        }
    }
    return false;
}

/* One place of a scope's log; counts rows that are no audit. */
static bool look_at_place(const struct look *look,
                          const tern_id *scope,
                          const struct trn_db_place *place,
                          size_t *rows)
{
    const struct model_row *row;

    if (place->table == model_schema(look->model)->table_count - 1) {
        return look_at_audit(look, &place->id);
    }
    row = model_row_find(look->model, place->table, &place->id);
    if (row == NULL || !is_in(look, row, scope)) {
        return differ(look, place->table, &place->id, "is in a log, and not in the model's scope");
    }
    (*rows)++;
    return true;
}

static bool look_at_log(const struct look *look, const tern_id *scope)
{
    struct trn_db_place after = {.table = TRN_NO_TABLE};
    struct trn_db_place places[64];
    size_t count = 1;
    size_t theirs = 0;
    size_t ours = 0;

    while (count > 0) {
        if (look->db->ops->log_read(look->view, scope, &after, places, 64, &count, NULL) !=
            TERN_OK) {
            (void)snprintf(look->says, TWIN_SAYS_BYTES, "a log cannot be read");
            return false;
        }
        for (size_t i = 0; i < count; i++) {
            if (!look_at_place(look, scope, &places[i], &theirs)) {
                return false;
            }
            after = places[i];
        }
    }
    for (size_t i = 0; i < model_row_count(look->model); i++) {
        ours += is_in(look, model_row_at(look->model, i), scope);
    }
    if (ours != theirs) {
        (void)snprintf(look->says,
                       TWIN_SAYS_BYTES,
                       "a log names %zu rows; in the model its scope has %zu",
                       theirs,
                       ours);
    }
    return ours == theirs;
}

/* The scopes of all rows and audit entries, each once. */
static void add_scope(struct model_list *scopes, const tern_id *scope)
{
    for (size_t i = 0; i < scopes->count; i++) {
        if (model_id_equal(model_list_at(scopes, i), scope)) {
            return;
        }
    }
    memcpy(model_list_add(scopes), scope, sizeof(*scope));
}

static void collect_scopes(const struct model *model, struct model_list *scopes)
{
    for (size_t i = 0; i < model_row_count(model); i++) {
        const struct model_row *row = model_row_at(model, i);
        struct model_scopes own = model_scopes_of(model, row->table, &row->id, row->values);

        for (size_t j = 0; j < own.count; j++) {
            add_scope(scopes, &own.ids[j]);
        }
    }
    for (size_t i = 0; i < model_audit_count(model); i++) {
        add_scope(scopes, &model_audit_at(model, i)->scope);
    }
    for (size_t i = 0; i < model->gone.count; i++) {
        add_scope(scopes, &((const struct model_gone *)model_list_at(&model->gone, i))->id);
    }
}

/* What was erased is nowhere. */
static bool look_at_gone(const struct look *look, const struct model_gone *gone)
{
    struct trn_row row;
    bool found = false;

    if (look->db->ops->row_read(look->view,
                                model_table(look->model, gone->table),
                                &gone->id,
                                &found,
                                &row,
                                NULL) != TERN_OK ||
        found) {
        return differ(look, gone->table, &gone->id, "was erased, and is there");
    }
    return true;
}

bool twin_look(const struct twin *twin, struct trn_db *db, char says[TWIN_SAYS_BYTES])
{
    struct look look = {.model = twin->model, .db = db, .says = says};
    struct model_list scopes;
    bool good = true;

    if (db->ops->snapshot_open(db, &look.view, NULL) != TERN_OK) {
        (void)snprintf(says, TWIN_SAYS_BYTES, "the database cannot be read");
        return false;
    }
    look.audits = calloc(model_audit_count(look.model) + 1, sizeof(*look.audits));
    if (look.audits == NULL) {
        abort();
    }
    model_list_begin(&scopes, sizeof(tern_id));
    collect_scopes(look.model, &scopes);
    for (size_t i = 0; good && i < model_row_count(look.model); i++) {
        good = look_at_row(&look, model_row_at(look.model, i));
    }
    for (size_t i = 0; good && i < scopes.count; i++) {
        good = look_at_log(&look, model_list_at(&scopes, i));
    }
    for (size_t i = 0; good && i < look.model->gone.count; i++) {
        good = look_at_gone(&look, model_list_at(&look.model->gone, i));
    }
    good = good && look_for_audits(&look);
    free(scopes.items);
    free(look.audits);
    db->ops->snapshot_close(db, look.view);
    return good;
}
