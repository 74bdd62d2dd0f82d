/* The model's merge: what a change makes of its row, unit by unit, and what is set aside. */
#include "sim/model/internal.h"

#include <stddef.h>
#include <string.h>

/* ---- What a change carries ---- */

static bool is_insert(const struct model_change *change)
{
    return change->operation == MODEL_INSERT;
}

static bool has_values(const struct model_change *change)
{
    return is_insert(change) || change->operation == MODEL_UPDATE ||
           change->operation == MODEL_UNDO;
}

int64_t model_base(const struct model_case *kase, const struct model_change *change)
{
    const struct model_receipt *own;

    if (kase->left || is_insert(change)) {
        return 0;
    }
    if (change->base >= 0) {
        return strcmp(kase->tx->epoch, kase->request->epoch) == 0 ? change->base : 0;
    }
    if ((uint64_t)-change->base == kase->tx->ordinal) {
        return kase->number;
    }
    own = model_receipt_of(kase->model, kase, (uint64_t)-change->base);
    return own != NULL && own->verdict.kind == MODEL_APPLIED ? own->verdict.number : 0;
}

/* ---- Two values meet ---- */

/* A change on its way into a row. */
struct meeting {
    const struct model_case *kase;
    const struct model_change *change;
    struct model_scopes scopes;
    const struct model_row *before; /* NULL: there is none */
    struct model_row after;
    size_t audit_count;
    struct model_audit audits[TRN_UNITS_MAX]; /* large, and none at first */
};

static void
begin(struct meeting *meeting, const struct model_case *kase, const struct model_change *change)
{
    memset(meeting, 0, offsetof(struct meeting, audits));
    meeting->kase = kase;
    meeting->change = change;
}

static struct model_unit stamp(const struct meeting *meeting, size_t unit)
{
    const struct model_case *kase = meeting->kase;
    const struct model_change *change = meeting->change;
    const struct trn_table *table = model_table(kase->model, change->table);

    return (struct model_unit){.number = kase->number,
                               .time_us = kase->stored_us,
                               .device = kase->tx->author,
                               .tx = kase->tx->tx,
                               .rank = model_rank(table,
                                                  unit,
                                                  change->values,
                                                  kase->inferred,
                                                  change->operation == MODEL_UNDO,
                                                  is_insert(change))};
}

static void take_values(struct meeting *meeting, size_t unit)
{
    const struct trn_unit *group =
        &model_table(meeting->kase->model, meeting->change->table)->units[unit];

    for (size_t i = 0; i < group->column_count; i++) {
        meeting->after.values[group->columns[i]] =
            model_keep(meeting->kase->model, &meeting->change->values[group->columns[i]]);
    }
}

static bool same_values(const struct meeting *meeting, size_t unit)
{
    const struct trn_unit *group =
        &model_table(meeting->kase->model, meeting->change->table)->units[unit];

    for (size_t i = 0; i < group->column_count; i++) {
        if (!trn_value_equal(&meeting->after.values[group->columns[i]],
                             &meeting->change->values[group->columns[i]])) {
            return false;
        }
    }
    return true;
}

static const char *rule_of(const struct model_unit *a, const struct model_unit *b)
{
    return a->rank != b->rank ? "RANK" : a->time_us != b->time_us ? "LATER" : "DEVICE";
}

/* Whether the very transaction wrote what stands there. Time and device name it: what is left of it
 * may come under another number than its entry did. */
static bool is_own(const struct meeting *meeting, size_t unit)
{
    const struct model_unit *current = &meeting->after.units[unit];

    return current->number != 0 && current->time_us == meeting->kase->stored_us &&
           model_id_equal(&current->device, &meeting->kase->tx->author);
}

/* What is left of a transaction met what that very transaction said in another entry. */
static bool is_torn(const struct meeting *meeting, size_t unit)
{
    return meeting->after.units[unit].number != meeting->kase->number && is_own(meeting, unit);
}

/* Its insert may carry what others wrote later. */
static bool yields(const struct meeting *meeting, size_t unit)
{
    return meeting->kase->left && is_insert(meeting->change) && is_torn(meeting, unit);
}

