/* Requests that the server handles in one group. */
#include <string.h>

#include "tests/unit/server/scene.h"

/* Three phones' requests in one group; the middle one's is replaced by `middle` where given. */
static void
send_group(struct scene *scene, struct phone *phones, struct reply replies[3], const char *middle)
{
    struct trn_sync_call calls[3];
    struct trn_bytes bodies[3] = {{0}};

    for (size_t index = 0; index < 3; index++) {
        phone_request(&phones[index], 0, &bodies[index]);
        memset(&calls[index], 0, sizeof(calls[index]));
        calls[index].auth = phones[index].auth;
        calls[index].request =
            index == 1 && middle != NULL ? trn_slice_text(middle) : trn_bytes_slice(&bodies[index]);
    }
    trn_server_handle(scene->lab.server, scene->lab.now_us, calls, 3);
    for (size_t index = 0; index < 3; index++) {
        memset(&replies[index], 0, sizeof(replies[index]));
        replies[index].call = calls[index];
        trn_bytes_free(&bodies[index]);
    }
}

static void open_three(struct scene *scene, struct phone phones[3])
{
    scene_open(scene);
    for (unsigned index = 0; index < 3; index++) {
        phone_open(&phones[index], &scene->lab, 10 + index, 10 + index);
        phone_insert_user(&phones[index], "PATIENT");
    }
}

static void close_three(struct scene *scene, struct phone phones[3], struct reply replies[3])
{
    for (size_t index = 0; index < 3; index++) {
        reply_free(&replies[index]);
        phone_close(&phones[index]);
    }
    scene_close(scene);
}

TEST(requests_of_one_group_are_each_answered_and_counted)
{
    struct scene scene;
    struct phone phones[3];
    struct reply replies[3];

    open_three(&scene, phones);
    send_group(&scene, phones, replies, NULL);
    for (size_t index = 0; index < 3; index++) {
        CHECK_INT(replies[index].call.status, 200);
        CHECK_INT(replies[index].call.applied, 1);
    }
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM users"), 4);
    close_three(&scene, phones, replies);
}

TEST(a_malformed_request_harms_no_other_of_its_group)
{
    struct scene scene;
    struct phone phones[3];
    struct reply replies[3];

    open_three(&scene, phones);
    send_group(&scene, phones, replies, "nonsense\n");
    CHECK_INT(replies[0].call.status, 200);
    CHECK_INT(replies[1].call.status, 400);
    CHECK_INT(replies[2].call.status, 200);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM users"), 3);
    close_three(&scene, phones, replies);
}

TEST(a_rejection_undoes_its_own_writes_and_no_other_s_of_the_group)
{
    struct scene scene;
    struct phone phones[3];
    struct reply replies[3];
    struct trn_change good;
    struct trn_change bad;

    open_three(&scene, phones);
    phone_push(&phones[1]);
    good = lab_change(&scene.lab, TRN_OP_INSERT, "prescriptions", lab_id('p', 8));
    lab_set(&good, "patient_id", tern_value_id(&phones[1].auth.user));
    lab_set(&good, "patient_name", tern_value_text("Undone"));
    bad = lab_change(&scene.lab, TRN_OP_INSERT, "prescriptions", lab_id('p', 9));
    lab_set(&bad, "patient_id", tern_value_id(&phones[0].auth.user));
    lab_set(&bad, "patient_name", tern_value_text("Another user's"));
    phone_begin(&phones[1], TRN_ENTRY_RECORDED);
    phone_change(&phones[1], &good);
    phone_change(&phones[1], &bad);
    phone_commit(&phones[1]);
    send_group(&scene, phones, replies, NULL);
    CHECK_INT(replies[0].call.applied, 1);
    CHECK_INT(replies[1].call.rejected, 1);
    CHECK_INT(replies[1].call.applied, 0);
    CHECK_INT(replies[2].call.applied, 1);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM prescriptions"), 1);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM users"), 4);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM tern_log"), 7);
    close_three(&scene, phones, replies);
}
