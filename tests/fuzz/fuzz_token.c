/* Tokens: the first byte says whether what follows is a header of a request, or, as a line of
 * header and then claims, what somebody who has the key signed. A token that is taken was signed by
 * the algorithm that the server is set to, and its claims say what they must. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/base64.h"
#include "base/digest.h"
#include "base/uuid.h"
#include "server/auth.h"

#define SECRET "a secret of the fuzzers, long enough"

enum { NOW_S = 1800000000 };

static struct trn_tokens *tokens;

static void close_tokens(void)
{
    trn_tokens_close(tokens);
}

static void open_tokens(void)
{
    const struct trn_auth_settings settings = {.algorithm = "HS256",
                                               .key = trn_slice_text(SECRET),
                                               .audience = "tern"};

    fuzz_expect(trn_tokens_open(&settings, &tokens, NULL) == TERN_OK, "the settings are good");
    (void)atexit(close_tokens);
}

/* In the alphabet of RFC 4648 section 5. */
static void append_encoded(struct trn_bytes *bytes, struct trn_slice part)
{
    size_t size = trn_base64_encoded_size(part.size);

    fuzz_expect(trn_bytes_reserve(bytes, size) == TERN_OK, "there is memory");
    trn_base64_encode(part.data, part.size, (char *)bytes->data + bytes->size);
    for (size_t i = bytes->size; i < bytes->size + size; i++) {
        bytes->data[i] = bytes->data[i] == '+' ? '-' : bytes->data[i] == '/' ? '_' : bytes->data[i];
    }
    bytes->size += size;
    bytes->data[bytes->size] = '\0';
}

static void sign(struct trn_slice header, struct trn_slice claims, struct trn_bytes *token)
{
    uint8_t mac[TRN_SHA256_BYTES];
    struct trn_slice text;

    append_encoded(token, header);
    fuzz_expect(trn_bytes_append_text(token, ".") == TERN_OK, "there is memory");
    append_encoded(token, claims);
    text = trn_bytes_slice(token);
    fuzz_expect(trn_hmac_sha256(trn_slice_text(SECRET), &text, 1, mac) == TERN_OK &&
                    trn_bytes_append_text(token, ".") == TERN_OK,
                "a token can be signed");
    append_encoded(token, trn_slice_make(mac, sizeof(mac)));
}

static bool check(const char *header, struct trn_bearer *ret_bearer)
{
    tern_status status = trn_tokens_check(tokens, header, NOW_S, ret_bearer, NULL);

    fuzz_expect(status == TERN_OK || status == TERN_ERR_UNAUTHORIZED, "a token is good or not");
    return status == TERN_OK;
}

static bool names_audience(const json_t *audience)
{
    size_t index;
    const json_t *one;

    if (json_is_string(audience)) {
        return strcmp(json_string_value(audience), "tern") == 0;
    }
    json_array_foreach(audience, index, one)
    {
        if (json_is_string(one) && strcmp(json_string_value(one), "tern") == 0) {
            return true;
        }
    }
    return false;
}

static void check_claims(struct trn_slice header, struct trn_slice claims, const tern_id *user)
{
    json_t *said = json_loadb((const char *)claims.data, claims.size, 0, NULL);
    json_t *how = json_loadb((const char *)header.data, header.size, 0, NULL);
    const char *algorithm = json_string_value(json_object_get(how, "alg"));
    const char *subject = json_string_value(json_object_get(said, "sub"));
    tern_id id;

    fuzz_expect(algorithm != NULL && strcmp(algorithm, "HS256") == 0, "its algorithm is ours");
    fuzz_expect(json_number_value(json_object_get(said, "exp")) > NOW_S - TRN_TOKEN_LEEWAY_S,
                "it has not run out");
    fuzz_expect(names_audience(json_object_get(said, "aud")), "it is meant for us");
    fuzz_expect(subject != NULL && trn_id_parse(trn_slice_text(subject), &id) &&
                    memcmp(&id, user, sizeof(id)) == 0,
                "it names its user");
    json_decref(how);
    json_decref(said);
}

/* The library takes a part of a token for a C string. */
static struct trn_slice until_zero(struct trn_slice text)
{
    const uint8_t *end = text.size == 0 ? NULL : memchr(text.data, '\0', text.size);

    return end == NULL ? text : trn_slice_make(text.data, (size_t)(end - text.data));
}

static void fuzz_signed(struct trn_slice text)
{
    const uint8_t *end = text.size == 0 ? NULL : memchr(text.data, '\n', text.size);
    struct trn_bytes token = {0};
    struct trn_bearer bearer;
    struct trn_slice header;
    struct trn_slice claims;

    if (end == NULL) {
        return;
    }
    header = trn_slice_make(text.data, (size_t)(end - text.data));
    claims = trn_slice_make(end + 1, text.size - header.size - 1);
    fuzz_expect(trn_bytes_append_text(&token, "Bearer ") == TERN_OK, "there is memory");
    {
        struct trn_bytes made = {0};

        sign(header, claims, &made);
        fuzz_expect(trn_bytes_append_slice(&token, trn_bytes_slice(&made)) == TERN_OK,
                    "there is memory");
        trn_bytes_free(&made);
    }
    if (check(trn_bytes_text(&token), &bearer)) {
        check_claims(until_zero(header), until_zero(claims), &bearer.auth.user);
    }
    trn_bytes_free(&token);
}

static void fuzz_header(struct trn_slice text)
{
    struct trn_bytes header = {0};
    struct trn_bearer bearer;

    fuzz_expect(trn_bytes_append_slice(&header, text) == TERN_OK, "there is memory");
    (void)check(trn_bytes_text(&header), &bearer);
    trn_bytes_free(&header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (tokens == NULL) {
        open_tokens();
    }
    if (size != 0) {
        (data[0] == 's' ? fuzz_signed : fuzz_header)(trn_slice_make(data + 1, size - 1));
    }
    return 0;
}
