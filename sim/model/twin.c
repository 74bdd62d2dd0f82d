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
                twin_grow(ret_verdicts->items, ret_verdicts->count, sizeof(*ret_verdicts->items));
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
                twin_grow(ret_verdicts->items, ret_verdicts->count, sizeof(*ret_verdicts->items));
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
        struct twin_reading reading;
        bool any = false;

        if (trn_request_next(reader, &any, &entry, NULL) != TERN_OK || !any) {
            break;
        }
        if (twin_read_entry(twin, &entry, &request.device, &reading) &&
            verdict_on(twin, call, &reading.tx, verdicts, i, db, &verdict)) {
            good = compare(twin, &request, &reading.tx, &verdict, says);
        }
        twin_reading_free(&reading);
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
        untold = verdicts.count == 0; /* memory ran out over the document: the status alone went */
    }
    if ((untold || call->status == 426) && !call->more) { /* neither says which epoch it is */
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

void twin_before_group(struct twin *twin, struct trn_db *db)
{
    read_epoch(db, twin->epoch);
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
