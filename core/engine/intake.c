/* The answer is read once to check it and to find its parts, and once more, part by part, to take
 * it. */
#include "engine/intake.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "base/numbers.h"
#include "base/portion.h"
#include "engine/checkpoint.h"
#include "engine/leave.h"
#include "engine/verdict.h"
#include "engine/window.h"
#include "engine/work_commit.h"
#include "schema/schema.h"

/* Scopes share a transaction up to so many rows: a local writer waits for one transaction at most.
 */
enum { GROUP_ROWS = 500, GROUP_VERDICTS = 500, END_ROWS = 100 };

/* The lines of one scope, or its loss. */
struct part {
    struct trn_checkpoint checkpoint;
    bool gone;
    bool erased; /* for good */
    bool complete;
    size_t rows; /* in these lines */
};

struct trn_intake {
    const struct trn_engine *engine;
    const struct trn_batch *batch;
    const struct trn_sent *sent;
    struct trn_bytes body;
    struct trn_answer_reader reader;
    struct part *parts;
    size_t count;
    size_t room;
    struct trn_numbers named; /* by "t" lines of the scope under way, while the parts are found */
    size_t next;              /* part to take */
    size_t heard;             /* verdicts taken */
    bool begun;               /* all of them, and the clock set */
    struct trn_intake_result result;
};

/* What one transaction comes to, kept apart until it is durable. */
struct step {
    struct trn_verdict_tally tally;
    size_t heard;
    bool begun;
    size_t next;
    bool done;
};

/* ---- Finding the parts ---- */

static tern_status add_part(struct trn_intake *intake, const struct part *part, tern_error *error)
{
    if (intake->count == intake->room) {
        size_t room = intake->room == 0 ? 8 : intake->room * 2;
        struct part *parts = trn_realloc(intake->parts, room * sizeof *parts);

        if (parts == NULL) {
            return trn_fail_nomem(error);
        }
        intake->parts = parts;
        intake->room = room;
    }
    intake->parts[intake->count++] = *part;
    return TERN_OK;
}

static void extend_part(struct trn_intake *intake, const struct trn_answer_item *item)
{
    struct part *part = &intake->parts[intake->count - 1];
    struct trn_slice *lines = &part->checkpoint.lines;

    if (lines->size == 0) {
        *lines = item->line;
    } else {
        lines->size = (size_t)(item->line.data + item->line.size - lines->data);
    }
    part->rows += item->kind == TRN_ANSWER_ROW;
}

static tern_status
check_verdict(const struct trn_intake *intake, const struct trn_verdict *verdict, tern_error *error)
{
    if (verdict->index >= intake->batch->count) {
        return trn_fail(error, TERN_ERR_PROTOCOL, "a verdict on an entry that was not sent");
    }
    return TERN_OK;
}

