/* What becomes of a pushed transaction: its verdict, its effect, its receipt, its audit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "tests/unit/server/scene.h"
#include "wire/limits.h"

TEST(what_was_pushed_stands_in_the_tables)
{
    struct scene scene;

    scene_open(&scene);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM users"), 1);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM dose_events WHERE status = 'DUE'"), 1);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM tern_entry WHERE verdict = 0"), 4);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM tern_log"), 4);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM sync_audit"), 0);
    scene_close(&scene);
}

TEST(a_repeated_request_has_the_effect_of_one_and_the_same_answer)
{
    struct scene scene;
    struct trn_bytes body = {0};
    struct reply first;
    struct reply again;

    scene_open(&scene);
    phone_update_dose(&scene.phone, scene.dose, -4, "TAKEN_ON_TIME", TRN_ENTRY_RECORDED);
    phone_request(&scene.phone, 0, &body);
    phone_send(&scene.phone, trn_bytes_slice(&body), &first);
    phone_send(&scene.phone, trn_bytes_slice(&body), &again);
    CHECK(first.verdicts[0].kind == TRN_VERDICT_APPLIED);
    CHECK(again.verdicts[0].kind == TRN_VERDICT_DUPLICATE);
    CHECK_INT(again.verdicts[0].number, first.verdicts[0].number);
    CHECK_INT(again.verdicts[0].stored_us, first.verdicts[0].stored_us);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM tern_entry"), 5);
    reply_free(&first);
    reply_free(&again);
    trn_bytes_free(&body);
    scene_close(&scene);
}

TEST(a_known_tx_id_with_another_body_is_refused_and_changes_nothing)
{
    struct scene scene;

    scene_open(&scene);
    scene.phone.ordinal = 3;
    scene.phone.lab->now_us += 7;
    phone_update_dose(&scene.phone, scene.dose, 4, "SKIPPED", TRN_ENTRY_RECORDED);
    CHECK_INT(phone_code(&scene.phone), TERN_ERR_TX_ID_REUSED);
    CHECK_TEXT(lab_text(&scene.lab, "SELECT status FROM dose_events"), "DUE");
    scene_close(&scene);
}

TEST(the_later_write_wins_and_the_unseen_value_is_kept_in_the_audit)
{
    struct scene scene;
    struct phone other;

    scene_open(&scene);
    scene_open_second(&other, &scene);
    phone_update_dose(&scene.phone, scene.dose, -4, "TAKEN_ON_TIME", TRN_ENTRY_RECORDED);
    phone_update_dose(&other, scene.dose, 4, "SKIPPED", TRN_ENTRY_RECORDED);
    phone_push(&other);
    phone_push(&scene.phone);
    CHECK_TEXT(lab_text(&scene.lab, "SELECT status FROM dose_events"), "SKIPPED");
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM sync_audit"), 1);
    CHECK_TEXT(lab_text(&scene.lab, "SELECT rule FROM sync_audit"), "LATER");
    CHECK_TEXT(lab_text(&scene.lab, "SELECT json_extract(lost_values, '$.status') FROM sync_audit"),
               "TAKEN_ON_TIME");
    CHECK_TEXT(lab_text(&scene.lab, "SELECT json_extract(kept_values, '$.status') FROM sync_audit"),
               "SKIPPED");
    phone_close(&other);
    scene_close(&scene);
}

TEST(who_had_seen_the_value_overwrites_it_without_an_audit)
{
    struct scene scene;

    scene_open(&scene);
    phone_update_dose(&scene.phone, scene.dose, -4, "TAKEN_ON_TIME", TRN_ENTRY_RECORDED);
    phone_push(&scene.phone);
    phone_update_dose(&scene.phone, scene.dose, -5, "SKIPPED", TRN_ENTRY_RECORDED);
    phone_push(&scene.phone);
    CHECK_TEXT(lab_text(&scene.lab, "SELECT status FROM dose_events"), "SKIPPED");
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM sync_audit"), 0);
    scene_close(&scene);
}

TEST(a_recorded_dose_is_never_overruled_by_a_job)
{
    struct scene scene;
    struct phone job;

    scene_open(&scene);
    phone_open(&job, &scene.lab, 9, 9);
    job.auth.power = TRN_POWER_SERVICE;
    phone_update_dose(&scene.phone, scene.dose, -4, "TAKEN_LATE", TRN_ENTRY_RECORDED);
    phone_push(&scene.phone);
    scene.lab.now_us += 60 * LAB_SECOND_US;
    phone_update_dose(&job, scene.dose, 4, "MISSED", TRN_ENTRY_INFERRED);
    phone_push(&job);
    CHECK_TEXT(lab_text(&scene.lab, "SELECT status FROM dose_events"), "TAKEN_LATE");
    CHECK_TEXT(lab_text(&scene.lab, "SELECT rule FROM sync_audit"), "RANK");
    phone_close(&job);
    scene_close(&scene);
}

TEST(a_job_s_guess_yields_to_a_record_made_before_it)
{
    struct scene scene;
    struct phone job;

    scene_open(&scene);
    phone_open(&job, &scene.lab, 9, 9);
    job.auth.power = TRN_POWER_SERVICE;
    phone_update_dose(&scene.phone, scene.dose, -4, "TAKEN_ON_TIME", TRN_ENTRY_RECORDED);
    scene.lab.now_us += 60 * LAB_SECOND_US;
    phone_update_dose(&job, scene.dose, 4, "MISSED", TRN_ENTRY_INFERRED);
    phone_push(&job);
    CHECK_TEXT(lab_text(&scene.lab, "SELECT status FROM dose_events"), "MISSED");
    phone_push(&scene.phone);
    CHECK_TEXT(lab_text(&scene.lab, "SELECT status FROM dose_events"), "TAKEN_ON_TIME");
    phone_close(&job);
    scene_close(&scene);
}

TEST(two_devices_that_make_the_same_row_make_one)
{
    struct scene scene;
    struct phone other;
    tern_id dose;

    scene_open(&scene);
    scene_open_second(&other, &scene);
    dose = phone_insert_dose(&other, scene.prescription, scene.medication);
    CHECK(trn_id_equal(&dose, &scene.dose));
    phone_push(&other);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM dose_events"), 1);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM sync_audit"), 0);
    phone_close(&other);
    scene_close(&scene);
}

TEST(a_base_that_was_rejected_moves_no_time)
{
    struct scene scene;
    struct phone fast;
    struct reply reply;
    int64_t rejected;

    scene_open(&scene);
    scene_open_second(&fast, &scene);
    fast.clock_off_us = 200 * LAB_SECOND_US; /* within the tolerance */
    phone_insert_medication(&fast, lab_id('m', 2), lab_id('p', 99));
    phone_sync(&fast, 0, &reply);
    CHECK(reply.verdicts[0].kind == TRN_VERDICT_REJECTED);
    reply_free(&reply);
    rejected = lab_number(&scene.lab, "SELECT max(number) FROM tern_entry");
    phone_update_dose(&scene.phone, scene.dose, rejected, "TAKEN_ON_TIME", TRN_ENTRY_RECORDED);
    phone_sync(&scene.phone, 0, &reply);
    CHECK(reply.verdicts[0].kind == TRN_VERDICT_APPLIED);
    CHECK(reply.verdicts[0].stored_us <= scene.lab.now_us);
    reply_free(&reply);
    phone_close(&fast);
    scene_close(&scene);
}

