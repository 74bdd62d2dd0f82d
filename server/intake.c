/*
 * The first half of an exchange: what a request proves of this server and of its device, and its
 * entries' verdicts, for all requests of a group in one commit.
 *
 * Savepoints cost a fifth of a push, and what is undone to them is rare. So a group is tried
 * without them; once something written must be undone, all of it is rolled back and taken again
 * with care.
 */
#include "server/intake.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "base/uuid.h"

/* ---- What the request proves of this server and that device ---- */

/* A new history after a restored backup: named by what came before it, so no chance is needed. What
 * ended is the epoch in force and the one that the cursor names, which proves the restoring. */
static tern_status start_epoch(struct trn_server *server,
                               const struct trn_cursor *cursor,
                               int64_t now_us,
                               tern_error *error)
{
    struct trn_db_meta *meta = &server->meta;
    uint8_t hash[TRN_SHA256_BYTES];
    tern_status status;
    struct trn_slice parts[3] = {
        trn_slice_make(meta->seal_key, sizeof(meta->seal_key)),
        trn_slice_make(meta->epoch, sizeof(meta->epoch)),
        trn_slice_make(&now_us, sizeof(now_us)),
    };

    if (trn_sha256(parts, 3, hash) != TERN_OK) {
        return trn_fail(error, TERN_ERR_INTERNAL, "epoch: the hash engine failed");
    }
    status = server->db->ops->epoch_ended(server->db, meta->epoch, error);
    if (status == TERN_OK) {
        status = server->db->ops->epoch_ended(server->db, cursor->epoch, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    memcpy(meta->epoch, hash, sizeof(meta->epoch));
    return server->db->ops->set_epoch(server->db, meta->epoch, error);
}

/* Whether this server knows what a cursor of its epoch names. */
static tern_status cursor_is_known(struct trn_server *server,
                                   const struct trn_cursor *cursor,
                                   bool *ret_known,
                                   tern_error *error)
{
    struct trn_db_tx tx;
    uint8_t tag[TRN_CURSOR_TAG_BYTES];
    bool found = cursor->high == 0;
    tern_status status = TERN_OK;

    if (!found) {
        status = server->db->ops->tx_get(server->db->ops->writer(server->db),
                                         cursor->high,
                                         &found,
                                         &tx,
                                         error);
        if (status == TERN_OK && found) {
            trn_cursor_tag(&tx, tag);
            found = memcmp(tag, cursor->tag, sizeof(tag)) == 0;
        }
    }
    *ret_known = found || TRN_MUTANT(RESTORE_UNNOTICED);
    return status;
}

static tern_status epoch_is_known(struct trn_server *server,
                                  const struct trn_cursor *cursor,
                                  bool *ret_known,
                                  tern_error *error)
{
    if (TRN_MUTANT(EPOCH_UNKNOWN)) {
        *ret_known = true;
        return TERN_OK;
    }
    return server->db->ops->has_epoch_ended(server->db->ops->writer(server->db),
                                            cursor->epoch,
                                            ret_known,
                                            error);
}

/* Whether the entry is what the device says it is. */
static bool is_landmark(const struct trn_db_entry *entry,
                        const tern_id *device,
                        const struct trn_landmark *landmark)
{
    return trn_id_equal(&entry->sender, device) && trn_id_equal(&entry->tx, &landmark->tx) &&
           entry->ordinal == (int64_t)landmark->ordinal;
}

static tern_status
check_acked(struct trn_server *server, struct trn_exchange *exchange, tern_error *error)
{
    const struct trn_request_envelope *envelope = &exchange->reader.envelope;
    struct trn_db_entry entry;
    bool found = true;
    tern_status status = TERN_OK;

    if (envelope->acked.ordinal != 0) {
        status = server->db->ops->entry_by_tx(server->db->ops->writer(server->db),
                                              &envelope->acked.tx,
                                              &found,
                                              &entry,
                                              error);
    }
    if (status == TERN_OK && !found) {
        return trn_fail(error,
                        TERN_ERR_EPOCH_CHANGED,
                        "a transaction that was acknowledged is not known here");
    }
    exchange->acked_holds = status == TERN_OK && envelope->acked.ordinal != 0 &&
                            is_landmark(&entry, &envelope->device, &envelope->acked);
    return status;
}

/* Whether a cursor that was opened is of the history that stands here. One of an epoch that ended
 * here is only late; one of an epoch that never began here proves as much as a number that was
 * never given. */
static tern_status check_history(struct trn_server *server,
                                 const struct trn_cursor *cursor,
                                 int64_t now_us,
                                 bool *ret_restored,
                                 tern_error *error)
{
    bool known = false;
    tern_status status = cursor->same_epoch ? cursor_is_known(server, cursor, &known, error)
                                            : epoch_is_known(server, cursor, &known, error);

    if (status != TERN_OK || (known && cursor->same_epoch)) {
        return status;
    }
    if (known) {
        return trn_fail(error, TERN_ERR_EPOCH_CHANGED, "the cursor is of another epoch");
    }
    status = start_epoch(server, cursor, now_us, error);
    if (status != TERN_OK) {
        return status;
    }
    *ret_restored = true;
    return trn_fail(error, TERN_ERR_EPOCH_CHANGED, "this server came back from a backup");
}

/* One that the device does not go by, any more or yet, proves what this server had given. */
static tern_status check_dropped(struct trn_server *server,
                                 struct trn_exchange *exchange,
                                 int64_t now_us,
                                 bool *ret_restored,
                                 tern_error *error)
{
    const struct trn_request_envelope *envelope = &exchange->reader.envelope;
    tern_id device = envelope->device;
    const struct trn_slice dropped = trn_dropped_read(envelope->dropped, &device);
    tern_error why = {.status = TERN_OK};
    tern_status status;

    if (dropped.size == 0) {
        return TERN_OK;
    }
    status = trn_cursor_open(dropped,
                             &server->meta,
                             &exchange->call->auth.user,
                             &device,
                             &exchange->dropped,
                             &why);
    if (status == TERN_ERR_CURSOR) {
        return TERN_OK;
    }
    if (status != TERN_OK) {
        return trn_fail(error, status, "%s", why.message);
    }
    return check_history(server, &exchange->dropped, now_us, ret_restored, error);
}

/* A device without any cursor begins afresh, and remembers of this epoch no more than a
 * transaction: that it is not known is told to this device alone, since anybody could make one up.
 */
static tern_status check_epoch(struct trn_server *server,
                               struct trn_exchange *exchange,
                               int64_t now_us,
                               bool *ret_restored,
                               tern_error *error)
{
    tern_status status;

    if (exchange->reader.envelope.cursor.size == 0) {
        status = check_dropped(server, exchange, now_us, ret_restored, error);
        return status == TERN_OK ? check_acked(server, exchange, error) : status;
    }
    status = trn_cursor_open(exchange->reader.envelope.cursor,
                             &server->meta,
                             &exchange->call->auth.user,
                             &exchange->reader.envelope.device,
                             &exchange->cursor,
                             error);
    if (status != TERN_OK) {
        return status;
    }
    exchange->has_cursor = true;
    status = check_history(server, &exchange->cursor, now_us, ret_restored, error);
    if (status == TERN_OK) {
        status = check_dropped(server, exchange, now_us, ret_restored, error);
    }
    return status == TERN_OK ? check_acked(server, exchange, error) : status;
}

static tern_status check_landmark(struct trn_server *server,
                                  const tern_id *device,
                                  const struct trn_landmark *landmark,
                                  bool *ret_cloned,
                                  tern_error *error)
{
    struct trn_db_entry entry;
    bool found = false;
    tern_status status = TERN_OK;

    if (landmark->ordinal == 0) {
        return TERN_OK;
    }
    status = server->db->ops->entry_by_ordinal(server->db->ops->writer(server->db),
                                               device,
                                               (int64_t)landmark->ordinal,
                                               device,
                                               &found,
                                               &entry,
                                               error);
    if (status == TERN_OK && found && trn_id_equal(&entry.sender, device) &&
        !trn_id_equal(&entry.tx, &landmark->tx)) {
        *ret_cloned = true;
    }
    return status;
}

static tern_status
check_device(struct trn_server *server, const struct trn_exchange *exchange, tern_error *error)
{
    const struct trn_request_envelope *envelope = &exchange->reader.envelope;
    struct trn_db_device device;
    bool cloned = false;
    tern_status status = server->db->ops->device_read(server->db->ops->writer(server->db),
                                                      &envelope->device,
                                                      &device,
                                                      error);

    if (status != TERN_OK) {
        return status;
    }
    if (!trn_id_is_nil(&device.user) && !trn_id_equal(&device.user, &exchange->call->auth.user) &&
        !TRN_MUTANT(WRONG_TOKEN_TAKEN)) {
        return trn_fail(error, TERN_ERR_FORBIDDEN, "the device belongs to another user");
    }
    cloned = device.last_ordinal > (int64_t)envelope->top.ordinal;
    if (device.last_ordinal == (int64_t)envelope->top.ordinal) {
        status = check_landmark(server, &envelope->device, &envelope->top, &cloned, error);
    }
    if (status == TERN_OK && !cloned && !exchange->acked_holds) {
        status = check_landmark(server, &envelope->device, &envelope->acked, &cloned, error);
    }
    if (status == TERN_OK && cloned && !TRN_MUTANT(CLONE_UNNOTICED)) {
        return trn_fail(error, TERN_ERR_DEVICE_CLONED, "another copy of this device is alive");
    }
    return status;
}

/* Looked at before all else: a cursor of another user's would be told off as none at all. */
static tern_status check_user(const struct trn_exchange *exchange, tern_error *error)
{
    const tern_id *user = &exchange->reader.envelope.user;

    if (!trn_id_is_nil(user) && !trn_id_equal(user, &exchange->call->auth.user) &&
        !TRN_MUTANT(WRONG_TOKEN_TAKEN)) {
        return trn_fail(error, TERN_ERR_WRONG_USER, "the token is not of the replica's user");
    }
    return TERN_OK;
}

/* ---- First half ---- */

static tern_status push_entries(struct trn_server *server,
                                struct trn_exchange *exchange,
                                int64_t now_us,
                                tern_error *error)
{
    struct trn_push push;
    bool any = true;
    tern_status status = TERN_OK;

    trn_push_begin(&push, server->db, &server->meta, server->facts, &exchange->call->auth);
    push.careful = server->careful;
    push.sender = exchange->reader.envelope.device;
    push.sent_us = exchange->reader.envelope.sent_us;
    push.received_us = now_us;
    while (status == TERN_OK && exchange->outcome_count < exchange->reader.envelope.tx_count) {
        struct trn_outcome *outcome = &exchange->outcomes[exchange->outcome_count];
        struct trn_request_entry entry;

        status = trn_request_next(&exchange->reader, &any, &entry, error);
        if (status != TERN_OK || !any) {
            break;
        }
#ifdef TERN_MUTANTS
        if (TRN_MUTANT(REQUEST_COPIED)) {
            struct trn_bytes copy = {0};

            status = trn_bytes_append_slice(&copy, exchange->call->request);
            if (status != TERN_OK) {
                break;
            }
        }
#endif
        status = trn_push_entry(&push, &entry, outcome, error);
        if (status == TERN_OK && push.cloned && !TRN_MUTANT(CLONE_UNNOTICED)) {
            status =
                trn_fail(error, TERN_ERR_DEVICE_CLONED, "another copy of this device is alive");
        }
        exchange->outcome_count += status == TERN_OK;
    }
    exchange->wrote = push.wrote;
    trn_push_end(&push);
    return status;
}

static tern_status take(struct trn_server *server,
                        struct trn_exchange *exchange,
                        int64_t now_us,
                        bool *ret_restored,
                        tern_error *error)
{
    tern_status status = trn_request_open(&exchange->reader, exchange->call->request, error);

    if (status == TERN_OK) {
        status = check_user(exchange, error);
    }
    if (status == TERN_OK) {
        status = check_epoch(server, exchange, now_us, ret_restored, error);
    }
    if (status == TERN_OK) {
        status = check_device(server, exchange, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    exchange->outcomes =
        trn_calloc(exchange->reader.envelope.tx_count + 1, sizeof(*exchange->outcomes));
    if (exchange->outcomes == NULL) {
        return trn_fail_nomem(error);
    }
    exchange->meta = server->meta;
    return push_entries(server, exchange, now_us, error);
}

/* Which of two copies was told is chance, and neither holds what the other handed in under the id
 * that they shared: so nobody may go on under it. An ordinal above all others says so. */
static tern_status
retire(struct trn_server *server, const struct trn_exchange *exchange, tern_error *error)
{
    const tern_id *id = &exchange->reader.envelope.device;
    struct trn_db_device device;
    tern_status status =
        server->db->ops->device_read(server->db->ops->writer(server->db), id, &device, error);

    if (status != TERN_OK || device.last_ordinal == INT64_MAX) {
        return status;
    }
    device.user = exchange->call->auth.user;
    device.last_ordinal = INT64_MAX;
    return server->db->ops->device_write(server->db, id, &device, error);
}

/* Takes one call inside the group. A failure returned ends the group. */
static tern_status take_alone(struct trn_server *server,
                              struct trn_exchange *exchange,
                              int64_t now_us,
                              tern_error *error)
{
    bool restored = false;
    tern_status status = TERN_OK;
    tern_status taken;

    if (server->careful) {
        status = server->db->ops->savepoint(server->db, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    taken = take(server, exchange, now_us, &restored, &exchange->error);
    if (taken == TERN_OK || restored) {
        return server->careful ? server->db->ops->release(server->db, error) : TERN_OK;
    }
    if (!trn_push_rejects(taken)) {
        return trn_fail(error, taken, "%s", exchange->error.message);
    }
    if (!server->careful && exchange->wrote) {
        return TERN_ERR_CANCELLED;
    }
    if (server->careful) {
        trn_facts_forget(server->facts);
        status = server->db->ops->restore(server->db, error);
    }
    return status == TERN_OK && taken == TERN_ERR_DEVICE_CLONED ? retire(server, exchange, error)
                                                                : status;
}

void trn_exchange_free(struct trn_exchange *exchange)
{
    struct trn_sync_call *call = exchange->call;

    trn_request_close(&exchange->reader);
    trn_cursor_free(&exchange->cursor);
    trn_cursor_free(&exchange->dropped);
    trn_free(exchange->outcomes);
    memset(exchange, 0, sizeof(*exchange));
    exchange->call = call;
}

/* Whether the number that a backup ends with stands here for the same transaction. */
static tern_status look_at_backup(struct trn_server *server, tern_error *error)
{
    struct trn_db_tx tx;
    bool found = false;
    tern_status status = TERN_OK;

    if (server->backup.number != 0) {
        status = server->db->ops->tx_get(server->db->ops->writer(server->db),
                                         server->backup.number,
                                         &found,
                                         &tx,
                                         error);
    }
    found = found && ((trn_id_equal(&tx.tx, &server->backup.tx) &&
                       tx.received_us == server->backup.received_us) ||
                      TRN_MUTANT(BACKUP_UNCHECKED));
    server->covered = found ? server->backup.number : 0;
    return status;
}

static tern_status take_group(struct trn_server *server,
                              struct trn_exchange *exchanges,
                              size_t total,
                              int64_t now_us,
                              tern_error *error)
{
    tern_status status = server->db->ops->begin(server->db, error);

    if (status != TERN_OK) {
        return status;
    }
    status = server->db->ops->meta_read(server->db->ops->writer(server->db), &server->meta, error);
    if (status == TERN_OK) {
        status = look_at_backup(server, error);
    }
    for (size_t index = 0; index < total && status == TERN_OK; index++) {
        status = take_alone(server, &exchanges[index], now_us, error);
    }
    if (status == TERN_OK) {
        status = server->db->ops->commit(server->db, error);
        if (TRN_MUTANT(ACK_BEFORE_COMMIT)) {
            status = TERN_OK;
        }
    } else {
        server->db->ops->rollback(server->db);
    }
    if (status != TERN_OK && !TRN_MUTANT(FACTS_KEPT)) {
        trn_facts_forget(server->facts); /* what they tell of was never written */
    }
    return status;
}

tern_status trn_intake_group(struct trn_server *server,
                             struct trn_exchange *exchanges,
                             size_t total,
                             int64_t now_us,
                             tern_error *error)
{
    tern_status status;

    server->careful = false;
    status = take_group(server, exchanges, total, now_us, error);
    if (status != TERN_ERR_CANCELLED) {
        return status;
    }
    for (size_t index = 0; index < total; index++) {
        trn_exchange_free(&exchanges[index]);
    }
    server->careful = true;
    return take_group(server, exchanges, total, now_us, error);
}
