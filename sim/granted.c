/* Worked out from the server's rows by SQL, with nothing of the server's own code. */
#include "sim/granted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/uuid.h"
#include "sim/look.h"

static void append(struct trn_bytes *text, const char *part)
{
    if (trn_bytes_append_text(text, part) != TERN_OK) {
        abort();
    }
}

static void add_granted(struct sim_granted *granted, const char *hex)
{
    for (size_t i = 0; i < granted->count; i++) {
        if (strcmp(granted->ids[i], hex) == 0) {
            return;
        }
    }
    if (granted->count < SIM_GRANTED_MAX) {
        (void)snprintf(granted->ids[granted->count++], sizeof granted->ids[0], "%s", hex);
    }
}

static void append_grant_query(const struct trn_schema *schema,
                               const struct trn_grant *grant,
                               bool turned,
                               const char *user,
                               struct trn_bytes *sql)
{
    const struct trn_table *table = &schema->tables[grant->table];
    const struct trn_table *users = &schema->tables[schema->users_table];
    const char *role = users->columns[schema->role_column].name;
    const char *subject = table->columns[turned ? grant->person_b : grant->person_a].name;
    const char *holder = table->columns[turned ? grant->person_a : grant->person_b].name;
    char part[700];

    (void)snprintf(part,
                   sizeof part,
                   "SELECT lower(hex(g.\"%s\")) FROM \"%s\" g JOIN \"%s\" s ON s.id = g.\"%s\" "
                   "JOIN \"%s\" h ON h.id = g.\"%s\" WHERE g.deleted_at IS NULL AND s.\"%s\" = "
                   "'%s' AND h.id = x'%s' AND h.\"%s\" IN (''",
                   subject,
                   table->name,
                   users->name,
                   subject,
                   users->name,
                   holder,
                   role,
                   grant->subject_role,
                   user,
                   role);
    append(sql, part);
    for (size_t i = 0; i < grant->holder_count; i++) {
        (void)snprintf(part, sizeof part, ", '%s'", grant->holders[i].role);
        append(sql, part);
    }
    append(sql, ")");
    for (size_t i = 0; i < grant->when_count; i++) {
        (void)snprintf(part,
                       sizeof part,
                       " AND g.\"%s\" = '%s'",
                       table->columns[grant->when[i].column].name,
                       grant->when[i].value);
        append(sql, part);
    }
}

void sim_granted_find(struct sim_world *world,
                      sqlite3 *db,
                      size_t user,
                      struct sim_granted *granted)
{
    const struct trn_schema *schema = world->documents[world->served].schema;
    char hex[33];

    granted->count = 0;
    trn_hex_encode(world->users[user].id.bytes, sizeof world->users[user].id.bytes, hex);
    add_granted(granted, hex);
    for (size_t i = 0; i < 2 * schema->grant_count; i++) {
        struct trn_bytes sql = {0};
        struct trn_bytes rows;

        append_grant_query(schema, &schema->grants[i / 2], i % 2 != 0, hex, &sql);
        rows = sim_look_rows(world, db, trn_bytes_text(&sql));
        for (const char *at = trn_bytes_text(&rows); *at != '\0'; at += 33) {
            char id[33];

            (void)snprintf(id, sizeof id, "%.32s", at);
            add_granted(granted, id);
        }
        trn_bytes_free(&rows);
        trn_bytes_free(&sql);
    }
}

void sim_granted_append_path(const struct trn_schema *schema,
                             const struct trn_scope_path *path,
                             struct trn_bytes *sql)
{
    char part[400];
    struct trn_bytes expression = {0};

    if (path->hop_count == 0) {
        append(sql, "r.id");
        return;
    }
    (void)snprintf(part,
                   sizeof part,
                   "r.\"%s\"",
                   schema->tables[path->tables[0]].columns[path->columns[0]].name);
    append(&expression, part);
    for (size_t i = 1; i < path->hop_count; i++) {
        const struct trn_table *table = &schema->tables[path->tables[i]];
        struct trn_bytes next = {0};

        (void)snprintf(part,
                       sizeof part,
                       "(SELECT h%zu.\"%s\" FROM \"%s\" h%zu WHERE h%zu.id = ",
                       i,
                       table->columns[path->columns[i]].name,
                       table->name,
                       i,
                       i);
        append(&next, part);
        append(&next, trn_bytes_text(&expression));
        append(&next, ")");
        trn_bytes_free(&expression);
        expression = next;
    }
    append(sql, trn_bytes_text(&expression));
    trn_bytes_free(&expression);
}

/* ---- Answers ---- */

static const char scope_line[] = "\n[\"s\",\"";

/* Behind the next line of a record, its id; NULL: there is none. */
static const char *next_scope(const char *at, tern_id *ret_scope)
{
    while ((at = strstr(at, scope_line)) != NULL) {
        at += sizeof scope_line - 1;
        if (strcspn(at, "\"") == TRN_ID_WIRE_SIZE &&
            trn_base64_decode(trn_slice_make(at, TRN_ID_WIRE_SIZE), ret_scope->bytes)) {
            return at;
        }
    }
    return NULL;
}

static bool is_granted(const struct sim_granted *granted, const char *hex)
{
    for (size_t i = 0; i < granted->count; i++) {
        if (strcmp(granted->ids[i], hex) == 0) {
            return true;
        }
    }
    return false;
}

void sim_granted_check(struct sim_world *world, size_t user, const struct trn_bytes *answer)
{
    struct sim_granted granted = {.count = 0};
    tern_id scope;

    for (const char *at = next_scope(trn_bytes_text(answer), &scope); at != NULL;
         at = next_scope(at, &scope)) {
        char hex[2 * sizeof scope.bytes + 1];

        if (trn_id_equal(&scope, &world->users[user].id)) {
            continue;
        }
        if (granted.count == 0) {
            sim_granted_find(world, sim_look_within(world, SIM_SERVER), user, &granted);
            sim_look_away(world, SIM_SERVER);
        }
        trn_hex_encode(scope.bytes, sizeof scope.bytes, hex);
        if (!is_granted(&granted, hex)) {
            sim_fail(world,
                     "isolated",
                     "an answer to %s has lines of record %s, which is not open to them",
                     world->users[user].name,
                     hex);
        }
    }
}
