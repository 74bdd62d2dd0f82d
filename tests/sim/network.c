/* What becomes of the exchanges between a device and the server, and the syncs that they are of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world.h"
#include "wire/gzip.h"
#include "wire/request.h"

/* ---- Requests ---- */

void request_open(const tern_http_request *request, struct trn_bytes *body)
{
    struct trn_slice raw = trn_slice_make(request->body, request->body_size);
    tern_status status = request->body_coding != NULL
                             ? trn_gunzip(raw, (size_t)64 << 20, body, NULL)
                             : trn_bytes_append_slice(body, raw);

    CHECK(status == TERN_OK);
}

size_t request_entries(const tern_http_request *request)
{
    struct trn_request_reader reader;
    struct trn_bytes body = {0};
    size_t count;

    request_open(request, &body);
    CHECK(trn_request_open(&reader, trn_bytes_slice(&body), NULL) == TERN_OK);
    count = reader.envelope.tx_count;
    trn_request_close(&reader);
    trn_bytes_free(&body);
    return count;
}

bool request_holds(const tern_http_request *request, const char *text)
{
    struct trn_bytes body = {0};
    bool holds;

    request_open(request, &body);
    holds = strstr(trn_bytes_text(&body), text) != NULL;
    trn_bytes_free(&body);
    return holds;
}

/* ---- Exchanges ---- */

void device_expect(struct device *device, enum weather weather)
{
    CHECK(device->weather_count < sizeof device->weather / sizeof *device->weather);
    device->weather[device->weather_count++] = weather;
}

static enum weather next_weather(struct device *device)
{
    enum weather weather = FINE;

    if (device->weather_count > 0) {
        weather = device->weather[0];
        device->weather_count--;
        memmove(device->weather,
                device->weather + 1,
                device->weather_count * sizeof *device->weather);
    }
    return weather;
}

static void
ask_server(struct device *device, const tern_http_request *request, struct trn_sync_call *call)
{
    struct trn_bytes body = {0};

    request_open(request, &body);
    call->auth = (struct trn_auth){.user = device->user, .power = device->power};
    call->request = trn_bytes_slice(&body);
    world_handle(device->world, call);
    device->rows_received += call->rows;
    if (call->status == 503 && getenv("SIM_TRACE") != NULL) {
        world_tell("server", &call->cause);
    }
    if (getenv("SIM_TALK") != NULL) {
        (void)fprintf(stderr,
                      "%s >> %.*s",
                      device->path,
                      (int)call->request.size,
                      (const char *)call->request.data);
        (void)fprintf(stderr,
                      "%s << %.*s",
                      device->path,
                      (int)call->answer.size,
                      (const char *)call->answer.data);
    }
    trn_bytes_free(&body);
}

void device_overhear(struct device *device,
                     const tern_http_request *request,
                     struct trn_bytes *answer)
{
    struct trn_sync_call call = {0};

    ask_server(device, request, &call);
    CHECK_INT(call.status, 200);
    CHECK(trn_bytes_append_slice(answer, trn_bytes_slice(&call.answer)) == TERN_OK);
    trn_sync_call_free(&call);
}

static tern_status
hand_over(const struct trn_sync_call *call, bool cut, tern_http_answer *ret_answer)
{
    size_t size = cut ? call->answer.size / 2 : call->answer.size;
    void *body = malloc(size + 1);

    if (body == NULL) {
        return TERN_ERR_NOMEM;
    }
    memcpy(body, call->answer.data, size);
    *ret_answer = (tern_http_answer){
        .status = (int)call->status,
        .is_problem = call->status != 200,
        .retry_after_ms = call->retry_after_s > 0 ? (int64_t)call->retry_after_s * 1000 : -1,
        .body = body,
        .body_size = size};
    return TERN_OK;
}

