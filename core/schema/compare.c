/* Additions alone are compatible: a device of the older version goes on writing, and its writes
 * mean the same under the newer one. What no row depends on (minimum version, grants, windows,
 * retention, queries, marks of sensitivity) may change. */
#include "schema/compare.h"

#include <string.h>

#include "base/error.h"
#include "model/change.h"

const struct trn_table *trn_schema_server_table(const struct trn_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->server_table_count; i++) {
        if (strcmp(schema->server_tables[i].name, name) == 0) {
            return &schema->server_tables[i];
        }
    }
    return NULL;
}

const struct trn_enum *trn_schema_enum(const struct trn_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->enum_count; i++) {
        if (strcmp(schema->enums[i].name, name) == 0) {
            return &schema->enums[i];
        }
    }
    return NULL;
}

static tern_status
refuse(tern_error *error, const char *place, const char *part, const char *reason)
{
    return trn_fail(error,
                    TERN_ERR_SCHEMA_INCOMPATIBLE,
                    "%s%s%s: %s",
                    place,
                    part[0] == '\0' ? "" : ".",
                    part,
                    reason);
}

static bool are_same_texts(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool are_same_lists(const uint16_t *a, size_t a_count, const uint16_t *b, size_t b_count)
{
    return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * sizeof(*a)) == 0);
}

static bool
are_same_words(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    for (size_t i = 0; a_count == b_count && i < a_count; i++) {
        if (strcmp(a[i], b[i]) != 0) {
            return false;
        }
    }
    return a_count == b_count;
}

/* ---- Enums ---- */

static tern_status compare_enum(const struct trn_enum *from,
                                const struct trn_enum *to,
                                uint32_t version,
                                tern_error *error)
{
    if (to == NULL) {
        return refuse(error, from->name, "", "the enum is gone");
    }
    if (to->value_count < from->value_count ||
        !are_same_words(from->values, from->value_count, to->values, from->value_count)) {
        return refuse(error, from->name, "", "values are only added behind those there are");
    }
    for (size_t i = from->value_count; i < to->value_count; i++) {
        if (to->fallbacks[i] == NULL || to->sinces[i] <= version) {
            return refuse(error,
                          from->name,
                          to->values[i],
                          "a new value says since which version, and what older ones read");
        }
    }
    return TERN_OK;
}

/* PostgreSQL does not use a value in the transaction that adds it. */
static tern_status check_new_default(const struct trn_schema *schema,
                                     const struct trn_table *table,
                                     const struct trn_column *column,
                                     tern_error *error)
{
    const struct trn_enum *known;

    if (column->type != TRN_TYPE_ENUM || !column->has_default) {
        return TERN_OK;
    }
    known = trn_schema_enum(schema, column->enumeration->name);
    for (size_t i = 0; known != NULL && i < known->value_count; i++) {
        if (trn_slice_equal_text(
                trn_slice_make(column->default_value.data, column->default_value.size),
                known->values[i])) {
            return TERN_OK;
        }
    }
    return known == NULL ? TERN_OK
                         : refuse(error,
                                  table->name,
                                  column->name,
                                  "the default is a value that the same version adds to its enum");
}

static tern_status check_new_defaults(const struct trn_schema *schema,
                                      const struct trn_table *table,
                                      tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < table->column_count && status == TERN_OK; i++) {
        status = check_new_default(schema, table, &table->columns[i], error);
    }
    for (size_t i = 0; i < table->server_column_count && status == TERN_OK; i++) {
        status = check_new_default(schema, table, &table->server_columns[i], error);
    }
    return status;
}

/* ---- Columns ---- */

static bool are_same_defaults(const struct trn_column *from, const struct trn_column *to)
{
    return from->has_default == to->has_default &&
           (!from->has_default || trn_value_equal(&from->default_value, &to->default_value));
}

static bool are_same_limits(const struct trn_column *from, const struct trn_column *to)
{
    return from->format == to->format && from->length_max == to->length_max &&
           from->length_min == to->length_min && from->precision == to->precision &&
           from->scale == to->scale && from->has_min == to->has_min &&
           from->has_max == to->has_max && (!from->has_min || from->min == to->min) &&
           (!from->has_max || from->max == to->max) &&
           are_same_words(from->words, from->word_count, to->words, to->word_count);
}

