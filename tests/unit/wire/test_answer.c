/* Answers: what the server wrote is what the device reads, whole or refused, and a scope's lines
 * read alone as they read in their place. */
#include "wire/answer.h"

#include <stdio.h>
#include <string.h>

#include "tests/harness/harness.h"
#include "tests/unit/model/tables.h"
#include "wire/limits.h"

static const tern_id scope_a = {{0xA0}};
static const tern_id scope_b = {{0xB0}};
static const tern_id dose_id = {{0xD0}};
static const tern_id device = {{0xDE}};

static const struct trn_table *doses(void)
{
    return &tables_schema()->tables[TABLES_DOSES];
}

static struct trn_row dose(int64_t existence, int64_t schedule, int64_t outcome)
{
    struct trn_row row = {.id = dose_id, .updated_at_us = 1000};

    trn_version_set(&row.version, 0, existence, TRN_RANK_1_RECORDED);
    trn_version_set(&row.version, 1, schedule, TRN_RANK_0_INFERRED);
    trn_version_set(&row.version, 2, outcome, TRN_RANK_1_RECORDED);
    row.values[DOSE_CREATED_AT] = tern_value_integer(900);
    row.values[DOSE_PATIENT_ID] = tern_value_id(&scope_a);
    row.values[DOSE_SLOT] = tern_value_text("ពេលព្រឹក \"💊\"");
    row.values[DOSE_IS_PRN] = tern_value_integer(1);
    row.values[DOSE_STATUS] = tern_value_text("POSTPONED");
    return row;
}

static tern_status write_scope(struct trn_answer_writer *writer)
{
    const struct trn_answer_tx txs[] = {{41, 900, device}, {42, 1000, device}};
    struct trn_row row = dose(42, 42, 42);
    tern_status status = trn_answer_begin_scope(writer, &scope_a, true, NULL);

    for (size_t i = 0; status == TERN_OK && i < 2; i++) {
        status = trn_answer_write_tx(writer, &txs[i], NULL);
    }
    if (status == TERN_OK) {
        status = trn_answer_write_row(writer, doses(), &row, NULL);
    }
    row = dose(41, 0, 42);
    row.deleted_at_us = 1000;
    if (status == TERN_OK) {
        status = trn_answer_write_row(writer, doses(), &row, NULL);
    }
    return status == TERN_OK ? trn_answer_end_scope(writer, &scope_a, NULL) : status;
}

static tern_status write_answer(struct trn_bytes *bytes, uint32_t version)
{
    const struct trn_answer_envelope envelope = {.schema_version = 2,
                                                 .epoch = "0123456789abcdef",
                                                 .time_us = 1763600000123456,
                                                 .cursor = trn_slice_text("next"),
                                                 .verdict_count = 4,
                                                 .more = true,
                                                 .backup = 41,
                                                 .any = true};
    const struct trn_verdict verdicts[] = {
        {.index = 0, .kind = TRN_VERDICT_APPLIED, .number = 42, .stored_us = 1000},
        {.index = 1, .kind = TRN_VERDICT_DUPLICATE, .number = 7, .stored_us = -1},
        {.index = 2,
         .kind = TRN_VERDICT_REJECTED,
         .code = TERN_ERR_FOREIGN_KEY,
         .change = -1,
         .sentence = trn_slice_text("doses.patient_id names no row")},
        {.index = 3, .kind = TRN_VERDICT_RETRY}};
    struct trn_answer_writer writer;
    tern_status status;

    trn_answer_writer_open(&writer, tables_schema(), version, bytes);
    status = trn_answer_write_envelope(&writer, &envelope, NULL);
    for (size_t i = 0; status == TERN_OK && i < 4; i++) {
        status = trn_answer_write_verdict(&writer, &verdicts[i], NULL);
    }
    if (status == TERN_OK) {
        status = trn_answer_write_gone(&writer, &scope_b, NULL);
    }
    if (status == TERN_OK) {
        status = write_scope(&writer);
    }
    return status == TERN_OK ? trn_line_write_last(&writer.lines, NULL) : status;
}

