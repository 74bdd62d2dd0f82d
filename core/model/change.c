/* What a change's values say of its rank, and when two cells or units are the same. */
#include "model/change.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"

bool trn_change_carries(const struct trn_change *change, size_t column)
{
    switch (change->operation) {
    case TRN_OP_INSERT:
        return true;
    case TRN_OP_UPDATE:
    case TRN_OP_UNDO:
        return change->table->columns[column].unit == change->unit;
    default:
        return false;
    }
}

bool trn_value_id(const tern_value *value, tern_id *ret_id)
{
    if (value->kind != TERN_BLOB || value->size != sizeof(ret_id->bytes)) {
        return false;
    }
    memcpy(ret_id->bytes, value->data, sizeof(ret_id->bytes));
    return true;
}

bool trn_value_equal(const tern_value *a, const tern_value *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case TERN_NULL:
        return true;
    case TERN_INTEGER:
        return a->integer == b->integer;
    case TERN_REAL:
        return a->real == b->real || (isnan(a->real) && isnan(b->real));
    case TERN_TEXT:
    case TERN_BLOB:
        return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
    }
    return false;
}

bool trn_unit_equal(const struct trn_table *table,
                    size_t unit,
                    const tern_value *a,
                    const tern_value *b)
{
    const struct trn_unit *described = &table->units[unit];

    TRN_ASSERT(unit < table->unit_count);

    for (size_t i = 0; i < described->column_count; i++) {
        uint16_t column = described->columns[i];

        if (!trn_value_equal(&a[column], &b[column])) {
            return false;
        }
    }
    return true;
}

static bool holds_text(const tern_value *value, const char *text)
{
    return value->kind == TERN_TEXT && value->size == strlen(text) &&
           memcmp(value->data, text, value->size) == 0;
}

static bool
is_of_defaults(const struct trn_table *table, const struct trn_unit *unit, const tern_value *values)
{
    for (size_t i = 0; i < unit->column_count; i++) {
        const struct trn_column *column = &table->columns[unit->columns[i]];
        tern_value standard = column->has_default ? column->default_value : tern_value_null();

        if (!trn_value_equal(&values[unit->columns[i]], &standard)) {
            return false;
        }
    }
    return true;
}

/* Whether the change is the exception to the unit's rule. An update carries the columns of its own
 * unit alone, and device and server must decide alike. */
static bool
is_excepted(const struct trn_table *table, size_t at, const tern_value *values, bool insert)
{
    const struct trn_unit *unit = &table->units[at];
    uint16_t column = unit->recorded_if_column;
    const tern_value *value;

    if (column == TRN_NO_COLUMN || (!insert && table->columns[column].unit != at)) {
        return false;
    }
    value = &values[column];
    if (unit->recorded_if_value == NULL) {
        return value->kind == TERN_INTEGER && value->integer != 0;
    }
    return holds_text(value, unit->recorded_if_value);
}

static bool holds_inferred_value(const struct trn_unit *unit, const tern_value *values)
{
    for (size_t i = 0; i < unit->inferred_value_count; i++) {
        if (holds_text(&values[unit->rank_column], unit->inferred_values[i])) {
            return true;
        }
    }
    return false;
}

static bool
is_inferred_by_rule(const struct trn_table *table, size_t at, const tern_value *values, bool insert)
{
    const struct trn_unit *unit = &table->units[at];

    switch (unit->rank_rule) {
    case TRN_RANK_RECORDED:
        return false;
    case TRN_RANK_INFERRED:
        return !is_excepted(table, at, values, insert);
    case TRN_RANK_BY_VALUE:
        return holds_inferred_value(unit, values) && !is_excepted(table, at, values, insert);
    }
    return false;
}

enum trn_rank trn_change_rank(const struct trn_table *table,
                              size_t unit,
                              const tern_value *values,
                              bool tx_inferred,
                              bool undo,
                              bool insert)
{
    const struct trn_unit *described = &table->units[unit];

    TRN_ASSERT(unit < table->unit_count);

    if (undo) {
        return TRN_RANK_1_RECORDED;
    }
    if (tx_inferred) {
        return TRN_RANK_0_INFERRED;
    }
    if (unit == TRN_UNIT_EXISTENCE) {
        return TRN_RANK_1_RECORDED;
    }
    if (insert && is_of_defaults(table, described, values)) {
        return TRN_RANK_0_INFERRED;
    }
    return is_inferred_by_rule(table, unit, values, insert) ? TRN_RANK_0_INFERRED
                                                            : TRN_RANK_1_RECORDED;
}
