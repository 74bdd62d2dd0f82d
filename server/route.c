/*
 * From an HTTP request to a call and back: paths, methods, tokens, media types, sizes, compression.
 *
 * Nothing of a body is looked at before its sender is known, and nothing is kept of a request once
 * it is answered.
 */
#include "server/route.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "server/clock.h"
#include "server/journal.h"
#include "server/peer.h"
#include "wire/gzip.h"
#include "wire/problem.h"

enum {
    GZIP_SMALL_BYTES = 64 * 1024,
    GZIP_LEVEL_SMALL = 6,
    GZIP_LEVEL_LARGE = 1,
    BACKUP_EVERY_US = 60 * 1000000
};

static const char path_sync[] = "/v1/sync";
static const char path_health[] = "/healthz";
static const char path_metrics[] = "/metrics";

/* ---- Headers ---- */

static const char *header_of(struct evhttp_request *request, const char *name)
{
    return evhttp_find_header(evhttp_request_get_input_headers(request), name);
}

static void set_header(struct evhttp_request *request, const char *name, const char *value)
{
    (void)evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
}

/* Whether a comma-separated list of codings takes this one. */
static bool takes(const char *list, const char *coding)
{
    const size_t length = strlen(coding);

    while (list != NULL && *list != '\0') {
        size_t size;

        list += strspn(list, " \t,");
        size = strcspn(list, ",");
        if (strncasecmp(list, coding, length) == 0 && strcspn(list, " \t;,") == length) {
            const char *weight = strstr(list, "q=");

            return weight == NULL || weight >= list + size || strtod(weight + 2, NULL) > 0;
        }
        list += size;
    }
    return false;
}

/* The type, and version 1 where one is named. */
static bool is_sync_type(const char *type)
{
    static const char name[] = "application/vnd.tern.sync+ndjson";
    const char *version;

    if (type == NULL || strncasecmp(type, name, sizeof(name) - 1) != 0) {
        return false;
    }
    type += sizeof(name) - 1;
    if (type[strspn(type, " \t")] != '\0' && type[strspn(type, " \t")] != ';') {
        return false;
    }
    version = strstr(type, "version=");
    return version == NULL ||
           (version[8] == '1' && (version[9] == '\0' || strchr("; \t", version[9]) != NULL));
}

static const char *method_name(struct evhttp_request *request)
{
    switch (evhttp_request_get_command(request)) {
    case EVHTTP_REQ_GET:
        return "GET";
    case EVHTTP_REQ_POST:
        return "POST";
    default:
        return "other";
    }
}

/* ---- Answers ---- */

static void job_free(struct trn_job *job)
{
    trn_sync_call_free(&job->call);
    trn_bytes_free(&job->body);
    trn_free(job);
}

static void on_sent(struct evhttp_request *request, void *context)
{
    struct trn_listener *listener = context;
    struct trn_peer *peer = trn_peer_of(request);

    if (peer != NULL && peer->unsent > 0) {
        peer->unsent--;
        listener->unsent--;
    }
    trn_peer_in_time(peer);
    trn_listener_check_end(listener);
}

static void note(const struct trn_job *job, size_t bytes_out)
{
    struct trn_metrics *metrics = &job->listener->metrics;
    const struct trn_journal_request line = {
        .method = method_name(job->request),
        .path = job->path,
        .status = job->call.status,
        .code = job->call.code == TERN_OK ? NULL : tern_status_code(job->call.code),
        .cause = job->call.cause.message,
        .duration_us = trn_clock_monotonic_us() - job->begun_us,
        .bytes_in = job->bytes_in,
        .bytes_out = bytes_out,
        .applied = job->call.applied,
        .rejected = job->call.rejected,
        .rows = job->call.rows};

    trn_metrics_count_request(metrics, job->call.status);
    metrics->applied += job->call.applied;
    metrics->duplicates += job->call.duplicates;
    metrics->rejected += job->call.rejected;
    metrics->rows += job->call.rows;
    metrics->bytes_in += job->bytes_in;
    metrics->bytes_out += bytes_out;
    trn_journal_request(&line);
}

