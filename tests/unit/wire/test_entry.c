/* Entries: written once, read under any later schema, and refused with the place where they fit
 * none. */
#include "wire/entry.h"

#include <stdio.h>
#include <string.h>

#include "tests/harness/harness.h"
#include "tests/unit/model/tables.h"
#include "wire/limits.h"
#include "wire/upcast.h"

#define ID "AAAAAAAAAAAAAAAAAAAAAA"
#define HEADER_1 "[\"x\",7,\"" ID "\",1763600000000000,1,1,null]\n"
#define HEADER_2 "[\"x\",7,\"" ID "\",1763600000000000,1,2,null]\n"

static const tern_id dose_id = {{0xD0, 1}};
static const tern_id patient_id = {{0xAA, 2}};

static const struct trn_table *doses(void)
{
    return &tables_schema()->tables[TABLES_DOSES];
}

static void fill_dose(struct trn_change *change)
{
    memset(change, 0, sizeof(*change));
    change->operation = TRN_OP_INSERT;
    change->table = doses();
    change->id = dose_id;
    change->values[DOSE_CREATED_AT] = tern_value_integer(INT64_C(1763600000000000));
    change->values[DOSE_PATIENT_ID] = tern_value_id(&patient_id);
    change->values[DOSE_SLOT] = tern_value_text("ពេលព្រឹក 💊");
    change->values[DOSE_IS_PRN] = tern_value_integer(0);
    change->values[DOSE_SCHEDULED_TIME] = tern_value_integer(INT64_C(1763600000000001));
    change->values[DOSE_STATUS] = tern_value_text("DUE");
}

/* An entry with one line of each operation. */
static void write_entry(struct trn_bytes *bytes, const struct trn_entry_header *header)
{
    struct trn_line_writer writer;
    struct trn_change change;

    fill_dose(&change);
    trn_line_writer_open(&writer, bytes);
    CHECK_INT(trn_entry_write_header(&writer, header, NULL), TERN_OK);
    for (int operation = TRN_OP_INSERT; operation <= TRN_OP_UNDELETE; operation++) {
        change.operation = (enum trn_operation)operation;
        change.unit = operation == TRN_OP_UPDATE || operation == TRN_OP_UNDO ? DOSE_UNIT_OUTCOME
                                                                             : TRN_UNIT_EXISTENCE;
        change.base = operation - 2;
        CHECK_INT(trn_entry_write_change(&writer, &change, NULL), TERN_OK);
    }
    CHECK_INT(writer.lines, 6);
}

TEST(an_entry_is_spelled_as_the_contract_says)
{
    static const uint64_t depends_on[] = {3, 5};
    struct trn_entry_header header = {.ordinal = 7,
                                      .tx = {{0xFF}},
                                      .time_us = INT64_C(1763600000000000),
                                      .kind = TRN_ENTRY_INFERRED,
                                      .schema_version = 2,
                                      .epoch = "0123456789abcdef",
                                      .depends_on = depends_on,
                                      .depends_count = 2};
    struct trn_bytes bytes = {0};

    write_entry(&bytes, &header);
    CHECK_TEXT(
        trn_bytes_text(&bytes),
        "[\"x\",7,\"/wAAAAAAAAAAAAAAAAAAAA\",1763600000000000,0,2,\"0123456789abcdef\",3,5]\n"
        "[\"i\",0,\"0AEAAAAAAAAAAAAAAAAAAA\",1763600000000000,\"qgIAAAAAAAAAAAAAAAAAAA\","
        "\"ពេលព្រឹក 💊\",false,1763600000000001,\"DUE\",null,null]\n"
        "[\"u\",0,\"0AEAAAAAAAAAAAAAAAAAAA\",2,-1,\"DUE\",null,null]\n"
        "[\"b\",0,\"0AEAAAAAAAAAAAAAAAAAAA\",2,0,\"DUE\",null,null]\n"
        "[\"d\",0,\"0AEAAAAAAAAAAAAAAAAAAA\",1]\n"
        "[\"n\",0,\"0AEAAAAAAAAAAAAAAAAAAA\",2]\n");
    trn_bytes_free(&bytes);
}

