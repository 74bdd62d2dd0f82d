/* Derived ids: the same key gives the same id for ever, and these are the ids. */
#include <string.h>

#include "base/uuid.h"
#include "model/change.h"
#include "tests/unit/schema/documents.h"

static const char keyed[] =
    "},{'name':'doses','scopes':['owner_id'],'natural_key':['owner_id','day','slot','nth','done'],"
    "'columns':[{'name':'owner_id','type':'uuid','references':{'table':'users'}},"
    "{'name':'day','type':'date'},{'name':'slot','type':'text'},{'name':'nth','type':'bigint'},"
    "{'name':'done','type':'bool'}]"
    "},{'name':'news','scopes':['owner_id'],'natural_key':['owner_id','about_id'],"
    "'natural_key_partial':true,"
    "'columns':[{'name':'owner_id','type':'uuid','references':{'table':'users'}},"
    "{'name':'about_id','type':'uuid','nullable':true}]";

static const uint8_t owner[16] = {0x01,
                                  0x8F,
                                  0xE1,
                                  0x23,
                                  0x45,
                                  0x67,
                                  0x79,
                                  0xAB,
                                  0x8C,
                                  0xDE,
                                  0xF0,
                                  0x12,
                                  0x34,
                                  0x56,
                                  0x78,
                                  0x9A};

static void fill(tern_value *values, const char *slot)
{
    memset(values, 0, TRN_COLUMNS_MAX * sizeof(*values));
    values[1] = tern_value_blob(owner, sizeof(owner));
    values[2] = tern_value_text("2026-11-20");
    values[3] = tern_value_text(slot);
    values[4] = tern_value_integer(-9007199254740993);
    values[5] = tern_value_integer(1);
}

static void derive(const struct trn_table *table, const tern_value *values, char *text)
{
    bool derived = false;
    tern_id id;

    CHECK_INT(trn_natural_id(table, values, &derived, &id, NULL), TERN_OK);
    CHECK(derived);
    trn_id_format(&id, text);
}

/* UUIDv5(UUIDv5(f62bc345-c465-459d-86fc-496a0ae4dffa, "doses"), <the JSON in the comment>), worked
 * out apart from this code, by Python's uuid module. */
TEST(a_derived_id_is_the_one_that_anybody_else_works_out)
{
    struct trn_schema *schema = documents_notes("", keyed);
    const struct trn_table *doses = trn_schema_table(schema, "doses");
    tern_value values[TRN_COLUMNS_MAX];
    char text[TRN_ID_TEXT_SIZE + 1];

    /* ["018fe123-4567-79ab-8cde-f0123456789a","2026-11-20","MORNING",-9007199254740993,true] */
    fill(values, "MORNING");
    derive(doses, values, text);
    CHECK_TEXT(text, "89cfccf3-4c16-57c0-b03d-c5362da7afc9");
    /* a quote, a backslash, a tab, U+0001, U+1790 U+17D2 U+1793 U+17B6 U+17C6, U+1F48A, '/' */
    fill(values,
         "\"\\\t\x01\xE1\x9E\x90\xE1\x9F\x92\xE1\x9E\x93\xE1\x9E\xB6\xE1\x9F\x86\xF0\x9F\x92\x8A/");
    derive(doses, values, text);
    CHECK_TEXT(text, "c389aeda-a15b-51d7-89f1-427387a7d177");
    trn_schema_free(schema);
}

TEST(a_table_described_by_hand_derives_the_same_ids)
{
    struct trn_schema *schema = documents_notes("", keyed);
    struct trn_table doses = *trn_schema_table(schema, "doses");
    tern_value values[TRN_COLUMNS_MAX];
    char loaded[TRN_ID_TEXT_SIZE + 1];
    char by_hand[TRN_ID_TEXT_SIZE + 1];

    fill(values, "NIGHT");
    derive(&doses, values, loaded);
    memset(&doses.natural_space, 0, sizeof(doses.natural_space));
    derive(&doses, values, by_hand);
    CHECK_TEXT(by_hand, loaded);
    trn_schema_free(schema);
}

TEST(different_keys_and_tables_give_different_ids)
{
    struct trn_schema *schema = documents_notes("", keyed);
    struct trn_table other = *trn_schema_table(schema, "doses");
    tern_value values[TRN_COLUMNS_MAX];
    char morning[TRN_ID_TEXT_SIZE + 1];
    char night[TRN_ID_TEXT_SIZE + 1];
    char elsewhere[TRN_ID_TEXT_SIZE + 1];

    fill(values, "MORNING");
    derive(&other, values, morning);
    fill(values, "NIGHT");
    derive(&other, values, night);
    other.name = "other";
    memset(&other.natural_space, 0, sizeof(other.natural_space));
    derive(&other, values, elsewhere);
    CHECK(strcmp(morning, night) != 0 && strcmp(night, elsewhere) != 0);
    trn_schema_free(schema);
}

TEST(a_partial_key_with_a_null_derives_nothing)
{
    struct trn_schema *schema = documents_notes("", keyed);
    const struct trn_table *news = trn_schema_table(schema, "news");
    tern_value values[TRN_COLUMNS_MAX] = {0};
    tern_id id = {.bytes = {7}};
    bool derived = true;

    values[1] = tern_value_blob(owner, sizeof(owner));
    CHECK_INT(trn_natural_id(news, values, &derived, &id, NULL), TERN_OK);
    CHECK(!derived && id.bytes[0] == 7);
    values[2] = tern_value_blob(owner, sizeof(owner));
    CHECK_INT(trn_natural_id(news, values, &derived, &id, NULL), TERN_OK);
    CHECK(derived && id.bytes[6] >> 4 == 5);
    trn_schema_free(schema);
}

TEST(a_key_with_a_null_or_a_wrong_kind_is_refused)
{
    struct trn_schema *schema = documents_notes("", keyed);
    const struct trn_table *doses = trn_schema_table(schema, "doses");
    tern_value values[TRN_COLUMNS_MAX];
    tern_error error = {.status = TERN_OK};
    tern_id id = {.bytes = {7}};
    bool derived = true;

    fill(values, NULL);
    CHECK_INT(trn_natural_id(doses, values, &derived, &id, &error), TERN_ERR_NOT_NULL);
    CHECK_TEXT(error.message, "doses.slot must not be null");
    fill(values, "MORNING");
    values[1] = tern_value_blob(owner, 15);
    CHECK_INT(trn_natural_id(doses, values, &derived, &id, NULL), TERN_ERR_TYPE);
    values[1] = tern_value_real(0.5);
    CHECK_INT(trn_natural_id(doses, values, &derived, &id, NULL), TERN_ERR_TYPE);
    CHECK(derived && id.bytes[0] == 7);
    trn_schema_free(schema);
}

TEST(deriving_works_or_leaves_its_outputs_alone_when_memory_runs_out)
{
    struct trn_schema *schema = documents_notes("", keyed);
    const struct trn_table *doses = trn_schema_table(schema, "doses");
    tern_value values[TRN_COLUMNS_MAX];
    unsigned failures = 0;

    fill(values, "MORNING");
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_id id = {.bytes = {7}};
        bool derived = false;
        tern_status status = trn_natural_id(doses, values, &derived, &id, NULL);

        CHECK(status == TERN_OK ? derived
                                : status == TERN_ERR_NOMEM && !derived && id.bytes[0] == 7);
        failures += status != TERN_OK;
    }
    CHECK(failures > 0);
    trn_schema_free(schema);
}
