/* What a device is sent: its own record, what is granted, nothing else, and each row once. */
#include <string.h>

#include "base/uuid.h"
#include "tests/unit/server/lab.h"

static void write_some(struct phone *phone, unsigned prescriptions)
{
    phone_insert_user(phone, "PATIENT");
    for (unsigned number = 1; number <= prescriptions; number++) {
        phone_insert_prescription(phone, lab_id('p', number), phone->auth.user, "One");
    }
}

static void fill(struct phone *phone, unsigned prescriptions)
{
    write_some(phone, prescriptions);
    phone_push(phone);
}

TEST(a_new_device_is_sent_the_whole_record)
{
    struct lab lab;
    struct phone first;
    struct phone second;
    struct reply reply;
    tern_id third = lab_id('p', 3);

    lab_open(&lab);
    phone_open(&first, &lab, 1, 1);
    phone_open(&second, &lab, 1, 2);
    fill(&first, 3);
    phone_sync(&second, 100, &reply);
    CHECK_INT(reply.rows, 4);
    CHECK_INT(reply.fresh, 1);
    CHECK_INT(reply.completes, 1);
    CHECK(!reply.more);
    CHECK(reply_has_text(&reply, "prescriptions", &third, "patient_name", "One"));
    reply_free(&reply);
    phone_sync(&second, 100, &reply);
    CHECK_INT(reply.rows, 0);
    CHECK_INT(reply.scopes, 0);
    reply_free(&reply);
    phone_close(&first);
    phone_close(&second);
    lab_close(&lab);
}

TEST(a_record_comes_in_pages_and_each_row_once)
{
    struct lab lab;
    struct phone first;
    struct phone second;
    struct reply reply;
    size_t rows = 0;
    size_t pages = 0;
    size_t completes = 0;

    lab_open(&lab);
    phone_open(&first, &lab, 1, 1);
    phone_open(&second, &lab, 1, 2);
    fill(&first, 20);
    do {
        phone_sync(&second, 4, &reply);
        CHECK(reply.rows <= 4);
        CHECK_INT(reply.fresh, pages == 0 ? 1 : 0);
        rows += reply.rows;
        completes += reply.completes;
        pages++;
        reply_free(&reply);
    } while (reply.more && pages < 50);
    CHECK_INT(rows, 21);
    CHECK_INT(completes, 1);
    phone_close(&first);
    phone_close(&second);
    lab_close(&lab);
}

TEST(a_page_may_end_inside_one_transaction)
{
    struct lab lab;
    struct phone first;
    struct phone second;
    struct reply reply;
    size_t rows = 0;
    bool more = true;

    lab_open(&lab);
    phone_open(&first, &lab, 1, 1);
    phone_open(&second, &lab, 1, 2);
    fill(&first, 0);
    phone_begin(&first, TRN_ENTRY_RECORDED);
    for (unsigned number = 0; number < 10; number++) {
        struct trn_change change =
            lab_change(&lab, TRN_OP_INSERT, "prescriptions", lab_id('p', number));

        lab_set(&change, "patient_id", tern_value_id(&first.auth.user));
        lab_set(&change, "patient_name", tern_value_text("Bulk"));
        phone_change(&first, &change);
    }
    phone_commit(&first);
    phone_push(&first);
    while (more) {
        phone_sync(&second, 3, &reply);
        rows += reply.rows;
        more = reply.more;
        reply_free(&reply);
    }
    CHECK_INT(rows, 11);
    phone_close(&first);
    phone_close(&second);
    lab_close(&lab);
}

TEST(rows_that_a_device_wrote_alone_are_not_sent_back_to_it)
{
    struct lab lab;
    struct phone first;
    struct phone second;
    struct reply reply;
    tern_id changed = lab_id('p', 2);
    struct trn_change change;

    lab_open(&lab);
    phone_open(&first, &lab, 1, 1);
    phone_open(&second, &lab, 1, 2);
    phone_sync(&first, 100, &reply);
    CHECK_INT(reply.completes, 1);
    reply_free(&reply);
    write_some(&first, 3);
    phone_sync(&first, 100, &reply);
    CHECK_INT(reply.verdict_count, 4);
    CHECK_INT(reply.rows, 0);
    reply_free(&reply);
    change = lab_change(&lab, TRN_OP_UPDATE, "prescriptions", changed);
    lab_set(&change, "status", tern_value_text("PAUSED"));
    phone_begin(&second, TRN_ENTRY_RECORDED);
    phone_change(&second, &change);
    phone_commit(&second);
    phone_push(&second);
    phone_sync(&first, 100, &reply);
    CHECK_INT(reply_count(&reply, "prescriptions"), 1);
    CHECK(reply_has_text(&reply, "prescriptions", &changed, "status", "PAUSED"));
    reply_free(&reply);
    phone_close(&first);
    phone_close(&second);
    lab_close(&lab);
}

