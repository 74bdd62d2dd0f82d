/* Answers that no good server gives: each is refused whole with a code and a sentence, changes
 * nothing, loses nothing, and the next good one is taken. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/files.h"
#include "wire/gzip.h"

#define SECOND_US INT64_C(1000000)

struct scene {
    struct world world;
    struct device phone;
    struct device tablet;
};

/* What the phone hears in place of the server's word. */
struct bad {
    const char *what;
    const char *from; /* in the answer, replaced once; NULL: the whole of it */
    const char *to;
    tern_status code;
    const char *word; /* in the sentence */
};

static bool spoilt_once;

static void begin(struct scene *scene)
{
    world_begin(&scene->world);
    device_begin(&scene->world, &scene->phone, "phone", 'p');
    device_run(&scene->phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_sync_well(&scene->phone);
    device_begin(&scene->world, &scene->tablet, "tablet", 'p');
    device_sync_well(&scene->tablet);
    device_run(&scene->tablet, "UPDATE users SET name = 'by the tablet'");
    device_run(&scene->tablet,
               "INSERT INTO notes(id, owner_id, place, title) "
               "VALUES(x'00000000000040008000000000000001', @p, 3, 'theirs')");
    device_sync_well(&scene->tablet);
    world_pass(&scene->world, SECOND_US);
    device_run(&scene->phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 4, 'mine')");
}

static void end(struct scene *scene)
{
    scene->phone.meddle = NULL;
    device_sync_well(&scene->phone);
    device_sync_well(&scene->tablet);
    CHECK_TEXT(file_ask(scene->phone.path, "SELECT title FROM notes ORDER BY place"),
               "theirs;mine");
    CHECK_TEXT(file_ask(scene->phone.path, "SELECT name FROM users"), "by the tablet");
    device_check_converged(&scene->phone);
    device_check_converged(&scene->tablet);
    device_end(&scene->phone);
    device_end(&scene->tablet);
    world_end(&scene->world);
}

static void hand_over(struct trn_bytes *body, tern_http_answer *ret_answer)
{
    *ret_answer = (tern_http_answer){.status = 200, .retry_after_ms = -1};
    ret_answer->body = malloc(body->size + 1);
    CHECK(ret_answer->body != NULL);
    if (body->size > 0) {
        memcpy(ret_answer->body, body->data, body->size);
    }
    ret_answer->body_size = body->size;
    trn_bytes_free(body);
}

/* Appends the text with the first `from` in it replaced; false where there is none. */
static bool append_with(struct trn_bytes *body, const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    return at != NULL && trn_bytes_append(body, text, (size_t)(at - text)) == TERN_OK &&
           trn_bytes_append_text(body, to) == TERN_OK &&
           trn_bytes_append_text(body, at + strlen(from)) == TERN_OK;
}

static bool
spoil(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    const struct bad *bad = device->meddling;
    struct trn_bytes answer = {0};
    struct trn_bytes spoilt = {0};

    device_overhear(device, request, &answer);
    if (bad->from == NULL) {
        CHECK(trn_bytes_append_text(&spoilt, bad->to) == TERN_OK);
        spoilt_once = true;
    } else if (append_with(&spoilt, trn_bytes_text(&answer), bad->from, bad->to)) {
        spoilt_once = true;
    } else { /* an answer to a request without entries says less */
        CHECK(append_with(&spoilt, trn_bytes_text(&answer), "[\"z\",", "[\"z\",1"));
    }
    trn_bytes_free(&answer);
    hand_over(&spoilt, ret_answer);
    return true;
}

/* The log says something, and no value of a row. */
static void check_log(struct device *device)
{
    static const char *const values[] = {"theirs", "mine", "by the tablet", "EMPEROR", "surprise"};

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (strstr(device->logged, values[i]) != NULL) {
            fail_msg("the log tells '%s': %s", values[i], device->logged);
        }
    }
    CHECK(strstr(device->logged, "sync: ") != NULL);
    device->logged[0] = '\0';
}

/* All that a bad answer must leave alone. */
static char *state_of(struct device *device)
{
    char *rows = file_dump(device->path, false);
    const char *own = file_ask(device->path,
                               "SELECT hex(value) FROM tern_cursor UNION ALL SELECT count(*) FROM "
                               "tern_stage UNION ALL SELECT group_concat(ordinal || ' ' || state "
                               "|| ' ' || number || ' ' || time) FROM tern_outbox UNION ALL "
                               "SELECT max(last_ordinal, (SELECT coalesce(max(place), 0) FROM "
                               "tern_outbox)) || ' ' || acked_ordinal || ' ' || epoch FROM "
                               "tern_meta");
    size_t size = strlen(rows) + strlen(own) + 2;
    char *both = malloc(size);

    CHECK(both != NULL);
    (void)snprintf(both, size, "%s;%s", rows, own);
    free(rows);
    return both;
}

