/* Servers that come back from a backup, and devices of which two live. */
#include <string.h>

#include "base/uuid.h"
#include "tests/unit/server/lab.h"

/* One patient with one prescription, synced. */
static void start(struct lab *lab, struct phone *phone)
{
    struct reply reply;

    lab_open(lab);
    phone_open(phone, lab, 1, 1);
    phone_insert_user(phone, "PATIENT");
    phone_insert_prescription(phone, lab_id('p', 1), phone->auth.user, "One");
    phone_sync(phone, 100, &reply);
    reply_free(&reply);
}

/* What a device does on EPOCH_CHANGED: it forgets cursor and acknowledgements. */
static void forget_epoch(struct phone *phone)
{
    trn_bytes_clear(&phone->cursor);
    memset(&phone->acked, 0, sizeof(phone->acked));
    phone->epoch[0] = '\0';
}

TEST(a_restored_server_begins_a_new_epoch_and_says_so)
{
    struct lab lab;
    struct phone phone;
    struct reply reply;

    start(&lab, &phone);
    lab_backup(&lab);
    phone_insert_prescription(&phone, lab_id('p', 2), phone.auth.user, "Lost");
    phone_sync(&phone, 100, &reply);
    reply_free(&reply);
    lab_restore(&lab);
    CHECK_TEXT(lab_text(&lab, "SELECT hex(value) FROM tern_meta WHERE key = 'epoch'"),
               "0101010101010101");
    CHECK_INT(phone_refused(&phone, 100), TERN_ERR_EPOCH_CHANGED);
    CHECK(strcmp(lab_text(&lab, "SELECT hex(value) FROM tern_meta WHERE key = 'epoch'"),
                 "0101010101010101") != 0);
    CHECK_INT(phone_refused(&phone, 100), TERN_ERR_EPOCH_CHANGED);
    phone_close(&phone);
    lab_close(&lab);
}

TEST(what_a_restored_server_lost_is_offered_again_with_its_stored_time)
{
    struct lab lab;
    struct phone phone;
    struct reply reply;
    struct trn_bytes entry = {0};
    int64_t stored_us;

    start(&lab, &phone);
    lab_backup(&lab);
    phone_insert_prescription(&phone, lab_id('p', 2), phone.auth.user, "Lost");
    CHECK(trn_bytes_append_slice(&entry, trn_bytes_slice(&phone.queue[0].bytes)) == TERN_OK);
    phone_sync(&phone, 100, &reply);
    stored_us = reply.verdicts[0].stored_us;
    reply_free(&reply);
    lab_restore(&lab);
    lab.now_us += 3600 * LAB_SECOND_US;
    CHECK_INT(phone_refused(&phone, 100), TERN_ERR_EPOCH_CHANGED);
    forget_epoch(&phone);
    phone.queue[0].bytes = trn_bytes_move(&entry);
    phone.queue[0].attempt =
        (struct trn_attempt){.age_us = 1, .is_reoffer = true, .stored_us = stored_us};
    phone.queued = 1;
    phone_sync(&phone, 100, &reply);
    CHECK(reply.verdicts[0].kind == TRN_VERDICT_APPLIED);
    CHECK_INT(reply.verdicts[0].stored_us, stored_us);
    CHECK_INT(reply.fresh, 1);
    CHECK_INT(reply_count(&reply, "prescriptions"), 2);
    reply_free(&reply);
    phone_close(&phone);
    lab_close(&lab);
}

TEST(a_base_of_another_epoch_counts_as_not_seen)
{
    struct lab lab;
    struct phone phone;
    struct phone other;
    struct trn_change change;

    start(&lab, &phone);
    phone_open(&other, &lab, 1, 2);
    memcpy(other.epoch, "ffffffffffffffff", 17);
    change = lab_change(&lab, TRN_OP_UPDATE, "prescriptions", lab_id('p', 1));
    change.base = 2;
    lab_set(&change, "status", tern_value_text("PAUSED"));
    phone_begin(&other, TRN_ENTRY_RECORDED);
    phone_change(&other, &change);
    phone_commit(&other);
    phone_push(&other);
    CHECK_INT(lab_number(&lab, "SELECT count(*) FROM sync_audit"), 1);
    phone_close(&other);
    phone_close(&phone);
    lab_close(&lab);
}