TEST(a_stranger_is_sent_nothing)
{
    struct lab lab;
    struct phone patient;
    struct phone stranger;
    struct reply reply;

    lab_open(&lab);
    phone_open(&patient, &lab, 1, 1);
    phone_open(&stranger, &lab, 2, 2);
    fill(&patient, 3);
    phone_sync(&stranger, 100, &reply);
    CHECK_INT(reply.rows, 0);
    CHECK_INT(reply.completes, 1);
    reply_free(&reply);
    phone_close(&patient);
    phone_close(&stranger);
    lab_close(&lab);
}

/* A patient and a doctor who asked to be connected. */
static void acquaint(struct lab *lab, struct phone *patient, struct phone *doctor)
{
    phone_open(patient, lab, 1, 1);
    phone_open(doctor, lab, 3, 3);
    doctor->auth.role = "DOCTOR";
    fill(patient, 2);
    phone_insert_user(doctor, "DOCTOR");
    phone_insert_connection(doctor, doctor->auth.user, patient->auth.user, "PENDING");
    phone_push(doctor);
}

static void set_status(struct phone *patient, const struct phone *doctor, const char *status)
{
    struct trn_change change =
        lab_change(patient->lab,
                   TRN_OP_UPDATE,
                   "connections",
                   lab_connection_id(patient->lab, doctor->auth.user, patient->auth.user));

    lab_set(&change, "initiator_id", tern_value_id(&doctor->auth.user));
    lab_set(&change, "recipient_id", tern_value_id(&patient->auth.user));
    lab_set(&change, "requested_at", tern_value_integer(LAB_START_US));
    lab_set(&change, "status", tern_value_text(status));
    phone_begin(patient, TRN_ENTRY_RECORDED);
    phone_change(patient, &change);
    phone_commit(patient);
    phone_push(patient);
}

TEST(an_accepted_connection_opens_the_record_and_a_revoked_one_closes_it)
{
    struct lab lab;
    struct phone patient;
    struct phone doctor;
    struct reply reply;

    lab_open(&lab);
    acquaint(&lab, &patient, &doctor);
    phone_sync(&doctor, 100, &reply);
    CHECK_INT(reply_count(&reply, "prescriptions"), 0);
    reply_free(&reply);
    set_status(&patient, &doctor, "ACCEPTED");
    phone_sync(&doctor, 100, &reply);
    CHECK_INT(reply_count(&reply, "prescriptions"), 2);
    CHECK_INT(reply.fresh, 1);
    reply_free(&reply);
    phone_sync(&doctor, 100, &reply);
    CHECK_INT(reply.rows, 0);
    reply_free(&reply);
    phone_insert_prescription(&doctor, lab_id('p', 9), patient.auth.user, "By the doctor");
    phone_push(&doctor);
    set_status(&patient, &doctor, "REVOKED");
    phone_insert_prescription(&doctor, lab_id('p', 10), patient.auth.user, "Too late");
    phone_sync(&doctor, 100, &reply);
    CHECK_INT(reply.verdicts[0].code, TERN_ERR_FORBIDDEN);
    CHECK_INT(reply.gones, 1);
    CHECK_INT(reply_count(&reply, "prescriptions"), 0);
    CHECK_INT(reply_count(&reply, "connections"), 1);
    reply_free(&reply);
    phone_close(&patient);
    phone_close(&doctor);
    lab_close(&lab);
}

TEST(a_grant_given_anew_sends_the_record_anew)
{
    struct lab lab;
    struct phone patient;
    struct phone doctor;
    struct reply reply;

    lab_open(&lab);
    acquaint(&lab, &patient, &doctor);
    set_status(&patient, &doctor, "ACCEPTED");
    phone_sync(&doctor, 100, &reply);
    reply_free(&reply);
    set_status(&patient, &doctor, "REVOKED");
    set_status(&patient, &doctor, "ACCEPTED");
    phone_sync(&doctor, 100, &reply);
    CHECK_INT(reply.gones, 0);
    CHECK_INT(reply.fresh, 1);
    CHECK_INT(reply_count(&reply, "prescriptions"), 2);
    reply_free(&reply);
    phone_close(&patient);
    phone_close(&doctor);
    lab_close(&lab);
}