/* The audit entry of the unit as it stands in `after` and as the change has it. */
static void set_aside(struct meeting *meeting, size_t unit, bool wins, bool deletes)
{
    const struct model_row *row = &meeting->after;
    struct model_unit incoming = stamp(meeting, unit);
    struct model_audit *audit = &meeting->audits[meeting->audit_count++];
    const tern_value *theirs = meeting->change->values;

    memset(audit, 0, sizeof(*audit));
    audit->table = row->table;
    audit->row = row->id;
    audit->unit = unit;
    audit->rule = is_torn(meeting, unit) ? "OWN" : rule_of(&incoming, &row->units[unit]);
    audit->lost = wins ? row->units[unit] : incoming;
    audit->kept = wins ? incoming : row->units[unit];
    if (unit == 0) {
        int64_t deleted_us = deletes ? meeting->kase->stored_us : 0;

        audit->lost_deleted = wins ? row->deleted : deletes;
        audit->kept_deleted = wins ? deletes : row->deleted;
        audit->lost_deleted_us = wins ? row->deleted_us : deleted_us;
        audit->kept_deleted_us = wins ? deleted_us : row->deleted_us;
        return;
    }
    for (size_t i = 0; i < model_table(meeting->kase->model, row->table)->column_count; i++) {
        if (model_carries(meeting->kase->model, meeting->change, i)) {
            tern_value kept = model_keep(meeting->kase->model, &theirs[i]);

            audit->lost_values[i] = wins ? row->values[i] : kept;
            audit->kept_values[i] = wins ? kept : row->values[i];
        }
    }
}

/* One unit of the change meets the row's. */
static void meet_unit(struct meeting *meeting, size_t unit, bool deletes)
{
    struct model_row *row = &meeting->after;
    struct model_unit incoming = stamp(meeting, unit);
    const struct model_unit *current = &row->units[unit];
    bool same = unit == 0 ? row->deleted == deletes : same_values(meeting, unit);
    bool wins =
        current->number == 0 || (!yields(meeting, unit) && model_compare(&incoming, current) >= 0);
    bool brings_back = unit == 0 && meeting->kase->left && row->deleted;
    bool seen = brings_back || current->number == 0 || current->number == meeting->kase->number ||
                current->number == model_base(meeting->kase, meeting->change);

    if (!same && !(wins && seen)) {
        set_aside(meeting, unit, wins, deletes);
    }
    if (!wins) {
        return;
    }
    if (unit == 0) {
        row->deleted = deletes;
        row->deleted_us = deletes ? meeting->kase->stored_us : 0;
        if (is_insert(meeting->change)) { /* created_at goes with existence */
            row->values[0] = meeting->change->values[0];
        }
    } else {
        take_values(meeting, unit);
    }
    row->units[unit] = incoming;
}

/* ---- Rows ---- */

static void create(struct meeting *meeting)
{
    const struct trn_table *table = model_table(meeting->kase->model, meeting->change->table);
    struct model_row *row = &meeting->after;

    row->table = meeting->change->table;
    row->id = meeting->change->id;
    for (size_t i = 0; i < table->column_count; i++) {
        row->values[i] = model_keep(meeting->kase->model, &meeting->change->values[i]);
    }
    for (size_t unit = 0; unit < table->unit_count; unit++) {
        row->units[unit] = stamp(meeting, unit);
    }
}

/* Equal but for created_at, which two makers of one row cannot share. */
static bool same_content(const struct meeting *meeting)
{
    const struct trn_table *table = model_table(meeting->kase->model, meeting->change->table);

    for (size_t i = 1; i < table->column_count; i++) {
        if (!trn_value_equal(&meeting->before->values[i], &meeting->change->values[i])) {
            return false;
        }
    }
    return true;
}

/* Column 0, created_at, goes with existence. */
static bool changes_what_never_does(const struct meeting *meeting)
{
    const struct model *model = meeting->kase->model;
    const struct trn_table *table = model_table(model, meeting->change->table);

    for (size_t i = 1; i < table->column_count; i++) {
        if (table->columns[i].immutable && model_carries(model, meeting->change, i) &&
            !trn_value_equal(&meeting->before->values[i], &meeting->change->values[i])) {
            return true;
        }
    }
    return false;
}

static tern_status insert_over(struct meeting *meeting)
{
    const struct trn_table *table = model_table(meeting->kase->model, meeting->change->table);

    if (table->append_only) {
        return same_content(meeting) ? TERN_OK : TERN_ERR_APPEND_ONLY;
    }
    if (meeting->before->deleted && !meeting->kase->left) {
        return TERN_ERR_DELETED;
    }
    if (changes_what_never_does(meeting)) {
        return TERN_ERR_IMMUTABLE;
    }
    meet_unit(meeting, 0, false);
    for (size_t unit = 1; unit < table->unit_count; unit++) {
        if (!table->server_owned_units[unit] || meeting->kase->request->power == MODEL_OPERATOR) {
            meet_unit(meeting, unit, false);
        }
    }
    return TERN_OK;
}