static bool are_same_types(const struct trn_column *from, const struct trn_column *to)
{
    return from->type == to->type && (from->type != TRN_TYPE_ENUM ||
                                      strcmp(from->enumeration->name, to->enumeration->name) == 0);
}

static bool are_same_references(const struct trn_column *from, const struct trn_column *to)
{
    return from->target == to->target && from->may_leave == to->may_leave &&
           from->on_delete == to->on_delete;
}

static tern_status compare_column(const char *table,
                                  const struct trn_column *from,
                                  const struct trn_column *to,
                                  tern_error *error)
{
    if (strcmp(from->name, to->name) != 0) {
        return refuse(error, table, from->name, "the column is gone or has moved");
    }
    if (strcmp(from->server_name, to->server_name) != 0) {
        return refuse(error, table, from->name, "the server's name changed");
    }
    if (!are_same_types(from, to)) {
        return refuse(error, table, from->name, "the type changed");
    }
    if (from->nullable != to->nullable) {
        return refuse(error, table, from->name, "nullable changed");
    }
    if (!are_same_limits(from, to)) {
        return refuse(error, table, from->name, "a limit changed");
    }
    if (!are_same_defaults(from, to)) {
        return refuse(error, table, from->name, "the default changed");
    }
    if (!are_same_references(from, to)) {
        return refuse(error, table, from->name, "the reference changed");
    }
    if (from->unit != to->unit || from->immutable != to->immutable || from->since != to->since) {
        return refuse(error, table, from->name, "its merge unit, immutable or since changed");
    }
    return TERN_OK;
}

static tern_status check_new_column(const struct trn_schema *schema,
                                    const struct trn_table *from,
                                    const struct trn_column *column,
                                    bool is_synced,
                                    tern_error *error)
{
    if (!column->nullable && !column->has_default) {
        return refuse(error, from->name, column->name, "a new column is nullable or has a default");
    }
    if (is_synced && column->since <= schema->version) {
        return refuse(error, from->name, column->name, "a new column says since which version");
    }
    if (is_synced && column->unit < from->unit_count) {
        return refuse(error,
                      from->name,
                      column->name,
                      "a new column is in a new unit: an older writer would wipe it");
    }
    return check_new_default(schema, from, column, error);
}

static tern_status compare_list(const struct trn_schema *schema,
                                const struct trn_table *table,
                                const struct trn_column *from,
                                size_t from_count,
                                const struct trn_column *to,
                                size_t to_count,
                                bool is_synced,
                                tern_error *error)
{
    tern_status status = TERN_OK;

    if (to_count < from_count) {
        return refuse(error, table->name, from[to_count].name, "the column is gone");
    }
    for (size_t i = 0; i < from_count && status == TERN_OK; i++) {
        status = compare_column(table->name, &from[i], &to[i], error);
    }
    for (size_t i = from_count; i < to_count && status == TERN_OK; i++) {
        status = check_new_column(schema, table, &to[i], is_synced, error);
    }
    return status;
}

/* ---- Units, keys, indexes, checks ---- */

static bool are_same_ranks(const struct trn_unit *from, const struct trn_unit *to)
{
    return from->rank_rule == to->rank_rule && from->rank_column == to->rank_column &&
           are_same_words(from->inferred_values,
                          from->inferred_value_count,
                          to->inferred_values,
                          to->inferred_value_count) &&
           from->recorded_if_column == to->recorded_if_column &&
           are_same_texts(from->recorded_if_value, to->recorded_if_value);
}

static tern_status
compare_units(const struct trn_table *from, const struct trn_table *to, tern_error *error)
{
    if (to->unit_count < from->unit_count) {
        return refuse(error, from->name, from->units[to->unit_count].name, "the unit is gone");
    }
    for (size_t i = 0; i < from->unit_count; i++) {
        if (strcmp(from->units[i].name, to->units[i].name) != 0) {
            return refuse(error, from->name, from->units[i].name, "the unit is gone or has moved");
        }
        if (!are_same_ranks(&from->units[i], &to->units[i]) ||
            from->server_owned_units[i] != to->server_owned_units[i]) {
            return refuse(error, from->name, from->units[i].name, "the rule of the unit changed");
        }
    }
    return TERN_OK;
}

