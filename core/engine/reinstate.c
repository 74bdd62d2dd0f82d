/* One entry of one line. */
#include "engine/reinstate.h"

#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "engine/issue.h"
#include "engine/work_commit.h"
#include "wire/values.h"

/* What an audit row says, its texts copied. */
struct finding {
    const struct trn_table *table;
    tern_id row;
    size_t unit;
    struct trn_bytes values; /* JSON */
};

static const struct trn_table *audit_table(const struct trn_schema *schema)
{
    return &schema->tables[schema->table_count - 1];
}

static bool equals(const tern_value *value, const char *text)
{
    return value->kind == TERN_TEXT &&
           trn_slice_equal_text(trn_slice_make(value->data, value->size), text);
}

static const struct trn_table *find_table(const struct trn_schema *schema, const tern_value *name)
{
    for (size_t i = 0; i < schema->table_count; i++) {
        if (equals(name, schema->tables[i].name)) {
            return &schema->tables[i];
        }
    }
    return NULL;
}

static size_t find_unit(const struct trn_table *table, const tern_value *name)
{
    size_t unit = 0;

    while (unit < table->unit_count && !equals(name, table->units[unit].name)) {
        unit++;
    }
    return unit;
}

static const tern_value *
cell_of(const struct trn_table *audits, const struct trn_row *row, const char *column)
{
    return &row->values[trn_table_column(audits, column)];
}

static tern_status understand(const struct trn_schema *schema,
                              const struct trn_row *row,
                              struct finding *finding,
                              tern_error *error)
{
    const struct trn_table *audits = audit_table(schema);
    const tern_value *lost = cell_of(audits, row, "lost_values");

    finding->table = find_table(schema, cell_of(audits, row, "table_name"));
    if (finding->table == NULL || !trn_value_id(cell_of(audits, row, "row_id"), &finding->row)) {
        return trn_fail(error,
                        TERN_ERR_NOT_FOUND,
                        "the audit entry names a table that is not known here");
    }
    finding->unit = find_unit(finding->table, cell_of(audits, row, "unit"));
    if (finding->unit == finding->table->unit_count || lost->kind != TERN_TEXT) {
        return trn_fail(error,
                        TERN_ERR_NOT_FOUND,
                        "the audit entry names a unit that is not known here");
    }
    return trn_bytes_append(&finding->values, lost->data, lost->size) == TERN_OK
               ? TERN_OK
               : trn_fail_nomem(error);
}

static tern_status
find(struct trn_work *work, const tern_id *audit, struct finding *finding, tern_error *error)
{
    const struct trn_schema *schema = work->engine->schema;
    struct trn_row row;
    bool found = false;
    tern_status status =
        trn_store_row_read(work->store, audit_table(schema), audit, &found, &row, error);

    if (status == TERN_OK && !found) {
        return trn_fail(error, TERN_ERR_NOT_FOUND, "there is no such audit entry");
    }
    return status == TERN_OK ? understand(schema, &row, finding, error) : status;
}

static uint64_t columns_of(const struct trn_unit *unit)
{
    uint64_t columns = 0;

    for (size_t i = 0; i < unit->column_count; i++) {
        columns |= UINT64_C(1) << unit->columns[i];
    }
    return columns;
}

static tern_status make_change(const struct finding *finding,
                               const struct trn_values *lost,
                               struct trn_change *change,
                               tern_error *error)
{
    uint64_t needed;

    TRN_ASSERT(finding->table != NULL);

    needed = columns_of(&finding->table->units[finding->unit]);
    change->table = finding->table;
    change->id = finding->row;
    change->unit = finding->unit;
    if (finding->unit == TRN_UNIT_EXISTENCE) {
        change->operation = lost->deleted_at_us != 0 ? TRN_OP_DELETE : TRN_OP_UNDELETE;
        return lost->has_deleted
                   ? TERN_OK
                   : trn_fail(error, TERN_ERR_NOT_FOUND, "the audit entry holds no value");
    }
    if ((lost->columns & needed) != needed) {
        return trn_fail(error, TERN_ERR_NOT_FOUND, "the audit entry holds no value of the unit");
    }
    change->operation = TRN_OP_UNDO; /* a person's act, whatever the value */
    memcpy(change->values, lost->values, finding->table->column_count * sizeof *change->values);
    return TERN_OK;
}

/* What is left of a transaction stands under no ordinal at the server, so nothing can name it. */
static tern_status unname_left(struct trn_work *work, int64_t *base, tern_error *error)
{
    uint8_t kind = TRN_ENTRY_RECORDED;
    tern_status status = trn_outbox_pending_kind(work->store, (uint64_t) - *base, &kind, error);

    if (status == TERN_OK && trn_entry_kind_is_left(kind)) {
        *base = 0;
    }
    return status;
}

