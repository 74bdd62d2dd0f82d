/* One POST and its answer. The body is handed over as it travelled: what unpacks it has the limits
 * for that, and libcurl has none. */
#include "platform/curl/internal.h"

#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/memory.h"

enum { TIMEOUT_DEFAULT_MS = 60000, RETRY_AFTER_MAX_S = 7 * 24 * 3600 };

/* What the callbacks of one transfer gather. */
struct transfer {
    struct tern_curl *curl;
    struct trn_bytes body;
    size_t limit;
    const char *accept_codings;
    tern_status status; /* why the body was refused */
};

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t bytes = size * count;

    if (bytes > transfer->limit - transfer->body.size) {
        transfer->status = TERN_ERR_TOO_LARGE;
        return 0;
    }
    transfer->status = trn_bytes_append(&transfer->body, data, bytes);
    return transfer->status == TERN_OK ? bytes : 0;
}

static int watch(void *context,
                 curl_off_t download_total,
                 curl_off_t downloaded,
                 curl_off_t upload_total,
                 curl_off_t uploaded)
{
    const struct transfer *transfer = context;

    (void)download_total;
    (void)downloaded;
    (void)upload_total;
    (void)uploaded;
    return atomic_load(&transfer->curl->cancelled) ? 1 : 0;
}

/* Whether the text can stand in a header or a URL: visible ASCII only, so that nothing can add a
 * line of its own. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

static tern_status check_request(const tern_http_request *request, tern_error *error)
{
    if (request->path == NULL || request->path[0] != '/' || !is_plain(request->path)) {
        return trn_fail(error, TERN_ERR_MISUSE, "the request's path is malformed");
    }
    if (request->token != NULL && !is_plain(request->token)) {
        return trn_fail(error, TERN_ERR_MISUSE, "the token holds a character that no token has");
    }
    if (request->body_size != 0 && request->body == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "the request's body is missing");
    }
    return TERN_OK;
}

static bool add_header(struct curl_slist **headers, const char *name, const char *value)
{
    struct trn_bytes line = {0};
    struct curl_slist *longer = NULL;

    if (trn_bytes_append_format(&line, "%s: %s", name, value) == TERN_OK) {
        longer = curl_slist_append(*headers, trn_bytes_text(&line));
    }
    if (line.data != NULL) {
        memset(line.data, 0, line.size); /* it may hold the token */
    }
    trn_bytes_free(&line);
    if (longer == NULL) {
        return false;
    }
    *headers = longer;
    return true;
}

static bool make_headers(const tern_http_request *request, struct curl_slist **ret_headers)
{
    struct curl_slist *headers = NULL;
    struct trn_bytes bearer = {0};
    const char *type = request->content_type;
    bool made;

    /* "Expect:" alone keeps libcurl from waiting a second for a 100 before each long body. */
    made = add_header(&headers, "Content-Type", type != NULL ? type : "application/octet-stream") &&
           add_header(&headers,
                      "Accept-Encoding",
                      request->accept_codings != NULL ? request->accept_codings : "gzip") &&
           add_header(&headers, "Expect", "");
    if (made && request->body_coding != NULL) {
        made = add_header(&headers, "Content-Encoding", request->body_coding);
    }
    if (made && request->token != NULL) {
        made = trn_bytes_append_format(&bearer, "Bearer %s", request->token) == TERN_OK &&
               add_header(&headers, "Authorization", trn_bytes_text(&bearer));
    }
    if (bearer.data != NULL) {
        memset(bearer.data, 0, bearer.size);
    }
    trn_bytes_free(&bearer);
    if (!made) {
        curl_slist_free_all(headers);
        return false;
    }
    *ret_headers = headers;
    return true;
}

static CURLcode set_request(CURL *easy,
                            const tern_http_request *request,
                            const char *url,
                            struct curl_slist *headers,
                            struct transfer *transfer)
{
    long timeout_ms = request->timeout_ms > 0 && request->timeout_ms < INT32_MAX
                          ? (long)request->timeout_ms
                          : TIMEOUT_DEFAULT_MS;
    const void *body = request->body != NULL ? request->body : "";
    CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, url);

    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_POST, 1L);
    code =
        code != CURLE_OK
            ? code
            : curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, watch);
    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_XFERINFODATA, transfer);
    /* A length announced beyond the limit is refused before the first byte of the body. */
    return code != CURLE_OK
               ? code
               : curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->limit);
}

/* The handle outlives the exchange; nothing of the exchange may stay in it. */
static void forget_request(CURL *easy)
{
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, NULL);
    (void)curl_easy_setopt(easy, CURLOPT_XFERINFODATA, NULL);
}

static const char *header_value(CURL *easy, const char *name)
{
    struct curl_header *header = NULL;

    return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value
                                                                                   : NULL;
}