/* Hops through the same tables; its own one is the same wherever it stands (sync_audit moves). */
static bool are_same_ways(const struct trn_table *from,
                          const struct trn_scope_path *a,
                          const struct trn_table *to,
                          const struct trn_scope_path *b)
{
    for (size_t i = 0; i < a->hop_count; i++) {
        bool is_own = a->tables[i] == from->index && b->tables[i] == to->index;

        if (a->columns[i] != b->columns[i] || (!is_own && a->tables[i] != b->tables[i])) {
            return false;
        }
    }
    return true;
}

static bool are_same_scopes(const struct trn_table *from, const struct trn_table *to)
{
    for (size_t i = 0; from->scope_count == to->scope_count && i < from->scope_count; i++) {
        const struct trn_scope_path *a = &from->scopes[i];
        const struct trn_scope_path *b = &to->scopes[i];

        if (a->hop_count != b->hop_count || !are_same_ways(from, a, to, b)) {
            return false;
        }
    }
    return from->scope_count == to->scope_count;
}

static tern_status
compare_keys(const struct trn_table *from, const struct trn_table *to, tern_error *error)
{
    if (!are_same_lists(from->natural_key,
                        from->natural_key_count,
                        to->natural_key,
                        to->natural_key_count) ||
        from->natural_key_is_partial != to->natural_key_is_partial) {
        return refuse(error, from->name, "", "the natural key changed");
    }
    if (!are_same_scopes(from, to)) {
        return refuse(error, from->name, "", "the scope changed");
    }
    if (from->append_only != to->append_only || from->write_rule != to->write_rule) {
        return refuse(error, from->name, "", "who may write changed");
    }
    return TERN_OK;
}

/* Whether rows that are there cannot break the key: it spans a new column, which is null in all of
 * them. */
static bool cannot_collide(const struct trn_table *from,
                           const struct trn_table *to,
                           const struct trn_unique *unique)
{
    for (size_t i = 0; i < unique->column_count; i++) {
        if (unique->columns[i] >= from->column_count &&
            !to->columns[unique->columns[i]].has_default) {
            return true;
        }
    }
    return false;
}

static tern_status
compare_uniques(const struct trn_table *from, const struct trn_table *to, tern_error *error)
{
    for (size_t i = 0; i < from->unique_count; i++) {
        if (i >= to->unique_count || strcmp(from->uniques[i].name, to->uniques[i].name) != 0 ||
            !are_same_lists(from->uniques[i].columns,
                            from->uniques[i].column_count,
                            to->uniques[i].columns,
                            to->uniques[i].column_count)) {
            return refuse(error, from->name, from->uniques[i].name, "the unique key changed");
        }
    }
    for (size_t i = from->unique_count; i < to->unique_count; i++) {
        if (!cannot_collide(from, to, &to->uniques[i])) {
            return refuse(error,
                          from->name,
                          to->uniques[i].name,
                          "a new unique key may not hold for the rows that are there");
        }
    }
    return TERN_OK;
}

static bool are_same_indexes(const struct trn_index *from, const struct trn_index *to)
{
    return strcmp(from->name, to->name) == 0 && from->live_only == to->live_only &&
           from->where_column == to->where_column &&
           trn_value_equal(&from->where_value, &to->where_value) &&
           are_same_lists(from->columns, from->column_count, to->columns, to->column_count);
}

static bool are_same_checks(const struct trn_check *from, const struct trn_check *to)
{
    return strcmp(from->name, to->name) == 0 && from->kind == to->kind && from->left == to->left &&
           from->right == to->right && from->comparison == to->comparison &&
           trn_value_equal(&from->value, &to->value);
}

static tern_status
compare_rest(const struct trn_table *from, const struct trn_table *to, tern_error *error)
{
    for (size_t i = 0; i < from->index_count; i++) {
        if (i >= to->index_count || !are_same_indexes(&from->indexes[i], &to->indexes[i])) {
            return refuse(error,
                          from->name,
                          from->indexes[i].name,
                          "the index changed; new ones stand behind those there are");
        }
    }
    for (size_t i = 0; i < from->check_count; i++) {
        if (i >= to->check_count || !are_same_checks(&from->checks[i], &to->checks[i])) {
            return refuse(error, from->name, from->checks[i].name, "the check changed");
        }
    }
    if (to->check_count != from->check_count) {
        return refuse(error,
                      from->name,
                      to->checks[from->check_count].name,
                      "a new check may not hold for the rows that are there");
    }
    return TERN_OK;
}