TEST(a_clock_years_ahead_poisons_nothing)
{
    struct scene scene;
    struct phone fast;
    struct reply reply;

    scene_open(&scene);
    scene_open_second(&fast, &scene);
    fast.clock_off_us = INT64_C(5) * 365 * 86400 * LAB_SECOND_US;
    phone_update_dose(&fast, scene.dose, 4, "SKIPPED", TRN_ENTRY_RECORDED);
    phone_sync(&fast, 0, &reply);
    CHECK(reply.verdicts[0].kind == TRN_VERDICT_APPLIED);
    CHECK(reply.verdicts[0].stored_us <= scene.lab.now_us);
    reply_free(&reply);
    phone_update_dose(&scene.phone, scene.dose, -4, "TAKEN_ON_TIME", TRN_ENTRY_RECORDED);
    phone_push(&scene.phone);
    CHECK_TEXT(lab_text(&scene.lab, "SELECT status FROM dose_events"), "TAKEN_ON_TIME");
    CHECK(lab_number(&scene.lab, "SELECT max(raw_time) FROM tern_entry") >
          scene.lab.now_us + 86400 * LAB_SECOND_US);
    phone_close(&fast);
    scene_close(&scene);
}

/* Numbers that a server gave before it came back from a backup it may give to others after it. */
TEST(a_base_that_names_a_rejected_transaction_holds_no_time_back)
{
    struct scene scene;
    struct phone ahead;
    struct reply reply;
    int64_t refused;

    scene_open(&scene);
    scene_open_second(&ahead, &scene);
    ahead.clock_off_us = 200 * LAB_SECOND_US;
    phone_insert_medication(&ahead, lab_id('m', 2), lab_id('p', 99));
    phone_sync(&ahead, 0, &reply);
    CHECK(reply.verdicts[0].kind == TRN_VERDICT_REJECTED);
    reply_free(&reply);
    refused = lab_number(&scene.lab, "SELECT number FROM tern_entry WHERE verdict <> 0");
    CHECK(lab_number(&scene.lab, "SELECT time FROM tern_entry WHERE verdict <> 0") >
          scene.lab.now_us + 100 * LAB_SECOND_US);
    phone_update_dose(&scene.phone, scene.dose, refused, "SKIPPED", TRN_ENTRY_RECORDED);
    phone_sync(&scene.phone, 0, &reply);
    CHECK(reply.verdicts[0].kind == TRN_VERDICT_APPLIED);
    CHECK(reply.verdicts[0].stored_us <= scene.lab.now_us);
    reply_free(&reply);
    phone_close(&ahead);
    scene_close(&scene);
}