/* Whether the row says so already, by a person's act as this would be one: a guess of the same
 * value would not stand against the next record. */
static bool
stands(const struct finding *finding, const struct trn_change *change, const struct trn_row *row)
{
    const struct trn_unit *unit = &finding->table->units[finding->unit];

    if (trn_version_rank(&row->version, finding->unit) != TRN_RANK_1_RECORDED) {
        return false;
    }
    if (finding->unit == TRN_UNIT_EXISTENCE) {
        return (change->operation == TRN_OP_DELETE) == (row->deleted_at_us != 0);
    }
    for (size_t i = 0; i < unit->column_count; i++) {
        if (!trn_value_equal(&row->values[unit->columns[i]], &change->values[unit->columns[i]])) {
            return false;
        }
    }
    return true;
}

/* What the row's unit holds now is what this change has seen. */
static tern_status find_base(struct trn_work *work,
                             const struct finding *finding,
                             struct trn_change *change,
                             tern_error *error)
{
    struct trn_row row;
    bool found = false;
    tern_status status =
        trn_store_row_read(work->store, finding->table, &finding->row, &found, &row, error);

    if (status == TERN_OK && !found) {
        return trn_fail(error, TERN_ERR_NOT_FOUND, "%s: the row is gone", finding->table->name);
    }
    if (status == TERN_OK && stands(finding, change, &row)) {
        return trn_fail(error,
                        TERN_ERR_EXISTS,
                        "%s: the value stands already",
                        finding->table->name);
    }
    if (status == TERN_OK) {
        status =
            trn_store_tx_base(work->store, row.version.keys[finding->unit], &change->base, error);
    }
    return status == TERN_OK && change->base < 0 ? unname_left(work, &change->base, error) : status;
}

static tern_status write(struct trn_work *work,
                         const struct trn_entry *entry,
                         const struct trn_change *change,
                         const uint64_t *depends_on,
                         size_t depends_count,
                         struct trn_bytes *body,
                         tern_error *error)
{
    struct trn_entry_header header = trn_issue_header(entry, work->meta.epoch);
    struct trn_line_writer writer;
    tern_status status;

    header.depends_on = depends_on;
    header.depends_count = depends_count;
    trn_line_writer_open(&writer, body);
    status = trn_entry_write_header(&writer, &header, error);
    return status == TERN_OK ? trn_entry_write_change(&writer, change, error) : status;
}

static tern_status issue(struct trn_work *work, const struct trn_change *change, tern_error *error)
{
    struct trn_bytes body = {0};
    struct trn_entry entry = {0};
    uint64_t depends_on = change->base < 0 ? (uint64_t)-change->base : 0;
    size_t depends_count = depends_on != 0;
    tern_status status = trn_issue_name(work, TRN_ENTRY_RECORDED, 1, &entry, error);

    if (status == TERN_OK) {
        status = write(work, &entry, change, &depends_on, depends_count, &body, error);
    }
    if (status == TERN_OK) {
        status = trn_issue_queue(work,
                                 &entry,
                                 trn_bytes_slice(&body),
                                 &depends_on,
                                 depends_count,
                                 error);
    }
    trn_bytes_free(&body);
    return status;
}

static tern_status reinstate(struct trn_work *work, const tern_id *audit, tern_error *error)
{
    struct finding finding = {0};
    struct trn_values lost = {0};
    struct trn_change change = {0};
    tern_status status = find(work, audit, &finding, error);

    if (status == TERN_OK) {
        status = trn_values_read(finding.table, trn_bytes_slice(&finding.values), &lost, error);
    }
    if (status == TERN_OK) {
        status = make_change(&finding, &lost, &change, error);
    }
    if (status == TERN_OK) {
        status = find_base(work, &finding, &change, error);
    }
    if (status == TERN_OK) {
        status = issue(work, &change, error);
    }
    trn_values_free(&lost);
    trn_bytes_free(&finding.values);
    return status;
}

tern_status trn_reinstate(const struct trn_engine *engine, const tern_id *audit, tern_error *error)
{
    struct trn_work work;
    tern_status status = trn_work_begin(&work, engine, NULL, error);

    if (status != TERN_OK) {
        return status;
    }
    status = reinstate(&work, audit, error);
    if (status != TERN_OK) {
        trn_work_rollback(&work);
        return status;
    }
    return trn_work_commit(&work, error);
}
