/* Requests: the device's parts read whole by the server, and nothing of a malformed one handed out.
 */
#include "wire/request.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/uuid.h"
#include "sim/fault/fault.h"
#include "tests/harness/harness.h"
#include "tests/unit/model/tables.h"
#include "wire/envelope.h"
#include "wire/limits.h"

#define ID "AAAAAAAAAAAAAAAAAAAAAA"
#define HEAD "{\"tern\":1,\"schema\":2,\"device\":\"" ID "\",\"sent\":1763600000000000,\"rows\":10,"
#define ENTRY "[\"x\",7,\"" ID "\",1763600000000000,1,2,null]\n[\"d\",1,\"" ID "\",0]\n"
#define ENTRY_EMPTY "[\"x\",8,\"" ID "\",1763600000000000,1,2,null,7]\n"

static const tern_id tx_id = {{0xF0, 1}};

static struct trn_request_envelope full_envelope(void)
{
    return (struct trn_request_envelope){.schema_version = 2,
                                         .device = {{1, 2}},
                                         .user = {{3, 4}},
                                         .sent_us = INT64_C(1763600000000000),
                                         .rows = 5000,
                                         .cursor = trn_slice_text("opaque\"cursor"),
                                         .acked = {12, tx_id},
                                         .top = {14, tx_id},
                                         .tx_count = 2};
}

/* A request of two entries: one new, one re-offered that another device wrote. */
static tern_status write_request(struct trn_bytes *bytes)
{
    struct trn_request_envelope envelope = full_envelope();
    struct trn_attempt attempt = {.age_us = 5};
    struct trn_line_writer writer;
    tern_status status;

    trn_line_writer_open(&writer, bytes);
    status = trn_request_write_envelope(&writer, &envelope, NULL);
    if (status == TERN_OK) {
        status = trn_request_write_entry(&writer, &attempt, trn_slice_text(ENTRY), NULL);
    }
    attempt = (struct trn_attempt){.age_us = 9, .is_reoffer = true, .stored_us = 77};
    attempt.is_inherited = true;
    attempt.author = tx_id;
    if (status == TERN_OK) {
        status = trn_request_write_entry(&writer, &attempt, trn_slice_text(ENTRY_EMPTY), NULL);
    }
    return status == TERN_OK ? trn_line_write_last(&writer, NULL) : status;
}

TEST(a_request_is_spelled_as_the_contract_says)
{
    struct trn_bytes bytes = {0};

    CHECK_INT(write_request(&bytes), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&bytes),
               "{\"tern\":1,\"schema\":2,\"device\":\"AQIAAAAAAAAAAAAAAAAAAA\","
               "\"user\":\"AwQAAAAAAAAAAAAAAAAAAA\",\"sent\":1763600000000000,\"rows\":5000,"
               "\"cursor\":\"opaque\\\"cursor\","
               "\"acked\":[12,\"8AEAAAAAAAAAAAAAAAAAAA\"],\"top\":[14,\"8AEAAAAAAAAAAAAAAAAAAA\"],"
               "\"txs\":2}\n"
               "[\"@\",5]\n" ENTRY "[\"@\",9,77,\"8AEAAAAAAAAAAAAAAAAAAA\"]\n" ENTRY_EMPTY
               "[\"z\",6]\n");
    trn_bytes_free(&bytes);
}

TEST(the_server_reads_what_the_device_wrote)
{
    struct trn_bytes bytes = {0};
    struct trn_request_reader reader;
    struct trn_request_entry entry;
    struct trn_slice whole = trn_slice_text(ENTRY);
    uint8_t hash[TRN_SHA256_BYTES];
    bool any = false;

    CHECK_INT(write_request(&bytes), TERN_OK);
    CHECK_INT(trn_request_open(&reader, trn_bytes_slice(&bytes), NULL), TERN_OK);
    CHECK(reader.envelope.schema_version == 2 && reader.envelope.device.bytes[1] == 2);
    CHECK(reader.envelope.user.bytes[0] == 3 && reader.envelope.user.bytes[1] == 4);
    CHECK(reader.envelope.sent_us == INT64_C(1763600000000000) && reader.envelope.rows == 5000);
    CHECK(trn_slice_equal_text(reader.envelope.cursor, "opaque\"cursor"));
    CHECK(reader.envelope.acked.ordinal == 12 && reader.envelope.top.ordinal == 14);
    CHECK(memcmp(&reader.envelope.top.tx, &tx_id, sizeof(tx_id)) == 0);
    CHECK_INT(trn_request_next(&reader, &any, &entry, NULL), TERN_OK);
    CHECK(any && entry.attempt.age_us == 5 && !entry.attempt.is_reoffer);
    CHECK(!entry.attempt.is_inherited && trn_slice_equal(entry.bytes, whole));
    CHECK_INT(trn_sha256(&whole, 1, hash), TERN_OK);
    CHECK(memcmp(hash, entry.hash, sizeof(hash)) == 0);
    CHECK_INT(trn_request_next(&reader, &any, &entry, NULL), TERN_OK);
    CHECK(any && entry.attempt.age_us == 9 && entry.attempt.is_reoffer);
    CHECK(entry.attempt.stored_us == 77 && entry.attempt.is_inherited);
    CHECK(memcmp(&entry.attempt.author, &tx_id, sizeof(tx_id)) == 0);
    CHECK(trn_slice_equal_text(entry.bytes, ENTRY_EMPTY));
    CHECK_INT(trn_request_next(&reader, &any, &entry, NULL), TERN_OK);
    CHECK(!any);
    trn_request_close(&reader);
    trn_bytes_free(&bytes);
}

