/* Exchanges as the model hears them: bytes taken apart, verdicts compared. */
#include "sim/model/twin_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"
#include "wire/answer.h"
#include "wire/problem.h"
#include "wire/request.h"

/* ---- What the schema document says of a row ---- */

static tern_status
check_row(const struct trn_table *table, const tern_id *id, const tern_value *values, bool insert)
{
    tern_status status = trn_schema_check_row(table, values, NULL);
    tern_id derived;
    bool is_derived = false;

    if (status == TERN_OK && insert && table->natural_key_count > 0) {
        status = trn_natural_id(table, values, &is_derived, &derived, NULL);
    }
    if (status == TERN_OK && is_derived && memcmp(&derived, id, sizeof(derived)) != 0) {
        status = TERN_ERR_NATURAL_KEY;
    }
    return status;
}

struct twin *twin_new(const struct trn_schema *schema)
{
    struct twin *twin = calloc(1, sizeof(*twin));

    if (twin == NULL) {
        abort();
    }
    twin->model = model_new(schema, check_row);
    model_list_begin(&twin->unheard, sizeof(struct twin_unheard));
    return twin;
}

static void keep_unheard(struct twin *twin, const struct twin_call *call, struct trn_slice request)
{
    struct twin_unheard *unheard = model_list_add(&twin->unheard);

    unheard->call = *call;
    unheard->call.status = 0;
    if (trn_bytes_append_slice(&unheard->request, request) != TERN_OK) {
        abort();
    }
}

static void forget_unheard(struct model_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct twin_unheard *unheard = model_list_at(list, i);

        trn_bytes_free(&unheard->request);
    }
    free(list->items);
    model_list_begin(list, sizeof(struct twin_unheard));
}

struct twin *twin_copy(const struct twin *twin)
{
    struct twin *copy = calloc(1, sizeof(*copy));

    if (copy == NULL) {
        abort();
    }
    *copy = *twin;
    copy->model = model_copy(twin->model);
    model_list_begin(&copy->unheard, sizeof(struct twin_unheard));
    for (size_t i = 0; i < twin->unheard.count; i++) {
        const struct twin_unheard *unheard = model_list_at(&twin->unheard, i);

        keep_unheard(copy, &unheard->call, trn_bytes_slice(&unheard->request));
    }
    return copy;
}

void twin_free(struct twin *twin)
{
    if (twin != NULL) {
        forget_unheard(&twin->unheard);
        model_free(twin->model);
        free(twin);
    }
}

void twin_serve(struct twin *twin, const struct trn_schema *schema)
{
    model_serve(twin->model, schema);
}

const struct model *twin_model(const struct twin *twin)
{
    return twin->model;
}

void twin_count(const struct twin *twin, size_t *ret_txs, size_t *ret_changes)
{
    *ret_txs = twin->txs;
    *ret_changes = twin->changes;
}

/* ---- Entries ---- */

/* A transaction read, and what it borrows from. */
struct reading {
    struct model_tx tx;
    struct model_change *changes;
    uint64_t *depends;
};

static void free_reading(struct reading *reading)
{
    free(reading->changes);
    free(reading->depends);
}

static void *grow(void *items, size_t count, size_t size)
{
    void *grown = realloc(items, (count + 1) * size);

    if (grown == NULL) {
        abort();
    }
    return grown;
}

/* Values are borrowed from the reader's line: kept for good. */
static void
add_change(const struct twin *twin, struct reading *reading, const struct trn_change *change)
{
    static const enum model_operation operations[] = {[TRN_OP_INSERT] = MODEL_INSERT,
                                                      [TRN_OP_UPDATE] = MODEL_UPDATE,
                                                      [TRN_OP_UNDO] = MODEL_UNDO,
                                                      [TRN_OP_DELETE] = MODEL_DELETE,
                                                      [TRN_OP_UNDELETE] = MODEL_UNDELETE};
    struct model_change *item;

    reading->changes = grow(reading->changes, reading->tx.change_count, sizeof(*reading->changes));
    item = &reading->changes[reading->tx.change_count++];
    memset(item, 0, sizeof(*item));
    item->operation = operations[change->operation];
    item->table = change->table->index;
    item->id = change->id;
    item->unit = change->unit;
    item->base = change->base;
    for (size_t i = 0; i < change->table->column_count; i++) {
        bool carried = change->operation == TRN_OP_INSERT ||
                       ((change->operation == TRN_OP_UPDATE || change->operation == TRN_OP_UNDO) &&
                        change->table->columns[i].unit == change->unit);

        if (carried) {
            item->values[i] = model_keep(twin->model, &change->values[i]);
        }
    }
}