/* A doctor with the records of two patients, the second's of a version that the device has yet to
 * be sent. */
TEST(a_record_whose_turn_has_not_come_is_named_when_it_closes)
{
    struct lab lab;
    struct phone doctor;
    struct phone patients[2];
    struct reply reply;

    lab_open(&lab);
    acquaint(&lab, &patients[0], &doctor);
    phone_open(&patients[1], &lab, 2, 2);
    phone_insert_user(&patients[1], "PATIENT");
    phone_push(&patients[1]);
    phone_insert_connection(&doctor, doctor.auth.user, patients[1].auth.user, "PENDING");
    phone_push(&doctor);
    set_status(&patients[0], &doctor, "ACCEPTED");
    set_status(&patients[1], &doctor, "ACCEPTED");
    phone_sync(&doctor, 100, &reply);
    CHECK_INT(reply.fresh, 3);
    reply_free(&reply);
    set_status(&patients[1], &doctor, "REVOKED");
    set_status(&patients[1], &doctor, "ACCEPTED");
    for (unsigned number = 10; number < 16; number++) {
        phone_insert_prescription(&patients[0],
                                  lab_id('p', number),
                                  patients[0].auth.user,
                                  "More than a page");
    }
    phone_push(&patients[0]);
    phone_sync(&doctor, 3, &reply);
    CHECK(reply.more);
    CHECK_INT(reply.fresh, 0);
    reply_free(&reply);
    set_status(&patients[1], &doctor, "REVOKED");
    phone_sync(&doctor, 100, &reply);
    CHECK_INT(reply.gones, 1);
    reply_free(&reply);
    phone_close(&patients[0]);
    phone_close(&patients[1]);
    phone_close(&doctor);
    lab_close(&lab);
}

TEST(a_cursor_of_another_device_or_a_forged_one_is_refused)
{
    struct lab lab;
    struct phone first;
    struct phone second;
    struct trn_bytes body = {0};
    struct reply reply;

    lab_open(&lab);
    phone_open(&first, &lab, 1, 1);
    phone_open(&second, &lab, 1, 2);
    fill(&first, 1);
    phone_request(&first, 10, &body);
    for (size_t byte = 0; byte < first.cursor.size; byte++) {
        uint8_t kept = first.cursor.data[byte];

        first.cursor.data[byte] = kept == 'A' ? 'B' : 'A';
        trn_bytes_clear(&body);
        phone_request(&first, 10, &body);
        phone_send(&first, trn_bytes_slice(&body), &reply);
        CHECK_INT(reply.call.code, TERN_ERR_CURSOR);
        CHECK_INT(reply.call.status, 400);
        reply_free(&reply);
        first.cursor.data[byte] = kept;
    }
    CHECK(trn_bytes_append_slice(&second.cursor, trn_bytes_slice(&first.cursor)) == TERN_OK);
    trn_bytes_clear(&body);
    phone_request(&second, 10, &body);
    phone_send(&second, trn_bytes_slice(&body), &reply);
    CHECK_INT(reply.call.code, TERN_ERR_CURSOR);
    reply_free(&reply);
    trn_bytes_free(&body);
    phone_close(&first);
    phone_close(&second);
    lab_close(&lab);
}

enum { PATIENTS = 5, PRESCRIPTIONS = 6 };

/* A doctor whom five patients have opened their records to. */
static void practice_open(struct lab *lab, struct phone *doctor, struct phone patients[PATIENTS])
{
    lab_open(lab);
    phone_open(doctor, lab, 100, 100);
    doctor->auth.role = "DOCTOR";
    phone_insert_user(doctor, "DOCTOR");
    phone_push(doctor);
    for (unsigned number = 0; number < PATIENTS; number++) {
        struct phone *patient = &patients[number];

        phone_open(patient, lab, 1 + number, 1 + number);
        phone_insert_user(patient, "PATIENT");
        for (unsigned row = 0; row < PRESCRIPTIONS; row++) {
            phone_insert_prescription(patient,
                                      lab_id('p', 10 * number + row),
                                      patient->auth.user,
                                      "One");
        }
        phone_insert_connection(patient, doctor->auth.user, patient->auth.user, "ACCEPTED");
        phone_push(patient);
    }
}

