/* What an audit entry costs: it is written, and not read again, unless it was pushed. */
#include <jansson.h>

#include "tests/unit/server/lab.h"

/* How often JSON is read, by whoever reads it through base/json.h. */
static unsigned readings;

json_t *
json_load_callback(json_load_callback_t callback, void *data, size_t flags, json_error_t *error)
{
    static char text[1 << 20];
    size_t size = 0;
    size_t got = callback(text, sizeof(text), data);

    while (got > 0) {
        size += got;
        CHECK(size < sizeof(text));
        got = callback(text + size, sizeof(text) - size, data);
    }
    readings++;
    return json_loadb(text, size, flags, error);
}

TEST(values_that_are_set_aside_are_made_json_and_not_read_again)
{
    struct lab lab;
    struct phone phone;
    struct trn_sync_call call = {.status = 0};
    struct trn_bytes body = {0};
    struct trn_change change;

    lab_open(&lab);
    phone_open(&phone, &lab, 1, 1);
    phone_insert_user(&phone, "PATIENT");
    phone_push(&phone);
    change = lab_change(&lab, TRN_OP_INSERT, "prescriptions", lab_id('p', 1));
    lab_set(&change, "patient_id", tern_value_id(&phone.auth.user));
    lab_set(&change, "patient_name", tern_value_text("\"One\""));
    phone_begin(&phone, TRN_ENTRY_DISCARDED);
    phone_change(&phone, &change);
    phone_commit(&phone);
    phone_request(&phone, 0, &body);
    call.auth = phone.auth;
    call.request = trn_bytes_slice(&body);
    readings = 0;
    trn_server_handle(lab.server, lab.now_us, &call, 1);
    CHECK_INT(call.applied, 1);
    CHECK_INT(readings, 1); /* the envelope */
    CHECK_INT(lab_number(&lab, "SELECT count(*) FROM sync_audit"), change.table->unit_count - 1);
    CHECK_INT(lab_number(&lab, "SELECT sum(json_valid(lost_values)) FROM sync_audit"),
              change.table->unit_count - 1);
    trn_sync_call_free(&call);
    trn_bytes_free(&body);
    phone_close(&phone);
    lab_close(&lab);
}

/* An audit row as an operator may push it. */
static struct trn_change audit_row(const struct lab *lab, tern_id scope, const char *lost)
{
    struct trn_change change = lab_change(lab, TRN_OP_INSERT, "sync_audit", lab_id('a', 1));

    lab_set(&change, "created_at", tern_value_integer(LAB_START_US));
    lab_set(&change, "scope_id", tern_value_id(&scope));
    lab_set(&change, "table_name", tern_value_text("users"));
    lab_set(&change, "row_id", tern_value_id(&scope));
    lab_set(&change, "unit", tern_value_text("role"));
    lab_set(&change, "rule", tern_value_text("LATER"));
    lab_set(&change, "lost_values", tern_value_text(lost));
    lab_set(&change, "kept_values", tern_value_text("{}"));
    lab_set(&change, "lost_time", tern_value_integer(LAB_START_US));
    lab_set(&change, "kept_time", tern_value_integer(LAB_START_US));
    lab_set(&change, "lost_device", tern_value_id(&scope));
    lab_set(&change, "kept_device", tern_value_id(&scope));
    return change;
}

TEST(an_audit_row_that_is_pushed_is_checked_as_any_row)
{
    struct lab lab;
    struct phone operator;
    struct trn_change change;
    struct reply reply;

    lab_open(&lab);
    phone_open(&operator, & lab, 9, 9);
    operator.auth.power = TRN_POWER_OPERATOR;
    phone_insert_user(&operator, "PATIENT");
    phone_push(&operator);
    change = audit_row(&lab, operator.auth.user, "{");
    phone_begin(&operator, TRN_ENTRY_RECORDED);
    phone_change(&operator, & change);
    phone_commit(&operator);
    phone_sync(&operator, 0, &reply);
    CHECK(reply.verdicts[0].kind == TRN_VERDICT_REJECTED);
    CHECK_INT(reply.verdicts[0].code, TERN_ERR_FORMAT);
    reply_free(&reply);
    CHECK_INT(lab_number(&lab, "SELECT count(*) FROM sync_audit"), 0);
    change = audit_row(&lab, operator.auth.user, "{}");
    phone_begin(&operator, TRN_ENTRY_RECORDED);
    phone_change(&operator, & change);
    phone_commit(&operator);
    phone_push(&operator);
    CHECK_INT(lab_number(&lab, "SELECT count(*) FROM sync_audit"), 1);
    phone_close(&operator);
    lab_close(&lab);
}