static void hear(struct scene *scene, const char *what, tern_status code, const char *word)
{
    char *before = state_of(&scene->phone);
    tern_status status = device_sync(&scene->phone);
    const char *said = scene->phone.heard.message;

    if (status != code || strstr(said, word) == NULL || strstr(said, "theirs") != NULL) {
        fail_msg("%s: %s, '%s' does not say '%s'", what, tern_status_code(status), said, word);
    }
    CHECK_INT(device_status(&scene->phone).last_error, code);
    CHECK_INT(device_status(&scene->phone).pending, 1);
    check_same_rows(state_of(&scene->phone), before);
    world_pass(&scene->world, 60 * SECOND_US);
}

TEST(an_answer_that_is_malformed_deep_or_not_utf8_is_refused_whole)
{
    static const struct bad bad[] = {
        {"a web page",
         NULL,
         "<html>Sign in to the hotel's network</html>\n",
         TERN_ERR_PROTOCOL,
         ""},
        {"nothing", NULL, "", TERN_ERR_PROTOCOL, ""},
        {"another protocol", "\"tern\":1", "\"tern\":2", TERN_ERR_PROTOCOL, "tern"},
        {"a line that is no array", "[\"s\",", "{\"s\",", TERN_ERR_PROTOCOL, "line"},
        {"an array in an array", "[\"r\",", "[[\"r\"],", TERN_ERR_TOO_DEEP, "line"},
        {"a deep envelope",
         "\"more\":false",
         "\"more\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
         TERN_ERR_TOO_DEEP,
         "deep"},
        {"a text that is not UTF-8", "\"theirs\"", "\"\xff\xfe\"", TERN_ERR_NOT_UTF8, "UTF-8"},
        {"a surrogate alone", "\"theirs\"", "\"\\ud800\"", TERN_ERR_PROTOCOL, "line"},
        {"a line too few", "[\"e\",", "[\"q\",", TERN_ERR_PROTOCOL, "line"},
        {"a wrong count", "[\"z\",", "[\"z\",1", TERN_ERR_PROTOCOL, "line"},
        {"more after the end", "[\"z\",", "[\"z\",1]\n[\"z\",", TERN_ERR_PROTOCOL, "line"},
        {"a verdict too many", "\"verdicts\":1", "\"verdicts\":2", TERN_ERR_PROTOCOL, "line"},
        {"a verdict that is missing",
         "\"verdicts\":1",
         "\"verdicts\":0",
         TERN_ERR_PROTOCOL,
         "line"},
        {"a verdict on nothing", "[\"v\",0,", "[\"v\",7,", TERN_ERR_PROTOCOL, "line"},
        {"a verdict of no kind", "\"duplicate\"", "\"maybe\"", TERN_ERR_PROTOCOL, "line"},
    };
    struct scene scene;

    begin(&scene);
    scene.phone.meddle = spoil;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bad one = bad[i];

        scene.phone.meddling = &one;
        spoilt_once = false;
        hear(&scene, one.what, one.code, one.word);
        CHECK(spoilt_once);
        check_log(&scene.phone);
    }
    end(&scene);
}

TEST(rows_that_no_server_of_this_schema_sends_are_refused_whole)
{
    static const struct bad bad[] = {
        {"an unknown table", "[\"r\",3,", "[\"r\",77,", TERN_ERR_PROTOCOL, "table"},
        {"a column too few", ",\"theirs\",", ",", TERN_ERR_PROTOCOL, "line"},
        {"a column too many", ",\"theirs\",", ",\"theirs\",\"x\",", TERN_ERR_PROTOCOL, "line"},
        {"a number for a text", ",\"theirs\",", ",17,", TERN_ERR_PROTOCOL, "title"},
        {"a word for a number", ",3,\"theirs\"", ",\"surprise\",\"t\"", TERN_ERR_PROTOCOL, "place"},
        {"a text for a number", ",3,\"theirs\"", ",\"3\",\"theirs\"", TERN_ERR_PROTOCOL, "place"},
        {"a tx that no line named", "[\"t\",2,", "[\"t\",92,", TERN_ERR_PROTOCOL, "line"},
        {"one known from before", "[\"t\",1,", "[\"t\",91,", TERN_ERR_PROTOCOL, "line"},
    };
    struct scene scene;

    begin(&scene);
    scene.phone.meddle = spoil;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bad one = bad[i];

        scene.phone.meddling = &one;
        spoilt_once = false;
        hear(&scene, one.what, one.code, one.word);
        CHECK(spoilt_once);
        check_log(&scene.phone);
    }
    end(&scene);
}

/* The verdict's line stands behind all others. */
static bool
turn_around(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    struct trn_bytes answer = {0};
    struct trn_bytes turned = {0};
    const char *text;
    const char *verdict;
    const char *end;

    device_overhear(device, request, &answer);
    text = trn_bytes_text(&answer);
    verdict = strstr(text, "[\"v\",");
    end = strstr(text, "[\"z\",");
    CHECK(end != NULL);
    if (verdict == NULL) {
        CHECK(append_with(&turned, text, "[\"z\",", "[\"z\",1"));
    } else {
        size_t size = strcspn(verdict, "\n") + 1;

        spoilt_once = true;
        CHECK(trn_bytes_append(&turned, text, (size_t)(verdict - text)) == TERN_OK);
        CHECK(trn_bytes_append(&turned, verdict + size, (size_t)(end - verdict) - size) == TERN_OK);
        CHECK(trn_bytes_append(&turned, verdict, size) == TERN_OK);
        CHECK(trn_bytes_append_text(&turned, end) == TERN_OK);
    }
    trn_bytes_free(&answer);
    hand_over(&turned, ret_answer);
    return true;
}