static tern_status open_status(struct trn_slice body, tern_error *error)
{
    struct trn_request_reader reader;
    tern_status status = trn_request_open(&reader, body, error);

    trn_request_close(&reader);
    return status;
}

static tern_status status_of(const char *body)
{
    tern_error error = {0};
    tern_status status = open_status(trn_slice_text(body), &error);

    CHECK_INT(error.status, status);
    return status;
}

TEST(a_first_request_names_no_cursor_and_no_entries)
{
    struct trn_request_envelope envelope = {.schema_version = 1};
    struct trn_request_reader reader;
    struct trn_bytes bytes = {0};
    struct trn_line_writer writer;

    trn_line_writer_open(&writer, &bytes);
    CHECK_INT(trn_request_write_envelope(&writer, &envelope, NULL), TERN_OK);
    CHECK_INT(trn_line_write_last(&writer, NULL), TERN_OK);
    CHECK(strstr(trn_bytes_text(&bytes), "cursor") == NULL);
    CHECK(strstr(trn_bytes_text(&bytes), "acked") == NULL);
    CHECK(strstr(trn_bytes_text(&bytes), "user") == NULL);
    CHECK_INT(trn_request_open(&reader, trn_bytes_slice(&bytes), NULL), TERN_OK);
    CHECK(reader.envelope.cursor.size == 0 && reader.envelope.top.ordinal == 0);
    CHECK(trn_id_is_nil(&reader.envelope.user));
    trn_request_close(&reader);
    trn_bytes_free(&bytes);
}

/* A whole request with these words in its envelope. */
static tern_status read_with(const char *words, struct trn_request_envelope *ret_envelope)
{
    struct trn_bytes bytes = {0};
    struct trn_request_reader reader;
    tern_status status;

    CHECK_INT(
        trn_bytes_append_format(&bytes,
                                "{\"tern\":1,\"schema\":1,\"device\":\"%s\",\"sent\":1,\"rows\":"
                                "1%s,\"txs\":0}\n[\"z\",1]\n",
                                "AZqRiAAAcACAAAAAAAAAAQ",
                                words),
        TERN_OK);
    status = trn_request_open(&reader, trn_bytes_slice(&bytes), NULL);
    *ret_envelope = reader.envelope;
    trn_request_close(&reader);
    trn_bytes_free(&bytes);
    return status;
}

TEST(windows_come_as_they_were_written)
{
    struct trn_request_envelope envelope = {.schema_version = 1,
                                            .windows = {{6, 4, 90}, {65535, 0, 1}},
                                            .window_count = 2};
    struct trn_bytes bytes = {0};
    struct trn_line_writer writer;

    trn_line_writer_open(&writer, &bytes);
    CHECK_INT(trn_request_write_envelope(&writer, &envelope, NULL), TERN_OK);
    CHECK(strstr(trn_bytes_text(&bytes), ",\"window\":[6,4,90,65535,0,1],") != NULL);
    trn_bytes_free(&bytes);
    CHECK_INT(read_with(",\"window\":[6,4,90,65535,0,1]", &envelope), TERN_OK);
    CHECK_INT(envelope.window_count, 2);
    CHECK_INT(envelope.windows[0].table, 6);
    CHECK_INT(envelope.windows[0].column, 4);
    CHECK_INT(envelope.windows[0].days, 90);
    CHECK_INT(envelope.windows[1].table, 65535);
    CHECK_INT(read_with("", &envelope), TERN_OK);
    CHECK_INT(envelope.window_count, 0);
}