TEST(a_lying_device_cannot_make_the_server_begin_an_epoch)
{
    struct lab lab;
    struct phone phone;

    start(&lab, &phone);
    phone.acked.tx = lab_id('?', 1);
    CHECK_INT(phone_refused(&phone, 100), TERN_ERR_EPOCH_CHANGED);
    CHECK_TEXT(lab_text(&lab, "SELECT hex(value) FROM tern_meta WHERE key = 'epoch'"),
               "0101010101010101");
    phone_close(&phone);
    lab_close(&lab);
}

TEST(a_device_that_began_afresh_notices_a_restored_server_by_what_was_acknowledged)
{
    struct lab lab;
    struct phone phone;
    struct reply reply;

    start(&lab, &phone);
    lab_backup(&lab);
    phone_insert_prescription(&phone, lab_id('p', 2), phone.auth.user, "Lost");
    phone_sync(&phone, 100, &reply);
    reply_free(&reply);
    lab_restore(&lab);
    trn_bytes_clear(&phone.cursor);
    CHECK_INT(phone_refused(&phone, 100), TERN_ERR_EPOCH_CHANGED);
    CHECK_TEXT(lab_text(&lab, "SELECT hex(value) FROM tern_meta WHERE key = 'epoch'"),
               "0101010101010101");
    forget_epoch(&phone);
    phone_sync(&phone, 100, &reply);
    CHECK_INT(reply_count(&reply, "prescriptions"), 1);
    reply_free(&reply);
    phone_close(&phone);
    lab_close(&lab);
}

/* A copy of the phone as a backup of its file would make it. */
static void clone(struct phone *copy, const struct phone *phone)
{
    *copy = *phone;
    memset(&copy->cursor, 0, sizeof(copy->cursor));
    memset(&copy->entry, 0, sizeof(copy->entry));
    CHECK(trn_bytes_append_slice(&copy->cursor, trn_bytes_slice(&phone->cursor)) == TERN_OK);
    copy->salt = 1;
}

TEST(two_live_copies_of_one_replica_are_told_apart)
{
    struct lab lab;
    struct phone phone;
    struct phone copy;

    start(&lab, &phone);
    clone(&copy, &phone);
    phone_insert_prescription(&phone, lab_id('p', 2), phone.auth.user, "Two");
    phone_push(&phone);
    phone_insert_prescription(&copy, lab_id('p', 3), phone.auth.user, "Three");
    CHECK_INT(phone_refused(&copy, 100), TERN_ERR_DEVICE_CLONED);
    CHECK_INT(lab_number(&lab, "SELECT count(*) FROM prescriptions"), 2);
    phone_close(&copy);
    phone_close(&phone);
    lab_close(&lab);
}

TEST(a_copy_that_has_fallen_behind_is_found_before_it_pushes)
{
    struct lab lab;
    struct phone phone;
    struct phone copy;

    start(&lab, &phone);
    clone(&copy, &phone);
    phone_insert_prescription(&phone, lab_id('p', 2), phone.auth.user, "Two");
    phone_push(&phone);
    CHECK_INT(phone_refused(&copy, 100), TERN_ERR_DEVICE_CLONED);
    phone_close(&copy);
    phone_close(&phone);
    lab_close(&lab);
}

TEST(a_clone_with_a_new_id_keeps_its_queue_and_its_bases)
{
    struct lab lab;
    struct phone phone;
    struct phone copy;
    struct trn_change change;

    start(&lab, &phone);
    clone(&copy, &phone);
    phone_insert_prescription(&phone, lab_id('p', 2), phone.auth.user, "Two");
    phone_push(&phone);
    phone_insert_prescription(&copy, lab_id('p', 3), phone.auth.user, "Three");
    change = lab_change(&lab, TRN_OP_UPDATE, "prescriptions", lab_id('p', 3));
    change.base = -(int64_t)copy.ordinal;
    lab_set(&change, "status", tern_value_text("PAUSED"));
    phone_begin(&copy, TRN_ENTRY_RECORDED);
    phone_change(&copy, &change);
    phone_commit(&copy);
    CHECK_INT(phone_refused(&copy, 100), TERN_ERR_DEVICE_CLONED);
    for (size_t index = 0; index < copy.queued; index++) {
        copy.queue[index].attempt.is_inherited = true;
        copy.queue[index].attempt.author = copy.device;
    }
    copy.device = lab_id('d', 2);
    forget_epoch(&copy);
    phone_push(&copy);
    CHECK_INT(lab_number(&lab, "SELECT count(*) FROM prescriptions"), 3);
    CHECK_INT(lab_number(&lab, "SELECT count(*) FROM sync_audit"), 0);
    phone_close(&copy);
    phone_close(&phone);
    lab_close(&lab);
}