TEST(an_entry_is_read_as_it_was_written)
{
    static const uint64_t depends_on[] = {1, 6};
    struct trn_entry_header header = {.ordinal = 7,
                                      .tx = {{9}},
                                      .time_us = -5,
                                      .kind = TRN_ENTRY_DISCARDED,
                                      .schema_version = 2,
                                      .depends_on = depends_on,
                                      .depends_count = 2};
    struct trn_bytes bytes = {0};
    struct trn_entry_reader reader;
    struct trn_change written;
    struct trn_change change;
    bool any = true;

    fill_dose(&written);
    write_entry(&bytes, &header);
    CHECK_INT(trn_entry_open(&reader, tables_schema(), trn_bytes_slice(&bytes), NULL), TERN_OK);
    CHECK(reader.header.ordinal == 7 && reader.header.tx.bytes[0] == 9);
    CHECK(reader.header.time_us == -5 && reader.header.kind == TRN_ENTRY_DISCARDED);
    CHECK(reader.header.schema_version == 2 && reader.header.epoch[0] == '\0');
    CHECK(reader.header.depends_count == 2 && reader.header.depends_on[1] == 6);
    for (int operation = TRN_OP_INSERT; operation <= TRN_OP_UNDELETE; operation++) {
        CHECK_INT(trn_entry_next(&reader, &any, &change, NULL), TERN_OK);
        CHECK(any && change.operation == (enum trn_operation)operation);
        CHECK(change.table == doses());
        CHECK(memcmp(&change.id, &dose_id, sizeof(dose_id)) == 0);
        CHECK_INT(change.base, operation == TRN_OP_INSERT ? 0 : operation - 2);
        if (operation == TRN_OP_INSERT) {
            for (size_t unit = 0; unit < DOSE_UNITS; unit++) {
                CHECK(trn_unit_equal(doses(), unit, change.values, written.values));
            }
            CHECK(trn_value_equal(&change.values[0], &written.values[0]));
        }
        if (operation == TRN_OP_UPDATE || operation == TRN_OP_UNDO) {
            CHECK_INT(change.unit, DOSE_UNIT_OUTCOME);
            CHECK(trn_unit_equal(doses(), DOSE_UNIT_OUTCOME, change.values, written.values));
        }
    }
    CHECK_INT(trn_entry_next(&reader, &any, &change, NULL), TERN_OK);
    CHECK(!any && reader.change_count == 5);
    trn_entry_close(&reader);
    trn_bytes_free(&bytes);
}

/* Opens the text under the newer schema and reads all its changes; the last one is in `change`. */
static tern_status read_text(const char *text, struct trn_change *change, tern_error *error)
{
    struct trn_entry_reader reader;
    bool any = true;
    tern_status status = trn_entry_open(&reader, tables_schema(), trn_slice_text(text), error);

    while (status == TERN_OK && any) {
        status = trn_entry_next(&reader, &any, change, error);
    }
    trn_entry_close(&reader);
    return status;
}

#define KINDS_ROW                                                                                  \
    "1,\"" ID "\",1763600000000000,null,\"t\",1,2,0.5,\"1.00\",true,\"2026-11-20\",5,\"DUE\","     \
    "\"{}\",\"AA\""

TEST(an_entry_of_an_older_version_gets_the_defaults_of_newer_columns)
{
    struct trn_change change = {0};
    tern_error error = {0};

    CHECK_INT(read_text(HEADER_1 "[\"i\"," KINDS_ROW "]\n", &change, &error), TERN_OK);
    CHECK_INT(change.values[KIND_ADDED].kind, TERN_TEXT);
    CHECK(memcmp(change.values[KIND_ADDED].data, "none", 4) == 0);
    CHECK_INT(change.values[KIND_BOOL].integer, 1);
    CHECK_INT(read_text(HEADER_2 "[\"i\"," KINDS_ROW ",\"own\"]\n", &change, &error), TERN_OK);
    CHECK(memcmp(change.values[KIND_ADDED].data, "own", 3) == 0);
}

static void check_refused(const char *text, tern_status status, const char *place)
{
    struct trn_change change = {0};
    tern_error error = {0};

    CHECK_INT(read_text(text, &change, &error), status);
    CHECK_INT(error.status, status);
    CHECK(strstr(error.message, place) != NULL);
}

