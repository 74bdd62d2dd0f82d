/* Requests that are no good: each gets its code, and nothing of the database changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "tests/unit/server/lab.h"

struct scene {
    struct lab lab;
    struct phone phone;
    struct trn_bytes good;
};

static void scene_open(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    lab_open(&scene->lab);
    phone_open(&scene->phone, &scene->lab, 1, 1);
    phone_insert_user(&scene->phone, "PATIENT");
    phone_push(&scene->phone);
    phone_insert_prescription(&scene->phone,
                              lab_id('p', 1),
                              scene->phone.auth.user,
                              "\xe1\x9e\x81 one");
    phone_request(&scene->phone, 10, &scene->good);
}

static void scene_close(struct scene *scene)
{
    trn_bytes_free(&scene->good);
    phone_close(&scene->phone);
    lab_close(&scene->lab);
}

/* The status that the bytes get; nothing may have been written. */
static tern_status code_of(struct scene *scene, const void *data, size_t size)
{
    struct reply reply;
    tern_status code;

    phone_send(&scene->phone, trn_slice_make(data, size), &reply);
    code = reply.call.status == 200 ? TERN_OK : reply.call.code;
    CHECK(code == TERN_OK || (reply.call.status >= 400 && reply.call.status < 500));
    CHECK(code == TERN_OK || strcmp(reply.call.media_type, TRN_PROBLEM_TYPE) == 0);
    reply_free(&reply);
    CHECK_INT(lab_number(&scene->lab, "SELECT count(*) FROM tern_entry"), 1);
    return code;
}

/* The good request with one text in it replaced. */
static tern_status code_with(struct scene *scene, const char *from, const char *to)
{
    const char *text = trn_bytes_text(&scene->good);
    const char *at = strstr(text, from);
    struct trn_bytes body = {0};
    tern_status code;

    CHECK(at != NULL);
    CHECK(trn_bytes_append(&body, text, (size_t)(at - text)) == TERN_OK);
    CHECK(trn_bytes_append_text(&body, to) == TERN_OK);
    CHECK(trn_bytes_append_text(&body, at + strlen(from)) == TERN_OK);
    code = code_of(scene, body.data, body.size);
    trn_bytes_free(&body);
    return code;
}

TEST(a_request_truncated_at_any_byte_changes_nothing)
{
    struct scene scene;

    scene_open(&scene);
    for (size_t size = 0; size < scene.good.size; size++) {
        CHECK_INT(code_of(&scene, scene.good.data, size), TERN_ERR_PROTOCOL);
    }
    scene_close(&scene);
}

TEST(malformed_requests_are_told_what_is_wrong_with_them)
{
    struct scene scene;
    static const char nonsense[] = "no request at all\n";
    char *deep;

    scene_open(&scene);
    CHECK_INT(code_of(&scene, nonsense, sizeof(nonsense) - 1), TERN_ERR_PROTOCOL);
    CHECK_INT(code_with(&scene, "\"tern\":1", "\"tern\":2"), TERN_ERR_PROTOCOL);
    CHECK_INT(code_with(&scene, "\"txs\":1", "\"txs\":2"), TERN_ERR_PROTOCOL);
    CHECK_INT(code_with(&scene, "[\"z\",", "[\"z\",7"), TERN_ERR_PROTOCOL);
    CHECK_INT(code_with(&scene, "[\"i\",", "[[],"), TERN_ERR_TOO_DEEP);
    CHECK_INT(code_with(&scene, "\xe1\x9e\x81", "\xff"), TERN_ERR_NOT_UTF8);
    deep = malloc(5000);
    CHECK(deep != NULL);
    memset(deep, '[', 4999);
    deep[4999] = '\0';
    CHECK_INT(code_with(&scene, "\"txs\":1", deep), TERN_ERR_TOO_DEEP);
    free(deep);
    scene_close(&scene);
}

/* What becomes of one entry whose inside is wrong: the others are none of its business. */
static tern_status verdict_with(struct scene *scene, const char *from, const char *to)
{
    const char *text = trn_bytes_text(&scene->good);
    const char *at = strstr(text, from);
    struct trn_bytes body = {0};
    struct reply reply;
    tern_status code;

    CHECK(at != NULL);
    CHECK(trn_bytes_append(&body, text, (size_t)(at - text)) == TERN_OK);
    CHECK(trn_bytes_append_text(&body, to) == TERN_OK);
    CHECK(trn_bytes_append_text(&body, at + strlen(from)) == TERN_OK);
    phone_send(&scene->phone, trn_bytes_slice(&body), &reply);
    CHECK_INT(reply.call.status, 200);
    CHECK_INT(reply.verdict_count, 1);
    CHECK(reply.verdicts[0].kind == TRN_VERDICT_REJECTED);
    code = reply.verdicts[0].code;
    reply_free(&reply);
    trn_bytes_free(&body);
    CHECK_INT(lab_number(&scene->lab, "SELECT count(*) FROM prescriptions"), 0);
    return code;
}

