/* Merge units and the rules of their ranks; checks over columns of one unit; and which version
 * brought what. */
#include "schema/unit.h"

#include <string.h>

#include "model/change.h"
#include "schema/named.h"
#include "schema/value.h"

enum { VALUES_MAX = 64, CHECKS_MAX = 16 };

static const char *const unit_keys[] =
    {"name", "columns", "rank", "inferred_if", "recorded_if_inserted_with", "server_owned", NULL};

static tern_status load_unit_columns(struct trn_loader *loader,
                                     struct trn_draft *draft,
                                     const struct trn_node *node,
                                     uint16_t index,
                                     struct trn_unit *unit)
{
    struct trn_node list;
    const uint16_t *columns = NULL;
    size_t count = 0;
    tern_status status = trn_node_need(&loader->reader, node, "columns", &list);

    if (status == TERN_OK) {
        status = trn_load_column_list(loader, draft, &list, 1, &columns, &count);
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&list, i);
        struct trn_column *column = &draft->columns[columns[i]];

        if (columns[i] == 0) {
            return trn_node_fail(&loader->reader, &item, "created_at is of no unit");
        }
        if (column->unit != TRN_UNITS_MAX) {
            return trn_node_fail(&loader->reader, &item, "the column is in two units");
        }
        column->unit = index;
    }
    unit->column_count = count;
    return status;
}

static tern_status load_text_of(struct trn_loader *loader,
                                const struct trn_draft *draft,
                                uint16_t column,
                                const struct trn_node *node,
                                const char **ret_text)
{
    tern_value value = tern_value_null();
    tern_status status = trn_load_value(loader, draft, &draft->columns[column], node, &value);

    if (status == TERN_OK && value.kind != TERN_TEXT) {
        return trn_node_fail(&loader->reader, node, "the column must hold text");
    }
    if (status == TERN_OK) {
        *ret_text = value.data;
    }
    return status;
}

/* {"column": ..., "values": [...]} */
static tern_status load_inferred_if(struct trn_loader *loader,
                                    const struct trn_draft *draft,
                                    const struct trn_node *node,
                                    struct trn_unit *unit)
{
    static const char *const keys[] = {"column", "values", NULL};
    struct trn_node member;
    const char **values;
    size_t count = 0;
    tern_status status = trn_node_object(&loader->reader, node, keys);

    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "column", &member);
    }
    if (status == TERN_OK) {
        status = trn_load_column_name(loader, draft, &member, &unit->rank_column);
    }
    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "values", &member);
    }
    if (status == TERN_OK) {
        status = trn_node_array(&loader->reader, &member, 1, VALUES_MAX, &count);
    }
    if (status != TERN_OK) {
        return status;
    }
    values = trn_reader_take(&loader->reader, count, sizeof(*values));
    if (values == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&member, i);

        status = load_text_of(loader, draft, unit->rank_column, &item, &values[i]);
    }
    unit->rank_rule = TRN_RANK_BY_VALUE;
    unit->inferred_values = values;
    unit->inferred_value_count = count;
    return status;
}

/* {"column": ..., "value": ...} */
static tern_status load_exception(struct trn_loader *loader,
                                  const struct trn_draft *draft,
                                  const struct trn_node *node,
                                  struct trn_unit *unit)
{
    static const char *const keys[] = {"column", "value", NULL};
    struct trn_node member;
    tern_status status = trn_node_object(&loader->reader, node, keys);

    if (status == TERN_OK && unit->rank_rule == TRN_RANK_RECORDED) {
        return trn_node_fail(&loader->reader, node, "there is no rule to be an exception of");
    }
    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "column", &member);
    }
    if (status == TERN_OK) {
        status = trn_load_column_name(loader, draft, &member, &unit->recorded_if_column);
    }
    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "value", &member);
    }
    return status == TERN_OK ? load_text_of(loader,
                                            draft,
                                            unit->recorded_if_column,
                                            &member,
                                            &unit->recorded_if_value)
                             : status;
}

static tern_status load_rank(struct trn_loader *loader,
                             const struct trn_draft *draft,
                             const struct trn_node *node,
                             uint16_t index,
                             struct trn_unit *unit)
{
    static const char *const words[] = {"recorded", "inferred", NULL};
    struct trn_node member;
    size_t word = 0;
    tern_status status = TERN_OK;

    if (trn_node_member(node, "rank", &member)) {
        status = trn_node_word(&loader->reader, &member, words, &word);
        unit->rank_rule = word == 1 ? TRN_RANK_INFERRED : TRN_RANK_RECORDED;
    }
    if (status == TERN_OK && trn_node_member(node, "inferred_if", &member)) {
        if (unit->rank_rule == TRN_RANK_INFERRED) {
            return trn_node_fail(&loader->reader, &member, "the unit is always inferred");
        }
        status = load_inferred_if(loader, draft, &member, unit);
        if (status == TERN_OK && draft->columns[unit->rank_column].unit != index) {
            return trn_node_fail(&loader->reader, &member, "the column is not of this unit");
        }
    }
    if (status == TERN_OK && trn_node_member(node, "recorded_if_inserted_with", &member)) {
        status = load_exception(loader, draft, &member, unit);
    }
    return status;
}