TEST(a_rejected_transaction_parks_what_depends_on_it_and_nothing_else)
{
    struct scene scene;
    struct reply reply;
    tern_id nowhere = lab_id('p', 99);

    scene_open(&scene);
    phone_insert_medication(&scene.phone, lab_id('m', 2), nowhere);
    phone_depend(&scene.phone, scene.phone.ordinal);
    phone_commit(&scene.phone);
    phone_insert_medication(&scene.phone, lab_id('m', 3), scene.prescription);
    phone_sync(&scene.phone, 0, &reply);
    CHECK_INT(reply.verdict_count, 3);
    CHECK_INT(reply.verdicts[0].code, TERN_ERR_SCOPE);
    CHECK_INT(reply.verdicts[0].change, 0);
    CHECK_INT(reply.verdicts[1].code, TERN_ERR_DEPENDENCY_REJECTED);
    CHECK(reply.verdicts[2].kind == TRN_VERDICT_APPLIED);
    reply_free(&reply);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM medications"), 2);
    scene_close(&scene);
}

TEST(a_rejection_is_final_and_repeated_word_for_word)
{
    struct scene scene;
    struct trn_bytes body = {0};
    struct reply first;
    struct reply again;

    scene_open(&scene);
    phone_insert_medication(&scene.phone, lab_id('m', 2), lab_id('p', 99));
    phone_request(&scene.phone, 0, &body);
    phone_send(&scene.phone, trn_bytes_slice(&body), &first);
    lab_reopen(&scene.lab);
    phone_send(&scene.phone, trn_bytes_slice(&body), &again);
    CHECK(again.verdicts[0].kind == TRN_VERDICT_REJECTED);
    CHECK_INT(again.verdicts[0].code, first.verdicts[0].code);
    CHECK_INT(again.verdicts[0].change, first.verdicts[0].change);
    CHECK_TEXT(again.sentences[0], first.sentences[0]);
    reply_free(&first);
    reply_free(&again);
    trn_bytes_free(&body);
    scene_close(&scene);
}

TEST(a_child_may_come_before_its_parent_in_one_transaction)
{
    struct scene scene;
    struct trn_change child;
    struct trn_change parent;
    tern_id prescription = lab_id('p', 2);

    scene_open(&scene);
    parent = lab_change(&scene.lab, TRN_OP_INSERT, "prescriptions", prescription);
    lab_set(&parent, "patient_id", tern_value_id(&scene.phone.auth.user));
    lab_set(&parent, "patient_name", tern_value_text("Two"));
    child = lab_change(&scene.lab, TRN_OP_INSERT, "medications", lab_id('m', 2));
    lab_set(&child, "prescription_id", tern_value_id(&prescription));
    lab_set(&child, "row_number", tern_value_integer(1));
    lab_set(&child, "medicine_name", tern_value_text("Ibuprofen"));
    phone_begin(&scene.phone, TRN_ENTRY_RECORDED);
    phone_change(&scene.phone, &child);
    phone_change(&scene.phone, &parent);
    phone_commit(&scene.phone);
    phone_push(&scene.phone);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM medications"), 2);
    scene_close(&scene);
}