TEST(what_the_writer_s_version_did_not_have_is_unknown)
{
    check_refused(HEADER_1 "[\"i\"," KINDS_ROW ",\"own\"]\n", TERN_ERR_UNKNOWN_COLUMN, "kinds");
    check_refused(HEADER_2 "[\"i\"," KINDS_ROW "]\n", TERN_ERR_UNKNOWN_COLUMN, "line 2");
    check_refused(HEADER_1 "[\"u\",1,\"" ID "\",2,0,\"own\"]\n",
                  TERN_ERR_UNKNOWN_COLUMN,
                  "no such unit");
    check_refused(HEADER_2 "[\"u\",1,\"" ID "\",0,0]\n", TERN_ERR_UNKNOWN_COLUMN, "no such unit");
    check_refused(HEADER_2 "[\"u\",1,\"" ID "\",-1,0]\n", TERN_ERR_UNKNOWN_COLUMN, "no such unit");
    check_refused(HEADER_2 "[\"u\",1,\"" ID "\",2,0,\"own\",1]\n",
                  TERN_ERR_UNKNOWN_COLUMN,
                  "kinds");
    check_refused(HEADER_2 "[\"u\",1,\"" ID "\",2,0]\n", TERN_ERR_UNKNOWN_COLUMN, "kinds");
    check_refused(HEADER_2 "[\"d\",4,\"" ID "\",0]\n", TERN_ERR_UNKNOWN_TABLE, "line 2");
    check_refused(HEADER_2 "[\"d\",-1,\"" ID "\",0]\n", TERN_ERR_UNKNOWN_TABLE, "line 2");
    check_refused(HEADER_1 "[\"d\",3,\"" ID "\",0]\n", TERN_ERR_UNKNOWN_TABLE, "line 2");
    check_refused("[\"x\",7,\"" ID "\",1,1,3,null]\n", TERN_ERR_CANNOT_UPCAST, "version 3");
}

TEST(the_audit_is_the_last_table_of_every_version)
{
    const struct trn_schema *schema = tables_schema();
    const struct trn_table *audit = &schema->tables[TABLES_AUDIT];
    struct trn_change change = {0};

    CHECK_INT(trn_wire_table_index(schema, audit, 1), TABLES_1_AUDIT);
    CHECK_INT(trn_wire_table_index(schema, audit, 2), TABLES_AUDIT);
    CHECK_INT(trn_wire_table_index(schema, doses(), 1), TABLES_DOSES);
    CHECK(trn_wire_table(schema, TABLES_1_AUDIT, 1) == audit);
    CHECK(trn_wire_table(schema, TABLES_LATER, 2) == &schema->tables[TABLES_LATER]);
    CHECK(trn_wire_table(schema, TABLES_AUDIT, 1) == NULL);
    CHECK_INT(read_text(HEADER_1 "[\"d\",2,\"" ID "\",0]\n", &change, NULL), TERN_OK);
    CHECK(change.table == audit);
}

TEST(a_value_of_another_type_is_refused_by_its_column)
{
    check_refused(HEADER_2 "[\"u\",1,\"" ID "\",2,0,5]\n", TERN_ERR_TYPE, "added");
    check_refused(HEADER_2 "[\"u\",0,\"" ID "\",2,0,\"DUE\",\"x\",null]\n",
                  TERN_ERR_TYPE,
                  "taken_at");
}

TEST(a_malformed_entry_is_refused_by_its_line)
{
    check_refused("", TERN_ERR_PROTOCOL, "no beginning");
    check_refused("[\"i\",1]\n", TERN_ERR_PROTOCOL, "no beginning");
    check_refused("[\"x\",0,\"" ID "\",1,1,2,null]\n", TERN_ERR_PROTOCOL, "line 1, member 2");
    check_refused("[\"x\",7,\"short\",1,1,2,null]\n", TERN_ERR_PROTOCOL, "member 3");
    check_refused("[\"x\",7,\"" ID "\",1,5,2,null]\n", TERN_ERR_PROTOCOL, "member 5");
    check_refused("[\"x\",7,\"" ID "\",1,3,2,null]\n", TERN_ERR_PROTOCOL, "line 1");
    check_refused("[\"x\",7,\"" ID "\",1,4,2,null,-1]\n", TERN_ERR_PROTOCOL, "member 8");
    check_refused("[\"x\",7,\"" ID "\",1,1,0,null]\n", TERN_ERR_PROTOCOL, "member 6");
    check_refused("[\"x\",7,\"" ID "\",1,1,2,\"0123\"]\n", TERN_ERR_PROTOCOL, "not an epoch");
    check_refused("[\"x\",7,\"" ID "\",1,1,2,\"0123456789ABCDEF\"]\n",
                  TERN_ERR_PROTOCOL,
                  "not an epoch");
    check_refused("[\"x\",7,\"" ID "\",1,1,2,null,7]\n", TERN_ERR_PROTOCOL, "no earlier");
    check_refused("[\"x\",7,\"" ID "\",1,1,2]\n", TERN_ERR_PROTOCOL, "missing");
    check_refused(HEADER_2 HEADER_2, TERN_ERR_PROTOCOL, "line 2");
    check_refused(HEADER_2 "[\"ii\",1]\n", TERN_ERR_PROTOCOL, "no tag");
    check_refused(HEADER_2 "[\"d\",1,\"" ID "\"]\n", TERN_ERR_PROTOCOL, "missing");
    check_refused(HEADER_2 "[\"d\",1,[\"" ID "\"],0]\n", TERN_ERR_TOO_DEEP, "line 2");
    check_refused(HEADER_2 "[\"u\",1,\"" ID "\",2,0,\"\xC3\"]\n", TERN_ERR_NOT_UTF8, "line 2");
}

