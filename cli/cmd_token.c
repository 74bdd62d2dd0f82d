/* tern token: makes bearer tokens for development and tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jwt.h>

#include "base/text.h"
#include "base/uuid.h"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/output.h"

enum { KEY_MAX = 64 * 1024, SECRET_MIN = 32, TTL_MAX_S = 10 * 365 * 24 * 3600 };

/* What the token says. */
struct claims {
    char user[TRN_ID_TEXT_SIZE + 1];
    const char *audience;
    const char *role;
    jwt_alg_t algorithm;
    long ttl_s;
};

static bool read_algorithm(const struct trn_call *call, jwt_alg_t *ret_algorithm)
{
    static const struct {
        const char *name;
        jwt_alg_t algorithm;
    } known[] = {{"HS256", JWT_ALG_HS256}, {"RS256", JWT_ALG_RS256}, {"ES256", JWT_ALG_ES256}};
    const char *name = trn_option(call, TRN_OPT_ALGORITHM);

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].name, name) == 0) {
            *ret_algorithm = known[i].algorithm;
            return true;
        }
    }
    (void)trn_usage_error(call, "--algorithm must be HS256, RS256 or ES256");
    return false;
}

static bool read_claims(const struct trn_call *call, struct claims *claims)
{
    const char *user = trn_option(call, TRN_OPT_USER);
    tern_id id;

    if (user == NULL || trn_option(call, TRN_OPT_KEY) == NULL) {
        (void)trn_usage_error(call, "--user and --key are needed");
        return false;
    }
    if (!trn_id_of(call, user, &id) || !read_algorithm(call, &claims->algorithm) ||
        !trn_option_number(call, TRN_OPT_TTL, -TTL_MAX_S, TTL_MAX_S, &claims->ttl_s)) {
        return false;
    }
    trn_id_format(&id, claims->user);
    claims->audience = trn_option(call, TRN_OPT_AUDIENCE);
    claims->role = trn_option(call, TRN_OPT_ROLE);
    return true;
}

/* libjwt's own result: 0, or an errno. */
static int add_claims(jwt_t *token, const struct claims *claims)
{
    long now = (long)time(NULL);
    int result = jwt_add_grant(token, "sub", claims->user);

    result = result != 0 ? result : jwt_add_grant(token, "aud", claims->audience);
    result = result != 0 ? result : jwt_add_grant_int(token, "iat", now);
    result = result != 0 ? result : jwt_add_grant_int(token, "exp", now + claims->ttl_s);
    if (result == 0 && claims->role != NULL) {
        result = jwt_add_grant(token, "role", claims->role);
    }
    return result;
}

static enum trn_exit print_token(const struct trn_call *call, char *text)
{
    bool printed = true;

    if (text == NULL) {
        (void)fprintf(stderr,
                      "tern: the token could not be signed; is this the algorithm's key?\n");
        return TRN_EXIT_FAILED;
    }
    if (trn_has(call, TRN_OPT_JSON)) {
        printed = trn_print_json(json_pack("{s:s}", "token", text));
    } else {
        printed = puts(text) >= 0;
    }
    free(text);
    return printed ? TRN_EXIT_OK : TRN_EXIT_FAILED;
}

static enum trn_exit
sign(const struct trn_call *call, const struct claims *claims, const struct trn_bytes *key)
{
    jwt_t *token = NULL;
    char *text = NULL;
    enum trn_exit result;

    if (jwt_new(&token) == 0 && add_claims(token, claims) == 0 &&
        jwt_set_alg(token, claims->algorithm, key->data, (int)key->size) == 0) {
        text = jwt_encode_str(token);
    }
    result = print_token(call, text);
    jwt_free(token);
    return result;
}

/* A secret is its file without the line end that editors leave behind it, as ternd reads it. */
static enum trn_exit
sign_with(const struct trn_call *call, const struct claims *claims, struct trn_bytes *key)
{
    if (claims->algorithm == JWT_ALG_HS256) {
        key->size = trn_text_line(trn_bytes_slice(key)).size;
        if (key->size < SECRET_MIN) {
            (void)fprintf(stderr, "tern: ternd takes no secret of less than 32 bytes\n");
            return TRN_EXIT_FAILED;
        }
    }
    return sign(call, claims, key);
}

static enum trn_exit run(const struct trn_call *call)
{
    struct claims claims = {0};
    struct trn_bytes key = {0};
    tern_error error = {0};
    enum trn_exit result;
    tern_status status;

    if (!read_claims(call, &claims)) {
        return TRN_EXIT_USAGE;
    }
    status = trn_file_read(trn_option(call, TRN_OPT_KEY), KEY_MAX, &key, &error);
    result = status == TERN_OK ? sign_with(call, &claims, &key)
                               : trn_report_failure(call, status, &error);
    if (key.data != NULL) {
        memset(key.data, 0, key.size);
    }
    trn_bytes_free(&key);
    return result;
}

static const enum trn_option options[] = {TRN_OPT_USER,
                                          TRN_OPT_KEY,
                                          TRN_OPT_ALGORITHM,
                                          TRN_OPT_AUDIENCE,
                                          TRN_OPT_TTL,
                                          TRN_OPT_ROLE,
                                          TRN_OPT_JSON,
                                          TRN_OPT_END};

const struct trn_command trn_command_token = {
    .name = "token",
    .arguments = "",
    .summary = "Sign a token for development",
    .details =
        "A JSON Web Token with sub, aud, iat and exp, as ternd takes them. In production your "
        "identity\n"
        "provider signs tokens; this is for trials and tests.\n\n"
        "  head -c 32 /dev/urandom > secret.key\n"
        "  tern token --user 7aa15a43-3a41-4d3d-a9c5-7ef941757531 --key secret.key > token.jwt\n"
        "  tern token --user ... --key private.pem --algorithm ES256 --role operator\n",
    .options = options,
    .run = run,
};
