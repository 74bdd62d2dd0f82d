/* Tokens by libjwt, whose decoding follows a token's own header; so the header is read and compared
 * with the one algorithm first, and again on what was verified. What the token claims is read here.
 */
#include "server/auth.h"

#include <jansson.h>
#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/uuid.h"

struct trn_tokens {
    jwt_alg_t algorithm;
    struct trn_bytes key;
    char *audience;
};

/* ---- Keys ---- */

/* The kind of public key that the PEM holds; EVP_PKEY_NONE for none. */
static int kind_of_key(struct trn_slice pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    int kind = key == NULL ? EVP_PKEY_NONE : EVP_PKEY_base_id(key);

    EVP_PKEY_free(key);
    BIO_free(bio);
    return kind;
}

static tern_status check_key(jwt_alg_t algorithm, struct trn_slice key, tern_error *error)
{
    int kind = algorithm == JWT_ALG_HS256   ? EVP_PKEY_NONE
               : algorithm == JWT_ALG_RS256 ? EVP_PKEY_RSA
                                            : EVP_PKEY_EC;

    if (algorithm == JWT_ALG_HS256 && key.size < TRN_HS256_KEY_BYTES_MIN) {
        return trn_fail(error,
                        TERN_ERR_MISUSE,
                        "token key: a secret has at least %d bytes",
                        TRN_HS256_KEY_BYTES_MIN);
    }
    if (kind_of_key(key) != kind) {
        return trn_fail(error,
                        TERN_ERR_MISUSE,
                        "token key: not one of the kind that the algorithm takes");
    }
    return TERN_OK;
}

static bool find_algorithm(const char *name, jwt_alg_t *ret_algorithm)
{
    static const jwt_alg_t known[] = {JWT_ALG_HS256, JWT_ALG_RS256, JWT_ALG_ES256};

    for (size_t index = 0; name != NULL && index < sizeof(known) / sizeof(known[0]); index++) {
        if (strcmp(name, jwt_alg_str(known[index])) == 0) {
            *ret_algorithm = known[index];
            return true;
        }
    }
    return false;
}

tern_status trn_tokens_open(const struct trn_auth_settings *settings,
                            struct trn_tokens **ret_tokens,
                            tern_error *error)
{
    struct trn_tokens *tokens;
    jwt_alg_t algorithm;
    tern_status status;

    if (!find_algorithm(settings->algorithm, &algorithm)) {
        return trn_fail(error,
                        TERN_ERR_MISUSE,
                        "token algorithm: one of HS256, RS256 and ES256 is wanted");
    }
    if (settings->audience == NULL || settings->audience[0] == '\0') {
        return trn_fail(error, TERN_ERR_MISUSE, "token audience: none was given");
    }
    status = check_key(algorithm, settings->key, error);
    if (status != TERN_OK) {
        return status;
    }
    tokens = trn_calloc(1, sizeof(*tokens));
    if (tokens == NULL) {
        return trn_fail_nomem(error);
    }
    tokens->algorithm = algorithm;
    tokens->audience = trn_text_copy(trn_slice_text(settings->audience));
    if (tokens->audience == NULL ||
        trn_bytes_append_slice(&tokens->key, settings->key) != TERN_OK) {
        trn_tokens_close(tokens);
        return trn_fail_nomem(error);
    }
    *ret_tokens = tokens;
    return TERN_OK;
}

void trn_tokens_close(struct trn_tokens *tokens)
{
    if (tokens == NULL) {
        return;
    }
    trn_bytes_free(&tokens->key);
    trn_free(tokens->audience);
    trn_free(tokens);
}

/* ---- Tokens ---- */

static tern_status refuse(tern_error *error, const char *why)
{
    return trn_fail(error, TERN_ERR_UNAUTHORIZED, "token: %s", why);
}

/* Behind "Bearer ", or NULL. */
static const char *token_of(const char *header)
{
    static const char scheme[] = "Bearer ";

    if (header == NULL || strncasecmp(header, scheme, sizeof(scheme) - 1) != 0) {
        return NULL;
    }
    return header + sizeof(scheme) - 1;
}

static bool names_algorithm(const struct trn_tokens *tokens, const char *token)
{
    jwt_t *jwt = NULL;
    const char *name;
    bool names = false;

    if (jwt_decode(&jwt, token, NULL, 0) == 0) {
        name = jwt_get_header(jwt, "alg");
        names = name != NULL && strcmp(name, jwt_alg_str(tokens->algorithm)) == 0;
    }
    jwt_free(jwt);
    return names;
}

/* The claims of a token whose signature holds. libjwt has read them, too, but where memory runs out
 * it takes what is there for missing, or for something else. */
