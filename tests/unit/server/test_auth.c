/* Tokens: what a good one says, and every kind of bad one. */
#include "server/auth.h"

#include <jwt.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/harness.h"

#define USER "01890a5d-ac96-774b-bcce-b302099a8057"
#define SECRET "a secret of the tests, long enough"

enum { NOW_S = 1800000000 };

static struct trn_slice text(const char *chars)
{
    return trn_slice_text(chars);
}

static struct trn_tokens *tokens_of(const char *algorithm, struct trn_slice key)
{
    const struct trn_auth_settings settings = {.algorithm = algorithm,
                                               .key = key,
                                               .audience = "tern"};
    struct trn_tokens *tokens = NULL;

    CHECK(trn_tokens_open(&settings, &tokens, NULL) == TERN_OK);
    return tokens;
}

/* "Bearer <token>" with the claims, a JSON text; freed with free. */
static char *header_of(const char *claims, jwt_alg_t algorithm, struct trn_slice key)
{
    jwt_t *jwt = NULL;
    char *token;
    char *header;

    CHECK(jwt_new(&jwt) == 0);
    CHECK(jwt_add_grants_json(jwt, claims) == 0);
    CHECK(jwt_set_alg(jwt,
                      algorithm,
                      algorithm == JWT_ALG_NONE ? NULL : key.data,
                      algorithm == JWT_ALG_NONE ? 0 : (int)key.size) == 0);
    token = jwt_encode_str(jwt);
    CHECK(token != NULL);
    header = malloc(strlen(token) + sizeof("Bearer "));
    CHECK(header != NULL);
    (void)sprintf(header, "Bearer %s", token);
    free(token);
    jwt_free(jwt);
    return header;
}

static tern_status check(const struct trn_tokens *tokens, char *header, struct trn_bearer *bearer)
{
    tern_error error = {.status = TERN_OK};
    tern_status status = trn_tokens_check(tokens, header, NOW_S, bearer, &error);

    CHECK(status == TERN_OK || strstr(error.message, "token: ") == error.message);
    free(header);
    return status;
}

static tern_status check_claims(const char *claims, struct trn_bearer *bearer)
{
    struct trn_tokens *tokens = tokens_of("HS256", text(SECRET));
    tern_status status = check(tokens, header_of(claims, JWT_ALG_HS256, text(SECRET)), bearer);

    trn_tokens_close(tokens);
    return status;
}

#define GOOD "\"sub\":\"" USER "\",\"aud\":\"tern\",\"exp\":1800000001"

TEST(a_good_token_names_its_user)
{
    struct trn_bearer bearer;
    char id[37];

    CHECK_INT(check_claims("{" GOOD "}", &bearer), TERN_OK);
    tern_id_format(&bearer.auth.user, id);
    CHECK_TEXT(id, USER);
    CHECK(bearer.auth.power == TRN_POWER_USER && bearer.auth.role == NULL);
}

TEST(the_role_claim_gives_power_or_a_role)
{
    struct trn_bearer bearer;

    CHECK_INT(check_claims("{" GOOD ",\"role\":\"operator\"}", &bearer), TERN_OK);
    CHECK(bearer.auth.power == TRN_POWER_OPERATOR);
    CHECK_INT(check_claims("{" GOOD ",\"role\":\"service\"}", &bearer), TERN_OK);
    CHECK(bearer.auth.power == TRN_POWER_SERVICE);
    CHECK_INT(check_claims("{" GOOD ",\"role\":\"DOCTOR\"}", &bearer), TERN_OK);
    CHECK(bearer.auth.power == TRN_POWER_USER);
    CHECK_TEXT(bearer.auth.role, "DOCTOR");
}

TEST(a_token_may_be_for_several_audiences)
{
    struct trn_bearer bearer;

    CHECK_INT(check_claims("{\"sub\":\"" USER "\",\"aud\":[\"other\",\"tern\"],\"exp\":1800000001}",
                           &bearer),
              TERN_OK);
    CHECK_INT(
        check_claims("{\"sub\":\"" USER "\",\"aud\":[\"other\"],\"exp\":1800000001}", &bearer),
        TERN_ERR_UNAUTHORIZED);
}

TEST(a_token_may_say_when_it_begins)
{
    struct trn_bearer bearer;

    CHECK_INT(check_claims("{" GOOD ",\"nbf\":1700000000}", &bearer), TERN_OK);
    CHECK_INT(check_claims("{" GOOD ",\"nbf\":1700000000.5}", &bearer), TERN_OK);
}