#define SCOPE_LINES                                                                                \
    "[\"t\",41,900,\"3gAAAAAAAAAAAAAAAAAAAA\"]\n"                                                  \
    "[\"t\",42,1000,\"3gAAAAAAAAAAAAAAAAAAAA\"]\n"                                                 \
    "[\"r\",0,\"0AAAAAAAAAAAAAAAAAAAAA\",5,1000,null,900,\"oAAAAAAAAAAAAAAAAAAAAA\","              \
    "\"ពេលព្រឹក \\\"💊\\\"\",true,null,\"POSTPONED\",null,null]\n"               \
    "[\"m\",0,\"0AAAAAAAAAAAAAAAAAAAAA\",5,1000,1000,41,0,42,900,\"oAAAAAAAAAAAAAAAAAAAAA\","      \
    "\"ពេលព្រឹក \\\"💊\\\"\",true,null,\"POSTPONED\",null,null]\n"

TEST(an_answer_is_spelled_as_the_contract_says)
{
    struct trn_bytes bytes = {0};

    CHECK_INT(write_answer(&bytes, 2), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&bytes),
               "{\"tern\":1,\"schema\":2,\"epoch\":\"0123456789abcdef\",\"time\":1763600000123456,"
               "\"cursor\":\"next\",\"verdicts\":4,\"more\":true,\"backup\":41,\"any\":true}\n"
               "[\"v\",0,\"applied\",42,1000]\n"
               "[\"v\",1,\"duplicate\",7,-1]\n"
               "[\"v\",2,\"rejected\",\"FOREIGN_KEY\",-1,\"doses.patient_id names no row\"]\n"
               "[\"v\",3,\"retry\"]\n"
               "[\"g\",\"sAAAAAAAAAAAAAAAAAAAAA\"]\n"
               "[\"s\",\"oAAAAAAAAAAAAAAAAAAAAA\",true]\n" SCOPE_LINES
               "[\"e\",\"oAAAAAAAAAAAAAAAAAAAAA\"]\n"
               "[\"z\",12]\n");
    trn_bytes_free(&bytes);
}

static void check_dose(const struct trn_row *row, const struct trn_row *expected)
{
    CHECK(memcmp(&row->id, &expected->id, sizeof(row->id)) == 0);
    CHECK_INT(row->updated_at_us, expected->updated_at_us);
    CHECK_INT(row->deleted_at_us, expected->deleted_at_us);
    CHECK_INT(row->version.ranks, expected->version.ranks);
    for (size_t unit = 0; unit < DOSE_UNITS; unit++) {
        CHECK_INT(row->version.keys[unit], expected->version.keys[unit]);
    }
    for (size_t i = 0; i < DOSE_COLUMNS; i++) {
        CHECK(trn_value_equal(&row->values[i], &expected->values[i]));
    }
}

/* The lines of the scope, read from any reader that stands before them. */
static void check_scope_lines(struct trn_answer_reader *reader)
{
    struct trn_answer_item item;
    struct trn_row row;
    struct trn_row expected = dose(42, 42, 42);

    CHECK_INT(trn_answer_next(reader, &item, &row, NULL), TERN_OK);
    CHECK(item.kind == TRN_ANSWER_TX && item.tx.number == 41 && item.tx.time_us == 900);
    CHECK_INT(trn_answer_next(reader, &item, &row, NULL), TERN_OK);
    CHECK(item.kind == TRN_ANSWER_TX && item.tx.number == 42);
    CHECK(memcmp(&item.tx.device, &device, sizeof(device)) == 0);
    CHECK_INT(trn_answer_next(reader, &item, &row, NULL), TERN_OK);
    CHECK(item.kind == TRN_ANSWER_ROW && item.table == doses());
    check_dose(&row, &expected);
    CHECK_INT(trn_answer_next(reader, &item, &row, NULL), TERN_OK);
    expected = dose(41, 0, 42);
    expected.deleted_at_us = 1000;
    CHECK(item.kind == TRN_ANSWER_ROW);
    check_dose(&row, &expected);
}

static void check_verdicts(struct trn_answer_reader *reader)
{
    struct trn_answer_item item;
    struct trn_row row;

    CHECK_INT(trn_answer_next(reader, &item, &row, NULL), TERN_OK);
    CHECK(item.kind == TRN_ANSWER_VERDICT && item.verdict.kind == TRN_VERDICT_APPLIED);
    CHECK(item.verdict.index == 0 && item.verdict.number == 42 && item.verdict.stored_us == 1000);
    CHECK_INT(trn_answer_next(reader, &item, &row, NULL), TERN_OK);
    CHECK(item.verdict.kind == TRN_VERDICT_DUPLICATE && item.verdict.number == 7);
    CHECK_INT(trn_answer_next(reader, &item, &row, NULL), TERN_OK);
    CHECK(item.verdict.kind == TRN_VERDICT_REJECTED && item.verdict.code == TERN_ERR_FOREIGN_KEY);
    CHECK(item.verdict.change == -1);
    CHECK(trn_slice_equal_text(item.verdict.sentence, "doses.patient_id names no row"));
    CHECK_INT(trn_answer_next(reader, &item, &row, NULL), TERN_OK);
    CHECK(item.verdict.kind == TRN_VERDICT_RETRY && item.verdict.index == 3);
}

