/* Values of enums that came later, as each version of a schema is sent them. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/schema/documents.h"
#include "wire/answer.h"

static const char document[] =
    "{\"tern\":1,\"name\":\"n\",\"version\":3,\"users\":{\"table\":\"u\"},\"enums\":[{\"name\":"
    "\"E\","
    "\"values\":[\"A\",\"B\",{\"value\":\"C\",\"since\":2,\"fallback\":\"B\"},{\"value\":\"D\","
    "\"since\":3,\"fallback\":\"C\"}]}],\"tables\":[{\"name\":\"u\",\"scopes\":[\"id\"],"
    "\"columns\":[{"
    "\"name\":\"e\",\"type\":\"enum\",\"enum\":\"E\"}]}]}";

static void check_sent(const char *value, uint32_t version, const char *sent)
{
    struct trn_schema *schema = documents_load(document);
    struct trn_answer_writer writer;
    struct trn_answer_tx tx = {.number = 9};
    struct trn_row row = {.updated_at_us = 5};
    struct trn_bytes bytes = {0};
    char end[20];

    trn_version_set(&row.version, 0, 9, TRN_RANK_1_RECORDED);
    trn_version_set(&row.version, 1, 9, TRN_RANK_1_RECORDED);
    row.values[1] = tern_value_text(value);
    trn_answer_writer_open(&writer, schema, version, &bytes);
    CHECK_INT(trn_answer_begin_scope(&writer, &row.id, false, NULL), TERN_OK);
    CHECK_INT(trn_answer_write_tx(&writer, &tx, NULL), TERN_OK);
    CHECK_INT(trn_answer_write_row(&writer, &schema->tables[0], &row, NULL), TERN_OK);
    (void)snprintf(end, sizeof(end), ",\"%s\"]\n", sent);
    CHECK(bytes.size > strlen(end));
    CHECK_TEXT(trn_bytes_text(&bytes) + bytes.size - strlen(end), end);
    trn_bytes_free(&bytes);
    trn_schema_free(schema);
}

TEST(a_version_is_sent_the_values_it_knows_and_what_others_fall_back_to)
{
    check_sent("D", 3, "D");
    check_sent("D", 2, "C");
    check_sent("D", 1, "B");
    check_sent("C", 2, "C");
    check_sent("C", 1, "B");
    check_sent("A", 1, "A");
}
