/* Posts requests by libcurl; gunzips no more of an answer than is asked for. */
#include "tests/bench/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, PREFIX_BYTES = 16384 };

struct bench_client {
    CURL *curl;
    struct curl_slist *plain_headers;
    struct curl_slist *gzip_headers;
    struct bench_text raw;
};

static size_t take(char *data, size_t size, size_t count, void *context)
{
    struct bench_client *client = context;

    bench_text_append(&client->raw, data, size * count);
    return size * count;
}

static struct curl_slist *make_headers(const char *token, bool gzip)
{
    struct curl_slist *headers = curl_slist_append(NULL, token);

    headers =
        curl_slist_append(headers, "Content-Type: application/vnd.tern.sync+ndjson; version=1");
    headers = curl_slist_append(headers, "Accept-Encoding: gzip");
    headers = curl_slist_append(headers, "Expect:");
    if (gzip) {
        headers = curl_slist_append(headers, "Content-Encoding: gzip");
    }
    bench_check(headers != NULL, "memory");
    return headers;
}

struct bench_client *
bench_client_open(const struct bench_ternd *server, const tern_id *user, enum bench_power power)
{
    struct bench_client *client = bench_alloc(1, sizeof(*client));
    char token[1200] = "Authorization: Bearer ";
    char url[128];

    client->curl = curl_easy_init();
    bench_check(client->curl != NULL, "libcurl");
    snprintf(url, sizeof(url), "%s/v1/sync", server->url);
    bench_ternd_token(user, power, token + strlen(token), 1024);
    client->plain_headers = make_headers(token, false);
    client->gzip_headers = make_headers(token, true);
    curl_easy_setopt(client->curl, CURLOPT_URL, url);
    curl_easy_setopt(client->curl, CURLOPT_CAINFO, server->ca);
    curl_easy_setopt(client->curl, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(client->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, client);
    return client;
}

void bench_client_close(struct bench_client *client)
{
    if (client != NULL) {
        curl_easy_cleanup(client->curl);
        curl_slist_free_all(client->plain_headers);
        curl_slist_free_all(client->gzip_headers);
        bench_text_free(&client->raw);
        free(client);
    }
}

static bool is_gzip(const struct bench_text *text)
{
    return text->size > 2 && memcmp(text->data, "\x1f\x8b", 2) == 0;
}

void bench_text_gzip(struct bench_text *body)
{
    z_stream stream = {0};
    const size_t room = body->size + 128;
    char *packed = bench_alloc(room, 1);

    bench_check(deflateInit2(&stream, 6, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) == Z_OK,
                "zlib");
    stream.next_in = (Bytef *)body->data;
    stream.avail_in = (uInt)body->size;
    stream.next_out = (Bytef *)packed;
    stream.avail_out = (uInt)room;
    bench_check(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib");
    free(body->data);
    *body = (struct bench_text){packed, room - stream.avail_out, room};
    deflateEnd(&stream);
}

/* The first `room` bytes behind the gzip, 0 for all. */
static void unpack(const struct bench_text *raw, size_t room, struct bench_text *answer)
{
    z_stream stream = {0};
    char part[PREFIX_BYTES];
    int code = Z_OK;

    bench_check(inflateInit2(&stream, GZIP_WINDOW) == Z_OK, "zlib");
    stream.next_in = (Bytef *)raw->data;
    stream.avail_in = (uInt)raw->size;
    while (code == Z_OK && (room == 0 || answer->size < room)) {
        stream.next_out = (Bytef *)part;
        stream.avail_out = sizeof(part);
        code = inflate(&stream, Z_NO_FLUSH);
        bench_text_append(answer, part, sizeof(part) - stream.avail_out);
    }
    bench_check(code == Z_OK || code == Z_STREAM_END, "an answer's gzip");
    inflateEnd(&stream);
}

/* Verdicts stand at the head of the answer. */
static void check_verdicts(const struct bench_text *answer)
{
    char head[PREFIX_BYTES];
    const size_t size = answer->size < sizeof(head) ? answer->size : sizeof(head) - 1;

    memcpy(head, answer->data, size);
    head[size] = 0;
    bench_check(strstr(head, ",\"rejected\",") == NULL && strstr(head, ",\"retry\"]") == NULL,
                head);
}

void bench_client_post(struct bench_client *client,
                       const struct bench_text *body,
                       size_t room,
                       struct bench_text *answer)
{
    long status = 0;
    CURLcode code;

    answer->size = 0;
    client->raw.size = 0;
    curl_easy_setopt(client->curl,
                     CURLOPT_HTTPHEADER,
                     is_gzip(body) ? client->gzip_headers : client->plain_headers);
    curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body->data);
    curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->size);
    code = curl_easy_perform(client->curl);
    bench_check(code == CURLE_OK, curl_easy_strerror(code));
    if (is_gzip(&client->raw)) {
        unpack(&client->raw, room, answer);
    } else {
        bench_text_append(answer, client->raw.data, client->raw.size);
    }
    bench_text_append(answer, "", 1);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    bench_check(status == 200, answer->data);
    check_verdicts(answer);
}

/* The text between `"cursor":"` and the next quote. */
static void read_cursor(const char *answer, struct bench_text *cursor)
{
    static const char label[] = "\"cursor\":\"";
    const char *begin = strstr(answer, label);
    const char *end = begin == NULL ? NULL : strchr(begin + sizeof(label) - 1, '"');

    bench_check(end != NULL, "an answer without a cursor");
    begin += sizeof(label) - 1;
    cursor->size = 0;
    bench_text_append(cursor, begin, (size_t)(end - begin));
    bench_text_append(cursor, "", 1);
}

size_t bench_client_pull(struct bench_client *client, struct bench_device *device, size_t page_rows)
{
    static const struct bench_text nothing;
    struct bench_text cursor = {0};
    struct bench_text body = {0};
    struct bench_text answer = {0};
    size_t pages = 0;
    bool more = true;

    while (more) {
        bench_wire_request(&body, device, &nothing, 0, page_rows, pages == 0 ? NULL : cursor.data);
        bench_client_post(client, &body, PREFIX_BYTES, &answer);
        read_cursor(answer.data, &cursor);
        more = strstr(answer.data, "\"more\":true") != NULL;
        pages++;
    }
    bench_text_free(&cursor);
    bench_text_free(&body);
    bench_text_free(&answer);
    return pages;
}
