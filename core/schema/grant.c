/* Whose ids are users, and which rows open one user's record to another. */
#include "schema/grant.h"

#include <string.h>

#include "schema/named.h"
#include "schema/value.h"

enum { GRANTS_MAX = 16, CONDITIONS_MAX = 8, HOLDERS_MAX = 16 };

static const char *const users_keys[] = {"table", "role", NULL};
static const char *const grant_keys[] =
    {"table", "people", "when", "subject_role", "holders", "offer", NULL};
static const char *const offer_keys[] = {"by", "when", NULL};
static const char *const condition_keys[] = {"column", "is", NULL};
static const char *const holder_keys[] = {"role", "writes", NULL};

tern_status trn_load_users(struct trn_loader *loader)
{
    struct trn_schema *schema = loader->schema;
    struct trn_node users;
    struct trn_node member;
    tern_status status = trn_node_need(&loader->reader, &loader->root, "users", &users);

    schema->role_column = TRN_NO_COLUMN;
    if (status == TERN_OK) {
        status = trn_node_object(&loader->reader, &users, users_keys);
    }
    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, &users, "table", &member);
    }
    if (status == TERN_OK) {
        status = trn_load_table_name(loader, &member, &schema->users_table);
    }
    if (status != TERN_OK || !trn_node_member(&users, "role", &member)) {
        return status;
    }
    status = trn_load_column_name(loader,
                                  &loader->drafts[schema->users_table],
                                  &member,
                                  &schema->role_column);
    if (status == TERN_OK &&
        loader->drafts[schema->users_table].columns[schema->role_column].type != TRN_TYPE_ENUM) {
        return trn_node_fail(&loader->reader, &member, "the role must be an enum");
    }
    return status;
}

/* A value of the users' role column. */
static tern_status load_role(struct trn_loader *loader,
                             const struct trn_node *up,
                             const char *key,
                             const char **ret_role)
{
    const struct trn_draft *users = &loader->drafts[loader->schema->users_table];
    struct trn_node node;
    tern_value value = tern_value_null();
    tern_status status = trn_node_need(&loader->reader, up, key, &node);

    if (status == TERN_OK && loader->schema->role_column == TRN_NO_COLUMN) {
        return trn_node_fail(&loader->reader, &node, "the document declares no role of users");
    }
    if (status == TERN_OK) {
        status = trn_load_value(loader,
                                users,
                                &users->columns[loader->schema->role_column],
                                &node,
                                &value);
    }
    if (status == TERN_OK) {
        *ret_role = value.data;
    }
    return status;
}

static tern_status
load_people(struct trn_loader *loader, const struct trn_node *node, struct trn_grant *grant)
{
    const struct trn_draft *draft = &loader->drafts[grant->table];
    struct trn_node list;
    const uint16_t *columns = NULL;
    size_t count = 0;
    tern_status status = trn_node_need(&loader->reader, node, "people", &list);

    if (status == TERN_OK) {
        status = trn_load_column_list(loader, draft, &list, 2, &columns, &count);
    }
    if (status != TERN_OK) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        if (draft->columns[columns[i]].target != loader->schema->users_table || count != 2) {
            return trn_node_fail(&loader->reader,
                                 &list,
                                 "must be two columns that reference the users");
        }
    }
    grant->person_a = columns[0];
    grant->person_b = columns[1];
    return TERN_OK;
}

static tern_status load_condition(struct trn_loader *loader,
                                  const struct trn_draft *draft,
                                  const struct trn_node *node,
                                  struct trn_grant_condition *condition)
{
    struct trn_node column;
    struct trn_node is;
    tern_value value = tern_value_null();
    tern_status status = trn_node_object(&loader->reader, node, condition_keys);

    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "column", &column);
    }
    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "is", &is);
    }
    if (status == TERN_OK) {
        status = trn_load_column_name(loader, draft, &column, &condition->column);
    }
    if (status == TERN_OK) {
        status = trn_load_value(loader, draft, &draft->columns[condition->column], &is, &value);
    }
    if (status == TERN_OK && value.kind != TERN_TEXT) {
        return trn_node_fail(&loader->reader, &column, "the column must hold text");
    }
    if (status == TERN_OK) {
        condition->value = value.data;
    }
    return status;
}

static tern_status load_when(struct trn_loader *loader,
                             uint16_t table,
                             const struct trn_node *node,
                             const struct trn_grant_condition **ret_conditions,
                             size_t *ret_count)
{
    struct trn_grant_condition *conditions;
    struct trn_node list;
    size_t count = 0;
    tern_status status = trn_node_need(&loader->reader, node, "when", &list);

    if (status == TERN_OK) {
        status = trn_node_array(&loader->reader, &list, 1, CONDITIONS_MAX, &count);
    }
    if (status != TERN_OK) {
        return status;
    }
    conditions = trn_reader_take(&loader->reader, count, sizeof(*conditions));
    if (conditions == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&list, i);

        status = load_condition(loader, &loader->drafts[table], &item, &conditions[i]);
    }
    *ret_conditions = conditions;
    *ret_count = count;
    return status;
}

static const struct trn_grant_condition *
condition_on(const struct trn_grant_condition *conditions, size_t count, uint16_t column)
{
    for (size_t i = 0; i < count; i++) {
        if (conditions[i].column == column) {
            return &conditions[i];
        }
    }
    return NULL;
}

/* An offer covers all that the grant asks for, so that who accepts it decides about nothing else.
 */
