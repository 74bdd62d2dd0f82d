/* What an audit entry costs: it is written, and not read again. */
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