static tern_status
name_tx(struct trn_intake *intake, const struct trn_answer_item *item, tern_error *error)
{
    if (trn_numbers_add(&intake->named, item->tx.number) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    extend_part(intake, item);
    return TERN_OK;
}

/* What the file knows of a number does not count: it may be of another history. */
static tern_status check_numbers(const struct trn_intake *intake,
                                 const struct trn_table *table,
                                 const struct trn_version *version,
                                 tern_error *error)
{
    int64_t checked = intake->reader.last;

    for (size_t unit = 0; unit < table->unit_count; unit++) {
        int64_t number = version->keys[unit];

        if (number == 0 || number == checked) {
            continue;
        }
        if (!trn_numbers_has(&intake->named, number)) {
            return trn_fail(error,
                            TERN_ERR_PROTOCOL,
                            "line %zu, table %s: names a tx that no line before it describes",
                            intake->reader.lines.count,
                            table->name);
        }
        checked = number;
    }
    return TERN_OK;
}

/* A row is checked here, and by nobody later on: neither the file's CHECKs look at it, nor those
 * who take it from where it was staged. */
static tern_status sort_row(struct trn_intake *intake,
                            const struct trn_answer_item *item,
                            const struct trn_row *row,
                            tern_error *error)
{
    tern_status status = check_numbers(intake, item->table, &row->version, error);

    if (status == TERN_OK) {
        status = trn_schema_check_row(item->table, row->values, error);
    }
    if (status == TERN_OK) {
        extend_part(intake, item);
    }
    return status;
}

static tern_status sort_item(struct trn_intake *intake,
                             const struct trn_answer_item *item,
                             const struct trn_row *row,
                             tern_error *error)
{
    struct part part = {.checkpoint = {.scope = item->scope, .fresh = item->fresh},
                        .gone = item->kind == TRN_ANSWER_GONE,
                        .erased = item->erased != 0};

    switch (item->kind) {
    case TRN_ANSWER_VERDICT:
        return check_verdict(intake, &item->verdict, error);
    case TRN_ANSWER_GONE:
    case TRN_ANSWER_SCOPE:
        trn_numbers_clear(&intake->named);
        return add_part(intake, &part, error);
    case TRN_ANSWER_TX:
        return name_tx(intake, item, error);
    case TRN_ANSWER_ROW:
        return sort_row(intake, item, row, error);
    case TRN_ANSWER_COMPLETE:
        intake->parts[intake->count - 1].complete = true;
        return TERN_OK;
    case TRN_ANSWER_END:
        return TERN_OK;
    }
    return TERN_OK;
}

static tern_status find_parts(struct trn_intake *intake, tern_error *error)
{
    struct trn_answer_item item;
    struct trn_row row;
    tern_status status = trn_answer_open(&intake->reader,
                                         intake->engine->schema,
                                         trn_bytes_slice(&intake->body),
                                         error);

    while (status == TERN_OK) {
        status = trn_answer_next(&intake->reader, &item, &row, error);
        if (status == TERN_OK) {
            status = sort_item(intake, &item, &row, error);
        }
        if (status == TERN_OK && item.kind == TRN_ANSWER_END) {
            break;
        }
    }
    trn_numbers_free(&intake->named);
    intake->result.more = intake->reader.envelope.more;
    intake->result.backup = intake->reader.envelope.backup;
    intake->result.empty =
        intake->count == 0 ||
        trn_slice_equal(intake->reader.envelope.cursor, trn_bytes_slice(&intake->sent->cursor));
    return status;
}

tern_status trn_intake_new(const struct trn_engine *engine,
                           const tern_http_answer *answer,
                           const struct trn_batch *batch,
                           const struct trn_sent *sent,
                           struct trn_intake **ret_intake,
                           tern_error *error)
{
    struct trn_intake *intake = trn_calloc(1, sizeof *intake);
    tern_status status;

    if (intake == NULL) {
        return trn_fail_nomem(error);
    }
    intake->engine = engine;
    intake->batch = batch;
    intake->sent = sent;
    status = trn_exchange_expand(answer, &intake->body, error);
    if (status == TERN_OK) {
        status = find_parts(intake, error);
    }
    if (status != TERN_OK) {
        trn_intake_free(intake);
        return status;
    }
    *ret_intake = intake;
    return TERN_OK;
}

void trn_intake_free(struct trn_intake *intake)
{
    if (intake == NULL) {
        return;
    }
    trn_answer_close(&intake->reader);
    if (!TRN_MUTANT(ANSWERS_KEPT)) {
        trn_bytes_free(&intake->body);
    }
    trn_free(intake->parts);
    trn_free(intake);
}

const struct trn_intake_result *trn_intake_result(const struct trn_intake *intake)
{
    return &intake->result;
}

/* ---- Taking them ---- */

/* Verdicts stand first, so the reader stops at the first item of another kind. */
static tern_status take_verdicts(struct trn_intake *intake,
                                 struct trn_work *work,
                                 struct trn_verdict_tally *tally,
                                 size_t *ret_heard,
                                 tern_error *error)
{
    struct trn_answer_item item;
    struct trn_row row;
    const size_t most = intake->heard + trn_portion(GROUP_VERDICTS);
    size_t heard = 0;
    tern_status status = TERN_OK;

    trn_answer_rewind(&intake->reader);
    while (status == TERN_OK && heard < most) {
        status = trn_answer_next(&intake->reader, &item, &row, error);
        if (status != TERN_OK || item.kind != TRN_ANSWER_VERDICT) {
            break;
        }
        if (heard++ >= intake->heard) {
            status = trn_verdict_take(work,
                                      &intake->batch->items[item.verdict.index],
                                      &item.verdict,
                                      tally,
                                      error);
        }
    }
    *ret_heard = heard;
    return status;
}

static tern_status check_epoch(struct trn_intake *intake, struct trn_work *work, tern_error *error)
{
    const char *epoch = intake->reader.envelope.epoch;

    if (work->meta.epoch[0] != '\0' && strcmp(work->meta.epoch, epoch) != 0) {
        return trn_fail(error, TERN_ERR_EPOCH_CHANGED, "the server began a new epoch");
    }
    memcpy(work->meta.epoch, epoch, sizeof work->meta.epoch);
    return TERN_OK;
}

/* Parts share a transaction as long as they are short. */
static bool fits(const struct part *part, size_t taken, size_t limit)
{
    return taken == 0 || taken + part->rows <= limit;
}

static size_t limit_of(uint32_t rows)
{
    const size_t usual = trn_portion(GROUP_ROWS);

    return rows < usual ? rows : usual;
}

/* Whether one transaction takes all verdicts and what the page says of each record. */
static bool is_taken_at_once(const struct trn_intake *intake, uint32_t rows)
{
    size_t taken = 0;
    bool whole = intake->reader.envelope.verdict_count <= trn_portion(GROUP_VERDICTS);

    for (size_t i = 0; i < intake->count && whole; i++) {
        whole = fits(&intake->parts[i], taken, limit_of(rows));
        taken += intake->parts[i].rows + 1;
    }
    return whole;
}

/* The next verdicts; with the last of them, the clocks, and what they move. */
static tern_status listen(struct trn_intake *intake,
                          struct trn_work *work,
                          uint32_t rows,
                          struct step *step,
                          tern_error *error)
{
    tern_status status = check_epoch(intake, work, error);

    step->tally.apart = !is_taken_at_once(intake, rows);
    step->tally.heard_us = intake->reader.envelope.time_us;
    if (status == TERN_OK) {
        status = take_verdicts(intake, work, &step->tally, &step->heard, error);
    }
    step->begun = step->heard == intake->reader.envelope.verdict_count;
    if (status != TERN_OK || !step->begun) {
        return status;
    }
    status = trn_exchange_set_clock(work, intake->sent, intake->reader.envelope.time_us, error);
    return status == TERN_OK ? trn_window_move(work, intake->reader.envelope.time_us, error)
                             : status;
}

static tern_status take_part(const struct trn_intake *intake,
                             struct trn_work *work,
                             struct part *part,
                             tern_error *error)
{
    part->checkpoint.windows = intake->sent->windows;
    if (part->erased) {
        return trn_leave_erased(work, &part->checkpoint.scope, error);
    }
    if (part->gone) {
        return trn_leave(work, &part->checkpoint.scope, error);
    }
    return part->complete || TRN_MUTANT(PIECES_SHOWN)
               ? trn_checkpoint_apply(work, &part->checkpoint, error)
               : trn_checkpoint_stage(work, &part->checkpoint, error);
}

/* As many parts as fit. `ret_next` is the first that did not. */
static tern_status take_parts(struct trn_intake *intake,
                              struct trn_work *work,
                              uint32_t rows,
                              size_t *ret_next,
                              tern_error *error)
{
    size_t taken = 0;
    size_t at = intake->next;

    while (at < intake->count && fits(&intake->parts[at], taken, limit_of(rows))) {
        struct part *part = &intake->parts[at];
        tern_status status;

        part->checkpoint.rows = 0;
        status = take_part(intake, work, part, error);
        if (status != TERN_OK) {
            return status;
        }
        taken += part->rows + 1;
        at++;
    }
    *ret_next = at;
    return TERN_OK;
}

static tern_status work_off(struct trn_intake *intake,
                            struct trn_work *work,
                            uint32_t rows,
                            struct step *step,
                            tern_error *error)
{
    bool matches = false;
    tern_status status = trn_sent_matches(intake->sent, work, &matches, error);

    if (status == TERN_OK && !matches && !TRN_MUTANT(CURSOR_FIRST)) {
        return trn_fail(error, TERN_ERR_PROTOCOL, "the answer is to a request that was overtaken");
    }
    if (status == TERN_OK && !intake->begun) {
        status = listen(intake, work, rows, step, error);
    }
    if (status == TERN_OK && step->begun) {
        status = take_parts(intake, work, rows, &step->next, error);
    }
    step->done = step->begun && step->next == intake->count;
    if (status == TERN_OK && step->done && !intake->result.more && intake->sent->rows > 0) {
        status = intake->reader.envelope.any ? trn_scope_trust(work->store, error) : TERN_OK;
        if (status == TERN_OK) {
            status = trn_leave_stale(work, &step->done, error);
        }
    }
    if (status == TERN_OK && step->done) {
        return trn_meta_set_cursor(work->store, intake->reader.envelope.cursor, error);
    }
    /* Should the answer end here, what it has acknowledged is proved all the same. */
    return status == TERN_OK && intake->heard == 0 && step->heard > 0
               ? trn_meta_set_proof(work->store, intake->reader.envelope.cursor, error)
               : status;
}

/* The transaction is durable: from here the next one goes on. */
static void
advance(struct trn_intake *intake, const struct step *step, tern_sync_progress *progress)
{
    for (size_t i = intake->next; i < step->next; i++) {
        progress->rows += intake->parts[i].rows;
        progress->scopes_done += intake->parts[i].complete;
    }
    progress->sent_txs += step->tally.acknowledged;
    intake->result.decided += step->tally.decided;
    intake->heard = step->heard;
    intake->begun = step->begun;
    intake->next = step->next;
}

#ifdef TERN_MUTANTS
static void move_cursor(struct trn_intake *intake, const tern_id *session)
{
    struct trn_work work;

    if (trn_work_begin(&work, intake->engine, session, NULL) != TERN_OK) {
        return;
    }
    if (trn_meta_set_cursor(work.store, intake->reader.envelope.cursor, NULL) == TERN_OK) {
        (void)trn_work_commit(&work, NULL);
    } else {
        trn_work_rollback(&work);
    }
}
#endif

/* Only where the commit adds nothing to it: no row is owed, none is laid back. */
static tern_status end_with(struct trn_intake *intake,
                            struct trn_work *work,
                            const struct step *step,
                            const struct trn_intake_end *end,
                            tern_error *error)
{
    size_t rows = 0;

    if (end == NULL || !step->done || intake->result.more || intake->sent->rows == 0 ||
        work->lifted || work->refetch || work->displaced.count > 0) {
        return TERN_OK;
    }
    for (size_t i = intake->next; i < step->next; i++) {
        rows += intake->parts[i].rows;
    }
    return rows <= trn_portion(END_ROWS) ? end->run(end->context, work, &intake->result, error)
                                         : TERN_OK;
}

tern_status trn_intake_step(struct trn_intake *intake,
                            const tern_id *session,
                            uint32_t rows,
                            const struct trn_intake_end *end,
                            tern_sync_progress *progress,
                            bool *ret_done,
                            tern_error *error)
{
    struct step step = {.heard = intake->heard, .begun = intake->begun, .next = intake->next};
    struct trn_work work;
    tern_status status;

#ifdef TERN_MUTANTS
    if (TRN_MUTANT(CURSOR_FIRST) && !intake->begun) {
        move_cursor(intake, session);
    }
#endif
    status = trn_work_begin(&work, intake->engine, session, error);

    if (status != TERN_OK) {
        return status;
    }
    status = work_off(intake, &work, rows, &step, error);
    if (status == TERN_OK) {
        status = end_with(intake, &work, &step, end, error);
    }
    if (status != TERN_OK) {
        trn_work_rollback(&work);
        return status;
    }
    status = trn_work_commit(&work, error);
    if (status != TERN_OK) {
        return status;
    }
    advance(intake, &step, progress);
    intake->result.refetch = intake->result.refetch || work.refetch;
    *ret_done = step.done || work.refetch;
    return TERN_OK;
}
