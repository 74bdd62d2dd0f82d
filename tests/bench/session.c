/* Carries the bytes between a replica and a server. */
#include "tests/bench/session.h"

#include <stdlib.h>
#include <string.h>

static tern_status counted_exchange(void *context,
                                    const tern_http_request *request,
                                    tern_http_answer *ret_answer,
                                    tern_error *error)
{
    struct bench_link *link = context;
    tern_status status = link->inner.exchange(link->inner.context, request, ret_answer, error);

    link->exchanges++;
    link->request_bytes += request->body_size;
    if (status == TERN_OK) {
        link->answer_bytes += ret_answer->body_size;
    }
    return status;
}

static void release(void *context, tern_http_answer *answer)
{
    struct bench_link *link = context;

    link->inner.release(link->inner.context, answer);
}

struct bench_link *bench_link_open(const struct bench_ternd *server, const tern_id *user)
{
    struct bench_link *link = bench_alloc(1, sizeof(*link));
    tern_curl_options options = {.size = sizeof(options),
                                 .url = server->url,
                                 .ca_file = server->ca};
    tern_error error = {0};

    bench_ok(tern_curl_open(&options, &link->curl, &error), &error, "open transport");
    tern_curl_port(link->curl, &link->inner);
    link->port = (tern_http_port){link, counted_exchange, release, NULL};
    bench_ternd_token(user, BENCH_USER, link->token, sizeof(link->token));
    return link;
}

void bench_link_close(struct bench_link *link)
{
    if (link != NULL) {
        tern_curl_close(link->curl);
        free(link);
    }
}

static const char *give_token(void *context, bool refused)
{
    struct bench_link *link = context;

    return refused ? NULL : link->token;
}

void bench_sync(struct bench_link *link, tern_replica *replica, uint32_t page_rows)
{
    const tern_sync_options options = {.size = sizeof(options), .page_rows = page_rows};
    tern_error error = {0};

    bench_ok(tern_sync_run(replica, &options, &link->port, give_token, link, 10000, NULL, &error),
             &error,
             "sync");
}

static void
carry(struct bench_link *link, tern_sync *sync, const tern_http_request *request, double *busy_s)
{
    tern_http_answer answer = {0};
    tern_error error = {0};
    double begin;

    bench_ok(link->port.exchange(link, request, &answer, &error), &error, "exchange");
    bench_check(answer.status == 200, "the server refused a request");
    begin = bench_seconds();
    bench_ok(tern_sync_answered(sync, &answer, &error), &error, "answer");
    *busy_s += bench_seconds() - begin;
    link->port.release(link, &answer);
}

static void note_scopes(const tern_sync *sync, struct bench_sync_times *times)
{
    tern_sync_progress progress = {0};
    tern_error error = {0};

    bench_ok(tern_sync_read_progress(sync, &progress, &error), &error, "progress");
    times->rows = progress.rows;
    for (; times->scopes < progress.scopes_done; times->scopes++) {
        if (times->scopes_s != NULL && times->scopes < times->scopes_room) {
            times->scopes_s[times->scopes] = times->after_s;
        }
    }
}

void bench_sync_timed(struct bench_link *link,
                      tern_replica *replica,
                      uint32_t page_rows,
                      struct bench_sync_times *times)
{
    const tern_sync_options options = {.size = sizeof(options), .page_rows = page_rows};
    tern_sync_step step = {0};
    tern_sync *sync = NULL;
    tern_error error = {0};
    double *busy_s = &times->before_s;

    bench_ok(tern_sync_open(replica, &options, &sync, &error), &error, "open session");
    bench_ok(tern_sync_set_token(sync, link->token, &error), &error, "token");
    do {
        const double begin = bench_seconds();

        bench_ok(tern_sync_next(sync, &step, &error), &error, "step");
        *busy_s += bench_seconds() - begin;
        bench_check(step.action != TERN_SYNC_TOKEN, "the server refused the token");
        if (step.action == TERN_SYNC_WAIT) {
            bench_sleep_ms((unsigned)step.wait_ms);
        } else if (step.action == TERN_SYNC_SEND) {
            busy_s = &times->after_s;
            carry(link, sync, step.request, busy_s);
        }
        note_scopes(sync, times);
    } while (step.action != TERN_SYNC_DONE);
    bench_check(step.result == TERN_OK, tern_status_code(step.result));
    tern_sync_close(sync);
}