TEST(expired_unbounded_and_misdirected_tokens_are_refused)
{
    struct trn_bearer bearer;
    static const char *const bad[] = {
        "{\"sub\":\"" USER "\",\"aud\":\"tern\",\"exp\":1800000000}",
        "{\"sub\":\"" USER "\",\"aud\":\"tern\"}",
        "{\"sub\":\"" USER "\",\"aud\":\"tern\",\"exp\":\"never\"}",
        "{\"sub\":\"" USER "\",\"aud\":\"elsewhere\",\"exp\":1800000001}",
        "{\"sub\":\"" USER "\",\"exp\":1800000001}",
        "{\"sub\":\"somebody\",\"aud\":\"tern\",\"exp\":1800000001}",
        "{\"sub\":\"00000000-0000-0000-0000-000000000000\",\"aud\":\"tern\",\"exp\":1800000001}",
        "{\"aud\":\"tern\",\"exp\":1800000001}",
        "{" GOOD ",\"nbf\":1800000100}",
        "{" GOOD ",\"nbf\":1800000100.5}",
        "{" GOOD ",\"nbf\":\"1800000100\"}",
    };

    for (size_t index = 0; index < sizeof(bad) / sizeof(bad[0]); index++) {
        CHECK_INT(check_claims(bad[index], &bearer), TERN_ERR_UNAUTHORIZED);
    }
}

/* The claims that keep a token out stand behind and beneath longer ones, for which memory is asked
 * for first. */
#define LONG "a-name-that-is-longer-than-what-a-reader-has-room-for-at-the-beginning"

TEST(no_want_of_memory_lets_a_token_in_or_makes_another_of_it)
{
    static const char *const bad[] = {"{\"" LONG "\":\"" LONG "\"," GOOD ",\"nbf\":1800000100}",
                                      "{" GOOD ",\"" LONG "\":1,\"nbf\":\"1800000100\"}",
                                      "{\"sub\":\"" USER "\",\"exp\":1800000001,\"aud\":[\"" LONG
                                      "\",\"tern" LONG "\"]}"};
    static const char good[] = "{" GOOD ",\"nbf\":1700000000,\"role\":\"DOCTOR\"}";
    struct trn_tokens *tokens = tokens_of("HS256", text(SECRET));
    char *header;

    for (size_t index = 0; index < sizeof(bad) / sizeof(bad[0]); index++) {
        header = header_of(bad[index], JWT_ALG_HS256, text(SECRET));
        FOR_EACH_ALLOC_FAILURE (nth) {
            struct trn_bearer bearer;

            CHECK(trn_tokens_check(tokens, header, NOW_S, &bearer, NULL) != TERN_OK);
        }
        free(header);
    }
    header = header_of(good, JWT_ALG_HS256, text(SECRET));
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_bearer bearer;
        tern_status status = trn_tokens_check(tokens, header, NOW_S, &bearer, NULL);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM || status == TERN_ERR_UNAUTHORIZED);
        CHECK(status != TERN_OK || strcmp(bearer.role, "DOCTOR") == 0);
    }
    free(header);
    trn_tokens_close(tokens);
}

TEST(forged_and_unsigned_tokens_are_refused)
{
    struct trn_tokens *tokens = tokens_of("HS256", text(SECRET));
    struct trn_bearer bearer;
    char *header = header_of("{" GOOD "}", JWT_ALG_HS256, text(SECRET));
    size_t size = strlen(header);

    CHECK_INT(
        check(tokens,
              header_of("{" GOOD "}", JWT_ALG_HS256, text("another secret that is as long as it")),
              &bearer),
        TERN_ERR_UNAUTHORIZED);
    CHECK_INT(check(tokens, header_of("{" GOOD "}", JWT_ALG_NONE, text("")), &bearer),
              TERN_ERR_UNAUTHORIZED);
    CHECK_INT(check(tokens, header_of("{" GOOD "}", JWT_ALG_HS512, text(SECRET)), &bearer),
              TERN_ERR_UNAUTHORIZED);
    for (size_t at = sizeof("Bearer ") - 1; at < size; at++) {
        char *cut = malloc(size + 1);

        CHECK(cut != NULL);
        memcpy(cut, header, size + 1);
        cut[at] = '\0';
        CHECK_INT(check(tokens, cut, &bearer), TERN_ERR_UNAUTHORIZED);
    }
    CHECK_INT(trn_tokens_check(tokens, NULL, NOW_S, &bearer, NULL), TERN_ERR_UNAUTHORIZED);
    CHECK_INT(trn_tokens_check(tokens, "Basic abc", NOW_S, &bearer, NULL), TERN_ERR_UNAUTHORIZED);
    CHECK_INT(trn_tokens_check(tokens, "Bearer ", NOW_S, &bearer, NULL), TERN_ERR_UNAUTHORIZED);
    free(header);
    trn_tokens_close(tokens);
}

