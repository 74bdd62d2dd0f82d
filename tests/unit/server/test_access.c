/* Powers beyond one's own record, and what they do not reach. */
#include <string.h>

#include "base/uuid.h"
#include "tests/unit/server/lab.h"

static tern_status code_of(struct phone *phone)
{
    struct reply reply;
    tern_status code;

    phone_sync(phone, 0, &reply);
    CHECK_INT(reply.verdict_count, 1);
    code = reply.verdicts[0].kind == TRN_VERDICT_REJECTED ? reply.verdicts[0].code : TERN_OK;
    reply_free(&reply);
    return code;
}

/* A users row of somebody else, in one transaction. */
static void insert_other_user(struct phone *phone, tern_id id, const char *role)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_INSERT, "users", id);

    lab_set(&change, "role", tern_value_text(role));
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
}

static void set_account(struct phone *phone, tern_id user, const char *status)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_UPDATE, "users", user);

    lab_set(&change, "role", tern_value_text("PATIENT"));
    lab_set(&change, "account_status", tern_value_text(status));
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
}

TEST(an_operator_creates_users_and_writes_any_record)
{
    struct lab lab;
    struct phone operator;
    struct reply reply;

    lab_open(&lab);
    phone_open(&operator, & lab, 9, 9);
    operator.auth.power = TRN_POWER_OPERATOR;
    insert_other_user(&operator, lab_id('u', 1), "PATIENT");
    phone_insert_prescription(&operator, lab_id('p', 1), lab_id('u', 1), "Imported");
    set_account(&operator, lab_id('u', 1), "LOCKED");
    phone_push(&operator);
    CHECK_TEXT(lab_text(&lab, "SELECT account_status FROM users"), "LOCKED");
    CHECK_INT(lab_number(&lab, "SELECT count(*) FROM prescriptions"), 1);
    phone_sync(&operator, 100, &reply); /* writing is no reading */
    CHECK_INT(reply.rows, 0);
    reply_free(&reply);
    phone_close(&operator);
    lab_close(&lab);
}

TEST(nobody_else_creates_other_users_or_writes_the_server_s_units)
{
    struct lab lab;
    struct phone patient;
    struct phone job;

    lab_open(&lab);
    phone_open(&patient, &lab, 1, 1);
    phone_open(&job, &lab, 9, 9);
    job.auth.power = TRN_POWER_SERVICE;
    phone_insert_user(&patient, "PATIENT");
    phone_push(&patient);
    insert_other_user(&patient, lab_id('u', 2), "PATIENT");
    CHECK_INT(code_of(&patient), TERN_ERR_FORBIDDEN);
    insert_other_user(&job, lab_id('u', 2), "PATIENT");
    CHECK_INT(code_of(&job), TERN_ERR_FORBIDDEN);
    set_account(&patient, patient.auth.user, "VERIFIED");
    CHECK_INT(code_of(&patient), TERN_ERR_FORBIDDEN);
    phone_insert_prescription(&job, lab_id('p', 1), patient.auth.user, "By a job");
    CHECK_INT(code_of(&job), TERN_OK);
    phone_close(&patient);
    phone_close(&job);
    lab_close(&lab);
}

TEST(a_subscription_is_the_server_s_to_write)
{
    struct lab lab;
    struct phone patient;
    struct trn_change change;
    bool derived = false;

    lab_open(&lab);
    phone_open(&patient, &lab, 1, 1);
    phone_insert_user(&patient, "PATIENT");
    phone_push(&patient);
    change = lab_change(&lab, TRN_OP_INSERT, "subscriptions", lab_id('?', 0));
    lab_set(&change, "user_id", tern_value_id(&patient.auth.user));
    CHECK(trn_natural_id(change.table, change.values, &derived, &change.id, NULL) == TERN_OK);
    phone_begin(&patient, TRN_ENTRY_RECORDED);
    phone_change(&patient, &change);
    phone_commit(&patient);
    CHECK_INT(code_of(&patient), TERN_ERR_FORBIDDEN);
    patient.auth.power = TRN_POWER_OPERATOR;
    phone_begin(&patient, TRN_ENTRY_RECORDED);
    phone_change(&patient, &change);
    phone_commit(&patient);
    CHECK_INT(code_of(&patient), TERN_OK);
    phone_close(&patient);
    lab_close(&lab);
}

