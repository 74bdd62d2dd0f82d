/* The model's erasure, from "Erasure" of docs/SYNC.md: what goes, and what nobody may write back.
 */
#include "sim/model/internal.h"

#include <stdlib.h>

/* ---- What goes ---- */

static bool is_going(const struct model_list *going, size_t table, const tern_id *id)
{
    for (size_t i = 0; i < going->count; i++) {
        const struct model_gone *gone = model_list_at(going, i);

        if (gone->table == table && model_id_equal(&gone->id, id)) {
            return true;
        }
    }
    return false;
}

static void go(struct model_list *going, const struct model_row *row)
{
    struct model_gone *gone;

    if (!is_going(going, row->table, &row->id)) {
        gone = model_list_add(going);
        gone->table = row->table;
        gone->id = row->id;
    }
}

/* Whether the cell names a row that goes. */
static bool names_one(const struct model *model,
                      const struct model_list *going,
                      const struct model_row *row,
                      size_t column)
{
    uint16_t target = model_table(model, row->table)->columns[column].target;
    tern_id id;

    return target != TRN_NO_TABLE && model_value_id(&row->values[column], &id) &&
           is_going(going, target, &id);
}

static bool lies_in(const struct model *model, const struct model_row *row, const tern_id *scope)
{
    struct model_scopes scopes = model_scopes_of(model, row->table, &row->id, row->values);

    for (size_t i = 0; i < scopes.count; i++) {
        if (model_id_equal(&scopes.ids[i], scope)) {
            return true;
        }
    }
    return false;
}

/* Whether the column is a uuid of the natural key that references nothing. */
static bool is_about(const struct trn_table *table, size_t column)
{
    bool in_key = false;

    for (size_t i = 0; i < table->natural_key_count; i++) {
        in_key = in_key || table->natural_key[i] == column;
    }
    return in_key && table->columns[column].type == TRN_TYPE_UUID &&
           table->columns[column].target == TRN_NO_TABLE;
}

static bool is_erased_entry(const struct model *model, const tern_id *id)
{
    for (size_t i = 0; i < model->rows.count; i++) {
        const struct model_row *row = model_list_at(&model->rows, i);

        if (model_id_equal(&row->id, id)) {
            return false;
        }
    }
    return model->erased_entry != NULL && model->erased_entry(model->erased_context, id);
}

/* Of whatever table, the audit's included. */
static bool is_about_one(const struct model *model,
                         const struct model_list *going,
                         const tern_id *person,
                         const tern_value *value)
{
    tern_id id;

    if (!model_value_id(value, &id)) {
        return false;
    }
    for (size_t i = 0; i < going->count; i++) {
        const struct model_gone *gone = model_list_at(going, i);

        if (model_id_equal(&gone->id, &id)) {
            return true;
        }
    }
    return model_id_equal(person, &id) || is_erased_entry(model, &id);
}

/* The rows of the record, and by `cascade` those that name them, and those that are about them,
 * until nothing more is found. */
static void find(const struct model *model, const tern_id *person, struct model_list *going)
{
    size_t before;

    for (size_t i = 0; i < model->rows.count; i++) {
        const struct model_row *row = model_list_at(&model->rows, i);

        if (lies_in(model, row, person)) {
            go(going, row);
        }
    }
    do {
        before = going->count;
        for (size_t i = 0; i < model->rows.count; i++) {
            const struct model_row *row = model_list_at(&model->rows, i);
            const struct trn_table *table = model_table(model, row->table);

            for (size_t c = 0; c < table->column_count; c++) {
                if ((table->columns[c].on_delete == TRN_DELETE_CASCADE &&
                     names_one(model, going, row, c)) ||
                    (is_about(table, c) && is_about_one(model, going, person, &row->values[c]))) {
                    go(going, row);
                }
            }
        }
    } while (going->count > before);
}

/* Whether no row that stays has to name one that goes. */
static bool lets_go(const struct model *model, const struct model_list *going)
{
    for (size_t i = 0; i < model->rows.count; i++) {
        const struct model_row *row = model_list_at(&model->rows, i);
        const struct trn_table *table = model_table(model, row->table);

        for (size_t c = 0; c < table->column_count && !is_going(going, row->table, &row->id); c++) {
            bool clears =
                table->columns[c].on_delete == TRN_DELETE_SET_NULL && table->columns[c].nullable;

            if (!clears && names_one(model, going, row, c)) {
                return false;
            }
        }
    }
    return true;
}

/* ---- Going ---- */

static void
clear_pointers(struct model *model, const struct model_list *going, const struct model_unit *stamp)
{
    for (size_t i = 0; i < model->rows.count; i++) {
        struct model_row *row = model_list_at(&model->rows, i);
        const struct trn_table *table = model_table(model, row->table);

        for (size_t c = 0; c < table->column_count && !is_going(going, row->table, &row->id); c++) {
            if (names_one(model, going, row, c)) {
                row->values[c] = (tern_value){.kind = TERN_NULL};
                row->units[table->columns[c].unit] = *stamp;
            }
        }
    }
}

