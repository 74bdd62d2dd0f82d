/* Walks the rows that grant something to a user, and the roles of the two people they name. */
#include "server/grants.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/uuid.h"

struct walk {
    const struct trn_db *db;
    struct trn_db_view *view;
    const struct trn_grant *grant;
    const tern_id *user;
    const struct trn_grant_holder *holder;
    struct trn_grants *grants;
};

/* The user's role, "" if there is no such user. */
static tern_status read_role(const struct trn_db *db,
                             struct trn_db_view *view,
                             const tern_id *user,
                             char ret_role[TRN_ROLE_BYTES],
                             tern_error *error)
{
    const struct trn_schema *schema = db->schema;
    struct trn_row row;
    bool found = false;
    tern_status status =
        db->ops->row_read(view, &schema->tables[schema->users_table], user, &found, &row, error);

    if (status != TERN_OK) {
        return status;
    }
    ret_role[0] = '\0';
    if (found && schema->role_column != TRN_NO_COLUMN && row.deleted_at_us == 0) {
        const tern_value *role = &row.values[schema->role_column];

        if (role->kind == TERN_TEXT && role->size < TRN_ROLE_BYTES) {
            memcpy(ret_role, role->data, role->size);
            ret_role[role->size] = '\0';
        }
    }
    return TERN_OK;
}

static const struct trn_grant_holder *holder_of(const struct trn_grant *grant, const char *role)
{
    for (size_t index = 0; index < grant->holder_count; index++) {
        if (strcmp(grant->holders[index].role, role) == 0) {
            return &grant->holders[index];
        }
    }
    return NULL;
}

static int64_t version_of(const struct trn_schema *schema,
                          const struct trn_grant *grant,
                          const struct trn_row *row)
{
    const struct trn_table *table = &schema->tables[grant->table];
    int64_t version = row->version.keys[TRN_UNIT_EXISTENCE];

    for (size_t index = 0; index < grant->when_count; index++) {
        int64_t key = row->version.keys[table->columns[grant->when[index].column].unit];

        version = key > version ? key : version;
    }
    return version;
}

static tern_status
add(struct trn_grants *grants, const struct trn_opened *opened, tern_error *error)
{
    if (grants->count == grants->capacity) {
        size_t capacity = grants->capacity == 0 ? 8 : grants->capacity * 2;
        struct trn_opened *items = trn_realloc(grants->items, capacity * sizeof(*items));

        if (items == NULL) {
            return trn_fail_nomem(error);
        }
        grants->items = items;
        grants->capacity = capacity;
    }
    grants->items[grants->count++] = *opened;
    return TERN_OK;
}

static tern_status visit(void *context, const struct trn_row *row, tern_error *error)
{
    struct walk *walk = context;
    struct trn_opened opened = {.holder = walk->holder};
    char role[TRN_ROLE_BYTES];
    tern_id a;
    tern_id b;
    tern_status status;

    if (!trn_value_id(&row->values[walk->grant->person_a], &a) ||
        !trn_value_id(&row->values[walk->grant->person_b], &b)) {
        return TERN_OK;
    }
    opened.scope = trn_id_equal(&a, walk->user) ? b : a;
    if (trn_id_equal(&opened.scope, walk->user)) {
        return TERN_OK;
    }
    opened.version = version_of(walk->db->schema, walk->grant, row);
    status = read_role(walk->db, walk->view, &opened.scope, role, error);
    if (status != TERN_OK || strcmp(role, walk->grant->subject_role) != 0) {
        return status;
    }
    return add(walk->grants, &opened, error);
}

static int compare(const void *left, const void *right)
{
    const struct trn_opened *a = left;
    const struct trn_opened *b = right;
    int order = trn_id_compare(&a->scope, &b->scope);

    if (order != 0) {
        return order;
    }
    return a->version > b->version ? -1 : a->version < b->version;
}

/* Two rows may open one record: the one with the higher version stands for both. */
static void sort(struct trn_grants *grants)
{
    size_t kept = 0;

    if (grants->count == 0) {
        return;
    }
    qsort(grants->items, grants->count, sizeof(*grants->items), compare);
    for (size_t index = 1; index < grants->count; index++) {
        if (!trn_id_equal(&grants->items[index].scope, &grants->items[kept].scope)) {
            grants->items[++kept] = grants->items[index];
        }
    }
    grants->count = kept + 1;
}

tern_status trn_grants_load(const struct trn_db *db,
                            struct trn_db_view *view,
                            const tern_id *user,
                            struct trn_grants *grants,
                            tern_error *error)
{
    const struct trn_schema *schema = db->schema;
    char role[TRN_ROLE_BYTES];
    tern_status status = TERN_OK;

    grants->count = 0;
    if (schema->grant_count == 0) {
        return TERN_OK;
    }
    status = read_role(db, view, user, role, error);
    for (size_t index = 0; index < schema->grant_count && status == TERN_OK; index++) {
        struct walk walk = {.db = db,
                            .view = view,
                            .grant = &schema->grants[index],
                            .user = user,
                            .holder = holder_of(&schema->grants[index], role),
                            .grants = grants};

        if (walk.holder != NULL) {
            status = db->ops->grant_rows(view, walk.grant, user, visit, &walk, error);
        }
    }
    if (status == TERN_OK) {
        sort(grants);
    }
    return status;
}

void trn_grants_free(struct trn_grants *grants)
{
    trn_free(grants->items);
    memset(grants, 0, sizeof(*grants));
}

/* ---- The other way round ---- */

struct holders {
    const struct trn_db *db;
    struct trn_db_view *view;
    const struct trn_grant *grant;
    const tern_id *subject;
    const char *role;
    tern_id *ids;
    size_t room;
    size_t count;
};

