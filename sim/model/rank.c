/* The model's order of stamps, and which rank a write has. */
#include "sim/model/internal.h"

#include <string.h>

int model_compare(const struct model_unit *a, const struct model_unit *b)
{
    if (a->rank != b->rank) {
        return a->rank - b->rank;
    }
    if (a->time_us != b->time_us) {
        return a->time_us < b->time_us ? -1 : 1;
    }
    return memcmp(a->device.bytes, b->device.bytes, sizeof(a->device.bytes));
}

static bool holds_one_of(const tern_value *value, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (model_value_is(value, texts[i])) {
            return true;
        }
    }
    return false;
}

static bool all_defaults(const struct trn_table *table, size_t unit, const tern_value *values)
{
    const struct trn_unit *group = &table->units[unit];

    for (size_t i = 0; i < group->column_count; i++) {
        const struct trn_column *column = &table->columns[group->columns[i]];
        tern_value nothing = {.kind = TERN_NULL};

        if (!trn_value_equal(&values[group->columns[i]],
                             column->has_default ? &column->default_value : &nothing)) {
            return false;
        }
    }
    return true;
}

/* An update does not carry the columns of other units. */
static bool
is_exception(const struct trn_table *table, size_t unit, const tern_value *values, bool insert)
{
    const struct trn_unit *group = &table->units[unit];
    uint16_t column = group->recorded_if_column;

    return column != TRN_NO_COLUMN && (insert || table->columns[column].unit == unit) &&
           model_value_is(&values[column], group->recorded_if_value);
}

int model_rank(const struct trn_table *table,
               size_t unit,
               const tern_value *values,
               bool inferred,
               bool undo,
               bool insert)
{
    const struct trn_unit *group = &table->units[unit];

    if (undo) {
        return 1;
    }
    if (inferred) {
        return 0;
    }
    if (unit == 0) {
        return 1;
    }
    if (insert && all_defaults(table, unit, values)) {
        return 0;
    }
    if (is_exception(table, unit, values, insert)) {
        return 1;
    }
    switch (group->rank_rule) {
    case TRN_RANK_INFERRED:
        return 0;
    case TRN_RANK_BY_VALUE:
        return !holds_one_of(&values[group->rank_column],
                             group->inferred_values,
                             group->inferred_value_count);
    case TRN_RANK_RECORDED:
        break;
    }
    return 1;
}