static tern_status exchange(void *context,
                            const tern_http_request *request,
                            tern_http_answer *ret_answer,
                            tern_error *error)
{
    struct device *device = context;
    enum weather weather = next_weather(device);
    struct trn_sync_call call = {0};
    tern_status status = TERN_OK;

    (void)error;
    harness_fault_suspend();
    device->exchanges++;
    device->world->now_us += device->world->trip_us / 2;
    if (device->meddle != NULL && device->meddle(device, request, ret_answer)) {
        harness_fault_resume();
        return TERN_OK;
    }
    if (weather != REQUEST_LOST && weather != SERVER_AWAY) {
        ask_server(device, request, &call);
    }
    if (weather == REQUEST_TWICE) {
        trn_sync_call_free(&call);
        ask_server(device, request, &call);
    }
    device->world->now_us += device->world->trip_us / 2;
    if (weather == REQUEST_LOST || weather == ANSWER_LOST) {
        status = TERN_ERR_TIMEOUT;
    } else if (weather == SERVER_AWAY) {
        *ret_answer = (tern_http_answer){.status = 503, .retry_after_ms = 2000};
    } else {
        status = hand_over(&call, weather == ANSWER_CUT, ret_answer);
    }
    trn_sync_call_free(&call);
    harness_fault_resume();
    return status;
}

static bool wait_ms(void *context, int64_t ms)
{
    struct device *device = context;

    device->waited_ms += ms;
    device->world->now_us += ms * 1000;
    return true;
}

static void release(void *context, tern_http_answer *answer)
{
    (void)context;
    free(answer->body);
    answer->body = NULL;
}

/* ---- Answers that no server gave ---- */

void device_answer_problem(tern_http_answer *ret_answer, int status, const char *code)
{
    device_answer_detail(ret_answer, status, code, "d");
}

bool device_refuse_cursor(struct device *device,
                          const tern_http_request *request,
                          tern_http_answer *ret_answer)
{
    (void)device;
    (void)request;
    device_answer_problem(ret_answer, 400, "CURSOR");
    return true;
}

void device_answer_detail(tern_http_answer *ret_answer,
                          int status,
                          const char *code,
                          const char *detail)
{
    char text[2048];

    *ret_answer = (tern_http_answer){.status = status, .retry_after_ms = -1};
    if (code != NULL) {
        int size = snprintf(text,
                            sizeof text,
                            "{\"type\":\"about:blank\",\"title\":\"t\",\"status\":%d,\"code\":\"%"
                            "s\",\"detail\":\"%s\"}",
                            status,
                            code,
                            detail);

        ret_answer->is_problem = true;
        ret_answer->body = strdup(text);
        ret_answer->body_size = (size_t)size;
    }
}

/* ---- Syncs ---- */

static const char *give_token(void *context, bool refused)
{
    const struct device *device = context;

    return refused ? NULL : device->token;
}

static tern_status sync_once(struct device *device, tern_error *error)
{
    tern_http_port http = {device, exchange, release, wait_ms};

    return tern_sync_run(device->replica,
                         NULL,
                         &http,
                         give_token,
                         device,
                         INT64_C(3600000),
                         NULL,
                         error);
}

tern_status device_sync(struct device *device)
{
    device->heard = (tern_error){0};
    return sync_once(device, &device->heard);
}

void device_sync_well(struct device *device)
{
    tern_error error = {0};
    tern_status status = sync_once(device, &error);

    if (status != TERN_OK) {
        world_tell("sync", &error);
    }
    CHECK_INT(status, TERN_OK);
}

void device_sync_by_ones(struct device *device)
{
    const tern_sync_options options = {.size = sizeof options, .push_bytes = 1};
    tern_sync *sync = NULL;
    tern_sync_step step = {.action = TERN_SYNC_WORK};

    CHECK(tern_sync_open(device->replica, &options, &sync, NULL) == TERN_OK);
    while (step.action != TERN_SYNC_DONE) {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        if (step.action == TERN_SYNC_SEND) {
            device_carry(device, sync, step.request);
        }
    }
    CHECK_INT(step.result, TERN_OK);
    tern_sync_close(sync);
}

tern_sync *device_sync_open(struct device *device)
{
    tern_sync *sync = NULL;
    tern_error error = {0};

    if (tern_sync_open(device->replica, NULL, &sync, &error) != TERN_OK) {
        world_tell("sync", &error);
        CHECK(false);
    }
    return sync;
}

void device_carry(struct device *device, tern_sync *sync, const tern_http_request *request)
{
    tern_http_answer answer = {0};
    tern_status status = exchange(device, request, &answer, NULL);

    if (status == TERN_OK) {
        CHECK(tern_sync_answered(sync, &answer, NULL) == TERN_OK);
        release(device, &answer);
    } else {
        CHECK(tern_sync_failed(sync, status, NULL) == TERN_OK);
    }
}