TEST(the_device_reads_what_the_server_wrote)
{
    struct trn_bytes bytes = {0};
    struct trn_answer_reader reader;
    struct trn_answer_item item;
    struct trn_row row;

    CHECK_INT(write_answer(&bytes, 2), TERN_OK);
    CHECK_INT(trn_answer_open(&reader, tables_schema(), trn_bytes_slice(&bytes), NULL), TERN_OK);
    CHECK(reader.envelope.schema_version == 2 && reader.envelope.more);
    CHECK_INT(reader.envelope.backup, 41);
    CHECK(reader.envelope.any);
    CHECK_TEXT(reader.envelope.epoch, "0123456789abcdef");
    CHECK(reader.envelope.time_us == 1763600000123456 && reader.envelope.verdict_count == 4);
    CHECK(trn_slice_equal_text(reader.envelope.cursor, "next"));
    CHECK_INT(trn_answer_check(&reader, NULL), TERN_OK);
    check_verdicts(&reader);
    CHECK_INT(trn_answer_next(&reader, &item, &row, NULL), TERN_OK);
    CHECK(item.kind == TRN_ANSWER_GONE && memcmp(&item.scope, &scope_b, 16) == 0);
    CHECK_INT(trn_answer_next(&reader, &item, &row, NULL), TERN_OK);
    CHECK(item.kind == TRN_ANSWER_SCOPE && item.fresh && memcmp(&item.scope, &scope_a, 16) == 0);
    check_scope_lines(&reader);
    CHECK(reader.last == 42 && reader.last_line.data[5] == '4');
    CHECK_INT(trn_answer_next(&reader, &item, &row, NULL), TERN_OK);
    CHECK(item.kind == TRN_ANSWER_COMPLETE && memcmp(&item.scope, &scope_a, 16) == 0);
    CHECK_INT(trn_answer_next(&reader, &item, &row, NULL), TERN_OK);
    CHECK(item.kind == TRN_ANSWER_END);
    trn_answer_close(&reader);
    trn_bytes_free(&bytes);
}

TEST(a_scope_s_lines_read_alone_as_in_their_place)
{
    struct trn_answer_reader reader;
    struct trn_answer_item item;
    struct trn_row row;

    trn_answer_open_piece(&reader, tables_schema(), trn_slice_text(SCOPE_LINES));
    CHECK_INT(trn_answer_check(&reader, NULL), TERN_OK);
    check_scope_lines(&reader);
    CHECK_INT(trn_answer_next(&reader, &item, &row, NULL), TERN_OK);
    CHECK(item.kind == TRN_ANSWER_END && item.line.size == 0);
    trn_answer_close(&reader);
}

TEST(rows_go_out_as_an_older_version_knows_them)
{
    struct trn_bytes bytes = {0};
    struct trn_answer_writer writer;
    struct trn_row row = {.id = dose_id, .updated_at_us = 5};
    const struct trn_schema *schema = tables_schema();
    struct trn_answer_tx tx = {9, 5, device};

    for (size_t unit = 0; unit < KIND_UNITS; unit++) {
        trn_version_set(&row.version, unit, unit == KIND_UNIT_ADDED ? 8 : 9, TRN_RANK_1_RECORDED);
    }
    row.values[KIND_ENUM] = tern_value_text("POSTPONED");
    row.values[KIND_ADDED] = tern_value_text("unknown to version 1");
    trn_answer_writer_open(&writer, schema, 1, &bytes);
    CHECK_INT(trn_answer_begin_scope(&writer, &scope_a, false, NULL), TERN_OK);
    CHECK_INT(trn_answer_write_tx(&writer, &tx, NULL), TERN_OK);
    trn_bytes_clear(&bytes);
    CHECK_INT(trn_answer_write_row(&writer, &schema->tables[TABLES_KINDS], &row, NULL), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&bytes),
               "[\"r\",1,\"0AAAAAAAAAAAAAAAAAAAAA\",3,5,null,null,null,null,null,null,null,null,"
               "null,null,null,\"DUE\",null,null]\n");
    trn_bytes_clear(&bytes);
    CHECK_INT(trn_answer_write_row(&writer, &schema->tables[TABLES_AUDIT], &row, NULL), TERN_OK);
    CHECK(memcmp(bytes.data, "[\"r\",2,", 7) == 0);
    trn_bytes_free(&bytes);
}

