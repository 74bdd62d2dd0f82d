/* What a transaction costs whose changes wait for one another, counted in the database's calls. */
#include <string.h>

#include "tests/unit/server/lab.h"

enum { MANY = 400 };

static const char document[] =
    "{\"tern\":1,\"name\":\"lists\",\"version\":1,\"users\":{\"table\":\"users\",\"role\":\"role\"}"
    ","
    "\"enums\":[{\"name\":\"Role\",\"values\":[\"PATIENT\"]}],\"tables\":["
    "{\"name\":\"users\",\"scopes\":[\"id\"],\"columns\":["
    "{\"name\":\"role\",\"type\":\"enum\",\"enum\":\"Role\",\"default\":\"PATIENT\"}]},"
    "{\"name\":\"places\",\"scopes\":[\"owner_id\"],"
    "\"unique\":[{\"columns\":[\"owner_id\",\"place\"]}],\"columns\":["
    "{\"name\":\"owner_id\",\"type\":\"uuid\",\"references\":{\"table\":\"users\"},"
    "\"immutable\":true},"
    "{\"name\":\"above_id\",\"type\":\"uuid\",\"nullable\":true,"
    "\"references\":{\"table\":\"places\"}},"
    "{\"name\":\"place\",\"type\":\"integer\",\"nullable\":true}],"
    "\"units\":[{\"name\":\"tree\",\"columns\":[\"above_id\"]},"
    "{\"name\":\"order\",\"columns\":[\"place\"]}]}]}";

struct scene {
    struct lab lab;
    struct phone phone;
};

/* ---- Counting ---- */

static const struct trn_db_ops *real;
static struct trn_db_ops counting;
static unsigned calls;

static tern_status count_read(struct trn_db_view *view,
                              const struct trn_table *table,
                              const tern_id *id,
                              bool *ret_found,
                              struct trn_row *ret_row,
                              tern_error *error)
{
    calls++;
    return real->row_read(view, table, id, ret_found, ret_row, error);
}

static tern_status count_replace(struct trn_db *db,
                                 const struct trn_table *table,
                                 const struct trn_row *row,
                                 tern_error *error)
{
    calls++;
    return real->row_replace(db, table, row, error);
}

static void scene_open(struct scene *scene)
{
    struct trn_schema *schema = NULL;

    CHECK_INT(trn_schema_load(document, strlen(document), &schema, NULL), TERN_OK);
    lab_open(&scene->lab);
    (void)strcat(scene->lab.path, "-lists");
    lab_upgrade(&scene->lab, schema);
    phone_open(&scene->phone, &scene->lab, 1, 1);
    phone_insert_user(&scene->phone, "PATIENT");
    phone_push(&scene->phone);
    real = scene->lab.db->ops;
    counting = *real;
    counting.row_read = count_read;
    counting.row_replace = count_replace;
    scene->lab.db->ops = &counting;
}

static void scene_close(struct scene *scene)
{
    scene->lab.db->ops = real;
    phone_close(&scene->phone);
    lab_close(&scene->lab);
}

/* ---- Changes ---- */

static void add(struct scene *scene, unsigned row, int64_t place, unsigned above)
{
    struct trn_change change = lab_change(&scene->lab, TRN_OP_INSERT, "places", lab_id('p', row));
    tern_id parent = lab_id('p', above);

    lab_set(&change, "owner_id", tern_value_id(&scene->phone.auth.user));
    lab_set(&change, "place", tern_value_integer(place));
    lab_set(&change, "above_id", above == 0 ? tern_value_null() : tern_value_id(&parent));
    phone_change(&scene->phone, &change);
}

static void move(struct scene *scene, unsigned row, int64_t place)
{
    struct trn_change change = lab_change(&scene->lab, TRN_OP_UPDATE, "places", lab_id('p', row));

    lab_set(&change, "place", tern_value_integer(place));
    phone_change(&scene->phone, &change);
}

static void hang(struct scene *scene, unsigned row, unsigned above)
{
    struct trn_change change = lab_change(&scene->lab, TRN_OP_UPDATE, "places", lab_id('p', row));
    tern_id parent = lab_id('p', above);

    lab_set(&change, "above_id", tern_value_id(&parent));
    phone_change(&scene->phone, &change);
}

