/* What a push can do to, or learn of, records that are not open to its user: nothing. */
#include <stdio.h>

#include "base/uuid.h"
#include "tests/unit/server/scene.h"

enum { ANSWER_BYTES = 1024 };

/* What the server says to the change, alone and before one that is wrong whatever stands before it.
 */
static void
answer_to(struct phone *stranger, const struct trn_change *change, char ret_text[ANSWER_BYTES])
{
    struct trn_change wrong = lab_change(stranger->lab, TRN_OP_DELETE, "users", lab_id('u', 99));
    struct reply reply;

    phone_begin(stranger, TRN_ENTRY_RECORDED);
    phone_change(stranger, change);
    phone_commit(stranger);
    phone_begin(stranger, TRN_ENTRY_RECORDED);
    phone_change(stranger, change);
    phone_change(stranger, &wrong);
    phone_commit(stranger);
    phone_sync(stranger, 0, &reply);
    CHECK_INT(reply.verdict_count, 2);
    CHECK(reply.verdicts[0].kind == TRN_VERDICT_REJECTED);
    (void)snprintf(ret_text,
                   ANSWER_BYTES,
                   "%d %d %s; %d %d %s",
                   (int)reply.verdicts[0].code,
                   (int)reply.verdicts[0].change,
                   reply.sentences[0],
                   (int)reply.verdicts[1].code,
                   (int)reply.verdicts[1].change,
                   reply.sentences[1]);
    reply_free(&reply);
}

/* A medication lies in the record that its prescription lies in. */
static void answer_to_a_parent(struct phone *stranger, tern_id guess, char ret_text[ANSWER_BYTES])
{
    struct trn_change change =
        lab_change(stranger->lab, TRN_OP_INSERT, "medications", lab_id('m', 8));

    lab_set(&change, "prescription_id", tern_value_id(&guess));
    lab_set(&change, "row_number", tern_value_integer(1));
    lab_set(&change, "medicine_name", tern_value_text("Aspirin"));
    answer_to(stranger, &change, ret_text);
}

/* A dose of the stranger's own lies in their record, and names a prescription. */
static void answer_to_a_target(struct phone *stranger, tern_id guess, char ret_text[ANSWER_BYTES])
{
    struct trn_change change =
        lab_change(stranger->lab, TRN_OP_INSERT, "dose_events", lab_id('?', 0));
    tern_id nowhere = lab_id('m', 99);
    bool derived = false;

    lab_set(&change, "prescription_id", tern_value_id(&guess));
    lab_set(&change, "medication_id", tern_value_id(&nowhere));
    lab_set(&change, "patient_id", tern_value_id(&stranger->auth.user));
    lab_set(&change, "scheduled_time", tern_value_integer(LAB_START_US));
    lab_set(&change, "local_date", tern_value_text("2026-01-02"));
    lab_set(&change, "slot", tern_value_text("MORNING"));
    lab_set(&change, "time_period", tern_value_text("DAYTIME"));
    lab_set(&change, "grace_minutes", tern_value_integer(30));
    CHECK(trn_natural_id(change.table, change.values, &derived, &change.id, NULL) == TERN_OK);
    answer_to(stranger, &change, ret_text);
}

TEST(a_guess_at_a_parent_in_another_record_tells_nothing)
{
    struct scene scene;
    struct phone stranger;
    char there[ANSWER_BYTES];
    char nowhere[ANSWER_BYTES];

    scene_open(&scene);
    phone_open(&stranger, &scene.lab, 2, 2);
    phone_insert_user(&stranger, "PATIENT");
    phone_push(&stranger);
    answer_to_a_parent(&stranger, scene.prescription, there);
    answer_to_a_parent(&stranger, lab_id('p', 99), nowhere);
    CHECK_TEXT(there, nowhere);
    answer_to_a_target(&stranger, scene.prescription, there);
    answer_to_a_target(&stranger, lab_id('p', 99), nowhere);
    CHECK_TEXT(there, nowhere);
    phone_close(&stranger);
    scene_close(&scene);
}