TEST(an_answer_in_another_order_is_refused_whole)
{
    struct scene scene;

    begin(&scene);
    scene.phone.meddle = turn_around;
    spoilt_once = false;
    hear(&scene, "a verdict behind the rows", TERN_ERR_PROTOCOL, "line");
    CHECK(spoilt_once);
    check_log(&scene.phone);
    end(&scene);
}

/* What the server says to the first request, over and over, and that there is more. */
static bool
repeat(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    struct trn_bytes *said = device->meddling;
    struct trn_bytes body = {0};

    if (said->size == 0) {
        struct trn_bytes answer = {0};

        device_overhear(device, request, &answer);
        CHECK(append_with(said, trn_bytes_text(&answer), "\"more\":false", "\"more\":true"));
        trn_bytes_free(&answer);
    }
    CHECK(trn_bytes_append_slice(&body, trn_bytes_slice(said)) == TERN_OK);
    hand_over(&body, ret_answer);
    return true;
}

TEST(a_server_that_promises_more_and_repeats_itself_is_not_asked_for_ever)
{
    struct scene scene;
    struct trn_bytes said = {0};

    begin(&scene);
    device_sync_well(&scene.phone);
    device_run(&scene.tablet, "UPDATE notes SET place = 2 WHERE title = 'theirs'");
    device_sync_well(&scene.tablet);
    scene.phone.meddle = repeat;
    scene.phone.meddling = &said;
    CHECK_INT(device_sync(&scene.phone), TERN_ERR_PROTOCOL);
    trn_bytes_free(&said);
    end(&scene);
}

/* The answer can be read, and its rows break what the schema promises of them: nothing of it stays,
 * and all is asked for again. */
TEST(rows_that_break_a_rule_are_refused_whole_and_named)
{
    static const struct bad bad[] = {
        {"null where none may be", ",\"theirs\",", ",null,", TERN_ERR_NOT_NULL, "notes.title"},
        {"a word not of its enum", "\"PATIENT\"", "\"EMPEROR\"", TERN_ERR_ENUM, "users.role"},
    };
    struct scene scene;

    begin(&scene);
    scene.phone.meddle = spoil;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bad one = bad[i];
        char *before = file_dump(scene.phone.path, false);

        scene.phone.meddling = &one;
        CHECK_INT(device_sync(&scene.phone), one.code);
        CHECK(strstr(scene.phone.heard.message, one.word) != NULL);
        CHECK(strstr(scene.phone.heard.message, "EMPEROR") == NULL);
        check_log(&scene.phone);
        CHECK_INT(device_status(&scene.phone).pending, 1);
        check_same_rows(file_dump(scene.phone.path, false), before);
    }
    end(&scene);
}

static bool
flood(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    bool packed = *(bool *)device->meddling;
    size_t size = packed ? (size_t)64 << 20 : ((size_t)16 << 20) + 1;
    struct trn_bytes body = {0};
    struct trn_bytes bomb = {0};
    char *block = malloc(size);

    (void)request;
    CHECK(block != NULL);
    memset(block, ' ', size);
    if (packed) {
        CHECK(trn_gzip(trn_slice_make(block, size), 1, &bomb, NULL) == TERN_OK);
        CHECK(bomb.size < size / 100);
        hand_over(&bomb, ret_answer);
    } else {
        CHECK(trn_bytes_append(&body, block, size) == TERN_OK);
        hand_over(&body, ret_answer);
    }
    ret_answer->body_is_coded = packed;
    free(block);
    return true;
}

TEST(an_answer_too_large_or_a_bomb_is_refused)
{
    struct scene scene;
    bool packed = false;

    begin(&scene);
    scene.phone.meddle = flood;
    scene.phone.meddling = &packed;
    hear(&scene, "a large answer", TERN_ERR_TOO_LARGE, "16 MiB");
    packed = true;
    hear(&scene, "a bomb", TERN_ERR_TOO_LARGE, "");
    end(&scene);
}

static bool answer_otherwise(struct device *device,
                             const tern_http_request *request,
                             tern_http_answer *ret_answer)
{
    (void)request;
    device_answer_problem(ret_answer, *(int *)device->meddling, NULL);
    return true;
}

TEST(a_status_that_no_server_of_this_protocol_gives_changes_nothing)
{
    static const struct {
        int status;
        tern_status code;
    } cases[] = {{204, TERN_ERR_HTTP},
                 {301, TERN_ERR_HTTP},
                 {404, TERN_ERR_HTTP},
                 {418, TERN_ERR_HTTP},
                 {500, TERN_ERR_UNAVAILABLE}};
    struct scene scene;

    begin(&scene);
    scene.phone.meddle = answer_otherwise;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = cases[i].status;

        scene.phone.meddling = &status;
        hear(&scene, "a status", cases[i].code, tern_status_code(cases[i].code));
    }
    end(&scene);
}
