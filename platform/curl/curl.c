/* The client of one server: what holds for every exchange is set here, once, on a handle that is
 * kept. */
#include "tern/curl.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/memory.h"
#include "platform/curl/internal.h"

enum { CONNECT_TIMEOUT_DEFAULT_MS = 10000, RECEIVE_BYTES = 128 * 1024, PIN_HASH_BYTES = 32 };

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static CURLcode library_state;

static void start_library(void)
{
    library_state = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return has;
}

/* Copies a part of the URL; `trailing` is a character to drop at its end. */
static tern_status
copy_part(CURLU *url, CURLUPart part, char trailing, struct trn_bytes *bytes, tern_error *error)
{
    char *text = NULL;
    size_t size;
    tern_status status;

    if (curl_url_get(url, part, &text, 0) != CURLUE_OK) {
        return trn_fail_nomem(error);
    }
    size = strlen(text);
    while (size > 0 && text[size - 1] == trailing) {
        size--;
    }
    status = trn_bytes_append(bytes, text, size);
    curl_free(text);
    return status == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

static tern_status check_url(CURLU *url, tern_error *error)
{
    char *scheme = NULL;
    bool is_https;

    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) {
        return trn_fail_nomem(error);
    }
    is_https = strcmp(scheme, "https") == 0;
    curl_free(scheme);
    if (!is_https) {
        return trn_fail(error, TERN_ERR_TLS, "the server's URL must begin with https://");
    }
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD) ||
        has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT)) {
        return trn_fail(error,
                        TERN_ERR_MISUSE,
                        "the server's URL may not hold a user, a query or a fragment");
    }
    return TERN_OK;
}

static tern_status take_url(struct tern_curl *curl, const char *text, tern_error *error)
{
    CURLU *url = curl_url();
    tern_status status;
    CURLUcode code;

    if (url == NULL) {
        return trn_fail_nomem(error);
    }
    code = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_OUT_OF_MEMORY) {
        status = trn_fail_nomem(error);
        goto out;
    }
    if (code != CURLUE_OK) {
        status = trn_fail(error, TERN_ERR_MISUSE, "the server's URL is malformed");
        goto out;
    }
    status = check_url(url, error);
    if (status == TERN_OK) {
        status = copy_part(url, CURLUPART_URL, '/', &curl->base, error);
    }
    if (status == TERN_OK) {
        status = copy_part(url, CURLUPART_HOST, '\0', &curl->host, error);
    }
out:
    curl_url_cleanup(url);
    return status;
}

/* Appends one pin as libcurl writes them. */
static tern_status add_pin(struct trn_bytes *pins, const char *pin, tern_error *error)
{
    uint8_t hash[PIN_HASH_BYTES];
    struct trn_slice text = trn_slice_text(pin);

    if (pin == NULL) {
        return TERN_OK;
    }
    while (text.size > 0 && text.data[text.size - 1] == '=') {
        text.size--;
    }
    if (text.size != trn_base64_encoded_size(sizeof(hash)) || !trn_base64_decode(text, hash)) {
        return trn_fail(error, TERN_ERR_MISUSE, "a pin is not the base64 of a SHA-256");
    }
    if (trn_bytes_append_text(pins, pins->size > 0 ? ";sha256//" : "sha256//") != TERN_OK ||
        trn_bytes_append_slice(pins, text) != TERN_OK ||
        trn_bytes_append_text(pins, "=") != TERN_OK) {
        return trn_fail_nomem(error);
    }
    return TERN_OK;
}

static CURLcode set_trust(CURL *easy, const tern_curl_options *options, const char *pins)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);

    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    code = code != CURLE_OK
               ? code
               : curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (code == CURLE_OK && options->ca_file != NULL) {
        code = curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file);
    }
    /* Without the folder, libcurl keeps the parsed authorities from connection to connection; and
     * a CA file means its authorities and no others. */
    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    if (code == CURLE_OK && pins[0] != '\0') {
        code = curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, pins);
    }
    return code;
}

static CURLcode set_transport(struct tern_curl *curl, const tern_curl_options *options)
{
    CURL *easy = curl->easy;
    long connect_ms = options->connect_timeout_ms > 0 && options->connect_timeout_ms < INT32_MAX
                          ? (long)options->connect_timeout_ms
                          : CONNECT_TIMEOUT_DEFAULT_MS;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");

    code = code != CURLE_OK
               ? code
               : curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_USERAGENT, "tern");
    code =
        code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, curl->detail);
    code = code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    /* Set to the empty text, the environment's proxies are not asked. */
    if (code == CURLE_OK && !options->environment_proxy) {
        code = curl_easy_setopt(easy, CURLOPT_PROXY, "");
    }
    return code;
}

static tern_status
prepare(struct tern_curl *curl, const tern_curl_options *options, tern_error *error)
{
    struct trn_bytes pins = {0};
    tern_status status = take_url(curl, options->url, error);
    CURLcode code;

    if (status != TERN_OK) {
        goto out;
    }
    if (options->ca_file != NULL && access(options->ca_file, R_OK) != 0) {
        status = trn_fail(error, TERN_ERR_IO, "the CA file cannot be read");
        goto out;
    }
    status = add_pin(&pins, options->pin, error);
    if (status == TERN_OK) {
        status = add_pin(&pins, options->backup_pin, error);
    }
    if (status != TERN_OK) {
        goto out;
    }
    code = set_trust(curl->easy, options, trn_bytes_text(&pins));
    code = code != CURLE_OK ? code : set_transport(curl, options);
    if (code != CURLE_OK) {
        status = trn_curl_fail(curl, code, error);
    }
out:
    trn_bytes_free(&pins);
    return status;
}

tern_status
tern_curl_open(const tern_curl_options *options, tern_curl **ret_curl, tern_error *error)
{
    struct tern_curl *curl;
    tern_status status;

    trn_error_clear(error);
    if (options == NULL || options->size != sizeof(*options) || options->url == NULL ||
        ret_curl == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "options, with a URL, and a place for the client");
    }
    (void)pthread_once(&library_once, start_library);
    if (library_state != CURLE_OK) {
        return trn_fail(error, TERN_ERR_INTERNAL, "libcurl cannot be started");
    }
    curl = trn_calloc(1, sizeof(*curl));
    if (curl == NULL) {
        return trn_fail_nomem(error);
    }
    atomic_init(&curl->cancelled, false);
    curl->easy = curl_easy_init();
    status = curl->easy != NULL ? prepare(curl, options, error) : trn_fail_nomem(error);
    if (status != TERN_OK) {
        tern_curl_close(curl);
        return status;
    }
    *ret_curl = curl;
    return TERN_OK;
}

void tern_curl_port(tern_curl *curl, tern_http_port *ret_port)
{
    *ret_port = (tern_http_port){
        .context = curl,
        .exchange = trn_curl_exchange,
        .release = trn_curl_release,
    };
}

void tern_curl_cancel(tern_curl *curl)
{
    if (curl != NULL) {
        atomic_store(&curl->cancelled, true);
    }
}

void tern_curl_resume(tern_curl *curl)
{
    if (curl != NULL) {
        atomic_store(&curl->cancelled, false);
    }
}

void tern_curl_close(tern_curl *curl)
{
    if (curl == NULL) {
        return;
    }
    curl_easy_cleanup(curl->easy); /* NULL is accepted */
    trn_bytes_free(&curl->base);
    trn_bytes_free(&curl->host);
    trn_free(curl);
}