TEST(an_unknown_table_rejects_its_transaction_alone)
{
    struct scene scene;

    scene_open(&scene);
    CHECK_INT(verdict_with(&scene, "[\"i\",2,", "[\"i\",200,"), TERN_ERR_UNKNOWN_TABLE);
    scene_close(&scene);
}

TEST(a_column_too_many_rejects_its_transaction_alone)
{
    struct scene scene;

    scene_open(&scene);
    CHECK_INT(verdict_with(&scene, "[\"i\",2,", "[\"u\",2,"), TERN_ERR_UNKNOWN_COLUMN);
    scene_close(&scene);
}

TEST(a_value_of_another_type_rejects_its_transaction_alone)
{
    struct scene scene;

    scene_open(&scene);
    CHECK_INT(verdict_with(&scene, "\"\xe1\x9e\x81 one\"", "17"), TERN_ERR_TYPE);
    scene_close(&scene);
}

TEST(a_newer_schema_is_asked_to_come_again)
{
    struct scene scene;
    struct trn_bytes body = {0};
    struct reply reply;
    const char *text;
    char *at;

    scene_open(&scene);
    text = trn_bytes_text(&scene.good);
    at = strstr(text, ",1,1,\"01");
    CHECK(at != NULL);
    at[3] = '9';
    phone_send(&scene.phone, trn_bytes_slice(&scene.good), &reply);
    CHECK_INT(reply.call.status, 200);
    CHECK(reply.verdicts[0].kind == TRN_VERDICT_RETRY);
    reply_free(&reply);
    trn_bytes_free(&body);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM tern_entry"), 1);
    scene_close(&scene);
}

TEST(no_message_repeats_what_a_row_holds)
{
    struct scene scene;
    struct reply reply;
    struct trn_change change;

    scene_open(&scene);
    trn_bytes_free(&scene.phone.queue[0].bytes);
    scene.phone.queued = 0;
    change = lab_change(&scene.lab, TRN_OP_INSERT, "prescriptions", lab_id('p', 1));
    lab_set(&change, "patient_id", tern_value_id(&scene.phone.auth.user));
    lab_set(&change, "patient_name", tern_value_text("SECRETNAME"));
    lab_set(&change, "diagnosis", tern_value_text("SECRETDISEASE"));
    lab_set(&change, "status", tern_value_text("SECRETSTATUS"));
    phone_begin(&scene.phone, TRN_ENTRY_RECORDED);
    phone_change(&scene.phone, &change);
    phone_commit(&scene.phone);
    phone_sync(&scene.phone, 0, &reply);
    CHECK(reply.verdicts[0].kind == TRN_VERDICT_REJECTED);
    CHECK(strstr(reply.sentences[0], "SECRET") == NULL);
    CHECK(strstr(reply.sentences[0], "prescriptions.status") != NULL);
    reply_free(&reply);
    scene_close(&scene);
}

/* What the scene's database holds of the round's transaction. */
static int64_t rows_of(struct scene *scene)
{
    return lab_number(&scene->lab, "SELECT count(*) FROM prescriptions");
}

TEST(wherever_memory_runs_out_the_exchange_is_whole_or_did_not_happen)
{
    struct scene scene;

    scene_open(&scene);
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_sync_call call = {.auth = scene.phone.auth};
        struct reply reply;
        int64_t before;

        harness_fault_suspend();
        before = rows_of(&scene);
        phone_insert_prescription(&scene.phone,
                                  lab_id('p', 100 + nth),
                                  scene.phone.auth.user,
                                  "One");
        trn_bytes_clear(&scene.good);
        phone_request(&scene.phone, 10, &scene.good);
        call.request = trn_bytes_slice(&scene.good);
        harness_fault_resume();
        trn_server_handle(scene.lab.server, scene.lab.now_us, &call, 1);
        harness_fault_suspend();
        CHECK(call.status == 200 || call.status == 503);
        CHECK(call.status == 503 || rows_of(&scene) > before);
        trn_sync_call_free(&call);
        /* whatever happened, the same request again ends as one */
        phone_sync(&scene.phone, 10, &reply);
        CHECK_INT(rows_of(&scene), before + (nth == 1 ? 2 : 1));
        reply_free(&reply);
        harness_fault_resume();
    }
    scene_close(&scene);
}