static void compress(struct trn_job *job)
{
    struct trn_bytes packed = {0};
    struct trn_slice plain = trn_bytes_slice(&job->call.answer);
    int level = plain.size < GZIP_SMALL_BYTES ? GZIP_LEVEL_SMALL : GZIP_LEVEL_LARGE;

    const char *coding = trn_coding_for(plain.size, job->takes_gzip, job->takes_small);

    if (coding == NULL || trn_code(plain, coding, level, &packed, NULL) != TERN_OK) {
        return;
    }
    trn_bytes_free(&job->call.answer);
    job->call.answer = packed;
    set_header(job->request, "Content-Encoding", coding);
}

static void give_back(const void *data, size_t size, void *extra)
{
    (void)data;
    (void)size;
    trn_free(extra);
}

/* Sends what the call holds, and frees the job. */
static void answer(struct trn_job *job)
{
    struct evhttp_request *request = job->request;
    struct evbuffer *out = evhttp_request_get_output_buffer(request);
    struct trn_peer *peer = trn_peer_of(request);
    struct trn_bytes body;
    char seconds[16];

    if (job->call.media_type != NULL) {
        set_header(request, "Content-Type", job->call.media_type);
    }
    set_header(request, "Cache-Control", "no-store");
    if (job->call.status == 401) {
        set_header(request, "WWW-Authenticate", "Bearer");
    }
    if (job->call.retry_after_s > 0) {
        (void)evutil_snprintf(seconds, sizeof(seconds), "%u", (unsigned)job->call.retry_after_s);
        set_header(request, "Retry-After", seconds);
    }
    if (job->listener->stopping) {
        set_header(request, "Connection", "close");
    }
    compress(job);
    note(job, job->call.answer.size);
    body = trn_bytes_move(&job->call.answer);
    if (body.size == 0 ||
        evbuffer_add_reference(out, body.data, body.size, give_back, body.data) != 0) {
        trn_bytes_free(&body);
    }
    if (peer != NULL) {
        peer->unsent++;
        job->listener->unsent++;
    }
    evhttp_request_set_on_complete_cb(request, on_sent, job->listener);
    evhttp_send_reply(request, (int)job->call.status, NULL, NULL);
    job_free(job);
}

static void refuse(struct trn_job *job, tern_status code, const char *detail)
{
    trn_sync_problem(&job->call, code, detail);
    answer(job);
}

/* The same with a status that the code itself does not have. */
static void refuse_as(struct trn_job *job, int status, tern_status code, const char *detail)
{
    const struct trn_problem problem = {.http_status = status,
                                        .code = code,
                                        .detail = trn_slice_text(detail)};

    job->call.status = (unsigned)status;
    job->call.code = code;
    job->call.media_type = TRN_PROBLEM_TYPE;
    if (trn_problem_write(&problem, &job->call.answer, NULL) != TERN_OK) {
        trn_bytes_clear(&job->call.answer); /* the status alone must do */
    }
    answer(job);
}

/* ---- Groups ---- */

/* The file is small, and a backup is made now and then. */
static void look_at_backup(struct trn_listener *listener, int64_t now_us)
{
    struct trn_backup backup;

    if (listener->backup_read_us != 0 && now_us - listener->backup_read_us < BACKUP_EVERY_US) {
        return;
    }
    listener->backup_read_us = now_us;
    backup = trn_backup_read(listener->parts.settings->database);
    trn_server_set_backup(listener->parts.server, &backup);
}