static void drop_rows(struct model *model, const struct model_list *going)
{
    size_t kept = 0;

    for (size_t i = 0; i < model->rows.count; i++) {
        struct model_row *row = model_list_at(&model->rows, i);

        if (!is_going(going, row->table, &row->id)) {
            *(struct model_row *)model_list_at(&model->rows, kept++) = *row;
        }
    }
    model->rows.count = kept;
}

/* Those about the rows, in whatever record, and those in the person's. */
static void drop_audits(struct model *model, const struct model_list *going, const tern_id *person)
{
    size_t kept = 0;

    for (size_t i = 0; i < model->audits.count; i++) {
        struct model_audit *audit = model_list_at(&model->audits, i);
        bool theirs = person != NULL && model_id_equal(&audit->scope, person);

        if (!theirs && !is_going(going, audit->table, &audit->row)) {
            *(struct model_audit *)model_list_at(&model->audits, kept++) = *audit;
        }
    }
    model->audits.count = kept;
}

static void remember(struct model *model, const struct model_list *going)
{
    for (size_t i = 0; i < going->count; i++) {
        struct model_gone *gone = model_list_add(&model->gone);

        *gone = *(const struct model_gone *)model_list_at(going, i);
    }
}

bool model_is_erased(const struct model *model, const tern_id *id)
{
    for (size_t i = 0; i < model->gone.count; i++) {
        const struct model_gone *gone = model_list_at(&model->gone, i);

        if (model_id_equal(&gone->id, id)) {
            return true;
        }
    }
    return false;
}

bool model_erase(struct model *model,
                 const tern_id *person,
                 int64_t now_us,
                 int64_t number,
                 const tern_id *tx)
{
    struct model_unit stamp = {.number = number, .rank = 1, .time_us = now_us, .tx = *tx};
    struct model_list going;
    struct model_gone *gone;
    bool good;

    if (model_is_erased(model, person)) {
        return false;
    }
    model_list_begin(&going, sizeof(struct model_gone));
    find(model, person, &going);
    good = lets_go(model, &going);
    if (good) {
        struct model_receipt *receipt = model_list_add(&model->receipts);

        receipt->tx = *tx;
        receipt->left = true;
        receipt->verdict =
            (struct model_verdict){.kind = MODEL_APPLIED, .number = number, .stored_us = now_us};
        clear_pointers(model, &going, &stamp);
        drop_audits(model, &going, person);
        drop_rows(model, &going);
        gone = model_list_add(&model->gone);
        gone->table = model->schema->users_table;
        gone->id = *person;
        remember(model, &going);
        model->last_number = number;
    }
    free(going.items);
    return good;
}

/* ---- Retention ---- */

/* Whether another row names it. */
static bool is_held(const struct model *model, const struct model_row *held)
{
    for (size_t i = 0; i < model->rows.count; i++) {
        const struct model_row *row = model_list_at(&model->rows, i);
        const struct trn_table *table = model_table(model, row->table);
        tern_id id;

        for (size_t c = 0; c < table->column_count && row != held; c++) {
            if (table->columns[c].target == held->table && model_value_id(&row->values[c], &id) &&
                model_id_equal(&id, &held->id)) {
                return true;
            }
        }
    }
    return false;
}

size_t model_retain(struct model *model, int64_t now_us, int64_t number)
{
    static const int64_t day_us = INT64_C(86400000000);
    struct model_list going;
    size_t count = 0;
    size_t found;

    do { /* one that went may have held others */
        model_list_begin(&going, sizeof(struct model_gone));
        for (size_t i = 0; i < model->rows.count; i++) {
            const struct model_row *row = model_list_at(&model->rows, i);
            int64_t days = model_table(model, row->table)->retention_days;

            if (days > 0 && model_row_updated(model, row) < now_us - days * day_us &&
                !is_held(model, row)) {
                go(&going, row);
            }
        }
        drop_audits(model, &going, NULL);
        drop_rows(model, &going);
        remember(model, &going);
        found = going.count;
        count += found;
        free(going.items);
    } while (found > 0);
    model->last_number = number > model->last_number ? number : model->last_number;
    return count;
}

/* ---- Afterwards ---- */

/* Whether the column says in which record a row lies, or holds a row of the same one. */
static bool binds(const struct trn_table *table, size_t column)
{
    bool leads = false;

    for (size_t i = 0; i < table->scope_count; i++) {
        leads = leads || (table->scopes[i].hop_count > 0 && table->scopes[i].columns[0] == column);
    }
    return is_about(table, column) || (table->columns[column].target != TRN_NO_TABLE &&
                                       (leads || !table->columns[column].may_leave));
}

bool model_meets_erased(const struct model *model, const struct model_change *change)
{
    const struct trn_table *table = model_table(model, change->table);
    tern_id id;

    if (model->gone.count == 0) {
        return false;
    }
    if (model_is_erased(model, &change->id)) {
        return true;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        if (binds(table, i) && model_carries(model, change, i) &&
            model_value_id(&change->values[i], &id) &&
            (model_is_erased(model, &id) || (is_about(table, i) && is_erased_entry(model, &id)))) {
            return true;
        }
    }
    return false;
}