/* A key pair as PEM. */
struct pair {
    char secret[4096];
    char public_key[2048];
};

static void pair_make(struct pair *pair, int kind)
{
    EVP_PKEY *key = kind == EVP_PKEY_RSA ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    BIO *secret = BIO_new(BIO_s_mem());
    BIO *open = BIO_new(BIO_s_mem());

    CHECK(key != NULL && secret != NULL && open != NULL);
    CHECK(PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1);
    CHECK(PEM_write_bio_PUBKEY(open, key) == 1);
    memset(pair, 0, sizeof(*pair));
    CHECK(BIO_read(secret, pair->secret, sizeof(pair->secret) - 1) > 0);
    CHECK(BIO_read(open, pair->public_key, sizeof(pair->public_key) - 1) > 0);
    BIO_free(secret);
    BIO_free(open);
    EVP_PKEY_free(key);
}

static void check_pair(const char *name, jwt_alg_t algorithm, int kind)
{
    struct pair pair;
    struct pair other;
    struct trn_tokens *tokens;
    struct trn_bearer bearer;

    pair_make(&pair, kind);
    pair_make(&other, kind);
    tokens = tokens_of(name, text(pair.public_key));
    CHECK_INT(check(tokens, header_of("{" GOOD "}", algorithm, text(pair.secret)), &bearer),
              TERN_OK);
    CHECK_INT(check(tokens, header_of("{" GOOD "}", algorithm, text(other.secret)), &bearer),
              TERN_ERR_UNAUTHORIZED);
    /* the public key is no secret: whoever signs with it must not be believed */
    CHECK_INT(check(tokens, header_of("{" GOOD "}", JWT_ALG_HS256, text(pair.public_key)), &bearer),
              TERN_ERR_UNAUTHORIZED);
    CHECK_INT(check(tokens, header_of("{" GOOD "}", JWT_ALG_NONE, text("")), &bearer),
              TERN_ERR_UNAUTHORIZED);
    trn_tokens_close(tokens);
}

TEST(rs256_takes_its_key_s_signature_and_no_other)
{
    check_pair("RS256", JWT_ALG_RS256, EVP_PKEY_RSA);
}

TEST(es256_takes_its_key_s_signature_and_no_other)
{
    check_pair("ES256", JWT_ALG_ES256, EVP_PKEY_EC);
}

TEST(a_server_does_not_start_with_a_key_that_is_none)
{
    struct pair pair;
    struct trn_tokens *tokens = NULL;
    struct trn_auth_settings settings = {.algorithm = "HS256", .audience = "tern"};

    pair_make(&pair, EVP_PKEY_RSA);
    settings.key = text("short");
    CHECK_INT(trn_tokens_open(&settings, &tokens, NULL), TERN_ERR_MISUSE);
    settings.key = text(pair.public_key); /* a public key is no secret */
    CHECK_INT(trn_tokens_open(&settings, &tokens, NULL), TERN_ERR_MISUSE);
    settings.algorithm = "ES256";
    CHECK_INT(trn_tokens_open(&settings, &tokens, NULL), TERN_ERR_MISUSE);
    settings.algorithm = "none";
    CHECK_INT(trn_tokens_open(&settings, &tokens, NULL), TERN_ERR_MISUSE);
    settings.algorithm = "RS256";
    settings.key = text(SECRET);
    CHECK_INT(trn_tokens_open(&settings, &tokens, NULL), TERN_ERR_MISUSE);
    settings.key = text(pair.public_key);
    settings.audience = "";
    CHECK_INT(trn_tokens_open(&settings, &tokens, NULL), TERN_ERR_MISUSE);
    CHECK(tokens == NULL);
}