/* Reads everything; the first failure, if any. */
static tern_status read_all(struct trn_slice body, tern_error *error)
{
    struct trn_answer_reader reader;
    tern_status status = trn_answer_open(&reader, tables_schema(), body, error);

    if (status == TERN_OK) {
        status = trn_answer_check(&reader, error);
    }
    trn_answer_close(&reader);
    return status;
}

TEST(an_answer_cut_off_anywhere_is_refused_before_its_first_item)
{
    struct trn_bytes bytes = {0};

    CHECK_INT(write_answer(&bytes, 2), TERN_OK);
    for (size_t size = 0; size < bytes.size; size++) {
        struct trn_answer_reader reader;

        CHECK_INT(trn_answer_open(&reader, tables_schema(), trn_slice_make(bytes.data, size), NULL),
                  TERN_ERR_PROTOCOL);
        trn_answer_close(&reader);
    }
    CHECK_INT(read_all(trn_bytes_slice(&bytes), NULL), TERN_OK);
    CHECK_INT(trn_bytes_append_byte(&bytes, ' '), TERN_OK);
    CHECK_INT(read_all(trn_bytes_slice(&bytes), NULL), TERN_ERR_PROTOCOL);
    trn_bytes_free(&bytes);
}

TEST(a_line_taken_away_or_doubled_anywhere_is_noticed_at_once)
{
    struct trn_bytes bytes = {0};
    size_t start = 0;

    CHECK_INT(write_answer(&bytes, 2), TERN_OK);
    for (size_t at = 0; at < bytes.size; at++) {
        if (bytes.data[at] != '\n') {
            continue;
        }
        for (int doubled = 0; doubled < 2; doubled++) {
            struct trn_bytes other = {0};
            size_t head = doubled != 0 ? at + 1 : start;
            size_t tail = doubled != 0 ? start : at + 1;

            CHECK_INT(trn_bytes_append(&other, bytes.data, head), TERN_OK);
            CHECK_INT(trn_bytes_append(&other, bytes.data + tail, bytes.size - tail), TERN_OK);
            CHECK_INT(read_all(trn_bytes_slice(&other), NULL), TERN_ERR_PROTOCOL);
            trn_bytes_free(&other);
        }
        start = at + 1;
    }
    trn_bytes_free(&bytes);
}

#define ENVELOPE(verdicts)                                                                         \
    "{\"tern\":1,\"schema\":2,\"epoch\":\"0123456789abcdef\",\"time\":5,\"cursor\":\"c\","         \
    "\"verdicts\":" verdicts ",\"more\":false}\n"
#define SCOPE "[\"s\",\"AAAAAAAAAAAAAAAAAAAAAA\",false]\n"
#define TX "[\"t\",1,1,\"AAAAAAAAAAAAAAAAAAAAAA\"]\n"
#define ROW "[\"r\",3,\"AAAAAAAAAAAAAAAAAAAAAA\",0,1,null,1,\"note\"]\n"

static tern_status status_of(const char *body)
{
    tern_error error = {0};
    tern_status status = read_all(trn_slice_text(body), &error);

    CHECK_INT(error.status, status);
    return status;
}