static tern_status meet(struct meeting *meeting)
{
    const struct model_change *change = meeting->change;
    const struct trn_table *table = model_table(meeting->kase->model, change->table);

    if (is_insert(change)) {
        if (meeting->before == NULL) {
            create(meeting);
            return TERN_OK;
        }
        return insert_over(meeting);
    }
    if (table->append_only) {
        return TERN_ERR_APPEND_ONLY;
    }
    if (change->operation == MODEL_DELETE && meeting->kase->inferred) {
        return TERN_ERR_OUTRANKED;
    }
    if (has_values(change) && changes_what_never_does(meeting)) {
        return TERN_ERR_IMMUTABLE;
    }
    meet_unit(meeting, has_values(change) ? change->unit : 0, change->operation == MODEL_DELETE);
    return TERN_OK;
}

/* ---- Constraints ---- */

static bool share_a_scope(const struct model_scopes *a, const struct model_scopes *b)
{
    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < b->count; j++) {
            if (model_id_equal(&a->ids[i], &b->ids[j])) {
                return true;
            }
        }
    }
    return false;
}

/* The rows that the change names: one that is not there may still come, and one of another record
 * is as one that is not there. */
static tern_status check_references(const struct meeting *meeting, bool last, bool *ret_wait)
{
    const struct model *model = meeting->kase->model;
    const struct model_change *change = meeting->change;
    const struct trn_table *table = model_table(model, change->table);

    for (size_t i = 0; i < table->column_count; i++) {
        const struct trn_column *column = &table->columns[i];
        const struct model_row *target;
        struct model_scopes scopes;
        tern_id id;

        if (column->target == TRN_NO_TABLE || !model_carries(model, change, i) ||
            !model_value_id(&change->values[i], &id) ||
            (column->target == change->table && model_id_equal(&id, &change->id))) {
            continue;
        }
        target = model_find(model, column->target, &id);
        if (target != NULL && !column->may_leave) {
            scopes = model_scopes_of(model, column->target, &id, target->values);
            target = share_a_scope(&meeting->scopes, &scopes) ? target : NULL;
        }
        if (target == NULL && last) {
            return TERN_ERR_FOREIGN_KEY;
        }
        *ret_wait = *ret_wait || target == NULL;
    }
    return TERN_OK;
}

static bool same_key(const struct trn_unique *unique, const tern_value *a, const tern_value *b)
{
    for (size_t i = 0; i < unique->column_count; i++) {
        uint16_t column = unique->columns[i];

        if (a[column].kind == TERN_NULL || !trn_value_equal(&a[column], &b[column])) {
            return false;
        }
    }
    return true;
}

/* A key holds among rows that are not deleted. */
static bool keys_are_free(const struct meeting *meeting)
{
    const struct model *model = meeting->kase->model;
    const struct model_row *row = &meeting->after;
    const struct trn_table *table = model_table(model, row->table);

    for (size_t i = 0; !row->deleted && i < model->rows.count; i++) {
        const struct model_row *other = model_list_at(&model->rows, i);

        if (other->table != row->table || other->deleted || model_id_equal(&other->id, &row->id)) {
            continue;
        }
        for (size_t key = 0; key < table->unique_count; key++) {
            if (same_key(&table->uniques[key], row->values, other->values)) {
                return false;
            }
        }
    }
    return true;
}

/* The values of the change are looked at though they may lose. */
static tern_status check_values(const struct meeting *meeting)
{
    const struct model *model = meeting->kase->model;
    const struct model_change *change = meeting->change;
    tern_value values[MODEL_COLUMNS] = {{.kind = TERN_NULL}};

    if (model->check == NULL || !has_values(change)) {
        return TERN_OK;
    }
    for (size_t i = 0; i < model_table(model, change->table)->column_count; i++) {
        values[i] =
            model_carries(model, change, i) ? change->values[i] : meeting->before->values[i];
    }
    return model->check(model_table(model, change->table), &change->id, values, is_insert(change));
}

/* ---- The change ---- */

static void finish(const struct meeting *meeting)
{
    struct model *model = meeting->kase->model;
    struct model_row *row = meeting->before != NULL
                                ? model_touch(model, meeting->after.table, &meeting->after.id)
                                : model_create(model, meeting->after.table, &meeting->after.id);

    *row = meeting->after;
    for (size_t i = 0; i < meeting->audit_count; i++) {
        for (size_t scope = 0; scope < meeting->scopes.count; scope++) {
            struct model_audit *audit = model_list_add(&model->audits);

            *audit = meeting->audits[i];
            audit->scope = meeting->scopes.ids[scope];
        }
    }
}

static tern_status not_yet(tern_status status, bool last, bool *ret_wait)
{
    *ret_wait = !last;
    return last ? status : TERN_OK;
}

