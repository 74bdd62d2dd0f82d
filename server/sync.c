/*
 * The exchange in two halves: all that is pushed, in one group for all calls; after its commit,
 * each call's page and answer.
 *
 * A call whose request cannot be taken (malformed, another epoch, a clone) leaves no trace in the
 * group: its part is undone to a savepoint. A failure of the database ends the group, and every
 * call in it is asked to come back.
 */
#include "server/sync.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "server/intake.h"
#include "server/pull.h"
#include "wire/problem.h"

enum { RETRY_AFTER_S = 2 };

static const char media_sync[] = "application/vnd.tern.sync+ndjson; version=1";

struct trn_server *trn_server_new(struct trn_db *db, const struct trn_sync_limits *limits)
{
    const struct trn_sync_limits standard = {.page_rows = TRN_SYNC_PAGE_ROWS,
                                             .page_bytes = TRN_SYNC_PAGE_BYTES};
    struct trn_server *server = trn_calloc(1, sizeof(*server));

    if (server == NULL) {
        return NULL;
    }
    server->db = db;
    server->limits = limits == NULL ? standard : *limits;
    server->facts = trn_facts_new(db, db->ops->writer(db));
    server->page_facts = trn_facts_new(db, NULL);
    if (server->facts == NULL || server->page_facts == NULL) {
        trn_server_free(server);
        return NULL;
    }
    return server;
}

void trn_server_free(struct trn_server *server)
{
    if (server == NULL) {
        return;
    }
    trn_facts_free(server->facts);
    trn_facts_free(server->page_facts);
    trn_free(server);
}

void trn_server_set_backup(struct trn_server *server, const struct trn_backup *backup)
{
    server->backup = *backup;
}

void trn_sync_call_free(struct trn_sync_call *call)
{
    trn_bytes_free(&call->answer);
    memset(call, 0, sizeof(*call));
}

/* ---- Second half ---- */

static struct trn_verdict verdict_of(size_t index, const struct trn_outcome *outcome)
{
    static const enum trn_verdict_kind kinds[] = {
        [TRN_OUTCOME_APPLIED] = TRN_VERDICT_APPLIED,
        [TRN_OUTCOME_DUPLICATE] = TRN_VERDICT_DUPLICATE,
        [TRN_OUTCOME_REJECTED] = TRN_VERDICT_REJECTED,
        [TRN_OUTCOME_RETRY] = TRN_VERDICT_RETRY,
    };

    return (struct trn_verdict){.index = index,
                                .kind = kinds[outcome->kind],
                                .number = outcome->number,
                                .stored_us = outcome->time_us,
                                .code = outcome->code,
                                .change = outcome->change,
                                .sentence = trn_slice_text(outcome->detail)};
}

static tern_status write_envelope(struct trn_exchange *exchange,
                                  const struct trn_pull *pull,
                                  int64_t now_us,
                                  int64_t covered,
                                  struct trn_answer_writer *writer,
                                  tern_error *error)
{
    struct trn_answer_envelope envelope = {.schema_version = pull->db->schema->version,
                                           .time_us = now_us,
                                           .verdict_count = exchange->outcome_count,
                                           .more = pull->more,
                                           .backup = covered,
                                           .any = exchange->call->auth.power != TRN_POWER_USER};
    const struct trn_db_meta *meta = &exchange->meta;
    struct trn_bytes cursor = {0};
    tern_status status =
        trn_cursor_seal(&pull->next, meta, &pull->user, &pull->device, &cursor, error);

    if (status == TERN_OK) {
        trn_hex_encode(meta->epoch, sizeof(meta->epoch), envelope.epoch);
        envelope.cursor = trn_bytes_slice(&cursor);
        status = trn_answer_write_envelope(writer, &envelope, error);
    }
    trn_bytes_free(&cursor);
    return status;
}

/* The page is written first, since the envelope says what comes of it. */
static tern_status write_answer(const struct trn_server *server,
                                struct trn_exchange *exchange,
                                struct trn_pull *pull,
                                int64_t now_us,
                                tern_error *error)
{
    const struct trn_schema *schema = pull->db->schema;
    struct trn_answer_writer page;
    struct trn_answer_writer writer;
    struct trn_bytes lines = {0};
    tern_status status;

    trn_answer_writer_open(&page, schema, pull->schema_version, &lines);
    trn_answer_writer_open(&writer, schema, pull->schema_version, &exchange->call->answer);
    status = exchange->has_cursor ? trn_pull_renew(pull, &exchange->cursor, error) : TERN_OK;
    if (status != TERN_OK) {
        return status;
    }
    if (pull->room_rows == 0) {
        status = trn_pull_nothing(pull, exchange->has_cursor ? &exchange->cursor : NULL, error);
    } else {
        status = trn_pull_page(pull, exchange->has_cursor ? &exchange->cursor : NULL, &page, error);
    }
    if (status == TERN_OK) {
        status = write_envelope(exchange, pull, now_us, server->covered, &writer, error);
    }
    for (size_t index = 0; index < exchange->outcome_count && status == TERN_OK; index++) {
        struct trn_verdict verdict = verdict_of(index, &exchange->outcomes[index]);

        status = trn_answer_write_verdict(&writer, &verdict, error);
    }
    if (status == TERN_OK) {
        status = trn_line_append(&writer.lines, trn_bytes_slice(&lines), error);
    }
    if (status == TERN_OK) {
        status = trn_line_write_last(&writer.lines, error);
    }
    trn_bytes_free(&lines);
    return status;
}