TEST(rows_of_another_user_can_neither_be_written_nor_referenced)
{
    struct scene scene;
    struct phone stranger;
    struct trn_change gone;

    scene_open(&scene);
    phone_open(&stranger, &scene.lab, 2, 2);
    phone_insert_user(&stranger, "PATIENT");
    phone_push(&stranger);
    phone_update_dose(&stranger, scene.dose, 4, "SKIPPED", TRN_ENTRY_RECORDED);
    CHECK_INT(phone_code(&stranger), TERN_ERR_FORBIDDEN);
    gone = lab_change(&scene.lab, TRN_OP_DELETE, "prescriptions", scene.prescription);
    phone_begin(&stranger, TRN_ENTRY_RECORDED);
    phone_change(&stranger, &gone);
    phone_commit(&stranger);
    CHECK_INT(phone_code(&stranger), TERN_ERR_FORBIDDEN);
    phone_insert_prescription(&stranger, lab_id('p', 3), scene.phone.auth.user, "Forged");
    CHECK_INT(phone_code(&stranger), TERN_ERR_FORBIDDEN);
    (void)phone_insert_dose(&stranger, lab_id('p', 3), scene.medication);
    CHECK_INT(phone_code(&stranger), TERN_ERR_FORBIDDEN);
    CHECK_TEXT(lab_text(&scene.lab, "SELECT status FROM dose_events"), "DUE");
    phone_close(&stranger);
    scene_close(&scene);
}

TEST(another_user_s_row_is_no_foreign_key_target)
{
    struct scene scene;
    struct phone stranger;
    tern_id own = lab_id('p', 2);

    scene_open(&scene);
    phone_open(&stranger, &scene.lab, 2, 2);
    phone_insert_user(&stranger, "PATIENT");
    phone_insert_prescription(&stranger, own, stranger.auth.user, "Own");
    phone_push(&stranger);
    scene.phone.auth.user = stranger.auth.user; /* its dose names the stranger as patient */
    (void)phone_insert_dose(&stranger, own, lab_id('m', 77));
    CHECK_INT(phone_code(&stranger), TERN_ERR_FOREIGN_KEY);
    phone_close(&stranger);
    scene_close(&scene);
}

TEST(a_user_may_not_make_itself_more_than_its_token_says)
{
    struct lab lab;
    struct phone doctor;

    lab_open(&lab);
    phone_open(&doctor, &lab, 3, 3);
    phone_insert_user(&doctor, "DOCTOR");
    CHECK_INT(phone_code(&doctor), TERN_ERR_FORBIDDEN);
    doctor.auth.role = "DOCTOR";
    phone_insert_user(&doctor, "DOCTOR");
    CHECK_INT(phone_code(&doctor), TERN_OK);
    CHECK_TEXT(lab_text(&lab, "SELECT role FROM users"), "DOCTOR");
    phone_close(&doctor);
    lab_close(&lab);
}

TEST(a_doctor_cannot_open_a_patient_s_record_for_itself)
{
    struct scene scene;
    struct phone doctor;

    scene_open(&scene);
    phone_open(&doctor, &scene.lab, 3, 3);
    doctor.auth.role = "DOCTOR";
    phone_insert_user(&doctor, "DOCTOR");
    phone_push(&doctor);
    phone_insert_connection(&doctor, doctor.auth.user, scene.phone.auth.user, "ACCEPTED");
    CHECK_INT(phone_code(&doctor), TERN_ERR_FORBIDDEN);
    phone_insert_connection(&doctor, doctor.auth.user, scene.phone.auth.user, "PENDING");
    CHECK_INT(phone_code(&doctor), TERN_OK);
    phone_insert_prescription(&doctor, lab_id('p', 5), scene.phone.auth.user, "One");
    CHECK_INT(phone_code(&doctor), TERN_ERR_FORBIDDEN);
    phone_close(&doctor);
    scene_close(&scene);
}
