/* What is too large to be told is refused as it comes, from devices that take it, too. */
#include <stdio.h>
#include <string.h>

#include "schema/schema.h"
#include "tests/unit/server/lab.h"

enum { LONG_BYTES = 1048000 };

static char text[LONG_BYTES + 2000];

#define PAGE(n) "{\"name\":\"c" n "\",\"type\":\"text\",\"nullable\":true},"
#define UNIT(n) "{\"name\":\"u" n "\",\"columns\":[\"c" n "\"]},"

static const char document[] =
    "{\"tern\":1,\"name\":\"long\",\"version\":1,\"users\":{\"table\":\"users\",\"role\":\"role\"},"
    "\"enums\":[{\"name\":\"Role\",\"values\":[\"PATIENT\"]}],\"tables\":["
    "{\"name\":\"users\",\"scopes\":[\"id\"],\"columns\":["
    "{\"name\":\"role\",\"type\":\"enum\",\"enum\":\"Role\",\"default\":\"PATIENT\"}]},"
    "{\"name\":\"pages\",\"scopes\":[\"owner_id\"],\"columns\":[" PAGE("0") PAGE("1") PAGE("2")
        PAGE("3") PAGE("4") PAGE("5") PAGE("6")
            PAGE("7") "{\"name\":\"owner_id\",\"type\":\"uuid\","
                      "\"references\":{\"table\":\"users\"},"
                      "\"immutable\":true}],"
                      "\"units\":[" UNIT("0") UNIT("1") UNIT("2") UNIT("3") UNIT("4") UNIT("5")
                          UNIT("6") "{\"name\":\"u7\",\"columns\":[\"c7\"]}]}]}";

struct scene {
    struct lab lab;
    struct phone phone;
    tern_id page;
};

static void scene_open(struct scene *scene)
{
    struct trn_schema *schema = NULL;
    struct trn_change change;

    memset(text, 'x', sizeof text);
    CHECK_INT(trn_schema_load(document, strlen(document), &schema, NULL), TERN_OK);
    lab_open(&scene->lab);
    (void)snprintf(scene->lab.path, sizeof scene->lab.path, "%s/long.db", trn_test_folder());
    lab_upgrade(&scene->lab, schema);
    phone_open(&scene->phone, &scene->lab, 1, 1);
    phone_insert_user(&scene->phone, "PATIENT");
    scene->page = lab_id('p', 1);
    change = lab_change(&scene->lab, TRN_OP_INSERT, "pages", scene->page);
    lab_set(&change, "owner_id", tern_value_id(&scene->phone.auth.user));
    phone_begin(&scene->phone, TRN_ENTRY_RECORDED);
    phone_change(&scene->phone, &change);
    phone_commit(&scene->phone);
    phone_push(&scene->phone);
}

static void scene_close(struct scene *scene)
{
    phone_close(&scene->phone);
    lab_close(&scene->lab);
}

static void write_text(struct scene *scene, size_t column, size_t size, enum trn_entry_kind kind)
{
    char name[] = "c0";
    struct trn_change change = lab_change(&scene->lab, TRN_OP_UPDATE, "pages", scene->page);

    name[1] = (char)('0' + column);
    change.unit = column + 1;
    lab_set(&change, name, (tern_value){.kind = TERN_TEXT, .data = text, .size = size});
    phone_begin(&scene->phone, kind);
    phone_change(&scene->phone, &change);
    phone_commit(&scene->phone);
}

static tern_status verdict_of(struct scene *scene)
{
    struct reply reply;
    tern_status status;

    phone_sync(&scene->phone, 0, &reply);
    CHECK_INT(reply.verdict_count, 1);
    status = reply.verdicts[0].kind == TRN_VERDICT_REJECTED ? reply.verdicts[0].code : TERN_OK;
    reply_free(&reply);
    return status;
}

static void check_pull(struct scene *scene)
{
    struct phone other;
    struct reply reply;

    phone_open(&other, &scene->lab, 1, 2);
    phone_sync(&other, 1000, &reply);
    CHECK_INT(reply.call.status, 200);
    reply_free(&reply);
    phone_close(&other);
}

TEST(edits_that_make_a_row_too_long_together_are_rejected)
{
    struct scene scene;

    scene_open(&scene);
    for (size_t column = 0; column < 7; column++) {
        write_text(&scene, column, LONG_BYTES, TRN_ENTRY_RECORDED);
        CHECK_INT(verdict_of(&scene), TERN_OK);
    }
    write_text(&scene, 7, LONG_BYTES, TRN_ENTRY_RECORDED);
    CHECK_INT(verdict_of(&scene), TERN_ERR_TOO_LARGE);
    write_text(&scene, 7, 17, TRN_ENTRY_RECORDED);
    CHECK_INT(verdict_of(&scene), TERN_OK);
    check_pull(&scene);
    scene_close(&scene);
}