TEST(an_entry_cut_off_anywhere_is_refused_or_ends_with_a_whole_line)
{
    struct trn_entry_header header = {.ordinal = 7, .kind = 1, .schema_version = 2};
    struct trn_bytes bytes = {0};

    write_entry(&bytes, &header);
    for (size_t size = 0; size < bytes.size; size++) {
        struct trn_bytes cut = {0};
        struct trn_change change;
        tern_status status;

        CHECK_INT(trn_bytes_append(&cut, bytes.data, size), TERN_OK);
        status = read_text(trn_bytes_text(&cut), &change, NULL);
        CHECK((status == TERN_OK) == (size != 0 && bytes.data[size - 1] == '\n'));
        trn_bytes_free(&cut);
    }
    trn_bytes_free(&bytes);
}

TEST(an_entry_above_a_cap_is_too_large)
{
    struct trn_bytes bytes = {0};
    struct trn_change change;

    CHECK_INT(trn_bytes_append_text(&bytes, HEADER_2), TERN_OK);
    for (size_t i = 0; i <= TRN_WIRE_TX_CHANGES_MAX; i++) {
        CHECK_INT(trn_bytes_append_text(&bytes, "[\"d\",1,\"" ID "\",0]\n"), TERN_OK);
    }
    CHECK_INT(read_text(trn_bytes_text(&bytes), &change, NULL), TERN_ERR_TOO_LARGE);
    bytes.size = bytes.size / 2;
    while (bytes.size <= TRN_WIRE_TX_BYTES_MAX) {
        CHECK_INT(trn_bytes_append_text(&bytes, "                                "), TERN_OK);
    }
    CHECK_INT(read_text(trn_bytes_text(&bytes), &change, NULL), TERN_ERR_TOO_LARGE);
    trn_bytes_free(&bytes);
}

TEST(a_change_whose_value_cannot_be_written_leaves_the_entry_as_it_was)
{
    struct trn_bytes bytes = {0};
    struct trn_line_writer writer;
    struct trn_change change;
    tern_error error = {0};

    fill_dose(&change);
    change.values[DOSE_TAKEN_AT] = tern_value_text("noon");
    trn_line_writer_open(&writer, &bytes);
    CHECK_INT(trn_entry_write_change(&writer, &change, &error), TERN_ERR_TYPE);
    CHECK(bytes.size == 0 && strstr(error.message, "taken_at") != NULL);
    CHECK(strstr(error.message, "noon") == NULL);
    trn_bytes_free(&bytes);
}

TEST(when_memory_runs_out_an_entry_is_not_half_written_nor_half_read)
{
    static const uint64_t depends_on[] = {1, 2, 3};
    struct trn_entry_header header = {.ordinal = 7,
                                      .kind = 1,
                                      .schema_version = 2,
                                      .depends_on = depends_on,
                                      .depends_count = 3};
    struct trn_change change;

    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_bytes bytes = {0};
        struct trn_line_writer writer;
        tern_status status;

        fill_dose(&change);
        trn_line_writer_open(&writer, &bytes);
        status = trn_entry_write_header(&writer, &header, NULL);
        if (status == TERN_OK) {
            status = trn_entry_write_change(&writer, &change, NULL);
        }
        CHECK(bytes.size == 0 || bytes.data[bytes.size - 1] == '\n');
        if (status == TERN_OK) {
            status = read_text(trn_bytes_text(&bytes), &change, NULL);
        }
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        trn_bytes_free(&bytes);
    }
}