TEST(windows_that_are_none_are_refused)
{
    static const char *const wrong[] = {
        ",\"window\":6",
        ",\"window\":{}",
        ",\"window\":[6,4]",
        ",\"window\":[6,4,90,7]",
        ",\"window\":[-1,4,90]",
        ",\"window\":[6,65536,90]",
        ",\"window\":[6,4,0]",
        ",\"window\":[6,4,36526]",
        ",\"window\":[6,4,1.5]",
        ",\"window\":[6,4,\"90\"]",
        ",\"window\":[6,4,null]",
        ",\"window\":[0,0,1,0,0,1,0,0,1,0,0,1,0,0,1,0,0,1,0,0,1,0,0,1,0,0,1,0,0,1,0,0,1,0,0,1,0,0,"
        "1,"
        "0,0,1,0,0,1,0,0,1,0,0,1]",
    };
    struct trn_request_envelope envelope;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_INT(read_with(wrong[i], &envelope), TERN_ERR_PROTOCOL);
    }
}

TEST(a_request_cut_off_anywhere_or_followed_by_anything_is_refused)
{
    struct trn_bytes bytes = {0};

    CHECK_INT(write_request(&bytes), TERN_OK);
    for (size_t size = 0; size < bytes.size; size++) {
        struct trn_slice cut = trn_slice_make(bytes.data, size);

        CHECK_INT(open_status(cut, NULL), TERN_ERR_PROTOCOL);
    }
    CHECK_INT(trn_bytes_append_text(&bytes, "\n"), TERN_OK);
    CHECK_INT(open_status(trn_bytes_slice(&bytes), NULL), TERN_ERR_PROTOCOL);
    bytes.size--;
    CHECK_INT(trn_bytes_append_text(&bytes, "[\"z\",7]\n"), TERN_OK);
    CHECK_INT(open_status(trn_bytes_slice(&bytes), NULL), TERN_ERR_PROTOCOL);
    trn_bytes_free(&bytes);
}

TEST(a_line_taken_away_anywhere_is_missed)
{
    struct trn_bytes bytes = {0};
    size_t start = 0;

    CHECK_INT(write_request(&bytes), TERN_OK);
    for (size_t at = 0; at < bytes.size; at++) {
        if (bytes.data[at] == '\n') {
            struct trn_bytes rest = {0};

            CHECK_INT(trn_bytes_append(&rest, bytes.data, start), TERN_OK);
            CHECK_INT(trn_bytes_append(&rest, bytes.data + at + 1, bytes.size - at - 1), TERN_OK);
            CHECK_INT(open_status(trn_bytes_slice(&rest), NULL), TERN_ERR_PROTOCOL);
            trn_bytes_free(&rest);
            start = at + 1;
        }
    }
    trn_bytes_free(&bytes);
}

TEST(lines_out_of_place_are_refused)
{
    CHECK_INT(status_of(HEAD "\"txs\":0}\n[\"z\",1]\n"), TERN_OK);
    CHECK_INT(status_of(HEAD "\"txs\":1}\n[\"@\",0]\n" ENTRY "[\"z\",4]\n"), TERN_OK);
    CHECK_INT(status_of(HEAD "\"txs\":2}\n[\"@\",0]\n" ENTRY "[\"z\",4]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":0}\n[\"@\",0]\n" ENTRY "[\"z\",4]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":1}\n" ENTRY "[\"z\",3]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":1}\n[\"@\",0]\n[\"@\",0]\n" ENTRY "[\"z\",5]\n"),
              TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":1}\n[\"@\",0]\n" ENTRY ENTRY_EMPTY "[\"z\",5]\n"),
              TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":1}\n[\"@\",0]\n[\"z\",2]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":1}\n[\"@\",0]\n" ENTRY "[\"q\"]\n[\"z\",5]\n"),
              TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":1}\n[\"@\",-1]\n" ENTRY "[\"z\",4]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":1}\n[\"@\",0,1,\"" ID "\",1]\n" ENTRY "[\"z\",4]\n"),
              TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":1}\n[\"@\",0,null,\"" ID "\"]\n" ENTRY "[\"z\",4]\n"),
              TERN_OK);
}

TEST(what_an_entry_does_to_unknown_tables_is_not_the_request_s_matter)
{
    CHECK_INT(status_of(HEAD "\"txs\":1}\n[\"@\",0]\n[\"x\",7,\"" ID
                             "\",1,1,99,null]\n[\"i\",99,true]\n[\"z\",4]\n"),
              TERN_OK);
}