static void read_header(struct reading *reading, const struct trn_entry_header *header)
{
    struct model_tx *tx = &reading->tx;

    tx->tx = header->tx;
    tx->ordinal = header->ordinal;
    tx->time_us = header->time_us;
    tx->kind = (enum model_kind)header->kind;
    tx->former = header->former;
    memcpy(tx->epoch, header->epoch, sizeof(tx->epoch));
    for (size_t i = 0; i < header->depends_count; i++) {
        reading->depends = grow(reading->depends, i, sizeof(*reading->depends));
        reading->depends[i] = header->depends_on[i];
    }
    tx->depends = reading->depends;
    tx->depends_count = header->depends_count;
}

/* Nobody forges here: what tells two bodies apart is enough. */
static void hash_body(struct trn_slice body, uint8_t ret_hash[MODEL_HASH_BYTES])
{
    uint64_t lanes[2] = {UINT64_C(0xcbf29ce484222325), body.size};
    uint64_t word = 0;

    for (size_t at = 0; at < body.size; at += sizeof word) {
        size_t size = body.size - at < sizeof word ? body.size - at : sizeof word;

        word = 0;
        memcpy(&word, body.data + at, size);
        lanes[0] = (lanes[0] ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        lanes[0] ^= lanes[0] >> 29;
        lanes[1] = (lanes[1] + word) * UINT64_C(0xd6e8feb86659fd93);
        lanes[1] ^= lanes[1] >> 32;
    }
    memset(ret_hash, 0, MODEL_HASH_BYTES);
    memcpy(ret_hash, lanes, sizeof lanes);
}

/* False where even the first line cannot be read. */
static bool read_entry(const struct twin *twin,
                       const struct trn_request_entry *entry,
                       const tern_id *device,
                       struct reading *ret_reading)
{
    struct trn_entry_reader reader;
    struct trn_change change;
    bool any = true;
    tern_status status = trn_entry_open(&reader, model_schema(twin->model), entry->bytes, NULL);

    memset(ret_reading, 0, sizeof(*ret_reading));
    if (status == TERN_OK || status == TERN_ERR_CANNOT_UPCAST) {
        read_header(ret_reading, &reader.header);
    }
    while (status == TERN_OK && any) {
        status = trn_entry_next(&reader, &any, &change, NULL);
        if (status == TERN_OK && any) {
            add_change(twin, ret_reading, &change);
        }
    }
    trn_entry_close(&reader);
    ret_reading->tx.author = entry->attempt.is_inherited ? entry->attempt.author : *device;
    ret_reading->tx.age_us = entry->attempt.age_us;
    ret_reading->tx.offered_again = entry->attempt.is_reoffer;
    ret_reading->tx.stored_us = entry->attempt.stored_us;
    hash_body(entry->bytes, ret_reading->tx.hash);
    ret_reading->tx.malformed = status;
    ret_reading->tx.changes = ret_reading->changes;
    return ret_reading->tx.ordinal != 0;
}

/* ---- Verdicts ---- */

static const char *word_of(enum model_verdict_kind kind)
{
    static const char *const words[] = {"applied", "duplicate", "rejected"};

    return words[kind];
}

static void
say_verdict(char *text, size_t size, const struct model_verdict *verdict, const char *who)
{
    if (verdict->kind == MODEL_REJECTED) {
        (void)snprintf(text,
                       size,
                       "%s: rejected %s %lld",
                       who,
                       tern_status_code(verdict->code),
                       (long long)verdict->change);
    } else {
        (void)snprintf(text,
                       size,
                       "%s: %s %lld at %lld",
                       who,
                       word_of(verdict->kind),
                       (long long)verdict->number,
                       (long long)verdict->stored_us);
    }
}

static bool same_verdict(const struct model_verdict *a, const struct model_verdict *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    return a->kind == MODEL_REJECTED ? a->code == b->code && a->change == b->change
                                     : a->number == b->number && a->stored_us == b->stored_us;
}

static bool compare(struct twin *twin,
                    const struct model_request *request,
                    const struct model_tx *tx,
                    const struct trn_verdict *verdict,
                    char says[TWIN_SAYS_BYTES])
{
    struct model_verdict theirs = {.kind = verdict->kind == TRN_VERDICT_APPLIED ? MODEL_APPLIED
                                           : verdict->kind == TRN_VERDICT_DUPLICATE
                                               ? MODEL_DUPLICATE
                                               : MODEL_REJECTED,
                                   .number = verdict->number,
                                   .stored_us = verdict->stored_us,
                                   .code = verdict->code,
                                   .change = verdict->change};
    struct model_verdict ours =
        model_push(twin->model, request, tx, theirs.kind == MODEL_APPLIED ? theirs.number : 0);
    char id[TERN_ID_TEXT_BYTES];
    char server[160];
    char model[160];

    twin->txs++;
    twin->changes += tx->change_count;
    if (same_verdict(&theirs, &ours)) {
        return true;
    }
    tern_id_format(&tx->tx, id);
    say_verdict(server, sizeof(server), &theirs, "the server");
    say_verdict(model, sizeof(model), &ours, "the model");
    (void)snprintf(says,
                   TWIN_SAYS_BYTES,
                   "tx %s, ordinal %llu, of %zu changes: %s; %s",
                   id,
                   (unsigned long long)tx->ordinal,
                   tx->change_count,
                   server,
                   model);
    return false;
}

/* ---- The answer ---- */

/* What the answer says of the push; nothing was kept where `count` is 0. */
struct verdicts {
    struct trn_verdict *items;
    size_t count;
    char epoch[MODEL_EPOCH_BYTES];
};

static void
read_answer(const struct twin *twin, struct trn_slice text, struct verdicts *ret_verdicts)
{
    struct trn_answer_reader reader;
    struct trn_answer_item item = {.kind = TRN_ANSWER_VERDICT};
    struct trn_row row;

    if (trn_answer_open(&reader, model_schema(twin->model), text, NULL) == TERN_OK) {
        memcpy(ret_verdicts->epoch, reader.envelope.epoch, sizeof(ret_verdicts->epoch));
        while (ret_verdicts->count < reader.envelope.verdict_count &&
               trn_answer_next(&reader, &item, &row, NULL) == TERN_OK &&
               item.kind == TRN_ANSWER_VERDICT) {
            ret_verdicts->items =
                grow(ret_verdicts->items, ret_verdicts->count, sizeof(*ret_verdicts->items));
            ret_verdicts->items[ret_verdicts->count++] = item.verdict;
        }
    }
    trn_answer_close(&reader);
}

/* Of a device whose schema is too old to be sent anything. */
static void read_problem(struct trn_slice text, struct verdicts *ret_verdicts)
{
    struct trn_problem_document document = {0};

    if (trn_problem_read(text, &document, NULL) == TERN_OK) {
        for (size_t i = 0; i < document.problem.verdict_count; i++) {
            ret_verdicts->items =
                grow(ret_verdicts->items, ret_verdicts->count, sizeof(*ret_verdicts->items));
            ret_verdicts->items[ret_verdicts->count++] = document.problem.verdicts[i];
        }
        trn_problem_free(&document);
    }
}

/* What the database says became of an entry that came at `now_us`: the server died, or gave up,
 * before it could answer. */
static bool
look_up(struct trn_db *db, const tern_id *tx, int64_t now_us, struct trn_verdict *ret_verdict)
{
    struct trn_db_view *view = NULL;
    struct trn_db_entry entry;
    bool found = false;

    if (db == NULL || db->ops->snapshot_open(db, &view, NULL) != TERN_OK) {
        return false;
    }
    if (db->ops->entry_by_tx(view, tx, &found, &entry, NULL) != TERN_OK) {
        found = false;
    }
    db->ops->snapshot_close(db, view);
    found = found && entry.received_us == now_us;
    if (found) {
        *ret_verdict = (struct trn_verdict){.kind = entry.verdict == TERN_OK ? TRN_VERDICT_APPLIED
                                                                             : TRN_VERDICT_REJECTED,
                                            .number = entry.number,
                                            .stored_us = entry.time_us,
                                            .code = entry.verdict,
                                            .change = entry.change};
    }
    return found;
}

/* How the server spells the epoch in force. */
static void read_epoch(struct trn_db *db, char ret_epoch[MODEL_EPOCH_BYTES])
{
    struct trn_db_view *view = NULL;
    struct trn_db_meta meta;

    if (db == NULL || db->ops->snapshot_open(db, &view, NULL) != TERN_OK) {
        return;
    }
    if (db->ops->meta_read(view, &meta, NULL) == TERN_OK) {
        for (size_t i = 0; i < sizeof(meta.epoch); i++) {
            (void)snprintf(ret_epoch + 2 * i, 3, "%02x", meta.epoch[i]);
        }
    }
    db->ops->snapshot_close(db, view);
}

/* The verdict on one entry; false where there is none that can be compared. */
static bool verdict_on(const struct twin *twin,
                       const struct twin_call *call,
                       const struct model_tx *tx,
                       const struct verdicts *verdicts,
                       size_t index,
                       struct trn_db *db,
                       struct trn_verdict *ret_verdict)
{
    if (index < verdicts->count) {
        *ret_verdict = verdicts->items[index];
        return ret_verdict->kind != TRN_VERDICT_RETRY;
    }
    return !model_knows(twin->model, &tx->tx) && look_up(db, &tx->tx, call->now_us, ret_verdict);
}

static struct model_request request_of(const struct twin *twin,
                                       const struct twin_call *call,
                                       const struct trn_request_envelope *envelope)
{
    return (struct model_request){.user = call->user,
                                  .replica = envelope->user,
                                  .power = call->power,
                                  .role = call->role,
                                  .device = envelope->device,
                                  .sent_us = envelope->sent_us,
                                  .received_us = call->now_us,
                                  .epoch = twin->epoch};
}

static bool hear_entries(struct twin *twin,
                         const struct twin_call *call,
                         struct trn_request_reader *reader,
                         const struct verdicts *verdicts,
                         struct trn_db *db,
                         char says[TWIN_SAYS_BYTES])
{
    struct model_request request = request_of(twin, call, &reader->envelope);
    bool good = !model_refuses(&request) || (call->status != 200 && call->status != 426);

    if (!good) {
        (void)snprintf(says, TWIN_SAYS_BYTES, "a request is taken under another user's token");
    }

    reader->unhashed = true;
    for (size_t i = 0; good && i < reader->envelope.tx_count; i++) {
        struct trn_request_entry entry;
        struct trn_verdict verdict;
        struct reading reading;
        bool any = false;

        if (trn_request_next(reader, &any, &entry, NULL) != TERN_OK || !any) {
            break;
        }
        if (read_entry(twin, &entry, &request.device, &reading) &&
            verdict_on(twin, call, &reading.tx, verdicts, i, db, &verdict)) {
            good = compare(twin, &request, &reading.tx, &verdict, says);
        }
        free_reading(&reading);
    }
    return good;
}

/* Entries of the audit have ids that the server throws. */
static bool is_erased_entry(void *context, const tern_id *id)
{
    struct trn_db *db = context;
    struct trn_db_view *view = NULL;
    bool erased = false;

    if (db == NULL || db->ops->snapshot_open(db, &view, NULL) != TERN_OK) {
        return false;
    }
    if (db->ops->row_erased_read(view, NULL, id, &erased, NULL) != TERN_OK) {
        erased = false;
    }
    db->ops->snapshot_close(db, view);
    return erased;
}

static void look_into(struct twin *twin, struct trn_db *db)
{
    twin->model->erased_entry = is_erased_entry;
    twin->model->erased_context = db;
}

static bool
hear(struct twin *twin, const struct twin_call *call, struct trn_db *db, char says[TWIN_SAYS_BYTES])
{
    struct verdicts verdicts = {.items = NULL};
    struct trn_request_reader reader;
    bool untold = call->status == 0 || call->status >= 500;
    bool good = true;

    look_into(twin, db);
    if (call->status == 200) {
        read_answer(twin, call->answer, &verdicts);
    } else if (call->status == 426) {
        read_problem(call->answer, &verdicts);
    } else if (untold) {
        read_epoch(db, twin->epoch);
    }
    if (verdicts.epoch[0] != '\0') {
        memcpy(twin->epoch, verdicts.epoch, sizeof(twin->epoch));
    }
    if (trn_request_open(&reader, call->request, NULL) == TERN_OK) {
        good = hear_entries(twin, call, &reader, &verdicts, untold ? db : NULL, says);
    }
    trn_request_close(&reader);
    free(verdicts.items);
    return good;
}

bool twin_hear(struct twin *twin,
               const struct twin_call *call,
               struct trn_db *db,
               char says[TWIN_SAYS_BYTES])
{
    if (call->status == 0 || call->status >= 500) {
        keep_unheard(twin, call, call->request);
    }
    return hear(twin, call, db, says);
}

bool twin_reopen(struct twin *twin, struct trn_db *db, char says[TWIN_SAYS_BYTES])
{
    struct model_list list = twin->unheard;
    bool good = true;

    model_list_begin(&twin->unheard, sizeof(struct twin_unheard));
    for (size_t i = 0; good && i < list.count; i++) {
        struct twin_unheard *unheard = model_list_at(&list, i);

        unheard->call.request = trn_bytes_slice(&unheard->request);
        good = hear(twin, &unheard->call, db, says);
    }
    forget_unheard(&list);
    return good;
}

/* ---- Erasure ---- */

/* The erasure of the person that the database has and the model has not: a transaction of no
 * device. That of another may lie there, whose operator died of it. */
static bool find_erasure(const struct twin *twin,
                         const tern_id *person,
                         struct trn_db *db,
                         int64_t *ret_number,
                         tern_id *ret_tx)
{
    static const tern_id nobody;
    struct trn_db_view *view = NULL;
    struct trn_db_erased erased = {0};
    struct trn_db_tx tx;
    bool found = false;

    if (db->ops->snapshot_open(db, &view, NULL) != TERN_OK) {
        return false;
    }
    if (db->ops->last_number(view, ret_number, NULL) != TERN_OK ||
        db->ops->erased_read(view, person, &erased, NULL) != TERN_OK ||
        db->ops->tx_get(view, *ret_number, &found, &tx, NULL) != TERN_OK) {
        found = false;
    }
    db->ops->snapshot_close(db, view);
    if (!found || !tx.applied || erased.number != *ret_number ||
        !model_id_equal(&tx.device, &nobody) || model_knows(twin->model, &tx.tx)) {
        return false;
    }
    *ret_tx = tx.tx;
    return true;
}

bool twin_erase(struct twin *twin,
                const tern_id *person,
                int64_t now_us,
                tern_status status,
                struct trn_db *db,
                char says[TWIN_SAYS_BYTES])
{
    tern_id tx = {{0}};
    int64_t number = 0;
    bool theirs = find_erasure(twin, person, db, &number, &tx);
    bool known = model_is_erased(twin->model, person);
    bool ours;

    look_into(twin, db);
    ours = model_erase(twin->model, person, now_us, number, &tx);
    if (ours == theirs && (status == TERN_OK) == (ours || known)) {
        return true;
    }
    (void)snprintf(says,
                   TWIN_SAYS_BYTES,
                   "an erasure: the server %s (%s), the model %s",
                   theirs ? "did it" : "did nothing",
                   tern_status_code(status),
                   ours    ? "does it"
                   : known ? "has done it"
                           : "refuses");
    return false;
}

bool twin_retain(struct twin *twin,
                 int64_t now_us,
                 uint64_t count,
                 struct trn_db *db,
                 char says[TWIN_SAYS_BYTES])
{
    struct trn_db_view *view = NULL;
    int64_t number = 0;
    size_t ours;

    if (db->ops->snapshot_open(db, &view, NULL) == TERN_OK) {
        (void)db->ops->last_number(view, &number, NULL);
        db->ops->snapshot_close(db, view);
    }
    ours = model_retain(twin->model, now_us, number);
    (void)snprintf(says,
                   TWIN_SAYS_BYTES,
                   "the server let go of %llu rows, the model of %zu",
                   (unsigned long long)count,
                   ours);
    return ours == count;
}
