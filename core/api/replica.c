/* Opening, upgrading and closing a replica. */
#include "api/internal.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "engine/lease.h"
#include "schema/schema.h"

/* ---- Schema ---- */

/* Inside a tx: makes the file hold `to`, and says whose it is. A file that is somebody's already
 * lacks what the server withheld from its old version, so it is fetched afresh. */
static tern_status migrate(tern_replica *replica,
                           struct trn_bytes *ddl,
                           const struct trn_schema *to,
                           const tern_id *user,
                           tern_error *error)
{
    struct trn_meta meta = {0};
    tern_status status = trn_store_migrate(replica->store, trn_bytes_text(ddl), to, error);

    if (status == TERN_OK && user == NULL) {
        return trn_store_start_over(replica->store, error);
    }
    if (status == TERN_OK) {
        status = trn_meta_read(replica->store, &meta, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    meta.user = *user;
    if (trn_ports_mint(replica, true, &meta.device) != TERN_OK) {
        return trn_fail(error, TERN_ERR_INTERNAL, "the platform gave no random bytes");
    }
    return trn_meta_write(replica->store, &meta, error);
}

static tern_status run_migration(tern_replica *replica,
                                 struct trn_bytes *ddl,
                                 const struct trn_schema *to,
                                 const tern_id *user,
                                 tern_error *error)
{
    tern_status status = trn_store_begin(replica->store, error);

    if (status != TERN_OK) {
        return status;
    }
    status = migrate(replica, ddl, to, user, error);
    if (status == TERN_OK) {
        return trn_store_commit(replica->store, error);
    }
    trn_store_rollback(replica->store);
    return status;
}

static tern_status
create(tern_replica *replica, const tern_replica_options *options, tern_error *error)
{
    struct trn_bytes ddl = {0};
    tern_status status = trn_schema_ddl(replica->schema, TRN_DIALECT_REPLICA, &ddl, error);

    if (status == TERN_OK) {
        status = run_migration(replica, &ddl, replica->schema, &options->user, error);
    }
    trn_bytes_free(&ddl);
    return status;
}

/* The usual case: an app opens the file with the document that it holds. */
static bool is_same(const struct trn_schema *schema, struct trn_slice document)
{
    return schema != NULL && schema->document_size == document.size &&
           memcmp(schema->document, document.data, document.size) == 0;
}

/* Takes the newer of the file's document and the caller's; one older than the file's fails. */
static tern_status upgrade(tern_replica *replica, tern_error *error)
{
    struct trn_schema *kept = NULL;
    struct trn_slice document = {0};
    struct trn_bytes ddl = {0};
    tern_status status = trn_store_document(replica->store, &document, error);

    if (status == TERN_OK && is_same(replica->schema, document)) {
        return TERN_OK;
    }
    if (status == TERN_OK) {
        status = trn_schema_load((const char *)document.data, document.size, &kept, error);
        if (status == TERN_ERR_SCHEMA) {
            trn_error_context(error, "the document in the file");
        }
    }
    if (status == TERN_OK && replica->schema != NULL) {
        status = trn_schema_upgrade_ddl(kept, replica->schema, TRN_DIALECT_REPLICA, &ddl, error);
    }
    if (status == TERN_OK && replica->schema != NULL && replica->schema->version > kept->version) {
        status = run_migration(replica, &ddl, replica->schema, NULL, error);
    } else if (status == TERN_OK) {
        trn_schema_free(replica->schema);
        replica->schema = kept;
        kept = NULL;
    }
    trn_schema_free(kept);
    trn_bytes_free(&ddl);
    return status;
}

static tern_status check_user(tern_replica *replica, const tern_id *user, tern_error *error)
{
    struct trn_meta meta = {0};
    tern_status status = trn_meta_read(replica->store, &meta, error);

    if (status != TERN_OK) {
        return status;
    }
    if (!trn_id_is_nil(user) && !trn_id_equal(user, &meta.user)) {
        return trn_fail(error, TERN_ERR_WRONG_USER, "the replica belongs to another user");
    }
    replica->device = meta.device;
    replica->user = meta.user;
    return TERN_OK;
}

/* This process holds the file alone, so whoever had the lease of a sync is dead. On a full disk the
 * next work on the replica gives it back. */
static tern_status end_dead_lease(tern_replica *replica, tern_error *error)
{
    struct trn_meta meta = {0};
    tern_id holder;
    tern_status status = trn_meta_read(replica->store, &meta, error);

    if (status != TERN_OK || trn_id_is_nil(&meta.lease)) {
        return status;
    }
    status = trn_store_begin(replica->store, error);
    if (status != TERN_OK) {
        return status;
    }
    holder = meta.lease;
    trn_lease_release(&meta, &holder);
    status = trn_meta_write(replica->store, &meta, error);
    if (status == TERN_OK) {
        status = trn_store_commit(replica->store, error);
    } else {
        trn_store_rollback(replica->store);
    }
    if (status == TERN_ERR_DISK_FULL) {
        replica->kept_lease = holder;
        trn_error_clear(error);
        return TERN_OK;
    }
    return status;
}

/* ---- Opening ---- */

static tern_status check_options(const char *path,
                                 const tern_replica_options *options,
                                 tern_replica **ret_replica,
                                 tern_error *error)
{
    if (path == NULL || path[0] == '\0' || options == NULL || ret_replica == NULL ||
        options->size < sizeof(*options)) {
        return trn_fail(error, TERN_ERR_MISUSE, "a path, options and a result are needed");
    }
    return trn_ports_check(options->ports, error);
}

static void warn(void *context, const char *table, const char *what)
{
    const tern_replica *replica = context;

    trn_log(&replica->host.log, TERN_LOG_WARNING, "the app's table %s: %s", table, what);
}

static tern_status open_store(tern_replica *replica,
                              const char *path,
                              const tern_replica_options *options,
                              tern_error *error)
{
    struct trn_store_options store = {.path = path,
                                      .vfs = options->ports->vfs,
                                      .must_exist = options->must_exist ||
                                                    options->schema == NULL ||
                                                    trn_id_is_nil(&options->user),
                                      .busy_timeout_ms = options->busy_timeout_ms,
                                      .host = trn_ports_wrap(replica)};
    bool new_file;
    tern_status status = trn_store_open(&store, &replica->store, error);

    if (status != TERN_OK) {
        return status;
    }
    new_file = trn_store_is_new(replica->store);
    if (new_file && (replica->schema == NULL || trn_id_is_nil(&options->user))) {
        return trn_fail(error, TERN_ERR_MISUSE, "a new replica needs a schema document and a user");
    }
    if (!new_file) { /* before anything is changed */
        status = check_user(replica, &options->user, error);
    }
    if (status == TERN_OK) {
        status = new_file ? create(replica, options, error) : upgrade(replica, error);
    }
    if (status == TERN_OK && new_file) {
        status = check_user(replica, &options->user, error);
    }
    if (status == TERN_OK) {
        status = end_dead_lease(replica, error);
    }
    if (status == TERN_OK) {
        status = trn_store_attach_schema(replica->store, replica->schema, error);
    }
    return status == TERN_OK ? trn_store_tell_unfit(replica->store, warn, replica, error) : status;
}

static tern_replica *new_replica(void)
{
    tern_replica *replica = trn_calloc(1, sizeof(*replica));

    if (replica == NULL) {
        return NULL;
    }
    if (!trn_lock_init(&replica->lock)) {
        trn_free(replica);
        return NULL;
    }
    if (!trn_lock_init(&replica->port_lock)) {
        trn_lock_destroy(&replica->lock);
        trn_free(replica);
        return NULL;
    }
    return replica;
}

tern_status tern_replica_open(const char *path,
                              const tern_replica_options *options,
                              tern_replica **ret_replica,
                              tern_error *error)
{
    tern_replica *replica;
    tern_status status;

    trn_error_clear(error);
    status = check_options(path, options, ret_replica, error);
    if (status != TERN_OK) {
        return status;
    }
    replica = new_replica();
    if (replica == NULL) {
        return trn_fail_nomem(error);
    }
    replica->host = *options->ports;
    replica->host.vfs = NULL; /* the store keeps a copy */
    if (options->schema != NULL) {
        status = trn_schema_load(options->schema, options->schema_size, &replica->schema, error);
    }
    if (status == TERN_OK) {
        status = open_store(replica, path, options, error);
    }
    if (status != TERN_OK) {
        tern_replica_close(replica);
        return status;
    }
    replica->engine = (struct trn_engine){.store = replica->store,
                                          .kept_lease = &replica->kept_lease,
                                          .schema = replica->schema,
                                          .ports = &replica->ports};
    trn_recorder_init(&replica->recorder, &replica->engine);
    replica->tx.replica = replica;
    *ret_replica = replica;
    return TERN_OK;
}

void tern_replica_close(tern_replica *replica)
{
    if (replica == NULL) {
        return;
    }
    if (replica->in_tx) {
        tern_tx_rollback(&replica->tx);
    }
    trn_row_statements_free(replica);
    trn_recorder_free(&replica->recorder);
    trn_store_close(replica->store);
    trn_schema_free(replica->schema);
    trn_lock_destroy(&replica->port_lock);
    trn_lock_destroy(&replica->lock);
    trn_free(replica);
}

/* ---- Whose it is, and what changed ---- */

void tern_replica_device(tern_replica *replica, tern_id *ret_id)
{
    struct trn_meta meta = {0};

    trn_replica_enter(replica);
    if (trn_meta_read(replica->store, &meta, NULL) == TERN_OK) {
        replica->device = meta.device;
    }
    *ret_id = replica->device;
    trn_replica_leave(replica);
}

void tern_replica_user(tern_replica *replica, tern_id *ret_id)
{
    *ret_id = replica->user;
}

tern_status tern_replica_changes(tern_replica *replica,
                                 const char *table,
                                 uint64_t *ret_count,
                                 tern_error *error)
{
    const struct trn_table *found;

    trn_error_clear(error);
    if (replica == NULL || table == NULL || ret_count == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a replica, a table and a result are needed");
    }
    found = trn_schema_table(replica->schema, table);
    if (found == NULL) {
        return trn_fail(error, TERN_ERR_UNKNOWN_TABLE, "there is no synced table %s", table);
    }
    *ret_count = trn_store_changes(replica->store, found);
    return TERN_OK;
}