TEST(an_entry_without_a_readable_head_is_malformed)
{
    CHECK_INT(status_of(HEAD "\"txs\":1}\n[\"@\",0]\n[\"x\",7]\n[\"z\",3]\n"), TERN_ERR_PROTOCOL);
}

TEST(a_cursor_that_was_given_under_another_id_names_that_id_once)
{
    const struct trn_slice cursor = trn_slice_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    const tern_id first = {{0xFF, 1}};
    const tern_id second = {{2}};
    tern_id device = second;
    struct trn_bytes once = {0};
    struct trn_bytes twice = {0};

    CHECK_INT(trn_dropped_write(&first, cursor, &once, NULL), TERN_OK);
    CHECK_INT(trn_dropped_write(&second, trn_bytes_slice(&once), &twice, NULL), TERN_OK);
    CHECK(trn_slice_equal(trn_dropped_read(trn_bytes_slice(&twice), &device), cursor));
    CHECK(trn_id_equal(&device, &first));
    device = second;
    CHECK(trn_slice_equal(trn_dropped_read(cursor, &device), cursor));
    CHECK(trn_id_equal(&device, &second));
    CHECK(trn_slice_equal(trn_dropped_read(trn_slice_text(""), &device), trn_slice_text("")));
    CHECK(
        trn_slice_equal(trn_dropped_read(trn_slice_text("AAAAAAAAAAAAAAAAAAAAA?.cursor"), &device),
                        trn_slice_text("AAAAAAAAAAAAAAAAAAAAA?.cursor")));
    CHECK(trn_id_equal(&device, &second));
    trn_bytes_free(&once);
    trn_bytes_free(&twice);
}