static struct trn_unit empty_unit(const char *name)
{
    return (struct trn_unit){.name = name,
                             .rank_column = TRN_NO_COLUMN,
                             .recorded_if_column = TRN_NO_COLUMN};
}

static tern_status load_unit_name(struct trn_loader *loader,
                                  const struct trn_node *node,
                                  const struct trn_unit *units,
                                  size_t index,
                                  const char **ret_name)
{
    struct trn_node member;
    tern_status status = trn_node_need(&loader->reader, node, "name", &member);

    if (status == TERN_OK) {
        status = trn_node_name(&loader->reader, &member, ret_name);
    }
    for (size_t i = 0; i < index && status == TERN_OK; i++) {
        if (strcmp(units[i].name, *ret_name) == 0) {
            return trn_node_fail(&loader->reader, &member, "two units of one name");
        }
    }
    return status;
}

static tern_status load_unit(struct trn_loader *loader,
                             struct trn_draft *draft,
                             const struct trn_node *node,
                             struct trn_unit *units,
                             uint16_t index)
{
    const char *name = "";
    tern_status status = trn_node_object(&loader->reader, node, unit_keys);

    if (status == TERN_OK) {
        status = load_unit_name(loader, node, units, index, &name);
    }
    units[index] = empty_unit(name);
    if (status == TERN_OK) {
        status = load_unit_columns(loader, draft, node, index, &units[index]);
    }
    if (status == TERN_OK) {
        status = load_rank(loader, draft, node, index, &units[index]);
    }
    return status == TERN_OK ? trn_node_flag(&loader->reader,
                                             node,
                                             "server_owned",
                                             &draft->table->server_owned_units[index])
                             : status;
}

/* Puts the columns of no declared unit where they belong: immutable ones into existence, all others
 * into `rest`. */
static tern_status assign_rest(struct trn_loader *loader,
                               struct trn_draft *draft,
                               const struct trn_node *at,
                               uint16_t rest)
{
    for (size_t i = 1; i < draft->table->column_count; i++) {
        struct trn_column *column = &draft->columns[i];

        if (column->unit != TRN_UNITS_MAX) {
            continue;
        }
        if (column->immutable) {
            column->unit = TRN_UNIT_EXISTENCE;
        } else if (rest != TRN_UNITS_MAX) {
            column->unit = rest;
        } else {
            return trn_node_fail(&loader->reader, at, "the column %s is in no unit", column->name);
        }
    }
    return TERN_OK;
}

/* The columns of each unit, ascending. */
static tern_status
list_columns(struct trn_loader *loader, struct trn_draft *draft, struct trn_unit *units)
{
    const struct trn_table *table = draft->table;

    for (size_t u = 1; u < table->unit_count; u++) {
        uint16_t *columns = trn_reader_take(&loader->reader, table->column_count, sizeof(*columns));
        size_t count = 0;

        if (columns == NULL) {
            return TERN_ERR_NOMEM;
        }
        for (size_t i = 0; i < table->column_count; i++) {
            if (draft->columns[i].unit == u) {
                columns[count++] = (uint16_t)i;
            }
        }
        units[u].columns = columns;
        units[u].column_count = count;
    }
    return TERN_OK;
}

static tern_status load_declared(struct trn_loader *loader,
                                 struct trn_draft *draft,
                                 const struct trn_node *list,
                                 struct trn_unit *units,
                                 size_t count)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(list, i);

        status = load_unit(loader, draft, &item, units, (uint16_t)(i + 1));
    }
    draft->table->unit_count = count + 1;
    return status == TERN_OK ? assign_rest(loader, draft, list, TRN_UNITS_MAX) : status;
}

/* One unit for the whole row, unless nothing of it can change. */
static tern_status
make_default(struct trn_loader *loader, struct trn_draft *draft, struct trn_unit *units)
{
    tern_status status = assign_rest(loader, draft, &draft->node, 1);

    draft->table->unit_count = 1;
    for (size_t i = 1; i < draft->table->column_count; i++) {
        if (draft->columns[i].unit == 1) {
            units[1] = empty_unit("row");
            draft->table->unit_count = 2;
        }
    }
    return status;
}

tern_status trn_load_units(struct trn_loader *loader, struct trn_draft *draft)
{
    struct trn_unit *units;
    struct trn_node list;
    size_t count = 0;
    bool is_declared = trn_node_member(&draft->node, "units", &list);
    tern_status status = TERN_OK;

    if (is_declared) {
        status = trn_node_array(&loader->reader, &list, 1, TRN_UNITS_MAX - 1, &count);
    }
    if (status != TERN_OK) {
        return status;
    }
    units = trn_reader_take(&loader->reader, count + 2, sizeof(*units));
    if (units == NULL) {
        return TERN_ERR_NOMEM;
    }
    units[0] = empty_unit("existence");
    draft->table->units = units;
    status = is_declared ? load_declared(loader, draft, &list, units, count)
                         : make_default(loader, draft, units);
    return status == TERN_OK ? list_columns(loader, draft, units) : status;
}

