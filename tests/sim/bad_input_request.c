/* Requests that no good device sends: each gets a code and a sentence that names the place; what is
 * wrong with the framing applies nothing, what is wrong with one transaction rejects that alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/files.h"

#define SECOND_US INT64_C(1000000)

struct scene {
    struct world world;
    struct device phone;  /* p's */
    struct device victim; /* q's, who has a note */
    struct trn_bytes good;
};

static bool
keep_request(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    struct trn_bytes *body = device->meddling;

    trn_bytes_clear(body);
    request_open(request, body);
    device_answer_problem(ret_answer, 404, NULL);
    return true;
}

/* The request that the phone would send now; it stays unsent. */
static void take_request(struct scene *scene)
{
    tern_sync *sync;
    tern_sync_step step;

    scene->phone.meddle = keep_request;
    scene->phone.meddling = &scene->good;
    sync = device_sync_open(&scene->phone);
    do {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
    } while (step.action == TERN_SYNC_WORK);
    CHECK_INT(step.action, TERN_SYNC_SEND);
    device_carry(&scene->phone, sync, step.request);
    tern_sync_close(sync);
    scene->phone.meddle = NULL;
}

static void begin(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    world_begin(&scene->world);
    device_begin(&scene->world, &scene->victim, "victim", 'q');
    device_run(&scene->victim, "INSERT INTO users(id, role, name) VALUES(@q, 'PATIENT', 'Dara')");
    device_run(&scene->victim,
               "INSERT INTO notes(id, owner_id, place, title) "
               "VALUES(x'00000000000040008000000000000009', @q, 1, 'SECRET')");
    device_sync_well(&scene->victim);
    device_begin(&scene->world, &scene->phone, "phone", 'p');
    device_run(&scene->phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_sync_well(&scene->phone);
    world_pass(&scene->world, SECOND_US);
    device_run(&scene->phone,
               "INSERT INTO notes(id, owner_id, place, title) "
               "VALUES(x'00000000000040008000000000000001', @p, 5, 'WORD')");
    device_run(&scene->phone, "UPDATE users SET name = 'beside it'");
    take_request(scene);
}

static void end(struct scene *scene)
{
    trn_bytes_free(&scene->good);
    device_sync_well(&scene->phone);
    CHECK_INT(device_status(&scene->phone).pending, 0);
    device_check_converged(&scene->phone);
    device_end(&scene->phone);
    device_end(&scene->victim);
    world_end(&scene->world);
}

static void send(struct scene *scene, const void *data, size_t size, struct trn_sync_call *call)
{
    *call = (struct trn_sync_call){.auth = {.user = scene->phone.user},
                                   .request = trn_slice_make(data, size)};
    world_handle(&scene->world, call);
}

/* The good request with the first `from` in it replaced. */
static struct trn_bytes spoilt(const struct scene *scene, const char *from, const char *to)
{
    const char *text = trn_bytes_text(&scene->good);
    const char *at = strstr(text, from);
    struct trn_bytes body = {0};

    if (at == NULL) {
        fail_msg("no %s in %s", from, text);
    }
    CHECK(trn_bytes_append(&body, text, (size_t)(at - text)) == TERN_OK);
    CHECK(trn_bytes_append_text(&body, to) == TERN_OK);
    CHECK(trn_bytes_append_text(&body, at + strlen(from)) == TERN_OK);
    return body;
}

/* The bytes are refused whole. */
static void check_refused(struct scene *scene,
                          const void *data,
                          size_t size,
                          tern_status code,
                          const char *word)
{
    char *before = server_dump(&scene->world, true);
    struct trn_sync_call call;
    const char *said;

    send(scene, data, size, &call);
    said = trn_bytes_text(&call.answer);
    if (call.code != code || strstr(said, word) == NULL) {
        fail_msg("%s: '%s' does not say '%s'", tern_status_code(call.code), said, word);
    }
    CHECK(call.status == 400 || call.status == 413);
    CHECK(strstr(said, tern_status_code(code)) != NULL && strstr(said, "\"detail\":\"") != NULL);
    CHECK(strstr(said, "WORD") == NULL && strstr(said, "beside") == NULL);
    trn_sync_call_free(&call);
    check_same_rows(server_dump(&scene->world, true), before);
}

static void check_spoilt_refused(struct scene *scene,
                                 const char *from,
                                 const char *to,
                                 tern_status code,
                                 const char *word)
{
    struct trn_bytes body = spoilt(scene, from, to);

    check_refused(scene, body.data, body.size, code, word);
    trn_bytes_free(&body);
}

TEST(a_request_cut_at_any_byte_changes_nothing)
{
    struct scene scene;

    begin(&scene);
    for (size_t size = 0; size < scene.good.size; size++) {
        check_refused(&scene, scene.good.data, size, TERN_ERR_PROTOCOL, "");
    }
    end(&scene);
}

TEST(a_request_that_is_malformed_deep_or_not_utf8_changes_nothing)
{
    struct scene scene;

    begin(&scene);
    check_refused(&scene, "GET / HTTP/1.1\n", 15, TERN_ERR_PROTOCOL, "envelope");
    check_spoilt_refused(&scene, "\"tern\":1", "\"tern\":9", TERN_ERR_PROTOCOL, "tern");
    check_spoilt_refused(&scene, "\"txs\":2", "\"txs\":3", TERN_ERR_PROTOCOL, "");
    check_spoilt_refused(&scene, "\"txs\":2", "\"txs\":-1", TERN_ERR_PROTOCOL, "txs");
    check_spoilt_refused(&scene, "[\"z\",", "[\"z\",1", TERN_ERR_PROTOCOL, "line");
    check_spoilt_refused(&scene, "[\"@\",", "[\"q\",", TERN_ERR_PROTOCOL, "line");
    check_spoilt_refused(&scene, "[\"i\",", "{\"i\",", TERN_ERR_PROTOCOL, "line");
    check_spoilt_refused(&scene, "[\"i\",", "[[],", TERN_ERR_TOO_DEEP, "line");
    check_spoilt_refused(&scene,
                         "\"txs\":2",
                         "\"new\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]],\"txs\":2",
                         TERN_ERR_TOO_DEEP,
                         "deep");
    check_spoilt_refused(&scene, "WORD", "\xc3\x28", TERN_ERR_NOT_UTF8, "line");
    end(&scene);
}

TEST(a_request_too_large_changes_nothing)
{
    struct scene scene;
    size_t size = ((size_t)1 << 20) + 16;
    char *text = malloc(size);

    CHECK(text != NULL);
    begin(&scene);
    memset(text, 'x', size - 1);
    text[size - 1] = '\0';
    check_spoilt_refused(&scene, "WORD", text, TERN_ERR_TOO_LARGE, "line");
    check_spoilt_refused(&scene, "\"txs\":2", text, TERN_ERR_TOO_LARGE, "");
    free(text);
    text = calloc(1, (size_t)17 << 20);
    CHECK(text != NULL);
    memset(text, ' ', ((size_t)17 << 20) - 1);
    check_refused(&scene, text, ((size_t)17 << 20) - 1, TERN_ERR_TOO_LARGE, "");
    free(text);
    end(&scene);
}

/* The first transaction of the request is rejected, and the second applied. */
static void
check_rejected(struct scene *scene, struct trn_bytes *body, tern_status code, const char *word)
{
    struct trn_sync_call call;
    char verdict[60];
    char *notes = strdup(server_ask(&scene->world, "SELECT * FROM notes ORDER BY id"));
    const char *said;

    send(scene, body->data, body->size, &call);
    said = trn_bytes_text(&call.answer);
    (void)
        snprintf(verdict, sizeof verdict, "[\"v\",0,\"rejected\",\"%s\",", tern_status_code(code));
    if (call.status != 200 || strstr(said, verdict) == NULL || strstr(said, word) == NULL) {
        fail_msg("%u: '%s' does not say %s and '%s'", call.status, said, verdict, word);
    }
    CHECK(strstr(said, "[\"v\",1,\"applied\"") != NULL);
    CHECK(strstr(said, "WORD") == NULL && strstr(said, "SECRET") == NULL);
    trn_sync_call_free(&call);
    CHECK_TEXT(server_ask(&scene->world, "SELECT name FROM users WHERE id = @p"), "beside it");
    CHECK_TEXT(server_ask(&scene->world, "SELECT * FROM notes ORDER BY id"), notes);
    free(notes);
    trn_bytes_free(body);
}

TEST(what_is_wrong_with_one_transaction_rejects_it_alone_and_names_the_place)
{
    static const struct {
        const char *from;
        const char *to;
        tern_status code;
        const char *word;
    } cases[] = {
        {"[\"i\",3,", "[\"i\",99,", TERN_ERR_UNKNOWN_TABLE, "table"},
        {",5,\"WORD\",null]", ",5,\"WORD\",null,1]", TERN_ERR_UNKNOWN_COLUMN, "notes"},
        {",5,\"WORD\",null]", ",5,\"WORD\"]", TERN_ERR_UNKNOWN_COLUMN, "notes"},
        {",5,\"WORD\",", ",\"5\",\"WORD\",", TERN_ERR_TYPE, "place"},
        {",\"WORD\",", ",null,", TERN_ERR_NOT_NULL, "notes.title"},
        {",\"WORD\",", ",17,", TERN_ERR_TYPE, "title"},
        {"WORD",
         "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
         "8901234567890123456789012345678901234567890123456789012345678901234567890123456789012345"
         "678901234567890123456789012345678901234567890123456789",
         TERN_ERR_LENGTH,
         "notes.title"},
        /* The owner is in existence's part: the row would be another's. */
        {"\"cAAAAAAAQACAAAAAAAAAcA\",5,",
         "\"cAAAAAAAQACAAAAAAAAAcQ\",5,",
         TERN_ERR_FORBIDDEN,
         "notes"},
        {"\"cAAAAAAAQACAAAAAAAAAcA\",5,",
         "\"cAAAAAAAQACAAAAAAAAAzz\",5,",
         TERN_ERR_TYPE,
         "owner_id"},
        {"[\"i\",3,\"AAAAAAAAQACAAAAAAAAAAQ\"",
         "[\"i\",3,\"AAAAAAAAQACAAAAAAAAACQ\"", /* the id of q's note */
         TERN_ERR_FORBIDDEN,
         "notes"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene scene;
        struct trn_bytes body;

        begin(&scene);
        body = spoilt(&scene, cases[i].from, cases[i].to);
        check_rejected(&scene, &body, cases[i].code, cases[i].word);
        trn_bytes_free(&scene.good);
        device_end(&scene.phone);
        device_end(&scene.victim);
        world_end(&scene.world);
    }
}

static const char *const theft[] = {
    "[\"u\",3,\"AAAAAAAAQACAAAAAAAAACQ\",2,0,\"stolen\"]",
    "[\"d\",3,\"AAAAAAAAQACAAAAAAAAACQ\",0]",
    "[\"n\",3,\"AAAAAAAAQACAAAAAAAAACQ\",0]",
    "[\"u\",0,\"cAAAAAAAQACAAAAAAAAAcQ\",1,0,\"PATIENT\",\"stolen\"]",
    /* A comment of one's own on another's note. */
    "[\"i\",4,\"AAAAAAAAQACAAAAAAAAAEQ\",1763600000000000,\"AAAAAAAAQACAAAAAAAAACQ\",\"mine\"]",
};

TEST(a_row_of_another_user_is_neither_changed_nor_referred_to_nor_told_of)
{
    for (size_t i = 0; i < sizeof theft / sizeof *theft; i++) {
        struct scene scene;
        struct trn_bytes body;
        struct trn_sync_call call;
        const char *said;
        const char *line;
        char from[400];
        char *before;

        begin(&scene);
        line = strstr(trn_bytes_text(&scene.good), "[\"i\",3,");
        CHECK(line != NULL);
        (void)snprintf(from, sizeof from, "%.*s", (int)strcspn(line, "\n"), line);
        body = spoilt(&scene, from, theft[i]);
        before = strdup(server_ask(&scene.world,
                                   "SELECT id, title, tern_v FROM notes UNION ALL SELECT id, name, "
                                   "tern_v FROM users WHERE id = @q UNION ALL SELECT id, body, "
                                   "tern_v FROM comments"));
        send(&scene, body.data, body.size, &call);
        said = trn_bytes_text(&call.answer);
        if (call.status != 200 || strstr(said, "[\"v\",0,\"rejected\",") == NULL) {
            fail_msg("%s: %s", theft[i], said);
        }
        /* No word tells whether the row is there. */
        CHECK(strstr(said, "SECRET") == NULL && strstr(said, "Dara") == NULL);
        CHECK(strstr(said, "[\"v\",1,\"applied\"") != NULL);
        trn_sync_call_free(&call);
        CHECK_TEXT(server_ask(&scene.world,
                              "SELECT id, title, tern_v FROM notes UNION ALL SELECT id, name, "
                              "tern_v FROM users WHERE id = @q UNION ALL SELECT id, body, "
                              "tern_v FROM comments"),
                   before);
        free(before);
        trn_bytes_free(&body);
        trn_bytes_free(&scene.good);
        device_end(&scene.phone);
        device_end(&scene.victim);
        world_end(&scene.world);
    }
}

TEST(a_reused_tx_id_with_another_body_is_refused_and_the_first_stands)
{
    struct scene scene;
    struct trn_bytes body;
    struct trn_sync_call call;
    char *before;

    begin(&scene);
    send(&scene, scene.good.data, scene.good.size, &call);
    CHECK_INT(call.status, 200);
    CHECK_INT(call.applied, 2);
    trn_sync_call_free(&call);
    before = server_dump(&scene.world, true);
    body = spoilt(&scene, "WORD", "SWORD");
    send(&scene, body.data, body.size, &call);
    CHECK_INT(call.status, 200);
    CHECK(strstr(trn_bytes_text(&call.answer), "[\"v\",0,\"rejected\",\"TX_ID_REUSED\",") != NULL);
    CHECK(strstr(trn_bytes_text(&call.answer), "[\"v\",1,\"duplicate\",") != NULL);
    CHECK(strstr(trn_bytes_text(&call.answer), "SWORD") == NULL);
    trn_sync_call_free(&call);
    trn_bytes_free(&body);
    check_same_rows(server_dump(&scene.world, true), before);
    CHECK_TEXT(server_ask(&scene.world, "SELECT title FROM notes WHERE place = 5"), "WORD");
    end(&scene);
}

TEST(a_stranger_reads_nothing_of_another_s_record)
{
    struct scene scene;
    struct device stranger;

    begin(&scene);
    device_begin(&scene.world, &stranger, "stranger", 's');
    device_sync_well(&stranger);
    CHECK_INT(stranger.rows_received, 0);
    device_close(&stranger);
    CHECK(!file_holds(stranger.path, "SECRET") && !file_holds(stranger.path, "Dara"));
    device_sync_well(&scene.phone);
    CHECK(file_holds(scene.victim.path, "SECRET"));
    CHECK(!file_holds(scene.phone.path, "SECRET") && !file_holds(scene.phone.path, "Dara"));
    device_open(&stranger);
    device_end(&stranger);
    end(&scene);
}