TEST(a_delete_is_a_mark_and_an_edit_is_kept_beneath_it)
{
    struct scene scene;
    struct phone other;
    struct trn_change gone;

    scene_open(&scene);
    scene_open_second(&other, &scene);
    gone = lab_change(&scene.lab, TRN_OP_DELETE, "dose_events", scene.dose);
    gone.base = -4;
    phone_begin(&scene.phone, TRN_ENTRY_RECORDED);
    phone_change(&scene.phone, &gone);
    phone_commit(&scene.phone);
    phone_push(&scene.phone);
    phone_update_dose(&other, scene.dose, 4, "SKIPPED", TRN_ENTRY_RECORDED);
    phone_push(&other);
    CHECK_TEXT(lab_text(&scene.lab, "SELECT status FROM dose_events"), "SKIPPED");
    CHECK_INT(lab_number(&scene.lab, "SELECT deleted_at IS NOT NULL FROM dose_events"), 1);
    CHECK_INT(lab_number(&scene.lab,
                         "SELECT deleted_at = (SELECT time FROM tern_entry WHERE number = 5) "
                         "FROM dose_events"),
              1);
    phone_close(&other);
    scene_close(&scene);
}

TEST(an_insert_over_a_delete_it_had_not_seen_is_rejected)
{
    struct scene scene;
    struct phone other;
    struct trn_change gone;

    scene_open(&scene);
    scene_open_second(&other, &scene);
    gone = lab_change(&scene.lab, TRN_OP_DELETE, "dose_events", scene.dose);
    gone.base = -4;
    phone_begin(&scene.phone, TRN_ENTRY_RECORDED);
    phone_change(&scene.phone, &gone);
    phone_commit(&scene.phone);
    phone_push(&scene.phone);
    (void)phone_insert_dose(&other, scene.prescription, scene.medication);
    CHECK_INT(phone_code(&other), TERN_ERR_DELETED);
    phone_close(&other);
    scene_close(&scene);
}

TEST(a_broken_check_rejects_the_whole_transaction)
{
    struct scene scene;
    struct trn_change good;
    struct trn_change bad;

    scene_open(&scene);
    good = lab_change(&scene.lab, TRN_OP_INSERT, "prescriptions", lab_id('p', 2));
    lab_set(&good, "patient_id", tern_value_id(&scene.phone.auth.user));
    lab_set(&good, "patient_name", tern_value_text("Two"));
    bad = lab_change(&scene.lab, TRN_OP_UPDATE, "dose_events", scene.dose);
    lab_set(&bad, "status", tern_value_text("SWALLOWED"));
    phone_begin(&scene.phone, TRN_ENTRY_RECORDED);
    phone_change(&scene.phone, &good);
    phone_change(&scene.phone, &bad);
    phone_commit(&scene.phone);
    CHECK_INT(phone_code(&scene.phone), TERN_ERR_ENUM);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM prescriptions"), 1);
    scene_close(&scene);
}

/* A server that came back from a backup gives its numbers out again, to rejected transactions, too,
 * and a device offers what it has with the times that it had. What was left before may have been
 * less than what is left now. */
TEST(what_is_left_of_a_transaction_is_taken_for_a_whole_one_of_its_number_and_time_alone)
{
    struct scene scene;
    struct trn_change change;
    struct reply reply;
    int64_t number;
    int64_t time_us;

    scene_open(&scene);
    phone_insert_medication(&scene.phone, lab_id('m', 2), lab_id('p', 99));
    CHECK_INT(phone_code(&scene.phone), TERN_ERR_SCOPE);
    number = lab_number(&scene.lab, "SELECT number FROM tern_entry WHERE verdict <> 0");
    time_us = lab_number(&scene.lab, "SELECT time FROM tern_entry WHERE verdict <> 0");

    change = lab_change(&scene.lab, TRN_OP_INSERT, "prescriptions", lab_id('p', 2));
    lab_set(&change, "patient_id", tern_value_id(&scene.phone.auth.user));
    lab_set(&change, "patient_name", tern_value_text("Left"));
    for (int turn = 0; turn < 2; turn++) {
        phone_begin_left(&scene.phone, turn == 0 ? number : number + 1, time_us);
        phone_change(&scene.phone, &change);
        phone_commit_left(&scene.phone);
        phone_sync(&scene.phone, 0, &reply);
        CHECK_INT(reply.verdict_count, 1);
        CHECK_INT(reply.verdicts[0].kind, TRN_VERDICT_APPLIED);
        CHECK_INT(reply.verdicts[0].stored_us, time_us);
        reply_free(&reply);
    }
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM prescriptions"), 2);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM sync_audit"), 0);
    phone_begin_left(&scene.phone,
                     1,
                     lab_number(&scene.lab, "SELECT time FROM tern_entry WHERE number = 1"));
    phone_change(&scene.phone, &change);
    phone_commit_left(&scene.phone);
    phone_sync(&scene.phone, 0, &reply);
    CHECK_INT(reply.verdicts[0].kind, TRN_VERDICT_DUPLICATE);
    reply_free(&reply);
    scene_close(&scene);
}