/* The row that stands at a place of the queue: in steps that never repeat one, so that neither
 * direction of walking them is the right one. */
static unsigned shuffled(unsigned at)
{
    return 1 + at * 157 % MANY;
}

static void add_all(struct scene *scene)
{
    phone_begin(&scene->phone, TRN_ENTRY_RECORDED);
    for (unsigned row = 1; row <= MANY; row++) {
        add(scene, row, row, 0);
    }
    phone_commit(&scene->phone);
    phone_push(&scene->phone);
}

static tern_status push_one(struct scene *scene)
{
    struct reply reply;
    tern_status status;

    phone_commit(&scene->phone);
    calls = 0;
    phone_sync(&scene->phone, 0, &reply);
    CHECK_INT(reply.verdict_count, 1);
    status = reply.verdicts[0].kind == TRN_VERDICT_APPLIED ? TERN_OK : reply.verdicts[0].code;
    reply_free(&reply);
    return status;
}

/* Each row takes the key of the next one, and the first to be told are those that cannot yet. */
TEST(a_list_moved_up_by_one_costs_what_its_rows_cost_in_any_order)
{
    for (int order = 0; order < 2; order++) {
        struct scene scene;

        scene_open(&scene);
        add_all(&scene);
        phone_begin(&scene.phone, TRN_ENTRY_RECORDED);
        for (unsigned at = 0; at < MANY; at++) {
            unsigned row = order == 0 ? at + 1 : shuffled(at);

            move(&scene, row, row + 1);
        }
        CHECK_INT(push_one(&scene), TERN_OK);
        CHECK(calls <= 12 * MANY);
        CHECK_INT(lab_number(&scene.lab, "SELECT sum(place) FROM places"),
                  MANY * (MANY + 1) / 2 + MANY);
        scene_close(&scene);
    }
}

TEST(rows_above_one_another_cost_what_they_cost_in_any_order)
{
    for (int order = 0; order < 2; order++) {
        struct scene scene;

        scene_open(&scene);
        phone_begin(&scene.phone, TRN_ENTRY_RECORDED);
        for (unsigned at = 0; at < MANY; at++) {
            unsigned row = order == 0 ? at + 1 : shuffled(at);

            add(&scene, row, row, row == MANY ? 0 : row + 1);
        }
        CHECK_INT(push_one(&scene), TERN_OK);
        CHECK(calls <= 12 * MANY);
        CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM places"), MANY);
        scene_close(&scene);
    }
}

/* In each pass a row is added, for which the first one waits to hang below it, and that change
 * wakes all that would move it to where another stands. */
TEST(changes_that_are_made_to_wait_again_and_again_reject_their_transaction)
{
    struct scene scene;

    scene_open(&scene);
    add_all(&scene);
    phone_begin(&scene.phone, TRN_ENTRY_RECORDED);
    for (unsigned i = 0; i < MANY; i++) {
        move(&scene, 1, 2);
    }
    for (unsigned row = 1; row <= MANY; row++) {
        add(&scene, MANY + row, MANY + row, row == MANY ? 0 : MANY + row + 1);
    }
    for (unsigned row = 1; row <= MANY; row++) {
        hang(&scene, 1, MANY + row);
    }
    CHECK_INT(push_one(&scene), TERN_ERR_TOO_LARGE);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM places"), MANY);
    scene_close(&scene);
}

TEST(a_change_that_waits_for_what_never_comes_rejects_its_transaction)
{
    struct scene scene;

    scene_open(&scene);
    phone_begin(&scene.phone, TRN_ENTRY_RECORDED);
    add(&scene, 1, 1, 2);
    add(&scene, 3, 3, 0);
    CHECK_INT(push_one(&scene), TERN_ERR_FOREIGN_KEY);
    phone_begin(&scene.phone, TRN_ENTRY_RECORDED);
    add(&scene, 4, 1, 0);
    add(&scene, 5, 1, 0);
    CHECK_INT(push_one(&scene), TERN_ERR_UNIQUE);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM places"), 0);
    scene_close(&scene);
}