static tern_status
check_offer(struct trn_loader *loader, const struct trn_node *node, const struct trn_grant *grant)
{
    bool differs = false;

    for (size_t i = 0; i < grant->when_count; i++) {
        const struct trn_grant_condition *offered =
            condition_on(grant->offer, grant->offer_count, grant->when[i].column);

        if (offered == NULL) {
            return trn_node_fail(&loader->reader,
                                 node,
                                 "says nothing of a column that the grant looks at");
        }
        differs = differs || strcmp(offered->value, grant->when[i].value) != 0;
    }
    return differs ? TERN_OK
                   : trn_node_fail(&loader->reader, node, "is the state that opens the record");
}

static tern_status
load_offerer(struct trn_loader *loader, const struct trn_node *node, struct trn_grant *grant)
{
    const struct trn_draft *draft = &loader->drafts[grant->table];
    struct trn_node by;
    tern_status status = trn_node_need(&loader->reader, node, "by", &by);

    if (status == TERN_OK) {
        status = trn_load_column_name(loader, draft, &by, &grant->offer_by);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (grant->offer_by != grant->person_a && grant->offer_by != grant->person_b) {
        return trn_node_fail(&loader->reader, &by, "must be one of the two people");
    }
    return draft->columns[grant->offer_by].immutable
               ? TERN_OK
               : trn_node_fail(&loader->reader, &by, "must be immutable");
}

static tern_status
load_offer(struct trn_loader *loader, const struct trn_node *node, struct trn_grant *grant)
{
    struct trn_node offer;
    tern_status status;

    grant->offer_by = TRN_NO_COLUMN;
    if (!trn_node_member(node, "offer", &offer)) {
        return TERN_OK;
    }
    status = trn_node_object(&loader->reader, &offer, offer_keys);
    if (status == TERN_OK) {
        status = load_offerer(loader, &offer, grant);
    }
    if (status == TERN_OK) {
        status = load_when(loader, grant->table, &offer, &grant->offer, &grant->offer_count);
    }
    return status == TERN_OK ? check_offer(loader, &offer, grant) : status;
}

static tern_status
load_writes(struct trn_loader *loader, const struct trn_node *node, struct trn_grant_holder *holder)
{
    struct trn_node list;
    uint16_t *tables;
    size_t count = 0;
    tern_status status;

    if (!trn_node_member(node, "writes", &list)) {
        return TERN_OK;
    }
    status = trn_node_array(&loader->reader, &list, 0, TRN_SCHEMA_TABLES_MAX, &count);
    if (status != TERN_OK) {
        return status;
    }
    tables = trn_reader_take(&loader->reader, count, sizeof(*tables));
    if (tables == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&list, i);

        status = trn_load_table_name(loader, &item, &tables[i]);
        if (status == TERN_OK && loader->schema->tables[tables[i]].write_rule == TRN_WRITE_SERVER) {
            status = trn_node_fail(&loader->reader, &item, "the server alone writes this table");
        }
    }
    holder->writes = tables;
    holder->write_count = count;
    return status;
}

static tern_status
load_holders(struct trn_loader *loader, const struct trn_node *node, struct trn_grant *grant)
{
    struct trn_grant_holder *holders;
    struct trn_node list;
    size_t count = 0;
    tern_status status = trn_node_need(&loader->reader, node, "holders", &list);

    if (status == TERN_OK) {
        status = trn_node_array(&loader->reader, &list, 1, HOLDERS_MAX, &count);
    }
    if (status != TERN_OK) {
        return status;
    }
    holders = trn_reader_take(&loader->reader, count, sizeof(*holders));
    if (holders == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&list, i);

        status = trn_node_object(&loader->reader, &item, holder_keys);
        if (status == TERN_OK) {
            status = load_role(loader, &item, "role", &holders[i].role);
        }
        if (status == TERN_OK) {
            status = load_writes(loader, &item, &holders[i]);
        }
    }
    grant->holders = holders;
    grant->holder_count = count;
    return status;
}

static tern_status
load_grant(struct trn_loader *loader, const struct trn_node *node, struct trn_grant *grant)
{
    struct trn_node member;
    tern_status status = trn_node_object(&loader->reader, node, grant_keys);

    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "table", &member);
    }
    if (status == TERN_OK) {
        status = trn_load_table_name(loader, &member, &grant->table);
    }
    if (status == TERN_OK) {
        status = load_people(loader, node, grant);
    }
    if (status == TERN_OK) {
        status = load_when(loader, grant->table, node, &grant->when, &grant->when_count);
    }
    if (status == TERN_OK) {
        status = load_offer(loader, node, grant);
    }
    if (status == TERN_OK) {
        status = load_role(loader, node, "subject_role", &grant->subject_role);
    }
    return status == TERN_OK ? load_holders(loader, node, grant) : status;
}

tern_status trn_load_grants(struct trn_loader *loader)
{
    struct trn_grant *grants;
    struct trn_node list;
    size_t count = 0;
    tern_status status;

    if (!trn_node_member(&loader->root, "grants", &list)) {
        return TERN_OK;
    }
    status = trn_node_array(&loader->reader, &list, 1, GRANTS_MAX, &count);
    if (status != TERN_OK) {
        return status;
    }
    grants = trn_reader_take(&loader->reader, count, sizeof(*grants));
    if (grants == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&list, i);

        status = load_grant(loader, &item, &grants[i]);
    }
    loader->schema->grants = grants;
    loader->schema->grant_count = count;
    return status;
}