TEST(a_discard_of_another_s_row_tells_its_author_nothing_and_the_owner_nothing)
{
    struct lab lab;
    struct phone patient;
    struct phone stranger;
    struct trn_change change;
    struct reply reply;

    lab_open(&lab);
    phone_open(&patient, &lab, 1, 1);
    phone_open(&stranger, &lab, 2, 2);
    phone_insert_user(&patient, "PATIENT");
    phone_insert_prescription(&patient, lab_id('p', 1), patient.auth.user, "Private");
    phone_push(&patient);
    phone_insert_user(&stranger, "PATIENT");
    phone_push(&stranger);
    change = lab_change(&lab, TRN_OP_UPDATE, "prescriptions", lab_id('p', 1));
    lab_set(&change, "status", tern_value_text("PAUSED"));
    phone_begin(&stranger, TRN_ENTRY_DISCARDED);
    phone_change(&stranger, &change);
    phone_commit(&stranger);
    phone_push(&stranger);
    CHECK_INT(lab_number(&lab, "SELECT count(*) FROM sync_audit"), 1);
    CHECK_TEXT(lab_text(&lab, "SELECT kept_values FROM sync_audit"), "{}");
    CHECK_INT(lab_number(&lab,
                         "SELECT count(*) FROM sync_audit a JOIN tern_entry e ON "
                         "e.number = a.lost_number WHERE a.scope_id = e.user"),
              1);
    phone_sync(&patient, 100, &reply);
    CHECK_INT(reply_count(&reply, "sync_audit"), 0);
    reply_free(&reply);
    phone_close(&patient);
    phone_close(&stranger);
    lab_close(&lab);
}

static struct trn_change phone_number(const struct lab *lab, tern_id user, const char *number)
{
    struct trn_change change = lab_change(lab, TRN_OP_UPDATE, "users", user);

    lab_set(&change, "phone_number", tern_value_text(number));
    return change;
}

TEST(a_unique_key_may_be_freed_later_in_the_same_transaction)
{
    struct lab lab;
    struct phone operator;
    struct trn_change change;
    tern_id a = lab_id('u', 1);
    tern_id b = lab_id('u', 2);

    lab_open(&lab);
    phone_open(&operator, & lab, 9, 9);
    operator.auth.power = TRN_POWER_OPERATOR;
    insert_other_user(&operator, a, "PATIENT");
    insert_other_user(&operator, b, "PATIENT");
    change = phone_number(&lab, a, "+85512345678");
    phone_begin(&operator, TRN_ENTRY_RECORDED);
    phone_change(&operator, & change);
    phone_commit(&operator);
    phone_push(&operator);
    phone_begin(&operator, TRN_ENTRY_RECORDED);
    change = phone_number(&lab, b, "+85512345678");
    phone_change(&operator, & change);
    change = phone_number(&lab, a, "+85599999999");
    phone_change(&operator, & change);
    phone_commit(&operator);
    phone_push(&operator);
    CHECK_INT(lab_number(&lab, "SELECT count(DISTINCT phone_number) FROM users"), 2);
    phone_begin(&operator, TRN_ENTRY_RECORDED);
    change = phone_number(&lab, b, "+85599999999");
    phone_change(&operator, & change);
    phone_commit(&operator);
    CHECK_INT(code_of(&operator), TERN_ERR_UNIQUE);
    phone_close(&operator);
    lab_close(&lab);
}

TEST(an_audit_row_is_sent_to_the_device_whose_push_caused_it)
{
    struct lab lab;
    struct phone first;
    struct phone second;
    struct trn_change change;
    struct reply reply;

    lab_open(&lab);
    phone_open(&first, &lab, 1, 1);
    phone_open(&second, &lab, 1, 2);
    phone_insert_user(&first, "PATIENT");
    phone_insert_prescription(&first, lab_id('p', 1), first.auth.user, "One");
    phone_push(&first);
    change = lab_change(&lab, TRN_OP_UPDATE, "prescriptions", lab_id('p', 1));
    lab_set(&change, "status", tern_value_text("PAUSED"));
    phone_begin(&second, TRN_ENTRY_RECORDED); /* it had not seen the first value */
    phone_change(&second, &change);
    phone_commit(&second);
    phone_sync(&second, 100, &reply);
    CHECK_INT(reply_count(&reply, "sync_audit"), 1);
    reply_free(&reply);
    phone_sync(&first, 100, &reply);
    CHECK_INT(reply_count(&reply, "sync_audit"), 1);
    CHECK_INT(reply_count(&reply, "prescriptions"), 1);
    reply_free(&reply);
    phone_close(&first);
    phone_close(&second);
    lab_close(&lab);
}
