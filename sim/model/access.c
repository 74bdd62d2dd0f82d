/* The model's word on who may write what, from "Who may write" of docs/SYNC.md. */
#include "sim/model/internal.h"

#include <stdint.h>
#include <string.h>

#define MODEL_NO_TABLE SIZE_MAX

/* ---- Scopes ---- */

/* Follows one path to the scope's id; false where it ends in null, `ret_open` where it leads over a
 * row that is not there. */
static bool follow(const struct model *model,
                   const struct trn_scope_path *path,
                   const tern_id *id,
                   const tern_value *values,
                   tern_id *ret_scope,
                   bool *ret_open)
{
    tern_id at = *id;

    for (size_t hop = 0; hop < path->hop_count; hop++) {
        if (hop > 0) {
            const struct model_row *row = model_find(model, path->tables[hop], &at);

            if (row == NULL) {
                *ret_open = true;
                return false;
            }
            values = row->values;
        }
        if (!model_value_id(&values[path->columns[hop]], &at)) {
            return false;
        }
    }
    *ret_scope = at;
    return true;
}

struct model_scopes model_scopes_of(const struct model *model,
                                    size_t table,
                                    const tern_id *id,
                                    const tern_value *values)
{
    const struct trn_table *description = model_table(model, table);
    struct model_scopes scopes = {.count = 0};

    for (size_t i = 0; i < description->scope_count; i++) {
        tern_id scope;
        bool known = false;

        if (!follow(model, &description->scopes[i], id, values, &scope, &scopes.open)) {
            continue;
        }
        for (size_t j = 0; j < scopes.count; j++) {
            known = known || model_id_equal(&scopes.ids[j], &scope);
        }
        if (!known) {
            scopes.ids[scopes.count++] = scope;
        }
    }
    return scopes;
}

/* ---- Grants ---- */

/* The role of a user, NULL where none is known. */
static const tern_value *role_of(const struct model *model, const tern_id *user)
{
    const struct model_row *row = model_find(model, model->schema->users_table, user);

    return row == NULL || row->deleted ? NULL : &row->values[model->schema->role_column];
}

static bool
is_in_state(const struct model_row *row, const struct trn_grant_condition *state, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!model_value_is(&row->values[state[i].column], state[i].value)) {
            return false;
        }
    }
    return !row->deleted;
}

static bool is_open(const struct trn_grant *grant, const struct model_row *row)
{
    return is_in_state(row, grant->when, grant->when_count);
}

/* Whether one of the people offers the other to open the record; `row` may be NULL. */
static bool is_offered(const struct trn_grant *grant, const struct model_row *row)
{
    return grant->offer_count > 0 && row != NULL &&
           is_in_state(row, grant->offer, grant->offer_count);
}

static bool
offers(const struct model_case *kase, const struct trn_grant *grant, const struct model_row *row)
{
    tern_id person;

    return model_value_id(&row->values[grant->offer_by], &person) &&
           model_id_equal(&person, &kase->request->user);
}

static bool holder_writes(const struct trn_grant *grant, const tern_value *role, size_t table)
{
    for (size_t i = 0; i < grant->holder_count; i++) {
        const struct trn_grant_holder *holder = &grant->holders[i];

        for (size_t j = 0; model_value_is(role, holder->role) && j < holder->write_count; j++) {
            if (holder->writes[j] == table) {
                return true;
            }
        }
    }
    return false;
}

static bool holder_reads(const struct trn_grant *grant, const tern_value *role)
{
    for (size_t i = 0; i < grant->holder_count; i++) {
        if (model_value_is(role, grant->holders[i].role)) {
            return true;
        }
    }
    return false;
}

/* Whether the row of a grant opens the scope to the user for writing the table, or, without one,
 * for reading. */
static bool opens_to(const struct model *model,
                     const struct trn_grant *grant,
                     const struct model_row *row,
                     const tern_id *scope,
                     const tern_id *user,
                     size_t table)
{
    const tern_value *role = role_of(model, user);
    const tern_value *subject = role_of(model, scope);
    tern_id a;
    tern_id b;

    if (row->table != grant->table || !is_open(grant, row) || role == NULL || subject == NULL ||
        !model_value_id(&row->values[grant->person_a], &a) ||
        !model_value_id(&row->values[grant->person_b], &b)) {
        return false;
    }
    return ((model_id_equal(&a, scope) && model_id_equal(&b, user)) ||
            (model_id_equal(&b, scope) && model_id_equal(&a, user))) &&
           model_value_is(subject, grant->subject_role) &&
           (table == MODEL_NO_TABLE ? holder_reads(grant, role)
                                    : holder_writes(grant, role, table));
}

static bool
is_granted(const struct model *model, const tern_id *scope, const tern_id *user, size_t table)
{
    for (size_t i = 0; i < model->schema->grant_count; i++) {
        for (size_t j = 0; j < model->rows.count; j++) {
            if (opens_to(model,
                         &model->schema->grants[i],
                         model_list_at(&model->rows, j),
                         scope,
                         user,
                         table)) {
                return true;
            }
        }
    }
    return false;
}