static bool is_listed(const struct holders *holders, const tern_id *id)
{
    for (size_t i = 0; i < holders->count; i++) {
        if (trn_id_equal(&holders->ids[i], id)) {
            return true;
        }
    }
    return false;
}

static tern_status visit_holder(void *context, const struct trn_row *row, tern_error *error)
{
    struct holders *holders = context;
    char role[TRN_ROLE_BYTES];
    tern_id a;
    tern_id b;
    tern_id other;
    tern_status status;

    if (holders->count == holders->room ||
        !trn_value_id(&row->values[holders->grant->person_a], &a) ||
        !trn_value_id(&row->values[holders->grant->person_b], &b)) {
        return TERN_OK;
    }
    other = trn_id_equal(&a, holders->subject) ? b : a;
    if (trn_id_equal(&other, holders->subject) || is_listed(holders, &other)) {
        return TERN_OK;
    }
    status = read_role(holders->db, holders->view, &other, role, error);
    if (status == TERN_OK && strcmp(role, holders->role) == 0) {
        holders->ids[holders->count++] = other;
    }
    return status;
}

tern_status trn_grants_holders(const struct trn_db *db,
                               struct trn_db_view *view,
                               const tern_id *subject,
                               const char *role,
                               tern_id *ret_ids,
                               size_t room,
                               size_t *ret_count,
                               tern_error *error)
{
    const struct trn_schema *schema = db->schema;
    struct holders holders =
        {.db = db, .view = view, .subject = subject, .role = role, .ids = ret_ids, .room = room};
    char own[TRN_ROLE_BYTES];
    tern_status status = read_role(db, view, subject, own, error);

    for (size_t index = 0; index < schema->grant_count && status == TERN_OK; index++) {
        holders.grant = &schema->grants[index];
        if (strcmp(own, holders.grant->subject_role) == 0 &&
            holder_of(holders.grant, role) != NULL) {
            status =
                db->ops->grant_rows(view, holders.grant, subject, visit_holder, &holders, error);
        }
    }
    if (status == TERN_OK) {
        *ret_count = holders.count;
    }
    return status;
}

const struct trn_opened *trn_grants_find(const struct trn_grants *grants, const tern_id *scope)
{
    size_t low = 0;
    size_t high = grants->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = trn_id_compare(&grants->items[middle].scope, scope);

        if (order == 0) {
            return &grants->items[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

bool trn_grants_let_write(const struct trn_opened *opened, const struct trn_table *table)
{
    for (size_t index = 0; index < opened->holder->write_count; index++) {
        if (opened->holder->writes[index] == table->index) {
            return true;
        }
    }
    return false;
}

bool trn_grants_depend_on(const struct trn_schema *schema, const struct trn_table *table)
{
    if (table->index == schema->users_table) {
        return schema->grant_count > 0;
    }
    for (size_t index = 0; index < schema->grant_count; index++) {
        if (schema->grants[index].table == table->index) {
            return true;
        }
    }
    return false;
}

/* Whether the live row is in a state. */
static bool
is_in(const struct trn_row *row, const struct trn_grant_condition *conditions, size_t count)
{
    if (row == NULL || row->deleted_at_us != 0 || count == 0) {
        return false;
    }
    for (size_t index = 0; index < count; index++) {
        tern_value wanted = tern_value_text(conditions[index].value);

        if (!trn_value_equal(&row->values[conditions[index].column], &wanted)) {
            return false;
        }
    }
    return true;
}

static bool is_open(const struct trn_grant *grant, const struct trn_row *row)
{
    return is_in(row, grant->when, grant->when_count);
}

static bool is_offered(const struct trn_grant *grant, const struct trn_row *row)
{
    return is_in(row, grant->offer, grant->offer_count);
}

/* Whether this person's record is the writer's to open: it is theirs, or none that the grant opens.
 * One whose role is not known may have any. */
static tern_status may_open(const struct trn_db *db,
                            struct trn_db_view *view,
                            const struct trn_grant *grant,
                            const tern_value *person,
                            const tern_id *writer,
                            bool *ret_may,
                            tern_error *error)
{
    char role[TRN_ROLE_BYTES];
    tern_id id;
    tern_status status;

    if (!trn_value_id(person, &id) || trn_id_equal(&id, writer)) {
        return TERN_OK;
    }
    status = read_role(db, view, &id, role, error);
    if (status == TERN_OK) {
        *ret_may = *ret_may && role[0] != '\0' && strcmp(role, grant->subject_role) != 0;
    }
    return status;
}

static bool
is_offered_to(const struct trn_grant *grant, const struct trn_row *before, const tern_id *writer)
{
    tern_id by;

    return is_offered(grant, before) && trn_value_id(&before->values[grant->offer_by], &by) &&
           !trn_id_equal(&by, writer);
}

tern_status trn_grant_allows(const struct trn_db *db,
                             struct trn_db_view *view,
                             const struct trn_grant *grant,
                             const struct trn_row *before,
                             const struct trn_row *after,
                             const tern_id *writer,
                             bool *ret_allows,
                             tern_error *error)
{
    bool opens = is_open(grant, after) && !is_open(grant, before);
    bool offers = is_offered(grant, after) && !is_open(grant, before) && !is_offered(grant, before);
    bool may = true;
    tern_status status = TERN_OK;

    if (opens && !is_offered_to(grant, before, writer)) {
        const tern_value *values = after->values;

        status = may_open(db, view, grant, &values[grant->person_a], writer, &may, error);
        if (status == TERN_OK) {
            status = may_open(db, view, grant, &values[grant->person_b], writer, &may, error);
        }
    }
    if (offers && status == TERN_OK) {
        status = may_open(db, view, grant, &after->values[grant->offer_by], writer, &may, error);
    }
    if (status == TERN_OK) {
        *ret_allows = may;
    }
    return status;
}