/* A deletion before 1970 would be refused by every device that is sent it, with all else of its
 * answer; and of INT64_MIN neither a distance nor an opposite is a number. */
TEST(times_that_no_clock_has_told_are_stored_as_ones_that_every_device_takes)
{
    struct scene scene;
    struct phone other;
    struct trn_change change;
    struct reply reply;

    scene_open(&scene);
    change = lab_change(&scene.lab, TRN_OP_INSERT, "prescriptions", lab_id('p', 2));
    lab_set(&change, "patient_id", tern_value_id(&scene.phone.auth.user));
    lab_set(&change, "patient_name", tern_value_text("Left"));
    phone_begin_left(&scene.phone, 0, -5);
    phone_change(&scene.phone, &change);
    phone_commit_left(&scene.phone);
    change = lab_change(&scene.lab, TRN_OP_DELETE, "prescriptions", change.id);
    phone_begin_left(&scene.phone, 0, -4);
    phone_change(&scene.phone, &change);
    phone_commit_left(&scene.phone);
    change = lab_change(&scene.lab, TRN_OP_DELETE, "prescriptions", scene.prescription);
    change.base = INT64_MIN;
    phone_begin(&scene.phone, TRN_ENTRY_RECORDED);
    phone_change(&scene.phone, &change);
    phone_commit(&scene.phone);
    scene.phone.queue[2].attempt.is_reoffer = true;
    scene.phone.queue[2].attempt.stored_us = INT64_MIN;
    phone_push(&scene.phone);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM tern_entry WHERE time < 1"), 0);
    scene_open_second(&other, &scene);
    phone_sync(&other, 100, &reply);
    CHECK_INT(reply_count(&reply, "prescriptions"), 2);
    reply_free(&reply);
    phone_close(&other);
    scene_close(&scene);
}

TEST(what_an_author_discards_goes_to_the_audit_and_changes_no_row)
{
    struct scene scene;

    scene_open(&scene);
    phone_update_dose(&scene.phone, scene.dose, -4, "SKIPPED", TRN_ENTRY_DISCARDED);
    phone_push(&scene.phone);
    CHECK_TEXT(lab_text(&scene.lab, "SELECT status FROM dose_events"), "DUE");
    CHECK_TEXT(lab_text(&scene.lab, "SELECT rule FROM sync_audit"), "DISCARDED");
    CHECK_TEXT(lab_text(&scene.lab, "SELECT json_extract(lost_values, '$.status') FROM sync_audit"),
               "SKIPPED");
    scene_close(&scene);
}

/* Of a text as long as the wire allows, of which the audit's JSON is longer. */
static void
set_long(struct phone *phone, tern_id prescription, char *text, enum trn_entry_kind kind)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_UPDATE, "prescriptions", prescription);

    lab_set(&change, "patient_name", tern_value_text("One"));
    lab_set(&change, "diagnosis", tern_value_text(text));
    phone_begin(phone, kind);
    phone_change(phone, &change);
    phone_commit(phone);
}

TEST(what_is_too_long_to_be_kept_in_the_audit_is_not_set_aside)
{
    struct scene scene;
    struct phone other;
    struct reply reply;
    char *text = malloc(TRN_WIRE_STRING_MAX + 1);

    scene_open(&scene);
    scene_open_second(&other, &scene);
    CHECK(text != NULL);
    memset(text, 'x', TRN_WIRE_STRING_MAX);
    text[TRN_WIRE_STRING_MAX] = '\0';
    set_long(&scene.phone, scene.prescription, text, TRN_ENTRY_RECORDED);
    phone_push(&scene.phone);
    text[4] = '\0';
    set_long(&other, scene.prescription, text, TRN_ENTRY_RECORDED);
    CHECK_INT(phone_code(&other), TERN_ERR_TOO_LARGE);
    text[4] = 'y';
    set_long(&other, scene.prescription, text, TRN_ENTRY_DISCARDED);
    phone_push(&other);
    CHECK_TEXT(lab_text(&scene.lab, "SELECT group_concat(rule) FROM sync_audit"),
               "LATER,DISCARDED");
    CHECK_TEXT(lab_text(&scene.lab, "SELECT lost_values FROM sync_audit WHERE rule = 'DISCARDED'"),
               "{}");
    phone_sync(&other, 100, &reply);
    CHECK_INT(reply_count(&reply, "prescriptions"), 1);
    CHECK_INT(reply_count(&reply, "sync_audit"), 2);
    reply_free(&reply);
    free(text);
    phone_close(&other);
    scene_close(&scene);
}