TEST(a_device_serves_one_user_only)
{
    struct lab lab;
    struct phone phone;

    start(&lab, &phone);
    phone.auth.user = lab_id('u', 2);
    trn_bytes_clear(&phone.cursor);
    CHECK_INT(phone_refused(&phone, 100), TERN_ERR_FORBIDDEN);
    phone_close(&phone);
    lab_close(&lab);
}

TEST(what_was_acknowledged_stands_after_a_restart)
{
    struct lab lab;
    struct phone phone;
    struct reply reply;
    struct phone second;

    start(&lab, &phone);
    lab_reopen(&lab);
    phone_open(&second, &lab, 1, 2);
    phone_sync(&second, 100, &reply);
    CHECK_INT(reply.rows, 2);
    reply_free(&reply);
    phone_sync(&phone, 100, &reply);
    CHECK_INT(reply.rows, 0);
    reply_free(&reply);
    phone_close(&second);
    phone_close(&phone);
    lab_close(&lab);
}

TEST(the_history_keeps_every_entry_byte_for_byte)
{
    struct lab lab;
    struct phone phone;
    struct trn_bytes sent = {0};
    struct trn_bytes kept = {0};

    start(&lab, &phone);
    phone_insert_prescription(&phone, lab_id('p', 2), phone.auth.user, "ខ្មែរ 💊");
    CHECK(trn_bytes_append_slice(&sent, trn_bytes_slice(&phone.queue[0].bytes)) == TERN_OK);
    phone_push(&phone);
    CHECK(lab.db->ops->entry_body(lab.db->ops->writer(lab.db), 3, &kept, NULL) == TERN_OK);
    CHECK(trn_slice_equal(trn_bytes_slice(&sent), trn_bytes_slice(&kept)));
    CHECK_TEXT(lab_text(&lab, "SELECT patient_name FROM prescriptions ORDER BY id DESC"), "ខ្មែរ 💊");
    trn_bytes_free(&sent);
    trn_bytes_free(&kept);
    phone_close(&phone);
    lab_close(&lab);
}

static void log_action(struct phone *phone)
{
    struct trn_change change =
        lab_change(phone->lab, TRN_OP_INSERT, "audit_logs", lab_id('l', phone->salt));

    lab_set(&change, "actor_id", tern_value_id(&phone->auth.user));
    lab_set(&change, "action_type", tern_value_text("DOSE_TAKEN"));
    lab_set(&change, "resource_type", tern_value_text("dose_events"));
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
}

TEST(a_row_says_when_the_server_took_it_whatever_its_writer_s_clock_says)
{
    struct lab lab;
    struct phone phone;
    struct phone tablet;
    int64_t took_us;

    start(&lab, &phone);
    phone.clock_off_us = 1000 * 86400 * LAB_SECOND_US;
    log_action(&phone);
    lab.now_us += 3600 * LAB_SECOND_US;
    phone_push(&phone);
    took_us = lab.now_us;
    CHECK_INT(lab_number(&lab, "SELECT synced_at FROM audit_logs"), took_us);
    CHECK_INT(
        lab_number(
            &lab,
            "SELECT count(*) FROM users WHERE locked_until IS NULL AND failed_login_attempts = 0"),
        1);
    lab.now_us += 3600 * LAB_SECOND_US; /* the same again changes nothing of it */
    phone_open(&tablet, &lab, 1, 2);
    log_action(&tablet);
    phone_push(&tablet);
    CHECK_INT(lab_number(&lab, "SELECT synced_at FROM audit_logs"), took_us);
    phone_close(&tablet);
    phone_close(&phone);
    lab_close(&lab);
}
