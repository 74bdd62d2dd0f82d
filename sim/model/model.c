/* The verdict of a transaction, and the model as a whole. */
#include "sim/model/internal.h"

#include <stdlib.h>
#include <string.h>

static const int64_t five_minutes_us = INT64_C(300000000);

/* ---- What was not to be ---- */

/* Takes back what the transaction under way did. */
static void retrace(struct model *model, size_t audits)
{
    while (model->traces.count > 0) {
        const struct model_trace *trace = model_list_at(&model->traces, --model->traces.count);

        if (trace->absent) {
            model->rows.count = trace->index; /* it was the last one then */
        } else {
            memcpy(model_list_at(&model->rows, trace->index), &trace->row, sizeof(trace->row));
        }
    }
    model->audits.count = audits;
}

/* ---- The stored time ---- */

static bool is_off(int64_t a, int64_t b)
{
    return a - b > five_minutes_us || b - a > five_minutes_us;
}

int64_t model_stored(const struct model_claim *claim)
{
    int64_t made_us = claim->received_us - claim->age_us;
    int64_t time_us = claim->time_us;

    if (is_off(claim->received_us, claim->sent_us) || is_off(claim->time_us, made_us)) {
        time_us = made_us;
    }
    if (time_us > claim->received_us + five_minutes_us) {
        time_us = claim->received_us + five_minutes_us;
    }
    if (claim->has_base && time_us <= claim->base_us) {
        time_us = claim->base_us + 1;
    }
    if (claim->offered_again && time_us == claim->time_us &&
        !(claim->has_previous && time_us == claim->previous_us)) {
        return time_us; /* as it was stored before */
    }
    if (claim->has_previous && time_us <= claim->previous_us) {
        time_us = claim->previous_us + 1;
    }
    return time_us;
}

static struct model_author *author_of(const struct model *model, const tern_id *device)
{
    for (size_t i = 0; i < model->authors.count; i++) {
        struct model_author *author = model_list_at(&model->authors, i);

        if (model_id_equal(&author->device, device)) {
            return author;
        }
    }
    return NULL;
}

static const struct model_receipt *receipt_of_number(const struct model *model, int64_t number)
{
    for (size_t i = 0; i < model->receipts.count; i++) {
        const struct model_receipt *receipt = model_list_at(&model->receipts, i);

        if (receipt->verdict.kind == MODEL_APPLIED && receipt->verdict.number == number) {
            return receipt;
        }
    }
    return NULL;
}

static void note_bases(const struct model_case *kase, struct model_claim *claim)
{
    for (size_t i = 0; i < kase->tx->change_count; i++) {
        int64_t base = model_base(kase, &kase->tx->changes[i]);
        const struct model_receipt *seen = base > 0 ? receipt_of_number(kase->model, base) : NULL;

        if (seen != NULL && (!claim->has_base || seen->verdict.stored_us > claim->base_us)) {
            claim->has_base = true;
            claim->base_us = seen->verdict.stored_us;
        }
    }
}

static int64_t stored_time(const struct model_case *kase)
{
    const struct model_tx *tx = kase->tx;
    const struct model_author *author = author_of(kase->model, &tx->author);
    struct model_claim claim = {.time_us = tx->time_us,
                                .age_us = tx->age_us,
                                .sent_us = kase->request->sent_us,
                                .received_us = kase->request->received_us};

    if (kase->left) { /* exactly its own, but not ahead of the server */
        int64_t most_us = kase->request->received_us + five_minutes_us;

        return tx->time_us < most_us ? tx->time_us : most_us;
    }
    if (tx->offered_again) {
        claim.offered_again = true;
        claim.time_us = tx->stored_us;
        claim.age_us = claim.received_us > tx->stored_us ? claim.received_us - tx->stored_us : 0;
        claim.sent_us = claim.received_us;
    }
    note_bases(kase, &claim);
    if (author != NULL && author->has_stored) {
        claim.has_previous = true;
        claim.previous_us = author->last_us;
    }
    return model_stored(&claim);
}

/* ---- The verdict ---- */

static struct model_verdict reject(tern_status code, int64_t change)
{
    return (struct model_verdict){.kind = MODEL_REJECTED, .code = code, .change = change};
}

/* What was answered before, if anything was. */
static bool known_before(const struct model_case *kase, struct model_verdict *ret_verdict)
{
    const struct model *model = kase->model;
    const struct model_tx *tx = kase->tx;

    for (size_t i = 0; i < model->receipts.count; i++) {
        const struct model_receipt *receipt = model_list_at(&model->receipts, i);

        if (model_id_equal(&receipt->tx, &tx->tx)) {
            *ret_verdict = receipt->verdict;
            if (ret_verdict->kind == MODEL_APPLIED) {
                ret_verdict->kind = MODEL_DUPLICATE;
            }
            if (memcmp(receipt->hash, tx->hash, sizeof(tx->hash)) != 0) {
                *ret_verdict = reject(TERN_ERR_TX_ID_REUSED, -1);
            }
            return true;
        }
        if (!kase->left && !receipt->left && receipt->ordinal == tx->ordinal &&
            model_id_equal(&receipt->author, &tx->author) &&
            !model_id_equal(&tx->author, &kase->request->device) &&
            model_id_equal(&receipt->sender, &kase->request->device)) {
            *ret_verdict = reject(TERN_ERR_TX_ID_REUSED, -1);
            return true;
        }
    }
    return false;
}