TEST(lines_out_of_place_are_refused)
{
    CHECK_INT(status_of(ENVELOPE("0") SCOPE TX ROW "[\"z\",4]\n"), TERN_OK);
    CHECK_INT(status_of(ENVELOPE("0") SCOPE SCOPE TX ROW "[\"z\",5]\n"), TERN_OK);
    CHECK_INT(status_of(ENVELOPE("0") SCOPE TX SCOPE ROW "[\"z\",5]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(ENVELOPE("0") SCOPE ROW "[\"z\",3]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(ENVELOPE("0") TX "[\"z\",2]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(ENVELOPE("0") "[\"e\",\"AAAAAAAAAAAAAAAAAAAAAA\"]\n[\"z\",2]\n"),
              TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(ENVELOPE("0") SCOPE "[\"e\",\"AQAAAAAAAAAAAAAAAAAAAA\"]\n[\"z\",3]\n"),
              TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(ENVELOPE("1") "[\"z\",1]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(ENVELOPE("1") "[\"v\",0,\"retry\"]\n[\"z\",2]\n"), TERN_OK);
    CHECK_INT(status_of(ENVELOPE("1") SCOPE "[\"v\",0,\"retry\"]\n[\"z\",3]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(ENVELOPE("1") "[\"g\",\"AAAAAAAAAAAAAAAAAAAAAA\"]\n[\"v\",0,\"retry\"]\n"
                                      "[\"z\",3]\n"),
              TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(ENVELOPE("1") SCOPE "[\"e\",\"AAAAAAAAAAAAAAAAAAAAAA\"]\n"
                                            "[\"v\",0,\"retry\"]\n[\"z\",4]\n"),
              TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(ENVELOPE("1") "[\"v\",1,\"retry\"]\n[\"z\",2]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(ENVELOPE("0") "[\"v\",0,\"retry\"]\n[\"z\",2]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(ENVELOPE("1") "[\"v\",0,\"maybe\"]\n[\"z\",2]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(ENVELOPE("1") "[\"v\",0,\"applied\",0,1]\n[\"z\",2]\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(ENVELOPE("0") "[\"q\"]\n[\"z\",2]\n"), TERN_ERR_PROTOCOL);
}

#define ENVELOPE_AT(time)                                                                          \
    "{\"tern\":1,\"schema\":2,\"epoch\":\"0123456789abcdef\",\"time\":" time                       \
    ",\"cursor\":\"c\",\"verdicts\":1,\"more\":false}\n"
#define APPLIED_AT(time) "[\"v\",0,\"applied\",1," time "]\n"
#define TX_AT(time) "[\"t\",1," time ",\"AAAAAAAAAAAAAAAAAAAAAA\"]\n"

/* No clock can be moved to where it cannot go on, and no sum of times leaves its 64 bits. */
TEST(times_in_no_year_are_refused)
{
    static const char *const never[] = {"9223372036854775807",
                                        "-9223372036854775808",
                                        "253402300800000000",
                                        "-62135596800000001"};

    CHECK_INT(status_of(ENVELOPE_AT("253402300799999999") APPLIED_AT("-62135596800000000")
                            SCOPE TX_AT("253402300799999999") "[\"z\",4]\n"),
              TERN_OK);
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        char body[400];

        (void)
            snprintf(body, sizeof body, ENVELOPE_AT("%s") APPLIED_AT("1") "[\"z\",2]\n", never[i]);
        CHECK_INT(status_of(body), TERN_ERR_PROTOCOL);
        (void)
            snprintf(body, sizeof body, ENVELOPE_AT("5") APPLIED_AT("%s") "[\"z\",2]\n", never[i]);
        CHECK_INT(status_of(body), TERN_ERR_PROTOCOL);
        (void)snprintf(body,
                       sizeof body,
                       ENVELOPE_AT("5") APPLIED_AT("1") SCOPE TX_AT("%s") "[\"z\",4]\n",
                       never[i]);
        CHECK_INT(status_of(body), TERN_ERR_PROTOCOL);
    }
}

TEST(rows_that_fit_no_table_are_refused)
{
    CHECK_INT(status_of(ENVELOPE("0") SCOPE TX
                        "[\"r\",4,\"AAAAAAAAAAAAAAAAAAAAAA\",0,1,null,1,\"note\"]\n[\"z\",4]\n"),
              TERN_ERR_UNKNOWN_TABLE);
    CHECK_INT(status_of(ENVELOPE("0") SCOPE TX
                        "[\"r\",3,\"AAAAAAAAAAAAAAAAAAAAAA\",0,1,null,1,\"note\",1]\n[\"z\",4]\n"),
              TERN_ERR_UNKNOWN_COLUMN);
    CHECK_INT(status_of(ENVELOPE("0") SCOPE TX
                        "[\"r\",3,\"AAAAAAAAAAAAAAAAAAAAAA\",0,1,null,1]\n[\"z\",4]\n"),
              TERN_ERR_UNKNOWN_COLUMN);
    CHECK_INT(status_of(ENVELOPE("0") SCOPE TX
                        "[\"r\",3,\"AAAAAAAAAAAAAAAAAAAAAA\",0,1,null,1,2]\n[\"z\",4]\n"),
              TERN_ERR_TYPE);
    CHECK_INT(status_of(ENVELOPE("0") SCOPE TX
                        "[\"r\",3,\"AAAAAAAAAAAAAAAAAAAAAA\",4,1,null,1,\"note\"]\n[\"z\",4]\n"),
              TERN_ERR_PROTOCOL);
    CHECK_INT(status_of(ENVELOPE("0") SCOPE TX "[\"r\",3,[[\n[\"z\",4]\n"), TERN_ERR_TOO_DEEP);
    CHECK_INT(status_of(ENVELOPE("0") SCOPE TX
                        "[\"r\",3,\"AAAAAAAAAAAAAAAAAAAAAA\",0,1,null,1,[]]\n[\"z\",4]\n"),
              TERN_ERR_TOO_DEEP);
    CHECK_INT(status_of(ENVELOPE("0") SCOPE TX
                        "[\"r\",3,\"AAAAAAAAAAAAAAAAAAAAAA\",0,1,null,1,\"\xFF\"]\n[\"z\",4]\n"),
              TERN_ERR_NOT_UTF8);
}

TEST(a_code_of_a_newer_server_is_still_a_rejection)
{
    static const char body[] =
        ENVELOPE("1") "[\"v\",0,\"rejected\",\"NEWER\",3,\"why\"]\n[\"z\",2]\n";
    struct trn_answer_reader reader;
    struct trn_answer_item item;
    struct trn_row row;

    CHECK_INT(trn_answer_open(&reader, tables_schema(), trn_slice_text(body), NULL), TERN_OK);
    CHECK_INT(trn_answer_next(&reader, &item, &row, NULL), TERN_OK);
    CHECK(item.verdict.kind == TRN_VERDICT_REJECTED && item.verdict.code == TERN_ERR_PROTOCOL);
    CHECK(item.verdict.change == 3 && trn_slice_equal_text(item.verdict.sentence, "why"));
    trn_answer_close(&reader);
}

TEST(an_envelope_that_is_not_what_it_should_be_is_refused)
{
    static const char *const envelopes[] = {
        "",
        "{}",
        "[]",
        "{\"tern\":2,\"schema\":2,\"epoch\":\"0123456789abcdef\",\"time\":5,\"cursor\":\"c\","
        "\"verdicts\":0,\"more\":false}",
        "{\"tern\":1,\"schema\":2,\"epoch\":\"0123\",\"time\":5,\"cursor\":\"c\","
        "\"verdicts\":0,\"more\":false}",
        "{\"tern\":1,\"schema\":2,\"epoch\":\"0123456789abcdef\",\"time\":5,\"cursor\":\"c\","
        "\"verdicts\":0,\"more\":0}",
        "{\"tern\":1,\"schema\":2,\"epoch\":\"0123456789abcdef\",\"time\":5,\"verdicts\":0,"
        "\"more\":false}"};

    for (size_t i = 0; i < sizeof(envelopes) / sizeof(envelopes[0]); i++) {
        char body[400];

        (void)snprintf(body, sizeof(body), "%s\n[\"z\",1]\n", envelopes[i]);
        CHECK_INT(status_of(body), TERN_ERR_PROTOCOL);
    }
}

TEST(when_memory_runs_out_an_answer_is_refused_for_that)
{
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_bytes bytes = {0};
        tern_status status = write_answer(&bytes, 2);

        if (status == TERN_OK) {
            status = read_all(trn_bytes_slice(&bytes), NULL);
        }
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        trn_bytes_free(&bytes);
    }
}

/* A small generator of its own, so that every run damages the same bytes. */
static uint32_t dice(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

TEST(a_body_damaged_anywhere_is_refused_or_read_and_never_read_beyond)
{
    uint32_t state = 123456789;
    struct trn_bytes bytes = {0};
    unsigned refused = 0;

    CHECK_INT(write_answer(&bytes, 2), TERN_OK);
    for (unsigned round = 0; round < 20000; round++) {
        struct trn_bytes damaged = {0};
        size_t cut = round % 5 == 0 ? dice(&state) % bytes.size : bytes.size;

        /* Of its own size, so that the address sanitizer sees a byte too far. */
        CHECK_INT(trn_bytes_append(&damaged, bytes.data, cut), TERN_OK);
        for (unsigned i = dice(&state) % 4; cut != 0 && i < 4; i++) {
            damaged.data[dice(&state) % cut] = (uint8_t)(dice(&state) >> 7);
        }
        refused += read_all(trn_bytes_slice(&damaged), NULL) != TERN_OK;
        trn_bytes_free(&damaged);
    }
    CHECK(refused > 15000);
    trn_bytes_free(&bytes);
}