static void handle(struct trn_listener *listener, struct trn_job **jobs, size_t count)
{
    struct trn_sync_call calls[TRN_GROUP_MAX];
    int64_t begun_us = trn_clock_monotonic_us();

    for (size_t index = 0; index < count; index++) {
        calls[index] = jobs[index]->call;
    }
    look_at_backup(listener, begun_us);
    trn_server_handle(listener->parts.server, trn_clock_wall_us(), calls, count);
    listener->metrics.groups++;
    listener->metrics.grouped += count;
    listener->metrics.handling_us += (uint64_t)(trn_clock_monotonic_us() - begun_us);
    for (size_t index = 0; index < count; index++) {
        jobs[index]->call = calls[index];
        answer(jobs[index]);
    }
}

void trn_route_flush(struct trn_listener *listener)
{
    struct trn_job *jobs[TRN_GROUP_MAX];
    size_t count = listener->job_count;

    memcpy((void *)jobs, (const void *)listener->jobs, count * sizeof(struct trn_job *));
    listener->job_count = 0;
    listener->job_bytes = 0;
    if (count > 0 && listener->parts.settings->group_commit) {
        handle(listener, jobs, count);
        return;
    }
    for (size_t index = 0; index < count; index++) {
        handle(listener, &jobs[index], 1);
    }
}

static bool is_full(const struct trn_listener *listener)
{
    const size_t page_bytes = (size_t)listener->parts.settings->page_bytes;

    return listener->job_count == TRN_GROUP_MAX || listener->job_bytes >= TRN_GROUP_BODY_BYTES ||
           listener->job_count * page_bytes >= TRN_GROUP_ANSWER_BYTES;
}

static void enqueue(struct trn_job *job)
{
    struct trn_listener *listener = job->listener;

    job->call.auth = job->bearer.auth;
    job->call.request = trn_bytes_slice(&job->body);
    listener->jobs[listener->job_count++] = job;
    listener->job_bytes += job->body.size;
    if (is_full(listener)) {
        trn_route_flush(listener);
    } else {
        event_active(listener->flush, EV_TIMEOUT, 0);
    }
}

/* ---- Bodies ---- */

static tern_status copy_body(struct evhttp_request *request, struct trn_bytes *body)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(request);
    size_t size = evbuffer_get_length(in);
    tern_status status = trn_bytes_reserve(body, size);

    if (status != TERN_OK) {
        return status;
    }
    if (size > 0 && evbuffer_remove(in, body->data, size) != (ev_ssize_t)size) {
        return TERN_ERR_INTERNAL;
    }
    body->size = size;
    body->data[size] = '\0';
    return TERN_OK;
}

/* Takes the body out of the request, decompressed where it is not plain. */
static tern_status read_body(struct trn_job *job, tern_error *error)
{
    size_t limit = (size_t)job->listener->parts.settings->expanded_bytes;
    const char *coding = header_of(job->request, "Content-Encoding");
    struct trn_bytes sent = {0};
    tern_status status = copy_body(job->request, &sent);

    if (status != TERN_OK) {
        status = trn_fail(error, status, "the body cannot be read");
    } else if (coding == NULL || strcasecmp(coding, "identity") == 0) {
        job->body = trn_bytes_move(&sent);
        if (job->body.size > limit) {
            status = trn_fail(error, TERN_ERR_TOO_LARGE, "the body is too large");
        }
    } else {
        status = trn_gunzip(trn_bytes_slice(&sent), limit, &job->body, error);
    }
    trn_bytes_free(&sent);
    return status;
}

/* ---- Routes ---- */