static bool is_problem(CURL *easy)
{
    static const char type[] = "application/problem+json";
    const char *value = header_value(easy, "Content-Type");

    return value != NULL && strncasecmp(value, type, sizeof(type) - 1) == 0 &&
           (value[sizeof(type) - 1] == '\0' || strchr("; \t", value[sizeof(type) - 1]) != NULL);
}

static int64_t retry_after_ms(CURL *easy)
{
    curl_off_t seconds = 0;

    if (header_value(easy, "Retry-After") == NULL ||
        curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds < 0) {
        return -1;
    }
    return (int64_t)(seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S) * 1000;
}

/* Whether the list of codings (NULL: gzip) names this one. */
static bool was_asked_for(const char *codings, const char *coding)
{
    size_t size = strlen(coding);

    if (strcasecmp(coding, "x-gzip") == 0) {
        return true;
    }
    for (const char *at = codings != NULL ? codings : "gzip"; at != NULL; at = strchr(at, ',')) {
        at += strspn(at, ", ");
        if (strncasecmp(at, coding, size) == 0 && strcspn(at, ", ;") == size) {
            return true;
        }
    }
    return false;
}

static tern_status read_answer(struct tern_curl *curl,
                               struct transfer *transfer,
                               tern_http_answer *ret_answer,
                               tern_error *error)
{
    const char *coding = header_value(curl->easy, "Content-Encoding");
    bool is_coded = coding != NULL && was_asked_for(transfer->accept_codings, coding);
    struct trn_bytes body;
    long status = 0;

    if (coding != NULL && !is_coded && strcasecmp(coding, "identity") != 0) {
        return trn_fail(error,
                        TERN_ERR_HTTP,
                        "the answer of %s is in a coding that was not asked for",
                        trn_bytes_text(&curl->host));
    }
    (void)curl_easy_getinfo(curl->easy, CURLINFO_RESPONSE_CODE, &status);
    body = trn_bytes_move(&transfer->body);
    *ret_answer = (tern_http_answer){.status = (int)status,
                                     .body_is_coded = is_coded,
                                     .is_problem = is_problem(curl->easy),
                                     .retry_after_ms = retry_after_ms(curl->easy),
                                     .body = body.data,
                                     .body_size = body.size};
    return TERN_OK;
}

static tern_status perform(struct tern_curl *curl, struct transfer *transfer, tern_error *error)
{
    CURLcode code;

    curl->detail[0] = '\0';
    code = curl_easy_perform(curl->easy);
    if (code == CURLE_OK) {
        return TERN_OK;
    }
    if (code == CURLE_WRITE_ERROR && transfer->status != TERN_OK) {
        code = transfer->status == TERN_ERR_NOMEM ? CURLE_OUT_OF_MEMORY : CURLE_FILESIZE_EXCEEDED;
    }
    return trn_curl_fail(curl, code, error);
}

tern_status trn_curl_exchange(void *context,
                              const tern_http_request *request,
                              tern_http_answer *ret_answer,
                              tern_error *error)
{
    struct tern_curl *curl = context;
    struct curl_slist *headers = NULL;
    struct trn_bytes url = {0};
    struct transfer transfer = {.curl = curl};
    tern_status status;
    CURLcode code;

    TRN_ASSERT(curl != NULL && request != NULL && ret_answer != NULL);

    trn_error_clear(error);
    transfer.accept_codings = request->accept_codings;
    if (atomic_load(&curl->cancelled)) {
        return trn_curl_fail(curl, CURLE_ABORTED_BY_CALLBACK, error);
    }
    status = check_request(request, error);
    if (status != TERN_OK) {
        return status;
    }
    transfer.limit = request->answer_limit_bytes != 0 ? request->answer_limit_bytes : SIZE_MAX / 4;
    if (trn_bytes_append_format(&url, "%s%s", trn_bytes_text(&curl->base), request->path) !=
            TERN_OK ||
        !make_headers(request, &headers)) {
        status = trn_fail_nomem(error);
        goto out;
    }
    code = set_request(curl->easy, request, trn_bytes_text(&url), headers, &transfer);
    if (code != CURLE_OK) {
        status = trn_curl_fail(curl, code, error);
        goto out;
    }
    status = perform(curl, &transfer, error);
    if (status == TERN_OK) {
        status = read_answer(curl, &transfer, ret_answer, error);
    }
out:
    forget_request(curl->easy);
    curl_slist_free_all(headers);
    trn_bytes_free(&url);
    trn_bytes_free(&transfer.body); /* empty once moved */
    return status;
}

void trn_curl_release(void *context, tern_http_answer *answer)
{
    (void)context;
    if (answer == NULL) {
        return;
    }
    trn_free(answer->body);
    answer->body = NULL;
    answer->body_size = 0;
}
