/*
 * Audit rows: what was set aside, beside what was kept, as rows of the record they belong to.
 *
 * Values are kept as one JSON object, column name to value in the wire's spelling, "{}" where it
 * would be longer than a cell can be; of existence, its one member is deleted_at. An audit row's id
 * is ordered by time and derived from the tx that caused it, so that the same history gives the
 * same ids.
 */
#include "server/audit.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/uuid.h"
#include "wire/entry.h"
#include "wire/limits.h"
#include "wire/values.h"

/* Columns of sync_audit, in the order of its description. */
enum audit_column {
    AUDIT_CREATED_AT,
    AUDIT_SCOPE,
    AUDIT_TABLE,
    AUDIT_ROW,
    AUDIT_UNIT,
    AUDIT_RULE,
    AUDIT_LOST_VALUES,
    AUDIT_KEPT_VALUES,
    AUDIT_LOST_TIME,
    AUDIT_KEPT_TIME,
    AUDIT_LOST_DEVICE,
    AUDIT_KEPT_DEVICE,
    AUDIT_LOST_NUMBER,
    AUDIT_KEPT_NUMBER,
    AUDIT_LOST_TX,
    AUDIT_COLUMNS
};

/* The values of one side; "{}" where there were none. */
static tern_status values_of(const struct trn_audit *audit,
                             const struct trn_audit_side *side,
                             struct trn_bytes *text,
                             tern_error *error)
{
    const struct trn_unit *unit = &audit->table->units[audit->unit];
    uint64_t columns = 0;
    tern_status status;

    if (audit->unit != TRN_UNIT_EXISTENCE || side->absent) {
        for (size_t index = 0; index < unit->column_count && !side->absent; index++) {
            columns |= UINT64_C(1) << unit->columns[index];
        }
        return trn_values_write(audit->table, columns, side->values, text, error);
    }
    status = side->deleted_at_us == 0 ? trn_bytes_append_text(text, "{\"deleted_at\":null}")
                                      : trn_bytes_append_format(text,
                                                                "{\"deleted_at\":%lld}",
                                                                (long long)side->deleted_at_us);
    return status == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

/* As JSON a value is longer than it was, and what is too long for a cell no device could be sent.
 * So nothing is overruled of which the audit cannot tell; what is kept stands in the row anyway,
 * and what is given up in the history. */
static tern_status fit(const struct trn_push *push,
                       const struct trn_audit *audit,
                       struct trn_bytes *lost,
                       struct trn_bytes *kept,
                       tern_error *error)
{
    tern_status status = TERN_OK;

    if (lost->size > TRN_WIRE_STRING_MAX && push->entry.kind != TRN_ENTRY_DISCARDED) {
        return trn_fail(error,
                        TERN_ERR_TOO_LARGE,
                        "%s.%s: what would be set aside is too long for the audit",
                        audit->table->name,
                        audit->table->units[audit->unit].name);
    }
    if (lost->size > TRN_WIRE_STRING_MAX) {
        trn_bytes_clear(lost);
        status = trn_bytes_append_text(lost, "{}");
    }
    if (status == TERN_OK && kept->size > TRN_WIRE_STRING_MAX) {
        trn_bytes_clear(kept);
        status = trn_bytes_append_text(kept, "{}");
    }
    return status == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

/* Version 8 of RFC 9562: milliseconds, then bits of a hash. */
static tern_status make_id(struct trn_push *push, tern_id *ret_id, tern_error *error)
{
    uint8_t hash[TRN_SHA256_BYTES];
    uint64_t ms = (uint64_t)(push->entry.received_us / 1000);
    uint64_t index = push->audits++;
    struct trn_slice parts[2] = {
        trn_slice_make(push->entry.tx.bytes, sizeof(push->entry.tx.bytes)),
        trn_slice_make(&index, sizeof(index)),
    };

    if (trn_sha256(parts, 2, hash) != TERN_OK) {
        return trn_fail(error, TERN_ERR_INTERNAL, "audit: the hash engine failed");
    }
    memcpy(ret_id->bytes, hash, sizeof(ret_id->bytes));
    for (size_t byte = 0; byte < 6; byte++) {
        ret_id->bytes[byte] = (uint8_t)(ms >> (40 - 8 * byte));
    }
    ret_id->bytes[6] = (uint8_t)(0x80 | (ret_id->bytes[6] & 0x0f));
    ret_id->bytes[8] = (uint8_t)(0x80 | (ret_id->bytes[8] & 0x3f));
    return TERN_OK;
}

static tern_value text_value(const struct trn_bytes *text)
{
    return (tern_value){.kind = TERN_TEXT, .data = text->data, .size = text->size};
}

static tern_value number_value(int64_t number)
{
    return number == 0 ? tern_value_null() : tern_value_integer(number);
}

static tern_status
write_into(struct trn_push *push, struct trn_row *row, const tern_id *scope, tern_error *error)
{
    const struct trn_schema *schema = push->db->schema;
    const struct trn_table *table = &schema->tables[schema->table_count - 1];
    tern_status status = make_id(push, &row->id, error);

    if (status == TERN_OK) {
        row->values[AUDIT_SCOPE] = tern_value_id(scope);
        push->touched = true;
        status = push->db->ops->row_add_made(push->db, table, row, push->entry.received_us, error);
    }
    if (status == TERN_OK) {
        status =
            push->db->ops->log_put(push->db, scope, table, &row->id, 0, push->entry.number, error);
    }
    return status;
}

tern_status trn_audit_write(struct trn_push *push, const struct trn_audit *audit, tern_error *error)
{
    const struct trn_schema *schema = push->db->schema;
    const struct trn_table *table = &schema->tables[schema->table_count - 1];
    struct trn_row row = {.updated_at_us = push->entry.time_us};
    struct trn_bytes lost = {0};
    struct trn_bytes kept = {0};
    tern_status status = values_of(audit, &audit->lost, &lost, error);

    if (status == TERN_OK) {
        status = values_of(audit, &audit->kept, &kept, error);
    }
    if (status == TERN_OK) {
        status = fit(push, audit, &lost, &kept, error);
    }
    for (size_t unit = 0; unit < table->unit_count; unit++) {
        trn_version_set(&row.version, unit, push->entry.number, TRN_RANK_1_RECORDED);
    }
    row.values[AUDIT_CREATED_AT] = tern_value_integer(push->entry.received_us);
    row.values[AUDIT_TABLE] = tern_value_text(audit->table->name);
    row.values[AUDIT_ROW] = tern_value_id(&audit->id);
    row.values[AUDIT_UNIT] = tern_value_text(audit->table->units[audit->unit].name);
    row.values[AUDIT_RULE] = tern_value_text(audit->rule);
    row.values[AUDIT_LOST_VALUES] = text_value(&lost);
    row.values[AUDIT_KEPT_VALUES] = text_value(&kept);
    row.values[AUDIT_LOST_TIME] = tern_value_integer(audit->lost.time_us);
    row.values[AUDIT_KEPT_TIME] = tern_value_integer(audit->kept.time_us);
    row.values[AUDIT_LOST_DEVICE] = tern_value_id(&audit->lost.device);
    row.values[AUDIT_KEPT_DEVICE] = tern_value_id(&audit->kept.device);
    row.values[AUDIT_LOST_NUMBER] = number_value(audit->lost.number);
    row.values[AUDIT_KEPT_NUMBER] = number_value(audit->kept.number);
    row.values[AUDIT_LOST_TX] =
        trn_id_is_nil(&audit->lost.tx) ? tern_value_null() : tern_value_id(&audit->lost.tx);
    for (size_t index = 0; index < audit->scopes->count && status == TERN_OK; index++) {
        status = write_into(push, &row, &audit->scopes->scopes[index], error);
    }
    trn_bytes_free(&kept);
    trn_bytes_free(&lost);
    return status;
}