/* Whether the request may be read at all; it is answered where not. */
static bool admit(struct trn_job *job)
{
    const char *coding = header_of(job->request, "Content-Encoding");
    tern_error error = {.status = TERN_OK};

    if (trn_tokens_check(job->listener->parts.tokens,
                         header_of(job->request, "Authorization"),
                         trn_clock_wall_us() / 1000000,
                         &job->bearer,
                         &error) != TERN_OK) {
        refuse(job, error.status, error.message);
        return false;
    }
    if (!is_sync_type(header_of(job->request, "Content-Type"))) {
        refuse_as(job, 415, TERN_ERR_PROTOCOL, "the media type is not the one of this exchange");
        return false;
    }
    if (coding != NULL && !takes(TRN_CODINGS ", identity", coding)) {
        refuse_as(job, 415, TERN_ERR_PROTOCOL, "the content encoding is not one that is taken");
        return false;
    }
    if (job->bytes_in > (size_t)job->listener->parts.settings->body_bytes) {
        refuse(job, TERN_ERR_TOO_LARGE, "the request is too large");
        return false;
    }
    return true;
}

static void route_sync(struct trn_job *job)
{
    tern_error error = {.status = TERN_OK};

    if (!admit(job)) {
        return;
    }
    if (read_body(job, &error) != TERN_OK) {
        refuse(job, error.status, error.message);
        return;
    }
    enqueue(job);
}

static void route_health(struct trn_job *job)
{
    struct trn_db *db = job->listener->parts.db;
    struct trn_db_view *view = NULL;

    if (db->ops->snapshot_open(db, &view, NULL) != TERN_OK) {
        refuse(job, TERN_ERR_UNAVAILABLE, "the database cannot be read");
        return;
    }
    db->ops->snapshot_close(db, view);
    if (trn_bytes_append_text(&job->call.answer, "{\"status\":\"ok\"}\n") != TERN_OK) {
        refuse(job, TERN_ERR_UNAVAILABLE, "there is no memory for it");
        return;
    }
    job->call.status = 200;
    job->call.media_type = "application/json";
    answer(job);
}

static void route_metrics(struct trn_job *job)
{
    if (trn_metrics_write(&job->listener->metrics, &job->call.answer) != TERN_OK) {
        refuse(job, TERN_ERR_UNAVAILABLE, "there is no memory for it");
        return;
    }
    job->call.status = 200;
    job->call.media_type = "text/plain; version=0.0.4; charset=utf-8";
    answer(job);
}

static void route(struct trn_job *job, const char *path)
{
    enum evhttp_cmd_type method = evhttp_request_get_command(job->request);
    bool is_sync = strcmp(path, path_sync) == 0;
    bool is_health = strcmp(path, path_health) == 0;
    bool is_metrics = strcmp(path, path_metrics) == 0;

    job->path = is_sync ? path_sync : is_health ? path_health : is_metrics ? path_metrics : "other";
    if (!is_sync && !is_health && !is_metrics) {
        refuse_as(job, 404, TERN_ERR_PROTOCOL, "there is nothing at this path");
    } else if (method != (is_sync ? EVHTTP_REQ_POST : EVHTTP_REQ_GET)) {
        set_header(job->request, "Allow", is_sync ? "POST" : "GET");
        refuse_as(job, 405, TERN_ERR_PROTOCOL, "this path does not take the method");
    } else if (is_sync) {
        route_sync(job);
    } else if (is_health) {
        route_health(job);
    } else {
        route_metrics(job);
    }
}

void trn_route(struct evhttp_request *request, void *context)
{
    struct trn_listener *listener = context;
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *path = uri == NULL ? NULL : evhttp_uri_get_path(uri);
    struct trn_job *job = trn_calloc(1, sizeof(*job));

    trn_peer_in_time(trn_peer_of(request));
    if (job == NULL) {
        evhttp_send_reply(request, 503, NULL, NULL);
        return;
    }
    job->listener = listener;
    job->request = request;
    job->begun_us = trn_clock_monotonic_us();
    job->bytes_in = evbuffer_get_length(evhttp_request_get_input_buffer(request));
    job->takes_gzip = takes(header_of(request, "Accept-Encoding"), TRN_CODING_GZIP);
    job->takes_small = takes(header_of(request, "Accept-Encoding"), TRN_CODING_SMALL);
    route(job, path == NULL ? "" : path);
}