static int compare_numbers(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

/* The numbers of what the verdicts say is here, rising; to be freed. */
static tern_status list_taken(const struct trn_exchange *exchange,
                              int64_t **ret_numbers,
                              size_t *ret_count,
                              tern_error *error)
{
    int64_t *numbers = trn_alloc((exchange->outcome_count + 1) * sizeof(*numbers));
    size_t count = 0;

    if (numbers == NULL) {
        return trn_fail_nomem(error);
    }
    for (size_t index = 0; index < exchange->outcome_count; index++) {
        const struct trn_outcome *outcome = &exchange->outcomes[index];

        if (outcome->kind == TRN_OUTCOME_APPLIED || outcome->kind == TRN_OUTCOME_DUPLICATE) {
            numbers[count++] = outcome->number;
        }
    }
    qsort(numbers, count, sizeof(*numbers), compare_numbers);
    *ret_numbers = numbers;
    *ret_count = count;
    return TERN_OK;
}

static struct trn_pull pull_for(const struct trn_server *server,
                                struct trn_db_view *view,
                                const struct trn_exchange *exchange,
                                int64_t now_us)
{
    const struct trn_request_envelope *envelope = &exchange->reader.envelope;
    uint32_t newest = server->db->schema->version;

    return (struct trn_pull){
        .db = server->db,
        .view = view,
        .facts = server->page_facts,
        .user = exchange->call->auth.user,
        .device = envelope->device,
        .schema_version = envelope->schema_version < newest ? envelope->schema_version : newest,
        .any_erased = exchange->meta.any_erased,
        .room_rows =
            envelope->rows < server->limits.page_rows ? envelope->rows : server->limits.page_rows,
        .room_bytes = server->limits.page_bytes,
        .now_us = now_us,
        .windows = envelope->windows,
        .window_count = envelope->window_count,
        .dropped = exchange->has_cursor ? NULL : &exchange->dropped};
}

static tern_status answer(struct trn_server *server,
                          struct trn_db_view *view,
                          struct trn_exchange *exchange,
                          int64_t now_us,
                          tern_error *error)
{
    struct trn_pull pull = pull_for(server, view, exchange, now_us);
    int64_t *taken = NULL;
    tern_status status = list_taken(exchange, &taken, &pull.taken_count, error);

    pull.taken = taken;
    if (status == TERN_OK) {
        status = write_answer(server, exchange, &pull, now_us, error);
    }
    exchange->call->rows = pull.rows;
    trn_pull_free(&pull);
    trn_free(taken);
    if (status == TERN_OK) {
        exchange->call->status = 200;
        exchange->call->media_type = media_sync;
    }
    return status;
}

/* ---- Problems ---- */

static void problem(struct trn_sync_call *call, const struct trn_problem *problem)
{
    trn_bytes_clear(&call->answer);
    call->code = problem->code;
    call->status = (unsigned)problem->http_status;
    call->media_type = TRN_PROBLEM_TYPE;
    call->retry_after_s = call->status == 503 || call->status == 429 ? RETRY_AFTER_S : 0;
    if (trn_problem_write(problem, &call->answer, NULL) != TERN_OK) {
        trn_bytes_free(&call->answer); /* the status alone must do */
    }
}

void trn_sync_problem(struct trn_sync_call *call, tern_status code, const char *detail)
{
    const struct trn_problem document = {.http_status = trn_problem_http_status(code),
                                         .code = code,
                                         .detail = trn_slice_text(detail)};

    problem(call, &document);
}

/* What fails here is the server's trouble, whatever it is: the device does well to come back. */
static void answer_trouble(struct trn_sync_call *call, const tern_error *cause)
{
    call->cause = *cause;
    trn_sync_problem(call, TERN_ERR_UNAVAILABLE, "the server cannot store or read just now");
}

/* A cursor that proves what was given so far, and that nobody goes by. */
static tern_status seal_proof(const struct trn_server *server,
                              struct trn_db_view *view,
                              const struct trn_exchange *exchange,
                              struct trn_bytes *cursor,
                              tern_error *error)
{
    struct trn_pull pull = pull_for(server, view, exchange, 0);
    tern_status status =
        trn_pull_nothing(&pull, exchange->has_cursor ? &exchange->cursor : NULL, error);

    if (status == TERN_OK) {
        status =
            trn_cursor_seal(&pull.next, &exchange->meta, &pull.user, &pull.device, cursor, error);
    }
    trn_pull_free(&pull);
    return status;
}

/* The push of an outdated device is taken all the same. */
static tern_status answer_upgrade(const struct trn_server *server,
                                  struct trn_db_view *view,
                                  struct trn_exchange *exchange,
                                  tern_error *error)
{
    struct trn_verdict *verdicts = trn_calloc(exchange->outcome_count + 1, sizeof(*verdicts));
    struct trn_problem document = {
        .http_status = trn_problem_http_status(TERN_ERR_UPGRADE_REQUIRED),
        .code = TERN_ERR_UPGRADE_REQUIRED,
        .detail = trn_slice_text("this version of the schema is no longer served"),
        .verdicts = verdicts,
        .verdict_count = TRN_MUTANT(UPGRADE_MUTE) ? 0 : exchange->outcome_count};
    struct trn_bytes cursor = {0};
    tern_status status;

    if (verdicts == NULL) {
        return trn_fail_nomem(error);
    }
    status = seal_proof(server, view, exchange, &cursor, error);
    for (size_t index = 0; status == TERN_OK && index < exchange->outcome_count; index++) {
        verdicts[index] = verdict_of(index, &exchange->outcomes[index]);
    }
    document.cursor = trn_bytes_slice(&cursor);
    if (status == TERN_OK) {
        problem(exchange->call, &document);
    }
    trn_bytes_free(&cursor);
    trn_free(verdicts);
    return status;
}

/* ---- Both ---- */

static void answer_one(struct trn_server *server,
                       struct trn_db_view *view,
                       struct trn_exchange *exchange,
                       int64_t now_us)
{
    bool outdated = exchange->reader.envelope.schema_version < server->db->schema->minimum_version;
    tern_error error = {.status = TERN_OK};
    tern_status status;

    if (exchange->error.status != TERN_OK) {
        trn_sync_problem(exchange->call, exchange->error.status, exchange->error.message);
        return;
    }
    status = outdated ? answer_upgrade(server, view, exchange, &error)
                      : answer(server, view, exchange, now_us, &error);
    if (status != TERN_OK) {
        answer_trouble(exchange->call, &error);
    }
}

/* Not before they are durable; of a call that is refused whole none is. */
static void count_verdicts(const struct trn_exchange *exchange)
{
    struct trn_sync_call *call = exchange->call;
    size_t verdicts = exchange->error.status == TERN_OK ? exchange->outcome_count : 0;

    for (size_t index = 0; index < verdicts; index++) {
        enum trn_outcome_kind kind = exchange->outcomes[index].kind;

        call->applied += kind == TRN_OUTCOME_APPLIED;
        call->duplicates += kind == TRN_OUTCOME_DUPLICATE;
        call->rejected += kind == TRN_OUTCOME_REJECTED;
    }
}

static void
answer_all(struct trn_server *server, struct trn_exchange *exchanges, size_t total, int64_t now_us)
{
    struct trn_db_view *view = NULL;
    tern_error error = {.status = TERN_OK};
    bool served = server->db->ops->snapshot_open(server->db, &view, &error) == TERN_OK;

    if (served) {
        trn_facts_set_view(server->page_facts, view);
    }
    for (size_t index = 0; index < total; index++) {
        count_verdicts(&exchanges[index]);
        if (served) {
            answer_one(server, view, &exchanges[index], now_us);
        } else {
            answer_trouble(exchanges[index].call, &error);
        }
    }
    if (served) {
        server->db->ops->snapshot_close(server->db, view);
    }
}

void trn_server_handle(struct trn_server *server,
                       int64_t now_us,
                       struct trn_sync_call *calls,
                       size_t count_of_calls)
{
    struct trn_exchange *exchanges = trn_calloc(count_of_calls + 1, sizeof(*exchanges));
    tern_error error = {.status = TERN_OK};
    bool taken;

    if (exchanges == NULL) {
        error.status = trn_fail_nomem(&error);
    }
    for (size_t index = 0; exchanges != NULL && index < count_of_calls; index++) {
        exchanges[index].call = &calls[index];
    }
    taken = exchanges != NULL &&
            trn_intake_group(server, exchanges, count_of_calls, now_us, &error) == TERN_OK;
    if (taken) {
        answer_all(server, exchanges, count_of_calls, now_us);
    }
    for (size_t index = 0; index < count_of_calls; index++) {
        if (!taken) {
            answer_trouble(&calls[index], &error);
        }
        if (exchanges != NULL) {
            trn_exchange_free(&exchanges[index]);
        }
    }
    trn_free(exchanges);
}
