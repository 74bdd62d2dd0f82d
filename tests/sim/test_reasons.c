/* The server's own words on a failure, as far as a person should see them. */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "tests/sim/world.h"

struct told {
    struct world world;
    struct device phone;
    int status;
    const char *code;
    const char *detail; /* in JSON's spelling */
};

static bool
refuse(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    const struct told *told = device->meddling;

    (void)request;
    device_answer_detail(ret_answer, told->status, told->code, told->detail);
    return true;
}

static void begin(struct told *told)
{
    memset(told, 0, sizeof *told);
    world_begin(&told->world);
    device_begin(&told->world, &told->phone, "phone", 'p');
    told->phone.meddle = refuse;
    told->phone.meddling = told;
}

static void end(struct told *told)
{
    device_end(&told->phone);
    world_end(&told->world);
}

/* What a sync says of its failure. */
static const char *
hear(struct told *told, int status, const char *code, tern_status expected, const char *detail)
{
    told->status = status;
    told->code = code;
    told->detail = detail;
    CHECK_INT(device_sync(&told->phone), expected);
    CHECK_INT(told->phone.heard.status, expected);
    return told->phone.heard.message;
}

TEST(the_servers_word_on_a_failure_is_in_the_syncs_sentence)
{
    static const struct {
        int status;
        const char *code;
        tern_status expected;
    } answers[] = {
        {400, "PROTOCOL", TERN_ERR_PROTOCOL},
        {403, "FORBIDDEN", TERN_ERR_FORBIDDEN},
        {413, "TOO_LARGE", TERN_ERR_TOO_LARGE},
        {401, "UNAUTHORIZED", TERN_ERR_UNAUTHORIZED},
        {503, "UNAVAILABLE", TERN_ERR_UNAVAILABLE},
        {500, "INTERNAL", TERN_ERR_UNAVAILABLE},
    };
    struct told told;

    begin(&told);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const char *said = hear(&told,
                                answers[i].status,
                                answers[i].code,
                                answers[i].expected,
                                "line 3 names no table 99");

        CHECK(strstr(said, "line 3 names no table 99") != NULL);
    }
    CHECK(strstr(hear(&told, 400, "PROTOCOL", TERN_ERR_PROTOCOL, ""), "line 3") == NULL);
    end(&told);
}

TEST(the_servers_word_is_cut_to_a_sentence)
{
    char detail[1801];
    const char *said;
    struct told told;

    begin(&told);
    for (size_t i = 0; i < sizeof detail - 1; i += 3) {
        memcpy(detail + i, "\xE1\x9E\x90", 3); /* Khmer */
    }
    detail[sizeof detail - 1] = '\0';
    said = hear(&told, 400, "PROTOCOL", TERN_ERR_PROTOCOL, detail);
    CHECK(strstr(said, "\xE1\x9E\x90\xE1\x9E\x90") != NULL);
    CHECK(strlen(said) < 300);
    CHECK(trn_utf8_is_valid(trn_slice_text(said)));
    end(&told);
}

TEST(the_servers_word_cannot_play_with_a_terminal)
{
    const char *said;
    struct told told;

    begin(&told);
    said = hear(&told,
                400,
                "PROTOCOL",
                TERN_ERR_PROTOCOL,
                "a\\u001b[31mb\\r\\nc\\u007fd\\u009be\\u202ef\\u2028g");
    CHECK(strstr(said, "a [31mb  c d e f g") != NULL);
    end(&told);
}

static tern_status find_nobody(void *context,
                               const tern_http_request *request,
                               tern_http_answer *ret_answer,
                               tern_error *error)
{
    (void)context;
    (void)request;
    (void)ret_answer;
    return trn_fail(error, TERN_ERR_NETWORK, "example.org cannot be reached");
}

static void release_nothing(void *context, tern_http_answer *answer)
{
    (void)context;
    (void)answer;
}

TEST(the_ports_word_is_told_where_the_server_has_none)
{
    const tern_http_port nobody = {NULL, find_nobody, release_nothing, NULL};
    tern_error error = {0};
    struct told told;

    begin(&told);
    CHECK_INT(tern_sync_run(told.phone.replica, NULL, &nobody, NULL, NULL, 0, NULL, &error),
              TERN_ERR_NETWORK);
    CHECK(strstr(error.message, "asked again later: example.org cannot be reached") != NULL);
    end(&told);
}

TEST(a_server_that_repeats_the_token_is_not_repeated)
{
    static const char token[] = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJlLW9m";
    static const char *const details[] = {
        "bad token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJlLW9m, sorry",
        "bad claims eyJzdWIiOiJzb21lYm9keSJ9, sorry",
        "bad signature c2lnbmF0dXJlLW9m, sorry",
        "cut c2lnbmF0dXJlL, sorry",
    };
    struct told told;

    begin(&told);
    told.phone.token = token;
    CHECK(strstr(hear(&told, 400, "PROTOCOL", TERN_ERR_PROTOCOL, "so sorry"), "so sorry") != NULL);
    for (size_t i = 0; i < sizeof details / sizeof *details; i++) {
        const char *said = hear(&told, 400, "PROTOCOL", TERN_ERR_PROTOCOL, details[i]);

        CHECK(strstr(said, "sorry") == NULL);
        CHECK(strstr(said, "PROTOCOL") != NULL);
    }
    end(&told);
}