/* ---- Checks ---- */

static tern_status load_compare(struct trn_loader *loader,
                                const struct trn_draft *draft,
                                const struct trn_node *node,
                                struct trn_check *check)
{
    static const char *const signs[] =
        {[TRN_LESS] = "<", [TRN_LESS_EQUAL] = "<=", [TRN_NOT_EQUAL] = "<>", NULL};
    struct trn_node items[3];
    size_t count = 0;
    size_t sign = 0;
    tern_status status = trn_node_array(&loader->reader, node, 3, 3, &count);

    if (status != TERN_OK) {
        return status;
    }
    for (size_t i = 0; i < 3; i++) {
        items[i] = trn_node_item(node, i);
    }
    status = trn_load_column_name(loader, draft, &items[0], &check->left);
    if (status == TERN_OK) {
        status = trn_node_word(&loader->reader, &items[1], signs, &sign);
    }
    if (status == TERN_OK) {
        status = trn_load_column_name(loader, draft, &items[2], &check->right);
    }
    check->kind = TRN_CHECK_COMPARE;
    check->comparison = (enum trn_comparison)sign;
    if (status == TERN_OK &&
        (draft->columns[check->left].type != draft->columns[check->right].type ||
         draft->columns[check->left].type == TRN_TYPE_DECIMAL)) {
        return trn_node_fail(&loader->reader,
                             node,
                             "the two columns must be of one type, and no decimals");
    }
    return status;
}

static tern_status load_require(struct trn_loader *loader,
                                const struct trn_draft *draft,
                                const struct trn_node *node,
                                struct trn_check *check)
{
    static const char *const keys[] = {"column", "when", "is", NULL};
    struct trn_node column;
    struct trn_node when;
    struct trn_node is;
    tern_status status = trn_node_object(&loader->reader, node, keys);

    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "column", &column);
    }
    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "when", &when);
    }
    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "is", &is);
    }
    if (status == TERN_OK) {
        status = trn_load_column_name(loader, draft, &column, &check->left);
    }
    if (status == TERN_OK) {
        status = trn_load_column_name(loader, draft, &when, &check->right);
    }
    check->kind = TRN_CHECK_REQUIRE;
    return status == TERN_OK
               ? trn_load_value(loader, draft, &draft->columns[check->right], &is, &check->value)
               : status;
}

static tern_status load_check_kind(struct trn_loader *loader,
                                   const struct trn_draft *draft,
                                   const struct trn_node *node,
                                   struct trn_check *check)
{
    struct trn_node member;
    struct trn_node other;
    bool compares = trn_node_member(node, "compare", &member);
    bool requires = trn_node_member(node, "require", &other);

    if (compares == requires) {
        return trn_node_fail(&loader->reader, node, "either \"compare\" or \"require\"");
    }
    return compares ? load_compare(loader, draft, &member, check)
                    : load_require(loader, draft, &other, check);
}

static tern_status load_check(struct trn_loader *loader,
                              const struct trn_draft *draft,
                              const struct trn_node *node,
                              struct trn_check *checks,
                              size_t index)
{
    static const char *const keys[] = {"name", "compare", "require", NULL};
    struct trn_check *check = &checks[index];
    struct trn_node name;
    tern_status status = trn_node_object(&loader->reader, node, keys);

    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "name", &name);
    }
    if (status == TERN_OK) {
        status = trn_node_name(&loader->reader, &name, &check->name);
    }
    for (size_t i = 0; i < index && status == TERN_OK; i++) {
        if (strcmp(checks[i].name, check->name) == 0) {
            return trn_node_fail(&loader->reader, &name, "two checks of one name");
        }
    }
    if (status == TERN_OK) {
        status = load_check_kind(loader, draft, node, check);
    }
    if (status == TERN_OK &&
        draft->columns[check->left].unit != draft->columns[check->right].unit) {
        return trn_node_fail(&loader->reader,
                             node,
                             "a check spans columns of one unit, since units merge apart: %s and "
                             "%s are of two",
                             draft->columns[check->left].name,
                             draft->columns[check->right].name);
    }
    return status;
}

tern_status trn_load_checks(struct trn_loader *loader, struct trn_draft *draft)
{
    struct trn_check *checks;
    struct trn_node list;
    size_t count = 0;
    tern_status status;

    if (!trn_node_member(&draft->node, "checks", &list)) {
        return TERN_OK;
    }
    status = trn_node_array(&loader->reader, &list, 1, CHECKS_MAX, &count);
    if (status != TERN_OK) {
        return status;
    }
    checks = trn_reader_take(&loader->reader, count, sizeof(*checks));
    if (checks == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&list, i);

        status = load_check(loader, draft, &item, checks, i);
    }
    draft->table->checks = checks;
    draft->table->check_count = count;
    return status;
}