TEST(an_envelope_that_is_not_what_it_should_be_is_refused)
{
    CHECK_INT(status_of(""), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of("\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of("[]\n[\"z\",1]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of("{}\n[\"z\",1]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":0} {}\n[\"z\",1]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":-1}\n[\"z\",1]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":0,\"txs\":0}\n[\"z\",1]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":0,\"cursor\":7}\n[\"z\",1]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":0,\"dropped\":\"\"}\n[\"z\",1]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":0,\"user\":\"" ID "\"}\n[\"z\",1]\n"), TERN_OK);
    CHECK_INT(status_of(HEAD "\"txs\":0,\"user\":\"p\"}\n[\"z\",1]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":0,\"user\":null}\n[\"z\",1]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":0,\"dropped\":\"a\"}\n[\"z\",1]\n"), TERN_OK);
    CHECK_INT(status_of(HEAD "\"txs\":0,\"acked\":[0,\"" ID "\"]}\n[\"z\",1]\n"),
              TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":0,\"acked\":[1]}\n[\"z\",1]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":0,\"top\":[1,\"x\"]}\n[\"z\",1]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(HEAD "\"txs\":0,\"new\":\"\xC3\"}\n[\"z\",1]\n"), TERN_ERR_NOT_UTF8);
    CHECK_INT(status_of(HEAD "\"txs\":0,\"new\":[[[[[[[[[[[[[[[[\n"), TERN_ERR_TOO_DEEP);
    CHECK_INT(status_of(HEAD "\"txs\":0,\"new\":\"[[[[[[[[[[[[[[\\\"[[\"}\n[\"z\",1]\n"), TERN_OK);
    CHECK_INT(status_of("{\"tern\":2,\"schema\":2,\"device\":\"" ID "\",\"sent\":1,\"rows\":1,"
                        "\"txs\":0}\n[\"z\",1]\n"),
              TERN_ERR_PROTOCOL);
}

TEST(each_member_of_the_envelope_that_must_be_there_is_missed)
{
    static const char whole[] = HEAD "\"txs\":0}";
    const char *name;
    void *at;
    json_t *object = json_loads(whole, 0, NULL);
    json_t *member;

    json_object_foreach_safe(object, at, name, member)
    {
        json_t *rest = json_copy(object);
        struct trn_bytes body = {0};
        tern_error error = {0};
        char *text;

        CHECK_INT(json_object_del(rest, name), 0);
        text = json_dumps(rest, 0);
        CHECK_INT(trn_bytes_append_format(&body, "%s\n[\"z\",1]\n", text), TERN_OK);
        CHECK_INT(open_status(trn_bytes_slice(&body), &error), TERN_ERR_PROTOCOL);
        CHECK(strstr(error.message, name) != NULL);
        trn_bytes_free(&body);
        free(text);
        json_decref(rest);
    }
    json_decref(object);
}

TEST(a_line_that_is_too_deep_or_not_utf8_is_named_so)
{
    CHECK_INT(status_of(HEAD "\"txs\":1}\n[\"@\",0]\n" ENTRY "[\"i\",1,[[[[\n"), TERN_ERR_TOO_DEEP);
    CHECK_INT(status_of(HEAD "\"txs\":1}\n[\"@\",0]\n" ENTRY "[\"i\",1,\"\xFF\"]\n[\"z\",5]\n"),
              TERN_ERR_NOT_UTF8);
}

TEST(a_request_or_an_entry_above_its_cap_is_too_large)
{
    struct trn_bytes body = {0};

    CHECK_INT(trn_bytes_append_text(&body, HEAD "\"txs\":1}\n[\"@\",0]\n" ENTRY), TERN_OK);
    while (body.size <= TRN_WIRE_TX_BYTES_MAX + 200) {
        CHECK_INT(trn_bytes_append_text(&body, "[\"i\",1,\"0123456789012345678901234567890\"]\n"),
                  TERN_OK);
    }
    CHECK_INT(trn_bytes_append_text(&body, "[\"z\",1]\n"), TERN_OK);
    CHECK_INT(open_status(trn_bytes_slice(&body), NULL), TERN_ERR_TOO_LARGE);
    CHECK_INT(trn_bytes_reserve(&body, TRN_WIRE_BODY_BYTES_MAX), TERN_OK);
    memset(body.data + body.size, ' ', TRN_WIRE_BODY_BYTES_MAX);
    body.size = TRN_WIRE_BODY_BYTES_MAX + 1;
    CHECK_INT(open_status(trn_bytes_slice(&body), NULL), TERN_ERR_TOO_LARGE);
    trn_bytes_free(&body);
}

/* As many empty entries as `held`, in a request that says that there are `said`. */
static void many_entries(struct trn_bytes *body, size_t said, size_t held)
{
    trn_bytes_clear(body);
    CHECK_INT(trn_bytes_append_format(body, HEAD "\"txs\":%zu}\n", said), TERN_OK);
    for (size_t i = 0; i < held; i++) {
        CHECK_INT(trn_bytes_append_text(body, "[\"@\",0]\n" ENTRY_EMPTY), TERN_OK);
    }
    CHECK_INT(trn_bytes_append_format(body, "[\"z\",%zu]\n", 1 + 2 * held), TERN_OK);
}

TEST(a_request_of_more_transactions_than_an_answer_has_room_for_is_too_large)
{
    struct trn_bytes body = {0};
    tern_error error = {0};

    many_entries(&body, TRN_WIRE_TXS_MAX, TRN_WIRE_TXS_MAX);
    CHECK_INT(open_status(trn_bytes_slice(&body), NULL), TERN_OK);
    many_entries(&body, TRN_WIRE_TXS_MAX + 1, TRN_WIRE_TXS_MAX + 1);
    CHECK_INT(open_status(trn_bytes_slice(&body), &error), TERN_ERR_TOO_LARGE);
    CHECK_TEXT(error.message, "a request of more than 2048 transactions");
    trn_bytes_free(&body);
}

/* What follows it is not read: here, what is no line at all. */
TEST(the_first_entry_more_than_a_request_says_ends_its_reading)
{
    struct trn_bytes body = {0};
    tern_error error = {0};

    many_entries(&body, 1, 2);
    CHECK_INT(trn_bytes_append_text(&body, "[\"@\",0]\n\xFF\n"), TERN_OK);
    CHECK_INT(open_status(trn_bytes_slice(&body), &error), TERN_ERR_PROTOCOL);
    CHECK(strstr(error.message, "txs") != NULL);
    trn_bytes_free(&body);
}

static void refuse_for_memory_alone(void)
{
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_bytes bytes = {0};
        struct trn_request_reader reader = {0};
        struct trn_request_entry entry;
        bool any = true;
        tern_status status = write_request(&bytes);

        if (status == TERN_OK) {
            status = trn_request_open(&reader, trn_bytes_slice(&bytes), NULL);
        }
        while (status == TERN_OK && any) {
            status = trn_request_next(&reader, &any, &entry, NULL);
        }
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        trn_request_close(&reader);
        trn_bytes_free(&bytes);
    }
}

TEST(when_memory_runs_out_a_request_is_refused_for_that)
{
    refuse_for_memory_alone();
}