/* Whether the server has the transaction of which this is what is left: whole, since what was left
 * of it may have been less. */
static bool left_is_here(const struct model_case *kase, struct model_verdict *ret_verdict)
{
    const struct model_receipt *receipt =
        kase->left ? receipt_of_number(kase->model, kase->tx->former) : NULL;

    if (receipt == NULL || receipt->left || !model_id_equal(&receipt->author, &kase->tx->author) ||
        receipt->verdict.stored_us != kase->tx->time_us) {
        return false;
    }
    *ret_verdict = receipt->verdict;
    ret_verdict->kind = MODEL_DUPLICATE;
    return true;
}

/* What is left of another device's transaction. */
static bool is_left_of_another(const struct model_case *kase)
{
    return kase->left && !model_id_equal(&kase->tx->author, &kase->request->device);
}

/* A device belongs to the first user that pushes from it; what is left of another device's is that
 * one's user's to hand in, or an operator's. Of a device that nobody has pushed from it is the
 * sender's under an earlier id where it names its former number. */
static bool speaks_for_author(const struct model_case *kase)
{
    const struct model_author *author = author_of(kase->model, &kase->tx->author);
    bool own = author != NULL && model_id_equal(&author->user, &kase->request->user);

    if (is_left_of_another(kase)) {
        return own || (author == NULL && kase->tx->former != 0) ||
               kase->request->power == MODEL_OPERATOR;
    }
    return own || author == NULL;
}

static bool leans_on_rejected(const struct model_case *kase)
{
    for (size_t i = 0; i < kase->tx->depends_count; i++) {
        const struct model_receipt *receipt =
            model_receipt_of(kase->model, kase, kase->tx->depends[i]);

        if (receipt != NULL && receipt->verdict.kind == MODEL_REJECTED) {
            return true;
        }
    }
    return false;
}

/* In their order; what needs a later one comes behind all others, until nothing more helps. */
static struct model_verdict merge_all(const struct model_case *kase)
{
    size_t count = kase->tx->change_count;
    bool *done = calloc(count + 1, sizeof(*done));
    struct model_verdict verdict = {.kind = MODEL_APPLIED};
    bool moved = true;
    size_t left = count;

    if (done == NULL) {
        abort();
    }
    while (verdict.kind == MODEL_APPLIED && left > 0) {
        bool last = !moved;

        moved = false;
        for (size_t i = 0; verdict.kind == MODEL_APPLIED && i < count; i++) {
            bool wait = false;
            tern_status status =
                done[i] ? TERN_OK : model_merge(kase, &kase->tx->changes[i], last, &wait);

            if (status != TERN_OK) {
                verdict = reject(status, (int64_t)i);
            } else if (!done[i] && !wait) {
                done[i] = true;
                moved = true;
                left--;
            }
        }
    }
    free(done);
    return verdict;
}

static struct model_verdict judge(const struct model_case *kase)
{
    struct model_verdict verdict = {.kind = MODEL_APPLIED};

    if (kase->tx->kind != MODEL_DISCARDED && leans_on_rejected(kase)) {
        return reject(TERN_ERR_DEPENDENCY_REJECTED, -1);
    }
    if (kase->tx->malformed != TERN_OK) {
        return reject(kase->tx->malformed, (int64_t)kase->tx->change_count);
    }
    if (kase->tx->kind == MODEL_DISCARDED) {
        for (size_t i = 0; verdict.kind == MODEL_APPLIED && i < kase->tx->change_count; i++) {
            tern_status status = model_discard(kase, &kase->tx->changes[i]);

            if (status != TERN_OK) {
                verdict = reject(status, (int64_t)i);
            }
        }
        return verdict;
    }
    return merge_all(kase);
}

static void note_receipt(const struct model_case *kase, const struct model_verdict *verdict)
{
    struct model *model = kase->model;
    struct model_receipt *receipt = model_list_add(&model->receipts);
    struct model_author *author = author_of(model, &kase->tx->author);

    receipt->tx = kase->tx->tx;
    memcpy(receipt->hash, kase->tx->hash, sizeof(receipt->hash));
    receipt->author = kase->tx->author;
    receipt->sender = kase->request->device;
    receipt->ordinal = kase->tx->ordinal;
    receipt->left = kase->left;
    receipt->verdict = *verdict;
    if (is_left_of_another(kase)) {
        return;
    }
    if (author == NULL) {
        author = model_list_add(&model->authors);
        author->device = kase->tx->author;
        author->user = kase->request->user;
    }
    if (verdict->kind == MODEL_APPLIED &&
        (!author->has_stored || author->last_us < verdict->stored_us)) {
        author->has_stored = true;
        author->last_us = verdict->stored_us;
    }
}