/* ---- Tables ---- */

static tern_status compare_table(const struct trn_schema *schema,
                                 const struct trn_table *from,
                                 const struct trn_table *to,
                                 bool is_synced,
                                 tern_error *error)
{
    tern_status status;

    if (strcmp(from->server_name, to->server_name) != 0 || from->since != to->since) {
        return refuse(error, from->name, "", "the server's name or since changed");
    }
    status = compare_list(schema,
                          from,
                          from->columns,
                          from->column_count,
                          to->columns,
                          to->column_count,
                          is_synced,
                          error);
    if (status == TERN_OK) {
        status = compare_list(schema,
                              from,
                              from->server_columns,
                              from->server_column_count,
                              to->server_columns,
                              to->server_column_count,
                              false,
                              error);
    }
    if (status == TERN_OK && is_synced) {
        status = compare_units(from, to, error);
    }
    if (status == TERN_OK) {
        status = compare_keys(from, to, error);
    }
    if (status == TERN_OK) {
        status = compare_uniques(from, to, error);
    }
    return status == TERN_OK ? compare_rest(from, to, error) : status;
}

/* All but sync_audit, which stays last and so moves. */
static tern_status
compare_tables(const struct trn_schema *from, const struct trn_schema *to, tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i + 1 < from->table_count && status == TERN_OK; i++) {
        if (i + 1 >= to->table_count || strcmp(from->tables[i].name, to->tables[i].name) != 0) {
            return refuse(error, from->tables[i].name, "", "the table is gone or has moved");
        }
        status = compare_table(from, &from->tables[i], &to->tables[i], true, error);
    }
    for (size_t i = from->table_count - 1; i + 1 < to->table_count && status == TERN_OK; i++) {
        if (to->tables[i].since <= from->version) {
            return refuse(error, to->tables[i].name, "", "a new table says since which version");
        }
        status = check_new_defaults(from, &to->tables[i], error);
    }
    return status == TERN_OK ? compare_table(from,
                                             &from->tables[from->table_count - 1],
                                             &to->tables[to->table_count - 1],
                                             true,
                                             error)
                             : status;
}

static tern_status
compare_server_tables(const struct trn_schema *from, const struct trn_schema *to, tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < from->server_table_count && status == TERN_OK; i++) {
        const struct trn_table *table = &from->server_tables[i];
        const struct trn_table *other = trn_schema_server_table(to, table->name);

        status = other == NULL ? refuse(error, table->name, "", "the table is gone")
                               : compare_table(from, table, other, false, error);
    }
    for (size_t i = 0; i < to->server_table_count && status == TERN_OK; i++) {
        if (trn_schema_server_table(from, to->server_tables[i].name) == NULL) {
            status = check_new_defaults(from, &to->server_tables[i], error);
        }
    }
    return status;
}

static tern_status
compare_heads(const struct trn_schema *from, const struct trn_schema *to, tern_error *error)
{
    if (strcmp(from->name, to->name) != 0) {
        return trn_fail(error,
                        TERN_ERR_SCHEMA_INCOMPATIBLE,
                        "the document is of %s, the database of %s",
                        to->name,
                        from->name);
    }
    if (to->version < from->version) {
        return trn_fail(error,
                        TERN_ERR_SCHEMA_OLDER,
                        "the document is version %u, the database already %u",
                        to->version,
                        from->version);
    }
    if (from->users_table != to->users_table || from->role_column != to->role_column) {
        return refuse(error, "users", "", "the table of users or their role changed");
    }
    return TERN_OK;
}

tern_status
trn_schema_compare(const struct trn_schema *from, const struct trn_schema *to, tern_error *error)
{
    tern_status status = compare_heads(from, to, error);

    for (size_t i = 0; i < from->enum_count && status == TERN_OK; i++) {
        status = compare_enum(&from->enums[i],
                              trn_schema_enum(to, from->enums[i].name),
                              from->version,
                              error);
    }
    if (status == TERN_OK) {
        status = compare_tables(from, to, error);
    }
    return status == TERN_OK ? compare_server_tables(from, to, error) : status;
}