bool model_may_write(const struct model_case *kase, size_t table, const struct model_scopes *scopes)
{
    const struct model *model = kase->model;
    size_t count = model_table(model, table)->any_scope_writes ? scopes->count : 1;

    if (kase->request->power == MODEL_OPERATOR) {
        return true;
    }
    if (kase->request->power == MODEL_JOB && table != model->schema->users_table) {
        return true;
    }
    for (size_t i = 0; i < count && i < scopes->count; i++) {
        if (model_id_equal(&scopes->ids[i], &kase->request->user) ||
            is_granted(model, &scopes->ids[i], &kase->request->user, table)) {
            return true;
        }
    }
    return false;
}

bool model_is_hidden(const struct model_case *kase, size_t table, const struct model_scopes *scopes)
{
    const struct trn_table *description = model_table(kase->model, table);
    bool over_rows = false;

    for (size_t i = 0; i < description->scope_count; i++) {
        over_rows = over_rows || description->scopes[i].hop_count > 1;
    }
    if (!over_rows || model_may_write(kase, table, scopes)) {
        return false;
    }
    for (size_t i = 0; i < scopes->count; i++) {
        if (model_id_equal(&scopes->ids[i], &kase->request->user) ||
            is_granted(kase->model, &scopes->ids[i], &kase->request->user, MODEL_NO_TABLE)) {
            return false;
        }
    }
    return true;
}

/* ---- Changes ---- */

/* What a writer who is no operator may say of a column of the server's in an insert. */
static bool may_say(const struct model_case *kase,
                    const struct model_change *change,
                    const struct model_row *present,
                    size_t index)
{
    const struct trn_schema *schema = kase->model->schema;
    const struct trn_column *column = &schema->tables[change->table].columns[index];
    const tern_value *value = &change->values[index];
    tern_value fallback = {.kind = TERN_NULL};

    if (present != NULL) {
        if (trn_value_equal(value, &present->values[index])) {
            return true;
        }
    } else if (change->table == schema->users_table && index == schema->role_column &&
               model_id_equal(&change->id, &kase->request->user)) {
        return model_value_is(value,
                              kase->request->role != NULL ? kase->request->role
                                                          : column->enumeration->values[0]);
    }
    return trn_value_equal(value, column->has_default ? &column->default_value : &fallback);
}

static bool respects_the_server(const struct model_case *kase,
                                const struct model_change *change,
                                const struct model_row *present)
{
    const struct trn_table *table = model_table(kase->model, change->table);

    if (kase->request->power == MODEL_OPERATOR) {
        return true;
    }
    if (change->operation == MODEL_UPDATE || change->operation == MODEL_UNDO) {
        return !table->server_owned_units[change->unit];
    }
    for (size_t i = 0; change->operation == MODEL_INSERT && i < table->column_count; i++) {
        if (table->server_owned_units[table->columns[i].unit] &&
            !may_say(kase, change, present, i)) {
            return false;
        }
    }
    return true;
}

tern_status model_may_change(const struct model_case *kase,
                             const struct model_change *change,
                             const struct model_row *present,
                             const struct model_scopes *scopes)
{
    const struct trn_table *table = model_table(kase->model, change->table);
    bool only_inserted = table->write_rule == TRN_WRITE_INSERT_ONLY && !table->append_only;

    if (table->write_rule == TRN_WRITE_SERVER && kase->request->power != MODEL_OPERATOR) {
        return TERN_ERR_FORBIDDEN;
    }
    if (kase->request->power == MODEL_USER && only_inserted &&
        (change->operation != MODEL_INSERT || present != NULL)) {
        return TERN_ERR_FORBIDDEN;
    }
    if (!model_may_write(kase, change->table, scopes) ||
        !respects_the_server(kase, change, present)) {
        return TERN_ERR_FORBIDDEN;
    }
    return TERN_OK;
}

/* Whether a person's record is the writer's to open: it is their own, or none that the grant opens.
 * One whose role is not known may have any. */
static bool may_open_of(const struct model_case *kase,
                        const struct trn_grant *grant,
                        const struct model_row *row,
                        uint16_t person)
{
    const tern_value *role;
    tern_id id;

    if (!model_value_id(&row->values[person], &id) || model_id_equal(&id, &kase->request->user)) {
        return true;
    }
    role = role_of(kase->model, &id);
    return role != NULL && !model_value_is(role, grant->subject_role);
}

/* Whether the row may come into the opening state, or into that of an offer. */
static bool may_come(const struct model_case *kase,
                     const struct trn_grant *grant,
                     const struct model_row *before,
                     const struct model_row *after)
{
    if (before != NULL && is_open(grant, before)) {
        return true;
    }
    if (is_offered(grant, after) && !is_offered(grant, before) &&
        !may_open_of(kase, grant, after, grant->offer_by)) {
        return false;
    }
    if (!is_open(grant, after) || (is_offered(grant, before) && !offers(kase, grant, after))) {
        return true;
    }
    return may_open_of(kase, grant, after, grant->person_a) &&
           may_open_of(kase, grant, after, grant->person_b);
}

tern_status model_may_open(const struct model_case *kase,
                           const struct model_row *before,
                           const struct model_row *after)
{
    const struct trn_schema *schema = kase->model->schema;

    for (size_t i = 0; kase->request->power == MODEL_USER && i < schema->grant_count; i++) {
        const struct trn_grant *grant = &schema->grants[i];

        if (grant->table == after->table && !may_come(kase, grant, before, after)) {
            return TERN_ERR_FORBIDDEN;
        }
    }
    return TERN_OK;
}