bool model_refuses(const struct model_request *request)
{
    static const tern_id nobody;

    return !model_id_equal(&request->replica, &nobody) &&
           !model_id_equal(&request->replica, &request->user);
}

struct model_verdict model_push(struct model *model,
                                const struct model_request *request,
                                const struct model_tx *tx,
                                int64_t number)
{
    struct model_case kase = {.model = model, .request = request, .tx = tx};
    size_t audits = model->audits.count;
    struct model_verdict verdict;

    kase.left = tx->kind == MODEL_LEFT_RECORDED || tx->kind == MODEL_LEFT_INFERRED;
    kase.inferred = tx->kind == MODEL_INFERRED || tx->kind == MODEL_LEFT_INFERRED;
    if (model_refuses(request)) {
        return reject(TERN_ERR_WRONG_USER, -1);
    }
    if (known_before(&kase, &verdict) || left_is_here(&kase, &verdict)) {
        return verdict;
    }
    if (!speaks_for_author(&kase)) { /* which leaves no receipt */
        return reject(TERN_ERR_FORBIDDEN, -1);
    }
    kase.number = number > model->last_number ? number : model->last_number + 1;
    kase.stored_us = stored_time(&kase);
    verdict = judge(&kase);
    if (verdict.kind == MODEL_REJECTED) {
        retrace(model, audits);
    } else {
        verdict.number = kase.number;
        verdict.stored_us = kase.stored_us;
        model->last_number = kase.number;
    }
    model->traces.count = 0;
    note_receipt(&kase, &verdict);
    return verdict;
}

/* ---- To be looked at ---- */

static struct model *
begin(const struct trn_schema *schema, model_check check, struct model_store *store)
{
    struct model *model = calloc(1, sizeof(*model));

    if (model == NULL) {
        abort();
    }
    model->schema = schema;
    model->check = check;
    model->store = store;
    store->users++;
    model_list_begin(&model->rows, sizeof(struct model_row));
    model_list_begin(&model->receipts, sizeof(struct model_receipt));
    model_list_begin(&model->authors, sizeof(struct model_author));
    model_list_begin(&model->audits, sizeof(struct model_audit));
    model_list_begin(&model->traces, sizeof(struct model_trace));
    model_list_begin(&model->gone, sizeof(struct model_gone));
    return model;
}

struct model *model_new(const struct trn_schema *schema, model_check check)
{
    return begin(schema, check, model_store_new());
}

struct model *model_copy(const struct model *model)
{
    struct model *copy = begin(model->schema, model->check, model->store);

    model_list_copy(&copy->rows, &model->rows);
    model_list_copy(&copy->receipts, &model->receipts);
    model_list_copy(&copy->authors, &model->authors);
    model_list_copy(&copy->audits, &model->audits);
    model_list_copy(&copy->gone, &model->gone);
    copy->last_number = model->last_number;
    return copy;
}

void model_free(struct model *model)
{
    if (model == NULL) {
        return;
    }
    free(model->rows.items);
    free(model->receipts.items);
    free(model->authors.items);
    free(model->audits.items);
    free(model->traces.items);
    free(model->gone.items);
    model_store_leave(model->store);
    free(model);
}

/* A unit that came later is of the tx that wrote the whole row, where there is such a one. */
static void
upgrade_row(struct model_row *row, const struct trn_table *from, const struct trn_table *to)
{
    bool is_of_one = true;

    for (size_t unit = 1; unit < from->unit_count; unit++) {
        is_of_one = is_of_one && row->units[unit].number == row->units[0].number;
    }
    for (size_t unit = from->unit_count; unit < to->unit_count; unit++) {
        memset(&row->units[unit], 0, sizeof(row->units[unit]));
        if (is_of_one) {
            row->units[unit] = row->units[0];
            row->units[unit].rank = 0;
        }
    }
    for (size_t i = from->column_count; i < to->column_count; i++) {
        row->values[i] = (tern_value){.kind = TERN_NULL};
        if (to->columns[i].has_default) {
            row->values[i] = to->columns[i].default_value;
        }
    }
}

void model_serve(struct model *model, const struct trn_schema *schema)
{
    for (size_t i = 0; i < model->rows.count; i++) {
        struct model_row *row = model_list_at(&model->rows, i);

        upgrade_row(row, model_table(model, row->table), &schema->tables[row->table]);
    }
    model->schema = schema;
}

bool model_knows(const struct model *model, const tern_id *tx)
{
    for (size_t i = 0; i < model->receipts.count; i++) {
        const struct model_receipt *receipt = model_list_at(&model->receipts, i);

        if (model_id_equal(&receipt->tx, tx)) {
            return true;
        }
    }
    return false;
}

size_t model_audit_count(const struct model *model)
{
    return model->audits.count;
}

const struct model_audit *model_audit_at(const struct model *model, size_t index)
{
    return model_list_at(&model->audits, index);
}

const struct trn_schema *model_schema(const struct model *model)
{
    return model->schema;
}