static tern_status find_row(struct meeting *meeting, bool last, bool *ret_wait)
{
    const struct model_case *kase = meeting->kase;
    const struct model_change *change = meeting->change;

    meeting->before = model_find(kase->model, change->table, &change->id);
    if (meeting->before != NULL) {
        meeting->after = *meeting->before;
        meeting->scopes =
            model_scopes_of(kase->model, change->table, &change->id, meeting->before->values);
        return TERN_OK;
    }
    if (!is_insert(change)) {
        return TERN_ERR_NOT_FOUND;
    }
    meeting->scopes = model_scopes_of(kase->model, change->table, &change->id, change->values);
    if (meeting->scopes.open || model_is_hidden(kase, change->table, &meeting->scopes)) {
        return not_yet(TERN_ERR_SCOPE, last, ret_wait);
    }
    return meeting->scopes.count == 0 ? TERN_ERR_SCOPE : TERN_OK;
}

tern_status model_merge(const struct model_case *kase,
                        const struct model_change *change,
                        bool last,
                        bool *ret_wait)
{
    struct meeting meeting;
    tern_status status;

    begin(&meeting, kase, change);
    if (model_meets_erased(kase->model, change)) {
        return TERN_ERR_ERASED;
    }
    if (kase->left && change->operation == MODEL_DELETE &&
        model_find(kase->model, change->table, &change->id) == NULL) {
        return TERN_OK;
    }
    status = find_row(&meeting, last, ret_wait);
    if (status != TERN_OK || *ret_wait) {
        return status;
    }
    status = model_may_change(kase, change, meeting.before, &meeting.scopes);
    if (status == TERN_OK) {
        status = check_references(&meeting, last, ret_wait);
    }
    if (status != TERN_OK || *ret_wait) {
        return status;
    }
    status = check_values(&meeting);
    if (status == TERN_OK) {
        status = meet(&meeting);
    }
    if (status == TERN_OK) {
        status = model_may_open(kase, meeting.before, &meeting.after);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (!keys_are_free(&meeting)) {
        return not_yet(TERN_ERR_UNIQUE, last, ret_wait);
    }
    finish(&meeting);
    return TERN_OK;
}

/* ---- What is given up ---- */

static void
discard_unit(const struct meeting *meeting, size_t unit, bool others, const tern_id *scope)
{
    const struct model_case *kase = meeting->kase;
    const struct trn_table *table = model_table(kase->model, meeting->change->table);
    struct model_audit *audit = model_list_add(&kase->model->audits);
    bool deletes = meeting->change->operation == MODEL_DELETE;

    audit->table = meeting->change->table;
    audit->row = meeting->change->id;
    audit->unit = unit;
    audit->scope = *scope;
    audit->rule = "DISCARDED";
    audit->lost = stamp(meeting, unit);
    audit->lost_deleted = deletes;
    audit->lost_deleted_us = deletes ? kase->stored_us : 0;
    for (size_t i = 0; i < table->units[unit].column_count; i++) {
        uint16_t column = table->units[unit].columns[i];

        audit->lost_values[column] =
            model_keep(meeting->kase->model, &meeting->change->values[column]);
        if (others) {
            audit->kept_values[column] = meeting->before->values[column];
        }
    }
    if (others) {
        audit->kept = meeting->before->units[unit];
        audit->kept_deleted = meeting->before->deleted;
        audit->kept_deleted_us = meeting->before->deleted_us;
    }
}

/* Of an insert, each unit but existence, which says no more than that they are there. A row that is
 * not there is nobody's to write. */
tern_status model_discard(const struct model_case *kase, const struct model_change *change)
{
    struct meeting meeting;
    size_t units = model_table(kase->model, change->table)->unit_count;
    bool wait = false;
    bool writes;
    size_t first = is_insert(change) ? 1 : has_values(change) ? change->unit : 0;
    size_t end = is_insert(change) ? units : first + 1;

    begin(&meeting, kase, change);
    writes = find_row(&meeting, true, &wait) == TERN_OK && meeting.before != NULL &&
             model_may_write(kase, change->table, &meeting.scopes);
    if (model_meets_erased(kase->model, change)) {
        return TERN_OK; /* nothing of it is kept */
    }
    if (!writes && model_is_erased(kase->model, &kase->request->user)) {
        return TERN_OK; /* its author's record is no more */
    }
    if (!writes) {
        meeting.scopes = (struct model_scopes){.count = 1};
        meeting.scopes.ids[0] = kase->request->user;
    }
    for (size_t scope = 0; scope < meeting.scopes.count; scope++) {
        for (size_t unit = first; unit < end; unit++) {
            discard_unit(&meeting, unit, writes, &meeting.scopes.ids[scope]);
        }
    }
    return TERN_OK;
}
