/* Who may write what: own record, granted records, tables and units that are the server's. */
#include "server/access.h"

#include "base/error.h"
#include "base/mutant.h"
#include "base/uuid.h"

static tern_status load_grants(struct trn_push *push, tern_error *error)
{
    tern_status status = TERN_OK;

    if (!push->grants_loaded) {
        status = trn_grants_load(push->db,
                                 push->db->ops->writer(push->db),
                                 &push->auth->user,
                                 &push->grants,
                                 error);
        push->grants_loaded = status == TERN_OK;
    }
    return status;
}

/* The table's own rule, whoever's record it is. */
static tern_status check_rule(const struct trn_push *push,
                              const struct trn_change *change,
                              bool exists,
                              tern_error *error)
{
    const struct trn_table *table = change->table;
    /* Over a row that is there an insert merges, unless rows of the table never change at all. */
    bool alters = change->operation != TRN_OP_INSERT || (exists && !table->append_only);

    if (push->auth->power == TRN_POWER_OPERATOR) {
        return TERN_OK;
    }
    if (table->write_rule == TRN_WRITE_SERVER) {
        return trn_fail(error, TERN_ERR_FORBIDDEN, "%s: only the server writes it", table->name);
    }
    if (table->write_rule == TRN_WRITE_INSERT_ONLY && alters) {
        return trn_fail(error,
                        TERN_ERR_FORBIDDEN,
                        "%s: its rows are only ever inserted",
                        table->name);
    }
    if ((change->operation == TRN_OP_UPDATE || change->operation == TRN_OP_UNDO) &&
        table->server_owned_units[change->unit]) {
        return trn_fail(error,
                        TERN_ERR_FORBIDDEN,
                        "%s: only the server writes the unit %s",
                        table->name,
                        table->units[change->unit].name);
    }
    return TERN_OK;
}

bool trn_access_owns_unit(const struct trn_push *push, const struct trn_table *table, size_t unit)
{
    return push->auth->power == TRN_POWER_OPERATOR || !table->server_owned_units[unit];
}

/* What the role column may hold in a row that its own user inserts. */
static tern_value own_role(const struct trn_push *push, const struct trn_column *column)
{
    if (push->auth->role != NULL) {
        return tern_value_text(push->auth->role);
    }
    if (column->has_default) {
        return column->default_value;
    }
    if (column->enumeration != NULL && column->enumeration->value_count > 0) {
        return tern_value_text(column->enumeration->values[0]);
    }
    return tern_value_null();
}

/* An insert carries the server's units, too: nothing but their defaults, the role of the token, or
 * what the row has. */
tern_status trn_access_check_units(const struct trn_push *push,
                                   const struct trn_change *change,
                                   const tern_value *present,
                                   tern_error *error)
{
    const struct trn_table *table = change->table;
    const struct trn_schema *schema = push->db->schema;

    for (size_t index = 0; index < table->column_count; index++) {
        const struct trn_column *column = &table->columns[index];
        tern_value allowed = column->has_default ? column->default_value : tern_value_null();

        if (column->unit == TRN_UNIT_EXISTENCE || trn_access_owns_unit(push, table, column->unit) ||
            (present != NULL && trn_value_equal(&change->values[index], &present[index]))) {
            continue;
        }
        if (table->index == schema->users_table && index == schema->role_column) {
            allowed = own_role(push, column);
        }
        if (!trn_value_equal(&change->values[index], &allowed)) {
            return trn_fail(error,
                            TERN_ERR_FORBIDDEN,
                            "%s.%s: only the server sets it",
                            table->name,
                            column->name);
        }
    }
    return TERN_OK;
}

tern_status trn_access_writes(struct trn_push *push,
                              const struct trn_table *table,
                              const struct trn_row_scopes *scopes,
                              bool *ret_writes,
                              tern_error *error)
{
    size_t count = table->any_scope_writes || scopes->count == 0 ? scopes->count : 1;
    bool writes = push->auth->power == TRN_POWER_OPERATOR || TRN_MUTANT(PUSH_UNCHECKED);
    tern_status status = TERN_OK;

    for (size_t index = 0; index < count && !writes; index++) {
        writes = trn_id_equal(&scopes->scopes[index], &push->auth->user);
    }
    if (!writes && push->auth->power == TRN_POWER_SERVICE) {
        *ret_writes = table->index != push->db->schema->users_table;
        return TERN_OK;
    }
    if (!writes) {
        status = load_grants(push, error);
    }
    for (size_t index = 0; index < count && status == TERN_OK && !writes; index++) {
        const struct trn_opened *opened = trn_grants_find(&push->grants, &scopes->scopes[index]);

        writes = opened != NULL && trn_grants_let_write(opened, table);
    }
    if (status == TERN_OK) {
        *ret_writes = writes;
    }
    return status;
}

/* Whether a path leads over another row, so that what comes of it tells whether that is there. */
static bool leads_over_rows(const struct trn_table *table)
{
    bool leads = false;

    for (size_t index = 0; index < table->scope_count; index++) {
        leads = leads || table->scopes[index].hop_count > 1;
    }
    return leads;
}

tern_status trn_access_hides(struct trn_push *push,
                             const struct trn_table *table,
                             const struct trn_row_scopes *scopes,
                             bool *ret_hides,
                             tern_error *error)
{
    bool sees = false;
    tern_status status = TERN_OK;

    if (leads_over_rows(table)) {
        status = trn_access_writes(push, table, scopes, &sees, error);
    } else {
        sees = true;
    }
    for (size_t index = 0; index < scopes->count && status == TERN_OK && !sees; index++) {
        sees = trn_id_equal(&scopes->scopes[index], &push->auth->user) ||
               trn_grants_find(&push->grants, &scopes->scopes[index]) != NULL;
    }
    if (status == TERN_OK) {
        *ret_hides = !sees;
    }
    return status;
}

tern_status trn_access_check(struct trn_push *push,
                             const struct trn_change *change,
                             const struct trn_row_scopes *scopes,
                             bool exists,
                             tern_error *error)
{
    bool writes = false;
    tern_status status = trn_access_writes(push, change->table, scopes, &writes, error);

    if (status == TERN_OK && !writes) {
        return trn_fail(error,
                        TERN_ERR_FORBIDDEN,
                        "%s: writing this row is not granted",
                        change->table->name);
    }
    if (status == TERN_OK) {
        status = check_rule(push, change, exists, error);
    }
    if (status == TERN_OK && change->operation == TRN_OP_INSERT && !exists) {
        status = trn_access_check_units(push, change, NULL, error);
    }
    return status;
}

tern_status trn_access_check_opening(struct trn_push *push,
                                     const struct trn_table *table,
                                     const struct trn_row *before,
                                     const struct trn_row *after,
                                     tern_error *error)
{
    const struct trn_schema *schema = push->db->schema;
    tern_status status = TERN_OK;

    if (push->auth->power != TRN_POWER_USER) {
        return TERN_OK;
    }
    for (size_t index = 0; index < schema->grant_count && status == TERN_OK; index++) {
        bool allowed = true;

        if (schema->grants[index].table != table->index) {
            continue;
        }
        status = trn_grant_allows(push->db,
                                  push->db->ops->writer(push->db),
                                  &schema->grants[index],
                                  before,
                                  after,
                                  &push->auth->user,
                                  &allowed,
                                  error);
        if (status == TERN_OK && !allowed) {
            return trn_fail(error,
                            TERN_ERR_FORBIDDEN,
                            "%s: a record is opened by the one whose it is",
                            table->name);
        }
    }
    return status;
}
