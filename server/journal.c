/* Lines are made by jansson, so nothing in them can break out of them. */
#include "server/journal.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>

static enum trn_log_level threshold = TRN_LOG_REQUESTS;

void trn_journal_set_level(enum trn_log_level level)
{
    threshold = level;
}

static json_t *line_of(const char *level, const char *event)
{
    struct timespec now = {0};
    struct tm utc;
    char text[40];
    json_t *line = json_object();

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &utc) == NULL ||
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
        text[0] = '\0';
    }
    (void)json_object_set_new(line, "time", json_string(text));
    (void)json_object_set_new(line, "level", json_string(level));
    (void)json_object_set_new(line, "event", json_string(event));
    return line;
}

static void put(json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT);

    if (text != NULL) {
        (void)fprintf(stderr, "%s\n", text);
    }
    free(text);
    json_decref(line);
}

void trn_journal_note(enum trn_log_level level,
                      const char *event,
                      const char *text_name,
                      const char *text,
                      const char *number_name,
                      int64_t number)
{
    json_t *line;

    if (level > threshold) {
        return;
    }
    line = line_of(level == TRN_LOG_ERROR ? "error" : "info", event);
    if (text_name != NULL) {
        (void)json_object_set_new(line, text_name, json_string(text));
    }
    if (number_name != NULL) {
        (void)json_object_set_new(line, number_name, json_integer(number));
    }
    put(line);
}

static void set_count(json_t *line, const char *name, size_t count)
{
    if (count > 0) {
        (void)json_object_set_new(line, name, json_integer((json_int_t)count));
    }
}

void trn_journal_request(const struct trn_journal_request *request)
{
    json_t *line;

    if (threshold < TRN_LOG_REQUESTS && request->cause[0] == '\0') {
        return;
    }
    line = line_of(request->cause[0] == '\0' ? "info" : "error", "request");
    (void)json_object_set_new(line, "method", json_string(request->method));
    (void)json_object_set_new(line, "path", json_string(request->path));
    (void)json_object_set_new(line, "status", json_integer(request->status));
    if (request->code != NULL) {
        (void)json_object_set_new(line, "code", json_string(request->code));
    }
    if (request->cause[0] != '\0') {
        (void)json_object_set_new(line, "cause", json_string(request->cause));
    }
    (void)json_object_set_new(line, "us", json_integer(request->duration_us));
    set_count(line, "bytes_in", request->bytes_in);
    set_count(line, "bytes_out", request->bytes_out);
    set_count(line, "applied", request->applied);
    set_count(line, "rejected", request->rejected);
    set_count(line, "rows", request->rows);
    put(line);
}
