/* Requests that the server handles in one group. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/uuid.h"
#include "tests/unit/server/scene.h"

enum { GROUP_CALLS = 4 };

/* Calls that are handled at once. */
struct group {
    struct trn_sync_call calls[GROUP_CALLS];
    struct trn_bytes bodies[GROUP_CALLS];
    size_t count;
};

static void group_add(struct group *group, const struct phone *phone, uint32_t rows)
{
    size_t index = group->count++;

    phone_request(phone, rows, &group->bodies[index]);
    group->calls[index].auth = phone->auth;
    group->calls[index].request = trn_bytes_slice(&group->bodies[index]);
}

static void group_send(struct group *group, struct lab *lab)
{
    trn_server_handle(lab->server, lab->now_us, group->calls, group->count);
    for (size_t index = 0; index < group->count; index++) {
        trn_bytes_free(&group->bodies[index]);
    }
}

static void group_free(struct group *group)
{
    for (size_t index = 0; index < group->count; index++) {
        trn_sync_call_free(&group->calls[index]);
    }
    group->count = 0;
}

/* Three phones' requests in one group; the middle one's is replaced by `middle` where given. */
static void
send_group(struct scene *scene, struct phone *phones, struct reply replies[3], const char *middle)
{
    struct group group = {.count = 0};

    for (size_t index = 0; index < 3; index++) {
        group_add(&group, &phones[index], 0);
    }
    if (middle != NULL) {
        group.calls[1].request = trn_slice_text(middle);
    }
    group_send(&group, &scene->lab);
    for (size_t index = 0; index < 3; index++) {
        memset(&replies[index], 0, sizeof(replies[index]));
        replies[index].call = group.calls[index];
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

/* A transaction of which something is written before it is rejected: so its group is taken twice.
 */
static void insert_half_good(struct phone *phone, tern_id stranger)
{
    struct trn_change good = lab_change(phone->lab, TRN_OP_INSERT, "prescriptions", lab_id('p', 8));
    struct trn_change bad = lab_change(phone->lab, TRN_OP_INSERT, "prescriptions", lab_id('p', 9));

    lab_set(&good, "patient_id", tern_value_id(&phone->auth.user));
    lab_set(&good, "patient_name", tern_value_text("Undone"));
    lab_set(&bad, "patient_id", tern_value_id(&stranger));
    lab_set(&bad, "patient_name", tern_value_text("Another user's"));
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &good);
    phone_change(phone, &bad);
    phone_commit(phone);
}

TEST(a_rejection_undoes_its_own_writes_and_no_other_s_of_the_group)
{
    struct scene scene;
    struct phone phones[3];
    struct reply replies[3];

    open_three(&scene, phones);
    phone_push(&phones[1]);
    insert_half_good(&phones[1], phones[0].auth.user);
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

#define EPOCH "SELECT hex(value) FROM tern_meta WHERE key = 'epoch'"

/* The epoch that an answer is of, in capitals as SQL has it. */
static const char *epoch_of(const struct lab *lab, const struct trn_sync_call *call)
{
    static char epoch[TRN_EPOCH_BYTES];
    struct trn_answer_reader reader = {.schema = NULL};

    CHECK_INT(call->status, 200);
    CHECK(trn_answer_open(&reader, lab->schema, trn_bytes_slice(&call->answer), NULL) == TERN_OK);
    for (size_t index = 0; index < sizeof(epoch); index++) {
        epoch[index] = (char)toupper((unsigned char)reader.envelope.epoch[index]);
    }
    trn_answer_close(&reader);
    return epoch;
}

/* Four phones of four users, all of them synced, and a server that has forgotten what the second
 * wrote last; each of the others has something to send. */
struct ruin {
    struct lab lab;
    struct phone phones[4];
    char before[TRN_EPOCH_BYTES];
};

static void ruin_open(struct ruin *ruin)
{
    struct reply reply;

    lab_open(&ruin->lab);
    for (unsigned index = 0; index < 4; index++) {
        phone_open(&ruin->phones[index], &ruin->lab, 10 + index, 10 + index);
        phone_insert_user(&ruin->phones[index], "PATIENT");
        phone_sync(&ruin->phones[index], 100, &reply);
        reply_free(&reply);
    }
    lab_backup(&ruin->lab);
    phone_insert_prescription(&ruin->phones[1], lab_id('p', 1), ruin->phones[1].auth.user, "Lost");
    phone_sync(&ruin->phones[1], 100, &reply);
    reply_free(&reply);
    lab_restore(&ruin->lab);
    for (unsigned index = 0; index < 4; index += index == 0 ? 2 : 1) {
        phone_insert_prescription(&ruin->phones[index],
                                  lab_id('q', index),
                                  ruin->phones[index].auth.user,
                                  "New");
    }
    (void)snprintf(ruin->before, sizeof(ruin->before), "%s", lab_text(&ruin->lab, EPOCH));
}

static void ruin_close(struct ruin *ruin)
{
    for (size_t index = 0; index < 4; index++) {
        phone_close(&ruin->phones[index]);
    }
    lab_close(&ruin->lab);
}

/* The second proves it, the fourth begins afresh. */
static void begin_epoch_amid(bool undone)
{
    struct ruin ruin;
    struct group group = {.count = 0};

    ruin_open(&ruin);
    trn_bytes_clear(&ruin.phones[3].cursor);
    if (undone) {
        insert_half_good(&ruin.phones[3], ruin.phones[0].auth.user);
    }
    for (size_t index = 0; index < 4; index++) {
        group_add(&group, &ruin.phones[index], 100);
    }
    group_send(&group, &ruin.lab);
    CHECK(strcmp(lab_text(&ruin.lab, EPOCH), ruin.before) != 0);
    CHECK_TEXT(epoch_of(&ruin.lab, &group.calls[0]), ruin.before);
    CHECK_INT(group.calls[0].applied, 1);
    CHECK_INT(group.calls[1].code, TERN_ERR_EPOCH_CHANGED);
    CHECK_INT(group.calls[2].code, TERN_ERR_EPOCH_CHANGED);
    CHECK_INT(group.calls[2].applied, 0);
    CHECK_TEXT(epoch_of(&ruin.lab, &group.calls[3]), lab_text(&ruin.lab, EPOCH));
    CHECK_INT(group.calls[3].applied, 1);
    CHECK_INT(group.calls[3].rejected, undone);
    CHECK_INT(lab_number(&ruin.lab, "SELECT count(*) FROM prescriptions"), 2);
    CHECK_INT(phone_refused(&ruin.phones[0], 100), TERN_ERR_EPOCH_CHANGED);
    group_free(&group);
    ruin_close(&ruin);
}

TEST(what_was_judged_before_an_epoch_began_in_its_group_is_answered_in_the_one_before)
{
    begin_epoch_amid(false);
}

TEST(an_epoch_that_began_in_a_group_taken_twice_is_one)
{
    begin_epoch_amid(true);
}

static tern_status fail_to_commit(struct trn_db *db, tern_error *error)
{
    db->ops->rollback(db);
    return trn_fail(error, TERN_ERR_IO, "the disk is gone");
}

TEST(a_group_whose_commit_fails_leaves_nothing_and_says_so_to_all)
{
    struct ruin ruin;
    struct group group = {.count = 0};
    struct trn_db_ops failing;
    const struct trn_db_ops *sound;

    ruin_open(&ruin);
    sound = ruin.lab.db->ops;
    failing = *sound;
    failing.commit = fail_to_commit;
    ruin.lab.db->ops = &failing;
    trn_bytes_clear(&ruin.phones[3].cursor);
    for (size_t index = 0; index < 4; index++) {
        group_add(&group, &ruin.phones[index], 100);
    }
    group_send(&group, &ruin.lab);
    ruin.lab.db->ops = sound;
    for (size_t index = 0; index < 4; index++) {
        CHECK_INT(group.calls[index].status, 503);
        CHECK_INT(group.calls[index].code, TERN_ERR_UNAVAILABLE);
        CHECK_INT(group.calls[index].applied, 0);
        CHECK_INT(group.calls[index].rows, 0);
    }
    CHECK_TEXT(lab_text(&ruin.lab, EPOCH), ruin.before);
    CHECK_INT(lab_number(&ruin.lab, "SELECT count(*) FROM prescriptions"), 0);
    CHECK_INT(lab_number(&ruin.lab, "SELECT count(*) FROM tern_entry"), 4);
    group_free(&group);
    phone_push(&ruin.phones[2]);
    CHECK_INT(phone_refused(&ruin.phones[1], 100), TERN_ERR_EPOCH_CHANGED);
    ruin_close(&ruin);
}

TEST(a_device_that_sends_twice_in_one_group_is_told_the_same_twice)
{
    struct scene scene;
    struct group group = {.count = 0};

    scene_open(&scene);
    phone_insert_prescription(&scene.phone, lab_id('p', 2), scene.phone.auth.user, "Two");
    group_add(&group, &scene.phone, 100);
    phone_insert_prescription(&scene.phone, lab_id('p', 3), scene.phone.auth.user, "Three");
    group_add(&group, &scene.phone, 100);
    group_add(&group, &scene.phone, 100);
    group_send(&group, &scene.lab);
    CHECK_INT(group.calls[0].status, 200);
    CHECK_INT(group.calls[0].applied, 1);
    CHECK_INT(group.calls[1].applied, 1);
    CHECK_INT(group.calls[1].duplicates, 1);
    CHECK_INT(group.calls[2].applied, 0);
    CHECK_INT(group.calls[2].duplicates, 2);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM prescriptions"), 3);
    group_free(&group);
    scene_close(&scene);
}

/* Its first is taken, and what follows under the id finds it retired. */
TEST(copies_of_a_replica_are_told_apart_within_a_group)
{
    struct scene scene;
    struct phone copy;
    struct group group = {.count = 0};

    scene_open(&scene);
    phone_open(&copy, &scene.lab, 1, 1);
    copy.ordinal = scene.phone.ordinal;
    copy.top = scene.phone.top;
    copy.acked = scene.phone.acked;
    copy.salt = 1;
    phone_insert_prescription(&scene.phone, lab_id('p', 2), scene.phone.auth.user, "Two");
    phone_insert_prescription(&copy, lab_id('p', 3), scene.phone.auth.user, "Three");
    group_add(&group, &scene.phone, 100);
    group_add(&group, &copy, 100);
    group_add(&group, &scene.phone, 100);
    group_send(&group, &scene.lab);
    CHECK_INT(group.calls[0].status, 200);
    CHECK_INT(group.calls[0].applied, 1);
    CHECK_INT(group.calls[1].code, TERN_ERR_DEVICE_CLONED);
    CHECK_INT(group.calls[2].code, TERN_ERR_DEVICE_CLONED);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM prescriptions"), 2);
    group_free(&group);
    phone_close(&copy);
    scene_close(&scene);
}

/* A doctor to whom the scene's patient has opened the record, and who holds it. */
static void open_to_doctor(struct scene *scene, struct phone *doctor)
{
    struct reply reply;

    scene_open(scene);
    phone_open(doctor, &scene->lab, 3, 3);
    doctor->auth.role = "DOCTOR";
    phone_insert_user(doctor, "DOCTOR");
    phone_push(doctor);
    phone_insert_connection(&scene->phone, doctor->auth.user, scene->phone.auth.user, "ACCEPTED");
    phone_push(&scene->phone);
    phone_sync(doctor, 100, &reply);
    CHECK_INT(reply_count(&reply, "prescriptions"), 1);
    reply_free(&reply);
}

static void revoke(struct phone *patient, const struct phone *doctor)
{
    tern_id id = lab_connection_id(patient->lab, doctor->auth.user, patient->auth.user);
    struct trn_change change = lab_change(patient->lab, TRN_OP_UPDATE, "connections", id);

    lab_set(&change, "initiator_id", tern_value_id(&doctor->auth.user));
    lab_set(&change, "recipient_id", tern_value_id(&patient->auth.user));
    lab_set(&change, "requested_at", tern_value_integer(LAB_START_US));
    lab_set(&change, "status", tern_value_text("REVOKED"));
    phone_begin(patient, TRN_ENTRY_RECORDED);
    phone_change(patient, &change);
    phone_commit(patient);
}

/* The lines of an answer that say that a record is closed. */
static size_t count_gone(const struct trn_sync_call *call)
{
    const char *at = trn_bytes_text(&call->answer);
    size_t count = 0;

    CHECK_INT(call->status, 200);
    while ((at = strstr(at, "\n[\"g\",")) != NULL) {
        at++;
        count++;
    }
    return count;
}

TEST(a_grant_taken_in_a_group_lets_in_what_came_before_and_shows_nothing_more)
{
    struct scene scene;
    struct phone doctor;
    struct group group = {.count = 0};

    open_to_doctor(&scene, &doctor);
    phone_insert_prescription(&doctor, lab_id('p', 2), scene.phone.auth.user, "In time");
    group_add(&group, &doctor, 100);
    phone_insert_prescription(&scene.phone, lab_id('p', 4), scene.phone.auth.user, "Unshown");
    revoke(&scene.phone, &doctor);
    group_add(&group, &scene.phone, 100);
    phone_insert_prescription(&doctor, lab_id('p', 3), scene.phone.auth.user, "Too late");
    group_add(&group, &doctor, 100);
    group_send(&group, &scene.lab);
    CHECK_INT(group.calls[0].applied, 1);
    CHECK_INT(count_gone(&group.calls[0]), 1);
    CHECK(strstr(trn_bytes_text(&group.calls[0].answer), "Unshown") == NULL);
    CHECK_INT(group.calls[1].applied, 2);
    CHECK(strstr(trn_bytes_text(&group.calls[1].answer), "In time") != NULL);
    CHECK_INT(group.calls[2].duplicates, 1);
    CHECK_INT(group.calls[2].rejected, 1);
    CHECK_INT(count_gone(&group.calls[2]), 1);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM prescriptions"), 3);
    group_free(&group);
    phone_close(&doctor);
    scene_close(&scene);
}