static tern_status read_payload(const char *token, json_t **ret_claims, tern_error *error)
{
    const char *begin = strchr(token, '.') + 1;
    struct trn_slice text = trn_slice_make(begin, strcspn(begin, "."));
    struct trn_bytes digits = {0};
    struct trn_bytes payload = {0};
    json_error_t reason;
    tern_status status = trn_bytes_append_slice(&digits, text);

    if (status == TERN_OK) {
        status = trn_bytes_reserve(&payload, trn_base64_decoded_size(text.size));
    }
    for (size_t i = 0; i < digits.size; i++) { /* RFC 4648 section 5 spells two of them so */
        uint8_t digit = digits.data[i];

        digits.data[i] = digit == '-' ? '+' : digit == '_' ? '/' : digit;
    }
    if (status == TERN_OK) {
        status =
            trn_base64_decode(trn_bytes_slice(&digits), payload.data) ? TERN_OK : TERN_ERR_FORMAT;
        payload.size = trn_base64_decoded_size(text.size);
    }
    if (status == TERN_OK) {
        status = trn_json_load(trn_bytes_slice(&payload), 0, ret_claims, &reason);
    }
    trn_bytes_free(&digits);
    trn_bytes_free(&payload);
    if (status == TERN_ERR_FORMAT) {
        return refuse(error, "its claims cannot be read");
    }
    return status == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

/* `aud` is one text or a list of them. */
static bool is_for(const struct trn_tokens *tokens, const json_t *audience)
{
    const char *one = json_string_value(audience);
    bool found = one != NULL && strcmp(one, tokens->audience) == 0;

    for (size_t index = 0; index < json_array_size(audience) && !found; index++) {
        const char *item = json_string_value(json_array_get(audience, index));

        found = item != NULL && strcmp(item, tokens->audience) == 0;
    }
    return found;
}

/* `nbf` may be left out, and may have a fraction; what is no number never comes. */
static bool has_begun(const json_t *begins, int64_t now_s)
{
    return begins == NULL || (json_is_number(begins) &&
                              json_number_value(begins) <= (double)(now_s + TRN_TOKEN_LEEWAY_S));
}

static void read_role(const char *claim, struct trn_bearer *ret_bearer)
{
    if (claim == NULL || strlen(claim) >= sizeof(ret_bearer->role)) {
        return;
    }
    if (strcmp(claim, "operator") == 0) {
        ret_bearer->auth.power = TRN_POWER_OPERATOR;
    } else if (strcmp(claim, "service") == 0) {
        ret_bearer->auth.power = TRN_POWER_SERVICE;
    } else {
        memcpy(ret_bearer->role, claim, strlen(claim) + 1);
        ret_bearer->auth.role = ret_bearer->role;
    }
}

static tern_status read_claims(const struct trn_tokens *tokens,
                               const json_t *claims,
                               int64_t now_s,
                               struct trn_bearer *ret_bearer,
                               tern_error *error)
{
    const char *subject = json_string_value(json_object_get(claims, "sub"));
    const json_t *expires = json_object_get(claims, "exp");
    tern_id user;

    if (!is_for(tokens, json_object_get(claims, "aud"))) {
        return refuse(error, "it is for another audience");
    }
    if (!json_is_integer(expires)) {
        return refuse(error, "it never expires");
    }
    if (json_integer_value(expires) <= now_s) {
        return refuse(error, "it has expired");
    }
    if (!has_begun(json_object_get(claims, "nbf"), now_s)) {
        return refuse(error, "it is not valid yet");
    }
    if (subject == NULL || !trn_id_parse(trn_slice_text(subject), &user) || trn_id_is_nil(&user)) {
        return refuse(error, "its subject is no user id");
    }
    memset(ret_bearer, 0, sizeof(*ret_bearer));
    ret_bearer->auth.user = user;
    read_role(json_string_value(json_object_get(claims, "role")), ret_bearer);
    return TERN_OK;
}

tern_status trn_tokens_check(const struct trn_tokens *tokens,
                             const char *header,
                             int64_t now_s,
                             struct trn_bearer *ret_bearer,
                             tern_error *error)
{
    const char *token = token_of(header);
    jwt_t *jwt = NULL;
    json_t *claims = NULL;
    tern_status status;

    if (token == NULL) {
        return refuse(error, "none was sent");
    }
    if (strlen(token) > TRN_TOKEN_BYTES_MAX || !names_algorithm(tokens, token)) {
        return refuse(error, "it is not one of this server's");
    }
    if (jwt_decode(&jwt, token, tokens->key.data, (int)tokens->key.size) != 0 ||
        jwt_get_alg(jwt) != tokens->algorithm) {
        status = refuse(error, "its signature does not hold");
    } else {
        status = read_payload(token, &claims, error);
    }
    if (status == TERN_OK) {
        status = read_claims(tokens, claims, now_s, ret_bearer, error);
    }
    json_decref(claims);
    jwt_free(jwt);
    return status;
}