static void practice_close(struct lab *lab, struct phone *doctor, struct phone patients[PATIENTS])
{
    for (unsigned number = 0; number < PATIENTS; number++) {
        phone_close(&patients[number]);
    }
    phone_close(doctor);
    lab_close(lab);
}

TEST(many_records_come_page_by_page_and_each_is_complete_once)
{
    struct lab lab;
    struct phone doctor;
    struct phone patients[PATIENTS];
    struct reply reply;
    size_t rows = 0;
    size_t fresh = 0;
    size_t completes = 0;
    size_t pages = 0;
    bool more = true;

    practice_open(&lab, &doctor, patients);
    while (more && pages < 100) {
        phone_sync(&doctor, 4, &reply);
        CHECK(reply.rows <= 4);
        rows += reply.rows;
        fresh += reply.fresh;
        completes += reply.completes;
        more = reply.more;
        pages++;
        reply_free(&reply);
    }
    /* the doctor's user and five connections; a patient's user, prescriptions and connection */
    CHECK_INT(rows, 1 + PATIENTS + PATIENTS * (PRESCRIPTIONS + 2));
    CHECK_INT(fresh, 1 + PATIENTS);
    CHECK_INT(completes, 1 + PATIENTS);
    phone_sync(&doctor, 4, &reply);
    CHECK_INT(reply.scopes, 0);
    CHECK(!reply.more);
    reply_free(&reply);
    practice_close(&lab, &doctor, patients);
}

TEST(a_row_that_changes_between_two_pages_is_sent_as_it_became)
{
    struct lab lab;
    struct phone doctor;
    struct phone patients[PATIENTS];
    struct trn_change change;
    struct reply reply;
    tern_id late = lab_id('p', 42);
    bool seen = false;
    bool more = true;

    practice_open(&lab, &doctor, patients);
    for (unsigned page = 0; more && page < 100; page++) {
        phone_sync(&doctor, 4, &reply);
        seen = seen || reply_has_text(&reply, "prescriptions", &late, "status", "PAUSED");
        more = reply.more;
        reply_free(&reply);
        if (page == 9) {
            change = lab_change(&lab, TRN_OP_UPDATE, "prescriptions", late);
            lab_set(&change, "status", tern_value_text("PAUSED"));
            phone_begin(&patients[4], TRN_ENTRY_RECORDED);
            phone_change(&patients[4], &change);
            phone_commit(&patients[4]);
            phone_push(&patients[4]);
        }
    }
    CHECK(seen);
    practice_close(&lab, &doctor, patients);
}

TEST(a_record_closed_halfway_through_its_download_is_named_and_not_gone_on_with)
{
    struct lab lab;
    struct phone doctor;
    struct phone patients[PATIENTS];
    struct trn_change change;
    struct reply reply;
    size_t completes = 0;
    size_t gones = 0;
    bool more = true;

    practice_open(&lab, &doctor, patients);
    phone_sync(&doctor, 8, &reply); /* the doctor's own six rows and two of the first patient's */
    CHECK_INT(reply.completes, 1);
    CHECK_INT(reply.scopes, 2);
    reply_free(&reply);
    change = lab_change(&lab,
                        TRN_OP_DELETE,
                        "connections",
                        lab_connection_id(&lab, doctor.auth.user, patients[0].auth.user));
    change.base = -(int64_t)patients[0].ordinal;
    phone_begin(&patients[0], TRN_ENTRY_RECORDED);
    phone_change(&patients[0], &change);
    phone_commit(&patients[0]);
    phone_push(&patients[0]);
    while (more) {
        phone_sync(&doctor, 100, &reply);
        gones += reply.gones;
        completes += reply.completes;
        more = reply.more;
        CHECK(!reply_has_text(&reply,
                              "users",
                              &patients[0].auth.user,
                              "time_zone",
                              "Asia/Phnom_Penh"));
        reply_free(&reply);
    }
    CHECK_INT(gones, 1);
    CHECK_INT(completes, 1 + PATIENTS - 1); /* the own record again, for the connection in it */
    practice_close(&lab, &doctor, patients);
}
